//===- CacheBench.cpp - how long a kernel takes that is there already -----===//
//
// Look-ups of a compiled norm, and what their parts cost, on one thread and on
// several at once.
//
//===----------------------------------------------------------------------===//

#include "normc/normc.h"
#include "tests/bench/Percentiles.h"

#include <benchmark/benchmark.h>

using namespace normc;

static const NormSpec &layerNormSpec() {
  static const NormSpec spec = layerNorm({.shape = {kDynamic, 4096}});
  return spec;
}

static void lookUp(benchmark::State &state, Result<Kernel> (*find)()) {
  if (Result<Kernel> kernel = find(); !kernel) {
    state.SkipWithError(kernel.error().message.c_str());
    return;
  }
  bench::reportPercentiles(state, [&] {
    Result<Kernel> kernel = find();
    benchmark::DoNotOptimize(kernel);
  });
}

static Result<Kernel> byDefault() { return jit(layerNormSpec()); }

/// A spec that was built for the look-up, as a program without a place to keep
/// it would.
static Result<Kernel> byNewSpec() {
  return jit(layerNorm({.shape = {kDynamic, 4096}}));
}

static Result<Kernel> byKey() {
  static const TargetKey target{*Target::named("x86-64-v2")};
  return jit(layerNormSpec(), target);
}

static Result<Kernel> byNamedTarget() {
  static const Target target = *Target::named("x86-64-v2");
  return jit(layerNormSpec(), target);
}

/// With all of this machine's features to compare.
static Result<Kernel> byNativeTarget() {
  static const Target target = Target::native();
  return jit(layerNormSpec(), target);
}

static Result<Kernel> byText() {
  static const std::string text = *toMlir(layerNormSpec());
  return jit(text);
}

BENCHMARK_CAPTURE(lookUp, by_default_target, byDefault)->ThreadRange(1, 4);
BENCHMARK_CAPTURE(lookUp, by_target_key, byKey)->ThreadRange(1, 4);
BENCHMARK_CAPTURE(lookUp, by_named_target, byNamedTarget)->ThreadRange(1, 4);
BENCHMARK_CAPTURE(lookUp, by_native_target, byNativeTarget)->ThreadRange(1, 4);
BENCHMARK_CAPTURE(lookUp, by_new_spec, byNewSpec)->ThreadRange(1, 4);
BENCHMARK_CAPTURE(lookUp, by_text, byText)->ThreadRange(1, 4);

/// The parts of a look-up.
static void makeKey(benchmark::State &state) {
  for (auto _ : state) {
    CacheKey key(layerNormSpec(), TargetKey::native());
    benchmark::DoNotOptimize(key.bytes());
  }
}
BENCHMARK(makeKey);

static void hashKey(benchmark::State &state) {
  CacheKey key(layerNormSpec(), TargetKey::native());
  for (auto _ : state)
    benchmark::DoNotOptimize(std::hash<std::string_view>()(key.bytes()));
  state.counters["bytes"] = double(key.bytes().size());
}
BENCHMARK(hashKey);

static void digestTarget(benchmark::State &state) {
  Target target = Target::native();
  for (auto _ : state)
    benchmark::DoNotOptimize(TargetKey(target).digest());
}
BENCHMARK(digestTarget);
