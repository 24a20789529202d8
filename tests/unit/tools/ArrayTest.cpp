//===- ArrayTest.cpp - arrays and their memory ----------------------------===//

#include "tools/normc/Array.h"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>

using namespace normc;
using namespace normc::tool;
using testing::HasSubstr;

static double roundTrip(DType dtype, double value) {
  std::byte bytes[8];
  storeElement(dtype, bytes, value);
  return loadElement(dtype, bytes);
}

TEST(ArrayTest, ElementsOfEveryType) {
  for (DType dtype : {DType::F16, DType::BF16, DType::F32, DType::F64}) {
    for (double value : {0.0, 1.0, -2.5, 0.15625, 65504.0 / 65536})
      EXPECT_EQ(roundTrip(dtype, value),
                dtype == DType::BF16 && value > 0.99 && value < 1 ? 1.0 : value)
          << toString(dtype);
    EXPECT_TRUE(std::signbit(roundTrip(dtype, -0.0)));
    EXPECT_TRUE(std::isnan(roundTrip(dtype, NAN)));
    EXPECT_EQ(roundTrip(dtype, -INFINITY), -INFINITY);
  }
}

TEST(ArrayTest, RoundingToF16) {
  auto f16 = [](double value) { return roundTrip(DType::F16, value); };
  EXPECT_EQ(f16(1 + 0x1p-11), 1.0);            // A tie, to even.
  EXPECT_EQ(f16(1 + 3 * 0x1p-11), 1 + 0x1p-9); // A tie, to even, up.
  EXPECT_EQ(f16(2 - 0x1p-12), 2.0);            // Carries into the exponent.
  EXPECT_EQ(f16(65504), 65504.0);              // The largest.
  EXPECT_EQ(f16(65519), 65504.0);
  EXPECT_EQ(f16(65520), INFINITY);
  EXPECT_EQ(f16(0x1p-14), 0x1p-14);           // The least normal one.
  EXPECT_EQ(f16(0x1p-14 - 0x1p-26), 0x1p-14); // Rounds up to it.
  EXPECT_EQ(f16(0x1p-24), 0x1p-24);           // The least.
  EXPECT_EQ(f16(0x1p-25), 0.0);               // A tie, to even.
  EXPECT_EQ(f16(3 * 0x1p-26), 0x1p-24);
  EXPECT_EQ(f16(5 * 0x1p-24), 5 * 0x1p-24);
}

TEST(ArrayTest, RoundingToBf16) {
  auto bf16 = [](double value) { return roundTrip(DType::BF16, value); };
  EXPECT_EQ(bf16(1 + 0x1p-8), 1.0); // A tie, to even.
  EXPECT_EQ(bf16(1 + 3 * 0x1p-8), 1 + 0x1p-6);
  EXPECT_EQ(bf16(3.4e38), INFINITY);
}

TEST(ArrayTest, RoundingToEightBits) {
  auto e4m3 = [](double value) { return roundTrip(DType::F8E4M3FN, value); };
  EXPECT_EQ(e4m3(1.0625), 1.0);  // A tie, to even.
  EXPECT_EQ(e4m3(1.1875), 1.25); // A tie, to even, up.
  EXPECT_EQ(e4m3(0x1p-9), 0x1p-9);
  EXPECT_EQ(e4m3(0x1p-10), 0);
  EXPECT_EQ(e4m3(7.5 * 0x1p-9), 0x1p-6);
  EXPECT_EQ(e4m3(-464), -448);
  EXPECT_TRUE(std::isnan(e4m3(465)));
  EXPECT_TRUE(std::isnan(e4m3(1e9)));
  EXPECT_TRUE(std::isnan(e4m3(INFINITY)));
  EXPECT_TRUE(std::isnan(e4m3(NAN)));
  auto e5m2 = [](double value) { return roundTrip(DType::F8E5M2, value); };
  EXPECT_EQ(e5m2(1.125), 1.0);
  EXPECT_EQ(e5m2(1.375), 1.5);
  EXPECT_EQ(e5m2(0x1p-16), 0x1p-16);
  EXPECT_EQ(e5m2(61439), 57344);
  EXPECT_EQ(e5m2(-61440), -INFINITY);
  EXPECT_TRUE(std::isnan(e5m2(NAN)));
  for (DType dtype : {DType::F8E4M3FN, DType::F8E5M2})
    for (int bits = 0; bits < 256; ++bits) {
      auto byte = std::byte(bits), back = std::byte(0);
      double value = loadElement(dtype, &byte);
      if (std::isnan(value))
        continue;
      storeElement(dtype, &back, value);
      EXPECT_EQ(back, byte);
    }
}

