//===- TargetTest.cpp - names of machines ---------------------------------===//

#include "normc/Compiler.h"

#include <gtest/gtest.h>

#include <set>

using namespace normc;

TEST(TargetTest, LevelsOfX86) {
  struct {
    const char *name;
    int64_t bits;
    bool fma;
  } expected[] = {{"x86-64-v2", 128, false},
                  {"x86-64-v3", 256, true},
                  {"x86-64-v4", 512, true},
                  {"znver4", 512, true}};
  for (auto [name, bits, fma] : expected) {
    Result<Target> target = Target::named(name);
    ASSERT_TRUE(target) << target.error().message;
    EXPECT_EQ(target->vectorBits, bits) << name;
    EXPECT_EQ(target->hasFma, fma) << name;
    EXPECT_EQ(target->hasHalfConversion, fma) << name;
  }
}

TEST(TargetTest, NativeIsNamed) {
  Result<Target> target = Target::named("native");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->cpu, Target::native().cpu);
  EXPECT_GE(target->l2Bytes, 64 << 10);
}

TEST(TargetTest, ProcessorsOfAArch64) {
  struct {
    const char *name;
    const char *cpu;
    int64_t bits, sveBits;
  } expected[] = {
      {"aarch64", "generic", 128, 0},
      {"aarch64+sve256", "generic", 256, 256},
      {"aarch64+sve512", "generic", 512, 512},
      {"neoverse-n1", "neoverse-n1", 128, 0},
      {"neoverse-v1", "neoverse-v1", 256, 256},
      {"neoverse-v2", "neoverse-v2", 128, 0},
      {"neoverse-v2+sve256", "neoverse-v2", 256, 256},
      {"a64fx", "a64fx", 512, 512},
      {"apple-m1", "apple-a14", 128, 0}, // LLVM's first name of it.
  };
  for (auto [name, cpu, bits, sveBits] : expected) {
    Result<Target> target = Target::named(name);
    ASSERT_TRUE(target) << target.error().message;
    EXPECT_EQ(target->name, name);
    EXPECT_EQ(target->triple, "aarch64-unknown-linux-gnu") << name;
    EXPECT_EQ(target->cpu, cpu) << name;
    EXPECT_EQ(target->vectorBits, bits) << name;
    EXPECT_EQ(target->sveBits, sveBits) << name;
    EXPECT_TRUE(target->hasFma && target->hasHalfConversion) << name;
  }
  for (const char *name : {"aarch64+", "aarch64+sve", "aarch64+sve128",
                           "aarch64+sve256x", "neoverse-v1+avx", "a64fx+256"}) {
    Result<Target> target = Target::named(name);
    ASSERT_FALSE(target) << name;
    EXPECT_EQ(target.error().kind, ErrorKind::InvalidSpec);
    EXPECT_EQ(target.error().message,
              "expected +sve256 or +sve512 behind the name of a processor of "
              "AArch64, but got '" +
                  std::string(name) + "'");
  }
  EXPECT_NE(Target::named("neoverse-v9").error().message.find("did you mean"),
            std::string::npos);
  EXPECT_FALSE(Target::named("x86-64-v3+sve256"));
}

TEST(TargetTest, Lists) {
  Result<std::vector<Target>> targets =
      Target::namedList("x86-64-v2,native,sm_90");
  ASSERT_TRUE(targets);
  ASSERT_EQ(targets->size(), 3u);
  EXPECT_EQ((*targets)[1].name, "native");
  EXPECT_EQ(Target::namedList("x86-64-v2,,native").error().message,
            Target::named("").error().message);
}

TEST(TargetTest, VersionsComeMostSpecialFirst) {
  auto ordered =
      orderVersions(*Target::namedList("x86-64-v2,x86-64-v4,x86-64-v3"));
  ASSERT_TRUE(ordered) << ordered.error().message;
  EXPECT_EQ((*ordered)[0].name, "x86-64-v4");
  EXPECT_EQ((*ordered)[1].name, "x86-64-v3");
  EXPECT_EQ((*ordered)[2].name, "x86-64-v2");
}

TEST(TargetTest, VersionsThatNoMachineCouldChooseAmong) {
  auto messageOf = [](const char *names) {
    auto ordered = orderVersions(*Target::namedList(names));
    EXPECT_FALSE(ordered) << names;
    EXPECT_EQ(ordered.error().kind, ErrorKind::InvalidSpec);
    return ordered.error().message;
  };
  EXPECT_EQ(messageOf("x86-64-v2,aarch64"),
            "targets: expected processors of one architecture, but 'x86-64-v2' "
            "is of x86_64 and 'aarch64' is not");
  EXPECT_EQ(messageOf("x86-64-v2,sm_90"),
            "targets: expected processors, but 'sm_90' is a GPU");
  EXPECT_EQ(messageOf("x86-64-v3,x86-64-v2,x86-64-v3"),
            "targets: expected processors that a machine can tell apart, but "
            "'x86-64-v3' and 'x86-64-v3' require the same features");
  EXPECT_EQ(orderVersions({}).error().message,
            "targets: expected at least one, but got none");
  std::vector<Target> madeUp{*Target::named("x86-64-v2"),
                             *Target::named("x86-64-v3")};
  madeUp[1].cpu = "foo";
  EXPECT_EQ(orderVersions(madeUp).error().message,
            "target: expected a processor that LLVM knows, but got 'foo'");
}

