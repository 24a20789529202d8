//===- StageSlicer.cpp - a stage, its targets and its phases --------------===//

#include "compiler/phases/StageSlicer.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

/// The starting value of a collective as a constant.
static Value makeIdentity(OpBuilder &b, Location loc, ReduceOp reduce) {
  Type type = reduce.getResult().getType();
  return arith::ConstantOp::create(
      b, loc, FloatAttr::get(type, getIdentity(reduce.getKind(), type)));
}

/// The kind in which partial results combine: a mean's are sums.
static ReduceKind getPartialKind(ReduceOp reduce) {
  return reduce.getKind() == ReduceKind::mean ? ReduceKind::add
                                              : reduce.getKind();
}

MapAttr StageSlicer::mapOf(DimSet dims, StringAttr chunks) const {
  SmallVector<DimsAttr> axes;
  MLIRContext *context = structure.kernel().getContext();
  if (chunks)
    axes.push_back(DimsAttr::get(context, ArrayRef<StringAttr>{chunks}));
  for (StringAttr name : toDims(structure.space(), dims).getNames())
    axes.push_back(DimsAttr::get(context, ArrayRef<StringAttr>{name}));
  return MapAttr::get(context, axes);
}

//===----------------------------------------------------------------------===//
// The stage around its phases
//===----------------------------------------------------------------------===//

/// Points of the parallel dims; along a lane dim, blocks of `width` points.
OpFoldResult StageSlicer::countInstances() {
  ProgramBuilder &program = context.program;
  OpFoldResult count = b.getIndexAttr(1);
  for (StringAttr name : schedule.getParallel().getNames()) {
    OpFoldResult extent = context.extents[structure.space().indexOf(name)];
    if (schedule.getLanes().contains(name))
      extent = program.divide(loc, extent, b.getIndexAttr(schedule.getWidth()),
                              /*roundUp=*/true);
    count = program.multiply(loc, count, extent);
  }
  return count;
}

/// Room for what this stage leaves to later ones.
void StageSlicer::prepareScratch() {
  ProgramBuilder &program = context.program;
  if (hasPartials()) {
    std::string name = "k";
    auto isTaken = [&](StringAttr taken) {
      return structure.space().contains(taken) ||
             llvm::any_of(context.chunkCounts,
                          [&](auto &other) { return other.first == taken; });
    };
    while (isTaken(b.getStringAttr(name)))
      name += "k";
    chunkDim = b.getStringAttr(name);
    OpFoldResult chunks = program.divide(loc, countInstances(),
                                         b.getIndexAttr(schedule.getChunk()),
                                         /*roundUp=*/true);
    context.chunkCounts.push_back({chunkDim, chunks});
    for (unsigned c : plan.partial) {
      const Collective &collective = structure.collectives()[c];
      SmallVector<OpFoldResult> sizes{chunks};
      llvm::append_range(sizes, context.extentsOf(collective.space));
      context.partials[c] = program.makeScratch(
          loc, sizes, collective.reduce().getResult().getType());
      context.chunkDims[c] = chunkDim;
    }
  }
  prepareResults();
}

/// Where a mean, a maximum or a minimum is taken, or anything waits for a
/// collective: only a terminal sum of nothing has a meaning (zero).
DimsAttr StageSlicer::getNonEmpty() const {
  DimSet dims;
  for (unsigned c : llvm::concat<const unsigned>(plan.complete, plan.partial)) {
    const Collective &collective = structure.collectives()[c];
    ReduceKind kind = collective.reduce().getKind();
    bool hasZero = kind == ReduceKind::add || kind == ReduceKind::mul;
    if (!hasZero || !collective.terminal)
      dims |= collective.over;
  }
  return dims.empty() ? DimsAttr() : toDims(structure.space(), dims);
}

