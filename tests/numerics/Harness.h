//===- Harness.h - problems against compiled kernels ------------*- C++ -*-===//
//
// Compiles a kernel once, calls it on buffers in any layout, and reports what
// differs from the expectation as GoogleTest failures.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_NUMERICS_HARNESS_H
#define NORMC_TESTS_NUMERICS_HARNESS_H

#include "normc/Kernel.h"
#include "tests/numerics/Problems.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace normc::numerics {

/// The text compiled for this machine, once per process; null, with a test
/// failure, where that fails.
const Kernel *kernelFor(const std::string &text);

/// Where the tensors of a call lie.
struct Placement {
  Layout inputs = {};  ///< Of inputs that have the problem's shape.
  Layout outputs = {}; ///< Of outputs that have the problem's shape.
  Layout others = {};  ///< Of all other tensors.

  /// All tensors without gaps, `offset` elements past an aligned address.
  static Placement shifted(int64_t offset);
};

/// The elements of all outputs.
using OutputBits = std::vector<std::vector<uint64_t>>;

/// The buffers of a problem.
class Call {
public:
  explicit Call(const Problem &problem, const Placement &placement = {});

  /// Runs on cleared outputs. Reports an error, a changed input, and a byte
  /// written outside of an output. Returns whether the run succeeded.
  bool run(const Kernel &kernel, Executor &executor = serialExecutor());

  /// What Kernel::run answers; checks nothing.
  Status tryRun(const Kernel &kernel,
                Executor &executor = serialExecutor()) const;

  /// Reports outputs that miss their bounds, and returns the findings.
  Comparison expectWithinBounds() const;

  OutputBits outputBits() const;

  /// Runs on one to three threads, three times each, and reports outputs that
  /// differ from those of the run before.
  void expectSameBitsByThreads(const Kernel &kernel);

  Buffer &buffer(std::string_view name);
  std::vector<NamedTensor> arguments() const;

private:
  const Problem &problem;
  std::vector<Buffer> inputs, outputs;
};

/// Reports outputs of which fewer than 99% are correctly rounded, where so many
/// were looked at that the share means something.
void expectMostlyCorrectlyRounded(const Comparison &findings);

/// Solves `problem` by a kernel of every flavour in plain layout, and reports
/// what misses its bounds.
void expectSolved(const ExtremeProblem &problem);

inline const DType kAllDtypes[] = {DType::F32, DType::F64, DType::BF16,
                                   DType::F16};

} // namespace normc::numerics

#endif // NORMC_TESTS_NUMERICS_HARNESS_H
