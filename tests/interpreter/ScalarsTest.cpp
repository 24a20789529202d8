//===- ScalarsTest.cpp - rounding against llvm::APFloat, memory -----------===//

#include "tests/interpreter/Scalars.h"

#include "llvm/ADT/APFloat.h"
#include "gtest/gtest.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <random>

using namespace normc::interpreter;

namespace {

struct Format {
  ScalarKind kind;
  unsigned width;
  const llvm::fltSemantics &semantics;
  uint16_t (*narrow)(float);
  double (*widen)(uint16_t);
};

const Format kFormats[] = {
    {ScalarKind::F16, 16, llvm::APFloat::IEEEhalf(), floatToHalf, halfToDouble},
    {ScalarKind::BF16, 16, llvm::APFloat::BFloat(), floatToBfloat,
     bfloatToDouble},
    {ScalarKind::F8E4M3FN, 8, llvm::APFloat::Float8E4M3FN(),
     [](float value) -> uint16_t { return doubleToF8(kE4M3FN, value); },
     [](uint16_t bits) { return f8ToDouble(kE4M3FN, uint8_t(bits)); }},
    {ScalarKind::F8E5M2, 8, llvm::APFloat::Float8E5M2(),
     [](float value) -> uint16_t { return doubleToF8(kE5M2, value); },
     [](uint16_t bits) { return f8ToDouble(kE5M2, uint8_t(bits)); }}};

double convert(llvm::APFloat value, const llvm::fltSemantics &semantics) {
  bool losesInfo;
  value.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  value.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven,
                &losesInfo);
  return value.convertToDouble();
}

/// Equal in every bit, or both NaN.
void expectSame(double actual, double expected, double input) {
  if (std::isnan(expected))
    EXPECT_TRUE(std::isnan(actual)) << std::hexfloat << input;
  else
    EXPECT_EQ(std::bit_cast<uint64_t>(actual),
              std::bit_cast<uint64_t>(expected))
        << std::hexfloat << input << " gives " << actual << ", not "
        << expected;
}

TEST(ScalarsTest, EverySmallFloatWidensAndComesBack) {
  for (const Format &format : kFormats)
    for (uint32_t bits = 0; bits < 1u << format.width; ++bits) {
      llvm::APFloat value(format.semantics, llvm::APInt(format.width, bits));
      double widened = format.widen(bits);
      expectSame(widened, convert(value, format.semantics), bits);
      if (!std::isnan(widened)) {
        ASSERT_EQ(format.narrow(float(widened)), bits);
        ASSERT_EQ(roundDouble(format.kind, widened), widened);
      } else {
        ASSERT_TRUE(std::isnan(
            format.widen(format.narrow(static_cast<float>(widened)))));
      }
    }
}

// Next to every small float and every midpoint of two: there, rounding to float
// first goes wrong.
TEST(ScalarsTest, DoublesRoundOnceNearTies) {
  for (const Format &format : kFormats)
    for (uint32_t bits = 0; bits < (1u << (format.width - 1)) - 1; ++bits) {
      double low = format.widen(bits), high = format.widen(bits + 1);
      if (!std::isfinite(low) || !std::isfinite(high))
        continue;
      for (double point : {low, (low + high) / 2})
        for (double value :
             {point, std::nextafter(point, 0.0), std::nextafter(point, 1e300)})
          for (double input : {value, -value})
            expectSame(roundDouble(format.kind, input),
                       convert(llvm::APFloat(input), format.semantics), input);
    }
}

TEST(ScalarsTest, RandomDoublesRoundAsAPFloatDoes) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 200000; ++i) {
    // All exponents of float and a few more, and every now and then any bits.
    uint64_t bits = random();
    double value = i % 8 == 0 ? std::bit_cast<double>(bits)
                              : std::ldexp(double(int64_t(bits)) * 0x1p-63,
                                           int(random() % 320) - 170);
    for (const Format &format : kFormats)
      expectSame(roundDouble(format.kind, value),
                 convert(llvm::APFloat(value), format.semantics), value);
    expectSame(roundDouble(ScalarKind::F32, value), float(value), value);
    expectSame(roundDouble(ScalarKind::F64, value), value, value);
  }
}

