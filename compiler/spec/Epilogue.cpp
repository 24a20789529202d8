//===- Epilogue.cpp - what is computed after a norm -----------------------===//

#include "compiler/spec/Epilogue.h"

#include "compiler/lowering/shared/ElementTypes.h"
#include "compiler/passes/norm/RoundedAffine.h"
#include "compiler/spec/Activations.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace normc;

/// Scale and shift of rounding `normalized`, of x-hat in x's type.
static Value buildAffineApart(PointwiseKernel &kernel, const SpecFacts &facts,
                              Value normalized, const Affine &affine) {
  Type input = toType(kernel.b.getContext(), facts.spec.dtype);
  return buildRoundedAffine(kernel.b, normalized, affine, input,
                            kernel.getComputeType());
}

/// An operand of the norm's scale or shift; null where the spec has none.
static Value loadParameter(PointwiseKernel &kernel, const NormSpec &spec,
                           const std::optional<Parameter> &parameter,
                           Value operand) {
  return parameter ? kernel.load(operand, parameter->axes, spec.perGroup)
                   : Value();
}

static Value buildModulation(PointwiseKernel &kernel,
                             const Modulation &modulation,
                             const SpecOperands &operands, Value value) {
  ImplicitLocOpBuilder &b = kernel.b;
  Value scale, shift;
  if (modulation.hasScale) {
    Value loaded =
        kernel.load(operands.lookup("modulation_scale"), modulation.axes);
    scale = buildScale(b, {loaded, {}, 1}, kernel.getComputeType());
  }
  if (modulation.hasShift)
    shift = kernel.read(operands.lookup("modulation_shift"), modulation.axes);
  if (scale && shift)
    return math::FmaOp::create(b, value, scale, shift);
  return scale ? arith::MulFOp::create(b, value, scale).getResult()
               : arith::AddFOp::create(b, value, shift).getResult();
}

Value normc::buildEpilogue(const SpecFacts &facts, const SpecOperands &operands,
                           ImplicitLocOpBuilder &b, Value normalized) {
  if (!facts.hasEpilogue())
    return normalized;
  const NormSpec &spec = facts.spec;
  PointwiseKernel kernel(facts, b);
  Value value = kernel.load(normalized);
  if (facts.isAffineApart()) {
    Affine affine{
        loadParameter(kernel, spec, spec.scale, operands.lookup("scale")),
        loadParameter(kernel, spec, spec.shift, operands.lookup("shift")),
        spec.scaleOffset};
    value = buildAffineApart(kernel, facts, value, affine);
  }
  value = castFloat(kernel.b, value, kernel.getComputeType());
  if (spec.modulation)
    value = buildModulation(kernel, *spec.modulation, operands, value);
  value = buildActivation(kernel, spec.activationAfter, value);
  if (facts.hasGate(Gate::Placement::After))
    value = buildGate(kernel, *spec.gate, operands, value);
  if (facts.hasDropout(Dropout::Placement::AfterNorm))
    value = buildDropout(kernel, *spec.dropout, operands, value);
  Type type = toType(b.getContext(), spec.outputDtype.value_or(spec.dtype));
  kernel.write(castFloat(kernel.b, value, type));
  return kernel.finish().getResult(0);
}

Value normc::buildSecondAffine(const SpecFacts &facts,
                               const SpecOperands &operands,
                               ImplicitLocOpBuilder &b, Value normalized) {
  const NormSpec &spec = facts.spec;
  const SecondOutput &second = *spec.second;
  PointwiseKernel kernel(facts, b);
  Value value = kernel.load(normalized);
  Affine affine{
      loadParameter(kernel, spec, second.scale, operands.lookup("scale2")),
      loadParameter(kernel, spec, second.shift, operands.lookup("shift2")),
      second.scaleOffset};
  value = buildAffineApart(kernel, facts, value, affine);
  Type type = toType(b.getContext(), second.dtype.value_or(spec.dtype));
  kernel.write(castFloat(kernel.b, value, type));
  return kernel.finish().getResult(0);
}
