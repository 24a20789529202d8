//===- PhaseEmitter.cpp - phases as loops over widened bodies -------------===//

#include "compiler/lowering/shared/PhaseEmitter.h"

#include "compiler/lowering/shared/Fetching.h"
#include "compiler/lowering/shared/PhaseTraits.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

bool PhaseLoops::isOneBlock(const StageContext &context) const {
  std::optional<int64_t> known = constantOf(extent);
  return known && dims.size() == 1 && alongLanes && !guard &&
         *known <= Carry::kShort && *known % context.width == 0 &&
         llvm::isPowerOf2_64(*known / context.width);
}

/// Vectors are whole operands of the instruction, and blocks have several. A
/// phase that writes results can't be run again, as small sums are: it may have
/// written in place of what it read.
bool PhaseLoops::takesDots(const StageContext &context) {
  return context.instructions.hasBF16Dot &&
         llvm::all_of(phase.getBlock()->getOps<StoreOp>(),
                      [](StoreOp store) { return isLocal(store.getView()); }) &&
         context.width == kBF16Lanes && alongLanes && unroll(context) > 1 &&
         !isOneBlock(context);
}

int64_t PhaseLoops::unroll(const StageContext &context) {
  if (guard || isRare)
    return 1;
  if (isOneBlock(context))
    return *constantOf(extent) / context.width;
  if (!phase.getContribute().getValues().empty())
    return phase.getStage().getSchedule().getUnroll();
  int64_t line = 1;
  for (auto store : phase.getBlock()->getOps<StoreOp>())
    line = std::max(line, kLineBytes / (context.width *
                                        bytesOf(store.getValue().getType())));
  return alongLanes ? line : 1;
}

void PhaseEmitter::emitBlock(Block &block, const Position &position,
                             IRMapping &values) {
  for (Operation &op : block)
    if (!isa<InstanceOp>(op))
      emitOp(op, position, values);
}

void PhaseEmitter::emitOp(Operation &op, const Position &position,
                          IRMapping &values) {
  if (auto phase = dyn_cast<PhaseOp>(op))
    emitPhase(phase, position, values);
  else
    BodyEmitter(context, b, position, values).emit(op);
}

void PhaseEmitter::emitPhase(PhaseOp phase, const Position &position,
                             IRMapping &values) {
  PhaseLoops loops = begin(phase, position, values);
  // Lanes that are instances may differ: it is run where any wants it.
  if (loops.guard && isVector(values.lookup(loops.guard)))
    loops.assumed = {};
  if (loops.guard)
    emitGuarded(loops, position);
  else
    finish(loops, position, reduce(loops, position));
}

/// In f64 a register has half as many lanes as in f32, which sums of dot
/// products, few as their roundings are, can be folded to.
static int64_t maxLanes(const PhaseLoops &loops, unsigned contribution) {
  if (!loops.alongLanes)
    return 0;
  return loops.dots[contribution].value ? Carry::kRegister / 2
                                        : Carry::kRegister;
}

PhaseLoops PhaseEmitter::begin(PhaseOp phase, const Position &position,
                               IRMapping &values) {
  ContributeOp contribute = phase.getContribute();
  PhaseLoops loops{phase, values};
  loops.guard = findGuard(phase);
  for (StringAttr name : phase.getOver().getNames())
    loops.dims.push_back(context.space().indexOf(name));
  // What hardly ever runs is not worth vectors of f64, where one worker can do
  // it.
  bool isScalar = loops.guard && !lanes.shares() &&
                  llvm::any_of(contribute.getValues().getTypes(),
                               [](Type type) { return type.isF64(); });
  loops.alongLanes = int64_t(loops.dims.back()) == context.lane && !isScalar;
  loops.hasLanes = position.hasLanes || loops.alongLanes;
  loops.assumed = loops.guard;
  loops.extent = context.extents[loops.dims.back()];
  mergeDims(loops);
  if (std::optional<Prefix> prefix = findPrefix(phase, context))
    limit(loops, *prefix);
  findProducts(loops);
  for (auto [i, value] : llvm::enumerate(contribute.getValues())) {
    Type type = value.getType();
    if (loops.hasLanes)
      type = VectorType::get(context.width, type);
    loops.carries.emplace_back(
        contribute.getKind(i), type,
        Carry::Traits{.areWidened = isWidened(value),
                      .areFew = loops.isOneBlock(context),
                      .areMagnitudes =
                          bool(value.getDefiningOp<math::AbsFOp>()),
                      .maxLanes = maxLanes(loops, i)});
  }
  bool isColumn = position.hasLanes && loops.dims.size() == 1;
  if ((loops.alongLanes || isColumn) && !position.ahead.empty() &&
      fetchesAhead(phase, context))
    loops.prefetched = findPrefetched(phase, context);
  if (loops.alongLanes && loops.carries.empty()) {
    loops.streamed = findStreamed(phase, context);
    loops.rowDim = findRowDim(phase, loops.dims, context);
  }
  if (position.instances > 1) {
    loops.sharedAlong =
        phase.getStage().getSchedule().getParallel().getNames().take_back();
    loops.rowDim = context.space().indexOf(loops.sharedAlong.front());
    loops.rows = position.instances;
    loops.rowDistance = makeI64(b, 1);
  }
  return loops;
}

