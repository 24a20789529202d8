//===- CallPlanTest.cpp ---------------------------------------------------===//
//
// The plan must accept what is usual, and nothing that checkCall refuses; each
// case of ChecksTest is asked of it as well.
//
//===----------------------------------------------------------------------===//

#include "runtime/CallPlan.h"

#include "SameFrame.h"
#include "TestArtifact.h"
#include "runtime/Validation.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <random>

using namespace normc;
using namespace normc::test;

namespace {

using Op = SizeExpr::Op;

/// x[g * m, c] with any strides, a vector[c], y[g * m, c] row-major, and z like
/// y; y may be x. Words: x's extents and strides. Sizes of every operation.
Artifact richArtifact() {
  Artifact artifact = matrixArtifact("f");
  ArgumentFacts &x = artifact.arguments[0];
  for (AxisFacts &axis : x.axes)
    axis.stride = {};
  x.axes[0].mustBeNonEmpty = true;
  artifact.words.push_back({.argument = 0, .axis = 0, .isStride = true});
  artifact.words.push_back({.argument = 0, .axis = 1, .isStride = true});
  artifact.arguments.push_back(matrixArgument("z", true));
  artifact.arguments.push_back({.name = "v",
                                .dtype = DType::F32,
                                .axes = {{.extent = SizeExpr::word(1),
                                          .stride = SizeExpr::constant(-1)}},
                                .alignment = 4});
  artifact.inPlace = {{.input = 0, .output = 1}};
  artifact.divisibility = {{SizeExpr::word(1), 4, "columns"},
                           {SizeExpr::word(3), 1, "stride"}};
  artifact.minimums = {{product(0, 1), 8, "elements"}};
  artifact.stages = {
      {"f", {{{Op::Word, 0}, {Op::Constant, 3}, {Op::CeilDiv, 0}}}},
      {"g",
       {{{Op::Word, 1},
         {Op::Constant, 4},
         {Op::FloorDiv, 0},
         {Op::Word, 0},
         {Op::Add, 0}}}}};
  artifact.scratchBytes = {{{Op::Word, 0},
                            {Op::Word, 1},
                            {Op::Mul, 0},
                            {Op::Constant, 4},
                            {Op::Mul, 0},
                            {Op::AlignTo, 64}}};
  return artifact;
}

class CallPlanTest : public testing::Test {
protected:
  alignas(64) float memory[4096] = {};

  float *at(int64_t element) { return memory + element; }

  static TensorRef matrix(float *data, int64_t rows, int64_t columns) {
    return TensorRef::contiguous(data, DType::F32, {rows, columns});
  }
  static TensorRef reversed(float *data, int64_t count) {
    return TensorRef::strided(data + count - 1, DType::F32, {count}, {-1});
  }
  /// A call of richArtifact that is good.
  std::vector<TensorRef> goodCall(int64_t rows = 5, int64_t columns = 8) {
    return {matrix(at(0), rows, columns), matrix(at(1000), rows, columns),
            matrix(at(2000), rows, columns), reversed(at(3000), columns)};
  }

  static std::vector<const TensorRef *>
  pointersTo(const std::vector<TensorRef> &args) {
    std::vector<const TensorRef *> pointers;
    for (const TensorRef &tensor : args)
      pointers.push_back(&tensor);
    return pointers;
  }

  /// Whether the plan accepts; and then that checkCall does, equally.
  static bool accepts(const Artifact &artifact,
                      const std::vector<TensorRef> &args) {
    CallFrame planned, checked;
    if (!CallPlan(artifact).accepts(pointersTo(args), planned))
      return false;
    Status status = checkCall(artifact, pointersTo(args), checked);
    EXPECT_TRUE(status) << messageOf(status);
    if (status)
      expectSameFrame(artifact, planned, checked);
    return true;
  }
};

} // namespace

TEST_F(CallPlanTest, AcceptsWhatIsUsual) {
  Artifact plain = matrixArtifact("f");
  EXPECT_TRUE(accepts(plain, {matrix(at(0), 4, 8), matrix(at(100), 4, 8)}));
  EXPECT_TRUE(accepts(plain, {matrix(at(0), 1, 1), matrix(at(100), 1, 1)}));

  Artifact rich = richArtifact();
  ASSERT_EQ(messageOf(validateArtifact(rich)), "no error");
  EXPECT_TRUE(accepts(rich, goodCall()));
  EXPECT_TRUE(accepts(rich, goodCall(2, 4)));
  EXPECT_TRUE(accepts(rich, goodCall(100, 8)));

  std::vector<TensorRef> inPlace = goodCall();
  inPlace[1] = inPlace[0];
  EXPECT_TRUE(accepts(rich, inPlace)) << "in place, where the kernel can";

  std::vector<TensorRef> strided = goodCall();
  strided[0] = TensorRef::strided(at(200), DType::F32, {5, 8}, {-32, 2});
  EXPECT_TRUE(accepts(rich, strided));
  strided[0] = TensorRef::strided(at(200), DType::F32, {5, 8}, {0, 0});
  EXPECT_TRUE(accepts(rich, strided)) << "an input may repeat elements";
}

TEST_F(CallPlanTest, AcceptsScalars) {
  Artifact artifact = matrixArtifact("f");
  artifact.arguments.push_back({.name = "alpha", .axes = {}});
  TensorRef scalar = TensorRef::contiguous(at(3000), DType::F32, {});
  EXPECT_TRUE(
      accepts(artifact, {matrix(at(0), 4, 8), matrix(at(100), 4, 8), scalar}));
}

