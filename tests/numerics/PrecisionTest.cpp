//===- PrecisionTest.cpp - rows that show rounding ------------------------===//
//
// Rows chosen so that a plausible shortcut misses the bounds: sums that drift,
// means that cancel, statistics of exactly zero, subnormals, huge and tiny
// values, and column sums over many rows.
//
//===----------------------------------------------------------------------===//

#include "tests/numerics/Dtype.h"
#include "tests/numerics/Family.h"
#include "tests/numerics/Harness.h"

#include <cmath>
#include <utility>

using namespace normc;
using namespace normc::numerics;

namespace {

/// A problem of rows with saved statistics whose x is f(generator, row).
template <typename F>
ExtremeProblem makeRows(Extreme extreme, DType dtype, int64_t rows, int64_t n,
                        double epsilon, F f) {
  ExtremeProblem problem = makeProblem(extreme, dtype, {rows, n}, 1, 17);
  Generator generator(23);
  auto value = problem.input("x").tensor.values.begin();
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t j = 0; j < n; ++j)
      *value++ = f(generator, row);
  problem.epsilon = epsilon;
  problem.saved = true;
  solve(problem);
  return problem;
}

const Extreme kSavingExtremes[] = {Extreme::RmsNorm, Extreme::LayerNorm,
                                   Extreme::L2Norm};

} // namespace

TEST(PrecisionTest, LargeMeanAndSmallSpread) {
  for (int64_t n : {257, 4095, 4096, 65536})
    expectSolved(makeRows(Extreme::LayerNorm, DType::F32, 3, n, 1e-12,
                          [](Generator &generator, int64_t) {
                            return 1e5 + 2e-2 * (generator.uniform() - 0.5);
                          }));
}

TEST(PrecisionTest, LargeMeanAndSmallSpreadOfChannels) {
  ExtremeProblem problem =
      makeProblem(Extreme::GroupNorm, DType::F32, {2, 585, 28}, 4, 3);
  Generator generator(29);
  for (long double &value : problem.input("x").tensor.values)
    value = 1e5 + 2e-2 * (generator.uniform() - 0.5);
  problem.epsilon = 1e-12;
  solve(problem);
  expectSolved(problem);
}

TEST(PrecisionTest, ConstantRows) {
  const double constants[] = {0.1, -1e5 / 3, 3e-5, 1};
  for (DType dtype : kAllDtypes)
    for (Extreme extreme : kSavingExtremes)
      for (int64_t n : {1, 7, 257, 4095})
        expectSolved(
            makeRows(extreme, dtype, 4, n, 1e-5,
                     [&](Generator &, int64_t row) { return constants[row]; }));
}

TEST(PrecisionTest, ConstantRowsWithoutEpsilon) {
  // The variance is exactly 0, so that x-hat is 0 and y the shift.
  for (DType dtype : {DType::F32, DType::F64, DType::BF16})
    for (int64_t n : {1, 2, 3, 7, 257, 4095})
      expectSolved(makeRows(Extreme::LayerNorm, dtype, 3, n, 0,
                            [](Generator &, int64_t row) {
                              return row == 0 ? 0.1 : row == 1 ? -1e5 / 3 : 1;
                            }));
}

// A mean in f64 may be off in its last bit, and the variance below 0.
TEST(PrecisionTest, ConstantGroupsWithoutEpsilon) {
  for (int64_t points : {33, 49, 585}) {
    ExtremeProblem problem =
        makeProblem(Extreme::GroupNorm, DType::F32, {2, points, 28}, 4, 3);
    std::vector<long double> &x = problem.input("x").tensor.values;
    const double constants[] = {0.1, 3, -1e5 / 3, 7};
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = constants[i / 7 % 4];
    problem.epsilon = 0;
    solve(problem);
    expectSolved(problem);
  }
}

TEST(PrecisionTest, ZeroRowsWithoutEpsilon) {
  for (DType dtype : kAllDtypes)
    for (Extreme extreme : kSavingExtremes)
      for (int64_t n : {1, 7, 257})
        expectSolved(makeRows(extreme, dtype, 3, n, 0,
                              [](Generator &generator, int64_t row) {
                                return row == 1 ? 0 : generator.normal();
                              }));
}

TEST(PrecisionTest, ZeroRowsAreExactlyZero) {
  ExtremeProblem problem = makeRows(Extreme::RmsNorm, DType::BF16, 3, 257, 0,
                                    [](Generator &, int64_t) { return 0; });
  const Kernel *kernel = kernelFor(textOf(problem, Flavour::Inner));
  ASSERT_TRUE(kernel);
  Call call(problem);
  ASSERT_TRUE(call.run(*kernel));
  for (const char *output : {"y", "rstd"})
    for (long double value : call.buffer(output).read())
      ASSERT_EQ(value, 0) << output;
}

TEST(PrecisionTest, LongPositiveSums) {
  // A constant row shows drift, which random data hides.
  auto value = [](Generator &generator, int64_t row) {
    return row == 0 ? 0.1 : row == 1 ? generator.uniform() : generator.normal();
  };
  for (DType dtype : {DType::F32, DType::BF16})
    for (Extreme extreme : kSavingExtremes)
      expectSolved(makeRows(extreme, dtype, 3, 262144, 1e-6, value));
  expectSolved(makeRows(Extreme::RmsNorm, DType::F64, 3, 262144, 1e-6, value));
}