/// Leaves out the points behind a prefix, unless several workers share them.
void PhaseEmitter::limit(PhaseLoops &loops, const Prefix &prefix) {
  for (auto [dim, count] : prefix.counts)
    if (!llvm::is_contained(loops.dims, dim) ||
        (int64_t(dim) == context.lane && (!loops.alongLanes || lanes.shares())))
      return;
  loops.assumed = prefix.condition;
  for (auto [dim, count] : prefix.counts)
    loops.ends[dim] =
        b.createOrFold<arith::MinUIOp>(context.extents[dim], makeI64(b, count));
  if (Value end = loops.ends.lookup(loops.dims.back()))
    loops.extent = end;
}

/// Products that become part of sums, and sums that are dot products. A sum of
/// values is one beside that of their squares, which tells whether any of them
/// may be subnormal: see redoSmall.
void PhaseEmitter::findProducts(PhaseLoops &loops) {
  ContributeOp contribute = loops.phase.getContribute();
  unsigned count = contribute.getValues().size();
  for (unsigned i = 0; i < count; ++i)
    loops.products.push_back(context.instructions.hasFma
                                 ? getProduct(contribute, i)
                                 : arith::MulFOp());
  loops.dots.resize(count);
  if (!loops.takesDots(context))
    return;
  for (unsigned i = 0; i < count; ++i)
    if (Value square = getBF16Square(loops.products[i]))
      loops.dots[i] = {square, /*isSquare=*/true};
  for (unsigned i = 0; i < count; ++i) {
    Value term = getBF16Term(contribute, i);
    if (term && llvm::any_of(loops.dots, [&](const Dot &dot) {
          return dot.isSquare && dot.value == term;
        }))
      loops.dots[i].value = term;
  }
}

PhaseEmitter::Values PhaseEmitter::initial(const PhaseLoops &loops) {
  Values carried;
  for (const Carry &carry : loops.carries)
    carry.appendInitial(b, carried);
  return carried;
}

Value PhaseEmitter::findSmall(PhaseOp phase, ArrayRef<Dot> dots,
                              const IRMapping &values) {
  constexpr double small = 0x1p-80; // 2^18 times what is lost: 2^-28 of it.
  Value isSmall;
  for (auto [dot, result] : llvm::zip_equal(dots, phase.getResults())) {
    if (!dot.isSquare)
      continue;
    Value found = values.lookup(result);
    Value limit =
        arith::ConstantOp::create(b, b.getFloatAttr(result.getType(), small));
    if (isVector(found))
      limit = vector::BroadcastOp::create(b, found.getType(), limit);
    Value less =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OLE, found, limit);
    isSmall =
        isSmall ? arith::OrIOp::create(b, isSmall, less).getResult() : less;
  }
  return isSmall;
}

void PhaseEmitter::emitExactly(PhaseOp phase, const Position &position,
                               IRMapping &values) {
  PhaseLoops exact = begin(phase, position, values);
  exact.isRare = true;
  exact.dots.assign(exact.dots.size(), Dot());
  finish(exact, position, reduce(exact, position));
}

