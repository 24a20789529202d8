//===- Percentiles.h - medians of what takes nanoseconds --------*- C++ -*-===//
//
// Times something much shorter than the clock's own reading takes.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_BENCH_PERCENTILES_H
#define NORMC_TESTS_BENCH_PERCENTILES_H

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace normc::bench {

/// The value that `share` of the values lie below.
inline double percentile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[size_t(share * double(values.size() - 1))];
}

/// Nanoseconds per call of `call`, over `calls` calls.
template <typename Call> double nanosecondsOf(int calls, Call call) {
  auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < calls; ++i)
    call();
  std::chrono::duration<double, std::nano> took =
      std::chrono::steady_clock::now() - start;
  return took.count() / calls;
}

/// Runs the benchmark's iterations, each of 32 calls timed together, and
/// reports the percentiles of a call's time (the mean of the threads').
template <typename Call>
void reportPercentiles(benchmark::State &state, Call call) {
  constexpr int batch = 32;
  std::vector<double> samples;
  samples.reserve(1 << 20);
  for (auto _ : state) {
    double sample = nanosecondsOf(batch, call);
    if (samples.size() < samples.capacity())
      samples.push_back(sample);
  }
  using benchmark::Counter;
  state.counters["p50_ns"] =
      Counter(percentile(samples, 0.5), Counter::kAvgThreads);
  state.counters["p99_ns"] =
      Counter(percentile(samples, 0.99), Counter::kAvgThreads);
}

} // namespace normc::bench

#endif // NORMC_TESTS_BENCH_PERCENTILES_H
