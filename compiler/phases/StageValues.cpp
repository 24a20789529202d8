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
  if (auto found = kept.find(value);
      found != kept.end() && level > found->second.level) {
    OpBuilder at = builderAt(where);
    result = LoadOp::create(at, loc, found->second.view, found->second.map);
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

//===----------------------------------------------------------------------===//
// What later phases read back
//===----------------------------------------------------------------------===//

/// What a phase of `level` computes for `value` by itself: not through
/// collectives, or what it reads back.
llvm::DenseSet<Value> StageSlicer::computedFor(Value value,
                                               unsigned level) const {
  llvm::DenseSet<Value> computed;
  SmallVector<Value> left{value};
  while (!left.empty()) {
    Value next = left.pop_back_val();
    Operation *op = next.getDefiningOp();
    auto found = kept.find(next);
    bool isRead = context.derived.contains(next) ||
                  (found != kept.end() && level > found->second.level);
    if (computed.insert(next).second && op && !isRead && !isCollective(op))
      llvm::append_range(left, op->getOperands());
  }
  return computed;
}

/// What computing takes, in half cycles for 16 elements, as measured on Zen 4.
static int64_t costOf(Value value, bool isLoaded) {
  bool isNarrow = value.getType().getIntOrFloatBitWidth() < 32;
  constexpr int64_t cheap = 2, division = 20, function = 30, randomWord = 60;
  Operation *op = value.getDefiningOp();
  if (!op || isLoaded) // A load widens what is narrow.
    return isNarrow ? 3 : 2;
  if (op->hasTrait<OpTrait::ConstantLike>() || isa<arith::ExtFOp>(op))
    return 0;
  if (isa<arith::TruncFOp>(op))
    return isNarrow ? 6 : cheap;
  if (isa<PhiloxOp>(op))
    return randomWord;
  if (isa<arith::DivFOp, math::SqrtOp, math::RsqrtOp>(op))
    return division;
  return isa<math::ErfOp, math::ExpOp, math::Exp2Op, math::ExpM1Op, math::LogOp,
             math::Log1pOp, math::PowFOp, math::TanhOp>(op)
             ? function
             : cheap;
}

int64_t StageSlicer::costIn(Value value) const {
  int64_t cost = 0;
  for (Value part : computedFor(value, /*level=*/0))
    if (!part.getType().isIndex() &&
        !parallel.contains(structure.spaceOf(part)))
      cost += costOf(part, context.derived.contains(part));
  return cost;
}

/// The value that a target is about.
Value StageSlicer::valueOf(const StageTarget &target) const {
  return target.kind == StageTarget::Output
             ? structure.outputs()[target.index].value
             : structure.collectives()[target.index].reduce().getValue();
}

/// A target that computes its value at every point of its phase: one with a
/// predicate may visit no more than a part.
static bool isWhole(const StageTarget &target,
                    const KernelStructure &structure) {
  return target.kind == StageTarget::Complete &&
         !structure.collectives()[target.index].reduce().getPredicate();
}

/// What `first` computes and `later` needs as well: where the one's values end
/// in the other's.
llvm::SetVector<Value> StageSlicer::findCommon(const StageTarget &first,
                                               const StageTarget &later) const {
  llvm::SetVector<Value> common;
  if (later.kind == StageTarget::Combine || later.level <= first.level)
    return common;
  llvm::DenseSet<Value> computed = computedFor(valueOf(first), first.level);
  llvm::DenseSet<Value> seen;
  SmallVector<Value> left{valueOf(later)};
  while (!left.empty()) {
    Value next = left.pop_back_val();
    Operation *op = next.getDefiningOp();
    if (!op || !seen.insert(next).second || isCollective(op) ||
        context.derived.contains(next))
      continue;
    // What is widened is shorter before.
    bool isHere = computed.contains(next) && isa<FloatType>(next.getType()) &&
                  !isa<arith::ExtFOp>(op) &&
                  structure.spaceOf(next) == (parallel | first.over);
    if (isHere)
      common.insert(next);
    else
      llvm::append_range(left, op->getOperands());
  }
  return common;
}

/// Keeps `value`, which `target` computes, in local memory, if there is room.
bool StageSlicer::keepLocally(Value value, const StageTarget &target,
                              bool isFirst, int64_t &room) {
  DimsAttr over = overOf(target);
  SmallVector<OpFoldResult> shared = context.extentsOf(parallel), own;
  for (StringAttr name : over.getNames())
    own.push_back(context.extents[structure.space().indexOf(name)]);
  // Rows of two blocks are at work while the first phase runs.
  int64_t places = schedule.getRows() * (isFirst ? 2 : 1);
  int64_t bytes = value.getType().getIntOrFloatBitWidth() / 8 * places;
  for (OpFoldResult extent : own) {
    std::optional<int64_t> constant = getConstantIntValue(extent);
    if (!constant || *constant > room || (bytes *= *constant) > room)
      return false;
  }
  bytes = llvm::alignTo(bytes, 64 * places);
  if (bytes > room)
    return false;
  room -= bytes;
  SmallVector<DimsAttr> axes(mapOf(parallel).getAxes());
  for (StringAttr name : over.getNames())
    axes.push_back(DimsAttr::get(b.getContext(), ArrayRef(name)));
  kept[value] = {
      target.level,
      context.program.makeLocal(loc, shared, own, value.getType(), places),
      MapAttr::get(b.getContext(), axes), target.over, true};
  return true;
}

/// What costs more to compute again than to store and load is read back by
/// later phases: from local memory, or from the output that it is. (A tanh
/// between two norms; the sum of a residual with what dropout leaves.) A GPU's
/// workers would not see what others wrote.
void StageSlicer::keepValues(MutableArrayRef<StageTarget> targets) {
  // A store and a load, and something to show for them.
  constexpr int64_t least = 10, ofOutput = 20;
  if (schedule.getTarget() != TargetKind::cpu ||
      !(parallel & toDimSet(structure.space(), schedule.getLanes())).empty())
    return;
  struct Candidate {
    Value value;
    const StageTarget *first;
    int64_t cost;
  };
  SmallVector<Candidate> candidates;
  SmallVector<const StageTarget *> whole;
  for (const StageTarget &target : targets)
    if (isWhole(target, structure) && !target.over.empty())
      whole.push_back(&target);
  llvm::stable_sort(whole,
                    [](auto *a, auto *b) { return a->level < b->level; });
  for (const StageTarget *first : whole)
    for (const StageTarget &later : targets)
      for (Value value : findCommon(*first, later))
        if (int64_t cost = costIn(value);
            cost >= least && llvm::none_of(candidates, [&](auto &other) {
              return other.value == value;
            }))
          candidates.push_back({value, first, cost});
  llvm::stable_sort(candidates,
                    [](auto &a, auto &b) { return a.cost > b.cost; });
  int64_t room = ScratchOp::kLocalBytes;
  for (const Candidate &candidate : candidates) {
    bool isFirst = llvm::none_of(whole, [&](const StageTarget *other) {
      return other->level < candidate.first->level &&
             other->over == candidate.first->over;
    });
    if (!keepLocally(candidate.value, *candidate.first, isFirst, room) &&
        candidate.cost >= ofOutput)
      keepAsOutput(candidate.value, *candidate.first, targets);
  }
}

/// Writes an output in the phase that computes it for something else.
void StageSlicer::keepAsOutput(Value value, const StageTarget &first,
                               MutableArrayRef<StageTarget> targets) {
  for (StageTarget &target : targets) {
    if (target.kind != StageTarget::Output || target.over != first.over ||
        target.level > first.level || valueOf(target) != value)
      continue;
    KernelOp kernel = structure.kernel();
    Value result = kernel.getResult(target.index);
    target.level = first.level;
    kept[value] = {first.level, context.program.viewOf(result),
                   kernel.getOutputMap(target.index), first.over, false};
    return;
  }
}

/// Leaves what a phase has computed for later ones.
void StageSlicer::storeKept(DimSet over, Block *phase) {
  for (auto &[value, place] : kept)
    if (place.isLocal && place.level == level && place.over == over)
      if (Value computed = inPhase.lookupOrNull(value)) {
        OpBuilder at = builderAt(phase);
        StoreOp::create(at, loc, computed, place.view, place.map);
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
