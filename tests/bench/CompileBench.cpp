//===- CompileBench.cpp - how long a kernel takes to compile --------------===//
//
// Every iteration compiles a row length that the process has never seen, from
// the spec to loaded code: any length, most of which end within a vector, or
// whole cache lines, whose rows are written past the caches while the next are
// read.
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/Image.h"
#include "normc/normc.h"
#include "tests/bench/Percentiles.h"

#include <benchmark/benchmark.h>

#include <atomic>
#include <chrono>
#include <vector>

using namespace normc;

static void compileNew(benchmark::State &state, DType dtype,
                       NormSpec (*preset)(RowNormOptions)) {
  static std::atomic<int64_t> anyLength{1024}, wholeLines{4096};
  int64_t step = state.range(0);
  std::atomic<int64_t> &next = step == 1 ? anyLength : wholeLines;
  std::vector<double> milliseconds;
  for (auto _ : state) {
    auto start = std::chrono::steady_clock::now();
    Result<Kernel> kernel =
        jit(preset({.shape = {kDynamic, next += step}, .dtype = dtype}));
    if (!kernel) {
      state.SkipWithError(kernel.error().message.c_str());
      return;
    }
    std::chrono::duration<double, std::milli> took =
        std::chrono::steady_clock::now() - start;
    milliseconds.push_back(took.count());
  }
  state.counters["p50_ms"] = bench::percentile(milliseconds, 0.5);
  state.counters["p99_ms"] = bench::percentile(milliseconds, 0.99);
}

static void lengths(benchmark::internal::Benchmark *benchmark) {
  benchmark->ArgName("multiples_of")->Arg(1)->Arg(64);
  benchmark->Unit(benchmark::kMillisecond)->Iterations(200);
}

BENCHMARK_CAPTURE(compileNew, layer_norm_f32, DType::F32, layerNorm)
    ->Apply(lengths);
BENCHMARK_CAPTURE(compileNew, layer_norm_bf16, DType::BF16, layerNorm)
    ->Apply(lengths);
BENCHMARK_CAPTURE(compileNew, rms_norm_f32, DType::F32, rmsNorm)
    ->Apply(lengths);

/// 16 specs that the process has never seen, one after the other and on all
/// threads, in turns.
static void compileMany(benchmark::State &state) {
  static int64_t next = 20000;
  std::vector<double> serial, parallel;
  auto timed = [&](Executor &executor) {
    std::vector<NormSpec> specs;
    for (int i = 0; i < 16; ++i)
      specs.push_back(layerNorm({.shape = {kDynamic, next++}}));
    return bench::nanosecondsOf(1, [&] {
      for (Result<Kernel> &kernel :
           jitAll(specs, TargetKey::native(), executor))
        if (!kernel)
          state.SkipWithError(kernel.error().message.c_str());
    });
  };
  for (auto _ : state) {
    serial.push_back(timed(serialExecutor()));
    parallel.push_back(timed(defaultExecutor()));
  }
  state.counters["serial_ms"] = bench::percentile(serial, 0.5) / 1e6;
  state.counters["parallel_ms"] = bench::percentile(parallel, 0.5) / 1e6;
  state.counters["speedup"] =
      bench::percentile(serial, 0.5) / bench::percentile(parallel, 0.5);
}
BENCHMARK(compileMany)->Unit(benchmark::kMillisecond)->Iterations(15);

/// The part of it that turns an object into an image.
static void linkObject(benchmark::State &state) {
  Target target = Target::native();
  Result<std::string> mlir = toMlir(layerNorm({.shape = {kDynamic, 4096}}));
  Result<Artifact> artifact = compile(*mlir, target);
  Result<std::string> object = emit(*mlir, Emit::Object, target);
  if (!artifact || !object) {
    state.SkipWithError("not compiled");
    return;
  }
  for (auto _ : state)
    if (!setImage(*artifact, *object))
      state.SkipWithError("not linked");
}
BENCHMARK(linkObject)->Unit(benchmark::kMicrosecond);
