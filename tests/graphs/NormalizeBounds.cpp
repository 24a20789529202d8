//===- NormalizeBounds.cpp - what a norm.normalize means ------------------===//
//
// The contract's formulas on values in ranges. Statistics come from the numeric
// oracle. Every statistic's root is a (semi)norm of the values: moving them by
// at most r moves it by at most the norm of r. The kernel's own rounding is the
// contract's: 16 u T, T the sum of magnitudes before the last addition.
//
//===----------------------------------------------------------------------===//

#include "tests/graphs/Evaluator.h"
#include "tests/graphs/ScalarBounds.h"
#include "tests/numerics/Oracle.h"
#include "tests/numerics/OracleParts.h"

using namespace mlir;
using namespace normc;
using namespace normc::graphs;
using namespace normc::norm;
using oracle::OracleTensor;

namespace {

/// A real number within a radius.
struct Ball {
  long double value = 0, radius = 0;
  long double most() const { return std::fabs(value) + radius; }
};

class NormalizeEvaluation {
public:
  NormalizeEvaluation(NormalizeOp op,
                      const std::vector<const BoundedTensor *> &operands);
  std::vector<BoundedTensor> run();

private:
  void findStatistics();
  void findRoots();
  void findRstd(size_t group);
  Ball invert(long double root, long double radius) const;
  Ball normalizedAt(size_t i) const;
  Bounded once(size_t i, const Ball &normalized) const;
  Bounded roundedTwice(size_t i, const Ball &normalized) const;
  Bounded savedValue(StringRef name, size_t group) const;
  const Bounded &parameterAt(const BoundedTensor &tensor,
                             ArrayRef<int64_t> axes, size_t i) const;

  mutable NormalizeOp op; // A handle, whose accessors are not const.
  const BoundedTensor *x = nullptr, *mean = nullptr, *variance = nullptr,
                      *rstd = nullptr, *alpha = nullptr, *scale = nullptr,
                      *shift = nullptr;
  DType type, compute;
  long double unit, epsilon = 0;
  oracle::NormOptions options;
  oracle::Grouping grouping;
  oracle::NormResult exact;
  /// Per group: the sum of the values' radii, the root of the statistic and
  /// what x is multiplied by; whether nothing is known, or all is NaN.
  std::vector<Ball> roots, factors;
  std::vector<long double> radii;
  std::vector<bool> doubts, nans;
};

} // namespace

NormalizeEvaluation::NormalizeEvaluation(
    NormalizeOp op, const std::vector<const BoundedTensor *> &operands)
    : op(op), type(*floatTypeOf(op.getInput().getType())),
      compute(numerics::computeType(type)),
      unit(numerics::unitRoundoff(compute)) {
  auto next = operands.begin();
  for (auto [operand, tensor] :
       {std::pair<Value, const BoundedTensor **>(op.getInput(), &x),
        {op.getMean(), &mean},
        {op.getVariance(), &variance},
        {op.getRstd(), &rstd},
        {op.getAlpha(), &alpha},
        {op.getScale(), &scale},
        {op.getShift(), &shift}})
    if (operand)
      *tensor = *next++;
  if (op.getEpsilon())
    epsilon = numerics::roundTo(compute, op.getEpsilon()->convertToDouble());
  options.statistic = oracle::Statistic(int(op.getStatistic()));
  options.axes = op.getAxes().vec();
  options.epsilon = epsilon;
  options.placement = oracle::Placement(int(op.getPlacement()));
  options.groups = op.getGroups().value_or(0);
  options.groupAxis = op.getGroupAxis().value_or(0);
  options.correction = op.getCorrection();
  options.p = op.getP() ? op.getP()->convertToDouble() : 2;
  if (op.getPartial()) {
    double share = op.getPartial()->convertToDouble();
    int64_t extent = x->shape[op.getAxes().front()];
    options.firstElements =
        std::max<int64_t>(int64_t(std::floor(share * double(extent))), 1);
  }
}

//===----------------------------------------------------------------------===//
// Statistics
//===----------------------------------------------------------------------===//

