//===- Prologue.cpp - what is computed before a norm ----------------------===//

#include "compiler/spec/Prologue.h"

#include "compiler/lowering/shared/ElementTypes.h"
#include "compiler/passes/norm/RoundedAffine.h"
#include "compiler/spec/Activations.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace normc;

namespace {

class PrologueBuilder {
public:
  PrologueBuilder(const SpecFacts &facts, const SpecOperands &operands,
                  ImplicitLocOpBuilder &outer)
      : facts(facts), spec(facts.spec), operands(operands),
        kernel(facts, outer), b(kernel.b) {}

  Prologue build();

private:
  /// x as the residual meets it.
  Value buildInput();
  /// The sum, as the norm sees it; keeps it as it is stored.
  Value buildSum(Value value);

  const SpecFacts &facts;
  const NormSpec &spec;
  const SpecOperands &operands;
  PointwiseKernel kernel;
  ImplicitLocOpBuilder &b;
  Value stored; ///< The sum's element in its own type.
};

} // namespace

Value PrologueBuilder::buildInput() {
  Value value = kernel.read(operands.lookup("x"));
  if (spec.bias)
    value = arith::AddFOp::create(
        b, value, kernel.read(operands.lookup("bias"), spec.bias->axes));
  if (facts.hasDropout(Dropout::Placement::BeforeResidual))
    value = buildDropout(kernel, *spec.dropout, operands, value);
  return value;
}

Value PrologueBuilder::buildSum(Value value) {
  Value residual = kernel.read(operands.lookup("residual"));
  if (const auto &gate = spec.residual->gate) {
    Value factor = kernel.read(operands.lookup("residual_gate"), gate->axes);
    value = arith::MulFOp::create(b, factor, value);
  }
  Value sum = arith::AddFOp::create(b, residual, value);
  stored = castFloat(b, sum, toType(b.getContext(), facts.sumDtype()));
  return spec.residual->rounded ? castFloat(b, stored, kernel.getComputeType())
                                : sum;
}

Prologue PrologueBuilder::build() {
  Value value = buildInput();
  if (spec.residual)
    value = buildSum(value);
  Value sum = value;
  value = buildActivation(kernel, spec.activationBefore, value);
  if (facts.hasGate(Gate::Placement::Before))
    value = buildGate(kernel, *spec.gate, operands, value);
  Type type = toType(b.getContext(), facts.normalizedDtype());
  bool isStored = stored && value == sum && type == stored.getType();
  Value element = isStored ? stored : castFloat(b, value, type);
  bool emitsSum = spec.residual && spec.residual->emitSum;
  unsigned normalizedAt = kernel.write(element), sumAt = normalizedAt;
  if (emitsSum && stored != element)
    sumAt = kernel.write(stored);
  norm::KernelOp made = kernel.finish();
  return {made.getResult(normalizedAt),
          emitsSum ? made.getResult(sumAt) : Value()};
}

Prologue normc::buildPrologue(const SpecFacts &facts,
                              const SpecOperands &operands,
                              ImplicitLocOpBuilder &b) {
  if (!facts.hasPrologue())
    return {operands.lookup("x"), {}};
  return PrologueBuilder(facts, operands, b).build();
}
