//===- RandomNormTest.cpp - random declared norms against the oracle ------===//
//
// Specs that no preset makes: ranks 1 to 6, any axis set, groups on any reduced
// axis, parameters on any axes in any order, element types of their own, and
// random strides, with each extent static or not. The seed of a failure is in
// its trace.
//
//===----------------------------------------------------------------------===//

#include "tests/numerics/Dtype.h"
#include "tests/numerics/Harness.h"

#include "normc/Compiler.h"

#include <algorithm>

using namespace normc;
using namespace normc::numerics;
using oracle::OracleTensor;

namespace {

/// A random norm, its data and its layout.
class RandomNorm {
public:
  explicit RandomNorm(uint64_t seed) : generator(seed) { choose(); }

  /// The spec with its extents as they are, each dynamic by a coin.
  NormSpec spec;
  Problem problem;
  Placement placement;

private:
  int64_t below(int64_t n) { return int64_t(generator.next() % uint64_t(n)); }
  bool coin() { return below(2) == 1; }
  DType anyDtype() { return kAllDtypes[below(4)]; }

  void choose();
  void chooseShape();
  void chooseAxes();
  void chooseStatistic();
  std::optional<Parameter> chooseParameter();
  std::vector<int64_t> chooseStrides();
  void solve();
  void addInput(const std::string &name, DType dtype,
                std::vector<int64_t> shape, double mean, bool positive);
  void addParameter(const std::string &name,
                    const std::optional<Parameter> &parameter,
                    oracle::Parameter &target);
  oracle::NormOptions oracleOptions() const;
  std::vector<int64_t> statisticShape() const;

