//===- Family.cpp - every named norm as a problem -------------------------===//

#include "tests/numerics/Family.h"

#include "normc/Compiler.h"
#include "tests/numerics/Dtype.h"

#include <gtest/gtest.h>

#include <stdexcept>

using namespace normc;
using namespace normc::numerics;
using oracle::NormOptions;
using oracle::OracleTensor;

using Shape = std::vector<int64_t>;
using Operands = std::vector<FamilyOperand>;

static constexpr int64_t kChannels = 6, kGroups = 3;

const char *normc::numerics::toString(Arrangement arrangement) {
  switch (arrangement) {
  case Arrangement::Plain:
    return "plain";
  case Arrangement::ChannelsLast:
    return "channels_last";
  case Arrangement::Strided:
    return "strided";
  }
  return "?";
}

//===----------------------------------------------------------------------===//
// What each norm means
//===----------------------------------------------------------------------===//

static int64_t last(const Shape &shape) { return int64_t(shape.size()) - 1; }

static Shape pick(const Shape &shape, const Shape &axes) {
  Shape picked;
  for (int64_t axis : axes)
    picked.push_back(shape[axis]);
  return picked;
}

static FamilyOperand scaleOn(const Shape &shape, Shape axes, double mean = 1) {
  return {"scale", pick(shape, axes), axes, mean, 0.5};
}
static FamilyOperand shiftOn(const Shape &shape, Shape axes) {
  return {"shift", pick(shape, axes), axes};
}

/// All axes but samples (if they are kept) and channels.
static Shape spatialAxes(const Shape &shape, int64_t channelAxis,
                         bool withSamples) {
  Shape axes;
  for (int64_t axis = withSamples ? 0 : 1; axis <= last(shape); ++axis)
    if (axis != channelAxis)
      axes.push_back(axis);
  return axes;
}

/// Mean and variance over the last axis.
static void centreRows(const Shape &shape, NormOptions &norm) {
  norm.statistic = oracle::Statistic::MeanVariance;
  norm.axes = {last(shape)};
  norm.epsilon = 1e-5L;
}

static void clampRows(const Shape &shape, NormOptions &norm,
                      long double epsilon) {
  norm.statistic = oracle::Statistic::L2;
  norm.placement = oracle::Placement::Clamp;
  norm.axes = {last(shape)};
  norm.epsilon = epsilon;
}

