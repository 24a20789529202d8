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

/// Estimates, exact where all extents are known.
struct KernelCost {
  /// Bytes that move: per stage each operand that it reads, once, and each
  /// output that it writes. Those of a stage that walks columns count twice.
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
