//===- ExpandCastsTest.cpp - norm-expand-casts, executed ------------------===//
//
// Against rounding in long double, which shares no code with the pass.
//
//===----------------------------------------------------------------------===//

#include "PassJit.h"
#include "compiler/passes/Passes.h"

#include "gtest/gtest.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <random>
#include <vector>

using namespace normc;
using namespace normc::test;

namespace {

/// bf16 or f16 in plain arithmetic.
struct Format {
  const char *name;
  int fraction, minExponent, maxExponent;

  bool isNaN(uint16_t h) const { return (h & 0x7fff) > infinity(); }
  bool isQuietNaN(uint16_t h) const {
    return isNaN(h) && (h >> (fraction - 1) & 1);
  }
  uint16_t infinity() const { return 0x7fff >> fraction << fraction; }

  double decode(uint16_t h) const {
    int exponent = (h & 0x7fff) >> fraction;
    double significand = h & ((1 << fraction) - 1);
    double sign = h >> 15 ? -1 : 1;
    if ((h & 0x7fff) == infinity())
      return sign * HUGE_VAL;
    if (exponent == 0)
      return sign * std::ldexp(significand, minExponent - fraction);
    return sign * std::ldexp(significand + (1 << fraction),
                             exponent - 1 + minExponent - fraction);
  }

  /// The nearest value of the format, by rounding a scaled long double to an
  /// integer; x is no NaN.
  uint16_t encode(double x) const {
    uint16_t sign = std::signbit(x) ? 0x8000 : 0;
    if (std::isinf(x))
      return sign | infinity();
    if (x == 0)
      return sign;
    int exponent = std::max(std::ilogb(x), minExponent);
    long double steps = std::nearbyint(
        std::ldexp(std::fabs((long double)x), fraction - exponent));
    // Counting steps from zero, the encoding is one integer scale: the
    // implicit bit of `steps` carries into the exponent field.
    auto pattern =
        uint32_t(exponent - minExponent) * (1u << fraction) + uint32_t(steps);
    return sign | uint16_t(std::min<uint32_t>(pattern, infinity()));
  }
};

constexpr Format kBF16{"bf16", 7, -126, 127}, kF16{"f16", 10, -14, 15};

PassJit castJit(const std::string &in, const std::string &out, int lanes,
                bool hardwareF16 = false) {
  bool widens = in.size() == 3 ? out != "f16" && out != "bf16" : in == "bf16";
  return PassJit(std::string("%y = arith.") + (widens ? "extf" : "truncf") +
                     " %a : IN to OUT",
                 in, out, lanes, hardwareF16, [&](mlir::PassManager &passes) {
                   ExpandCastsOptions options;
                   options.hardwareF16 = hardwareF16;
                   passes.addPass(createExpandCasts(options));
                 });
}

template <typename Wide>
void checkExtension(const Format &format, const char *wide, int lanes,
                    bool hardwareF16 = false) {
  PassJit jit = castJit(format.name, wide, lanes, hardwareF16);
  ASSERT_TRUE(jit.function);
  for (uint32_t h = 0; h < 0x10000; h += kLanes) {
    alignas(64) uint16_t in[kLanes];
    alignas(64) Wide out[kLanes];
    for (int i = 0; i < kLanes; ++i)
      in[i] = h + i;
    for (int i = 0; i < (lanes ? 1 : kLanes); ++i)
      jit.function(in + i, in + i, in + i, out + i);
    for (int i = 0; i < kLanes; ++i) {
      if (format.isNaN(in[i])) {
        EXPECT_TRUE(std::isnan(out[i]) &&
                    std::signbit(out[i]) == bool(in[i] >> 15))
            << in[i];
        continue;
      }
      Wide expected = format.decode(in[i]);
      ASSERT_TRUE(out[i] == expected &&
                  std::signbit(out[i]) == std::signbit(expected))
          << format.name << " 0x" << std::hex << in[i] << " gave " << out[i];
    }
  }
}

template <typename Wide>
void checkTruncation(const Format &format, const char *wide,
                     std::vector<Wide> values, bool hardwareF16 = false) {
  PassJit jit = castJit(wide, format.name, kLanes, hardwareF16);
  PassJit scalar = castJit(wide, format.name, 0, hardwareF16);
  ASSERT_TRUE(jit.function && scalar.function);
  pad(values);
  auto out = run<uint16_t>(jit, values);
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) {
      ASSERT_TRUE(format.isQuietNaN(out[i]));
    } else {
      ASSERT_EQ(out[i], format.encode(values[i]))
          << std::hexfloat << values[i] << " to " << format.name;
    }
    if (i % 64 == 0) {
      uint16_t one;
      scalar.function(&values[i], &values[i], &values[i], &one);
      ASSERT_EQ(one, out[i]) << std::hexfloat << values[i] << " as a scalar";
    }
  }
}

