//===- RaceTest.cpp - which of several calls is fastest, cold -------------===//

#include "tools/measure/Race.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

using namespace normc::measure;
using Calls = std::vector<std::function<void()>>;

TEST(RaceTest, VariantsTakeTurnsAndAnotherBegins) {
  std::string order;
  Calls calls = {[&] { order += 'a'; }, [&] { order += 'b'; }};
  RaceResult result =
      race(calls, 1, {.minRounds = 3, .maxRounds = 3, .seconds = 0});
  EXPECT_EQ(result.rounds, 3);
  EXPECT_EQ(order, "aabb"
                   "bbaa"
                   "aabb"); // Each first without the clock.
}

TEST(RaceTest, ComparesWithTheFirst) {
  auto sleep = [](int milliseconds) {
    return [=] {
      std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    };
  };
  Calls calls = {sleep(8), sleep(2)};
  RaceResult result =
      race(calls, 2, {.minRounds = 5, .maxRounds = 5, .seconds = 0});
  ASSERT_EQ(result.lanes.size(), 2u);
  EXPECT_EQ(result.lanes[0].ratio.median, 1);
  EXPECT_EQ(result.lanes[0].gain(), 0);
  EXPECT_EQ(result.lanes[0].spread(), 0);
  EXPECT_GE(result.lanes[0].seconds.median, 8e-3); // Of one call.
  EXPECT_GE(result.lanes[1].seconds.median, 2e-3);
  EXPECT_LT(result.lanes[1].ratio.median, 1);
  EXPECT_GT(result.lanes[1].gain(), 0);
  EXPECT_GE(result.lanes[1].spread(), 0);
}

TEST(RaceTest, EndsWithTheTime) {
  int calls = 0;
  Calls one = {[&] {
    ++calls;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }};
  RaceResult result =
      race(one, 1, {.minRounds = 2, .maxRounds = 1000000, .seconds = 0.02});
  EXPECT_GE(result.rounds, 2);
  EXPECT_LE(result.rounds, 21);
  EXPECT_EQ(calls, 2 * result.rounds);
}
