//===- RandomFillTest.cpp - arrays of random numbers ----------------------===//

#include "tools/normc/RandomFill.h"
#include "tools/normc/Stats.h"

#include <gtest/gtest.h>

#include <cstring>

using namespace normc;
using namespace normc::tool;

static Array fill(uint64_t seed, const char *name, bool isPositive,
                  Executor &executor, DType dtype = DType::F32) {
  Array array = *allocateArray(dtype, {70000, 2}, "'x'"); // Several blocks.
  fillRandom(array, seed, name, isPositive, executor);
  return array;
}

static bool areEqual(const Array &a, const Array &b) {
  return std::memcmp(a.data.get(), b.data.get(), size_t(a.bytes)) == 0;
}

TEST(RandomFillTest, NormalNumbersOfEveryType) {
  for (DType dtype : {DType::F16, DType::BF16, DType::F32, DType::F64}) {
    Array array = fill(1, "x", false, serialExecutor(), dtype);
    ArrayStats stats = summarize(array);
    EXPECT_EQ(stats.nans, 0);
    EXPECT_NEAR(stats.mean, 0, 0.02) << toString(dtype);
    EXPECT_NEAR(stats.rms, 1, 0.02) << toString(dtype);
    EXPECT_LT(stats.min, -3);
    EXPECT_GT(stats.max, 3);
  }
}

TEST(RandomFillTest, NarrowNumbersAndIntegers) {
  for (auto [dtype, scale] :
       {std::pair(DType::F8E4M3FN, 1), std::pair(DType::F8E5M2, 1),
        std::pair(DType::I8, 32), std::pair(DType::I32, 32),
        std::pair(DType::I64, 32)}) {
    ArrayStats stats = summarize(fill(1, "x", false, serialExecutor(), dtype));
    EXPECT_EQ(stats.nans, 0);
    EXPECT_NEAR(stats.mean / scale, 0, 0.02) << toString(dtype);
    EXPECT_NEAR(stats.rms / scale, 1, 0.02) << toString(dtype);
  }
}

TEST(RandomFillTest, SeedAndNameDecide) {
  Executor &serial = serialExecutor();
  Array array = fill(1, "x", false, serial);
  EXPECT_TRUE(areEqual(array, fill(1, "x", false, defaultExecutor())));
  EXPECT_FALSE(areEqual(array, fill(2, "x", false, serial)));
  EXPECT_FALSE(areEqual(array, fill(1, "y", false, serial)));
  EXPECT_FALSE(
      areEqual(fill(1, "xy", false, serial), fill(1, "yx", false, serial)));
}

TEST(RandomFillTest, VariancesArePositive) {
  EXPECT_GE(summarize(fill(1, "v", true, serialExecutor())).min, 0.5);
}

TEST(RandomFillTest, NothingToFill) {
  Array array = *allocateArray(DType::F32, {0, 4}, "'x'");
  fillRandom(array, 1, "x", false, defaultExecutor());
  EXPECT_EQ(array.bytes, 0);
}
