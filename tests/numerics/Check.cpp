//===- Check.cpp - a result against the bounds of the contract ------------===//

#include "tests/numerics/Check.h"

#include "tests/numerics/Dtype.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>

using namespace normc;
using namespace normc::numerics;

static std::string format(const char *pattern, long double value) {
  char text[64];
  std::snprintf(text, sizeof(text), pattern, value);
  return text;
}

/// "[3, 17]": the multi-index of a row-major position.
static std::string describeIndex(const std::vector<int64_t> &shape,
                                 int64_t position) {
  std::string text;
  for (size_t axis = shape.size(); axis-- > 0;) {
    text = std::to_string(position % shape[axis]) +
           (text.empty() ? "" : ", " + text);
    position /= shape[axis];
  }
  return "[" + text + "]";
}

namespace {

/// Collects the errors of elements one at a time.
class Collector {
public:
  Collector(const std::vector<int64_t> &shape, DType out)
      : shape(shape), out(out) {}

  /// Judges one element by an absolute bound. `ulp` is that of the output's
  /// type at the exact value.
  void add(int64_t position, long double got, long double exact,
           long double allowed, long double ulp) {
    if (!std::isfinite(exact) || !std::isfinite(got)) {
      if (!agreesNonFinite(got, exact, allowed))
        fail(position, got, exact, allowed, 1e9L);
      return;
    }
    long double error = std::fabs(got - exact);
    found.worstUlps = std::max(found.worstUlps, error / ulp);
    if (error > 0)
      found.worstShare = std::max(found.worstShare, error / allowed);
    if (error > allowed)
      fail(position, got, exact, allowed, error / allowed);
  }

  /// Counts the element among the correctly rounded ones, or not: those that
  /// are at most half the spacing off.
  void countRounding(long double got, long double exact, long double magnitude,
                     long double ulp) {
    if (!std::isfinite(exact) || std::fabs(exact) * 64 < magnitude)
      return;
    ++found.eligible;
    found.misrounded += got != exact && !(std::fabs(got - exact) <= ulp / 2);
  }

  Comparison finish() {
    if (found.failures)
      found.message =
          std::to_string(found.failures) + " of " + std::to_string(count()) +
          " elements are outside the bound; the worst is at " + worst;
    return std::move(found);
  }

private:
  bool agreesNonFinite(long double got, long double exact,
                       long double allowed) const {
    if (std::isnan(exact) || std::isnan(got))
      return std::isnan(exact) && std::isnan(got);
    if (std::isinf(exact))
      return got == exact;
    // got is infinite: the next value after the largest is what overflows.
    return std::signbit(got) == std::signbit(exact) &&
           std::fabs(exact) + allowed >=
               largestFinite(out) + ulpAt(out, largestFinite(out)) / 2;
  }

  void fail(int64_t position, long double got, long double exact,
            long double allowed, long double share) {
    ++found.failures;
    if (share <= worstFailure)
      return;
    worstFailure = share;
    worst = describeIndex(shape, position) + ": expected " +
            format("%.12Lg", exact) + " within " + format("%.4Lg", allowed) +
            ", but got " + format("%.12Lg", got) + " (off by " +
            format("%.4Lg", std::fabs(got - exact)) + ", " +
            format("%.3Lg", share) + " times the bound)";
  }

  int64_t count() const {
    int64_t product = 1;
    for (int64_t extent : shape)
      product *= extent;
    return product;
  }

  const std::vector<int64_t> &shape;
  DType out;
  Comparison found;
  std::string worst;
  long double worstFailure = 0;
};

} // namespace

/// Bounds mean nothing for results of the wrong number.
static bool hasCount(std::span<const long double> got,
                     const oracle::OracleTensor &exact, Comparison &result) {
  if (got.size() == exact.values.size())
    return true;
  result.failures = 1;
  result.message = "expected " + std::to_string(exact.values.size()) +
                   " elements, but got " + std::to_string(got.size());
  return false;
}

Bound Bound::columnSum(DType out, DType compute, int64_t rows) {
  auto log2Rows =
      std::bit_width(static_cast<uint64_t>(std::max<int64_t>(rows, 1))) - 1;
  return {out, compute, 0, 260.0L + log2Rows};
}

void Comparison::merge(const Comparison &other) {
  failures += other.failures;
  if (message.empty())
    message = other.message;
  worstShare = std::max(worstShare, other.worstShare);
  worstUlps = std::max(worstUlps, other.worstUlps);
  eligible += other.eligible;
  misrounded += other.misrounded;
}

Comparison normc::numerics::compare(std::span<const long double> got,
                                    const oracle::OracleTensor &exact,
                                    const oracle::OracleTensor &magnitude,
                                    const Bound &bound) {
  Comparison mismatch;
  if (!hasCount(got, exact, mismatch))
    return mismatch;
  Collector collector(exact.shape, bound.out);
  const long double unit = unitRoundoff(bound.compute);
  const bool isNarrow = precisionOf(bound.out) < precisionOf(bound.compute);
  for (size_t i = 0; i < got.size(); ++i) {
    long double value = exact.values[i];
    long double ulp = ulpAt(bound.out, value);
    long double allowed =
        bound.halfUlps / 2 * ulp + bound.factor * unit * magnitude.values[i];
    collector.add(i, got[i], value, allowed, ulp);
    if (isNarrow)
      collector.countRounding(got[i], value, magnitude.values[i], ulp);
  }
  return collector.finish();
}

/// Saved statistics, each by an absolute bound: `allowed(group, ulp)`.
template <typename F>
static Comparison compareStatistic(std::span<const long double> got,
                                   const oracle::OracleTensor &exact,
                                   DType compute, F allowed) {
  Comparison mismatch;
  if (!hasCount(got, exact, mismatch))
    return mismatch;
  Collector collector(exact.shape, compute);
  for (size_t i = 0; i < got.size(); ++i) {
    long double value = exact.values[i], ulp = ulpAt(compute, value);
    collector.add(i, got[i], value, allowed(i, ulp), ulp);
  }
  return collector.finish();
}

Comparison normc::numerics::compareRstd(std::span<const long double> got,
                                        const oracle::NormResult &exact,
                                        long double epsilon, DType compute) {
  const long double unit = unitRoundoff(compute);
  return compareStatistic(got, exact.rstd, compute, [&](size_t i, long double) {
    long double s = exact.statistic.values[i];
    long double ofSum = s == 0 ? 0 : 4 * unit * s / (s + epsilon);
    return exact.rstd.values[i] * (ofSum + 2.5L * unit);
  });
}

Comparison normc::numerics::compareVariance(std::span<const long double> got,
                                            const oracle::NormResult &exact,
                                            DType compute) {
  const long double unit = unitRoundoff(compute);
  return compareStatistic(
      got, exact.statistic, compute, [&](size_t i, long double ulp) {
        return 8 * unit * exact.statistic.values[i] + ulp / 2;
      });
}

Comparison normc::numerics::compareMean(std::span<const long double> got,
                                        const oracle::NormResult &exact,
                                        DType compute) {
  const long double unit = unitRoundoff(compute);
  return compareStatistic(got, exact.mean, compute,
                          [&](size_t i, long double ulp) {
                            return 8 * unit * exact.spread.values[i] + ulp / 2;
                          });
}
