//===- StageSlicer.cpp - one kernel becomes stages and phases -------------===//

#include "compiler/phases/StageSlicer.h"
#include "dialects/norm/DimSources.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

namespace {

/// What a kernel's stages share: extents, and where results wait in scratch.
struct KernelContext {
  KernelContext(KernelOp kernel, ProgramBuilder &program)
      : structure(kernel), program(program), stored(numCollectives()),
        partials(numCollectives()), partialChunks(numCollectives()) {}

  size_t numCollectives() const { return structure.collectives().size(); }
  SmallVector<OpFoldResult> extentsOf(DimSet dims) const;

  KernelStructure structure;
  ProgramBuilder &program;
  SmallVector<OpFoldResult> extents; ///< Per dim of the kernel.
  SmallVector<Value> stored;         ///< Scratch of a finished collective.
  SmallVector<Value> partials;       ///< Scratch [chunk, dims] of a partial.
  SmallVector<OpFoldResult> partialChunks;
};

/// Something that a phase, or the instance itself, produces.
struct Target {
  enum Kind { Complete, Combine, Partial, Output } kind;
  unsigned index;  ///< Of the collective or the output.
  unsigned level;  ///< Collectives of this stage that it waits for.
  DimSet over;     ///< Dims of the kernel that its phase runs over.
  bool overChunks; ///< Its phase runs over the chunk dim as well.
};

/// Builds one stage.
class StageSlicer {
public:
  StageSlicer(KernelContext &context, const StagePlan &plan,
              ScheduleAttr schedule)
      : context(context), structure(context.structure), plan(plan),
        schedule(schedule), b(context.program.builder()),
        loc(context.structure.kernel().getLoc()) {}

  void build();

private:
  bool hasPartials() const { return !plan.partial.empty(); }
  bool usesChunkDim() const { return hasPartials() || !plan.combine.empty(); }
  OpFoldResult countInstances();
  void prepareScratch();
  void createStage();
  void createPrologue();
  SmallVector<Target> collectTargets();
  Value emitInPhase(const Target &target, Block *phase);
  void buildPhase(ArrayRef<Target> targets);
  void finish(const Target &target, Value result);
  void buildUniform(const Target &target);
  void storeOutput(unsigned output, Value value, Block *phase);
  void accumulate(unsigned collective, Value value, Block *phase);
  void markKept();

  Value materialize(Value value, Block *phase);
  Value loadOperand(unsigned input, Block *phase);
  Value divideByCount(Value sum, DimSet over);
  /// Inserts at the end of a phase's body, or (null) of the instance so far.
  OpBuilder builderAt(Block *phase) {
    if (!phase)
      return atInstance;
    OpBuilder end(b.getContext()); // The block has no parent yet.
    end.setInsertionPointToEnd(phase);
    return end;
  }
  MapAttr mapOf(DimSet dims, bool chunkFirst = false) const;
  DimsAttr overOf(const Target &target) const;

  KernelContext &context;
  const KernelStructure &structure;
  const StagePlan &plan;
  ScheduleAttr schedule;
  OpBuilder b;
  OpBuilder atInstance{static_cast<MLIRContext *>(nullptr)};
  Location loc;
  StringAttr chunkDim;
  StageOp stage;
  /// Values at the level of the instance, and of the phase being built.
  IRMapping uniform, inPhase;
};

} // namespace

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

SmallVector<OpFoldResult> KernelContext::extentsOf(DimSet dims) const {
  SmallVector<OpFoldResult> sizes;
  for (unsigned dim = 0; dim < structure.space().size(); ++dim)
    if (dims.contains(dim))
      sizes.push_back(extents[dim]);
  return sizes;
}

