//===- Problems.cpp - one computation: data, exact results, bounds --------===//

#include "tests/numerics/Problems.h"

#include "tests/numerics/Dtype.h"

#include <stdexcept>
#include <utility>

using namespace normc;
using namespace normc::numerics;
using oracle::NormOptions;
using oracle::OracleTensor;

const char *normc::numerics::toString(Extreme extreme) {
  switch (extreme) {
  case Extreme::RmsNorm:
    return "RmsNorm";
  case Extreme::LayerNorm:
    return "LayerNorm";
  case Extreme::L2Norm:
    return "L2Norm";
  case Extreme::Softmax:
    return "Softmax";
  case Extreme::LayerNormBackward:
    return "LayerNormBackward";
  case Extreme::DynamicTanh:
    return "DynamicTanh";
  case Extreme::GroupNorm:
    return "GroupNorm";
  case Extreme::GroupNormChannelsFirst:
    return "GroupNormChannelsFirst";
  case Extreme::SwitchableNorm:
    return "SwitchableNorm";
  }
  return "?";
}

const char *normc::numerics::toString(Flavour flavour) {
  switch (flavour) {
  case Flavour::Static:
    return "static";
  case Flavour::Inner:
    return "inner";
  case Flavour::Dynamic:
    return "dynamic";
  }
  return "?";
}

template <typename List>
static auto &findByName(List &list, std::string_view name) {
  for (auto &element : list)
    if (element.name == name)
      return element;
  throw std::out_of_range("no tensor named " + std::string(name));
}

Values &Problem::input(std::string_view name) {
  return findByName(inputs, name);
}
const Expected &Problem::output(std::string_view name) const {
  return findByName(outputs, name);
}

void Problem::roundInputs() {
  for (Values &input : inputs) {
    input.bits.clear();
    for (long double &value : input.tensor.values) {
      input.bits.push_back(encode(input.dtype, value));
      value = decode(input.dtype, input.bits.back());
    }
  }
}

void Problem::expect(const std::string &name, DType type, OracleTensor exact,
                     OracleTensor magnitude) {
  outputs.push_back({name, type, std::move(exact), std::move(magnitude),
                     Bound::elementwise(type, computeType(dtype))});
}

void Problem::expectSaved(const std::string &name) {
  auto [exact, judgement] =
      name == "mean"       ? std::pair(norm.mean, Judgement::Mean)
      : name == "variance" ? std::pair(norm.statistic, Judgement::Variance)
                           : std::pair(norm.rstd, Judgement::Rstd);
  outputs.push_back(
      {name, computeType(dtype), std::move(exact), {}, {}, judgement});
}

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

static int64_t channelAxisOf(Extreme extreme) {
  return extreme == Extreme::GroupNorm ? 2 : 1;
}

static void addNormal(ExtremeProblem &problem, const std::string &name,
                      std::vector<int64_t> shape, Generator &generator,
                      double mean, double deviation) {
  OracleTensor tensor(std::move(shape));
  for (long double &value : tensor.values)
    value = mean + deviation * generator.normal();
  problem.inputs.push_back({name, problem.dtype, std::move(tensor), {}});
}

/// mean and rstd of the rows of x, as a forward pass would have saved them.
static void addSavedStatistics(ExtremeProblem &problem) {
  Values &x = problem.inputs.front();
  for (long double &value : x.tensor.values)
    value = roundTo(x.dtype, value);
  NormOptions options;
  options.axes = {1};
  options.epsilon = problem.epsilon;
  oracle::NormResult forward = oracle::normalize(x.tensor, options);
  DType compute = computeType(problem.dtype);
  problem.inputs.push_back({"mean", compute, forward.mean, {}});
  problem.inputs.push_back({"rstd", compute, forward.rstd, {}});
}