/// All values of `format`, the ties between neighbours, and what lies a few
/// representable steps beside each, both signs.
template <typename Wide> std::vector<Wide> tieNeighbourhoods(Format format) {
  std::vector<Wide> values;
  for (uint32_t h = 0; h <= format.infinity(); ++h) {
    double low = format.decode(h), high = format.decode(h + 1);
    if (h + 1 >= format.infinity()) // as if the exponents went on
      high = std::ldexp(1.0, format.maxExponent + 1);
    for (double centre : {low, low / 2 + high / 2}) {
      Wide up = centre, down = centre;
      for (int step = 0; step < 3; ++step) {
        values.insert(values.end(), {up, down, -up, -down});
        up = std::nextafter(up, Wide(HUGE_VAL));
        down = std::nextafter(down, Wide(0));
      }
      // What f32 as a stop on the way from f64 would turn into a tie.
      for (double near : {0x1p-26, 0x1p-30, 0x1p-45})
        for (double sign : {1.0, -1.0})
          values.insert(values.end(), {Wide(centre * (sign + near)),
                                       Wide(centre * (sign - near))});
    }
  }
  Wide nan = std::numeric_limits<Wide>::quiet_NaN();
  values.insert(values.end(), {nan, -nan, Wide(HUGE_VAL), Wide(-HUGE_VAL)});
  return values;
}

std::vector<double> f64Patterns(size_t count) {
  std::mt19937_64 random(1);
  std::vector<double> values(count);
  for (size_t i = 0; i < count; ++i) {
    uint64_t p = random();
    if (i % 2) // the exponents around those of the narrow formats
      p = (p & ~(0x7ffull << 52)) | (1023 - 160 + (p >> 52) % 320) << 52;
    values[i] = std::bit_cast<double>(p);
  }
  return values;
}

TEST(ExpandCasts, ExtensionOfEveryValue) {
  for (const Format &format : {kBF16, kF16})
    for (int lanes : {kLanes, 0}) {
      checkExtension<float>(format, "f32", lanes);
      checkExtension<double>(format, "f64", lanes);
    }
}

TEST(ExpandCasts, TruncationFromF32) {
  for (const Format &format : {kBF16, kF16}) {
    checkTruncation(format, "f32", tieNeighbourhoods<float>(format));
    checkTruncation(format, "f32", f32Patterns(521));
  }
}

TEST(ExpandCasts, TruncationFromF64RoundsOnce) {
  for (const Format &format : {kBF16, kF16}) {
    checkTruncation(format, "f64", tieNeighbourhoods<double>(format));
    checkTruncation(format, "f64", f64Patterns(1'000'000));
  }
}

TEST(ExpandCasts, HardwareF16) {
  if (!hostHas("f16c"))
    GTEST_SKIP() << "this machine has no F16C";
  checkExtension<double>(kF16, "f64", kLanes, true);
  checkTruncation(kF16, "f32", tieNeighbourhoods<float>(kF16), true);
  checkTruncation(kF16, "f64", tieNeighbourhoods<double>(kF16), true);
}

/// `values` through `body`, 32 lanes at a time, with AVX512-BF16.
template <typename Out, typename In>
std::vector<Out> runInHardware(const std::string &body, const std::string &in,
                               const std::string &out,
                               const std::vector<In> &values) {
  constexpr size_t lanes = 32;
  PassJit jit(body, in, out, lanes, true, [](mlir::PassManager &passes) {
    ExpandCastsOptions options;
    options.hardwareBF16 = true;
    passes.addPass(createExpandCasts(options));
  });
  std::vector<Out> results(values.size());
  EXPECT_TRUE(jit.function);
  for (size_t i = 0; jit.function && i + lanes <= values.size(); i += lanes) {
    alignas(128) In from[lanes];
    alignas(128) Out to[lanes];
    std::copy_n(&values[i], lanes, from);
    jit.function(from, from, from, to);
    std::copy_n(to, lanes, &results[i]);
  }
  return results;
}

/// The same through one cast.
template <typename Out, typename In>
std::vector<Out> castInHardware(const std::string &op, const std::string &in,
                                const std::string &out,
                                const std::vector<In> &values) {
  return runInHardware<Out>("%y = arith." + op + " %a : IN to OUT", in, out,
                            values);
}

