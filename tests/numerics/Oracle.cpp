//===- Oracle.cpp - what every norm should give, in long double -----------===//

#include "tests/numerics/Oracle.h"

#include "tests/numerics/OracleParts.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <limits>

using namespace normc::oracle;

static_assert(LDBL_MANT_DIG >= 64, "the oracle of f64 kernels needs a long "
                                   "double that is wider than a double");

static int64_t elementCount(const std::vector<int64_t> &shape) {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

OracleTensor::OracleTensor(std::vector<int64_t> extents)
    : values(elementCount(extents), 0.0L), shape(std::move(extents)) {}

static bool contains(const std::vector<int64_t> &axes, size_t axis) {
  return std::find(axes.begin(), axes.end(), int64_t(axis)) != axes.end();
}

Grouping normc::oracle::findGroups(const OracleTensor &x,
                                   const NormOptions &options) {
  Grouping grouping;
  auto isSplit = [&](size_t axis) {
    return options.groups > 0 && int64_t(axis) == options.groupAxis;
  };
  for (size_t axis = 0; axis < x.shape.size(); ++axis) {
    if (isSplit(axis)) {
      grouping.shape.push_back(options.groups);
      grouping.size *= x.shape[axis] / options.groups;
    } else if (contains(options.axes, axis)) {
      grouping.size *= x.shape[axis];
    } else {
      grouping.shape.push_back(x.shape[axis]);
    }
  }
  grouping.count = elementCount(grouping.shape);
  grouping.groupOf.resize(x.values.size());
  Walk walk(x.shape);
  for (int64_t &group : grouping.groupOf) {
    group = 0;
    for (size_t axis = 0; axis < x.shape.size(); ++axis) {
      if (isSplit(axis))
        group = group * options.groups +
                walk[axis] / (x.shape[axis] / options.groups);
      else if (!contains(options.axes, axis))
        group = group * x.shape[axis] + walk[axis];
    }
    walk.next();
  }
  return grouping;
}

namespace {

/// The value of a scale, shift or alpha at every element of x.
class ParameterReader {
public:
  ParameterReader(const Parameter &parameter, const OracleTensor &x,
                  const NormOptions &options, long double otherwise)
      : parameter(parameter), x(x), options(options), otherwise(otherwise) {}
  long double at(const Walk &walk) const {
    if (!parameter.tensor)
      return otherwise;
    int64_t position = 0;
    for (int64_t axis : parameter.axes) {
      int64_t extent = x.shape[axis], index = walk[axis];
      if (options.perGroup && axis == options.groupAxis) {
        index /= extent / options.groups;
        extent = options.groups;
      }
      position = position * extent + index;
    }
    return parameter.tensor->values[position];
  }

private:
  const Parameter &parameter;
  const OracleTensor &x;
  const NormOptions &options;
  long double otherwise;
};

/// What a group's values are multiplied by.
long double invert(long double statistic, const NormOptions &options) {
  bool isNorm =
      options.statistic == Statistic::Lp || options.statistic == Statistic::Max;
  // The edge that the contract names: x-hat is 0 where 0 / 0 would be.
  if (options.epsilon == 0 && statistic == 0)
    return 0;
  switch (options.placement) {
  case Placement::Add:
    return 1 / std::sqrt(statistic + options.epsilon);
  case Placement::AfterRoot:
    return 1 / (std::sqrt(statistic) + options.epsilon);
  case Placement::Clamp: {
    long double root = isNorm ? statistic : std::sqrt(statistic);
    return 1 / (root < options.epsilon ? options.epsilon : root);
  }
  }
  return std::numeric_limits<long double>::quiet_NaN();
}

/// Sums f(element) per group.
template <typename F>
std::vector<long double> sumPerGroup(const Grouping &grouping, F f) {
  std::vector<Sum> sums(grouping.count);
  for (size_t i = 0; i < grouping.groupOf.size(); ++i)
    sums[grouping.groupOf[i]].add(f(i));
  std::vector<long double> values;
  for (const Sum &sum : sums)
    values.push_back(sum.value());
  return values;
}

/// x's element less its group's mean. The mean comes in two parts, so that the
/// elements of a constant f64 group are exactly 0.
long double centre(const OracleTensor &x, const Grouping &grouping,
                   const NormResult &result, size_t element) {
  int64_t group = grouping.groupOf[element];
  return x.values[element] - result.mean.values[group] -
         result.meanRest.values[group];
}

/// Whether each element of x enters its group's statistic.
std::vector<bool> findSelected(const OracleTensor &x,
                               const NormOptions &options) {
  std::vector<bool> selected(x.values.size(), true);
  if (options.firstElements == 0)
    return selected;
  Walk walk(x.shape);
  for (size_t i = 0; i < selected.size(); ++i, walk.next())
    selected[i] = walk[options.axes.front()] < options.firstElements;
  return selected;
}

void findMoments(const OracleTensor &x, const NormOptions &options,
                 const Grouping &grouping, NormResult &result) {
  auto n = static_cast<long double>(grouping.size);
  auto meanOf = [&](auto f) {
    std::vector<long double> values = sumPerGroup(grouping, f);
    for (long double &value : values)
      value /= n;
    return values;
  };
  auto centreOf = [&](size_t i) { return centre(x, grouping, result, i); };
  result.mean.values = meanOf([&](size_t i) { return x.values[i]; });
  result.meanRest.values = meanOf(centreOf);
  result.statistic.values = sumPerGroup(
      grouping, [&](size_t i) { return centreOf(i) * centreOf(i); });
  for (long double &value : result.statistic.values)
    value /= n - options.correction;
}

/// Mean or sum of squares.
void findSquares(const OracleTensor &x, const NormOptions &options,
                 const Grouping &grouping, NormResult &result) {
  std::vector<bool> selected = findSelected(x, options);
  int64_t n = options.firstElements ? options.firstElements : grouping.size;
  result.statistic.values = sumPerGroup(grouping, [&](size_t i) {
    return selected[i] ? x.values[i] * x.values[i] : 0.0L;
  });
  if (options.statistic == Statistic::Rms)
    for (long double &value : result.statistic.values)
      value /= static_cast<long double>(n);
}

void findNorms(const OracleTensor &x, const NormOptions &options,
               const Grouping &grouping, NormResult &result) {
  std::vector<long double> &norms = result.statistic.values;
  if (options.statistic == Statistic::Max) {
    for (size_t i = 0; i < x.values.size(); ++i) {
      long double size = std::fabs(x.values[i]);
      long double &norm = norms[grouping.groupOf[i]];
      norm = std::isnan(size) || size > norm ? size : norm; // Keeps a NaN.
    }
    return;
  }
  norms = sumPerGroup(grouping, [&](size_t i) {
    return std::pow(std::fabs(x.values[i]), options.p);
  });
  for (long double &norm : norms)
    norm = std::pow(norm, 1 / options.p);
}

void findStatistics(const OracleTensor &x, const NormOptions &options,
                    const Grouping &grouping, NormResult &result) {
  result.mean = result.meanRest = result.statistic = result.rstd =
      OracleTensor(grouping.shape);
  switch (options.statistic) {
  case Statistic::MeanVariance:
    findMoments(x, options, grouping, result);
    break;
  case Statistic::Rms:
  case Statistic::L2:
    findSquares(x, options, grouping, result);
    break;
  case Statistic::Lp:
  case Statistic::Max:
    findNorms(x, options, grouping, result);
    break;
  case Statistic::Given:
    if (options.mean)
      result.mean = *options.mean;
    if (options.variance)
      result.statistic = *options.variance;
    break;
  case Statistic::None:
    return;
  }
  for (int64_t group = 0; group < grouping.count; ++group)
    result.rstd.values[group] =
        options.rstd ? options.rstd->values[group]
                     : invert(result.statistic.values[group], options);
}

void findSpread(const OracleTensor &x, const Grouping &grouping,
                NormResult &result) {
  constexpr long double infinity = std::numeric_limits<long double>::infinity();
  std::vector<long double> low(grouping.count, infinity);
  std::vector<long double> high(grouping.count, -infinity);
  for (size_t i = 0; i < x.values.size(); ++i) {
    int64_t group = grouping.groupOf[i];
    low[group] = std::min(low[group], x.values[i]);
    high[group] = std::max(high[group], x.values[i]);
  }
  result.spread = OracleTensor(grouping.shape);
  for (int64_t group = 0; group < grouping.count; ++group)
    result.spread.values[group] = high[group] - low[group];
}

} // namespace

NormResult normc::oracle::normalize(const OracleTensor &x,
                                    const NormOptions &options) {
  Grouping grouping = findGroups(x, options);
  NormResult result;
  findStatistics(x, options, grouping, result);
  findSpread(x, grouping, result);
  result.y = OracleTensor(x.shape);
  result.magnitude = OracleTensor(x.shape);
  ParameterReader alphas(options.alpha, x, options, 1);
  ParameterReader scales(options.scale, x, options, 1);
  ParameterReader shifts(options.shift, x, options, 0);
  Walk walk(x.shape);
  for (size_t i = 0; i < x.values.size(); ++i) {
    int64_t group = grouping.groupOf[i];
    long double scale = scales.at(walk) + options.scaleOffset;
    long double shift = shifts.at(walk);
    long double normalized =
        options.statistic != Statistic::None
            ? centre(x, grouping, result, i) * result.rstd.values[group]
        : options.alpha.tensor ? std::tanh(alphas.at(walk) * x.values[i])
                               : x.values[i];
    result.y.values[i] = normalized * scale + shift;
    long double factor = scale * result.rstd.values[group];
    result.magnitude.values[i] =
        std::fabs(shift) +
        (options.folded ? std::fabs(factor * x.values[i]) +
                              std::fabs(factor * result.mean.values[group])
                        : std::fabs(normalized * scale));
    walk.next();
  }
  return result;
}

NormResult normc::oracle::rmsNorm(const OracleTensor &x,
                                  const OracleTensor &scale,
                                  long double epsilon) {
  int64_t last = int64_t(x.shape.size()) - 1;
  NormOptions options;
  options.statistic = Statistic::Rms;
  options.axes = {last};
  options.epsilon = epsilon;
  options.scale = {&scale, {last}};
  return normalize(x, options);
}

NormResult normc::oracle::layerNorm(const OracleTensor &x,
                                    const OracleTensor &scale,
                                    const OracleTensor &shift,
                                    long double epsilon) {
  int64_t last = int64_t(x.shape.size()) - 1;
  NormOptions options;
  options.axes = {last};
  options.epsilon = epsilon;
  options.scale = {&scale, {last}};
  options.shift = {&shift, {last}};
  return normalize(x, options);
}

NormResult normc::oracle::groupNorm(const OracleTensor &x, int64_t channelAxis,
                                    int64_t groups, const OracleTensor &scale,
                                    const OracleTensor &shift,
                                    long double epsilon) {
  NormOptions options;
  for (int64_t axis = 1; axis < int64_t(x.shape.size()); ++axis)
    options.axes.push_back(axis);
  options.groups = groups;
  options.groupAxis = channelAxis;
  options.epsilon = epsilon;
  options.scale = {&scale, {channelAxis}};
  options.shift = {&shift, {channelAxis}};
  return normalize(x, options);
}
