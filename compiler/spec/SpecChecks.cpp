//===- SpecChecks.cpp - what a spec may not be ----------------------------===//

#include "compiler/spec/SpecChecks.h"

#include "compiler/lowering/shared/ElementTypes.h"
#include "dialects/norm/Norm.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace normc;

namespace {

/// A parameter and its name in messages.
struct NamedParameter {
  const char *name;
  const Parameter *parameter;
};

class SpecChecker {
public:
  SpecChecker(const NormSpec &spec, Location loc) : spec(spec), loc(loc) {
    auto add = [&](const char *name, const std::optional<Parameter> &given) {
      if (given)
        parameters.push_back({name, &*given});
    };
    add("alpha", spec.alpha);
    add("scale", spec.scale);
    add("shift", spec.shift);
    add("bias", spec.bias);
    if (spec.residual)
      add("residual gate", spec.residual->gate);
    if (spec.second) {
      add("second scale", spec.second->scale);
      add("second shift", spec.second->shift);
    }
    if (spec.modulation) {
      modulation = {spec.modulation->axes, spec.modulation->dtype};
      parameters.push_back({"modulation", &modulation});
    }
  }

  LogicalResult check();

private:
  LogicalResult checkAxes();
  LogicalResult checkTypes();
  LogicalResult checkEnums();
  LogicalResult checkActivations();
  LogicalResult checkModulation();
  LogicalResult checkDropout();
  LogicalResult checkRounding();
  /// What lies around the norm is computed with floats.
  LogicalResult checkFloat(const char *name, std::optional<DType> dtype);
  LogicalResult checkFusedTypes();

  InFlightDiagnostic error() { return emitError(loc); }
  InFlightDiagnostic notOne(const char *what, int number) {
    return error() << "expected " << what << ", but got the number " << number;
  }

  const NormSpec &spec;
  Location loc;
  Parameter modulation;
  SmallVector<NamedParameter> parameters;
};

} // namespace

//===----------------------------------------------------------------------===//
// Axes
//===----------------------------------------------------------------------===//

LogicalResult SpecChecker::checkAxes() {
  int64_t rank = spec.shape.size();
  if (rank == 0)
    return error() << "expected a shape of at least one axis, but got none";
  for (auto [axis, extent] : llvm::enumerate(spec.shape))
    if (extent < 0 && extent != kDynamic)
      return error() << "expected a non-negative extent along axis " << axis
                     << ", but got " << extent;
  for (int64_t axis : spec.axes)
    if (axis < 0 || axis >= rank)
      return error() << "expected axes between 0 and " << rank - 1
                     << ", but got " << axis;
  for (auto [name, parameter] : parameters)
    for (auto [i, axis] : llvm::enumerate(parameter->axes)) {
      if (axis < 0 || axis >= rank)
        return error() << "expected " << name << " axes between 0 and "
                       << rank - 1 << ", but got " << axis;
      if (llvm::is_contained(ArrayRef(parameter->axes).take_front(i), axis))
        return error() << "expected each axis once in " << name << " axes, but "
                       << axis << " occurs again";
    }
  return success();
}

LogicalResult SpecChecker::checkModulation() {
  if (!spec.modulation)
    return success();
  if (!spec.modulation->hasScale && !spec.modulation->hasShift)
    return error() << "expected a modulation to have a scale or a shift, but "
                      "got neither";
  if (llvm::any_of(spec.modulation->axes, [&](int64_t axis) {
        return !llvm::is_contained(spec.axes, axis);
      }))
    return success();
  auto diagnostic = error() << "expected a kept axis among modulation axes, "
                               "but got ";
  if (spec.modulation->axes.empty())
    return diagnostic << "none";
  llvm::interleaveComma(spec.modulation->axes, diagnostic);
  return diagnostic << ", which are reduced";
}

//===----------------------------------------------------------------------===//
// Types and enums
//===----------------------------------------------------------------------===//

LogicalResult SpecChecker::checkTypes() {
  std::vector<DType> types = {spec.dtype, spec.outputDtype.value_or(spec.dtype),
                              spec.given.dtype.value_or(spec.dtype)};
  for (const NamedParameter &each : parameters)
    types.push_back(each.parameter->dtype.value_or(spec.dtype));
  if (spec.residual) {
    types.push_back(spec.residual->dtype.value_or(spec.dtype));
    types.push_back(spec.residual->sumDtype.value_or(spec.dtype));
  }
  if (spec.gate)
    types.push_back(spec.gate->dtype.value_or(spec.dtype));
  if (spec.second)
    types.push_back(spec.second->dtype.value_or(spec.dtype));
  for (DType type : types)
    if (!toType(loc.getContext(), type))
      return notOne("an element type", int(type));
  return success();
}

