//===- Float8CastsTest.cpp - norm-expand-casts of 8 bits, executed --------===//
//
// Against the nearest number in a table of all of them, found by comparing with
// the points half-way between neighbours, which are exact. No arithmetic of the
// pass is in it.
//
//===----------------------------------------------------------------------===//

#include "PassJit.h"
#include "compiler/passes/Passes.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

using namespace normc;
using namespace normc::test;

namespace {

/// A float of 8 bits as the list of its numbers.
struct Format {
  std::string name;
  bool hasInfinity;
  std::vector<double> numbers; ///< Not negative, in order: by their bits.

  /// Of the least normal number's exponent.
  Format(std::string name, bool hasInfinity, int fraction, int minExponent,
         double largest)
      : name(std::move(name)), hasInfinity(hasInfinity) {
    double step = std::ldexp(1.0, minExponent - fraction);
    for (double x = 0; x <= largest; x += step) {
      numbers.push_back(x);
      if (x >= step * (2 << fraction)) // A power of two.
        step *= 2;
    }
  }

  double decode(uint8_t bits) const {
    size_t magnitude = bits & 0x7f;
    double value = magnitude < numbers.size() ? numbers[magnitude]
                   : hasInfinity && magnitude == numbers.size()
                       ? HUGE_VAL
                       : std::numeric_limits<double>::quiet_NaN();
    return bits & 0x80 ? -value : value;
  }
  bool isNaN(uint8_t bits) const { return std::isnan(decode(bits)); }

  /// Half-way from the number of these bits to the next, the largest one's next
  /// being as if there were more.
  double midpoint(size_t bits) const {
    if (bits + 1 < numbers.size())
      return (numbers[bits] + numbers[bits + 1]) / 2;
    return numbers[bits] + (numbers[bits] - numbers[bits - 1]) / 2;
  }

