//===- OracleTest.cpp - the oracle and the checks, checked ----------------===//
//
// What judges kernels is judged here: values worked out by hand, gradients by
// finite differences, every bit pattern of the 16-bit types, and results that
// the comparison has to reject.
//
//===----------------------------------------------------------------------===//

#include "tests/numerics/Oracle.h"
#include "tests/numerics/Buffers.h"
#include "tests/numerics/Check.h"
#include "tests/numerics/Dtype.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

using namespace normc;
using namespace normc::numerics;
using namespace normc::oracle;

namespace {

constexpr long double kInfinity = std::numeric_limits<long double>::infinity();

OracleTensor makeNormal(std::vector<int64_t> shape, uint64_t seed) {
  OracleTensor tensor(std::move(shape));
  Generator generator(seed);
  for (long double &value : tensor.values)
    value = generator.normal();
  return tensor;
}

void expectNear(const std::vector<long double> &got,
                const std::vector<long double> &expected, long double bound) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i)
    EXPECT_LE(std::fabs(got[i] - expected[i]), bound)
        << i << ": " << got[i] << " and " << expected[i];
}

} // namespace

//===----------------------------------------------------------------------===//
// Element types
//===----------------------------------------------------------------------===//

TEST(DtypeTest, EveryPatternOf16BitsComesBack) {
  for (DType type : {DType::F16, DType::BF16})
    for (uint64_t bits = 0; bits < 65536; ++bits) {
      long double value = decode(type, bits);
      if (std::isnan(value))
        EXPECT_TRUE(std::isnan(decode(type, encode(type, value))));
      else
        ASSERT_EQ(encode(type, value), bits) << toString(type);
    }
}

TEST(DtypeTest, SinglesAndDoublesAreTheMachines) {
  Generator generator(1);
  for (int i = 0; i < 20000; ++i) {
    auto single = std::bit_cast<float>(uint32_t(generator.next()));
    auto twice = std::bit_cast<double>(generator.next());
    if (!std::isnan(single)) {
      ASSERT_EQ(decode(DType::F32, std::bit_cast<uint32_t>(single)), single);
      ASSERT_EQ(encode(DType::F32, single), std::bit_cast<uint32_t>(single));
    }
    if (std::isnan(twice))
      continue;
    ASSERT_EQ(decode(DType::F64, std::bit_cast<uint64_t>(twice)), twice);
    ASSERT_EQ(encode(DType::F64, twice), std::bit_cast<uint64_t>(twice));
    ASSERT_EQ(encode(DType::F32, twice),
              std::bit_cast<uint32_t>(static_cast<float>(twice)));
  }
}

TEST(DtypeTest, TiesGoToEven) {
  for (DType type : {DType::F16, DType::BF16, DType::F32, DType::F64}) {
    long double step = 2 * unitRoundoff(type);
    EXPECT_EQ(roundTo(type, 1 + step / 2), 1);
    EXPECT_EQ(roundTo(type, 1 + 1.5L * step), 1 + 2 * step);
    EXPECT_EQ(roundTo(type, -1 - 0.51L * step), -1 - step);
    // Half of the smallest subnormal, and a bit more.
    long double tiny = ulpAt(type, 0);
    EXPECT_EQ(roundTo(type, tiny / 2), 0);
    EXPECT_EQ(roundTo(type, tiny * 0.51L), tiny);
    EXPECT_EQ(roundTo(type, tiny * 2.5L), 2 * tiny);
    // The largest value, and what rounds to infinity.
    long double top = largestFinite(type), half = ulpAt(type, top) / 2;
    EXPECT_EQ(roundTo(type, top + 0.99L * half), top);
    EXPECT_EQ(roundTo(type, top + half), kInfinity);
    EXPECT_EQ(roundTo(type, -4 * top), -kInfinity);
  }
}

TEST(DtypeTest, SpacingFollowsTheBinade) {
  EXPECT_EQ(ulpAt(DType::BF16, 1), std::ldexp(1.0L, -7));
  EXPECT_EQ(ulpAt(DType::BF16, 0.999L), std::ldexp(1.0L, -8));
  EXPECT_EQ(ulpAt(DType::F16, -3), std::ldexp(1.0L, -9));
  EXPECT_EQ(ulpAt(DType::F16, 1e-7L), std::ldexp(1.0L, -24));
  EXPECT_EQ(ulpAt(DType::F32, 0), std::ldexp(1.0L, -149));
  EXPECT_EQ(ulpAt(DType::F64, 2), std::ldexp(1.0L, -51));
}

//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//

TEST(OracleTest, RowsByHand) {
  OracleTensor x({3, 4, 0, 0}, {2, 2});
  OracleTensor scale({2, 10}, {2}), shift({1, -1}, {2});
  NormResult rms = rmsNorm(x, scale, 0);
  long double root = std::sqrt(12.5L);
  expectNear(rms.y.values, {6 / root, 40 / root, 0, 0}, 1e-18L);
  EXPECT_EQ(rms.statistic.values[0], 12.5L);
  EXPECT_EQ(rms.rstd.values[1], 0); // epsilon 0 and a statistic of 0
  NormResult layer = layerNorm(x, scale, shift, 0.75L);
  expectNear(layer.y.values, {-0.5L * 2 + 1, 0.5L * 10 - 1, 1, -1}, 1e-18L);
  expectNear(layer.magnitude.values, {2, 6, 1, 1}, 1e-18L);
  expectNear(layer.mean.values, {3.5L, 0}, 0);
  expectNear(layer.spread.values, {1, 0}, 0);
}

