//===- ReduceBounds.h - collectives on bounded values -----------*- C++ -*-===//
//
// What a collective over one group of points gives, in whatever order it is
// taken.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_GRAPHS_REDUCEBOUNDS_H
#define NORMC_TESTS_GRAPHS_REDUCEBOUNDS_H

#include "tests/graphs/Bounded.h"

#include "dialects/norm/Norm.h"

#include <array>
#include <vector>

namespace normc::graphs {

/// The points of one group.
class Group {
public:
  /// A point, where `chosen` is true.
  void add(const Bounded &value, const Bounded &chosen);
  /// Every point counts so many times.
  void repeat(int64_t times) { multiplicity = times; }

  /// The reduction of values of `type`: 16-bit ones are combined in f32.
  /// Sums and means are within 4 epsilon of the sum of magnitudes, as positive
  /// sums are owed; products within a rounding for each factor.
  Bounded reduce(norm::ReduceKind kind, DType type) const;

  /// Count, mean, delta and m2. The mean is within 4 epsilon of the spread and
  /// half a unit, the delta is what the mean misses, m2 within 4 epsilon.
  std::array<Bounded, 4> moments(DType type) const;

private:
  Bounded sum(DType type, long double divisor) const;
  Bounded product(DType type) const;
  Bounded extreme(bool isMax) const;

  std::vector<Bounded> points;
  int64_t multiplicity = 1;
  bool doubt = false;
};

/// The spread of what E[v] and the root of E[(v - E[v])^2] of a group can be,
/// if each value is anywhere in its range.
struct MomentRanges {
  long double mean = 0, meanRadius = 0;
  long double deviation = 0, deviationRadius = 0;
  long double spread = 0; ///< The largest less the smallest.
};
MomentRanges findMoments(const std::vector<Bounded> &points);

} // namespace normc::graphs

#endif // NORMC_TESTS_GRAPHS_REDUCEBOUNDS_H
