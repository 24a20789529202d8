//===- LoadTest.cpp - the choice among variants ---------------------------===//

#include "normc/Kernel.h"

#include "ObjectArtifact.h"

#include <gtest/gtest.h>

using namespace normc;
using namespace normc::test;

/// Variants in order; those that need a feature that no machine has, and one
/// for another architecture.
static std::vector<Artifact> makeVariants() {
  std::vector<Artifact> variants(3, objectArtifact("add_one"));
  variants[0].triple = "riscv64-unknown-linux-gnu";
  variants[1].requiredFeatures = {"no-such-feature"};
  return variants;
}

TEST(LoadTest, TheFirstVariantThatRunsIsTaken) {
  std::vector<Artifact> variants = makeVariants();
  variants[2].cpu = "this";
  variants.push_back(variants[2]);
  variants[3].cpu = "not this";
  EXPECT_EQ(*chooseVariant(variants), 2u);
  Result<Kernel> kernel = Kernel::load(std::span<const Artifact>(variants));
  ASSERT_TRUE(kernel) << messageOf(kernel);
  EXPECT_EQ(kernel->artifact().cpu, "this");
  std::vector<float> x = {1, 2}, y(2);
  EXPECT_TRUE(kernel->run({f32(x, {1, 2}), f32(y, {1, 2})}));
  EXPECT_EQ(y, (std::vector<float>{2, 3}));
}

TEST(LoadTest, WhereNoneRunsTheLastOneIsExplained) {
  std::vector<Artifact> variants = makeVariants();
  variants.pop_back();
  Result<Kernel> kernel = Kernel::load(std::span<const Artifact>(variants));
  ASSERT_FALSE(kernel);
  EXPECT_EQ(kernel.error().kind, ErrorKind::Environment);
  EXPECT_EQ(kernel.error().message,
            "expected one of 2 variants to run on this machine, but none does: "
            "artifact 'matrix': expected CPU features that this version of "
            "normc knows, but got 'no-such-feature'");
  variants.pop_back();
  EXPECT_EQ(messageOf(chooseVariant(variants)),
            messageOf(Kernel::load(variants[0])));
  variants.clear();
  Result<size_t> none = chooseVariant(variants);
  EXPECT_EQ(messageOf(none), "expected at least 1 artifact, but got 0");
  EXPECT_EQ(none.error().kind, ErrorKind::InvalidArgument);
}

TEST(LoadTest, AMalformedVariantIsNotPassedOver) {
  std::vector<Artifact> variants = makeVariants();
  variants[2].stages.clear();
  variants.push_back(objectArtifact("add_one"));
  Result<Kernel> kernel = Kernel::load(std::span<const Artifact>(variants));
  ASSERT_FALSE(kernel);
  EXPECT_EQ(kernel.error().kind, ErrorKind::Internal);
}