TEST(ArrayTest, Integers) {
  EXPECT_EQ(roundTrip(DType::I8, -128), -128);
  EXPECT_EQ(roundTrip(DType::I8, 2.5), 2); // A tie, to even.
  EXPECT_EQ(roundTrip(DType::I8, 127.6), 127);
  EXPECT_EQ(roundTrip(DType::I8, -1e9), -128);
  EXPECT_EQ(roundTrip(DType::I8, NAN), 0);
  EXPECT_EQ(roundTrip(DType::I32, -2147483648.0), -2147483648.0);
  EXPECT_EQ(roundTrip(DType::I32, 1e18), 2147483647);
  EXPECT_EQ(roundTrip(DType::I64, 1e30), 0x1p63);
  EXPECT_EQ(roundTrip(DType::I64, -0x1p63), -0x1p63);
}

TEST(ArrayTest, StridesOfAnySign) {
  Result<Array> array = allocateArray(DType::F32, {2, 3}, {-1, 4}, "'x'");
  ASSERT_TRUE(array) << array.error().message;
  EXPECT_EQ(array->bytes, 10 * 4); // From -1 to 8.
  EXPECT_EQ(array->origin, 4);
  EXPECT_FALSE(array->isRowMajor());
  int64_t count = 0;
  std::vector<std::ptrdiff_t> offsets;
  for (ElementWalk walk(*array); !walk.atEnd(); walk.next(), ++count) {
    EXPECT_EQ(walk.index(0), count / 3);
    EXPECT_EQ(walk.index(1), count % 3);
    offsets.push_back((walk.address() - array->first()) / 4);
  }
  EXPECT_EQ(offsets, (std::vector<std::ptrdiff_t>{0, 4, 8, -1, 3, 7}));
}

TEST(ArrayTest, NoElementsAndNoAxes) {
  Result<Array> none = allocateArray(DType::F64, {3, 0}, "'x'");
  ASSERT_TRUE(none);
  EXPECT_EQ(none->bytes, 0);
  EXPECT_TRUE(ElementWalk(*none).atEnd());
  Result<Array> scalar = allocateArray(DType::F64, {}, "'x'");
  ASSERT_TRUE(scalar);
  EXPECT_EQ(scalar->bytes, 8);
  ElementWalk walk(*scalar);
  EXPECT_FALSE(walk.atEnd());
  walk.next();
  EXPECT_TRUE(walk.atEnd());
}

TEST(ArrayTest, WhatIsTooLarge) {
  constexpr int64_t huge = int64_t(1) << 61;
  for (Result<Array> (*make)() :
       {+[] { return allocateArray(DType::F32, {huge, 2}, "'x'"); },
        +[] { return allocateArray(DType::F32, {2, 2}, {huge, 1}, "'x'"); }}) {
    Result<Array> array = make();
    ASSERT_FALSE(array);
    EXPECT_EQ(array.error().kind, ErrorKind::InvalidArgument);
    EXPECT_THAT(
        array.error().message,
        HasSubstr("'x': expected fewer than 2^63 bytes, but got shape"));
  }
  Result<Array> array = allocateArray(DType::F32, {int64_t(1) << 50}, "'x'");
  ASSERT_FALSE(array);
  EXPECT_EQ(array.error().kind, ErrorKind::Environment);
  EXPECT_THAT(array.error().message, HasSubstr("but the machine has"));
}
