//===- ShapesTest.cpp - how large a call's tensors are --------------------===//

#include "tools/normc/Shapes.h"

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

TEST(ShapesTest, FollowFromInputs) {
  auto shapes = computeShapes(makeArtifact(), onlyFirst(tensor({5, 64})));
  ASSERT_TRUE(shapes) << shapes.error().message;
  EXPECT_EQ((*shapes)[0], (Dims{5, 64}));
  EXPECT_EQ((*shapes)[1], (Dims{5, 32, 16}));
}

TEST(ShapesTest, StridesAreWordsToo) {
  Artifact artifact = makeArtifact();
  artifact.arguments[1].axes[1].extent = SizeExpr::word(2);
  auto shapes = computeShapes(artifact, onlyFirst(tensor({5, 64})));
  ASSERT_TRUE(shapes) << shapes.error().message;
  EXPECT_EQ((*shapes)[1], (Dims{5, 64, 16}));
}

TEST(ShapesTest, ATensorTiedToAnotherTellsItsExtent) {
  Artifact artifact = makeArtifact();
  std::optional<TensorRef> given[] = {std::nullopt, tensor({5, 32, 16})};
  auto shapes = computeShapes(artifact, given);
  ASSERT_FALSE(shapes); // w0 is known from y, w1 isn't.
  EXPECT_EQ(shapes.error().message,
            "expected --shape x=N0xN1 with numbers, or an array, that tells "
            "the extent of 'x' along axis 1");
  artifact.arguments[0].axes[1].extent = SizeExpr::constant(64);
  shapes = computeShapes(artifact, given);
  ASSERT_TRUE(shapes) << shapes.error().message;
  EXPECT_EQ((*shapes)[0], (Dims{5, 64}));
}

static std::string placeError(const std::vector<ShapeBinding> &bindings) {
  auto placed = placeShapes(makeArtifact(), bindings);
  EXPECT_FALSE(placed);
  return placed ? "" : placed.error().message;
}

TEST(ShapesTest, ShapesByName) {
  auto placed = placeShapes(makeArtifact(), {{"x", {5, 64}}});
  ASSERT_TRUE(placed);
  ASSERT_TRUE((*placed)[0]);
  EXPECT_EQ((*placed)[0]->shape, (Dims{5, 64}));
  EXPECT_FALSE((*placed)[1]);
  EXPECT_EQ(placeError({{"z", {5}}}),
            "expected --shape to name one of the arguments (x, y), but got "
            "'z'");
  EXPECT_EQ(placeError({{"x", {5}}}),
            "expected --shape x of the form ?x?, but got 5");
  EXPECT_EQ(placeError({{"y", {5, 31, 2}}}),
            "expected --shape y of the form ?x32x?, but got 5x31x2");
}

TEST(ShapesTest, ShapesThatNoCallCanHave) {
  Artifact artifact = makeArtifact();
  artifact.divisibility = {{SizeExpr::word(1), 4, "extent of 'x'"}};
  auto check = [&](const Dims &x, const Dims &y) {
    const Dims shapes[] = {x, y};
    Status status = checkShapes(artifact, shapes);
    return status ? "" : status.error().message;
  };
  EXPECT_EQ(check({5, 64}, {5, 32, 16}), "");
  EXPECT_EQ(check({5, 64}, {6, 32, 16}),
            "expected the extent of 'y' along axis 0 to be 5, but got 6");
  EXPECT_EQ(check({5, 66}, {5, 32, 16}),
            "expected extent of 'x' to be divisible by 4, but got 66");
}

TEST(ShapesTest, StridesThatAKernelAsksFor) {
  ArgumentFacts facts{.name = "x", .axes = {{}, {}, {}}};
  facts.axes[2].stride = SizeExpr::constant(-2);
  facts.axes[1].stride = {{{Op::Word, 0}, {Op::Constant, 2}, {Op::Mul}}};
  std::vector<int64_t> words{10};
  Result<Dims> strides = chooseStrides(facts, {4, 5, 3}, words);
  ASSERT_TRUE(strides) << strides.error().message;
  EXPECT_EQ(*strides, (Dims{100, 20, -2}));
  words[0] = int64_t(1) << 62;
  strides = chooseStrides(facts, {4, 5, 3}, words);
  ASSERT_FALSE(strides);
  EXPECT_THAT(strides.error().message,
              testing::HasSubstr("stride of 'x' along axis 1: "));
}

TEST(ShapesTest, MandatoryBytesAreEveryArgumentOnce) {
  const Dims shapes[] = {{5, 64}, {5, 32, 16}};
  EXPECT_EQ(mandatoryBytes(makeArtifact(), shapes), (5 * 64 + 5 * 32 * 16) * 4);
}

TEST(ShapesTest, WrongRank) {
  EXPECT_EQ(messageOf(makeArtifact(), {5}),
            "expected 'x' to have 2 axes, but got shape (5,)");
}

TEST(ShapesTest, AnExtentThatNoInputTells) {
  Artifact artifact = makeArtifact();
  artifact.words[1] = {1, 2, false};
  artifact.arguments[0].axes[1].extent = SizeExpr::constant(64);
  EXPECT_EQ(messageOf(artifact, {5, 64}),
            "expected --shape y=N0x32xN2 with numbers, or an array, that tells "
            "the extent of 'y' along axis 2");
}

TEST(ShapesTest, ExtentsThatOverflow) {
  Artifact artifact = makeArtifact();
  artifact.arguments[1].axes[2].extent = {
      {{Op::Word, 1}, {Op::Word, 1}, {Op::Mul}}};
  EXPECT_THAT(messageOf(artifact, {5, int64_t(1) << 40}),
              testing::HasSubstr("extent of 'y' along axis 2: "));
}
