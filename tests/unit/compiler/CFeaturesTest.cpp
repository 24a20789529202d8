//===- CFeaturesTest.cpp - features of a processor, asked for in C --------===//

#include "compiler/codegen/CFeatures.h"

#include "normc/Target.h"
#include "runtime/cpu/CpuFeatures.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace normc;

// A feature that one of the two has never heard of would let a machine run what
// it can't, or refuse what it can.
TEST(CFeaturesTest, TheRuntimeKnowsEveryFeature) {
  for (std::string_view feature : listKernelFeatures())
    EXPECT_TRUE(hasCpuFeature(feature).has_value()) << feature;
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

TEST(CFeaturesTest, TestsAreJoined) {
  EXPECT_EQ(writeCFeatureTest({}), "1");
  EXPECT_EQ(writeCFeatureTest({"aes"}), "1");
  EXPECT_EQ(writeCFeatureTest({"avx2", "sse4.2"}),
            "(__builtin_cpu_supports(\"sse4.2\")) &&\n"
            "         (__builtin_cpu_supports(\"avx2\"))");
}