/// Each of these must be left to checkCall.
TEST_F(CallPlanTest, AcceptsNothingThatIsWrong) {
  Artifact rich = richArtifact();
  const std::vector<std::function<void(std::vector<TensorRef> &)>> faults = {
      [](auto &a) { a.pop_back(); },
      [](auto &a) { a.push_back(a[3]); },
      [](auto &a) { a[0].shape = {5}; },
      [](auto &a) { a[0].strides = {8}; },
      [](auto &a) { a[3].dtype = DType::F16; },
      [](auto &a) { a[2].readOnly = true; },
      [](auto &a) { a[1].shape[0] = 4; },
      [](auto &a) { a[0].shape[1] = -8; },
      [](auto &a) { a[3].shape[0] = 9; },
      [](auto &a) { a[1].strides[0] = 9; },
      [](auto &a) { a[1].strides[1] = 2; },
      [](auto &a) { a[3].strides[0] = 1; },
      [](auto &a) { a[0].data = nullptr; },
      [](auto &a) { a[0].data = static_cast<char *>(a[0].data) + 2; },
      [](auto &a) { a[1].data = a[2].data; },
      [](auto &a) { a[1].data = static_cast<float *>(a[0].data) + 8; },
      [](auto &a) { a[2].data = a[0].data; },
      [](auto &a) { a[1].data = a[3].data; },
      [](auto &a) {
        a[0].strides[0] = std::numeric_limits<int64_t>::max() / 8;
      },
      [](auto &a) { a[0].strides[0] = std::numeric_limits<int64_t>::min(); },
      [](auto &a) { a[0].data = reinterpret_cast<void *>(uintptr_t(0) - 64); }};
  for (size_t i = 0; i < faults.size(); ++i) {
    std::vector<TensorRef> args = goodCall();
    faults[i](args);
    CallFrame frame;
    EXPECT_FALSE(checkCall(rich, pointersTo(args), frame)) << "no fault: " << i;
    EXPECT_FALSE(accepts(rich, args)) << i;
  }
}

TEST_F(CallPlanTest, AcceptsNoSizesThatAreWrong) {
  Artifact rich = richArtifact();
  EXPECT_FALSE(accepts(rich, goodCall(5, 6))) << "not divisible by 4";
  EXPECT_FALSE(accepts(rich, goodCall(1, 4))) << "fewer than 8 elements";
  EXPECT_FALSE(accepts(rich, goodCall(0, 8))) << "left to checkCall";

  Artifact artifact = matrixArtifact("f");
  std::vector<TensorRef> args = {matrix(at(0), 4, 8), matrix(at(100), 4, 8)};
  EXPECT_TRUE(accepts(artifact, args));
  artifact.scratchBytes = {
      {{Op::Word, 0}, {Op::Constant, 0}, {Op::CeilDiv, 0}}};
  EXPECT_FALSE(accepts(artifact, args)) << "division by zero";
  artifact.scratchBytes = {
      {{Op::Constant, INT64_MAX}, {Op::Word, 0}, {Op::Mul, 0}}};
  EXPECT_FALSE(accepts(artifact, args)) << "overflow";
  artifact.scratchBytes = {{{Op::Constant, INT64_MAX}, {Op::AlignTo, 64}}};
  EXPECT_FALSE(accepts(artifact, args)) << "overflow";
}

TEST_F(CallPlanTest, NegativeStridesAreNoSizes) {
  Artifact rich = richArtifact();
  rich.scratchBytes = product(0, 2);
  std::vector<TensorRef> args = goodCall();
  EXPECT_TRUE(accepts(rich, args));
  args[0] = TensorRef::strided(at(200), DType::F32, {5, 8}, {-8, 1});
  EXPECT_FALSE(accepts(rich, args));
}

TEST_F(CallPlanTest, SizesTooManyForItAreLeftToCheckCall) {
  Artifact artifact = matrixArtifact("f");
  for (int64_t i = 0; i < kMaxValues; ++i)
    artifact.minimums.push_back(
        {{{{Op::Word, 0}, {Op::Constant, 1000 + i}, {Op::Add, 0}}}, 1, "size"});
  EXPECT_FALSE(accepts(artifact, {matrix(at(0), 4, 8), matrix(at(100), 4, 8)}));
}

/// Calls with random changes: whatever the plan accepts, checkCall accepts.
TEST_F(CallPlanTest, AgreesWithCheckCallOnRandomCalls) {
  Artifact rich = richArtifact();
  std::mt19937 random(7);
  auto pick = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    std::vector<TensorRef> args = goodCall(pick(1, 6), 4 * pick(1, 3));
    for (int64_t change = pick(0, 2); change > 0; --change) {
      TensorRef &tensor = args[pick(0, 3)];
      int axis = int(pick(0, tensor.rank() - 1));
      switch (pick(0, 4)) {
      case 0:
        tensor.data = at(200 + pick(0, 3000));
        break;
      case 1:
        tensor.strides[axis] = pick(-20, 20);
        break;
      case 2:
        tensor.shape[axis] = pick(0, 8);
        break;
      case 3:
        args[1] = args[0];
        break;
      case 4:
        tensor.data = static_cast<float *>(args[0].data) + pick(0, 60);
        break;
      }
    }
    accepted += accepts(rich, args);
    ASSERT_FALSE(HasFailure()) << "round " << round;
  }
  EXPECT_GT(accepted, 5000);
}
