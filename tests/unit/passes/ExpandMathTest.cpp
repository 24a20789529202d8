//===- ExpandMathTest.cpp - norm-expand-math, executed --------------------===//
//
// Against the C library in a wider type, on sweeps over bit patterns.
//
//===----------------------------------------------------------------------===//

#include "PassJit.h"
#include "compiler/passes/Passes.h"

#include "gtest/gtest.h"

#include <bit>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <ostream>
#include <random>
#include <vector>

using namespace normc;
using namespace normc::test;

namespace {

struct MathFunction {
  const char *name;
  double (*inDouble)(double);
  long double (*inLongDouble)(long double);
  /// Where f64 arguments are drawn from, beside random bit patterns.
  double low, high;
  double boundF32, boundF64;
};

/// What GoogleTest prints of a parameter.
void PrintTo(const MathFunction &function, std::ostream *out) {
  *out << function.name;
}

long double rsqrtl(long double x) { return 1 / std::sqrt(x); }
double rsqrtd(double x) { return 1 / std::sqrt(x); }

const MathFunction kFunctions[] = {
    {"exp", std::exp, std::exp, -760, 720, 1.25, 1.25},
    {"exp2", std::exp2, std::exp2, -1100, 1050, 1.25, 1.25},
    {"expm1", std::expm1, std::expm1, -45, 60, 1.25, 1.25},
    {"log", std::log, std::log, 0, 10, 1, 1},
    {"log1p", std::log1p, std::log1p, -1, 3, 1, 1},
    {"tanh", std::tanh, std::tanh, -21, 21, 2.75, 2.75},
    {"erf", std::erf, std::erf, -6.5, 6.5, 1.75, 1.75},
    {"rsqrt", rsqrtd, rsqrtl, 0, 10, 1.5, 1.5},
};

template <typename T> constexpr bool isF32 = std::is_same_v<T, float>;

/// Patterns in even steps, the borders that they pass by, and arguments from
/// which on a function stays what it is.
std::vector<float> argumentsF32() {
  std::vector<float> values = f32Patterns(257);
  for (float x : {0.f, HUGE_VALF, FLT_MAX, FLT_MIN, 0x1p-149f, 9.011f, 20.f})
    values.insert(values.end(), {x, -x});
  pad(values);
  return values;
}

/// |got - exact| in ulp of T at `exact`, infinite where a NaN, an infinity or
/// the sign of a zero is wrong. Infinity counts as the power of two after the
/// largest number, so that a result may round to it from below.
template <typename T, typename Exact> double ulpError(T got, Exact exact) {
  if (std::isnan(exact) || std::isnan(got))
    return std::isnan(exact) && std::isnan(got) ? 0 : HUGE_VAL;
  if (std::isinf(exact) || exact == 0)
    return got == T(exact) && std::signbit(got) == std::signbit(exact)
               ? 0
               : HUGE_VAL;
  using Limits = std::numeric_limits<T>;
  Exact top = std::ldexp(Exact(1), Limits::max_exponent);
  Exact value = std::isinf(got) ? std::copysign(top, Exact(got)) : Exact(got);
  exact = std::min(std::max(exact, -top), top);
  int exponent = std::max(std::ilogb(exact), Limits::min_exponent - 1);
  exponent = std::min(exponent, Limits::max_exponent - 1);
  return double(
      std::ldexp(std::fabs(value - exact), Limits::digits - 1 - exponent));
}

PassJit mathJit(const std::string &body, const char *element, int lanes,
                bool hasFma, bool hasScale = false, bool hasLookup = false) {
  return PassJit(body, element, element, lanes, hasFma,
                 [&](mlir::PassManager &passes) {
                   ExpandMathOptions options;
                   options.hasFma = hasFma;
                   options.hasScale = hasScale;
                   options.hasLookup = hasLookup;
                   passes.addPass(createExpandMath(options));
                 });
}

std::vector<double> argumentsF64(const MathFunction &function) {
  std::mt19937_64 random(2);
  std::uniform_real_distribution<double> range(function.low, function.high),
      exponent(-60, 10), unit(-1, 1);
  std::vector<double> values{0.0, -0.0,    HUGE_VAL, -HUGE_VAL, NAN,       1,
                             -1,  DBL_MAX, DBL_MIN,  0x1p-1074, -0x1p-1074};
  while (values.size() < 1'000'000) {
    double wide = std::bit_cast<double>(random());
    double small = std::exp2(exponent(random)) * unit(random);
    double subnormal = std::bit_cast<double>(random() >> (12 + random() % 50));
    values.insert(values.end(), {range(random), range(random), range(random),
                                 small, 1 + small, wide});
    if (values.size() % 5 == 0)
      values.push_back(subnormal);
  }
  pad(values);
  return values;
}

class ExpandMath : public testing::TestWithParam<MathFunction> {
protected:
  template <typename T, typename Exact>
  void check(const std::vector<T> &values, Exact (*reference)(Exact),
             double bound) {
    const char *element = isF32<T> ? "f32" : "f64";
    std::vector<Exact> exact(values.begin(), values.end());
    for (Exact &x : exact)
      x = reference(x);
    for (bool hasFma : {false, true}) {
      if (hasFma && !hostHas("fma"))
        continue;
      std::string body =
          std::string("%y = math.") + GetParam().name + " %a : IN";
      PassJit jit = mathJit(body, element, kLanes, hasFma);
      PassJit scalar = mathJit(body, element, 0, hasFma);
      ASSERT_TRUE(jit.function && scalar.function);
      auto out = run<T>(jit, values);
      double worst = 0;
      T at = 0;
      for (size_t i = 0; i < values.size(); ++i) {
        double error = ulpError(out[i], exact[i]);
        if (error > worst)
          worst = error, at = values[i];
        // 1 + tanh(x) must not stay above 0: gelu multiplies it by x.
        if (std::fabs(exact[i]) == 1) {
          ASSERT_EQ(out[i], exact[i]) << std::hexfloat << values[i];
        }
        if (i % 4096 == 0) {
          T one;
          scalar.function(&values[i], &values[i], &values[i], &one);
          ASSERT_TRUE(one == out[i] || (std::isnan(one) && std::isnan(out[i])));
        }
      }
      std::printf("%s %s fma=%d: at most %.3f ulp, at %a\n", GetParam().name,
                  element, hasFma, worst, double(at));
      EXPECT_LE(worst, bound) << "at " << std::hexfloat << at;
    }
  }
};

TEST_P(ExpandMath, F32) {
  check<float, double>(argumentsF32(), GetParam().inDouble,
                       GetParam().boundF32);
}

TEST_P(ExpandMath, F64) {
  check<double, long double>(argumentsF64(GetParam()), GetParam().inLongDouble,
                             GetParam().boundF64);
}

INSTANTIATE_TEST_SUITE_P(All, ExpandMath, testing::ValuesIn(kFunctions),
                         [](const auto &info) { return info.param.name; });

struct PiecewiseFunction {
  const char *name;
  double (*exact)(double);
  double bound;
  double least, most; ///< Of the function.
};

class ExpandMathLookup : public testing::TestWithParam<PiecewiseFunction> {};

// Every border of two intervals lies in between here, beside the patterns that
// all functions are tried on.
TEST_P(ExpandMathLookup, F32) {
  if (!hostHas("avx512f"))
    GTEST_SKIP() << "the processor has no AVX-512";
  auto values = argumentsF32();
  for (float x = 0x1p-4f; x < 10; x = std::nextafter(x, 16.f) + x * 0x1p-19f)
    values.push_back(x), values.push_back(-x);
  pad(values);
  std::string body = std::string("%y = math.") + GetParam().name + " %a : IN";
  auto jit = [&](int lanes) {
    return mathJit(body, "f32", lanes, true, true, true);
  };
  PassJit whole = jit(kLanes), half = jit(kLanes / 2), scalar = jit(0);
  ASSERT_TRUE(whole.function && half.function && scalar.function);
  auto out = run<float>(whole, values);
  double worst = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    double exact = GetParam().exact(values[i]);
    worst = std::max(worst, ulpError(out[i], exact));
    ASSERT_LE(worst, GetParam().bound) << std::hexfloat << values[i];
    ASSERT_FALSE(out[i] > GetParam().most) << std::hexfloat << values[i];
    ASSERT_FALSE(out[i] < GetParam().least) << std::hexfloat << values[i];
    if (std::fabs(exact) == 1) {
      ASSERT_EQ(out[i], exact) << std::hexfloat << values[i];
    }
  }
  std::printf("%s: at most %.3f ulp\n", GetParam().name, worst);
  // The same bits in any number of lanes.
  for (size_t i = 0; i < values.size(); i += kLanes * 61) {
    alignas(64) float in[kLanes / 2], parts[kLanes / 2];
    float one;
    std::copy_n(&values[i], kLanes / 2, in);
    half.function(in, in, in, parts);
    for (int lane = 0; lane < kLanes / 2; ++lane) {
      const float *x = &values[i + lane];
      scalar.function(x, x, x, &one);
      uint32_t expected = std::bit_cast<uint32_t>(out[i + lane]);
      ASSERT_EQ(std::bit_cast<uint32_t>(parts[lane]), expected);
      ASSERT_EQ(std::bit_cast<uint32_t>(one), expected);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, ExpandMathLookup,
    testing::Values(PiecewiseFunction{"erf", std::erf, 1.25, -1, 1},
                    PiecewiseFunction{"exp", std::exp, 1.05, 0, HUGE_VAL},
                    PiecewiseFunction{"tanh", std::tanh, 1.06, -1, 1}),
    [](const auto &info) { return info.param.name; });

// One instruction in place of two products by powers of two: the same bits.
TEST(ExpandMathScale, F32) {
  if (!hostHas("avx512f"))
    GTEST_SKIP() << "the processor has no AVX-512";
  auto values = argumentsF32();
  for (const char *name : {"exp", "exp2", "erf"}) {
    std::string body = std::string("%y = math.") + name + " %a : IN";
    PassJit general = mathJit(body, "f32", kLanes, true);
    PassJit scaled = mathJit(body, "f32", kLanes, true, true);
    ASSERT_TRUE(general.function && scaled.function);
    auto expected = run<float>(general, values);
    auto got = run<float>(scaled, values);
    for (size_t i = 0; i < values.size(); ++i)
      ASSERT_EQ(std::bit_cast<uint32_t>(got[i]),
                std::bit_cast<uint32_t>(expected[i]))
          << name << " of " << std::hexfloat << values[i];
  }
}

template <typename T> void checkPow(double bound) {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> exponent(-1, 1), unit(0.5, 2);
  // Every pair of these has its own paragraph in the C standard.
  std::vector<T> xs, ys;
  const double special[] = {0,   1,        2,   3,    0.5,   1.5,
                            2.5, HUGE_VAL, NAN, 1e30, 1e-30, 0.75};
  for (double x : special)
    for (double y : special)
      for (int signs = 0; signs < 4; ++signs) {
        xs.push_back(signs & 1 ? -x : x);
        ys.push_back(signs & 2 ? -y : y);
      }
  double octaves = std::numeric_limits<T>::max_exponent;
  while (xs.size() < 600'000) {
    double x = std::exp2(exponent(random) * octaves), near = unit(random);
    // Results over the whole range, and beyond it by a little.
    double y = exponent(random) * 1.1 * octaves;
    xs.insert(xs.end(), {T(x), T(near), T(near), T(-near)});
    ys.insert(ys.end(), {T(y / std::log2(x)), T(y / std::log2(near)),
                         T(exponent(random)), T(std::nearbyint(y / 8))});
  }
  pad(xs), pad(ys);
  for (bool hasFma : {false, true}) {
    if (hasFma && !hostHas("fma"))
      continue;
    PassJit jit = mathJit("%y = math.powf %a, %b : IN",
                          isF32<T> ? "f32" : "f64", kLanes, hasFma);
    ASSERT_TRUE(jit.function);
    auto out = run<T>(jit, xs, ys, ys);
    double worst = 0;
    for (size_t i = 0; i < xs.size(); ++i) {
      using Exact = std::conditional_t<isF32<T>, double, long double>;
      double error = ulpError(out[i], std::pow(Exact(xs[i]), Exact(ys[i])));
      ASSERT_LE(error, bound) << std::hexfloat << xs[i] << " ^ " << ys[i];
      worst = std::max(worst, error);
    }
    std::printf("powf %s fma=%d: at most %.3f ulp\n", isF32<T> ? "f32" : "f64",
                hasFma, worst);
  }
}

TEST(ExpandMathPow, F32) { checkPow<float>(0.51); }
TEST(ExpandMathPow, F64) { checkPow<double>(1.25); }

// Sums that cancel all but the low bits of the product, bit for bit.
template <typename T> void checkFma() {
  std::mt19937_64 random(4);
  std::uniform_real_distribution<double> exponent(-60, 60), unit(-2, 2);
  std::vector<T> xs, ys, zs;
  for (T x : {T(0), T(-0.0), T(1), T(HUGE_VAL), T(NAN), T(-3)})
    for (T y : {T(0), T(-0.0), T(1), T(HUGE_VAL), T(-3)})
      for (T z : {T(0), T(-0.0), T(3), T(-1), T(-HUGE_VAL), T(NAN)})
        xs.push_back(x), ys.push_back(y), zs.push_back(z);
  while (xs.size() < 1'000'000) {
    T x = unit(random), y = unit(random);
    x *= std::exp2(std::floor(T(exponent(random))));
    T near = -x * y * std::exp2(std::floor(T(exponent(random) / 30)));
    T far = x * y * T(std::exp2(exponent(random)));
    T tiny = std::numeric_limits<T>::min() * T(unit(random));
    for (T z : {T(-x * y), std::nextafter(near, T(9)), far, tiny})
      xs.push_back(x), ys.push_back(y), zs.push_back(z);
  }
  // Just below or above a tie, by less than any partial sum can hold: x y is
  // half an ulp of z times 1 - 2^-2j.
  constexpr int digits = std::numeric_limits<T>::digits;
  for (int j = digits / 2 + 3; j < digits; ++j)
    for (T sign : {T(1), T(-1)})
      for (int steps = 0; steps < 64; ++steps) {
        xs.push_back(sign * std::ldexp(1 + std::ldexp(T(1), -j), -digits));
        ys.push_back(1 - std::ldexp(T(1), -j));
        zs.push_back(1 + std::ldexp(T(steps), 1 - digits));
      }
  if (isF32<T>) // subnormal sums; for f64 the exact product ends above them
    for (int i = 0; i < 100'000; ++i)
      xs.push_back(T(0x1p-70 * unit(random))),
          ys.push_back(T(0x1p-70 * unit(random))),
          zs.push_back(T(0x1p-130 * unit(random)));
  pad(xs), pad(ys), pad(zs);
  PassJit jit = mathJit("%y = math.fma %a, %b, %c : IN",
                        isF32<T> ? "f32" : "f64", kLanes, false);
  ASSERT_TRUE(jit.function);
  auto out = run<T>(jit, xs, ys, zs);
  for (size_t i = 0; i < xs.size(); ++i) {
    T exact = std::fma(xs[i], ys[i], zs[i]);
    ASSERT_EQ(ulpError(out[i], exact), 0)
        << std::hexfloat << xs[i] << " * " << ys[i] << " + " << zs[i];
  }
}

TEST(ExpandMathFma, F32) { checkFma<float>(); }
TEST(ExpandMathFma, F64) { checkFma<double>(); }

} // namespace