// Subnormals among others, and vectors without any, which go another way.
TEST(ExpandCasts, HardwareBF16) {
  if (!hostHas("avx512bf16"))
    GTEST_SKIP() << "this machine has no AVX512-BF16";
  std::vector<float> values = tieNeighbourhoods<float>(kBF16);
  for (uint32_t p = 1; p < 0x400000; p += 37) // signalling NaNs
    values.push_back(std::bit_cast<float>(0x7f800000 | p));
  std::vector<float> patterns = f32Patterns(521);
  values.insert(values.end(), patterns.begin(), patterns.end());
  std::vector<float> normal;
  for (float value : values)
    if (value == 0 || !(std::fabs(value) < 0x1p-126f))
      normal.push_back(value);
  for (std::vector<float> *some : {&values, &normal}) {
    some->resize(some->size() / 32 * 32);
    auto out = castInHardware<uint16_t>("truncf", "f32", "bf16", *some);
    for (size_t i = 0; i < some->size(); ++i) {
      float value = (*some)[i];
      if (std::isnan(value)) {
        ASSERT_TRUE(kBF16.isQuietNaN(out[i]));
        ASSERT_EQ(out[i] | 0x40, std::bit_cast<uint32_t>(value) >> 16 | 0x40);
      } else {
        ASSERT_EQ(out[i], kBF16.encode(value)) << std::hexfloat << value;
      }
    }
  }
  std::vector<uint16_t> halves(0x10000);
  std::iota(halves.begin(), halves.end(), uint16_t(0));
  auto wide = castInHardware<uint32_t>("extf", "bf16", "f32", halves);
  for (size_t i = 0; i < halves.size(); ++i)
    ASSERT_EQ(wide[i], uint32_t(halves[i]) << 16);
}

// A sum with a constant is rounded without a question for subnormals: there are
// none, but for a constant as small as the last one, which is asked about.
TEST(ExpandCasts, HardwareBF16OfSums) {
  if (!hostHas("avx512bf16"))
    GTEST_SKIP() << "this machine has no AVX512-BF16";
  std::vector<uint16_t> values(0x10000);
  std::iota(values.begin(), values.end(), uint16_t(0));
  for (float constant : {1.0f, -0x1.fffffep-100f, 0x1.2p-124f}) {
    char literal[16];
    std::snprintf(literal, sizeof literal, "0x%08X",
                  std::bit_cast<uint32_t>(constant));
    auto out = runInHardware<uint16_t>(
        std::string("%f = arith.constant ") + literal +
            " : f32\n"
            "%w = arith.extf %a : IN to vector<32xf32>\n"
            "%v = vector.broadcast %f : f32 to vector<32xf32>\n"
            "%s = arith.addf %w, %v : vector<32xf32>\n"
            "%y = arith.truncf %s : vector<32xf32> to OUT",
        "bf16", "bf16", values);
    for (size_t i = 0; i < values.size(); ++i) {
      float sum = float(kBF16.decode(values[i])) + constant;
      if (kBF16.isNaN(values[i]))
        ASSERT_TRUE(kBF16.isQuietNaN(out[i])) << i;
      else
        ASSERT_EQ(out[i], kBF16.encode(sum)) << i << " + " << constant;
    }
  }
}

TEST(ExpandCasts, SignallingNaNsBecomeQuiet) {
  std::vector<float> values;
  for (uint32_t p = 1; p < 0x400000; p += 37)
    for (uint32_t sign : {0u, 1u << 31})
      values.push_back(std::bit_cast<float>(sign | 0x7f800000 | p));
  checkTruncation(kBF16, "f32", values);
  checkTruncation(kF16, "f32", values);
}

// A rounding in place takes another way than a truncation and an extension.
TEST(ExpandCasts, RoundingInPlace) {
  for (const Format &format : {kBF16, kF16}) {
    std::string type = format.name;
    PassJit jit("%h = arith.truncf %a : IN to vector<16x" + type +
                    ">\n%y = arith.extf %h : vector<16x" + type + "> to OUT",
                "f32", "f32", kLanes, false, [](mlir::PassManager &passes) {
                  passes.addPass(createExpandCasts());
                });
    ASSERT_TRUE(jit.function);
    auto values = tieNeighbourhoods<float>(format);
    pad(values);
    auto out = run<float>(jit, values);
    for (size_t i = 0; i < values.size(); ++i)
      if (!std::isnan(values[i])) {
        ASSERT_EQ(out[i], format.decode(format.encode(values[i])));
      } else {
        ASSERT_TRUE(std::isnan(out[i]));
      }
  }
}

} // namespace