void StageSlicer::createStage() {
  SpaceAttr space = structure.space();
  SmallVector<StringAttr> names(space.getNames());
  SmallVector<OpFoldResult> extents = context.extents;
  for (auto [name, count] : context.chunkCounts) {
    bool isUsed = name == chunkDim;
    for (unsigned c : plan.combine)
      isUsed |= context.chunkDims[c] == name;
    if (!isUsed)
      continue;
    names.push_back(name);
    extents.push_back(count);
  }
  SmallVector<int64_t> known;
  SmallVector<Value> sizes;
  for (OpFoldResult extent : extents) {
    std::optional<int64_t> constant = getConstantIntValue(extent);
    known.push_back(constant.value_or(ShapedType::kDynamic));
    if (!constant)
      sizes.push_back(cast<Value>(extent));
  }
  stage = StageOp::create(b, loc, sizes,
                          SpaceAttr::get(b.getContext(), names, known),
                          chunkDim, getNonEmpty(), schedule);
  Block *block = b.createBlock(&stage.getBody());
  if (hasPartials())
    createPrologue();
  b.setInsertionPointToEnd(block);
  auto instance = InstanceOp::create(b, loc);
  b.createBlock(&instance.getBody());
  atInstance = OpBuilder::atBlockEnd(instance.getBlock());
}

/// Every chunk starts its partials at the identity.
void StageSlicer::createPrologue() {
  for (unsigned c : plan.partial) {
    const Collective &collective = structure.collectives()[c];
    DimsAttr over = overOf({StageTarget::Partial, c, 0, collective.space});
    if (over.empty()) {
      Value start = makeIdentity(b, loc, collective.reduce());
      StoreOp::create(b, loc, start, context.partials[c],
                      mapOf(collective.space, chunkDim));
      continue;
    }
    auto phase = PhaseOp::create(b, loc, TypeRange(), ValueRange(), over);
    OpBuilder::InsertionGuard guard(b);
    b.createBlock(&phase.getBody());
    Value start = makeIdentity(b, loc, collective.reduce());
    StoreOp::create(b, loc, start, context.partials[c],
                    mapOf(collective.space, chunkDim));
    ContributeOp::create(b, loc);
  }
}

/// The loop dims of a target's phase, outermost first: as in memory, with the
/// lanes innermost.
DimsAttr StageSlicer::overOf(const StageTarget &target) const {
  SmallVector<StringAttr> names;
  StringAttr lane;
  ArrayRef<StringAttr> lanes = schedule.getLanes().getNames();
  if (target.chunks)
    names.push_back(target.chunks);
  for (unsigned dim : structure.memoryOrder()) {
    if (!target.over.contains(dim))
      continue;
    StringAttr name = structure.space().getNames()[dim];
    if (llvm::is_contained(lanes, name))
      lane = name;
    else
      names.push_back(name);
  }
  if (lane)
    names.push_back(lane);
  return DimsAttr::get(structure.kernel().getContext(), names);
}

//===----------------------------------------------------------------------===//
// Targets, grouped into phases
//===----------------------------------------------------------------------===//

/// A collective that nothing in an earlier phase needs joins a later phase over
/// the same dims: what it reads is then read once. (The mean of a row waits for
/// the pivot that distances are taken to, and its first phase visits no more
/// than a part of the row.)
void StageSlicer::sinkTargets(MutableArrayRef<StageTarget> targets) const {
  for (StageTarget &target : llvm::reverse(targets)) {
    if (target.kind != StageTarget::Complete)
      continue;
    unsigned needed = ~0u;
    // What is written once per instance is written at its end.
    for (const StageTarget &other : targets)
      if (needsDirectly(other, target.index) &&
          (!other.over.empty() || other.chunks))
        needed = std::min(needed, other.level);
    bool hasPhase = llvm::any_of(targets, [&](const StageTarget &other) {
      return other.kind == StageTarget::Complete && other.level + 1 == needed &&
             other.level > target.level && other.over == target.over;
    });
    if (hasPhase)
      target.level = needed - 1;
  }
}