static OracleTensor tensorOf(const BoundedTensor &tensor, bool ofRadii) {
  OracleTensor result(tensor.shape);
  for (size_t i = 0; i < result.values.size(); ++i) {
    const Bounded &b = tensor.values[i];
    result.values[i] = ofRadii ? b.radius() : b.value;
  }
  return result;
}

void NormalizeEvaluation::findStatistics() {
  OracleTensor values = tensorOf(*x, /*ofRadii=*/false);
  OracleTensor means, variances, rstds;
  for (auto [tensor, place, holder] :
       {std::tuple(mean, &options.mean, &means),
        std::tuple(variance, &options.variance, &variances),
        std::tuple(rstd, &options.rstd, &rstds)})
    if (tensor) {
      *holder = tensorOf(*tensor, /*ofRadii=*/false);
      *place = holder;
    }
  grouping = oracle::findGroups(values, options);
  exact = oracle::normalize(values, options);
  doubts.assign(grouping.count, false);
  nans.assign(grouping.count, false);
  radii.assign(grouping.count, 0);
  bool isComputed = op.computesStatistic();
  for (size_t i = 0; i < x->values.size(); ++i) {
    const Bounded &b = x->values[i];
    size_t group = grouping.groupOf[i];
    radii[group] += b.doubt || b.isNan() ? 0 : b.radius();
    if (!isComputed)
      continue;
    // A number beyond what squares hold, or an infinity, is not judged.
    bool isLarge = std::isinf(b.low) || std::isinf(b.high) ||
                   (type == DType::F32 && std::fabs(b.value) > 1e15);
    doubts[group] = doubts[group] || b.doubt || isLarge;
    nans[group] = nans[group] || (!b.doubt && b.isNan());
  }
  findRoots();
}

/// The roots of the statistics, and how far the values' ranges move them.
void NormalizeEvaluation::findRoots() {
  oracle::NormOptions ofRadii = options;
  ofRadii.correction = 0;
  using oracle::Statistic;
  long double grows = 1;
  if (options.statistic == Statistic::MeanVariance) {
    ofRadii.statistic = Statistic::Rms;
    auto n = static_cast<long double>(grouping.size);
    grows = std::sqrt(n / (n - options.correction));
  }
  bool isComputed = op.computesStatistic();
  oracle::NormResult moved;
  if (isComputed)
    moved = oracle::normalize(tensorOf(*x, /*ofRadii=*/true), ofRadii);
  bool isRoot =
      options.statistic == Statistic::Lp || options.statistic == Statistic::Max;
  auto root = [&](long double statistic) {
    return isRoot ? statistic : std::sqrt(statistic);
  };
  roots.resize(grouping.count);
  factors.resize(grouping.count);
  for (int64_t group = 0; group < grouping.count; ++group) {
    if (isComputed)
      roots[group] = {root(exact.statistic.values[group]),
                      grows * root(moved.statistic.values[group])};
    findRstd(group);
  }
}

/// The factor for any root within the radius: it falls as the root rises.
Ball NormalizeEvaluation::invert(long double root, long double radius) const {
  auto at = [&](long double r) -> long double {
    if (epsilon == 0 && r == 0)
      return 0;
    switch (op.getPlacement()) {
    case EpsilonPlacement::add:
      return 1 / std::sqrt(r * r + epsilon);
    case EpsilonPlacement::after_root:
      return 1 / (r + epsilon);
    case EpsilonPlacement::clamp:
      return 1 / std::max(r, epsilon);
    }
    return 0;
  };
  long double value = at(root);
  if (radius == 0)
    return {value, 0};
  return {value, std::max(at(std::max(root - radius, 0.0L)) - value,
                          value - at(root + radius))};
}

