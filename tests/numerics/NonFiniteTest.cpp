//===- NonFiniteTest.cpp - NaN and infinity stay in their group -----------===//
//
// One element that is not finite gives what IEEE makes of the formula in its
// own group, and not one other bit anywhere else.
//
//===----------------------------------------------------------------------===//

#include "tests/numerics/Harness.h"

#include <cmath>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

using namespace normc;
using namespace normc::numerics;

namespace {

using Parameters = std::tuple<Extreme, DType>;

class NonFiniteTest : public testing::TestWithParam<Parameters> {
protected:
  /// [rows, n], or samples of channels.
  ExtremeProblem make() const {
    auto [extreme, dtype] = GetParam();
    bool isRows = extreme != Extreme::GroupNorm;
    return makeProblem(extreme, dtype,
                       isRows ? std::vector<int64_t>{5, 257}
                              : std::vector<int64_t>{3, 37, 8},
                       2, 41);
  }

  /// Expects the bounds, and the bits of `clean` where `inGroup` is false.
  template <typename F>
  void expectContained(const ExtremeProblem &clean, long double poison,
                       F inGroup) {
    for (Flavour flavour : {Flavour::Inner, Flavour::Dynamic}) {
      SCOPED_TRACE(std::to_string(poison) + " " + toString(flavour));
      const Kernel *kernel = kernelFor(textOf(clean, flavour));
      if (!kernel)
        return;
      ExtremeProblem poisoned = clean;
      poisoned.input("x").tensor.values[kPoisoned] = poison;
      solve(poisoned);
      Call before(clean), after(poisoned);
      if (!before.run(*kernel) || !after.run(*kernel))
        return;
      after.expectWithinBounds();
      const std::string output = clean.outputs.front().name;
      std::vector<uint64_t> expected = before.buffer(output).bits(),
                            got = after.buffer(output).bits();
      for (size_t i = 0; i < got.size(); ++i)
        if (!inGroup(i)) {
          ASSERT_EQ(got[i], expected[i]) << "element " << i;
        }
    }
  }

  static constexpr int64_t kPoisoned = 257 + 100;
};

std::string nameOf(const testing::TestParamInfo<Parameters> &info) {
  auto [extreme, dtype] = info.param;
  return std::string(toString(extreme)) + "_" + toString(dtype);
}

constexpr long double kInfinity = std::numeric_limits<long double>::infinity();
constexpr long double kNaN = std::numeric_limits<long double>::quiet_NaN();

} // namespace

TEST_P(NonFiniteTest, StaysInItsGroup) {
  ExtremeProblem clean = make();
  auto inGroup = [&](int64_t i) {
    if (clean.shape.size() == 2)
      return i / 257 == kPoisoned / 257;
    // [samples, 37, 8] in two groups of four channels.
    return i / (37 * 8) == kPoisoned / (37 * 8) &&
           i % 8 / 4 == kPoisoned % 8 / 4;
  };
  for (long double poison : {kNaN, kInfinity, -kInfinity})
    expectContained(clean, poison, inGroup);
}

TEST_P(NonFiniteTest, NaNFillsItsGroup) {
  ExtremeProblem problem = make();
  problem.input("x").tensor.values[kPoisoned] = kNaN;
  solve(problem);
  const Kernel *kernel = kernelFor(textOf(problem, Flavour::Inner));
  ASSERT_TRUE(kernel);
  Call call(problem);
  ASSERT_TRUE(call.run(*kernel));
  std::vector<long double> values =
      call.buffer(problem.outputs.front().name).read();
  EXPECT_TRUE(std::isnan(values[kPoisoned]));
  // Its neighbour in its group; without a statistic there is no group.
  bool hasGroups = std::get<0>(GetParam()) != Extreme::DynamicTanh;
  EXPECT_EQ(std::isnan(values[kPoisoned + 1]), hasGroups);
}

INSTANTIATE_TEST_SUITE_P(
    Numerics, NonFiniteTest,
    testing::Combine(testing::Values(Extreme::RmsNorm, Extreme::LayerNorm,
                                     Extreme::L2Norm, Extreme::Softmax,
                                     Extreme::LayerNormBackward,
                                     Extreme::GroupNorm, Extreme::DynamicTanh),
                     testing::ValuesIn(kAllDtypes)),
    nameOf);

// It is made of two parts, one of which is infinity less infinity.
TEST(NonFiniteMeanTest, OfAnInfinityIsInfinite) {
  for (DType dtype : kAllDtypes) {
    SCOPED_TRACE(toString(dtype));
    ExtremeProblem problem =
        makeProblem(Extreme::LayerNorm, dtype, {3, 257}, 1, 41);
    problem.saved = true;
    problem.input("x").tensor.values[257 + 100] = kInfinity;
    solve(problem);
    const Kernel *kernel = kernelFor(textOf(problem, Flavour::Inner));
    ASSERT_TRUE(kernel);
    Call call(problem);
    ASSERT_TRUE(call.run(*kernel));
    std::vector<long double> means = call.buffer("mean").read();
    EXPECT_EQ(means[1], kInfinity);
    EXPECT_TRUE(std::isfinite(means[0]) && std::isfinite(means[2]));
  }
}
