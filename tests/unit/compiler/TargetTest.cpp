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
          "expected an x86_64 triple, but got 'arm64-apple'");
  refused([](Target &t) { t.l2Bytes = 0; },
          "expected a positive cache size, but got 0");
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
