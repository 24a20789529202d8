//===- SpecFacts.cpp - types and shapes that follow from a spec -----------===//

#include "compiler/spec/SpecFacts.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;
using namespace normc;

DType SpecFacts::computeDtype() const {
  bool isWide = spec.dtype == DType::F64 ||
                (spec.residual &&
                 spec.residual->dtype.value_or(spec.dtype) == DType::F64);
  return isWide ? DType::F64 : DType::F32;
}

DType SpecFacts::sumDtype() const {
  return spec.residual->sumDtype.value_or(
      spec.residual->dtype.value_or(spec.dtype));
}

DType SpecFacts::normalizedDtype() const {
  if (!hasPrologue())
    return spec.dtype;
  bool isSum = spec.residual && spec.residual->rounded &&
               spec.activationBefore == Activation::None &&
               !hasGate(Gate::Placement::Before);
  // A rounded sum is read as it is stored, but what takes part in f64 is still
  // normalized in f64: in the sum's type all of the norm would be f32.
  return isSum && computeDtype() != DType::F64 ? sumDtype() : computeDtype();
}

DType SpecFacts::normOutputDtype() const {
  if (isAffineApart())
    return spec.dtype; // x-hat, rounded to x's type.
  return hasEpilogue() ? computeDtype() : spec.outputDtype.value_or(spec.dtype);
}

bool SpecFacts::hasPrologue() const {
  return spec.bias || spec.residual ||
         spec.activationBefore != Activation::None ||
         hasGate(Gate::Placement::Before) ||
         hasDropout(Dropout::Placement::BeforeResidual);
}

bool SpecFacts::hasEpilogue() const {
  return isAffineApart() || spec.modulation ||
         spec.activationAfter != Activation::None ||
         hasGate(Gate::Placement::After) ||
         hasDropout(Dropout::Placement::AfterNorm);
}

bool SpecFacts::isAffineApart() const {
  return spec.rounding == Rounding::Normalized &&
         normalizedDtype() != spec.dtype;
}

SmallVector<int64_t> SpecFacts::statisticShape() const {
  SmallVector<int64_t> shape;
  for (auto [axis, extent] : enumerate(spec.shape)) {
    if (spec.groups && spec.groupAxis == int64_t(axis))
      shape.push_back(*spec.groups);
    else if (!is_contained(spec.axes, int64_t(axis)))
      shape.push_back(extent);
  }
  return shape;
}

SmallVector<int64_t> SpecFacts::shapeOn(ArrayRef<int64_t> axes,
                                        bool perGroup) const {
  SmallVector<int64_t> shape;
  for (int64_t axis : axes) {
    bool isGroups = perGroup && spec.groups && axis == spec.groupAxis;
    shape.push_back(isGroups ? *spec.groups : spec.shape[axis]);
  }
  return shape;
}
