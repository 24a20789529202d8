//===- Oracle.cpp - what every norm should give, in long double -----------===//

#include "tests/numerics/Oracle.h"

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

namespace {

/// A sum with Neumaier's correction: without it, constant rows of 2^18 terms
/// drift by more than an f64 kernel is allowed to be wrong.
class Sum {
public:
  void add(long double term) {
    long double next = total + term;
    rest += std::fabs(total) >= std::fabs(term) ? (total - next) + term
                                                : (term - next) + total;
    total = next;
  }
  /// An infinite or NaN total is IEEE's; the correction means nothing then.
  long double value() const {
    return std::isfinite(total) ? total + rest : total;
  }

private:
  long double total = 0, rest = 0;
};

/// Walks the multi-indices of a shape in row-major order.
class Walk {
public:
  explicit Walk(const std::vector<int64_t> &shape)
      : shape(shape), index(shape.size(), 0) {}
  int64_t operator[](size_t axis) const { return index[axis]; }
  void next() {
    for (size_t axis = shape.size(); axis-- > 0;) {
      if (++index[axis] < shape[axis])
        return;
      index[axis] = 0;
    }
  }

private:
  const std::vector<int64_t> &shape;
  std::vector<int64_t> index;
};

bool contains(const std::vector<int64_t> &axes, size_t axis) {
  return std::find(axes.begin(), axes.end(), int64_t(axis)) != axes.end();
}

/// Which group every element of x belongs to, and the groups' shape.
struct Grouping {
  std::vector<int64_t> groupOf;
  std::vector<int64_t> shape;
  int64_t count = 1; ///< Number of groups.
  int64_t size = 1;  ///< Elements of a group.
};

Grouping findGroups(const OracleTensor &x, const NormOptions &options) {
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

/// The value of a scale or shift at every element of x.
class ParameterReader {
public:
  ParameterReader(const Parameter &parameter, const OracleTensor &x,
                  long double otherwise)
      : parameter(parameter), x(x), otherwise(otherwise) {}
  long double at(const Walk &walk) const {
    if (!parameter.tensor)
      return otherwise;
    int64_t position = 0;
    for (int64_t axis : parameter.axes)
      position = position * x.shape[axis] + walk[axis];
    return parameter.tensor->values[position];
  }

private:
  const Parameter &parameter;
  const OracleTensor &x;
  long double otherwise;
};

/// What a group's values are multiplied by.
long double invert(long double statistic, const NormOptions &options) {
  // The edge that the contract names: x-hat is 0 where 0 / 0 would be.
  if (options.epsilon == 0 && statistic == 0)
    return 0;
  switch (options.placement) {
  case Placement::Add:
    return 1 / std::sqrt(statistic + options.epsilon);
  case Placement::AfterRoot:
    return 1 / (std::sqrt(statistic) + options.epsilon);
  case Placement::Clamp: {
    long double root = std::sqrt(statistic);
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

void findStatistics(const OracleTensor &x, const NormOptions &options,
                    const Grouping &grouping, NormResult &result) {
  auto n = static_cast<long double>(grouping.size);
  bool centred = options.statistic == Statistic::MeanVariance;
  auto meanOf = [&](auto f) {
    std::vector<long double> values = sumPerGroup(grouping, f);
    for (long double &value : values)
      value /= n;
    return values;
  };
  auto centreOf = [&](size_t i) { return centre(x, grouping, result, i); };
  result.mean = result.meanRest = OracleTensor(grouping.shape);
  if (centred) {
    result.mean.values = meanOf([&](size_t i) { return x.values[i]; });
    result.meanRest.values = meanOf(centreOf);
  }
  result.statistic = OracleTensor(sumPerGroup(grouping,
                                              [&](size_t i) {
                                                long double d = centreOf(i);
                                                return d * d;
                                              }),
                                  grouping.shape);
  long double divisor = options.statistic == Statistic::L2 ? 1
                        : centred ? n - options.correction
                                  : n;
  result.rstd = OracleTensor(grouping.shape);
  for (int64_t group = 0; group < grouping.count; ++group) {
    result.statistic.values[group] /= divisor;
    result.rstd.values[group] = invert(result.statistic.values[group], options);
  }
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
  ParameterReader scales(options.scale, x, 1);
  ParameterReader shifts(options.shift, x, 0);
  Walk walk(x.shape);
  for (size_t i = 0; i < x.values.size(); ++i) {
    int64_t group = grouping.groupOf[i];
    long double normalized =
        centre(x, grouping, result, i) * result.rstd.values[group];
    long double scaled = normalized * (scales.at(walk) + options.scaleOffset);
    long double shift = shifts.at(walk);
    result.y.values[i] = scaled + shift;
    result.magnitude.values[i] = std::fabs(scaled) + std::fabs(shift);
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

Judged normc::oracle::softmax(const OracleTensor &x) {
  Judged y{OracleTensor(x.shape), OracleTensor(x.shape)};
  int64_t n = x.shape.back();
  for (size_t row = 0; row < x.values.size(); row += n) {
    const long double *in = &x.values[row];
    long double top = in[0];
    for (int64_t j = 0; j < n; ++j) // std::max would drop a NaN
      top = std::isnan(in[j]) || in[j] > top ? in[j] : top;
    Sum sum;
    for (int64_t j = 0; j < n; ++j)
      sum.add(std::exp(in[j] - top));
    for (int64_t j = 0; j < n; ++j) {
      long double value = std::exp(in[j] - top) / sum.value();
      y.exact.values[row + j] = value;
      // An exponential of exactly 0 has no error to allow for.
      y.magnitude.values[row + j] =
          value == 0 ? 0 : value * (1 + std::fabs(in[j] - top) / 16);
    }
  }
  return y;
}

LayerNormGradients normc::oracle::layerNormBackward(const OracleTensor &x,
                                                    const OracleTensor &dy,
                                                    const OracleTensor &gamma,
                                                    const OracleTensor &mean,
                                                    const OracleTensor &rstd) {
  int64_t rows = x.shape[0], n = x.shape[1];
  LayerNormGradients out;
  out.dx = {OracleTensor(x.shape), OracleTensor(x.shape)};
  std::vector<Sum> dgamma(n), dgammaMagnitude(n), dbeta(n), dbetaMagnitude(n);
  for (int64_t i = 0; i < rows; ++i) {
    const long double *xs = &x.values[i * n], *dys = &dy.values[i * n];
    long double mu = mean.values[i], r = rstd.values[i];
    Sum sumG, sumGx, sizeG, sizeGx;
    for (int64_t j = 0; j < n; ++j) {
      long double g = dys[j] * gamma.values[j], xhat = (xs[j] - mu) * r;
      sumG.add(g);
      sumGx.add(g * xhat);
      sizeG.add(std::fabs(g));
      sizeGx.add(std::fabs(g * xhat));
      dgamma[j].add(dys[j] * xhat);
      dgammaMagnitude[j].add(std::fabs(dys[j] * xhat));
      dbeta[j].add(dys[j]);
      dbetaMagnitude[j].add(std::fabs(dys[j]));
    }
    long double meanG = sumG.value() / n, meanGx = sumGx.value() / n;
    for (int64_t j = 0; j < n; ++j) {
      long double g = dys[j] * gamma.values[j], xhat = (xs[j] - mu) * r;
      long double terms =
          std::fabs(g) + std::fabs(meanG) + std::fabs(xhat * meanGx);
      long double underMeans =
          (sizeG.value() + 4 * std::fabs(xhat) * sizeGx.value()) / n;
      out.dx.exact.values[i * n + j] = r * (g - meanG - xhat * meanGx);
      out.dx.magnitude.values[i * n + j] =
          std::fabs(r) * (terms + underMeans / 16);
    }
  }
  auto collect = [n](const std::vector<Sum> &sums) {
    OracleTensor tensor({n});
    for (int64_t j = 0; j < n; ++j)
      tensor.values[j] = sums[j].value();
    return tensor;
  };
  out.dgamma = {collect(dgamma), collect(dgammaMagnitude)};
  out.dbeta = {collect(dbeta), collect(dbetaMagnitude)};
  return out;
}

Judged normc::oracle::dynamicTanh(const OracleTensor &x, long double alpha,
                                  const OracleTensor &gamma,
                                  const OracleTensor &beta) {
  Judged y{OracleTensor(x.shape), OracleTensor(x.shape)};
  int64_t n = x.shape.back();
  for (size_t i = 0; i < x.values.size(); ++i) {
    long double scaled = gamma.values[i % n] * std::tanh(alpha * x.values[i]);
    y.exact.values[i] = scaled + beta.values[i % n];
    y.magnitude.values[i] = std::fabs(scaled) + std::fabs(beta.values[i % n]);
  }
  return y;
}

Judged normc::oracle::switchableNorm(const OracleTensor &x,
                                     const SwitchWeights &weights,
                                     const OracleTensor &scale,
                                     const OracleTensor &shift,
                                     long double epsilon) {
  auto statisticsOver = [&](std::vector<int64_t> axes) {
    NormOptions options;
    options.axes = std::move(axes);
    return normalize(x, options);
  };
  NormResult instance = statisticsOver({2}), layer = statisticsOver({1, 2}),
             batch = statisticsOver({0, 2});
  auto mix = [&](long double a, long double b, long double c) {
    return weights.instance * a + weights.layer * b + weights.batch * c;
  };
  Judged y{OracleTensor(x.shape), OracleTensor(x.shape)};
  Walk walk(x.shape);
  for (size_t i = 0; i < x.values.size(); ++i) {
    int64_t n = walk[0], c = walk[1], nc = n * x.shape[1] + c;
    long double a = instance.mean.values[nc], b = layer.mean.values[n],
                d = batch.mean.values[c];
    long double variance =
        mix(instance.statistic.values[nc], layer.statistic.values[n],
            batch.statistic.values[c]);
    long double factor = scale.values[c] / std::sqrt(variance + epsilon);
    y.exact.values[i] = (x.values[i] - mix(a, b, d)) * factor + shift.values[c];
    long double terms =
        std::fabs(x.values[i]) + mix(std::fabs(a), std::fabs(b), std::fabs(d));
    y.magnitude.values[i] =
        terms * std::fabs(factor) + std::fabs(shift.values[c]);
    walk.next();
  }
  return y;
}