TEST(OracleTest, EpsilonHasThreePlaces) {
  OracleTensor x({3, 4}, {1, 2});
  NormOptions options;
  options.axes = {1};
  options.statistic = Statistic::L2;
  options.epsilon = 11;
  EXPECT_EQ(normalize(x, options).rstd.values[0], 1 / 6.0L);
  options.placement = Placement::Clamp;
  EXPECT_EQ(normalize(x, options).rstd.values[0], 1 / 11.0L);
  options.epsilon = 1;
  EXPECT_EQ(normalize(x, options).rstd.values[0], 1 / 5.0L);
  options.statistic = Statistic::MeanVariance;
  options.placement = Placement::AfterRoot;
  EXPECT_EQ(normalize(x, options).rstd.values[0], 1 / 1.5L);
  options.correction = 1;
  EXPECT_EQ(normalize(x, options).statistic.values[0], 0.5L);
}

TEST(OracleTest, GroupsAreLayerNormOfReorderedData) {
  // [N, S, C] with G groups is LayerNorm of rows (n, g) of S * C/G elements.
  const int64_t samples = 2, positions = 3, channels = 4, groups = 2;
  OracleTensor x = makeNormal({samples, positions, channels}, 5);
  OracleTensor one({channels}), zero({channels});
  one.values.assign(channels, 1);
  NormResult got = groupNorm(x, 2, groups, one, zero, 1e-3L);
  EXPECT_EQ(got.rstd.shape, (std::vector<int64_t>{samples, groups}));
  OracleTensor rows({samples * groups, positions * channels / groups});
  auto position = [&](int64_t n, int64_t s, int64_t c) {
    return std::pair{(n * positions + s) * channels + c,
                     ((n * groups + c / 2) * positions + s) * 2 + c % 2};
  };
  auto forAll = [&](auto f) {
    for (int64_t n = 0; n < samples; ++n)
      for (int64_t s = 0; s < positions; ++s)
        for (int64_t c = 0; c < channels; ++c)
          f(position(n, s, c));
  };
  forAll([&](auto at) { rows.values[at.second] = x.values[at.first]; });
  NormOptions options;
  options.axes = {1};
  options.epsilon = 1e-3L;
  NormResult expected = normalize(rows, options);
  forAll([&](auto at) {
    EXPECT_EQ(got.y.values[at.first], expected.y.values[at.second]);
  });
}

TEST(OracleTest, SoftmaxSumsToOne) {
  Judged y =
      softmax(OracleTensor({0, std::log(3.0L), 1000, -kInfinity}, {2, 2}));
  expectNear(y.exact.values, {0.25L, 0.75L, 1, 0}, 1e-18L);
}

TEST(OracleTest, BackwardIsTheDerivative) {
  const int64_t rows = 3, n = 5;
  OracleTensor x = makeNormal({rows, n}, 7), dy = makeNormal({rows, n}, 8);
  OracleTensor gamma = makeNormal({n}, 9), beta = makeNormal({n}, 10);
  // What the gradients are of: the sum of dy * y.
  auto loss = [&] {
    NormResult forward = layerNorm(x, gamma, beta, 1e-2L);
    long double sum = 0;
    for (size_t i = 0; i < dy.values.size(); ++i)
      sum += dy.values[i] * forward.y.values[i];
    return sum;
  };
  NormResult forward = layerNorm(x, gamma, beta, 1e-2L);
  LayerNormGradients gradients =
      layerNormBackward(x, dy, gamma, forward.mean, forward.rstd);
  auto expectDerivative = [&](std::vector<long double> &values,
                              const std::vector<long double> &gradient) {
    const long double step = 1e-5L;
    for (size_t i = 0; i < values.size(); ++i) {
      long double kept = values[i];
      values[i] = kept + step;
      long double above = loss();
      values[i] = kept - step;
      long double below = loss();
      values[i] = kept;
      EXPECT_NEAR(double((above - below) / (2 * step)), double(gradient[i]),
                  1e-8);
    }
  };
  expectDerivative(x.values, gradients.dx.exact.values);
  expectDerivative(gamma.values, gradients.dgamma.exact.values);
  expectDerivative(beta.values, gradients.dbeta.exact.values);
}

TEST(OracleTest, SwitchableNormOfOneKindIsThatNorm) {
  OracleTensor x = makeNormal({2, 3, 4}, 12);
  OracleTensor scale = makeNormal({3}, 13), shift = makeNormal({3}, 14);
  NormOptions options;
  options.epsilon = 1e-2L;
  options.scale = {&scale, {1}};
  options.shift = {&shift, {1}};
  auto expectIs = [&](SwitchWeights weights, std::vector<int64_t> axes) {
    options.axes = std::move(axes);
    expectNear(
        switchableNorm(x, weights, scale, shift, options.epsilon).exact.values,
        normalize(x, options).y.values, 1e-17L);
  };
  expectIs({.instance = 1}, {2});
  expectIs({.layer = 1}, {1, 2});
  expectIs({.batch = 1}, {0, 2});
}

