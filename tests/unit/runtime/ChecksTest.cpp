//===- ChecksTest.cpp -----------------------------------------------------===//
//
// Every rejection is tested for its words.
//
//===----------------------------------------------------------------------===//

#include "runtime/Checks.h"

#include "SameFrame.h"
#include "TestArtifact.h"
#include "runtime/CallPlan.h"
#include "runtime/Validation.h"

#include <gtest/gtest.h>

#include <limits>

using namespace normc;
using namespace normc::test;

namespace {

class ChecksTest : public testing::Test {
protected:
  Artifact artifact = matrixArtifact("f");
  alignas(64) float x[64] = {};
  alignas(64) float y[64] = {};
  CallFrame frame;

  static TensorRef matrix(float *data, int64_t rows, int64_t columns) {
    return TensorRef::contiguous(data, DType::F32, {rows, columns});
  }

  Status check(const std::vector<TensorRef> &args) {
    EXPECT_EQ(messageOf(validateArtifact(artifact)), "no error");
    std::vector<const TensorRef *> pointers;
    for (const TensorRef &tensor : args)
      pointers.push_back(&tensor);
    Status status = checkCall(artifact, pointers, frame);
    expectPlanAgrees(pointers, status);
    return status;
  }

  /// The plan accepts nothing that is refused, and finds the same frame.
  void expectPlanAgrees(const std::vector<const TensorRef *> &args,
                        const Status &status) {
    CallFrame planned;
    if (!CallPlan(artifact).accepts(args, planned))
      return;
    ASSERT_TRUE(status) << "accepted by the plan: " << messageOf(status);
    expectSameFrame(artifact, planned, frame);
  }

  void expectAccepted(const std::vector<TensorRef> &args) {
    EXPECT_EQ(messageOf(check(args)), "no error");
  }

  void expectRefused(const std::vector<TensorRef> &args,
                     const std::string &message) {
    Status status = check(args);
    ASSERT_FALSE(status) << "expected: " << message;
    EXPECT_EQ(status.error().kind, ErrorKind::InvalidArgument);
    EXPECT_EQ(status.error().message, message);
  }

  /// Lets both arguments have any stride.
  void freeStrides() {
    for (ArgumentFacts &facts : artifact.arguments)
      for (AxisFacts &axis : facts.axes)
        axis.stride = {};
  }
};

} // namespace

TEST_F(ChecksTest, AcceptsAndFillsTheFrame) {
  artifact.scratchBytes = product(0, 1);
  expectAccepted({matrix(x, 4, 8), matrix(y, 4, 8)});
  EXPECT_EQ(frame.buffers[0], x);
  EXPECT_EQ(frame.buffers[1], y);
  EXPECT_EQ(frame.words[0], 4);
  EXPECT_EQ(frame.words[1], 8);
  EXPECT_EQ(frame.chunkCounts[0], 4);
  EXPECT_EQ(frame.scratchBytes, 32);
}

TEST_F(ChecksTest, RefusesACountOfArguments) {
  expectRefused({matrix(x, 4, 8)},
                "expected 2 arguments ('x', 'y'), but got 1");
}

TEST_F(ChecksTest, RefusesARank) {
  expectRefused({TensorRef::contiguous(x, DType::F32, {8}), matrix(y, 4, 8)},
                "argument 'x': expected rank 2, but got 1");
  TensorRef deep =
      TensorRef::contiguous(x, DType::F32, {1, 1, 1, 1, 1, 1, 1, 1, 1});
  expectRefused({deep, matrix(y, 4, 8)},
                "argument 'x': expected a rank of at most 8, but got 9");
}

TEST_F(ChecksTest, RefusesANumberOfStrides) {
  expectRefused(
      {TensorRef::strided(x, DType::F32, {4, 8}, {1}), matrix(y, 4, 8)},
      "argument 'x': expected 2 strides, but got 1");
}

TEST_F(ChecksTest, RefusesAnElementType) {
  expectRefused(
      {TensorRef::contiguous(x, DType::BF16, {4, 8}), matrix(y, 4, 8)},
      "argument 'x': expected element type f32, but got bf16");
}

TEST_F(ChecksTest, RefusesAReadOnlyOutput) {
  const float *readOnly = y;
  expectRefused(
      {matrix(x, 4, 8), TensorRef::contiguous(readOnly, DType::F32, {4, 8})},
      "argument 'y': expected a writable buffer, but got a read-only one");
  readOnly = x;
  expectAccepted(
      {TensorRef::contiguous(readOnly, DType::F32, {4, 8}), matrix(y, 4, 8)});
}

