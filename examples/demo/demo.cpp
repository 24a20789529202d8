//===- demo.cpp - four norms: lowered, run, checked, timed ----------------===//
//
// normc-demo [--quick]
//
// Compiles four kernels that have little in common but the compiler: RMSNorm,
// a softmax written by hand, GroupNorm on channels-last data, and LayerNorm's
// backward. Shows what they lower to, runs them on data of real size, checks
// the results against the oracle, and compares their speed with a streaming
// copy of as many bytes. Ends with 1 when a check fails.
//
//===----------------------------------------------------------------------===//

#include "examples/demo/Workloads.h"
#include "normc/normc.h"
#include "tools/measure/Measure.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

using namespace demo;
using normc::Emit;

namespace {

using Seconds = std::chrono::duration<double>;

template <typename F> double secondsOf(F f) {
  auto start = std::chrono::steady_clock::now();
  f();
  return Seconds(std::chrono::steady_clock::now() - start).count();
}

bool report(const std::string &what, const normc::Error &error) {
  std::printf("%s: %s: %s\n", what.c_str(), normc::toString(error.kind),
              error.message.c_str());
  return false;
}

/// What one workload came to.
struct Row {
  std::string name, extent;
  double compileMs = 0;
  normc::numerics::Comparison check;
  double kernelRate = 0, copyRate = 0, share = 0; ///< GB/s, GB/s, ratio.
};

/// Prints how many lines the kernel has at each stage.
bool showLowering(const Workload &work, const normc::Target &target) {
  std::printf("%-23s lines:", work.name.c_str());
  for (Emit stage : {Emit::Norm, Emit::Kernel, Emit::Scheduled, Emit::Phases,
                     Emit::Vector, Emit::Llvm, Emit::Assembly}) {
    normc::Result<std::string> text = normc::emit(work.text, stage, target);
    if (!text)
      return report("\n" + work.name, text.error());
    std::printf("  %s %td", std::string(normc::toString(stage)).c_str(),
                std::count(text->begin(), text->end(), '\n'));
  }
  std::printf("\n");
  return true;
}

bool showPhases(const Workload &work, const normc::Target &target) {
  normc::Result<std::string> text =
      normc::emit(work.text, Emit::Phases, target);
  if (!text)
    return report(work.name, text.error());
  std::printf("\nThe phase form of %s:\n\n%s\n", work.name.c_str(),
              text->c_str());
  return true;
}

/// Times the kernel and the copy in turns, so that both see the same machine.
bool measure(const normc::Kernel &kernel, const Workload &work,
             normc::Executor &executor, bool quick, Row &row) {
  std::vector<normc::NamedTensor> arguments = work.arguments();
  auto call = [&] {
    (void)kernel.run(std::span<const normc::NamedTensor>(arguments), executor);
  };
  normc::measure::Effort effort;
  effort.maxRounds = quick ? 3 : 9;
  effort.minRounds = effort.maxRounds;
  normc::Result<normc::measure::Comparison> measured =
      normc::measure::compareWithCopy(call, work.mandatoryBytes(), executor,
                                      effort);
  if (!measured)
    return report(work.name, measured.error());
  row.kernelRate = measured->kernelRate;
  row.copyRate = measured->copyRate;
  row.share = measured->ratio();
  return true;
}

/// Compiles, runs, checks and times; false where something fails.
bool runWorkload(const Workload &work, const normc::Target &target,
                 normc::Executor &executor, bool quick, Row &row) {
  row.name = work.name;
  row.extent = work.extent;
  normc::Result<normc::Kernel> kernel(normc::Error{});
  row.compileMs =
      1e3 * secondsOf([&] { kernel = normc::jit(work.text, target); });
  if (!kernel)
    return report(work.name, kernel.error());
  std::vector<normc::NamedTensor> arguments = work.arguments();
  normc::Status status =
      kernel->run(std::span<const normc::NamedTensor>(arguments), executor);
  if (!status)
    return report(work.name, status.error());
  row.check = work.check(work);
  if (row.check.failures)
    std::printf("%s: %s\n", work.name.c_str(), row.check.message.c_str());
  bool isRounded = row.check.isMostlyCorrectlyRounded();
  if (!isRounded)
    std::printf("%s: fewer than 99%% of the elements are correctly rounded\n",
                work.name.c_str());
  return measure(*kernel, work, executor, quick, row) &&
         row.check.failures == 0 && isRounded;
}

void printTable(const std::vector<Row> &rows) {
  std::printf("%-23s %-17s %7s %17s %7s %7s %6s\n", "kernel", "shape", "jit ms",
              "error/bound", "GB/s", "copy", "share");
  for (const Row &row : rows)
    std::printf("%-23s %-17s %7.1f %16.0Lf%% %7.1f %7.1f %5.0f%%\n",
                row.name.c_str(), row.extent.c_str(), row.compileMs,
                100 * row.check.worstShare, row.kernelRate, row.copyRate,
                100 * row.share);
}

} // namespace

int main(int argc, char **argv) {
  bool quick = argc > 1 && std::strcmp(argv[1], "--quick") == 0;
  if (argc > (quick ? 2 : 1)) {
    std::fprintf(stderr, "usage: %s [--quick]\n", argv[0]);
    return 2;
  }
  const normc::Target target = normc::Target::native();
  normc::Executor &executor = normc::defaultExecutor();
  std::printf("normc on %s, %d threads\n\n", target.cpu.c_str(),
              executor.concurrency());
  bool succeeded = true;
  std::vector<Row> rows;
  for (auto make :
       {makeRmsNorm, makeSoftmax, makeGroupNorm, makeLayerNormBackward}) {
    // One workload in memory at a time.
    Workload work = make(quick);
    succeeded = showLowering(work, target) && succeeded;
    if (rows.empty())
      succeeded = showPhases(work, target) && succeeded;
    rows.emplace_back();
    succeeded =
        runWorkload(work, target, executor, quick, rows.back()) && succeeded;
  }
  std::printf("\nBytes that must move per second, beside a streaming copy in "
              "the same run:\n\n");
  printTable(rows);
  std::printf("\n%s\n", succeeded ? "all results are within their bounds"
                                  : "FAILED: see above");
  return succeeded ? 0 : 1;
}
