//===- CallBench.cpp - what a call costs beyond the kernel ----------------===//
//
// Calls of kernels on so few elements that the call is most of it, beside calls
// of the same code by its bare address, in turns.
//
//===----------------------------------------------------------------------===//

#include "normc/normc.h"
#include "runtime/Checks.h"
#include "runtime/cpu/CpuKernel.h"
#include "runtime/cpu/StageCode.h"
#include "tests/bench/Percentiles.h"

#include <benchmark/benchmark.h>

#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include <sys/mman.h>

using namespace normc;

namespace {

/// A kernel's entries in memory of our own.
class BareCode {
public:
  explicit BareCode(const Artifact &artifact) : size(artifact.image.size()) {
    pages = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
      return;
    std::memcpy(pages, artifact.image.data(), size);
    isGood = mprotect(pages, size, PROT_READ | PROT_EXEC) == 0;
    for (const StageFacts &stage : artifact.stages)
      entries.push_back(reinterpret_cast<StageEntry>(
          static_cast<char *>(pages) + stage.offset));
  }
  ~BareCode() { munmap(pages, size); }
  BareCode(const BareCode &) = delete;
  BareCode &operator=(const BareCode &) = delete;

  void run(const CallFrame &frame, void *scratch) const {
    for (size_t i = 0; i < entries.size(); ++i)
      entries[i](frame.buffers, frame.words, scratch, 0, frame.chunkCounts[i]);
  }

  bool isGood = false;

private:
  void *pages = nullptr;
  size_t size;
  std::vector<StageEntry> entries;
};

/// Row-major f32 buffers for every argument of a kernel.
class Arguments {
public:
  void add(const Dims &shape) {
    int64_t elements = 1;
    for (int axis = 0; axis < shape.size(); ++axis)
      elements *= shape[axis];
    buffers.emplace_back(elements, 1.0f);
    tensors.push_back(
        TensorRef::contiguous(buffers.back().data(), DType::F32, shape));
  }

  std::vector<TensorRef> tensors;

private:
  std::deque<std::vector<float>> buffers;
};

} // namespace

/// Calls and bare runs in turns; the overhead is the median of the differences.
static void compareCalls(benchmark::State &state, const Result<Kernel> &kernel,
                         const Arguments &arguments) {
  if (!kernel)
    return state.SkipWithError(kernel.error().message.c_str());
  BareCode bare(kernel->artifact());
  std::vector<const TensorRef *> ordered;
  for (const TensorRef &tensor : arguments.tensors)
    ordered.push_back(&tensor);
  CallFrame frame;
  Status checked = checkCall(kernel->artifact(), ordered, frame);
  if (!bare.isGood || !checked)
    return state.SkipWithError(checked ? "no memory for code"
                                       : checked.error().message.c_str());
  alignas(64) static std::byte scratch[1 << 16];
  std::vector<double> calls, kernels, differences;
  for (auto _ : state) {
    double call = bench::nanosecondsOf(64, [&] {
      if (!kernel->run(arguments.tensors, serialExecutor()))
        state.SkipWithError("refused");
    });
    double alone = bench::nanosecondsOf(64, [&] { bare.run(frame, scratch); });
    calls.push_back(call);
    kernels.push_back(alone);
    differences.push_back(call - alone);
  }
  state.counters["arguments"] = double(arguments.tensors.size());
  state.counters["scratch_bytes"] = double(frame.scratchBytes);
  state.counters["call_ns"] = bench::percentile(calls, 0.5);
  state.counters["kernel_ns"] = bench::percentile(kernels, 0.5);
  state.counters["overhead_ns"] = bench::percentile(differences, 0.5);
  state.counters["overhead_p99_ns"] = bench::percentile(differences, 0.99);
}

/// One row of 16: x, scale, y.
static void callWith3Arguments(benchmark::State &state) {
  Arguments arguments;
  arguments.add({1, 16});
  arguments.add({16});
  arguments.add({1, 16});
  compareCalls(state, jit(rmsNorm({.shape = {kDynamic, 16}})), arguments);
}
BENCHMARK(callWith3Arguments);

/// Six matrices and a row in, a matrix out.
static void callWith8Arguments(benchmark::State &state) {
  std::string parameters, inputs, sum;
  for (int i = 0; i < 6; ++i) {
    std::string n = std::to_string(i);
    parameters += "%x" + n + ": tensor<?x16xf32>, ";
    inputs += "%e" + n + " = %x" + n + " by [[i], [j]] : tensor<?x16xf32>, ";
    sum += "%s" + n + " = arith.addf " +
           (i ? "%s" + std::to_string(i - 1) : std::string("%ge")) + ", %e" +
           n + " : f32\n";
  }
  Result<Kernel> kernel =
      jit("func.func @sum(" + parameters +
          "%g: tensor<16xf32>) -> tensor<?x16xf32> {\n"
          "%y = norm.kernel dims(i = ?, j = 16) ins(" +
          inputs +
          "%ge = %g by [[j]] : tensor<16xf32>) outs(by [[i], [j]] : "
          "tensor<?x16xf32>) {\n" +
          sum + "norm.yield %s5 : f32\n}\nreturn %y : tensor<?x16xf32>\n}\n");
  Arguments arguments;
  for (int i = 0; i < 6; ++i)
    arguments.add({1, 16});
  arguments.add({16});
  arguments.add({1, 16});
  compareCalls(state, kernel, arguments);
}
BENCHMARK(callWith8Arguments);

/// Rows over their sums, and the sum of their products with a scale, in two
/// stages with partial sums in scratch memory between: x, scale, y, sum.
static void callWithScratch(benchmark::State &state) {
  Result<Kernel> kernel = jit(R"(
func.func @two_stages(%x: tensor<?x16xf32>, %g: tensor<16xf32>)
    -> (tensor<?x16xf32>, tensor<16xf32>) {
  %y, %s = norm.kernel dims(i = ?, j = 16)
      ins(%e = %x by [[i], [j]] : tensor<?x16xf32>, %ge = %g by [[j]] : tensor<16xf32>)
      outs(by [[i], [j]] : tensor<?x16xf32>, by [[j]] : tensor<16xf32>) {
    %row = norm.reduce add %e over [j] : f32
    %q = arith.divf %e, %row : f32
    %p = arith.mulf %e, %ge : f32
    %sum = norm.reduce add %p over [i] : f32
    norm.yield %q, %sum : f32, f32
  }
  return %y, %s : tensor<?x16xf32>, tensor<16xf32>
}
)");
  Arguments arguments;
  arguments.add({2, 16});
  arguments.add({16});
  arguments.add({2, 16});
  arguments.add({16});
  compareCalls(state, kernel, arguments);
}
BENCHMARK(callWithScratch);
