//===- StageValues.cpp - the values that a stage computes and keeps -------===//

#include "compiler/phases/StageSlicer.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

/// `value` where it is computed once per point of its space: at the instance
/// if it is uniform over it, else in the phase.
Value StageSlicer::materialize(Value value, Block *phase) {
  bool isUniform = parallel.contains(structure.spaceOf(value));
  IRMapping &mapping = isUniform ? uniform : inPhase;
  if (Value known = mapping.lookupOrNull(value))
    return known;
  Block *where = isUniform ? nullptr : phase;
  Value result;
  if (int c = structure.collectiveOf(value); c >= 0) {
    assert(context.stored[c] && "an earlier stage keeps what later ones need");
    OpBuilder at = builderAt(where);
    result = LoadOp::create(at, loc, context.stored[c],
                            mapOf(structure.collectives()[c].space));
  } else if (auto argument = dyn_cast<BlockArgument>(value)) {
    result = loadOperand(argument.getArgNumber(), where);
  } else {
    Operation *def = value.getDefiningOp();
    for (Value operand : def->getOperands()) {
      Value copy = materialize(operand, phase);
      mapping.map(operand, copy);
    }
    OpBuilder at = builderAt(where);
    at.clone(*def, mapping);
    return mapping.lookup(value);
  }
  mapping.map(value, result);
  return result;
}

Value StageSlicer::loadOperand(unsigned input, Block *phase) {
  KernelOp kernel = structure.kernel();
  OpBuilder at = builderAt(phase);
  Value operand = kernel.getOperand(input);
  if (Value view = context.program.viewOf(operand))
    return LoadOp::create(at, loc, view, kernel.getInputMap(input));
  return at.clone(*operand.getDefiningOp())->getResult(0); // A constant.
}

/// Writes on each phase which views a later one reads again.
void StageSlicer::markKept() {
  SmallVector<PhaseOp> phases(
      stage.getInstance().getBlock()->getOps<PhaseOp>());
  llvm::SmallSetVector<Value, 4> later;
  for (PhaseOp phase : llvm::reverse(phases)) {
    llvm::SmallSetVector<Value, 4> here;
    for (auto load : phase.getBlock()->getOps<LoadOp>())
      here.insert(load.getView());
    SmallVector<Value> kept;
    for (Value view : here)
      if (later.contains(view))
        kept.push_back(view);
    phase.getKeepsMutable().assign(kept);
    later.insert(here.begin(), here.end());
  }
}