/// An output that a later phase over the same dims computes anyway, for another
/// one, is written there: nothing reads its operands after that, so that it may
/// be written in place of one. (The sum of a residual, which every phase
/// forms.)
void StageSlicer::sinkOutputs(MutableArrayRef<StageTarget> targets) const {
  auto isOutput = [](const StageTarget &target) {
    return target.kind == StageTarget::Output && !target.over.empty();
  };
  auto isKept = [&](const StageTarget &target) {
    auto found = kept.find(valueOf(target));
    return found != kept.end() && !found->second.isLocal;
  };
  for (const StageTarget &last : targets) {
    if (!isOutput(last))
      continue;
    llvm::DenseSet<Value> computed = computedFor(valueOf(last), last.level);
    for (StageTarget &target : targets) {
      if (!isOutput(target) || target.over != last.over || isKept(target))
        continue;
      Value value = valueOf(target);
      while (value.getDefiningOp<arith::TruncFOp>())
        value = value.getDefiningOp()->getOperand(0);
      if (computed.contains(value))
        target.level = std::max(target.level, last.level);
    }
  }
}

bool StageSlicer::needsDirectly(const StageTarget &target,
                                unsigned collective) const {
  if (target.kind == StageTarget::Output)
    return structure.outputs()[target.index].direct.test(collective);
  return target.kind != StageTarget::Combine &&
         structure.collectives()[target.index].direct.test(collective);
}

SmallVector<StageTarget> StageSlicer::collectTargets() {
  llvm::DenseMap<unsigned, unsigned> levels;
  auto levelAfter = [&](Value value) {
    unsigned level = 0;
    for (unsigned c : structure.directNeeds(value).set_bits())
      if (auto it = levels.find(c); it != levels.end())
        level = std::max(level, it->second + 1);
    return level;
  };
  auto levelOf = [&](ReduceOp reduce) {
    unsigned level = 0;
    for (Value operand : reduce->getOperands())
      level = std::max(level, levelAfter(operand));
    return level;
  };
  SmallVector<StageTarget> targets;
  for (unsigned c : plan.combine) {
    targets.push_back(
        {StageTarget::Combine, c, 0, DimSet(), context.chunkDims[c]});
    levels[c] = 0;
  }
  for (unsigned c : plan.complete) {
    const Collective &collective = structure.collectives()[c];
    levels[c] = levelOf(collective.reduce());
    targets.push_back(
        {StageTarget::Complete, c, levels[c], collective.loop - parallel});
  }
  for (unsigned c : plan.partial) {
    const Collective &collective = structure.collectives()[c];
    targets.push_back({StageTarget::Partial, c, levelOf(collective.reduce()),
                       collective.loop - parallel});
  }
  for (unsigned o : plan.outputs)
    targets.push_back({StageTarget::Output, o,
                       levelAfter(structure.outputs()[o].value),
                       structure.outputs()[o].dims - parallel});
  sinkTargets(targets);
  keepValues(targets);
  sinkOutputs(targets);
  llvm::stable_sort(targets, [](const StageTarget &a, const StageTarget &b) {
    return a.level < b.level;
  });
  return targets;
}

void StageSlicer::build() {
  prepareScratch();
  SmallVector<StageTarget> targets = collectTargets(), atEnd;
  createStage();
  while (!targets.empty()) {
    StageTarget first = targets.front();
    SmallVector<StageTarget> group, rest;
    for (const StageTarget &target : targets) {
      bool together = target.level == first.level &&
                      target.over == first.over &&
                      target.chunks == first.chunks;
      (together ? group : rest).push_back(target);
    }
    targets = std::move(rest);
    if (first.over.empty() && !first.chunks)
      llvm::append_range(atEnd, group);
    else
      buildPhase(group);
  }
  leaveDerived(); // Before an output takes the place of what it reads.
  for (const StageTarget &target : atEnd)
    buildUniform(target);
  markKept();
}

/// The value that a collective combines: the identity where it is told to skip.
Value StageSlicer::selectedValue(ReduceOp reduce, Block *phase) {
  Value value = materialize(reduce.getValue(), phase);
  Value predicate = reduce.getPredicate();
  if (!predicate)
    return value;
  Value selected = materialize(predicate, phase);
  OpBuilder end = builderAt(phase);
  Value identity = makeIdentity(end, loc, reduce);
  return arith::SelectOp::create(end, loc, selected, value, identity);
}

