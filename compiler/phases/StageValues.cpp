//===- StageValues.cpp - the values that a stage computes and keeps -------===//

#include "compiler/phases/StageSlicer.h"

#include "compiler/lowering/shared/ElementTypes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

//===----------------------------------------------------------------------===//
// What later stages read
//===----------------------------------------------------------------------===//

/// True for a collective of this stage whose result a later one can read; and,
/// if `derived`, for what is made of such results, for the same points.
bool StageSlicer::isLeft(Value value, bool derived) const {
  if (!(structure.spaceOf(value) == parallel))
    return false;
  auto isHere = [&](unsigned c) {
    return llvm::is_contained(plan.complete, c) ||
           llvm::is_contained(plan.combine, c);
  };
  if (int c = structure.collectiveOf(value); c >= 0)
    return isHere(c);
  const llvm::SmallBitVector &needs = structure.directNeeds(value);
  return derived && value.getDefiningOp() && toDType(value.getType()) &&
         needs.any() && llvm::all_of(needs.set_bits(), [&](unsigned c) {
           return isHere(c) || context.stored[c];
         });
}

/// What later stages need of this one, as far as they need it: a root that is
/// left takes the place of the sum that it is the root of.
llvm::SetVector<Value> StageSlicer::findWanted(bool derived) const {
  SmallVector<Value> left;
  for (const StagePlan &other :
       llvm::make_range(std::next(&plan), structure.stages().end())) {
    for (unsigned o : other.outputs)
      left.push_back(structure.outputs()[o].value);
    for (unsigned c :
         llvm::concat<const unsigned>(other.complete, other.partial))
      llvm::append_range(left, structure.collectives()[c].op->getOperands());
  }
  llvm::SetVector<Value> wanted;
  llvm::DenseSet<Value> seen;
  while (!left.empty()) {
    Value next = left.pop_back_val();
    Operation *op = next.getDefiningOp();
    if (!op || !seen.insert(next).second || context.derived.contains(next))
      continue;
    if (isLeft(next, derived))
      wanted.insert(next);
    else if (structure.collectiveOf(next) < 0)
      llvm::append_range(left, op->getOperands());
  }
  return wanted;
}

/// A row's factor, say, rather than three sums that every block of the row
/// would make it of again; but not more values than there are sums.
void StageSlicer::prepareResults() {
  llvm::SetVector<Value> wanted = findWanted(/*derived=*/true);
  llvm::SetVector<Value> sums = findWanted(/*derived=*/false);
  if (wanted.size() > sums.size())
    wanted = std::move(sums);
  for (Value value : wanted) {
    Value view = context.program.makeScratch(loc, context.extentsOf(parallel),
                                             value.getType());
    if (int c = structure.collectiveOf(value); c >= 0)
      context.stored[c] = view;
    else
      leftDerived.emplace_back(value, view);
  }
}

