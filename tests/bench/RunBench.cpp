//===- RunBench.cpp - rows through compiled kernels -----------------------===//
//
// Bytes per second of row kernels beside a streaming copy of as many bytes, in
// turns, on one thread.
//
//===----------------------------------------------------------------------===//

#include "normc/ArtifactFile.h"
#include "normc/normc.h"
#include "tools/measure/Measure.h"

#include <benchmark/benchmark.h>

#include <vector>

using namespace normc;

/// 64 MB in, 64 MB out.
static constexpr int64_t kElements = int64_t(16) << 20;

static void rmsNormF32(benchmark::State &state) {
  int64_t n = state.range(0), rows = kElements / n;
  Result<Kernel> kernel = jit(rmsNorm({.shape = {kDynamic, n}}));
  if (!kernel) {
    state.SkipWithError(kernel.error().message.c_str());
    return;
  }
  std::vector<float> x(kElements, 1.0f), scale(n, 2.0f), y(kElements);
  const TensorRef arguments[] = {
      TensorRef::contiguous(x.data(), DType::F32, {rows, n}),
      TensorRef::contiguous(scale.data(), DType::F32, {n}),
      TensorRef::contiguous(y.data(), DType::F32, {rows, n})};
  for (auto _ : state) {
    Result<measure::Comparison> measured = measure::compareWithCopy(
        [&] {
          if (!kernel->run(arguments, serialExecutor()))
            state.SkipWithError("refused");
        },
        (2 * kElements + n) * int64_t(sizeof(float)), serialExecutor());
    if (!measured) {
      state.SkipWithError(measured.error().message.c_str());
      return;
    }
    state.SetIterationTime(measured->kernelSeconds.median);
    state.counters["GB/s"] = measured->kernelRate;
    state.counters["copy_GB/s"] = measured->copyRate;
    state.counters["share"] = measured->ratio();
  }
}
BENCHMARK(rmsNormF32)
    ->Unit(benchmark::kMillisecond)
    ->UseManualTime()
    ->Iterations(1)
    ->RangeMultiplier(4)
    ->Range(256, 65536);

/// From an artifact to a kernel, and back: what a cache of artifacts saves a
/// compilation for.
static void loadKernel(benchmark::State &state) {
  Result<Artifact> artifact =
      compile(layerNorm({.shape = {kDynamic, 4096}}), Target::native());
  if (!artifact) {
    state.SkipWithError(artifact.error().message.c_str());
    return;
  }
  for (auto _ : state)
    if (!Kernel::load(*artifact))
      state.SkipWithError("refused");
}
BENCHMARK(loadKernel)->Unit(benchmark::kMicrosecond);

/// From an artifact's bytes, as a file has them.
static void readArtifact(benchmark::State &state) {
  Result<Artifact> artifact =
      compile(layerNorm({.shape = {kDynamic, 4096}}), Target::native());
  if (!artifact) {
    state.SkipWithError(artifact.error().message.c_str());
    return;
  }
  std::string bytes = serialize(*artifact);
  for (auto _ : state)
    if (!deserialize(bytes))
      state.SkipWithError("refused");
}
BENCHMARK(readArtifact)->Unit(benchmark::kMicrosecond);