TEST(ScalarsTest, LongDoublesRoundOnce) {
  // One bit above a tie, which only a long double holds.
  EXPECT_EQ(roundTo(ScalarKind::BF16, 1.0L + 0x1p-8L), 1.0);
  EXPECT_EQ(roundTo(ScalarKind::BF16, 1.0L + 0x1p-8L + 0x1p-60L), 1 + 0x1p-7);
  EXPECT_EQ(roundTo(ScalarKind::F16, 1.0L + 0x1p-11L + 0x1p-60L), 1 + 0x1p-10);
  EXPECT_EQ(roundTo(ScalarKind::F16, -1.0L - 0x1p-11L - 0x1p-60L),
            -1 - 0x1p-10);
  EXPECT_EQ(roundTo(ScalarKind::F32, 1.0L + 0x1p-24L + 0x1p-60L), 1 + 0x1p-23);
  EXPECT_EQ(roundTo(ScalarKind::F64, 1.0L + 0x1p-53L), 1.0);
  EXPECT_EQ(roundTo(ScalarKind::BF16, 1e4000L), INFINITY);
  EXPECT_TRUE(std::isnan(roundTo(ScalarKind::F16, NAN)));
}

TEST(ScalarsTest, MaximumAndMinimum) {
  EXPECT_EQ(maximum(1, 2), 2);
  EXPECT_EQ(minimum(1, 2), 1);
  EXPECT_FALSE(std::signbit(maximum(-0.0, 0.0)));
  EXPECT_FALSE(std::signbit(maximum(0.0, -0.0)));
  EXPECT_TRUE(std::signbit(minimum(-0.0, 0.0)));
  EXPECT_TRUE(std::signbit(minimum(0.0, -0.0)));
  EXPECT_TRUE(std::isnan(maximum(NAN, 1)));
  EXPECT_TRUE(std::isnan(minimum(1, NAN)));
}

TEST(ScalarsTest, ElementsGoToMemoryAndBack) {
  for (ScalarType type :
       {ScalarType{ScalarKind::F8E4M3FN, 8}, ScalarType{ScalarKind::F8E5M2, 8},
        ScalarType{ScalarKind::F16, 16}, ScalarType{ScalarKind::BF16, 16},
        ScalarType{ScalarKind::F32, 32}, ScalarType{ScalarKind::F64, 64},
        ScalarType{ScalarKind::Int, 1}, ScalarType{ScalarKind::Int, 8},
        ScalarType{ScalarKind::Int, 16}, ScalarType{ScalarKind::Int, 32},
        ScalarType{ScalarKind::Int, 64}}) {
    std::array<Slot, 3> values, back;
    for (int l = 0; l < 3; ++l)
      if (type.isFloat())
        values[l].f = l - 1.5;
      else
        values[l].i = l == 1 ? 0 : -1;
    for (int64_t stride : {9, -9}) { // Unaligned, and in either direction.
      std::array<std::byte, 64> memory;
      memory.fill(std::byte{0x77});
      storeLanes(type, memory.data() + 25, stride, values.data(), 3);
      EXPECT_EQ(memory[24], std::byte{0x77});
      EXPECT_EQ(memory[25 + type.getBytes()], std::byte{0x77});
      loadLanes(type, memory.data() + 25, stride, back.data(), 3);
      EXPECT_EQ(std::memcmp(&values, &back, sizeof(values)), 0);
    }
  }
  // A true i1 is the byte 1.
  Slot yes;
  yes.i = -1;
  std::byte byte{0x77};
  storeLanes({ScalarKind::Int, 1}, &byte, 0, &yes, 1);
  EXPECT_EQ(byte, std::byte{1});
}

} // namespace
