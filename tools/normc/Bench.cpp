//===- Bench.cpp - normc bench --------------------------------------------===//

#include "Call.h"
#include "Commands.h"
#include "Files.h"
#include "Shapes.h"

#include "tools/measure/Measure.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>

using namespace normc;
using namespace normc::tool;
using measure::Comparison;
using measure::Spread;

namespace {

/// What a benchmark is of and what it came to.
struct Benchmark {
  std::string name, target, dtype, shape;
  int threads = 1;
  int64_t bytes = 0;
  double compileMs = 0;
  Comparison measured;
};

} // namespace

static std::string writeJson(const Benchmark &bench) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::json::OStream json(stream, /*IndentSize=*/2);
  json.object([&] {
    json.attribute("name", llvm::json::fixUTF8(bench.name));
    json.attribute("target", bench.target);
    json.attribute("dtype", bench.dtype);
    json.attribute("shape", bench.shape);
    json.attribute("threads", bench.threads);
    json.attribute("time_us", 1e6 * bench.measured.kernelSeconds.median);
    json.attribute("bytes", bench.bytes);
    json.attribute("gb_s", bench.measured.kernelRate);
    json.attribute("ceiling_gb_s", bench.measured.copyRate);
    json.attribute("ratio", bench.measured.ratio());
    json.attribute("compile_ms", bench.compileMs);
  });
  stream << "\n";
  return text;
}

static std::string writeText(const Benchmark &bench) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  auto times = [&](const char *what, const Spread &seconds, double rate) {
    stream << llvm::format("%-10s %11.1f us  (quartiles %.1f to %.1f)  %7.1f "
                           "GB/s\n",
                           what, 1e6 * seconds.median, 1e6 * seconds.low,
                           1e6 * seconds.high, rate);
  };
  stream << bench.name << " " << bench.dtype << " " << bench.shape << " on "
         << bench.target << ", " << bench.threads
         << (bench.threads == 1 ? " thread\n" : " threads\n");
  times("kernel", bench.measured.kernelSeconds, bench.measured.kernelRate);
  times("copy", bench.measured.copySeconds, bench.measured.copyRate);
  stream << llvm::format("%-10s %10.1f%% of the copy's speed, medians of %d "
                         "rounds\n",
                         "ratio", 100 * bench.measured.ratio(),
                         bench.measured.rounds);
  stream << llvm::format("%-10s %11lld    read and written, each argument "
                         "once\n",
                         "bytes", static_cast<long long>(bench.bytes));
  stream << llvm::format("%-10s %11.1f ms  until its code is loaded\n",
                         "compile", bench.compileMs);
  return text;
}

/// Compiles and loads, and notes how long that takes.
static Result<Kernel> build(const Options &options, Benchmark &bench) {
  auto start = std::chrono::steady_clock::now();
  Result<Artifact> artifact = loadArtifact(options);
  if (!artifact)
    return artifact.error();
  Result<Kernel> kernel = Kernel::load(*artifact);
  bench.compileMs = std::chrono::duration<double, std::milli>(
                        std::chrono::steady_clock::now() - start)
                        .count();
  return kernel;
}

static Status runBench(const Kernel &kernel, const Options &options,
                       Benchmark &bench) {
  const Artifact &artifact = kernel.artifact();
  Result<std::vector<Array>> arrays = makeArrays(artifact, options, 0);
  if (!arrays)
    return arrays.error();
  std::vector<Dims> shapes;
  for (const Array &array : *arrays)
    shapes.push_back(array.shape);
  Result<int64_t> bytes = timedBytes(artifact, shapes);
  if (!bytes)
    return bytes.error();
  bench.bytes = *bytes;
  bench.name = artifact.name;
  // A saved kernel is for the processor that it was made for.
  bool isSaved = artifact.cpu != Target::named(options.target)->cpu;
  bench.target = isSaved ? artifact.cpu : options.target;
  bench.dtype = toString(artifact.arguments[0].dtype);
  bench.shape = describeShape(shapes[0]);
  Threads threads(options);
  bench.threads = threads.executor().concurrency();
  std::vector<TensorRef> tensors = tensorsOf(*arrays);
  Status failure;
  auto call = [&] {
    if (Status status = kernel.run(tensors, threads.executor()); !status)
      failure = status;
  };
  call(); // What is refused is not worth measuring.
  if (!failure)
    return failure;
  Result<Comparison> measured =
      measure::compareWithCopy(call, bench.bytes, threads.executor());
  if (!measured)
    return measured.error();
  bench.measured = *measured;
  return failure;
}

Status normc::tool::benchCommand(const Options &options) {
  Benchmark bench;
  Result<Kernel> kernel = build(options, bench);
  if (!kernel)
    return kernel.error();
  if (Status status = runBench(*kernel, options, bench); !status)
    return status;
  return OutputFiles().add(
      "-", {options.json ? writeJson(bench) : writeText(bench)});
}
