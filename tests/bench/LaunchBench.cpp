//===- LaunchBench.cpp - what handing out chunks costs --------------------===//
//
// Calls of few chunks on the calling thread and on all threads, in turns.
//
//===----------------------------------------------------------------------===//

#include "normc/normc.h"
#include "runtime/Checks.h"
#include "tests/bench/Percentiles.h"

#include <benchmark/benchmark.h>

#include <vector>

using namespace normc;

/// Keeps this thread busy for a while, so that the others fall asleep.
static void workAlone(double nanoseconds) {
  auto end = std::chrono::steady_clock::now() +
             std::chrono::duration<double, std::nano>(nanoseconds);
  while (std::chrono::steady_clock::now() < end)
    ;
}

/// RMSNorm of rows of 4096 f32. Arguments: rows; microseconds that the calling
/// thread does something else before each call.
static void launchRows(benchmark::State &state) {
  const int64_t rows = state.range(0), n = 4096;
  Result<Kernel> kernel = jit(rmsNorm({.shape = {kDynamic, n}}));
  if (!kernel)
    return state.SkipWithError(kernel.error().message.c_str());
  std::vector<float> x(rows * n, 1.0f), scale(n, 2.0f), y(rows * n);
  const TensorRef arguments[] = {
      TensorRef::contiguous(x.data(), DType::F32, {rows, n}),
      TensorRef::contiguous(scale.data(), DType::F32, {n}),
      TensorRef::contiguous(y.data(), DType::F32, {rows, n})};
  const TensorRef *ordered[] = {&arguments[0], &arguments[1], &arguments[2]};
  CallFrame frame;
  if (!checkCall(kernel->artifact(), ordered, frame))
    return state.SkipWithError("refused");
  auto timed = [&](Executor &executor) {
    workAlone(1e3 * double(state.range(1)));
    return bench::nanosecondsOf(1, [&] {
      if (!kernel->run(arguments, executor))
        state.SkipWithError("refused");
    });
  };
  std::vector<double> serial, parallel;
  for (auto _ : state) {
    serial.push_back(timed(serialExecutor()));
    parallel.push_back(timed(defaultExecutor()));
  }
  state.counters["chunks"] = double(frame.chunkCounts[0]);
  state.counters["serial_us"] = bench::percentile(serial, 0.5) / 1e3;
  state.counters["parallel_us"] = bench::percentile(parallel, 0.5) / 1e3;
  state.counters["speedup"] =
      bench::percentile(serial, 0.5) / bench::percentile(parallel, 0.5);
}
BENCHMARK(launchRows)
    ->ArgsProduct({{1, 2, 4, 8, 16, 32, 64, 128, 256}, {0, 1000}})
    ->ArgNames({"rows", "pause_us"});

/// A parallel loop of bodies that do nothing, by the number of chunks.
static void handOutNothing(benchmark::State &state) {
  for (auto _ : state)
    defaultExecutor().parallelFor(
        state.range(0), [](void *, int64_t, int64_t) {}, nullptr);
}
BENCHMARK(handOutNothing)->RangeMultiplier(2)->Range(1, 64);