/// A function per named norm, called as the preset is.
namespace meaning {

void layerNorm(const Shape &shape, int64_t, NormOptions &norm,
               Operands &operands) {
  centreRows(shape, norm);
  operands = {scaleOn(shape, {last(shape)}), shiftOn(shape, {last(shape)})};
}

void adaLayerNorm(const Shape &shape, int64_t, NormOptions &norm,
                  Operands &operands) {
  centreRows(shape, norm);
  norm.epsilon = 1e-6L;
  norm.scaleOffset = 1;
  operands = {scaleOn(shape, {0, last(shape)}, 0),
              shiftOn(shape, {0, last(shape)})};
}

void rmsNorm(const Shape &shape, int64_t, NormOptions &norm,
             Operands &operands) {
  norm.statistic = oracle::Statistic::Rms;
  norm.axes = {last(shape)};
  norm.epsilon = 1e-6L;
  operands = {scaleOn(shape, {last(shape)})};
}

void partialRmsNorm(const Shape &shape, int64_t channels, NormOptions &norm,
                    Operands &operands) {
  rmsNorm(shape, channels, norm, operands);
  norm.firstElements = std::max<int64_t>(shape.back() * 3 / 8, 1);
}

void zeroCentredRmsNorm(const Shape &shape, int64_t channels, NormOptions &norm,
                        Operands &operands) {
  rmsNorm(shape, channels, norm, operands);
  norm.scaleOffset = 1;
  operands.front().mean = 0;
}

void scaleNorm(const Shape &shape, int64_t, NormOptions &norm,
               Operands &operands) {
  clampRows(shape, norm, 1e-5L);
  operands = {scaleOn(shape, {})};
}

void l2Norm(const Shape &shape, int64_t, NormOptions &norm, Operands &) {
  clampRows(shape, norm, 1e-12L);
}

void lpNorm(const Shape &shape, int64_t, NormOptions &norm, Operands &) {
  clampRows(shape, norm, 1e-12L);
  norm.statistic = oracle::Statistic::Lp;
  norm.p = 3;
}

void l1Norm(const Shape &shape, int64_t channels, NormOptions &norm,
            Operands &operands) {
  lpNorm(shape, channels, norm, operands);
  norm.p = 1;
}

void weightNorm(const Shape &shape, int64_t, NormOptions &norm,
                Operands &operands) {
  clampRows(shape, norm, 0);
  norm.axes.clear();
  for (int64_t axis = 1; axis <= last(shape); ++axis)
    norm.axes.push_back(axis);
  operands = {scaleOn(shape, {0})};
}

void dynamicTanh(const Shape &shape, int64_t, NormOptions &norm,
                 Operands &operands) {
  norm.statistic = oracle::Statistic::None;
  operands = {{"alpha", {}, {}, 0.5, 0.25},
              scaleOn(shape, {last(shape)}),
              shiftOn(shape, {last(shape)})};
}

void channelNorm(const Shape &shape, int64_t channels, bool withSamples,
                 NormOptions &norm, Operands &operands) {
  norm.axes = spatialAxes(shape, channels, withSamples);
  norm.epsilon = 1e-5L;
  operands = {scaleOn(shape, {channels}), shiftOn(shape, {channels})};
}

void batchNormTraining(const Shape &shape, int64_t channels, NormOptions &norm,
                       Operands &operands) {
  channelNorm(shape, channels, true, norm, operands);
}

void batchNormUnfolded(const Shape &shape, int64_t channels, NormOptions &norm,
                       Operands &operands) {
  channelNorm(shape, channels, true, norm, operands);
  norm.statistic = oracle::Statistic::Given;
  FamilyOperand mean{"mean", {shape[channels]}, {}, 0.25, 0.5};
  FamilyOperand variance{"variance", {shape[channels]}, {}, 1, 0.5};
  mean.isStatistic = variance.isStatistic = variance.isPositive = true;
  operands.insert(operands.begin(), {mean, variance});
}

void batchNormInference(const Shape &shape, int64_t channels, NormOptions &norm,
                        Operands &operands) {
  batchNormUnfolded(shape, channels, norm, operands);
  norm.folded = true;
}

void instanceNorm(const Shape &shape, int64_t channels, NormOptions &norm,
                  Operands &operands) {
  channelNorm(shape, channels, false, norm, operands);
}

void adaInstanceNorm(const Shape &shape, int64_t channels, NormOptions &norm,
                     Operands &operands) {
  channelNorm(shape, channels, false, norm, operands);
  operands = {scaleOn(shape, {0, channels}), shiftOn(shape, {0, channels})};
}

void spatialInstanceNorm(const Shape &shape, int64_t channels,
                         NormOptions &norm, Operands &operands) {
  channelNorm(shape, channels, false, norm, operands);
  Shape all;
  for (int64_t axis = 0; axis <= last(shape); ++axis)
    all.push_back(axis);
  operands = {scaleOn(shape, all), shiftOn(shape, all)};
}

void groupNorm(const Shape &shape, int64_t channels, NormOptions &norm,
               Operands &operands) {
  channelNorm(shape, channels, false, norm, operands);
  norm.axes = spatialAxes(shape, -1, false);
  norm.groups = kGroups;
  norm.groupAxis = channels;
}

void groupNormPerGroup(const Shape &shape, int64_t channels, NormOptions &norm,
                       Operands &operands) {
  groupNorm(shape, channels, norm, operands);
  norm.perGroup = true;
  for (FamilyOperand &operand : operands)
    operand.shape = {kGroups};
}

} // namespace meaning

