//===- PresetFusion.cpp - what a preset computes with its norm ------------===//

#include "compiler/spec/PresetFusion.h"

#include <tuple>

using namespace normc;

static Status checkParts(const FusionOptions &options, const NormSpec &spec) {
  bool hasResidual = options.hasResidual.value_or(spec.residual.has_value());
  const std::tuple<bool, bool, const char *, const char *> needed[] = {
      {options.residualDtype.has_value(), hasResidual, "residual", "its type"},
      {options.residualGateAxes.has_value(), hasResidual, "residual",
       "a gate of it"},
      {options.isRounded, hasResidual, "residual", "rounding of the sum"},
      {options.emitsSum, hasResidual, "residual", "the sum as a result"},
      {options.sumDtype.has_value(), hasResidual, "residual",
       "a type of the sum"},
      {options.isGateBefore, options.gate.has_value(), "gate",
       "a placement of it"},
      {options.gateDtype.has_value(), options.gate.has_value(), "gate",
       "its type"},
      {options.isDropoutBefore, options.dropout.has_value(), "dropout",
       "a placement of it"},
      {options.secondDtype.has_value(), options.hasSecond, "second output",
       "its type"},
  };
  for (auto [isGiven, isThere, part, what] : needed)
    if (isGiven && !isThere)
      return Error{ErrorKind::InvalidSpec, std::string("expected a ") + part +
                                               " where there is " + what +
                                               ", but got none"};
  return {};
}

/// Axes counted from the end become axes from 0; those out of range stay, for
/// the message that names them.
static Parameter parameterOn(std::vector<int64_t> axes, const NormSpec &spec,
                             std::optional<DType> dtype) {
  auto rank = int64_t(spec.shape.size());
  for (int64_t &axis : axes)
    if (axis < 0 && axis >= -rank)
      axis += rank;
  return {std::move(axes), dtype};
}

static void applyResidual(const FusionOptions &options,
                          std::optional<DType> parameterDtype, NormSpec &spec) {
  if (options.hasResidual && !*options.hasResidual)
    spec.residual.reset();
  else if (options.hasResidual && !spec.residual)
    spec.residual = Residual();
  if (!spec.residual)
    return;
  Residual &residual = *spec.residual;
  residual.dtype = options.residualDtype;
  residual.rounded = options.isRounded;
  residual.emitSum |= options.emitsSum;
  residual.sumDtype = options.sumDtype;
  if (options.residualGateAxes)
    residual.gate =
        parameterOn(*options.residualGateAxes, spec, parameterDtype);
}

Status normc::applyFusion(const FusionOptions &options,
                          std::optional<DType> parameterDtype, NormSpec &spec) {
  if (Status status = checkParts(options, spec); !status)
    return status;
  if (options.hasBias)
    spec.bias = Parameter{spec.shift   ? spec.shift->axes
                          : spec.scale ? spec.scale->axes
                                       : spec.axes,
                          parameterDtype};
  applyResidual(options, parameterDtype, spec);
  spec.activationBefore = options.before.value_or(Activation::None);
  spec.activationAfter = options.after.value_or(Activation::None);
  if (options.gate)
    spec.gate = Gate{options.isGateBefore ? Gate::Placement::Before
                                          : Gate::Placement::After,
                     *options.gate, options.gateDtype};
  if (options.modulationAxes) {
    Parameter on = parameterOn(*options.modulationAxes, spec, parameterDtype);
    spec.modulation = Modulation{on.axes, on.dtype};
  }
  if (options.dropout)
    spec.dropout =
        Dropout{*options.dropout, options.isDropoutBefore
                                      ? Dropout::Placement::BeforeResidual
                                      : Dropout::Placement::AfterNorm};
  if (options.hasSecond)
    spec.second = SecondOutput{spec.scale, spec.shift, spec.scaleOffset,
                               options.secondDtype};
  return {};
}

void normc::setAnyFusionStrides(NormSpec &spec) {
  const std::vector<int64_t> any(spec.shape.size(), kDynamic);
  auto set = [](std::optional<Parameter> &parameter) {
    if (parameter)
      parameter->strides.assign(parameter->axes.size(), kDynamic);
  };
  set(spec.bias);
  if (spec.residual) {
    spec.residual->strides = any;
    if (spec.residual->emitSum)
      spec.residual->sumStrides = any;
    set(spec.residual->gate);
  }
  if (spec.gate)
    spec.gate->strides = any;
  if (spec.modulation)
    spec.modulation->strides.assign(spec.modulation->axes.size(), kDynamic);
  if (spec.second) {
    spec.second->strides = any;
    set(spec.second->scale);
    set(spec.second->shift);
  }
}
