//===- NearestBF16Test.cpp - functions from bf16 to bf16, executed --------===//
//
// All 65536 arguments, against the C library in long double.
//
//===----------------------------------------------------------------------===//

#include "PassJit.h"
#include "compiler/passes/Passes.h"

#include "gtest/gtest.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <ostream>
#include <string>
#include <vector>

using namespace normc;
using namespace normc::test;

namespace {

struct Function {
  const char *name;
  long double (*exact)(long double);
};

/// What GoogleTest prints of a parameter.
void PrintTo(const Function &function, std::ostream *out) {
  *out << function.name;
}

double decode(uint16_t bits) {
  return std::bit_cast<float>(uint32_t(bits) << 16);
}

/// The nearest bf16, by rounding a scaled number to an integer.
double round(long double x) {
  if (x == 0 || !std::isfinite(x))
    return double(x);
  constexpr int fraction = 7, minExponent = -126;
  int shift = fraction - std::max(std::ilogb(x), minExponent);
  double rounded =
      double(std::ldexp(std::nearbyint(std::ldexp(x, shift)), -shift));
  return std::fabs(rounded) < 0x1p128 ? rounded
                                      : std::copysign(HUGE_VAL, rounded);
}

class NearestBF16 : public testing::TestWithParam<Function> {
protected:
  /// The function of every bf16, after `before`, in `lanes` at a time.
  std::vector<uint16_t> onAll(const std::string &before, int lanes) {
    std::string shape = lanes ? "vector<" + std::to_string(lanes) + "xf32>"
                              : std::string("f32");
    std::string body = "%w = arith.extf %a : IN to " + shape +
                       "\n%x = " + before + " %w : " + shape + "\n%f = math." +
                       GetParam().name + " %x : " + shape +
                       "\n%y = arith.truncf %f : " + shape + " to OUT";
    PassJit jit(body, "bf16", "bf16", lanes, true,
                [](mlir::PassManager &passes) {
                  passes.addPass(createExpandMath(
                      {.hasFma = true, .hasScale = true, .hasLookup = true}));
                  passes.addPass(createExpandCasts());
                });
    EXPECT_TRUE(jit.function);
    std::vector<uint16_t> arguments(65536), results(65536);
    std::iota(arguments.begin(), arguments.end(), 0);
    for (size_t i = 0; jit.function && i < arguments.size();
         i += std::max(lanes, 1)) {
      alignas(64) uint16_t in[kLanes], out[kLanes];
      std::copy_n(&arguments[i], std::max(lanes, 1), in);
      jit.function(in, in, in, out);
      std::copy_n(out, std::max(lanes, 1), &results[i]);
    }
    return results;
  }
};

TEST_P(NearestBF16, All) {
  if (!hostHas("avx512f"))
    GTEST_SKIP() << "the processor has no AVX-512";
  // A sign that changed does not make a value longer.
  for (bool negated : {false, true})
    for (int lanes : {kLanes, kLanes / 2, 0}) {
      auto results = onAll(negated ? "arith.negf" : "math.absf", lanes);
      for (int i = 0; i < 65536; ++i) {
        double x = decode(uint16_t(i)), y = decode(results[i]);
        double expected = round(GetParam().exact(negated ? -x : std::fabs(x)));
        if (std::isnan(expected)) {
          ASSERT_TRUE(std::isnan(y)) << i;
          continue;
        }
        ASSERT_EQ(y, expected) << std::hexfloat << x << ", lanes " << lanes;
        ASSERT_EQ(std::signbit(y), std::signbit(expected)) << x;
      }
    }
}

INSTANTIATE_TEST_SUITE_P(All, NearestBF16,
                         testing::Values(Function{"exp", std::exp},
                                         Function{"erf", std::erf},
                                         Function{"tanh", std::tanh}),
                         [](const auto &info) { return info.param.name; });

} // namespace
