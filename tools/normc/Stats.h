//===- Stats.h - what data does to a norm -----------------------*- C++ -*-===//
//
// Numbers that tell whether results can be trusted, computed on the host in
// double from the arrays of a call; nothing here comes from the compiler's
// arithmetic.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TOOLS_NORMC_STATS_H
#define NORMC_TOOLS_NORMC_STATS_H

#include "Array.h"

#include "normc/Artifact.h"

#include <string>
#include <vector>

namespace normc::tool {

/// What an array holds. The other numbers leave NaNs out; they are NaN where
/// nothing is left.
struct ArrayStats {
  int64_t count = 0, nans = 0;
  double min = 0, max = 0, mean = 0, rms = 0;
};
ArrayStats summarize(const Array &array);

/// What a norm finds in its input.
struct NormStats {
  int64_t n = 0;      ///< Elements behind one statistic.
  int64_t groups = 0; ///< Statistics.
  /// Per group, in the order of the kept axes (a grouped axis counts as kept,
  /// with one index per group): the variance, for rms the mean of squares, for
  /// l2 their sum; empty for other statistics.
  std::vector<double> statistic;
  /// Share of the groups whose statistic is less than what epsilon is compared
  /// with: epsilon decides the result there.
  double belowEpsilon = 0;
};
NormStats computeNormStats(const DeclaredNorm &norm, const Array &input);

/// What to warn of, as half sentences; `given` is the array of the norm's
/// variance argument (as many elements as there are groups), or null.
std::vector<std::string> listWarnings(const DeclaredNorm &norm,
                                      const Array &input,
                                      const NormStats &stats,
                                      const Array *given);

/// The text of `normc run --stats`: a line per output, and a few per norm.
std::string writeStats(const Artifact &artifact,
                       const std::vector<Array> &arrays);

} // namespace normc::tool

#endif // NORMC_TOOLS_NORMC_STATS_H