ExtremeProblem normc::numerics::makeProblem(Extreme extreme, DType dtype,
                                            const std::vector<int64_t> &shape,
                                            int64_t groups, uint64_t seed) {
  ExtremeProblem problem;
  problem.extreme = extreme;
  problem.dtype = dtype;
  problem.shape = shape;
  problem.groups = groups;
  Generator generator(seed);
  // A mean away from 0 makes centring matter; softmax wants a spread of a few.
  bool isSoftmax = extreme == Extreme::Softmax;
  addNormal(problem, "x", shape, generator, 0.25, isSoftmax ? 2 : 1);
  std::vector<int64_t> channels = {shape[channelAxisOf(extreme)]};
  switch (extreme) {
  case Extreme::Softmax:
  case Extreme::L2Norm:
    break;
  case Extreme::RmsNorm:
    addNormal(problem, "scale", channels, generator, 1, 0.5);
    break;
  case Extreme::LayerNormBackward:
    addNormal(problem, "dy", shape, generator, 0, 1);
    addNormal(problem, "gamma", channels, generator, 1, 0.5);
    addSavedStatistics(problem);
    break;
  default:
    addNormal(problem, "scale", channels, generator, 1, 0.5);
    addNormal(problem, "shift", channels, generator, 0, 1);
  }
  solve(problem);
  return problem;
}

//===----------------------------------------------------------------------===//
// Outputs
//===----------------------------------------------------------------------===//

static void solveNorm(ExtremeProblem &problem, const NormOptions &options,
                      bool hasMean) {
  problem.norm = oracle::normalize(problem.input("x").tensor, options);
  problem.expect("y", problem.dtype, std::move(problem.norm.y),
                 std::move(problem.norm.magnitude));
  if (!problem.saved)
    return;
  if (hasMean)
    problem.expectSaved("mean");
  problem.expectSaved("rstd");
}

static void solveRows(ExtremeProblem &problem, long double epsilon) {
  NormOptions options;
  options.axes = {1};
  options.epsilon = epsilon;
  bool hasMean = problem.extreme == Extreme::LayerNorm;
  if (problem.extreme == Extreme::L2Norm) {
    options.statistic = oracle::Statistic::L2;
    options.placement = oracle::Placement::Clamp;
  } else {
    options.scale = {&problem.input("scale").tensor, {1}};
    if (hasMean)
      options.shift = {&problem.input("shift").tensor, {1}};
    else
      options.statistic = oracle::Statistic::Rms;
  }
  solveNorm(problem, options, hasMean);
}

static void solveGroups(ExtremeProblem &problem, long double epsilon) {
  int64_t axis = channelAxisOf(problem.extreme);
  NormOptions options;
  options.axes = {1, 2};
  options.groups = problem.groups;
  options.groupAxis = axis;
  options.epsilon = epsilon;
  options.scale = {&problem.input("scale").tensor, {axis}};
  options.shift = {&problem.input("shift").tensor, {axis}};
  solveNorm(problem, options, /*hasMean=*/true);
}

static void solveBackward(ExtremeProblem &problem) {
  oracle::LayerNormGradients gradients = oracle::layerNormBackward(
      problem.input("x").tensor, problem.input("dy").tensor,
      problem.input("gamma").tensor, problem.input("mean").tensor,
      problem.input("rstd").tensor);
  problem.expect("dx", problem.dtype, std::move(gradients.dx.exact),
                 std::move(gradients.dx.magnitude));
  DType compute = computeType(problem.dtype);
  Bound bound = Bound::columnSum(compute, compute, problem.shape[0]);
  problem.outputs.push_back({"dgamma", compute, gradients.dgamma.exact,
                             gradients.dgamma.magnitude, bound});
  problem.outputs.push_back({"dbeta", compute, gradients.dbeta.exact,
                             gradients.dbeta.magnitude, bound});
}