  /// Of a number or an infinity. What stands for infinity is one past the
  /// largest number, in either format.
  uint8_t encode(double value) const {
    uint8_t bits = std::signbit(value) ? 0x80 : 0;
    double magnitude = std::fabs(value);
    size_t nearest = 0;
    while (nearest < numbers.size() &&
           (magnitude > midpoint(nearest) ||
            (magnitude == midpoint(nearest) && nearest % 2 == 1)))
      ++nearest;
    return bits | uint8_t(nearest);
  }
};

const Format &e4m3() {
  static const Format format("f8E4M3FN", false, 3, -6, 448);
  return format;
}
const Format &e5m2() {
  static const Format format("f8E5M2", true, 2, -14, 57344);
  return format;
}

/// A cast whose bytes come or go as integers, since LLVM has no such floats.
PassJit castJit(const std::string &op, const std::string &in,
                const std::string &out, int lanes, bool hardwareF16) {
  auto shaped = [&](const std::string &type) {
    return lanes ? "vector<" + std::to_string(lanes) + "x" + type + ">" : type;
  };
  bool extends = op == "extf";
  std::string from = shaped(in), to = shaped(out), bytes = shaped("i8");
  std::string body =
      extends ? "%f = arith.bitcast %a : " + bytes + " to " + from +
                    "\n%y = arith.extf %f : " + from + " to " + to
              : "%f = arith.truncf %a : " + from + " to " + to +
                    "\n%y = arith.bitcast %f : " + to + " to " + bytes;
  return PassJit(body, extends ? "i8" : in, extends ? out : "i8", lanes,
                 hardwareF16, [&](mlir::PassManager &passes) {
                   ExpandCastsOptions options;
                   options.hardwareF16 = hardwareF16;
                   passes.addPass(createExpandCasts(options));
                 });
}

std::vector<bool> conversions() {
  return hostHas("f16c") ? std::vector<bool>{false, true}
                         : std::vector<bool>{false};
}

/// f16 or bf16 as the float that its bits are.
double widen(const std::string &type, uint16_t bits) {
  if (type == "bf16")
    return std::bit_cast<float>(uint32_t(bits) << 16);
  return double(std::bit_cast<_Float16>(bits));
}

template <typename Wide, typename Decode>
void checkExtension(const Format &format, const std::string &wide,
                    Decode decode) {
  std::vector<uint8_t> all(256);
  std::iota(all.begin(), all.end(), uint8_t(0));
  for (bool hardware : conversions()) {
    PassJit jit = castJit("extf", format.name, wide, kLanes, hardware);
    PassJit scalar = castJit("extf", format.name, wide, 0, hardware);
    ASSERT_TRUE(jit.function && scalar.function);
    auto out = run<Wide>(jit, all);
    for (size_t i = 0; i < all.size(); ++i) {
      Wide one;
      scalar.function(&all[i], &all[i], &all[i], &one);
      for (double value : {decode(out[i]), decode(one)}) {
        double expected = format.decode(all[i]);
        EXPECT_EQ(std::signbit(value), bool(all[i] & 0x80)) << i;
        if (std::isnan(expected))
          EXPECT_TRUE(std::isnan(value)) << format.name << " " << i;
        else
          EXPECT_EQ(value, expected) << format.name << " " << i;
      }
    }
  }
}

void expectCast(const Format &format, double value, uint8_t bits) {
  if (std::isnan(value))
    ASSERT_TRUE(format.isNaN(bits) &&
                bool(bits & 0x80) == bool(std::signbit(value)))
        << int(bits);
  else
    ASSERT_EQ(bits, format.encode(value))
        << std::hexfloat << value << " to " << format.name;
}

template <typename Wide, typename Decode>
void checkTruncation(const Format &format, const std::string &wide,
                     std::vector<Wide> values, Decode decode,
                     bool hardware = false) {
  PassJit jit = castJit("truncf", wide, format.name, kLanes, hardware);
  PassJit scalar = castJit("truncf", wide, format.name, 0, hardware);
  ASSERT_TRUE(jit.function && scalar.function);
  pad(values);
  auto out = run<uint8_t>(jit, values);
  for (size_t i = 0; i < values.size(); ++i) {
    expectCast(format, decode(values[i]), out[i]);
    if (i % 64 == 0) {
      uint8_t one;
      scalar.function(&values[i], &values[i], &values[i], &one);
      ASSERT_EQ(one, out[i]) << decode(values[i]) << " as a scalar";
    }
  }
}

double same(double value) { return value; }

/// All numbers and half-way points, what lies a few representable steps beside
/// each, and what a stop in a narrower type would move onto them.
template <typename Wide>
std::vector<Wide> neighbourhoods(const Format &format) {
  std::vector<Wide> values;
  for (size_t bits = 0; bits < format.numbers.size(); ++bits)
    for (double centre : {format.numbers[bits], format.midpoint(bits)}) {
      Wide up = Wide(centre), down = Wide(centre);
      for (int step = 0; step < 4; ++step) {
        values.insert(values.end(), {up, down, -up, -down});
        up = std::nextafter(up, Wide(HUGE_VAL));
        down = std::nextafter(down, -Wide(HUGE_VAL));
      }
      for (double near : {0x1p-9, 0x1p-12, 0x1p-26, 0x1p-30, 0x1p-45})
        for (double sign : {1.0, -1.0})
          values.insert(values.end(), {Wide(centre * (sign + near)),
                                       Wide(centre * (sign - near))});
    }
  using Limits = std::numeric_limits<Wide>;
  for (Wide value :
       {Limits::quiet_NaN(), Limits::infinity(), Limits::max(), Limits::min(),
        Limits::denorm_min(), Wide(512), Wide(65536), Wide(480), Wide(61440)})
    values.insert(values.end(), {value, -value});
  return values;
}

// Figures of the OCP 8-bit floating point specification, table 1.
TEST(Float8Casts, TheTablesAreTheFormats) {
  EXPECT_EQ(e4m3().numbers.size(), 0x7fu);
  EXPECT_EQ(e5m2().numbers.size(), 0x7cu);
  EXPECT_EQ(e4m3().decode(0x7e), 448);
  EXPECT_EQ(e5m2().decode(0x7b), 57344);
  EXPECT_EQ(e4m3().decode(0x08), 0x1p-6);         // The least normal number,
  EXPECT_EQ(e4m3().decode(0x07), 0.875 * 0x1p-6); // the largest subnormal,
  EXPECT_EQ(e4m3().decode(0x01), 0x1p-9);         // and the least.
  EXPECT_EQ(e5m2().decode(0x04), 0x1p-14);
  EXPECT_EQ(e5m2().decode(0x03), 0.75 * 0x1p-14);
  EXPECT_EQ(e5m2().decode(0x01), 0x1p-16);
  EXPECT_EQ(e5m2().decode(0xfc), -HUGE_VAL);
  EXPECT_TRUE(e4m3().isNaN(0x7f) && e5m2().isNaN(0x7d));
  EXPECT_EQ(e4m3().decode(0x38), 1);
  EXPECT_EQ(e5m2().decode(0x3d), 1.25);
}

TEST(Float8Casts, ExtensionOfEveryValue) {
  for (const Format *format : {&e4m3(), &e5m2()}) {
    checkExtension<float>(*format, "f32", same);
    checkExtension<double>(*format, "f64", same);
    for (std::string half : {"f16", "bf16"})
      checkExtension<uint16_t>(
          *format, half, [&](uint16_t bits) { return widen(half, bits); });
  }
}

TEST(Float8Casts, TruncationOfEveryHalf) {
  std::vector<uint16_t> all(0x10000);
  std::iota(all.begin(), all.end(), uint16_t(0));
  for (const Format *format : {&e4m3(), &e5m2()})
    for (std::string half : {"f16", "bf16"})
      for (bool hardware : conversions())
        checkTruncation(
            *format, half, all,
            [&](uint16_t bits) { return widen(half, bits); }, hardware);
}

TEST(Float8Casts, TruncationFromF32) {
  for (const Format *format : {&e4m3(), &e5m2()}) {
    checkTruncation(*format, "f32", neighbourhoods<float>(*format), same);
    checkTruncation(*format, "f32", f32Patterns(1031), same);
    std::vector<float> nans; // Those whose upper payload is empty, too.
    for (uint32_t p = 1; p < 0x800000; p = p * 2 + 1)
      for (uint32_t bits :
           {0x7f800000 | p, 0xff800000 | p, 0x7f800000 | -p << 9})
        nans.push_back(std::bit_cast<float>(bits));
    checkTruncation(*format, "f32", nans, same);
  }
}

TEST(Float8Casts, TruncationFromF64RoundsOnce) {
  std::mt19937_64 random(1);
  std::vector<double> values(1'000'000);
  for (size_t i = 0; i < values.size(); ++i) {
    uint64_t bits = random();
    if (i % 2) // The exponents around those of the formats.
      bits = (bits & ~(0x7ffull << 52)) | (1023 - 24 + (bits >> 52) % 48) << 52;
    values[i] = std::bit_cast<double>(bits);
  }
  for (const Format *format : {&e4m3(), &e5m2()}) {
    checkTruncation(*format, "f64", neighbourhoods<double>(*format), same);
    checkTruncation(*format, "f64", values, same);
  }
}

} // namespace