TEST(PrecisionTest, SubnormalInputs) {
  auto value = [](Generator &generator, int64_t) {
    return std::ldexp(generator.normal(), -130);
  };
  for (Extreme extreme : {Extreme::RmsNorm, Extreme::LayerNorm})
    for (DType dtype : {DType::BF16, DType::F32})
      for (int64_t n : {7, 257})
        expectSolved(makeRows(extreme, dtype, 3, n, 1e-6, value));
}

TEST(PrecisionTest, SubnormalOutputs) {
  // With epsilon 1 the row comes out as it is, times the scale.
  for (DType dtype : {DType::BF16, DType::F32, DType::F16})
    expectSolved(makeRows(Extreme::RmsNorm, dtype, 3, 257, 1,
                          [&](Generator &generator, int64_t) {
                            int tiny = dtype == DType::F16 ? -18 : -130;
                            return std::ldexp(generator.normal(), tiny);
                          }));
}

// Vectors that are rounded together: of some rows none is subnormal, of others
// all are, some, or none among zeros.
TEST(PrecisionTest, SubnormalOutputsOfManyRows) {
  for (int64_t n : {256, 4096})
    expectSolved(makeRows(Extreme::RmsNorm, DType::BF16, 40, n, 1,
                          [&](Generator &generator, int64_t row) {
                            double value = generator.normal();
                            bool isRare = generator.uniform() < 0.01;
                            switch (row % 4) {
                            case 0:
                              return value;
                            case 1:
                              return std::ldexp(value, -130);
                            case 2:
                              return isRare ? std::ldexp(value, -130) : value;
                            }
                            return isRare ? 0 : value;
                          }));
}

TEST(PrecisionTest, TinyAndHugeInputs) {
  for (Extreme extreme : kSavingExtremes)
    for (DType dtype : {DType::F32, DType::F64})
      expectSolved(makeRows(
          extreme, dtype, 2, 4095, 0, [](Generator &generator, int64_t row) {
            return generator.normal() * (row ? 1e15 / 6 : 1e-14);
          }));
}

TEST(PrecisionTest, EveryHalfPrecisionInputNormalises) {
  for (Extreme extreme : {Extreme::RmsNorm, Extreme::LayerNorm})
    expectSolved(makeRows(extreme, DType::F16, 2, 4095, 1e-6,
                          [](Generator &generator, int64_t row) {
                            return generator.normal() * (row ? 1e4 : 1e-6);
                          }));
}

TEST(PrecisionTest, EveryBrainFloatInputNormalises) {
  // Squares of these overflow f32.
  for (Extreme extreme : {Extreme::RmsNorm, Extreme::LayerNorm})
    expectSolved(makeRows(extreme, DType::BF16, 2, 257, 1e-6,
                          [](Generator &generator, int64_t row) {
                            return generator.normal() * (row ? 1e37 : 1e30);
                          }));
}

TEST(PrecisionTest, ColumnSumsOverManyRows) {
  // Same-sign terms of one size: a single chain of additions drifts.
  for (DType dtype : {DType::F32, DType::BF16})
    for (int64_t rows : {5000, 200001}) {
      ExtremeProblem problem =
          makeProblem(Extreme::LayerNormBackward, dtype, {rows, 3}, 1, 31);
      for (auto [name, value] : {std::pair{"x", 0.7L},
                                 {"dy", 0.1L},
                                 {"mean", -0.2L},
                                 {"rstd", 1.3L}})
        for (long double &element : problem.input(name).tensor.values)
          element = value;
      solve(problem);
      expectSolved(problem);
    }
}

TEST(PrecisionTest, LongBatchesOfConstants) {
  // 262144 elements a channel; one is constant, one is far from 0.
  for (auto [arrangement, shape] :
       {std::pair(Arrangement::Plain, std::vector<int64_t>{256, 3, 1024}),
        std::pair(Arrangement::ChannelsLast,
                  std::vector<int64_t>{256, 1024, 3})}) {
    FamilyCase batch{familyMember("batch_norm_training"), arrangement,
                     DType::F32, DType::F32, shape};
    Generator generator(43);
    Problem problem = makeFamilyProblem(batch, 1, [&](int64_t channel) {
      return channel == 0   ? 0.1L
             : channel == 1 ? 1e5L + 1e-2L * (generator.uniform() - 0.5)
                            : generator.normal();
    });
    const Kernel *kernel = kernelFor(familyText(batch, Flavour::Inner));
    ASSERT_TRUE(kernel);
    Call call(problem);
    if (call.run(*kernel))
      call.expectWithinBounds();
  }
}

TEST(PrecisionTest, NormsOfAnyOrderStayInRange) {
  // Third powers of these leave the range of f32, and of f64.
  for (auto [dtype, size] : {std::pair(DType::F32, 1e15),
                             {DType::BF16, 1e37},
                             {DType::F64, 1e200}}) {
    FamilyCase order{
        familyMember("lp_norm"), Arrangement::Plain, dtype, dtype, {3, 257}};
    Generator generator(47);
    Problem problem = makeFamilyProblem(order, 1, [&, size = size](int64_t) {
      return size * generator.normal();
    });
    const Kernel *kernel = kernelFor(familyText(order, Flavour::Inner));
    ASSERT_TRUE(kernel);
    Call call(problem);
    if (call.run(*kernel))
      call.expectWithinBounds();
  }
}
