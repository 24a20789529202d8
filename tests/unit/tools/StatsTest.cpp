//===- StatsTest.cpp - what data does to a norm ---------------------------===//

#include "tools/normc/Stats.h"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace normc;
using namespace normc::tool;
using testing::DoubleEq;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

static Array arrayOf(const Dims &shape, const std::vector<double> &values,
                     DType dtype = DType::F32) {
  Array array = *allocateArray(dtype, shape, "'x'");
  size_t i = 0;
  for (ElementWalk walk(array); !walk.atEnd(); walk.next())
    storeElement(dtype, walk.address(), values[i++ % values.size()]);
  return array;
}

static DeclaredNorm norm(const char *statistic, std::vector<int64_t> axes,
                         double epsilon = 1e-5) {
  return {.statistic = statistic,
          .epsilon = epsilon,
          .placement = "add",
          .input = 0,
          .axes = std::move(axes)};
}

TEST(StatsTest, Summary) {
  ArrayStats stats = summarize(arrayOf({2, 2}, {1, NAN, -3, 2}));
  EXPECT_EQ(stats.count, 4);
  EXPECT_EQ(stats.nans, 1);
  EXPECT_EQ(stats.min, -3);
  EXPECT_EQ(stats.max, 2);
  EXPECT_EQ(stats.mean, 0);
  EXPECT_DOUBLE_EQ(stats.rms, std::sqrt(14.0 / 3));
  stats = summarize(arrayOf({2}, {NAN}));
  EXPECT_TRUE(std::isnan(stats.min));
  EXPECT_TRUE(std::isnan(stats.mean));
}

TEST(StatsTest, StatisticsByRowsAndColumns) {
  Array x = arrayOf({2, 3}, {1, 2, 3, 4, 4, 4});
  NormStats rows = computeNormStats(norm("mean_variance", {1}), x);
  EXPECT_EQ(rows.n, 3);
  EXPECT_EQ(rows.groups, 2);
  EXPECT_THAT(rows.statistic, ElementsAre(DoubleEq(2.0 / 3), 0));
  EXPECT_EQ(rows.belowEpsilon, 0.5);
  NormStats columns = computeNormStats(norm("mean_variance", {0}), x);
  EXPECT_EQ(columns.n, 2);
  EXPECT_THAT(columns.statistic, ElementsAre(2.25, 1, 0.25));
  EXPECT_THAT(computeNormStats(norm("rms", {1}), x).statistic,
              ElementsAre(DoubleEq(14.0 / 3), 16));
  EXPECT_THAT(computeNormStats(norm("l2", {0, 1}), x).statistic,
              ElementsAre(62));
}

TEST(StatsTest, GroupsSplitAnAxis) {
  // Two samples of four channels in two groups, two positions.
  Array x = arrayOf({2, 4, 2}, {0, 2, 0, 2, 1, 1, 1, 1, //
                                3, 3, 3, 3, 0, 4, 0, 4});
  DeclaredNorm declared = norm("mean_variance", {1, 2});
  declared.groups = 2;
  declared.groupAxis = 1;
  NormStats stats = computeNormStats(declared, x);
  EXPECT_EQ(stats.n, 4);
  EXPECT_THAT(stats.statistic, ElementsAre(1, 0, 0, 4));
}

TEST(StatsTest, CorrectedVariance) {
  DeclaredNorm declared = norm("mean_variance", {1}, 1.2);
  Array x = arrayOf({1, 4}, {1, -1, 1, -1});
  EXPECT_EQ(computeNormStats(declared, x).belowEpsilon, 1);
  declared.correction = 1;
  EXPECT_THAT(computeNormStats(declared, x).statistic,
              ElementsAre(DoubleEq(4.0 / 3)));
  EXPECT_EQ(computeNormStats(declared, x).belowEpsilon, 0);
}

TEST(StatsTest, PartialStatisticsSeeTheFirstElements) {
  DeclaredNorm declared = norm("rms", {1}, 1e-6);
  declared.partial = 0.25;
  NormStats stats =
      computeNormStats(declared, arrayOf({1, 8}, {0, 0, 5, 5, 5, 5, 5, 5}));
  EXPECT_EQ(stats.n, 2);
  EXPECT_THAT(stats.statistic, ElementsAre(0));
  EXPECT_EQ(stats.belowEpsilon, 1);
}

TEST(StatsTest, OtherStatisticsAreNotMadeUp) {
  NormStats stats = computeNormStats(norm("lp", {1}), arrayOf({2, 3}, {1}));
  EXPECT_EQ(stats.n, 3);
  EXPECT_THAT(stats.statistic, IsEmpty());
}

