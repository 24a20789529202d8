//===- OutputShapesTest.cpp - extents of outputs from those of inputs -----===//

#include "tools/normc/OutputShapes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace normc;
using namespace normc::tool;
using Op = SizeExpr::Op;

/// x [w0, w1] with a stride in w2 -> y [w0, 32, w1 / 4].
static Artifact makeArtifact() {
  Artifact artifact;
  ArgumentFacts x{.name = "x", .axes = {{}, {}}};
  x.axes[0].extent = SizeExpr::word(0);
  x.axes[1].extent = SizeExpr::word(1);
  ArgumentFacts y{.name = "y", .isOutput = true, .axes = {{}, {}, {}}};
  y.axes[0].extent = SizeExpr::word(0);
  y.axes[1].extent = SizeExpr::constant(32);
  y.axes[2].extent = {{{Op::Word, 1}, {Op::Constant, 4}, {Op::FloorDiv}}};
  artifact.arguments = {x, y};
  artifact.words = {{0, 0, false}, {0, 1, false}, {0, 0, true}};
  return artifact;
}

static std::optional<TensorRef> tensor(const Dims &shape) {
  return TensorRef::contiguous(static_cast<void *>(nullptr), DType::F32, shape);
}

/// The inputs of makeArtifact(): x, and nothing for y.
static std::array<std::optional<TensorRef>, 2>
onlyFirst(std::optional<TensorRef> x) {
  return {x, std::nullopt};
}

static std::string messageOf(const Artifact &artifact, const Dims &shape) {
  auto shapes = computeShapes(artifact, onlyFirst(tensor(shape)));
  EXPECT_FALSE(shapes);
  return shapes ? "" : shapes.error().message;
}

TEST(OutputShapesTest, FollowFromInputs) {
  auto shapes = computeShapes(makeArtifact(), onlyFirst(tensor({5, 64})));
  ASSERT_TRUE(shapes) << shapes.error().message;
  EXPECT_EQ((*shapes)[0], (Dims{5, 64}));
  EXPECT_EQ((*shapes)[1], (Dims{5, 32, 16}));
}

TEST(OutputShapesTest, StridesAreWordsToo) {
  Artifact artifact = makeArtifact();
  artifact.arguments[1].axes[1].extent = SizeExpr::word(2);
  auto shapes = computeShapes(artifact, onlyFirst(tensor({5, 64})));
  ASSERT_TRUE(shapes) << shapes.error().message;
  EXPECT_EQ((*shapes)[1], (Dims{5, 64, 16}));
}

TEST(OutputShapesTest, WrongRank) {
  EXPECT_EQ(messageOf(makeArtifact(), {5}),
            "expected 'x' to have 2 axes, but got shape (5,)");
}

TEST(OutputShapesTest, AnExtentThatNoInputTells) {
  Artifact artifact = makeArtifact();
  artifact.words[1] = {1, 2, false};
  EXPECT_EQ(messageOf(artifact, {5, 64}),
            "expected an input that tells the extent of 'y' along axis 2, but "
            "there is none: give it a static extent");
}

TEST(OutputShapesTest, ExtentsThatOverflow) {
  Artifact artifact = makeArtifact();
  artifact.arguments[1].axes[2].extent = {
      {{Op::Word, 1}, {Op::Word, 1}, {Op::Mul}}};
  EXPECT_THAT(messageOf(artifact, {5, int64_t(1) << 40}),
              testing::HasSubstr("extent of 'y' along axis 2: "));
}