TEST_F(ChecksTest, RefusesExtents) {
  expectRefused({matrix(x, 4, 8), matrix(y, 4, 7)},
                "argument 'y': expected extent 8 along axis 1, but got 7");
  expectRefused({matrix(x, -4, 8), matrix(y, 4, 8)},
                "argument 'x': expected an extent of at least 0 along axis 0, "
                "but got -4");
  artifact.arguments[0].axes[1].extent = SizeExpr::constant(16);
  expectRefused({matrix(x, 4, 8), matrix(y, 4, 8)},
                "argument 'x': expected extent 16 along axis 1, but got 8");
}

TEST_F(ChecksTest, RefusesAnExtentThatCannotBeEvaluated) {
  artifact.arguments[1].axes[1].extent = product(0, 0);
  constexpr int64_t large = int64_t(1) << 40;
  artifact.arguments[0].axes[1].stride = {};
  expectRefused({TensorRef::strided(x, DType::F32, {large, 1}, {1, 1}),
                 matrix(y, large, 8)},
                "argument 'y': extent along axis 1: expected a size that fits "
                "in 63 bits, but it overflows");
}

TEST_F(ChecksTest, RefusesStrides) {
  expectRefused(
      {TensorRef::strided(x, DType::F32, {4, 8}, {12, 1}), matrix(y, 4, 8)},
      "argument 'x': expected stride 8 along axis 0, but got 12");
  expectRefused(
      {TensorRef::strided(x + 8, DType::F32, {4, 8}, {8, -1}), matrix(y, 4, 8)},
      "argument 'x': expected stride 1 along axis 1, but got -1");
}

TEST_F(ChecksTest, RefusesAStrideThatCannotBeEvaluated) {
  artifact.arguments[1].axes[0].stride = {{{SizeExpr::Op::Word, 0},
                                           {SizeExpr::Op::Constant, 0},
                                           {SizeExpr::Op::FloorDiv, 0}}};
  expectRefused({matrix(x, 4, 8), matrix(y, 4, 8)},
                "argument 'y': stride along axis 0: expected a divisor other "
                "than 0, but got a division by zero");
}

TEST_F(ChecksTest, IgnoresStridesThatNoAddressDependsOn) {
  expectAccepted(
      {TensorRef::strided(x, DType::F32, {1, 8}, {99, 1}), matrix(y, 1, 8)});
  expectAccepted(
      {TensorRef::strided(x, DType::F32, {4, 0}, {99, 5}), matrix(y, 4, 0)});
}

TEST_F(ChecksTest, FreeStridesBecomeWords) {
  freeStrides();
  artifact.words.push_back({.argument = 0, .axis = 0, .isStride = true});
  expectAccepted({TensorRef::strided(x + 48, DType::F32, {4, 8}, {-16, 1}),
                  matrix(y, 4, 8)});
  EXPECT_EQ(frame.words[2], -16);
  expectAccepted({TensorRef::strided(x, DType::F32, {1, 8},
                                     {std::numeric_limits<int64_t>::max(), 1}),
                  matrix(y, 1, 8)});
  EXPECT_EQ(frame.words[2], 0) << "of an axis with one element";
}

TEST_F(ChecksTest, InputsMayRepeatElements) {
  freeStrides();
  expectAccepted(
      {TensorRef::strided(x, DType::F32, {4, 8}, {0, 1}), matrix(y, 4, 8)});
}

TEST_F(ChecksTest, RefusesOutputsThatRepeatElements) {
  freeStrides();
  expectRefused(
      {matrix(x, 4, 8), TensorRef::strided(y, DType::F32, {4, 8}, {0, 1})},
      "argument 'y': expected a stride other than 0 along axis 0 of an output, "
      "but got 0 with extent 4");
  expectRefused(
      {matrix(x, 4, 8), TensorRef::strided(y, DType::F32, {4, 8}, {7, 1})},
      "argument 'y': expected strides that give each element of an output its "
      "own address, but got strides [7, 1] with shape [4, 8]");
}

TEST_F(ChecksTest, RefusesEmptyStatistics) {
  artifact.arguments[0].axes[1].mustBeNonEmpty = true;
  expectRefused({matrix(x, 4, 0), matrix(y, 4, 0)},
                "argument 'x': expected an extent of at least 1 along axis 1, "
                "which a statistic is taken over, but got 0");
  expectAccepted({matrix(x, 0, 8), matrix(y, 0, 8)});
}

