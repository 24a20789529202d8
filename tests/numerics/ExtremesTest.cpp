//===- ExtremesTest.cpp - every kernel, type and size against the oracle --===//
//
// The matrix: kernels x element types x sizes. In each, all row counts, static
// and dynamic extents, one and two threads, aligned and unaligned buffers.
//
//===----------------------------------------------------------------------===//

#include "tests/numerics/Harness.h"

#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

using namespace normc;
using namespace normc::numerics;

namespace {

struct ShapeAndGroups {
  std::vector<int64_t> shape;
  int64_t groups = 1;
};

/// Sizes of a group: rows of this many elements.
enum class Size { One, Seven, Odd, Long, Large };

const char *toString(Size size) {
  const char *const names[] = {"1", "7", "257", "4095", "large"};
  return names[static_cast<int>(size)];
}

using Parameters = std::tuple<Extreme, DType, Size>;

/// 600 rows make several chunks of partial column sums; 70 and 3 don't fill
/// them, and 0 and 1 are edges.
std::vector<ShapeAndGroups> rowShapes(Size size) {
  if (size == Size::Large)
    return {{{5, 16384}}, {{2, 65539}}, {{33, 1024}}};
  const int64_t lengths[] = {1, 7, 257, 4095};
  std::vector<ShapeAndGroups> shapes;
  for (int64_t rows : {0, 1, 3, 70, 600})
    shapes.push_back({{rows, lengths[static_cast<int>(size)]}});
  return shapes;
}

/// Samples, spatial positions, channels, so that groups have the size.
std::vector<ShapeAndGroups> channelShapes(Size size) {
  switch (size) {
  case Size::One:
    return {{{0, 1, 4}, 4}, {{1, 1, 4}, 4}, {{70, 1, 9}, 9}};
  case Size::Seven:
    return {{{0, 7, 4}, 2}, {{3, 7, 4}, 4}, {{70, 1, 14}, 2}, {{600, 7, 3}, 3}};
  case Size::Odd:
    return {{{1, 257, 6}, 6}, {{3, 1, 514}, 2}, {{70, 257, 2}, 2}};
  case Size::Long:
    return {{{2, 585, 28}, 4}, {{3, 273, 30}, 2}, {{1, 1365, 96}, 32}};
  case Size::Large:
    return {{{2, 1024, 320}, 32}, {{1, 4096, 33}, 11}};
  }
  return {};
}

std::vector<ShapeAndGroups> shapesOf(Extreme extreme, Size size) {
  switch (extreme) {
  case Extreme::GroupNorm:
    return channelShapes(size);
  case Extreme::GroupNormChannelsFirst:
  case Extreme::SwitchableNorm: {
    std::vector<ShapeAndGroups> shapes = channelShapes(size);
    for (ShapeAndGroups &entry : shapes)
      std::swap(entry.shape[1], entry.shape[2]);
    // No mean over the samples where there are none.
    if (extreme == Extreme::SwitchableNorm && shapes[0].shape[0] == 0)
      shapes.erase(shapes.begin());
    return shapes;
  }
  default:
    return rowShapes(size);
  }
}

class ExtremesTest : public testing::TestWithParam<Parameters> {
protected:
  /// Compares all ways to run one flavour; bounds are checked where no earlier
  /// flavour gave the same bits.
  void checkFlavour(const ExtremeProblem &problem, Flavour flavour) {
    SCOPED_TRACE(toString(flavour));
    const Kernel *kernel = kernelFor(textOf(problem, flavour));
    if (!kernel)
      return;
    Call call(problem);
    if (!call.run(*kernel))
      return;
    OutputBits bits = call.outputBits();
    if (bits != checkedBits) {
      findings.merge(call.expectWithinBounds());
      checkedBits = bits;
    }
    Call shifted(problem, Placement::shifted(1));
    if (shifted.run(*kernel, *twoThreads)) {
      EXPECT_TRUE(shifted.outputBits() == bits)
          << "other bits on two threads, with buffers off by one element";
    }
  }

  std::unique_ptr<Executor> twoThreads = makeThreadExecutor(2);
  Comparison findings;
  OutputBits checkedBits;
};

/// RmsNorm_bf16_4095
std::string nameOf(const testing::TestParamInfo<Parameters> &info) {
  auto [extreme, dtype, size] = info.param;
  return std::string(toString(extreme)) + "_" + toString(dtype) + "_" +
         toString(size);
}

} // namespace

TEST_P(ExtremesTest, AgreesWithTheOracle) {
  auto [extreme, dtype, size] = GetParam();
  uint64_t seed = 1;
  for (const auto &[shape, groups] : shapesOf(extreme, size)) {
    SCOPED_TRACE(testing::PrintToString(shape) + " groups " +
                 std::to_string(groups));
    ExtremeProblem problem = makeProblem(extreme, dtype, shape, groups, seed++);
    checkedBits.clear();
    for (Flavour flavour : {Flavour::Static, Flavour::Inner, Flavour::Dynamic})
      checkFlavour(problem, flavour);
  }
  expectMostlyCorrectlyRounded(findings);
}

INSTANTIATE_TEST_SUITE_P(
    Numerics, ExtremesTest,
    testing::Combine(testing::Values(Extreme::RmsNorm, Extreme::LayerNorm,
                                     Extreme::L2Norm, Extreme::Softmax,
                                     Extreme::LayerNormBackward,
                                     Extreme::DynamicTanh, Extreme::GroupNorm,
                                     Extreme::GroupNormChannelsFirst,
                                     Extreme::SwitchableNorm),
                     testing::ValuesIn(kAllDtypes),
                     testing::Values(Size::One, Size::Seven, Size::Odd,
                                     Size::Long, Size::Large)),
    nameOf);
