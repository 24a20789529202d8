//===- ReduceBounds.cpp - collectives on bounded values -------------------===//

#include "tests/graphs/ReduceBounds.h"

#include "tests/numerics/OracleParts.h"

using namespace normc;
using namespace normc::graphs;
using norm::ReduceKind;

void Group::add(const Bounded &value, const Bounded &chosen) {
  // A point that may count or not: a sum could be either.
  doubt |= chosen.doubt || !chosen.isPoint();
  if (doubt || chosen.value == 0)
    return;
  doubt |= value.doubt;
  points.push_back(value);
}

Bounded Group::sum(DType type, long double divisor) const {
  DType compute = numerics::computeType(type);
  oracle::Sum value, low, high, magnitude;
  for (const Bounded &point : points) {
    value.add(point.value);
    low.add(point.low);
    high.add(point.high);
    magnitude.add(std::fmax(std::fabs(point.low), std::fabs(point.high)));
  }
  auto times = static_cast<long double>(multiplicity);
  long double error =
      8 * numerics::unitRoundoff(compute) * times * magnitude.value();
  // One point, or points whose sum is IEEE's, leave nothing to choose.
  if (points.size() * multiplicity <= 1 || !std::isfinite(value.value()))
    error = 0;
  auto rounded = [&](long double total) {
    return roundResult(
        type, double(numerics::roundTo(compute, times * total / divisor)));
  };
  auto moved = [&](const oracle::Sum &end, long double by) {
    return rounded(end.value() + by / times);
  };
  return settle(
      {rounded(value.value()), moved(low, -error), moved(high, error)});
}

Bounded Group::product(DType type) const {
  DType compute = numerics::computeType(type);
  long double value = 1, low = 1, high = 1, roundings = 0;
  for (int64_t time = 0; time < multiplicity; ++time)
    for (const Bounded &point : points) {
      value *= point.value;
      long double corners[] = {low * point.low, low * point.high,
                               high * point.low, high * point.high};
      low = *std::min_element(corners, corners + 4);
      high = *std::max_element(corners, corners + 4);
      ++roundings;
    }
  long double slack =
      roundings <= 1 ? 0 : roundings * numerics::unitRoundoff(compute);
  return settle({roundResult(type, value),
                 roundResult(type, low - std::fabs(low) * slack),
                 roundResult(type, high + std::fabs(high) * slack)});
}

/// NaN if any point is.
Bounded Group::extreme(bool isMax) const {
  double start = isMax ? -HUGE_VAL : HUGE_VAL;
  Bounded result = Bounded::exactly(start);
  for (const Bounded &point : points) {
    if (point.isNan())
      return point;
    auto pick = [&](double a, double b) {
      return isMax ? std::max(a, b) : std::min(a, b);
    };
    result = {pick(result.value, point.value), pick(result.low, point.low),
              pick(result.high, point.high)};
  }
  return result;
}

Bounded Group::reduce(ReduceKind kind, DType type) const {
  if (doubt)
    return Bounded::unknown();
  switch (kind) {
  case ReduceKind::add:
    return sum(type, 1);
  case ReduceKind::mean:
    return sum(type, static_cast<long double>(points.size()) * multiplicity);
  case ReduceKind::mul:
    return product(type);
  case ReduceKind::max:
    return extreme(true);
  case ReduceKind::min:
    return extreme(false);
  }
  return Bounded::unknown();
}

MomentRanges normc::graphs::findMoments(const std::vector<Bounded> &points) {
  auto n = static_cast<long double>(points.size());
  oracle::Sum sum, radii, squaredRadii;
  long double low = HUGE_VALL, high = -HUGE_VALL;
  for (const Bounded &point : points) {
    sum.add(point.value);
    radii.add(point.radius());
    squaredRadii.add(point.radius() * point.radius());
    low = std::min<long double>(low, point.low);
    high = std::max<long double>(high, point.high);
  }
  MomentRanges ranges;
  ranges.mean = sum.value() / n;
  oracle::Sum rest, squares;
  for (const Bounded &point : points)
    rest.add(point.value - ranges.mean);
  ranges.mean += rest.value() / n;
  for (const Bounded &point : points) {
    long double distance = point.value - ranges.mean;
    squares.add(distance * distance);
  }
  ranges.meanRadius = radii.value() / n;
  ranges.deviation = std::sqrt(squares.value() / n);
  // The deviation is a seminorm: of a sum, at most the sum of both.
  ranges.deviationRadius = std::sqrt(squaredRadii.value() / n);
  ranges.spread = high - low;
  return ranges;
}

std::array<Bounded, 4> Group::moments(DType type) const {
  auto count = static_cast<long double>(points.size()) * multiplicity;
  bool isKnown = !doubt && !points.empty();
  for (const Bounded &point : points)
    isKnown &= std::isfinite(point.low) && std::isfinite(point.high);
  if (!isKnown) {
    Bounded unknown = Bounded::unknown();
    return {unknown, unknown, unknown, unknown};
  }
  DType compute = numerics::computeType(type);
  long double unit = numerics::unitRoundoff(compute);
  MomentRanges ranges = findMoments(points);
  auto rounded = [&](const Bounded &b) {
    return Bounded{roundResult(type, b.value), roundResult(type, b.low),
                   roundResult(type, b.high)};
  };
  long double meanError =
      ranges.spread * 8 * unit + numerics::ulpAt(compute, ranges.mean) / 2;
  Bounded mean = around(compute, ranges.mean, ranges.meanRadius + meanError);
  // Whatever the mean is, the delta is what it misses.
  Bounded delta = around(compute, 0, meanError);
  delta.value = roundResult(compute, ranges.mean - mean.value);
  long double most = ranges.deviation + ranges.deviationRadius;
  long double least = std::max(0.0L, ranges.deviation - ranges.deviationRadius);
  long double slack = 8 * unit;
  auto m2 = [&](long double deviation, long double factor) {
    return double(
        numerics::roundTo(compute, count * deviation * deviation * factor));
  };
  Bounded second{m2(ranges.deviation, 1), m2(least, 1 - slack),
                 m2(most, 1 + slack)};
  return {Bounded::exactly(roundResult(type, count)), rounded(mean),
          rounded(delta), rounded(second)};
}
