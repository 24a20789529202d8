//===- KernelCost.h - what a kernel must move -------------------*- C++ -*-===//
//
// Counts the bytes that a kernel reads and writes at the least, so that two
// ways to compute the same can be compared before anything is scheduled.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_ANALYSIS_KERNELCOST_H
#define NORMC_COMPILER_ANALYSIS_KERNELCOST_H

#include "compiler/analysis/KernelStructure.h"

namespace normc {

/// What a `?` extent is taken for where sizes are compared before a call tells
/// them.
inline constexpr int64_t kAssumedExtent = 1024;

/// How many bytes of a stage that streams rows take as long as one of a stage
/// that walks columns. Large data takes up to eight times as long; what fits a
/// cache, no longer. Above 2, column statistics and the elementwise code behind
/// them stay two kernels; below 3, a residual goes into a norm over columns.
inline constexpr double kSlowFactor = 2.5;

/// Estimates, exact where all extents are known.
struct KernelCost {
  /// Bytes that move: per stage each operand that it reads, once, and each
  /// output that it writes. Those of a stage that is slow by its shape (it
  /// walks columns, or all work is one thread's) count kSlowFactor times.
  double bytes = 0;
  /// The most operands and outputs as large as the largest that one stage
  /// visits at a time.
  unsigned streams = 0;
  /// Launches.
  unsigned stages = 0;
};

/// The cost of a kernel, with or without norm.moments.
KernelCost estimateCost(const KernelStructure &structure);

} // namespace normc

#endif // NORMC_COMPILER_ANALYSIS_KERNELCOST_H