TEST(TargetTest, Gpus) {
  Result<Target> target = Target::named("sm_90");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->kind, Target::Kind::Gpu);
}

TEST(TargetTest, MisspeltNamesGetTheNearest) {
  Result<Target> target = Target::named("x86-64-v9");
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error().kind, ErrorKind::InvalidSpec);
  EXPECT_NE(target.error().message.find(
                "as target, but got 'x86-64-v9'; did you mean 'x86-64-v"),
            std::string::npos)
      << target.error().message;
  EXPECT_NE(Target::named("sm_91").error().message.find("did you mean 'sm_90'"),
            std::string::npos);
  EXPECT_FALSE(Target::named(""));
}

TEST(TargetTest, TooOldProcessorsAreRefused) {
  Result<Target> old = Target::named("pentium4");
  ASSERT_FALSE(old);
  EXPECT_EQ(old.error().kind, ErrorKind::Unsupported);
  Result<Target> first = Target::named("x86-64");
  ASSERT_FALSE(first);
  EXPECT_NE(first.error().message.find("at least x86-64-v2"),
            std::string::npos);
}

TEST(TargetTest, AMadeUpTargetIsRefusedBeforeLlvmSeesIt) {
  auto refused = [](void (*change)(Target &), const char *words) {
    Target target = Target::native();
    change(target);
    Result<Artifact> artifact = compile(rmsNorm({.shape = {8, 64}}), target);
    ASSERT_FALSE(artifact) << words;
    EXPECT_EQ(artifact.error().kind, ErrorKind::InvalidSpec);
    EXPECT_NE(artifact.error().message.find(words), std::string::npos)
        << artifact.error().message;
  };
  refused([](Target &t) { t.vectorBits = 0; },
          "expected vectors of 128, 256 or 512 bits, but got 0");
  refused([](Target &t) { t.cpu = "foo"; },
          "expected a processor that LLVM knows, but got 'foo'");
  refused([](Target &t) { t.features = {"bogus"}; },
          "expected features as +name or -name, but got 'bogus'");
  refused([](Target &t) { t.features = {"-64bit"}; },
          "expected a 64-bit processor with SSE4.1");
  refused([](Target &t) { t.triple = "arm64-apple"; },
          "expected an x86_64 triple or an aarch64 one with ELF objects, but "
          "got 'arm64-apple'");
  refused([](Target &t) { t.triple = "riscv64-unknown-linux-gnu"; },
          "but got 'riscv64-unknown-linux-gnu'");
  refused([](Target &t) { t.sveBits = 256; },
          "expected an SVE length of 256 or 512 bits on AArch64 and of 0 "
          "elsewhere, but got 256");
  refused([](Target &t) { t.l2Bytes = 0; },
          "expected a positive cache size, but got 0");
}

TEST(TargetTest, AMadeUpAArch64IsRefusedBeforeLlvmSeesIt) {
  auto refused = [](const char *name, void (*change)(Target &),
                    const char *words) {
    Target target = *Target::named(name);
    change(target);
    Result<Artifact> artifact = compile(rmsNorm({.shape = {8, 64}}), target);
    ASSERT_FALSE(artifact) << words;
    EXPECT_EQ(artifact.error().kind, ErrorKind::InvalidSpec);
    EXPECT_NE(artifact.error().message.find(words), std::string::npos)
        << artifact.error().message;
  };
  refused(
      "aarch64", [](Target &t) { t.vectorBits = 256; },
      "expected vectors of the SVE length, and of 128 bits without one, "
      "but got 256");
  refused(
      "aarch64", [](Target &t) { t.vectorBits = t.sveBits = 256; },
      "expected a processor with SVE, but 'generic' with these features is "
      "none");
  refused(
      "aarch64+sve256", [](Target &t) { t.sveBits = 128; },
      "expected an SVE length of 256 or 512 bits on AArch64 and of 0 "
      "elsewhere, but got 128");
  refused(
      "aarch64", [](Target &t) { t.features = {"-neon"}; },
      "expected a processor with NEON");
}

TEST(TargetTest, EveryNameIsATarget) {
  std::vector<std::string> names = Target::names();
  ASSERT_GT(names.size(), 20u);
  EXPECT_EQ(names[0], "native");
  EXPECT_EQ(names[2], "x86-64-v3");
  std::set<std::string> once(names.begin(), names.end());
  EXPECT_EQ(once.size(), names.size());
  EXPECT_TRUE(once.count("znver4"));
  EXPECT_FALSE(once.count("pentium4")); // Too old.
  EXPECT_TRUE(once.count("aarch64") && once.count("apple-m1"));
  EXPECT_FALSE(once.count("generic")); // It is called aarch64.
  for (const std::string &name : names)
    EXPECT_TRUE(Target::named(name)) << name;
}

TEST(TargetTest, RequiredFeatures) {
  std::vector<std::string> features =
      getRequiredFeatures(*Target::named("x86-64-v3"));
  std::set<std::string> known(features.begin(), features.end());
  EXPECT_TRUE(known.count("avx2") && known.count("f16c"));
  EXPECT_FALSE(known.count("avx512f"));
}