MapAttr StageSlicer::mapOf(DimSet dims, bool chunkFirst) const {
  SmallVector<DimsAttr> axes;
  MLIRContext *context = structure.kernel().getContext();
  if (chunkFirst)
    axes.push_back(DimsAttr::get(context, ArrayRef<StringAttr>{chunkDim}));
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
  if (usesChunkDim()) {
    std::string name = "k";
    while (structure.space().contains(b.getStringAttr(name)))
      name += "k";
    chunkDim = b.getStringAttr(name);
  }
  OpFoldResult chunks;
  if (hasPartials()) {
    chunks = program.divide(loc, countInstances(),
                            b.getIndexAttr(schedule.getChunk()),
                            /*roundUp=*/true);
  }
  for (unsigned c : plan.partial) {
    const Collective &collective = structure.collectives()[c];
    SmallVector<OpFoldResult> sizes{chunks};
    llvm::append_range(sizes, context.extentsOf(collective.space));
    context.partials[c] =
        program.makeScratch(loc, sizes, collective.op.getResult().getType());
    context.partialChunks[c] = chunks;
  }
  // Results that a later stage asks for.
  llvm::SmallBitVector wanted(context.numCollectives());
  bool after = false;
  for (const StagePlan &other : structure.stages()) {
    if (after) {
      for (unsigned o : other.outputs)
        wanted |= structure.directNeeds(structure.outputs()[o].value);
      for (unsigned c :
           llvm::concat<const unsigned>(other.complete, other.partial))
        for (Value operand : structure.collectives()[c].op->getOperands())
          wanted |= structure.directNeeds(operand);
    }
    after |= &other == &plan;
  }
  for (unsigned c : llvm::concat<const unsigned>(plan.complete, plan.combine))
    if (wanted.test(c) && structure.collectives()[c].space == plan.parallel)
      context.stored[c] = program.makeScratch(
          loc, context.extentsOf(structure.collectives()[c].space),
          structure.collectives()[c].op.getResult().getType());
}

void StageSlicer::createStage() {
  SpaceAttr space = structure.space();
  SmallVector<StringAttr> names(space.getNames());
  SmallVector<OpFoldResult> extents = context.extents;
  if (usesChunkDim()) {
    unsigned c = hasPartials() ? plan.partial.front() : plan.combine.front();
    names.push_back(chunkDim);
    extents.push_back(context.partialChunks[c]);
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
                          hasPartials() ? chunkDim : StringAttr(), schedule);
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
    DimsAttr over = overOf({Target::Partial, c, 0, collective.space, false});
    if (over.empty()) {
      Value start = makeIdentity(b, loc, collective.op);
      StoreOp::create(b, loc, start, context.partials[c],
                      mapOf(collective.space, /*chunkFirst=*/true));
      continue;
    }
    auto phase = PhaseOp::create(b, loc, TypeRange(), ValueRange(), over);
    OpBuilder::InsertionGuard guard(b);
    b.createBlock(&phase.getBody());
    Value start = makeIdentity(b, loc, collective.op);
    StoreOp::create(b, loc, start, context.partials[c],
                    mapOf(collective.space, /*chunkFirst=*/true));
    ContributeOp::create(b, loc);
  }
}

