//===- TuneSearchTest.cpp - a search for a better schedule ----------------===//

#include "tools/normc/TuneSearch.h"

#include <gtest/gtest.h>

#include <limits>

using namespace normc;
using namespace normc::tool;
using measure::Lane;
using Values = std::vector<int64_t>;

static const int64_t kAny = std::numeric_limits<int64_t>::max();

static Values neighbours(const char *name, int64_t value, int64_t most = kAny) {
  ScheduleParameter parameter;
  parameter.name = name;
  parameter.value = value;
  parameter.most = most;
  return listNeighbours(parameter);
}

TEST(TuneSearchTest, Neighbours) {
  EXPECT_EQ(neighbours("rows", 4), (Values{1, 2, 8}));
  EXPECT_EQ(neighbours("prefetch", 1), (Values{0, 2}));
  EXPECT_EQ(neighbours("stream", 4096), (Values{0, 1}));
  EXPECT_EQ(neighbours("stream", 0), (Values{1}));
  EXPECT_EQ(neighbours("unroll", 4), (Values{2, 8}));
  EXPECT_EQ(neighbours("width", 8), (Values{4, 16}));
  EXPECT_EQ(neighbours("chunk", 8), (Values{2, 4, 16, 32}));
}

TEST(TuneSearchTest, NeighboursAreLegal) {
  EXPECT_EQ(neighbours("unroll", 16), (Values{8}));
  EXPECT_EQ(neighbours("unroll", 1), (Values{2}));
  EXPECT_EQ(neighbours("width", 64), (Values{32}));
  EXPECT_EQ(neighbours("width", 2), (Values{4}));
  EXPECT_EQ(neighbours("width", 1), (Values{})); // Scalar code stays scalar.
  EXPECT_EQ(neighbours("chunk", 1), (Values{2, 4}));
}

TEST(TuneSearchTest, NeighboursKeepAccuracy) {
  EXPECT_EQ(neighbours("unroll", 8, 8), (Values{4}));
  EXPECT_EQ(neighbours("unroll", 1, 1), (Values{}));
  EXPECT_EQ(neighbours("chunk", 256, 256), (Values{64, 128}));
  EXPECT_EQ(neighbours("width", 16, 16), (Values{8}));
}

TEST(TuneSearchTest, WhatIsNotSearchedHasNone) {
  EXPECT_EQ(neighbours("resident", 4096), (Values{}));
  EXPECT_EQ(neighbours("threads", 128), (Values{}));
}

TEST(TuneSearchTest, AGainIsMoreThanItsSpread) {
  auto lane = [](double median, double high) {
    return Lane{{}, {median, median, high}};
  };
  EXPECT_TRUE(isGain(lane(0.9, 0.95)));
  EXPECT_TRUE(isGain(lane(0.98, 0.985)));
  EXPECT_FALSE(isGain(lane(0.9, 1.0)));     // A quarter of the rounds: slower.
  EXPECT_FALSE(isGain(lane(0.995, 0.996))); // Less than 1%.
  EXPECT_FALSE(isGain(lane(1.1, 1.2)));
  EXPECT_FALSE(isGain(lane(1, 1)));
}