//===----------------------------------------------------------------------===//
// Comparisons
//===----------------------------------------------------------------------===//

TEST(CheckTest, BoundsAreNeitherWiderNorNarrower) {
  const long double u = unitRoundoff(DType::F32);
  OracleTensor exact({1.5L}, {1}), magnitude({4}, {1});
  Bound bound = Bound::elementwise(DType::F32, DType::F32);
  const long double allowed = ulpAt(DType::F32, 1.5L) / 2 + 16 * u * 4;
  auto failuresOf = [&](long double got) {
    return compare(std::vector{got}, exact, magnitude, bound).failures;
  };
  EXPECT_EQ(failuresOf(1.5L + allowed), 0);
  EXPECT_EQ(failuresOf(1.5L - allowed * 1.001L), 1);
  EXPECT_EQ(failuresOf(kInfinity), 1);
  EXPECT_EQ(failuresOf(std::nanl("")), 1);
  std::vector<long double> none;
  EXPECT_EQ(compare(none, exact, magnitude, bound).failures, 1);
}

TEST(CheckTest, NonFiniteValuesMustAgree) {
  OracleTensor magnitude({1}, {1});
  auto failuresOf = [&](long double got, long double exact) {
    return compare(std::vector{got}, OracleTensor({exact}, {1}), magnitude,
                   Bound::elementwise(DType::F16, DType::F32))
        .failures;
  };
  const long double nan = std::nanl("");
  EXPECT_EQ(failuresOf(nan, nan), 0);
  EXPECT_EQ(failuresOf(0, nan), 1);
  EXPECT_EQ(failuresOf(kInfinity, nan), 1);
  EXPECT_EQ(failuresOf(kInfinity, kInfinity), 0);
  EXPECT_EQ(failuresOf(-kInfinity, kInfinity), 1);
  EXPECT_EQ(failuresOf(65504, kInfinity), 1);
  // Finite, but rounding to the type's infinity.
  EXPECT_EQ(failuresOf(kInfinity, 65520), 0);
  EXPECT_EQ(failuresOf(kInfinity, 65000), 1);
}

TEST(CheckTest, WorstElementIsNamed) {
  OracleTensor exact({2, 3}), magnitude({2, 3});
  std::vector<long double> got = {0, 0, 1, 0, 0, 2};
  Comparison found = compare(got, exact, magnitude,
                             Bound::elementwise(DType::F32, DType::F32));
  EXPECT_EQ(found.failures, 2);
  EXPECT_NE(found.message.find("[1, 2]: expected 0"), std::string::npos)
      << found.message;
  EXPECT_NE(found.message.find("got 2"), std::string::npos) << found.message;
}

TEST(CheckTest, OnePercentMayBeMisrounded) {
  // bf16: one more than the allowed hundredth, each off by one ulp but within
  // the bound, since the exact value lies near the middle of two.
  const int64_t count = 200;
  OracleTensor exact({count}), magnitude({count});
  exact.values.assign(count, 1 + std::ldexp(1.0L, -8) - std::ldexp(1.0L, -30));
  magnitude.values.assign(count, 1);
  std::vector<long double> got(count, 1);
  auto compareNow = [&] {
    return compare(got, exact, magnitude,
                   Bound::elementwise(DType::BF16, DType::F32));
  };
  got[0] = got[1] = 1 + std::ldexp(1.0L, -7);
  EXPECT_EQ(compareNow().failures, 0);
  EXPECT_EQ(compareNow().eligible, count);
  EXPECT_TRUE(compareNow().isMostlyCorrectlyRounded());
  got[2] = got[0];
  EXPECT_FALSE(compareNow().isMostlyCorrectlyRounded());
}

TEST(CheckTest, StatisticsHaveBoundsOfTheirOwn) {
  const long double u = unitRoundoff(DType::F32);
  OracleTensor x({1, 2, 3, 4}, {1, 4});
  NormOptions options;
  options.axes = {1};
  NormResult exact = normalize(x, options);
  auto scaled = [&](const OracleTensor &tensor, long double factor) {
    return std::vector{tensor.values[0] * factor};
  };
  auto rstdFailures = [&](long double error) {
    return compareRstd(scaled(exact.rstd, 1 + error), exact, 0, DType::F32)
        .failures;
  };
  EXPECT_EQ(rstdFailures(6.4L * u), 0);
  EXPECT_EQ(rstdFailures(-6.6L * u), 1);
  // 8 u * 3 + ulp(2.5) / 2 = 24 u + 2 u.
  auto meanFailures = [&](long double error) {
    return compareMean(std::vector{2.5L + error}, exact, DType::F32).failures;
  };
  EXPECT_EQ(meanFailures(25.9L * u), 0);
  EXPECT_EQ(meanFailures(-26.1L * u), 1);
}
