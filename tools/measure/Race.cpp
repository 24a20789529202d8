//===- Race.cpp - which of several calls is fastest, cold -----------------===//

#include "tools/measure/Race.h"

#include <chrono>

using namespace normc;
using namespace normc::measure;
using Clock = std::chrono::steady_clock;

static double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

static double sample(const std::function<void()> &call, int calls) {
  for (int i = 0; i < calls; ++i)
    call();
  auto start = Clock::now();
  for (int i = 0; i < calls; ++i)
    call();
  return secondsSince(start) / calls;
}

RaceResult normc::measure::race(std::span<const std::function<void()>> variants,
                                int calls, const Effort &effort) {
  const size_t count = variants.size();
  std::vector<std::vector<double>> seconds(count), ratios(count);
  RaceResult result;
  auto start = Clock::now();
  for (; result.rounds < effort.maxRounds; ++result.rounds) {
    if (result.rounds >= effort.minRounds &&
        secondsSince(start) > effort.seconds)
      break;
    for (size_t i = 0; i < count; ++i) {
      size_t next = (i + size_t(result.rounds)) % count;
      seconds[next].push_back(sample(variants[next], calls));
    }
    for (size_t i = 0; i < count; ++i)
      ratios[i].push_back(
          seconds[0].back() > 0 ? seconds[i].back() / seconds[0].back() : 1);
  }
  for (size_t i = 0; i < count; ++i)
    result.lanes.push_back(
        {Spread::of(std::move(seconds[i])), Spread::of(std::move(ratios[i]))});
  return result;
}