void NormalizeEvaluation::findRstd(size_t group) {
  if (op.getStatistic() == norm::Statistic::none)
    return;
  if (op.computesStatistic()) {
    const Ball &root = roots[group];
    bool vanishes =
        epsilon == 0 && root.radius > 0 && root.value <= 2 * root.radius;
    doubts[group] = doubts[group] || vanishes;
    factors[group] = invert(root.value, root.radius);
    return;
  }
  const Bounded &given = (rstd ? rstd : variance)->values[group];
  doubts[group] = doubts[group] || given.doubt ||
                  (mean && mean->values[group].doubt) ||
                  (variance && !given.isNan() && given.low < 0);
  if (rstd) {
    factors[group] = {given.value, given.radius()};
    return;
  }
  long double low = std::sqrt(static_cast<long double>(given.low)),
              high = std::sqrt(static_cast<long double>(given.high)),
              root = std::sqrt(static_cast<long double>(given.value));
  factors[group] = invert(root, std::max(root - low, high - root));
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

const Bounded &NormalizeEvaluation::parameterAt(const BoundedTensor &tensor,
                                                ArrayRef<int64_t> axes,
                                                size_t i) const {
  SmallVector<int64_t> index(x->shape.size());
  int64_t rest = int64_t(i);
  for (size_t axis = x->shape.size(); axis-- > 0;) {
    index[axis] = rest % x->shape[axis];
    rest /= x->shape[axis];
  }
  int64_t position = 0;
  for (int64_t axis : axes) {
    int64_t extent = x->shape[axis], at = index[axis];
    if (op.getPerGroup() && axis == options.groupAxis) {
      at /= extent / options.groups;
      extent = options.groups;
    }
    position = position * extent + at;
  }
  return tensor.values[position];
}

/// x-hat, before the kernel's own rounding.
Ball NormalizeEvaluation::normalizedAt(size_t i) const {
  const Bounded &b = x->values[i];
  if (op.getStatistic() == norm::Statistic::none) {
    if (!alpha)
      return {b.value, b.radius()};
    const Bounded &a = parameterAt(*alpha, *op.getAlphaAxes(), i);
    long double centre = static_cast<long double>(b.value) * a.value;
    long double moved =
        (std::fabs(static_cast<long double>(b.value)) + b.radius()) *
            a.radius() +
        std::fabs(static_cast<long double>(a.value)) * b.radius();
    return {std::tanh(centre), moved}; // tanh is nowhere steeper than 1.
  }
  size_t group = grouping.groupOf[i];
  long double n = op.getPartial() ? options.firstElements : grouping.size;
  Ball centred{b.value - exact.mean.values[group] -
                   exact.meanRest.values[group],
               b.radius()};
  if (options.statistic == oracle::Statistic::MeanVariance)
    // A value moves its mean too.
    centred.radius = b.radius() * (1 - 1 / n) +
                     std::max(0.0L, radii[group] - b.radius()) / n;
  else if (mean)
    centred.radius += mean->values[group].radius();
  // What the contract leaves to a mean counts where values nearly equal it:
  // f64 has no wider type to sum in. Elsewhere it is the oracle's own last
  // bits.
  if (options.statistic == oracle::Statistic::MeanVariance)
    centred.radius += exact.spread.values[group] *
                      (compute == DType::F64
                           ? 8 * unit
                           : 4 * std::numeric_limits<long double>::epsilon());
  const Ball &factor = factors[group];
  return {centred.value * factor.value,
          centred.most() * factor.radius + centred.radius * factor.most()};
}

/// Rounding once: y = x-hat (scale + offset) + shift within 16 u T.
Bounded NormalizeEvaluation::once(size_t i, const Ball &normalized) const {
  Ball factor{1, 0}, term{0, 0};
  if (scale) {
    const Bounded &b = parameterAt(*scale, *op.getScaleAxes(), i);
    if (b.doubt)
      return b;
    factor = {b.value + static_cast<long double>(
                            op.getScaleOffset().convertToDouble()),
              b.radius()};
  }
  if (shift) {
    const Bounded &b = parameterAt(*shift, *op.getShiftAxes(), i);
    if (b.doubt)
      return b;
    term = {b.value, b.radius()};
  }
  long double y = normalized.value * factor.value + term.value;
  long double moved = normalized.most() * factor.radius +
                      normalized.radius * factor.most() + term.radius;
  long double magnitude = normalized.most() * factor.most() + term.most();
  if (op.getFolded()) {
    size_t group = grouping.groupOf[i];
    long double a = factor.most() * factors[group].most();
    long double centre = mean ? mean->values[group].value : 0;
    magnitude = a * (std::fabs(static_cast<long double>(x->values[i].value)) +
                     x->values[i].radius()) +
                a * std::fabs(centre) + term.most();
  }
  return around(*floatTypeOf(op.getResult(0).getType()), y,
                moved + 16 * unit * magnitude);
}

/// The type that holds both: f32 for f16 with bf16.
static DType promote(DType a, DType b) {
  if (a == b || numerics::computeType(b) == b)
    return a == DType::F64 ? a : b;
  return numerics::computeType(a) == a ? a : DType::F32;
}

/// Rounding x-hat, and then after scale and shift.
Bounded NormalizeEvaluation::roundedTwice(size_t i,
                                          const Ball &normalized) const {
  Bounded y =
      around(type, normalized.value,
             normalized.radius + 16 * unit * std::fabs(normalized.value));
  DType work = type;
  if (scale) {
    DType from = *floatTypeOf(op.getScale().getType());
    work = promote(work, from);
    DType wide = numerics::computeType(promote(work, compute));
    Bounded factor = parameterAt(*scale, *op.getScaleAxes(), i);
    double offset = op.getScaleOffset().convertToDouble();
    if (offset != 0)
      factor = add(wide, factor, Bounded::exactly(offset));
    y = multiply(wide, y, factor);
    y = combine<1>({y}, [&](double v) { return roundResult(work, v); });
  }
  if (shift) {
    DType from = *floatTypeOf(op.getShift().getType());
    work = promote(work, from);
    y = add(work, y, parameterAt(*shift, *op.getShiftAxes(), i));
  }
  DType out = *floatTypeOf(op.getResult(0).getType());
  return combine<1>(
      {y}, [&](double v) { return double(numerics::roundTo(out, v)); });
}

/// See compareMean, compareVariance and compareRstd of the numeric tests.
Bounded NormalizeEvaluation::savedValue(StringRef name, size_t group) const {
  if (name == "mean")
    return around(compute, exact.mean.values[group],
                  radii[group] / grouping.size +
                      8 * unit * exact.spread.values[group]);
  if (name == "rstd") {
    const Ball &factor = factors[group];
    return around(compute, factor.value,
                  factor.radius + 6.5L * unit * factor.most());
  }
  const Ball &root = roots[group];
  long double most = root.value + root.radius;
  return around(compute, root.value * root.value,
                most * most - root.value * root.value + 8 * unit * most * most);
}

std::vector<BoundedTensor> NormalizeEvaluation::run() {
  findStatistics();
  std::vector<BoundedTensor> results(op.getNumResults());
  BoundedTensor &y = results.front();
  y.shape = x->shape;
  bool rounds = op.getRounding() == Rounding::normalized;
  for (size_t i = 0; i < x->values.size(); ++i) {
    const Bounded &b = x->values[i];
    size_t group = grouping.groupOf[i];
    if (doubts[group] || b.doubt ||
        (alpha && parameterAt(*alpha, *op.getAlphaAxes(), i).doubt)) {
      y.values.push_back(Bounded::unknown());
      continue;
    }
    Ball normalized = normalizedAt(i);
    y.values.push_back(rounds ? roundedTwice(i, normalized)
                              : once(i, normalized));
    if (nans[group])
      y.values.back() =
          Bounded::exactly(std::numeric_limits<double>::quiet_NaN());
  }
  for (size_t number = 1; number < results.size(); ++number) {
    BoundedTensor &saved = results[number];
    saved.shape = grouping.shape;
    auto name = cast<StringAttr>((*op.getSaved())[number - 1]);
    for (int64_t group = 0; group < grouping.count; ++group)
      saved.values.push_back(doubts[group] || nans[group]
                                 ? Bounded::unknown()
                                 : savedValue(name, group));
  }
  return results;
}

std::vector<BoundedTensor> normc::graphs::evaluateNormalize(
    NormalizeOp op, const std::vector<const BoundedTensor *> &operands) {
  return NormalizeEvaluation(op, operands).run();
}
