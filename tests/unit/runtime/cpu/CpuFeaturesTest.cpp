//===- CpuFeaturesTest.cpp ------------------------------------------------===//

#include "runtime/cpu/CpuFeatures.h"

#include <gtest/gtest.h>

#include <llvm/ADT/StringMap.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/TargetParser/Triple.h>

using namespace normc;

TEST(CpuFeaturesTest, NamesTheArchitectureAsLlvmDoes) {
  llvm::Triple triple(llvm::sys::getProcessTriple());
  EXPECT_EQ(hostArchitecture(), triple.getArchName().str());
}

TEST(CpuFeaturesTest, KnowsNoOtherNames) {
  EXPECT_FALSE(hasCpuFeature("no-such-feature").has_value());
  EXPECT_FALSE(hasCpuFeature("").has_value());
  EXPECT_FALSE(hasCpuFeature("+avx").has_value());
}

#if defined(__x86_64__)
TEST(CpuFeaturesTest, AgreesWithLlvmOnThisMachine) {
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  EXPECT_GE(features.size(), 90u);
  for (const auto &feature : features) {
    std::optional<bool> has = hasCpuFeature(feature.first().str());
    ASSERT_TRUE(has.has_value()) << feature.first().str() << " is unknown";
    EXPECT_EQ(*has, feature.second) << feature.first().str();
  }
}

TEST(CpuFeaturesTest, KnowsWhatEveryX86Has) {
  for (const char *name : {"64bit", "sse2", "cmov", "cx8"})
    EXPECT_EQ(hasCpuFeature(name), true) << name;
}
#endif