TEST_F(ChecksTest, RefusesIndivisibleSizes) {
  artifact.divisibility = {
      {SizeExpr::word(1), 4, "extent of 'x' along axis 1"}};
  expectAccepted({matrix(x, 4, 8), matrix(y, 4, 8)});
  expectRefused(
      {matrix(x, 4, 6), matrix(y, 4, 6)},
      "expected extent of 'x' along axis 1 to be divisible by 4, but got 6");
  artifact.divisibility = {{product(0, 1), 5, "size of 'x'"}};
  expectRefused({matrix(x, 4, 8), matrix(y, 4, 8)},
                "expected size of 'x' to be divisible by 5, but got 32");
}

TEST_F(ChecksTest, RefusesTooFewElements) {
  artifact.minimums = {{product(0, 1), 32, "size of 'x'"}};
  expectAccepted({matrix(x, 4, 8), matrix(y, 4, 8)});
  expectRefused({matrix(x, 4, 7), matrix(y, 4, 7)},
                "expected size of 'x' to be at least 32, but got 28");
}

TEST_F(ChecksTest, RefusesADivisibilityThatCannotBeEvaluated) {
  artifact.divisibility = {{{{{SizeExpr::Op::Word, 0},
                              {SizeExpr::Op::Word, 1},
                              {SizeExpr::Op::FloorDiv, 0}}},
                            2,
                            "rows per column"}};
  expectRefused({matrix(x, 4, 0), matrix(y, 4, 0)},
                "rows per column: expected a divisor other than 0, but got a "
                "division by zero");
}

TEST_F(ChecksTest, DivisibilityOfNegativeStrides) {
  freeStrides();
  artifact.words.push_back({.argument = 0, .axis = 0, .isStride = true});
  artifact.divisibility = {
      {SizeExpr::word(2), 8, "stride of 'x' along axis 0"}};
  expectAccepted({TensorRef::strided(x + 24, DType::F32, {4, 8}, {-8, 1}),
                  matrix(y, 4, 8)});
  expectRefused({TensorRef::strided(x + 36, DType::F32, {4, 8}, {-12, 1}),
                 matrix(y, 4, 8)},
                "expected stride of 'x' along axis 0 to be divisible by 8, but "
                "got -12");
}

TEST_F(ChecksTest, RefusesNullBuffers) {
  expectRefused({matrix(nullptr, 4, 8), matrix(y, 4, 8)},
                "argument 'x': expected a buffer, but got a null pointer");
  expectAccepted({matrix(nullptr, 0, 8), matrix(nullptr, 0, 8)});
}

TEST_F(ChecksTest, RefusesMisalignment) {
  char *bytes = reinterpret_cast<char *>(x);
  expectRefused(
      {TensorRef::contiguous(bytes + 2, DType::F32, {4, 8}), matrix(y, 4, 8)},
      "argument 'x': expected an address that is a multiple of 4 bytes, but "
      "got a multiple of 2");
  artifact.arguments[1].alignment = 32;
  expectRefused({matrix(x, 4, 8), matrix(y + 2, 4, 8)},
                "argument 'y': expected an address that is a multiple of 32 "
                "bytes, but got a multiple of 8");
  expectAccepted({matrix(x, 4, 8), matrix(y + 8, 4, 8)});
}

TEST_F(ChecksTest, RefusesByteSizesThatOverflow) {
  constexpr int64_t large = int64_t(1) << 61;
  expectRefused({matrix(x, large, 2), matrix(y, large, 2)},
                "argument 'x': expected a byte size that fits in 63 bits, but "
                "got shape [2305843009213693952, 2] and strides [2, 1] of f32");
}

TEST_F(ChecksTest, RefusesOverlap) {
  expectRefused({matrix(x, 4, 8), matrix(x, 4, 8)},
                "argument 'y': expected memory apart from argument 'x', but "
                "got memory that overlaps it");
  expectRefused({matrix(x, 4, 8), matrix(x + 31, 4, 8)},
                "argument 'y': expected memory apart from argument 'x', but "
                "got memory that overlaps it");
  expectAccepted({matrix(x, 4, 8), matrix(x + 32, 4, 8)});
}

TEST_F(ChecksTest, RefusesOverlapBelowTheBase) {
  freeStrides();
  expectRefused({matrix(x, 4, 8),
                 TensorRef::strided(x + 55, DType::F32, {4, 8}, {-8, 1})},
                "argument 'y': expected memory apart from argument 'x', but "
                "got memory that overlaps it");
}

