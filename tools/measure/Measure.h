//===- Measure.h - a kernel's speed beside a copy's -------------*- C++ -*-===//
//
// Absolute times mean little on a machine that is shared: a kernel and a
// streaming copy of as many bytes take turns, and medians are compared.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TOOLS_MEASURE_MEASURE_H
#define NORMC_TOOLS_MEASURE_MEASURE_H

#include "normc/Executor.h"
#include "normc/Result.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace normc::measure {

/// The middle of some samples, and the quarters around it.
struct Spread {
  double low = 0;    ///< A quarter of the samples are below.
  double median = 0; ///< Of an even number, the upper one of the middle two.
  double high = 0;   ///< A quarter are above.

  /// Zeros where there are no samples.
  static Spread of(std::vector<double> samples);
};

/// How long to measure.
struct Effort {
  int minRounds = 5;
  int maxRounds = 101;
  double seconds = 1; ///< No new round after these, but for `minRounds`.
};

/// What a measurement came to. Rates are in GB/s (1e9 bytes).
struct Comparison {
  Spread kernelSeconds; ///< Of one call.
  Spread copySeconds;   ///< Of one copy.
  int rounds = 0;
  double kernelRate = 0;
  double copyRate = 0; ///< The ceiling.
  /// kernelRate / copyRate.
  double ratio() const { return copyRate > 0 ? kernelRate / copyRate : 0; }
};

/// Times `kernel`, which moves `bytes` bytes (read and written together), in
/// turns with a streaming copy that moves as many, on the same executor; calls
/// of less than a millisecond are repeated within a round. One call of each
/// comes before the first round. Fails with Environment where there is no
/// memory for the copy.
Result<Comparison> compareWithCopy(const std::function<void()> &kernel,
                                   int64_t bytes, Executor &executor,
                                   const Effort &effort = {});

/// The copy alone: `kernelSeconds` and `kernelRate` stay 0.
Result<Comparison> timeCopy(int64_t bytes, Executor &executor,
                            const Effort &effort = {});

} // namespace normc::measure

#endif // NORMC_TOOLS_MEASURE_MEASURE_H