/// The loop dims of a target's phase, outermost first: as in memory, with the
/// lanes innermost.
DimsAttr StageSlicer::overOf(const Target &target) const {
  SmallVector<StringAttr> names;
  StringAttr lane;
  ArrayRef<StringAttr> lanes = schedule.getLanes().getNames();
  if (target.overChunks)
    names.push_back(chunkDim);
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

SmallVector<Target> StageSlicer::collectTargets() {
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
  SmallVector<Target> targets;
  for (unsigned c : plan.combine) {
    targets.push_back({Target::Combine, c, 0, DimSet(), true});
    levels[c] = 0;
  }
  for (unsigned c : plan.complete) {
    const Collective &collective = structure.collectives()[c];
    levels[c] = levelOf(collective.op);
    targets.push_back({Target::Complete, c, levels[c],
                       collective.loop - plan.parallel, false});
  }
  for (unsigned c : plan.partial) {
    const Collective &collective = structure.collectives()[c];
    targets.push_back({Target::Partial, c, levelOf(collective.op),
                       collective.loop - plan.parallel, false});
  }
  for (unsigned o : plan.outputs)
    targets.push_back({Target::Output, o,
                       levelAfter(structure.outputs()[o].value),
                       structure.outputs()[o].dims - plan.parallel, false});
  llvm::stable_sort(targets, [](const Target &a, const Target &b) {
    return a.level < b.level;
  });
  return targets;
}

void StageSlicer::build() {
  prepareScratch();
  createStage();
  SmallVector<Target> targets = collectTargets(), atEnd;
  while (!targets.empty()) {
    Target first = targets.front();
    SmallVector<Target> group, rest;
    for (const Target &target : targets) {
      bool together = target.level == first.level &&
                      target.over == first.over &&
                      target.overChunks == first.overChunks;
      (together ? group : rest).push_back(target);
    }
    targets = std::move(rest);
    if (first.over.empty() && !first.overChunks)
      llvm::append_range(atEnd, group);
    else
      buildPhase(group);
  }
  for (const Target &target : atEnd)
    buildUniform(target);
  markKept();
}

/// What one target adds to the phase's body; a value that it contributes, or
/// null.
Value StageSlicer::emitInPhase(const Target &target, Block *phase) {
  if (target.kind == Target::Output) {
    Value value = materialize(structure.outputs()[target.index].value, phase);
    storeOutput(target.index, value, phase);
    return {};
  }
  const Collective &collective = structure.collectives()[target.index];
  ReduceOp reduce = collective.op;
  if (target.kind == Target::Combine) {
    OpBuilder end = builderAt(phase);
    return LoadOp::create(end, loc, context.partials[target.index],
                          mapOf(collective.space, /*chunkFirst=*/true));
  }
  Value value = materialize(reduce.getValue(), phase);
  if (Value predicate = reduce.getPredicate()) {
    Value selected = materialize(predicate, phase);
    OpBuilder end = builderAt(phase);
    Value identity = makeIdentity(end, loc, reduce);
    value = arith::SelectOp::create(end, loc, selected, value, identity);
  }
  if (target.kind == Target::Complete || collective.space.empty())
    return value;
  accumulate(target.index, value, phase);
  return {};
}

void StageSlicer::buildPhase(ArrayRef<Target> targets) {
  auto body = std::make_unique<Block>();
  inPhase.clear();
  SmallVector<Attribute> kinds;
  SmallVector<Value> values;
  SmallVector<Type> types;
  SmallVector<Target> contributors;
  for (const Target &target : targets) {
    Value value = emitInPhase(target, body.get());
    if (!value)
      continue;
    ReduceOp reduce = structure.collectives()[target.index].op;
    ReduceKind kind = target.kind == Target::Complete ? reduce.getKind()
                                                      : getPartialKind(reduce);
    kinds.push_back(ReduceKindAttr::get(b.getContext(), kind));
    values.push_back(value);
    types.push_back(value.getType());
    contributors.push_back(target);
  }
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
void StageSlicer::finish(const Target &target, Value result) {
  const Collective &collective = structure.collectives()[target.index];
  if (target.kind == Target::Partial)
    return accumulate(target.index, result, nullptr);
  if (target.kind == Target::Combine &&
      collective.op.getKind() == ReduceKind::mean)
    result = divideByCount(result, collective.over);
  uniform.map(collective.op.getResult(), result);
  if (Value scratch = context.stored[target.index])
    StoreOp::create(atInstance, loc, result, scratch, mapOf(collective.space));
}

void StageSlicer::buildUniform(const Target &target) {
  if (target.kind == Target::Output) {
    Value value = materialize(structure.outputs()[target.index].value, nullptr);
    return storeOutput(target.index, value, nullptr);
  }
  // Everything that this collective runs over is parallel.
  Value value =
      materialize(structure.collectives()[target.index].op.getValue(), nullptr);
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
  AccumulateOp::create(at, loc, getPartialKind(info.op), value,
                       context.partials[collective],
                       mapOf(info.space, /*chunkFirst=*/true));
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

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

/// `value` where it is computed once per point of its space: at the instance
/// if it is uniform over it, else in the phase.
Value StageSlicer::materialize(Value value, Block *phase) {
  bool isUniform = plan.parallel.contains(structure.spaceOf(value));
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

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

/// A schedule must have the stages that the collectives force, with their
/// parallel dims; the rest of it is free.
static LogicalResult checkSchedule(KernelOp kernel,
                                   const KernelStructure &structure) {
  ArrayAttr schedules = kernel.getScheduleAttr();
  if (!schedules)
    return kernel.emitOpError("expected a schedule (run norm-schedule first)");
  if (schedules.size() != structure.stages().size())
    return kernel.emitOpError()
           << "expected one schedule per stage, " << structure.stages().size()
           << ", but got " << schedules.size();
  for (auto [i, stage] : llvm::enumerate(structure.stages())) {
    auto schedule = cast<ScheduleAttr>(schedules[i]);
    SpaceAttr space = structure.space();
    DimSet parallel = toDimSet(space, schedule.getParallel());
    if (!(parallel == stage.parallel))
      return kernel.emitOpError()
             << "expected stage " << i << " to be parallel over "
             << toString(space, stage.parallel)
             << ", as its collectives need, but the schedule says "
             << toString(space, parallel);
    DimsAttr lanes = schedule.getLanes();
    if (!lanes.empty() &&
        schedule.getParallel().contains(lanes.getNames()[0]) &&
        schedule.getParallel().getNames().back() != lanes.getNames()[0])
      return kernel.emitOpError()
             << "expected the lane dim '" << lanes.getNames()[0].getValue()
             << "' to come last among the parallel dims of stage " << i;
  }
  return success();
}

/// The extents of all dims of the kernel, read off the operands' views.
static SmallVector<OpFoldResult> resolveExtents(KernelOp kernel,
                                                ProgramBuilder &program) {
  SpaceAttr space = kernel.getDims();
  SmallVector<OpFoldResult> extents(space.size());
  OpBuilder &b = program.builder();
  for (auto [dim, extent] : llvm::enumerate(space.getExtents()))
    if (!ShapedType::isDynamic(extent))
      extents[dim] = b.getIndexAttr(extent);
  for (const DimSource &source : findDimSources(kernel)) {
    OpFoldResult size = program.extentOf(
        program.viewOf(kernel.getOperand(source.input)), source.axis);
    OpFoldResult others = b.getIndexAttr(1);
    for (unsigned other : source.others)
      others = program.multiply(kernel.getLoc(), others, extents[other]);
    extents[source.dim] = program.divide(kernel.getLoc(), size, others);
  }
  return extents;
}

LogicalResult normc::sliceKernel(KernelOp kernel, ProgramBuilder &program) {
  KernelContext context(kernel, program);
  if (failed(checkSchedule(kernel, context.structure)))
    return failure();
  context.extents = resolveExtents(kernel, program);
  // Results that have no view yet are read by other kernels only.
  for (auto [i, result] : llvm::enumerate(kernel.getResults())) {
    if (program.viewOf(result))
      continue;
    SmallVector<OpFoldResult> sizes;
    for (DimsAttr axis : kernel.getOutputMap(i).getAxes()) {
      OpFoldResult size = program.builder().getIndexAttr(1);
      for (StringAttr name : axis.getNames())
        size =
            program.multiply(kernel.getLoc(), size,
                             context.extents[kernel.getDims().indexOf(name)]);
      sizes.push_back(size);
    }
    program.setView(
        result, program.makeScratch(kernel.getLoc(), sizes,
                                    getElementTypeOrSelf(result.getType())));
  }
  for (auto [stage, schedule] :
       llvm::zip_equal(context.structure.stages(),
                       kernel.getScheduleAttr().getAsRange<ScheduleAttr>()))
    StageSlicer(context, stage, schedule).build();
  return success();
}