void normc::numerics::solve(ExtremeProblem &problem) {
  problem.roundInputs();
  problem.outputs.clear();
  // The kernels hold epsilon in the compute type.
  long double epsilon = roundTo(computeType(problem.dtype), problem.epsilon);
  auto tensor = [&](const char *name) -> const OracleTensor & {
    return problem.input(name).tensor;
  };
  switch (problem.extreme) {
  case Extreme::RmsNorm:
  case Extreme::LayerNorm:
  case Extreme::L2Norm:
    return solveRows(problem, epsilon);
  case Extreme::GroupNorm:
  case Extreme::GroupNormChannelsFirst:
    return solveGroups(problem, epsilon);
  case Extreme::LayerNormBackward:
    return solveBackward(problem);
  case Extreme::Softmax: {
    oracle::Judged y = oracle::softmax(tensor("x"));
    return problem.expect("y", problem.dtype, std::move(y.exact),
                          std::move(y.magnitude));
  }
  case Extreme::DynamicTanh: {
    oracle::Judged y = oracle::dynamicTanh(tensor("x"), 0.5L, tensor("scale"),
                                           tensor("shift"));
    return problem.expect("y", problem.dtype, std::move(y.exact),
                          std::move(y.magnitude));
  }
  case Extreme::SwitchableNorm: {
    oracle::Judged y = oracle::switchableNorm(
        tensor("x"), {.instance = 0.5L, .layer = 0.25L, .batch = 0.25L},
        tensor("scale"), tensor("shift"), epsilon);
    return problem.expect("y", problem.dtype, std::move(y.exact),
                          std::move(y.magnitude));
  }
  }
}

Comparison normc::numerics::judge(const Problem &problem,
                                  const Expected &expected,
                                  const std::vector<long double> &got) {
  DType compute = computeType(problem.dtype);
  switch (expected.judgement) {
  case Judgement::Elementwise:
    return compare(got, expected.exact, expected.magnitude, expected.bound);
  case Judgement::Mean:
    return compareMean(got, problem.norm, compute);
  case Judgement::Variance:
    return compareVariance(got, problem.norm, compute);
  case Judgement::Rstd:
    return compareRstd(got, problem.norm, roundTo(compute, problem.epsilon),
                       compute);
  }
  return {};
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

static std::string rowText(const ExtremeProblem &problem, const RowCase &row) {
  switch (problem.extreme) {
  case Extreme::RmsNorm:
    return rmsNormText(row);
  case Extreme::LayerNorm:
    return layerNormText(row);
  case Extreme::L2Norm:
    return l2NormText(row);
  case Extreme::Softmax:
    return softmaxText(row);
  case Extreme::LayerNormBackward:
    return layerNormBackwardText(row);
  default:
    return dynamicTanhText(row);
  }
}

std::string normc::numerics::textOf(const ExtremeProblem &problem,
                                    Flavour flavour,
                                    const std::vector<int64_t> &inputStrides,
                                    const std::vector<int64_t> &outputStrides) {
  std::vector<int64_t> shape = problem.shape;
  for (size_t axis = 0; axis < shape.size(); ++axis)
    if (flavour == Flavour::Dynamic || (flavour == Flavour::Inner && axis == 0))
      shape[axis] = kAny;
  if (shape.size() == 2)
    return rowText(problem, {.dtype = problem.dtype,
                             .rows = shape[0],
                             .n = shape[1],
                             .inputStrides = inputStrides,
                             .outputStrides = outputStrides,
                             .epsilon = problem.epsilon,
                             .saved = problem.saved});
  int64_t axis = channelAxisOf(problem.extreme);
  ChannelCase channel{.dtype = problem.dtype,
                      .samples = shape[0],
                      .positions = shape[3 - axis],
                      .channels = shape[axis],
                      .groups = problem.groups,
                      .inputStrides = inputStrides,
                      .outputStrides = outputStrides,
                      .epsilon = problem.epsilon};
  switch (problem.extreme) {
  case Extreme::GroupNorm:
    return groupNormText(channel);
  case Extreme::GroupNormChannelsFirst:
    return groupNormChannelsFirstText(channel);
  default:
    return switchableNormText(channel);
  }
}
