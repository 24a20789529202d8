//===- Race.h - which of several calls is fastest, cold ---------*- C++ -*-===//
//
// Times several variants of one call in turns, and compares them round by
// round: what else the machine does meanwhile slows all of them.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TOOLS_MEASURE_RACE_H
#define NORMC_TOOLS_MEASURE_RACE_H

#include "tools/measure/Measure.h"

#include <functional>
#include <span>
#include <vector>

namespace normc::measure {

/// One variant's times.
struct Lane {
  Spread seconds; ///< Of one call.
  /// Of its time to the first variant's in the same round: below 1 is faster.
  Spread ratio;

  /// Part of the first variant's time that it saves; negative if slower.
  double gain() const { return 1 - ratio.median; }
  /// How far the gain may be off: from the median to the slower quartile.
  double spread() const { return ratio.high - ratio.median; }
};

/// What a race came to: a lane per variant, in their order.
struct RaceResult {
  std::vector<Lane> lanes;
  int rounds = 0;
};

/// In each round, each variant makes `calls` calls that are not timed, so that
/// the caches are as its own calls leave them, and then as many that are. (A
/// variant that stores past the caches would else be charged for what another
/// left in them to be written.) Another variant begins each round. Calls find
/// the caches cold where each takes other buffers than the one before, and all
/// of them together are larger than the caches.
RaceResult race(std::span<const std::function<void()>> variants, int calls,
                const Effort &effort);

} // namespace normc::measure

#endif // NORMC_TOOLS_MEASURE_RACE_H