/// Where sums of dot products can be wrong, takes them again without.
void PhaseEmitter::redoSmall(PhaseLoops &loops, const Position &position) {
  Value isSmall = findSmall(loops.phase, loops.dots, loops.outer);
  if (!isSmall)
    return;
  auto results = [&] {
    return Values(llvm::map_range(loops.phase.getResults(), [&](Value result) {
      return loops.outer.lookup(result);
    }));
  };
  auto branch =
      scf::IfOp::create(b, loops.phase.getResultTypes(), isSmall, true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(b, results());
  b.setInsertionPointToStart(branch.thenBlock());
  emitExactly(loops.phase, position, loops.outer);
  scf::YieldOp::create(b, results());
  loops.outer.map(loops.phase.getResults(), branch.getResults());
}

Value PhaseEmitter::countPoints(PhaseOp phase) {
  Value points = makeI64(b, 1);
  for (StringAttr name : phase.getOver().getNames())
    points = mulI64(b, points, context.extents[context.space().indexOf(name)]);
  return b.createOrFold<arith::UIToFPOp>(b.getF64Type(), points);
}

void PhaseEmitter::finish(PhaseLoops &loops, const Position &position,
                          ValueRange carried) {
  Value count = countPoints(loops.phase);
  for (auto [carry, result] :
       llvm::zip_equal(loops.carries, loops.phase.getResults())) {
    ValueRange own = carried.take_front(carry.size());
    carried = carried.drop_front(carry.size());
    Value total = loops.alongLanes ? lanes.combineAll(b, carry, own)
                                   : carry.collapse(b, own);
    loops.outer.map(result, carry.finish(b, total, count));
  }
  redoSmall(loops, position);
}

/// A loop that carries values; no loop at all where it runs never or once.
PhaseEmitter::Values PhaseEmitter::forLoop(Value begin, Value end, int64_t step,
                                           ValueRange carried, LoopBody body) {
  std::optional<int64_t> from = constantOf(begin), to = constantOf(end);
  if (from && to && *to <= *from)
    return Values(carried);
  if (from && to && *to - *from <= step)
    return body(begin, carried);
  auto loop = scf::ForOp::create(
      b, begin, end, makeI64(b, step), carried,
      [&](OpBuilder &nested, Location loc, Value at, ValueRange inside) {
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPoint(nested.getInsertionBlock(),
                            nested.getInsertionPoint());
        scf::YieldOp::create(b, body(at, inside));
      });
  return Values(loop.getResults());
}

PhaseEmitter::Values PhaseEmitter::emitNest(PhaseLoops &loops, unsigned depth,
                                            Position position,
                                            ValueRange carried) {
  if (depth == 0)
    position = loops.enter(b, std::move(position));
  if (depth + 1 == loops.dims.size())
    return emitRest(loops, position, Value(), carried);
  unsigned dim = loops.dims[depth];
  if (int64_t(dim) == loops.rowDim) {
    emitRowBlocks(loops, depth, position);
    return {};
  }
  Value end = loops.ends.lookup(dim);
  if (!end)
    end = context.extents[dim];
  return forLoop(makeI64(b, 0), end, 1, carried,
                 [&](Value at, ValueRange inside) {
                   Position inner = position;
                   inner.coordinates[dim] = at;
                   return emitNest(loops, depth + 1, inner, inside);
                 });
}

/// One row of each of as many parts as the schedule says, and the next ones;
/// then the few rows that are left. Rows side by side would not do: where they
/// are shorter than a page, nothing fetches them ahead.
void PhaseEmitter::emitRowBlocks(PhaseLoops &loops, unsigned depth,
                                 Position position) {
  loops.sharedAlong = context.space().getNames()[loops.rowDim];
  Value extent = context.extents[loops.rowDim], one = makeI64(b, 1);
  Value zero = makeI64(b, 0);
  auto emit = [&](Value from, Value to, int64_t rows, Value distance) {
    loops.rows = rows;
    loops.rowDistance = distance;
    forLoop(from, to, 1, {}, [&](Value at, ValueRange) {
      position.coordinates[loops.rowDim] = at;
      return emitNest(loops, depth + 1, position, {});
    });
  };
  int64_t parts = PhaseOp(loops.phase).getStage().getSchedule().getRows();
  Value part = b.createOrFold<arith::DivUIOp>(extent, makeI64(b, parts));
  emit(zero, part, parts, part);
  Value done = mulI64(b, part, makeI64(b, parts));
  std::optional<int64_t> known = constantOf(extent);
  if (known && *known % parts > 1)
    emit(done, addI64(b, done, one), *known % parts, one);
  else
    emit(done, extent, 1, one);
}

/// Only where the phase's condition holds: else the results are what
/// contributions start from.
void PhaseEmitter::emitGuarded(PhaseLoops &loops, const Position &position) {
  Value condition = loops.outer.lookup(loops.guard);
  if (isVector(condition))
    condition =
        vector::ReductionOp::create(b, vector::CombiningKind::OR, condition);
  ValueRange results = loops.phase.getResults();
  SmallVector<Type> types(results.getTypes());
  if (position.hasLanes) // Lanes are instances.
    for (Type &type : types)
      type = VectorType::get(context.width, type);
  auto branch = scf::IfOp::create(b, types, condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  finish(loops, position, reduce(loops, position));
  Values found, identities;
  for (Value result : results)
    found.push_back(loops.outer.lookup(result));
  scf::YieldOp::create(b, found);
  b.setInsertionPointToStart(branch.elseBlock());
  for (auto [carry, type] : llvm::zip_equal(loops.carries, types))
    identities.push_back(makeIdentity(b, carry.kind(), type));
  scf::YieldOp::create(b, identities);
  loops.outer.map(results, branch.getResults());
}

PhaseEmitter::Values PhaseEmitter::emitLoops(PhaseLoops &loops,
                                             const Position &position,
                                             ValueRange carried) {
  return emitNest(loops, 0, chooseStreaming(loops, position), carried);
}
