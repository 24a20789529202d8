//===- CFeaturesTest.cpp - features of a processor, asked for in C --------===//

#include "compiler/codegen/CFeatures.h"

#include "normc/Target.h"
#include "runtime/cpu/ArmFeatures.h"
#include "runtime/cpu/CpuFeatures.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace normc;

// A feature that one of the two has never heard of would let a machine run what
// it can't, or refuse what it can.
TEST(CFeaturesTest, TheRuntimeKnowsEveryFeature) {
  for (std::string_view feature : listKernelFeatures(hostArchitecture()))
    EXPECT_TRUE(hasCpuFeature(feature).has_value()) << feature;
}

// The same of a machine that this one isn't, by the table itself.
TEST(CFeaturesTest, TheRuntimeAsksForTheSameBitsOfAArch64) {
  size_t lengths = 0;
  for (std::string_view feature : listKernelFeatures("aarch64"))
    lengths += feature == "sve256" || feature == "sve512";
  EXPECT_EQ(lengths, 2u);
  EXPECT_EQ(listKernelFeatures("aarch64").size(),
            std::size(kArmFeatures) + lengths);
  for (const ArmFeature &feature : kArmFeatures)
    EXPECT_EQ(writeCFeatureTest("aarch64", {std::string(feature.name)}),
              "(normc_c_hwcap(" + std::to_string(feature.word) + ", " +
                  std::to_string(feature.bit) + "))");
}

TEST(CFeaturesTest, OnlyWhatKernelsUseIsRequired) {
  Target target = *Target::named("cascadelake");
  std::vector<std::string> required = getRequiredFeatures(target);
  auto has = [&](const char *feature) {
    return std::count(required.begin(), required.end(), feature) == 1;
  };
  EXPECT_TRUE(has("avx512f") && has("fma") && has("bmi2"));
  EXPECT_FALSE(has("pku") || has("aes") || has("xsavec"));
}

TEST(CFeaturesTest, FeaturesOfAArch64) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(getRequiredFeatures(*Target::named("aarch64")),
            (Names{"fp-armv8", "neon"}));
  EXPECT_EQ(getRequiredFeatures(*Target::named("aarch64+sve256")),
            (Names{"fp-armv8", "fullfp16", "neon", "sve", "sve256"}));
  EXPECT_EQ(getRequiredFeatures(*Target::named("apple-m1")),
            getRequiredFeatures(*Target::named("apple-a14")));
}

TEST(CFeaturesTest, TestsAreJoined) {
  EXPECT_EQ(writeCFeatureTest("x86_64", {}), "1");
  EXPECT_EQ(writeCFeatureTest("x86_64", {"aes"}), "1");
  EXPECT_EQ(writeCFeatureTest("x86_64", {"avx2", "sse4.2"}),
            "(__builtin_cpu_supports(\"sse4.2\")) &&\n"
            "         (__builtin_cpu_supports(\"avx2\"))");
  EXPECT_EQ(writeCFeatureTest("aarch64", {"avx2", "sve", "sve512"}),
            "(normc_c_hwcap(1, 22)) &&\n"
            "         (normc_c_sve_bits() == 512)");
}