TEST_F(ChecksTest, AcceptsColumnSlicesOfOneMatrix) {
  freeStrides();
  expectAccepted({TensorRef::strided(x, DType::F32, {4, 8}, {16, 1}),
                  TensorRef::strided(x + 8, DType::F32, {4, 8}, {16, 1})});
}

TEST_F(ChecksTest, InPlaceNeedsTheSameView) {
  freeStrides();
  artifact.inPlace = {{.input = 0, .output = 1}};
  expectAccepted({matrix(x, 4, 8), matrix(x, 4, 8)});
  std::string message = "argument 'y': expected memory apart from argument 'x' "
                        "or exactly its address, shape and strides, but got "
                        "memory that overlaps it";
  expectRefused({matrix(x, 4, 8), matrix(x + 1, 4, 8)}, message);
  expectRefused(
      {matrix(x, 4, 8), TensorRef::strided(x, DType::F32, {4, 8}, {1, 4})},
      message);
}

TEST_F(ChecksTest, InputsMayOverlapButOutputsMayNot) {
  artifact.arguments.insert(artifact.arguments.begin() + 1,
                            matrixArgument("residual", false));
  artifact.arguments.push_back(matrixArgument("sum", true));
  float sum[32];
  expectAccepted(
      {matrix(x, 4, 8), matrix(x, 4, 8), matrix(y, 4, 8), matrix(sum, 4, 8)});
  expectRefused(
      {matrix(x, 4, 8), matrix(x, 4, 8), matrix(y, 4, 8), matrix(y + 4, 4, 8)},
      "argument 'sum': expected memory apart from argument 'y', but got memory "
      "that overlaps it");
  // In place with x, but residual is the same buffer and not listed.
  artifact.inPlace = {{.input = 0, .output = 2}};
  expectRefused(
      {matrix(x, 4, 8), matrix(x, 4, 8), matrix(x, 4, 8), matrix(sum, 4, 8)},
      "argument 'y': expected memory apart from argument 'residual', but got "
      "memory that overlaps it");
}

TEST_F(ChecksTest, RefusesSizesThatOverflowBeforeAnythingRuns) {
  artifact.stages.push_back({"g",
                             {{{SizeExpr::Op::Word, 0},
                               {SizeExpr::Op::Constant, INT64_MAX},
                               {SizeExpr::Op::Mul, 0}}}});
  expectRefused({matrix(x, 4, 8), matrix(y, 4, 8)},
                "chunks of stage 'g': expected a size that fits in 63 bits, "
                "but it overflows");
  artifact.stages.pop_back();
  artifact.scratchBytes = {{{SizeExpr::Op::Word, 0},
                            {SizeExpr::Op::Constant, INT64_MAX},
                            {SizeExpr::Op::Add, 0}}};
  expectRefused({matrix(x, 4, 8), matrix(y, 4, 8)},
                "scratch memory: expected a size that fits in 63 bits, but it "
                "overflows");
}

TEST_F(ChecksTest, RefusesScratch) {
  artifact.scratchBytes = SizeExpr::constant(100);
  expectAccepted({matrix(x, 2, 8), matrix(y, 2, 8)});
  alignas(64) std::byte scratch[256];
  auto refusal = [&](std::span<std::byte> buffer) {
    return messageOf(checkScratch(artifact, buffer, frame));
  };
  EXPECT_EQ(refusal(scratch), "no error");
  EXPECT_EQ(refusal(std::span(scratch, 99)),
            "scratch memory: expected at least 100 bytes, but got 99");
  EXPECT_EQ(refusal(std::span(scratch + 16, 128)),
            "scratch memory: expected an address that is a multiple of 64 "
            "bytes, but got a multiple of 16");
  EXPECT_EQ(refusal(std::as_writable_bytes(std::span(y))),
            "scratch memory: expected memory apart from argument 'y', but got "
            "memory that overlaps it");
  EXPECT_EQ(refusal(std::as_writable_bytes(std::span(y)).subspan(64)),
            "no error");
  EXPECT_EQ(refusal({static_cast<std::byte *>(nullptr), 128}),
            "scratch memory: expected a buffer, but got a null pointer");
  artifact.scratchBytes = SizeExpr::constant(0);
  expectAccepted({matrix(x, 2, 8), matrix(y, 2, 8)});
  EXPECT_EQ(refusal({}), "no error");
}