void StageSlicer::leaveDerived() {
  for (auto [value, view] : leftDerived) {
    Value result = materialize(value, nullptr);
    StoreOp::create(atInstance, loc, result, view, mapOf(parallel));
  }
  for (auto [value, view] : leftDerived)
    context.derived.insert({value, view});
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

/// `value` where it is computed once per point of its space: at the instance
/// if it is uniform over it, else in the phase.
Value StageSlicer::materialize(Value value, Block *phase) {
  bool isUniform = parallel.contains(structure.spaceOf(value));
  IRMapping &mapping = isUniform ? uniform : inPhase;
  if (Value known = mapping.lookupOrNull(value))
    return known;
  Block *where = isUniform ? nullptr : phase;
  Value result;
  if (auto kept = keptOutputs.find(value);
      kept != keptOutputs.end() && level > kept->second.level) {
    KernelOp kernel = structure.kernel();
    unsigned output = kept->second.output;
    OpBuilder at = builderAt(where);
    result = LoadOp::create(at, loc,
                            context.program.viewOf(kernel.getResult(output)),
                            kernel.getOutputMap(output));
  } else if (Value view = context.derived.lookup(value)) {
    OpBuilder at = builderAt(where);
    result = LoadOp::create(at, loc, view, mapOf(structure.spaceOf(value)));
  } else if (int c = structure.collectiveOf(value); c >= 0) {
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

/// What a phase computes for `value` by itself: not through collectives.
llvm::DenseSet<Value> normc::computedFor(Value value) {
  llvm::DenseSet<Value> computed;
  SmallVector<Value> left{value};
  while (!left.empty()) {
    Value next = left.pop_back_val();
    Operation *op = next.getDefiningOp();
    if (computed.insert(next).second && op && !isCollective(op))
      llvm::append_range(left, op->getOperands());
  }
  return computed;
}

/// True if an element takes a function, a division or a random word, each of
/// which costs more than a store and a load: 8 to 20 cycles a vector.
bool StageSlicer::isCostly(Value value) const {
  return llvm::any_of(computedFor(value), [&](Value part) {
    Operation *op = part.getDefiningOp();
    return op && !parallel.contains(structure.spaceOf(part)) &&
           isa<arith::DivFOp, math::ErfOp, math::ExpOp, math::Exp2Op,
               math::ExpM1Op, math::LogOp, math::Log1pOp, math::PowFOp,
               math::TanhOp, PhiloxOp>(op);
  });
}

/// A costly output that a collective needs as well is written by the
/// collective's phase, and read back by later ones. (The sum of a residual with
/// what dropout leaves.) A GPU's workers would not see what others wrote.
void StageSlicer::keepOutputs(MutableArrayRef<StageTarget> targets) {
  if (schedule.getTarget() != TargetKind::cpu)
    return;
  auto needs = [&](const StageTarget &target, Value value) {
    Value wanted =
        target.kind == StageTarget::Output
            ? structure.outputs()[target.index].value
            : structure.collectives()[target.index].reduce().getValue();
    return target.kind != StageTarget::Combine &&
           computedFor(wanted).contains(value);
  };
  for (StageTarget &target : targets) {
    if (target.kind != StageTarget::Output || target.over.empty())
      continue;
    const KernelOutput &output = structure.outputs()[target.index];
    if (structure.spaceOf(output.value) != output.dims ||
        !isCostly(output.value))
      continue;
    std::optional<unsigned> first;
    bool isReadLater = false;
    for (const StageTarget &other : targets) {
      // One with a predicate may visit no more than a part.
      bool isWhole =
          other.kind == StageTarget::Complete && other.over == target.over &&
          !structure.collectives()[other.index].reduce().getPredicate();
      if (isWhole && other.level >= target.level && needs(other, output.value))
        first = std::min(first.value_or(other.level), other.level);
    }
    for (const StageTarget &other : targets)
      isReadLater |=
          first && other.level > *first && needs(other, output.value);
    if (!isReadLater)
      continue;
    target.level = *first;
    keptOutputs[output.value] = {target.index, *first};
  }
}

/// Writes on each phase which views a later one reads again.
void StageSlicer::markKept() {
  SmallVector<PhaseOp> phases(
      stage.getInstance().getBlock()->getOps<PhaseOp>());
  llvm::SmallSetVector<Value, 4> later;
  for (PhaseOp phase : llvm::reverse(phases)) {
    llvm::SmallSetVector<Value, 4> here, written;
    for (auto load : phase.getBlock()->getOps<LoadOp>())
      here.insert(load.getView());
    for (auto store : phase.getBlock()->getOps<StoreOp>())
      written.insert(store.getView());
    SmallVector<Value> kept;
    for (Value view : llvm::concat<const Value>(here, written))
      if (later.contains(view))
        kept.push_back(view);
    phase.getKeepsMutable().assign(kept);
    later.insert(here.begin(), here.end());
  }
}