static std::vector<FamilyMember> makeFamily() {
  constexpr bool rows = false, channels = true;
  std::vector<FamilyMember> members{
      {"layer_norm", "layer_norm", rows, meaning::layerNorm},
      {"ada_layer_norm", "ada_layer_norm", rows, meaning::adaLayerNorm},
      {"rms_norm", "rms_norm", rows, meaning::rmsNorm},
      {"rms_norm_partial", "rms_norm", rows, meaning::partialRmsNorm},
      {"rms_norm_zero_centred", "rms_norm", rows, meaning::zeroCentredRmsNorm},
      {"scale_norm", "scale_norm", rows, meaning::scaleNorm},
      {"l2_norm", "l2_norm", rows, meaning::l2Norm},
      {"lp_norm", "lp_norm", rows, meaning::lpNorm},
      {"lp_norm_1", "lp_norm", rows, meaning::l1Norm},
      {"weight_norm", "weight_norm", rows, meaning::weightNorm},
      {"dynamic_tanh", "dynamic_tanh", rows, meaning::dynamicTanh},
      {"batch_norm_training", "batch_norm_training", channels,
       meaning::batchNormTraining},
      {"batch_norm_inference", "batch_norm_inference", channels,
       meaning::batchNormInference},
      {"batch_norm_unfolded", "batch_norm_inference", channels,
       meaning::batchNormUnfolded},
      {"instance_norm", "instance_norm", channels, meaning::instanceNorm},
      {"ada_instance_norm", "ada_instance_norm", channels,
       meaning::adaInstanceNorm},
      {"ada_instance_norm_spatial", "ada_instance_norm", channels,
       meaning::spatialInstanceNorm},
      {"group_norm", "group_norm", channels, meaning::groupNorm},
      {"group_norm_per_group", "group_norm", channels,
       meaning::groupNormPerGroup},
  };
  for (FamilyMember &member : members) {
    PresetOptions &options = member.options;
    if (member.preset == "group_norm")
      options.groups = kGroups;
    if (member.name == "group_norm_per_group")
      options.perGroup = true;
    if (member.name == "layer_norm")
      options.saved = std::vector<std::string>{"mean", "variance", "rstd"};
    if (member.name == "rms_norm")
      options.saved = std::vector<std::string>{"rstd"};
    if (member.name == "rms_norm_partial")
      options.partial = 0.375;
    if (member.name == "rms_norm_zero_centred")
      options.scaleOffset = 1;
    if (member.name == "lp_norm_1")
      options.p = 1;
    if (member.name == "batch_norm_unfolded")
      options.folded = false;
    if (member.name == "ada_instance_norm_spatial")
      options.spatial = true;
    member.reducesSamples = member.name == "batch_norm_training";
  }
  return members;
}

const std::vector<FamilyMember> &normc::numerics::family() {
  static const std::vector<FamilyMember> members = makeFamily();
  return members;
}

const FamilyMember &normc::numerics::familyMember(std::string_view name) {
  for (const FamilyMember &member : family())
    if (member.name == name)
      return member;
  throw std::out_of_range("no norm named " + std::string(name));
}

//===----------------------------------------------------------------------===//
// Shapes, data, kernels
//===----------------------------------------------------------------------===//

Shape normc::numerics::familyShape(const FamilyMember &member,
                                   Arrangement arrangement, int64_t samples,
                                   int64_t size) {
  if (!member.hasChannels && member.preset == "ada_layer_norm")
    return {samples, 3, size};
  if (!member.hasChannels)
    return {samples, size};
  if (arrangement == Arrangement::ChannelsLast)
    return {samples, size, kChannels};
  return {samples, kChannels, size};
}

static int64_t channelAxis(Arrangement arrangement, const Shape &shape) {
  return arrangement == Arrangement::ChannelsLast ? last(shape) : 1;
}