TEST(StatsTest, NoElements) {
  NormStats stats = computeNormStats(norm("rms", {1}), arrayOf({0, 4}, {1}));
  EXPECT_EQ(stats.groups, 0);
  EXPECT_THAT(stats.statistic, IsEmpty());
  stats = computeNormStats(norm("rms", {1}), arrayOf({4, 0}, {1}));
  EXPECT_EQ(stats.n, 0);
  EXPECT_EQ(stats.belowEpsilon, 0);
}

TEST(StatsTest, EpsilonIsComparedWithWhatItIsAddedTo) {
  Array x = arrayOf({1, 2}, {0.01, -0.01}); // Variance 1e-4, root 1e-2.
  DeclaredNorm declared = norm("mean_variance", {1}, 1e-3);
  EXPECT_EQ(computeNormStats(declared, x).belowEpsilon, 1);
  declared.placement = "after_root";
  EXPECT_EQ(computeNormStats(declared, x).belowEpsilon, 0);
}

static std::vector<std::string> warningsOf(const DeclaredNorm &declared,
                                           const Array &x,
                                           const Array *given = nullptr) {
  return listWarnings(declared, x, computeNormStats(declared, x), given);
}

TEST(StatsTest, WarnsOfSmallBatches) {
  DeclaredNorm batch = norm("mean_variance", {0});
  EXPECT_THAT(warningsOf(batch, arrayOf({15, 2}, {1, 2})),
              ElementsAre(HasSubstr("batch statistics of 15 elements: fewer "
                                    "than 16")));
  EXPECT_THAT(warningsOf(batch, arrayOf({16, 2}, {1, 2})), IsEmpty());
  EXPECT_THAT(warningsOf(norm("rms", {1}), arrayOf({2, 3}, {1, 2})), IsEmpty());
  batch.variance = 1; // Given, so not computed from the batch.
  EXPECT_THAT(warningsOf(batch, arrayOf({15, 2}, {1, 2})), IsEmpty());
}

TEST(StatsTest, WarnsOfAnEpsilonThatChangesNothing) {
  Array x = arrayOf({2, 3}, {1, 2}), wide = arrayOf({2, 3}, {1}, DType::F64);
  DeclaredNorm declared = norm("rms", {1}, 1e-8);
  EXPECT_THAT(warningsOf(declared, x),
              ElementsAre(HasSubstr(
                  "epsilon 1e-08 is below the resolution of f32, 1.19e-07")));
  EXPECT_THAT(warningsOf(declared, wide), IsEmpty());
  EXPECT_THAT(warningsOf(norm("rms", {1}, 1e-17), wide),
              ElementsAre(HasSubstr("below the resolution of f64, 2.22e-16")));
  EXPECT_THAT(warningsOf(norm("rms", {1}, 0), x), IsEmpty());
  declared.placement = "clamp";
  EXPECT_THAT(warningsOf(declared, x), IsEmpty());
}

TEST(StatsTest, WarnsOfVariancesThatDiffer) {
  std::vector<double> values;
  for (int i = 0; i < 16; ++i) // Variances 1 and 4.
    values.insert(values.end(), {i % 2 ? 1.0 : -1.0, i % 2 ? 2.0 : -2.0});
  Array x = arrayOf({16, 2}, values);
  DeclaredNorm declared = norm("mean_variance", {0});
  declared.variance = 1;
  Array far = arrayOf({2}, {4.5, 1}), near = arrayOf({2}, {4, 1});
  EXPECT_THAT(warningsOf(declared, x, &far),
              ElementsAre(HasSubstr("more than 4 times in 1 of 2 groups")));
  EXPECT_THAT(warningsOf(declared, x, &near), IsEmpty());
}

TEST(StatsTest, Report) {
  Artifact artifact;
  artifact.arguments = {{.name = "x", .axes = {{}, {}}},
                        {.name = "y", .isOutput = true, .axes = {{}, {}}}};
  artifact.norms = {norm("rms", {1}, 1e-8), norm("l2", {0})};
  artifact.norms[1].input = -1;
  std::vector<Array> arrays;
  arrays.push_back(arrayOf({2, 3}, {1, 2}));
  arrays.push_back(arrayOf({2, 3}, {1, NAN}));
  std::string text = writeStats(artifact, arrays);
  EXPECT_THAT(text, testing::ContainsRegex("y +f32 +2x3 +1 +1 +1 +1 +3\n"));
  EXPECT_THAT(text, HasSubstr("norm rms over [1] of x\n"));
  EXPECT_THAT(text, HasSubstr("mean of squares below epsilon"));
  EXPECT_THAT(text, HasSubstr("  warning: epsilon 1e-08"));
  EXPECT_THAT(text, HasSubstr("norm l2 over [0]: its input is computed"));
}
