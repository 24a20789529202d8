//===- Stats.cpp - what data does to a norm -------------------------------===//

#include "Stats.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace normc;
using namespace normc::tool;

ArrayStats normc::tool::summarize(const Array &array) {
  ArrayStats stats;
  double sum = 0, squares = 0;
  stats.min = std::numeric_limits<double>::infinity();
  stats.max = -stats.min;
  for (ElementWalk walk(array); !walk.atEnd(); walk.next()) {
    double value = loadElement(array.dtype, walk.address());
    ++stats.count;
    if (std::isnan(value)) {
      ++stats.nans;
      continue;
    }
    stats.min = std::min(stats.min, value);
    stats.max = std::max(stats.max, value);
    sum += value;
    squares += value * value;
  }
  auto numbers = double(stats.count - stats.nans);
  stats.mean = sum / numbers;
  stats.rms = std::sqrt(squares / numbers);
  if (stats.count == stats.nans)
    stats.min = stats.max = stats.mean = stats.rms =
        std::numeric_limits<double>::quiet_NaN();
  return stats;
}

//===----------------------------------------------------------------------===//
// Statistics per group
//===----------------------------------------------------------------------===//

namespace {

/// Numbers the groups of a norm.
class Grouping {
public:
  Grouping(const DeclaredNorm &norm, const Array &input) : input(input) {
    for (int axis = 0; axis < input.shape.size(); ++axis) {
      bool isReduced = llvm::is_contained(norm.axes, axis);
      bool isSplit = norm.groups > 0 && axis == norm.groupAxis;
      int64_t extent = input.shape[axis];
      counts.push_back(isSplit ? norm.groups : isReduced ? 1 : extent);
      sizes.push_back(isSplit     ? std::max<int64_t>(extent / norm.groups, 1)
                      : isReduced ? std::max<int64_t>(extent, 1)
                                  : 1);
      total *= counts.back();
    }
    if (norm.partial > 0) {
      partialAxis = int(norm.axes.front());
      auto extent = double(input.shape[partialAxis]);
      first = std::max<int64_t>(int64_t(norm.partial * extent), 1);
    }
  }

  int64_t count() const { return total; }
  /// Elements of a group that its statistic sees, of `all`.
  int64_t countSeen(int64_t all) const {
    return partialAxis < 0 ? all : std::min(first, all);
  }
  size_t of(const ElementWalk &walk) const {
    int64_t number = 0;
    for (size_t axis = 0; axis < counts.size(); ++axis)
      if (counts[axis] > 1)
        number = number * counts[axis] + walk.index(int(axis)) / sizes[axis];
    return size_t(number);
  }
  /// Calls f(group, value) for every element that the statistic sees.
  template <typename F> void forEach(F f) const {
    for (ElementWalk walk(input); !walk.atEnd(); walk.next())
      if (partialAxis < 0 || walk.index(partialAxis) < first)
        f(of(walk), loadElement(input.dtype, walk.address()));
  }

private:
  const Array &input;
  std::vector<int64_t> counts; ///< Groups along each axis.
  std::vector<int64_t> sizes;  ///< Consecutive indices in a group.
  int64_t total = 1;
  int partialAxis = -1; ///< Of which only the first `first` are seen.
  int64_t first = 0;
};

} // namespace

static bool isVariance(const DeclaredNorm &norm) {
  return norm.statistic == "mean_variance" || norm.statistic == "given";
}

/// What the sum of squares, of the differences where a mean is taken away, is
/// divided by.
static double divisorOf(const DeclaredNorm &norm, double n) {
  return norm.statistic == "l2" ? 1 : n - double(norm.correction);
}

/// What epsilon is compared with: the statistic, or its root.
static double besideEpsilon(const DeclaredNorm &norm, double statistic) {
  return norm.placement == "add" ? statistic : std::sqrt(statistic);
}

NormStats normc::tool::computeNormStats(const DeclaredNorm &norm,
                                        const Array &input) {
  Grouping grouping(norm, input);
  NormStats stats;
  stats.groups = grouping.count();
  int64_t elements = countElements(input.dtype, input.shape).value_or(0);
  stats.n = grouping.countSeen(stats.groups > 0 ? elements / stats.groups : 0);
  // Of other statistics, such as lp, an artifact doesn't tell enough.
  bool isKnown =
      isVariance(norm) || norm.statistic == "rms" || norm.statistic == "l2";
  if (stats.n == 0 || !isKnown)
    return stats;
  auto n = double(stats.n);
  std::vector<double> mean(size_t(stats.groups));
  if (isVariance(norm)) {
    grouping.forEach([&](size_t group, double x) { mean[group] += x; });
    for (double &value : mean)
      value /= n;
  }
  stats.statistic.resize(size_t(stats.groups));
  grouping.forEach([&](size_t group, double x) {
    stats.statistic[group] += (x - mean[group]) * (x - mean[group]);
  });
  int64_t below = 0;
  for (double &value : stats.statistic) {
    value /= divisorOf(norm, n);
    below += besideEpsilon(norm, value) < norm.epsilon;
  }
  stats.belowEpsilon = double(below) / double(stats.groups);
  return stats;
}

//===----------------------------------------------------------------------===//
// Warnings
//===----------------------------------------------------------------------===//

static std::string format(const char *pattern, double value) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format(pattern, value);
  return text;
}

/// How many groups have a given variance of more than 4 times the data's, or
/// less than a quarter.
static int64_t countFarOff(const NormStats &stats, const Array &given) {
  int64_t count = 0;
  size_t group = 0;
  for (ElementWalk walk(given); !walk.atEnd() && group < stats.statistic.size();
       walk.next(), ++group) {
    double running = loadElement(given.dtype, walk.address());
    double batch = stats.statistic[group];
    count += running > 4 * batch || batch > 4 * running;
  }
  return count;
}

std::vector<std::string> normc::tool::listWarnings(const DeclaredNorm &norm,
                                                   const Array &input,
                                                   const NormStats &stats,
                                                   const Array *given) {
  std::vector<std::string> warnings;
  bool computes = norm.mean < 0 && norm.variance < 0;
  constexpr int64_t enough = 16;
  if (computes && llvm::is_contained(norm.axes, 0) && stats.n < enough)
    warnings.push_back("batch statistics of " + std::to_string(stats.n) +
                       " elements: fewer than " + std::to_string(enough) +
                       " say little about the batch");
  bool isDouble = input.dtype == DType::F64;
  double resolution = isDouble ? 0x1p-52 : 0x1p-23;
  if (norm.placement != "clamp" && norm.epsilon > 0 &&
      norm.epsilon < resolution)
    warnings.push_back(
        "epsilon " + format("%g", norm.epsilon) +
        " is below the resolution of " + (isDouble ? "f64" : "f32") + ", " +
        format("%.3g", resolution) + ": it changes no statistic near 1");
  if (!given || stats.n == 0)
    return warnings;
  if (int64_t count = countFarOff(stats, *given))
    warnings.push_back("the given variance differs from this data's by more "
                       "than 4 times in " +
                       std::to_string(count) + " of " +
                       std::to_string(stats.groups) + " groups");
  return warnings;
}