  Generator generator;
};

void RandomNorm::chooseShape() {
  int64_t rank = 1 + below(6), budget = 6000;
  for (int64_t axis = 0; axis < rank; ++axis) {
    int64_t most = std::min<int64_t>(budget, rank <= 2 ? 300 : 12);
    int64_t extent = 1 + below(most);
    spec.shape.push_back(extent);
    budget = std::max<int64_t>(budget / extent, 1);
  }
}

void RandomNorm::chooseAxes() {
  int64_t rank = int64_t(spec.shape.size());
  for (int64_t axis = 0; axis < rank; ++axis)
    if (coin())
      spec.axes.push_back(axis);
  if (spec.axes.empty())
    spec.axes.push_back(below(rank));
  if (coin())
    std::reverse(spec.axes.begin(), spec.axes.end());
  if (below(3) != 0)
    return;
  spec.groupAxis = spec.axes[below(int64_t(spec.axes.size()))];
  int64_t &extent = spec.shape[spec.groupAxis];
  spec.groups = 1 + below(4);
  extent = *spec.groups * std::max<int64_t>(extent / *spec.groups, 1);
}

void RandomNorm::chooseStatistic() {
  const Statistic statistics[] = {
      Statistic::MeanVariance, Statistic::MeanVariance, Statistic::Rms,
      Statistic::L2,           Statistic::Lp,           Statistic::Max,
      Statistic::Given,        Statistic::None};
  spec.statistic = statistics[below(8)];
  spec.epsilon = coin() ? 1e-5 : 1e-3;
  switch (spec.statistic) {
  case Statistic::MeanVariance:
  case Statistic::Rms:
    if (coin())
      spec.placement = EpsilonPlacement::AfterRoot;
    spec.saveRstd = spec.placement == EpsilonPlacement::Add && coin();
    spec.saveMean = spec.saveVariance =
        spec.statistic == Statistic::MeanVariance && coin();
    break;
  case Statistic::L2:
    if (coin())
      spec.placement = EpsilonPlacement::Clamp;
    break;
  case Statistic::Lp:
    spec.p = 1 + double(below(9)) / 2;
    [[fallthrough]];
  case Statistic::Max:
    spec.placement = EpsilonPlacement::Clamp;
    break;
  case Statistic::Given:
    spec.given = {.hasMean = coin(), .isRstd = coin(), .folded = coin()};
    break;
  case Statistic::None:
    spec.axes.clear();
    spec.groups.reset();
    if (coin())
      spec.alpha = chooseParameter();
    break;
  }
}

std::optional<Parameter> RandomNorm::chooseParameter() {
  Parameter parameter;
  for (int64_t axis = 0; axis < int64_t(spec.shape.size()); ++axis)
    if (coin())
      parameter.axes.insert(
          coin() ? parameter.axes.begin() : parameter.axes.end(), axis);
  parameter.dtype = anyDtype();
  parameter.strides.assign(parameter.axes.size(), kDynamic);
  return parameter;
}

/// Axes in any order, gaps between them, some backwards.
std::vector<int64_t> RandomNorm::chooseStrides() {
  std::vector<size_t> order(spec.shape.size());
  for (size_t axis = 0; axis < order.size(); ++axis)
    order[axis] = axis;
  for (size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[below(int64_t(i))]);
  std::vector<int64_t> strides(order.size());
  int64_t step = 1 + below(2);
  for (size_t axis : order) {
    strides[axis] = below(4) == 0 ? -step : step;
    step = step * spec.shape[axis] + below(3);
  }
  return strides;
}

void RandomNorm::choose() {
  spec.name = "random";
  chooseShape();
  chooseAxes();
  chooseStatistic();
  spec.dtype = anyDtype();
  spec.outputDtype = anyDtype();
  if (coin())
    spec.scale = chooseParameter();
  if (coin())
    spec.shift = chooseParameter();
  spec.scaleOffset = spec.scale && coin() ? 1 : 0;
  auto isOnGroups = [&](const std::optional<Parameter> &parameter) {
    return parameter && spec.groups &&
           std::count(parameter->axes.begin(), parameter->axes.end(),
                      spec.groupAxis);
  };
  spec.perGroup = (isOnGroups(spec.scale) || isOnGroups(spec.shift)) && coin();
  int64_t n = 1;
  for (int64_t axis : spec.axes)
    n *= spec.shape[axis];
  if (spec.statistic == Statistic::MeanVariance &&
      n / spec.groups.value_or(1) >= 2)
    spec.correction = below(2);
  if (coin()) {
    placement.inputs.strides = chooseStrides();
    placement.outputs.strides = chooseStrides();
    spec.inputStrides = placement.inputs.strides;
    spec.outputStrides = placement.outputs.strides;
    for (auto *strides : {&spec.inputStrides, &spec.outputStrides})
      for (int64_t &stride : *strides)
        stride = coin() ? kDynamic : stride;
  }
  placement.inputs.offset = below(3);
  solve();
  for (int64_t &extent : spec.shape)
    extent = coin() ? kDynamic : extent;
}

//===----------------------------------------------------------------------===//
// Data, and what the oracle says of it
//===----------------------------------------------------------------------===//

void RandomNorm::addInput(const std::string &name, DType dtype,
                          std::vector<int64_t> shape, double mean,
                          bool positive) {
  OracleTensor tensor(std::move(shape));
  for (long double &value : tensor.values) {
    value = mean + generator.normal();
    value = positive ? value * value + 0.1L : value;
  }
  bool isStatistic = name == "mean" || name == "variance" || name == "rstd";
  problem.inputs.push_back({name, dtype, std::move(tensor), {}, isStatistic});
}

std::vector<int64_t> RandomNorm::statisticShape() const {
  std::vector<int64_t> shape;
  for (int64_t axis = 0; axis < int64_t(spec.shape.size()); ++axis) {
    if (spec.groups && axis == spec.groupAxis)
      shape.push_back(*spec.groups);
    else if (!std::count(spec.axes.begin(), spec.axes.end(), axis))
      shape.push_back(spec.shape[axis]);
  }
  return shape;
}

void RandomNorm::addParameter(const std::string &name,
                              const std::optional<Parameter> &parameter,
                              oracle::Parameter &target) {
  if (!parameter)
    return;
  std::vector<int64_t> shape;
  for (int64_t axis : parameter->axes)
    shape.push_back(spec.perGroup && axis == spec.groupAxis ? *spec.groups
                                                            : spec.shape[axis]);
  addInput(name, *parameter->dtype, shape, 0.5, false);
  target.axes = parameter->axes;
}

oracle::NormOptions RandomNorm::oracleOptions() const {
  oracle::NormOptions options;
  options.statistic = oracle::Statistic(int(spec.statistic));
  options.axes = spec.axes;
  options.placement = oracle::Placement(int(spec.placement));
  options.epsilon = roundTo(computeType(spec.dtype), spec.epsilon);
  options.groups = spec.groups.value_or(0);
  options.groupAxis = spec.groupAxis;
  options.correction = spec.correction;
  options.p = spec.p;
  options.folded = spec.statistic == Statistic::Given && spec.given.folded;
  options.scaleOffset = spec.scaleOffset;
  options.perGroup = spec.perGroup;
  return options;
}

void RandomNorm::solve() {
  problem.shape = spec.shape;
  problem.dtype = spec.dtype;
  problem.epsilon = spec.epsilon;
  oracle::NormOptions options = oracleOptions();
  DType compute = computeType(spec.dtype);
  addInput("x", spec.dtype, spec.shape, 0.25, false);
  bool isGiven = spec.statistic == Statistic::Given;
  if (isGiven && spec.given.hasMean)
    addInput("mean", compute, statisticShape(), 0.25, false);
  if (isGiven)
    addInput(spec.given.isRstd ? "rstd" : "variance", compute, statisticShape(),
             1, true);
  addParameter("alpha", spec.alpha, options.alpha);
  addParameter("scale", spec.scale, options.scale);
  addParameter("shift", spec.shift, options.shift);
  problem.roundInputs();
  for (Values &input : problem.inputs) {
    const OracleTensor *tensor = &input.tensor;
    if (input.name == "mean")
      options.mean = tensor;
    else if (input.name == "variance")
      options.variance = tensor;
    else if (input.name == "rstd")
      options.rstd = tensor;
    else if (input.name == "alpha")
      options.alpha.tensor = tensor;
    else if (input.name == "scale")
      options.scale.tensor = tensor;
    else if (input.name == "shift")
      options.shift.tensor = tensor;
  }
  problem.norm = oracle::normalize(problem.input("x").tensor, options);
  problem.expect("y", *spec.outputDtype, problem.norm.y,
                 problem.norm.magnitude);
  for (auto [wanted, name] : {std::pair(spec.saveMean, "mean"),
                              std::pair(spec.saveVariance, "variance"),
                              std::pair(spec.saveRstd, "rstd")})
    if (wanted)
      problem.expectSaved(name);
}

class RandomNormTest : public testing::TestWithParam<int> {};

} // namespace

TEST_P(RandomNormTest, AgreesWithTheOracle) {
  constexpr int perCase = 10;
  for (int i = 0; i < perCase; ++i) {
    uint64_t seed = uint64_t(GetParam()) * perCase + i;
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomNorm norm(seed);
    Result<std::string> text = toMlir(norm.spec);
    ASSERT_TRUE(text) << text.error().message;
    SCOPED_TRACE(*text);
    const Kernel *kernel = kernelFor(*text);
    if (!kernel)
      continue;
    Call call(norm.problem, norm.placement);
    if (call.run(*kernel))
      call.expectWithinBounds();
  }
}

INSTANTIATE_TEST_SUITE_P(Numerics, RandomNormTest, testing::Range(0, 100));