LogicalResult SpecChecker::checkFloat(const char *name,
                                      std::optional<DType> dtype) {
  DType type = dtype.value_or(spec.dtype);
  if (llvm::is_contained({DType::F16, DType::BF16, DType::F32, DType::F64},
                         type))
    return success();
  return error() << "expected " << name
                 << " to be of f16, bf16, f32 or f64, but got "
                 << toString(type);
}

LogicalResult SpecChecker::checkFusedTypes() {
  bool isFused = spec.bias || spec.residual || spec.gate || spec.modulation ||
                 spec.dropout || spec.second ||
                 spec.activationBefore != Activation::None ||
                 spec.activationAfter != Activation::None;
  if (!isFused)
    return success();
  if (failed(checkFloat("x", spec.dtype)) ||
      failed(checkFloat("y", spec.outputDtype)))
    return failure();
  for (const NamedParameter &each : parameters)
    if (failed(checkFloat(each.name, each.parameter->dtype)))
      return failure();
  if (spec.residual) {
    std::optional<DType> own = spec.residual->dtype;
    std::optional<DType> sum = spec.residual->sumDtype;
    if (failed(checkFloat("residual", own)) ||
        failed(checkFloat("the residual's sum", sum ? sum : own)))
      return failure();
  }
  if (spec.gate && failed(checkFloat("gate", spec.gate->dtype)))
    return failure();
  return spec.second ? checkFloat("the second output", spec.second->dtype)
                     : success();
}

LogicalResult SpecChecker::checkActivations() {
  auto isKnown = [](Activation activation) {
    return activation >= Activation::None && activation <= Activation::Tanh;
  };
  for (Activation activation :
       {spec.activationBefore, spec.activationAfter,
        spec.gate ? spec.gate->activation : Activation::None})
    if (!isKnown(activation))
      return notOne("an activation", int(activation));
  if (spec.gate && spec.gate->placement != Gate::Placement::After &&
      spec.gate->placement != Gate::Placement::Before)
    return notOne("a gate placement", int(spec.gate->placement));
  return success();
}

LogicalResult SpecChecker::checkDropout() {
  if (!spec.dropout)
    return success();
  double p = spec.dropout->probability;
  if (!(p >= 0 && p < 1))
    return error()
           << "expected a dropout probability of at least 0 and below 1, but "
              "got "
           << p;
  switch (spec.dropout->placement) {
  case Dropout::Placement::AfterNorm:
    return success();
  case Dropout::Placement::BeforeResidual:
    if (spec.residual)
      return success();
    return error() << "expected a residual where dropout stands before it, but "
                      "got none";
  }
  return notOne("a dropout placement", int(spec.dropout->placement));
}

/// What the norm's verifier says of its own scale and shift, of those that
/// stand apart and of the second ones.
LogicalResult SpecChecker::checkRounding() {
  auto check = [&](const char *name, const std::optional<Parameter> &scale,
                   const std::optional<Parameter> &shift,
                   double offset) -> LogicalResult {
    if (!scale && offset != 0)
      return error() << "expected a " << name
                     << "scale where there is a scale offset";
    if (offset != 0 && offset != 1)
      return error() << "expected a " << name
                     << "scale offset of 0 or 1, but got " << offset;
    if (!scale && !shift && spec.rounding == Rounding::Normalized)
      return error() << "expected a " << name << "scale or a " << name
                     << "shift where rounding is normalized, but got neither";
    return success();
  };
  if (failed(check("", spec.scale, spec.shift, spec.scaleOffset)))
    return failure();
  return spec.second ? check("second ", spec.second->scale, spec.second->shift,
                             spec.second->scaleOffset)
                     : success();
}

LogicalResult SpecChecker::checkEnums() {
  if (!norm::symbolizeStatistic(uint32_t(spec.statistic)))
    return notOne("a statistic", int(spec.statistic));
  if (!norm::symbolizeEpsilonPlacement(uint32_t(spec.placement)))
    return notOne("an epsilon placement", int(spec.placement));
  if (!norm::symbolizeRounding(uint32_t(spec.rounding)))
    return notOne("a rounding", int(spec.rounding));
  if (failed(checkActivations()))
    return failure();
  return checkTypes();
}

LogicalResult SpecChecker::check() {
  // The text of a function without a name could not be parsed again.
  if (spec.name.empty())
    return error() << "expected a name of the kernel, but got an empty one";
  if (failed(checkAxes()) || failed(checkEnums()) ||
      failed(checkFusedTypes()) || failed(checkModulation()) ||
      failed(checkDropout()))
    return failure();
  return checkRounding();
}

LogicalResult normc::checkSpec(const NormSpec &spec, Location loc) {
  return SpecChecker(spec, loc).check();
}