/// What one target adds to the phase's body; a value that it contributes, or
/// null.
Value StageSlicer::emitInPhase(const StageTarget &target, Block *phase) {
  if (target.kind == StageTarget::Output) {
    Value value = materialize(structure.outputs()[target.index].value, phase);
    storeOutput(target.index, value, phase);
    return {};
  }
  const Collective &collective = structure.collectives()[target.index];
  ReduceOp reduce = collective.reduce();
  if (target.kind == StageTarget::Combine) {
    OpBuilder end = builderAt(phase);
    return LoadOp::create(end, loc, context.partials[target.index],
                          mapOf(collective.space, target.chunks));
  }
  Value value = selectedValue(reduce, phase);
  if (target.kind == StageTarget::Complete || collective.space.empty())
    return value;
  accumulate(target.index, value, phase);
  return {};
}

void StageSlicer::buildPhase(ArrayRef<StageTarget> targets) {
  auto body = std::make_unique<Block>();
  inPhase.clear();
  level = targets.front().level;
  SmallVector<Attribute> kinds;
  SmallVector<Value> values;
  SmallVector<Type> types;
  SmallVector<StageTarget> contributors;
  for (const StageTarget &target : targets) {
    Value value = emitInPhase(target, body.get());
    if (!value)
      continue;
    ReduceOp reduce = structure.collectives()[target.index].reduce();
    ReduceKind kind = target.kind == StageTarget::Complete
                          ? reduce.getKind()
                          : getPartialKind(reduce);
    kinds.push_back(ReduceKindAttr::get(b.getContext(), kind));
    values.push_back(value);
    types.push_back(value.getType());
    contributors.push_back(target);
  }
  storeKept(targets.front().over, body.get());
  OpBuilder end = builderAt(body.get());
  ContributeOp::create(end, loc, end.getArrayAttr(kinds), values);
  auto phase = PhaseOp::create(atInstance, loc, types, ValueRange(),
                               overOf(targets.front()));
  phase.getBody().push_back(body.release());
  for (auto [target, result] :
       llvm::zip_equal(contributors, phase.getResults()))
    finish(target, result);
}

/// A phase's result becomes the collective's, or goes to a partial.
void StageSlicer::finish(const StageTarget &target, Value result) {
  const Collective &collective = structure.collectives()[target.index];
  if (target.kind == StageTarget::Partial)
    return accumulate(target.index, result, nullptr);
  if (target.kind == StageTarget::Combine &&
      collective.reduce().getKind() == ReduceKind::mean)
    result = divideByCount(result, collective.over);
  uniform.map(collective.reduce().getResult(), result);
  if (Value scratch = context.stored[target.index])
    StoreOp::create(atInstance, loc, result, scratch, mapOf(collective.space));
}

void StageSlicer::buildUniform(const StageTarget &target) {
  if (target.kind == StageTarget::Output) {
    Value value = materialize(structure.outputs()[target.index].value, nullptr);
    return storeOutput(target.index, value, nullptr);
  }
  // Everything that this collective runs over is parallel.
  Value value =
      selectedValue(structure.collectives()[target.index].reduce(), nullptr);
  accumulate(target.index, value, nullptr);
}

void StageSlicer::storeOutput(unsigned output, Value value, Block *phase) {
  KernelOp kernel = structure.kernel();
  OpBuilder at = builderAt(phase);
  StoreOp::create(at, loc, value,
                  context.program.viewOf(kernel.getResult(output)),
                  kernel.getOutputMap(output));
}

void StageSlicer::accumulate(unsigned collective, Value value, Block *phase) {
  const Collective &info = structure.collectives()[collective];
  OpBuilder at = builderAt(phase);
  AccumulateOp::create(at, loc, getPartialKind(info.reduce()), value,
                       context.partials[collective],
                       mapOf(info.space, chunkDim));
}

Value StageSlicer::divideByCount(Value sum, DimSet over) {
  ImplicitLocOpBuilder at(loc, atInstance);
  Value count;
  for (StringAttr name : toDims(structure.space(), over).getNames()) {
    Value extent = ExtentOp::create(at, name);
    count =
        count ? arith::MulIOp::create(at, count, extent).getResult() : extent;
  }
  Value bits = arith::IndexCastOp::create(at, at.getI64Type(), count);
  Value divisor = arith::SIToFPOp::create(at, sum.getType(), bits);
  return arith::DivFOp::create(at, sum, divisor);
}
