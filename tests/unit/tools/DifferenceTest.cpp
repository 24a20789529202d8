//===- DifferenceTest.cpp - whether rounding explains it ------------------===//

#include "tools/normc/Difference.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

using namespace normc;
using namespace normc::tool;

/// A row of `count` elements, all of them `value`.
static Array row(DType dtype, int64_t count, double value) {
  Result<Array> array = allocateArray(dtype, Dims{1, count}, "x");
  EXPECT_TRUE(array);
  for (ElementWalk walk(*array); !walk.atEnd(); walk.next())
    storeElement(dtype, walk.address(), value);
  return *std::move(array);
}

static void set(Array &array, int64_t index, double value) {
  storeElement(array.dtype, array.first() + index * byteSize(array.dtype),
               value);
}

TEST(DifferenceTest, SameBits) {
  for (DType dtype : kDTypes)
    for (Sameness sameness : {Sameness::Bits, Sameness::Rounding})
      EXPECT_EQ(
          findDifference(row(dtype, 5, 1.5), row(dtype, 5, 1.5), sameness), "");
}

TEST(DifferenceTest, EveryBitCounts) {
  Array got = row(DType::F32, 5, 1.5);
  set(got, 3, std::nextafter(1.5f, 2.0f));
  EXPECT_EQ(findDifference(row(DType::F32, 5, 1.5), got, Sameness::Bits),
            "expected 1.5 at (0, 3), but got 1.5000001192092896");
  set(got, 3, std::numeric_limits<double>::quiet_NaN());
  EXPECT_NE(findDifference(row(DType::F32, 5, 1.5), got, Sameness::Bits), "");
}

TEST(DifferenceTest, RoundingIsMeasuredByTheLargestResult) {
  for (auto [dtype, unit] :
       {std::pair(DType::F32, 0x1p-23), std::pair(DType::F64, 0x1p-52)}) {
    Array expected = row(dtype, 5, 0), got = row(dtype, 5, 0);
    set(expected, 0, 1.5);
    set(got, 0, 1.5);
    set(got, 3, 32 * unit);
    EXPECT_EQ(findDifference(expected, got, Sameness::Rounding), "");
    set(got, 3, 33 * unit);
    EXPECT_NE(findDifference(expected, got, Sameness::Rounding), "");
  }
}

TEST(DifferenceTest, FewHalvesMayBeTheNeighbour) {
  for (auto [dtype, unit] :
       {std::pair(DType::F16, 0x1p-10), std::pair(DType::BF16, 0x1p-7),
        std::pair(DType::F8E4M3FN, 0x1p-3), std::pair(DType::F8E5M2, 0x1p-2),
        std::pair(DType::I8, 1.0)}) {
    Array expected = row(dtype, 640, 1), got = row(dtype, 640, 1);
    for (int i = 0; i < 14; ++i)
      set(got, i * 7, 1 + unit);
    EXPECT_EQ(findDifference(expected, got, Sameness::Rounding), "");
    set(got, 500, 1 + unit);
    EXPECT_EQ(findDifference(expected, got, Sameness::Rounding),
              "expected at most 1 in 64 elements to differ, but got 15 of 640");
    got = row(dtype, 640, 1);
    set(got, 639, 1 + 2 * unit);
    EXPECT_NE(findDifference(expected, got, Sameness::Rounding)
                  .find("expected 1 at (0, 639), but got "),
              std::string::npos);
  }
}

TEST(DifferenceTest, WiderIntegersAreExact) {
  for (DType dtype : {DType::I32, DType::I64}) {
    Array got = row(dtype, 640, 1000000);
    set(got, 7, 1000001);
    EXPECT_EQ(findDifference(row(dtype, 640, 1000000), got, Sameness::Rounding),
              "expected 1000000 at (0, 7), but got 1000001");
  }
}

// What is left of terms that cancel has their errors, not its own.
TEST(DifferenceTest, HalvesNearZero) {
  for (DType dtype : {DType::F16, DType::BF16}) {
    Array expected = row(dtype, 640, 1), got = row(dtype, 640, 1);
    set(got, 7, 0x1p-18);
    set(expected, 7, 0);
    EXPECT_EQ(findDifference(expected, got, Sameness::Rounding), "");
    set(got, 7, 0x1.1p-18);
    EXPECT_NE(findDifference(expected, got, Sameness::Rounding), "");
  }
}

TEST(DifferenceTest, NansAndInfinities) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  for (DType dtype : {DType::BF16, DType::F32}) {
    Array one = row(dtype, 2, 1), negative = row(dtype, 2, -nan);
    EXPECT_EQ(findDifference(row(dtype, 2, nan), negative, Sameness::Rounding),
              "");
    EXPECT_NE(findDifference(one, row(dtype, 2, nan), Sameness::Rounding), "");
    EXPECT_NE(findDifference(row(dtype, 2, infinity), row(dtype, 2, -infinity),
                             Sameness::Rounding),
              "");
    EXPECT_NE(findDifference(one, row(dtype, 2, infinity), Sameness::Rounding),
              "");
  }
}

TEST(DifferenceTest, GapsBetweenElementsDoNotCount) {
  auto strided = [](float gap) {
    Result<Array> array =
        allocateArray(DType::F32, Dims{2, 2}, Dims{3, 1}, "x");
    EXPECT_TRUE(array);
    const float values[] = {1, 2, gap, 3, 4};
    std::memcpy(array->data.get(), values, sizeof(values));
    return *std::move(array);
  };
  EXPECT_EQ(findDifference(strided(5), strided(6), Sameness::Bits), "");
  Array got = strided(5);
  storeElement(DType::F32, got.data.get() + 16, 9);
  EXPECT_EQ(findDifference(strided(5), got, Sameness::Bits),
            "expected 4 at (1, 1), but got 9");
}