/// Points the oracle's options at the problem's tensors.
static void connect(Problem &problem, const Operands &operands,
                    NormOptions &norm) {
  for (const FamilyOperand &operand : operands) {
    const OracleTensor *tensor = &problem.input(operand.name).tensor;
    if (operand.name == "mean")
      norm.mean = tensor;
    else if (operand.name == "variance")
      norm.variance = tensor;
    else
      (operand.name == "alpha"   ? norm.alpha
       : operand.name == "scale" ? norm.scale
                                 : norm.shift) = {tensor, operand.axes};
  }
}

/// Rows are normalized one by one, so that any axis will do for them.
static int64_t channelStride(const FamilyCase &family) {
  int64_t stride = 1;
  for (int64_t axis = channelAxis(family.arrangement, family.shape) + 1;
       axis <= last(family.shape); ++axis)
    stride *= family.shape[axis];
  return stride;
}

/// Inputs of the operands, x first, rounded to their types.
static void addInputs(Problem &problem, const FamilyCase &family,
                      const Operands &operands, uint64_t seed,
                      const Elements &elements) {
  Generator generator(seed);
  for (const FamilyOperand &operand : operands) {
    OracleTensor tensor(operand.shape);
    for (long double &value : tensor.values) {
      value = operand.mean + operand.deviation * generator.normal();
      if (operand.isPositive)
        value = value * value + 0.01L;
    }
    bool isX = operand.name == "x";
    if (isX && elements) {
      int64_t stride = channelStride(family), position = 0;
      int64_t channels =
          family.shape[channelAxis(family.arrangement, family.shape)];
      for (long double &value : tensor.values)
        value = elements(position++ / stride % channels);
    }
    DType type = isX                   ? family.dtype
                 : operand.isStatistic ? computeType(family.dtype)
                                       : family.parameterDtype;
    problem.inputs.push_back(
        {operand.name, type, std::move(tensor), {}, operand.isStatistic});
  }
  problem.roundInputs();
}

Problem normc::numerics::makeFamilyProblem(const FamilyCase &family,
                                           uint64_t seed,
                                           const Elements &elements) {
  NormOptions norm;
  Operands operands;
  const FamilyMember &member = family.member;
  member.describe(family.shape, channelAxis(family.arrangement, family.shape),
                  norm, operands);
  Problem problem;
  problem.shape = family.shape;
  problem.dtype = family.dtype;
  problem.epsilon = double(norm.epsilon);
  norm.epsilon = roundTo(computeType(family.dtype), norm.epsilon);
  operands.insert(operands.begin(), {"x", family.shape, {}, 0.25, 1});
  addInputs(problem, family, operands, seed, elements);
  operands.erase(operands.begin());
  connect(problem, operands, norm);
  problem.norm = oracle::normalize(problem.input("x").tensor, norm);
  problem.expect("y", family.dtype, problem.norm.y, problem.norm.magnitude);
  std::vector<std::string> saved = member.options.saved.value_or(
      member.preset == "batch_norm_training"
          ? std::vector<std::string>{"mean", "variance"}
          : std::vector<std::string>{});
  for (const std::string &name : saved)
    problem.expectSaved(name);
  return problem;
}

std::string normc::numerics::familyText(const FamilyCase &family,
                                        Flavour flavour) {
  PresetOptions options = family.member.options;
  options.shape = family.shape;
  for (size_t axis = 0; axis < options.shape.size(); ++axis)
    if (flavour == Flavour::Dynamic || (flavour == Flavour::Inner && axis == 0))
      options.shape[axis] = kDynamic;
  options.dtype = family.dtype;
  options.parameterDtype = family.parameterDtype;
  if (family.arrangement == Arrangement::ChannelsLast)
    options.channelsLast = true;
  options.anyStrides = family.arrangement == Arrangement::Strided;
  Result<NormSpec> spec = makePreset(family.member.preset, options);
  Result<std::string> text =
      spec ? toMlir(*spec) : Result<std::string>(spec.error());
  if (!text) {
    ADD_FAILURE() << family.member.name << ": " << text.error().message;
    return "";
  }
  return *text;
}
