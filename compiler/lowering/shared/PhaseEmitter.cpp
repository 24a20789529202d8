//===- PhaseEmitter.cpp - phases as loops over widened bodies -------------===//

#include "compiler/lowering/shared/PhaseEmitter.h"

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
/// phase that writes can't be run again, as small sums are: it may have written
/// in place of what it read.
bool PhaseLoops::takesDots(const StageContext &context) {
  return context.instructions.hasBF16Dot &&
         phase.getBlock()->getOps<StoreOp>().empty() &&
         context.width == kDotLanes && alongLanes && unroll(context) > 1 &&
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
      isLast(phase))
    loops.prefetched = findPrefetched(phase, context);
  if (loops.alongLanes && loops.carries.empty()) {
    loops.streamed = findStreamed(phase, context);
    loops.rowDim = findRowDim(phase, loops.dims, context);
  }
  if (position.instances > 1) {
    loops.sharedAlong = phase.getStage().getSchedule().getParallel().getNames();
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

/// Elements of a row before the first whose address is a multiple of a vector's
/// size: less than a vector.
Value PhaseEmitter::elementsBefore(PhaseLoops &loops, StoreOp store,
                                   const Position &position) {
  Position start = loops.enter(b, position);
  start.coordinates[context.lane] = makeI64(b, 0);
  Value address = BodyEmitter(context, b, start, loops.outer).addressOf(store);
  int64_t element = bytesOf(store.getValue().getType());
  Value bytes = makeI64(b, element * context.width);
  Value past = arith::SubIOp::create(b, makeI64(b, 0), address);
  past = b.createOrFold<arith::RemUIOp>(past, bytes);
  return b.createOrFold<arith::DivUIOp>(past, makeI64(b, element));
}

/// Past the caches where the whole result is large, else as usual. Several
/// results have their vectors' places in common, or only the first goes there.
Position PhaseEmitter::chooseStreaming(PhaseLoops &loops, Position position) {
  StoreOp leading;
  Value before;
  for (StoreOp store : loops.streamed) {
    const LoweredView &view = context.views.view(store.getView());
    Value bytes = makeI64(b, bytesOf(view.elementType));
    for (Value extent : view.extents)
      bytes = mulI64(b, bytes, extent);
    int64_t threshold = loops.phase.getStage().getSchedule().getStream();
    std::optional<int64_t> known = constantOf(bytes);
    if (known && *known < threshold)
      continue;
    if (leading && loops.dims.size() > 1)
      break; // Which row of several this is, nobody knows yet.
    Value when;
    auto require = [&](Value holds) {
      when = when ? arith::AndIOp::create(b, when, holds).getResult() : holds;
    };
    if (!known)
      require(arith::CmpIOp::create(b, arith::CmpIPredicate::uge, bytes,
                                    makeI64(b, threshold)));
    if (!leading) {
      leading = store;
    } else { // The head is the leading one's, and there while that streams.
      if (!before)
        before = elementsBefore(loops, leading, position);
      require(arith::CmpIOp::create(b, arith::CmpIPredicate::eq, before,
                                    elementsBefore(loops, store, position)));
      if (Value also = position.streamed.front().when)
        require(also);
    }
    position.streamed.push_back({store.getView(), when});
  }
  return position;
}

Value PhaseEmitter::headLength(PhaseLoops &loops, const Position &position) {
  const Streamed &leading = position.streamed.front();
  const auto *store = llvm::find_if(loops.streamed, [&](StoreOp store) {
    return store.getView() == leading.view;
  });
  Value count = arith::MinSIOp::create(
      b, elementsBefore(loops, *store, position), loops.extent);
  if (leading.when)
    count = arith::SelectOp::create(b, leading.when, count, makeI64(b, 0));
  return count;
}

/// A row whose whole vectors start at multiples of their size, which is what it
/// takes to stream. Before the first and after the last of them are parts of
/// vectors, masked: with a head of h elements, bodies stand at h - width, then
/// from h (or what follows it and is `done`) on, up to the end of the row.
void PhaseEmitter::emitStreamed(PhaseLoops &loops, const Position &position,
                                Value done) {
  // No pass would take these out of the loop.
  IRMapping scalars = loops.outer;
  for (Operation &op : *loops.phase.getBlock())
    for (Value operand : op.getOperands())
      if (Value value = loops.outer.lookupOrNull(operand);
          value && isa<FloatType>(value.getType()))
        loops.outer.map(
            operand,
            BodyEmitter(context, b, position, loops.outer).toVector(value));
  Type i64 = b.getI64Type();
  Value zero = makeI64(b, 0), width = makeI64(b, context.width);
  Value head = headLength(loops, position);
  Value rest = done ? addI64(b, head, done) : head;
  Value hasHead =
      arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, head, zero);
  Value start = arith::SelectOp::create(
      b, hasHead, b.createOrFold<arith::SubIOp>(head, width), rest);
  auto loop = scf::WhileOp::create(b, TypeRange{i64}, ValueRange{start});
  OpBuilder::InsertionGuard guard(b);
  Block *test = b.createBlock(&loop.getBefore(), {}, {i64}, {b.getLoc()});
  Value at = test->getArgument(0);
  Value isLeft =
      arith::CmpIOp::create(b, arith::CmpIPredicate::slt, at, loops.extent);
  scf::ConditionOp::create(b, isLeft, at);
  Block *body = b.createBlock(&loop.getAfter(), {}, {i64}, {b.getLoc()});
  at = body->getArgument(0);
  Value end = addI64(b, at, width);
  // In a row of at least one vector, a comparison without signs says both.
  Value isWhole;
  if (constantOf(loops.extent).value_or(0) >= context.width)
    isWhole = arith::CmpIOp::create(
        b, arith::CmpIPredicate::ule, at,
        b.createOrFold<arith::SubIOp>(loops.extent, width));
  else
    isWhole = arith::AndIOp::create(
        b, arith::CmpIOp::create(b, arith::CmpIPredicate::sge, at, zero),
        arith::CmpIOp::create(b, arith::CmpIPredicate::sle, end, loops.extent));
  auto branch = scf::IfOp::create(b, isWhole, /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard inside(b);
    b.setInsertionPointToStart(branch.thenBlock());
    emitBodies(loops, position, at, 1, context.width, Value(), {});
    b.setInsertionPointToStart(branch.elseBlock());
    Value left = arith::MinSIOp::create(
        b, arith::SubIOp::create(b, loops.extent, at), width);
    Value before =
        makeMask(b, arith::SubIOp::create(b, zero, at), context.width);
    Value mask = arith::AndIOp::create(
        b, makeMask(b, left, context.width),
        arith::XOrIOp::create(b, before, makeTrueMask(b, context.width)));
    emitBodies(loops, position, at, 1, context.width, mask, {});
  }
  Value isHead = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, at, zero);
  scf::YieldOp::create(
      b, arith::SelectOp::create(b, isHead, rest, end).getResult());
  loops.outer = scalars;
}

/// Of a row of known length along the lanes of one worker: blocks of `unroll`
/// bodies from `first` on, which is a multiple of their size, and a block of
/// what is left, a masked tail among it.
PhaseEmitter::Values PhaseEmitter::emitKnownRest(PhaseLoops &loops,
                                                 const Position &position,
                                                 Value first,
                                                 ValueRange carried) {
  int64_t width = context.width, extent = *constantOf(loops.extent);
  int64_t block = loops.unroll(context) * width;
  int64_t left = extent % block;
  Value end = makeI64(b, extent - left);
  Values values =
      forLoop(first, end, block, carried, [&](Value at, ValueRange inside) {
        return emitBodies(loops, position, at, block / width, width, Value(),
                          inside);
      });
  if (left == 0)
    return values;
  Value mask =
      left % width ? makeMask(b, makeI64(b, left % width), width) : Value();
  return emitBodies(loops, position, end, llvm::divideCeil(left, width), width,
                    mask, values);
}

/// Blocks of `unroll` bodies, then single bodies, then a masked tail.
PhaseEmitter::Values PhaseEmitter::emitRest(PhaseLoops &loops,
                                            const Position &position,
                                            Value done, ValueRange carried) {
  Value extent = loops.extent;
  int64_t unroll = loops.unroll(context);
  int64_t step = loops.alongLanes ? lanes.step() : 1;
  int64_t span = loops.alongLanes ? context.width : 1;
  if (!position.streamed.empty()) {
    emitStreamed(loops, position, done);
    return {};
  }
  Value first = loops.alongLanes ? lanes.first(b) : makeI64(b, 0);
  if (done)
    first = addI64(b, first, done);
  std::optional<int64_t> known = constantOf(extent), from = constantOf(first);
  if (known && loops.alongLanes && !lanes.shares() && unroll > 1)
    return emitKnownRest(loops, position, first, carried);

  // Number of whole bodies from `first` on, which is less than a step, or where
  // there is room: nothing is negative.
  Value room = addI64(b, b.createOrFold<arith::SubIOp>(extent, first),
                      makeI64(b, step - span));
  Value bodies = b.createOrFold<arith::DivUIOp>(room, makeI64(b, step));
  Value blocks = b.createOrFold<arith::DivUIOp>(bodies, makeI64(b, unroll));
  Value endBlocks =
      addI64(b, first, mulI64(b, blocks, makeI64(b, unroll * step)));
  Value endBodies = addI64(b, first, mulI64(b, bodies, makeI64(b, step)));

  Values values = forLoop(first, endBlocks, unroll * step, carried,
                          [&](Value at, ValueRange inside) {
                            return emitBodies(loops, position, at, unroll, step,
                                              Value(), inside);
                          });
  // What is left of a column of known length: a block of half the size, of a
  // quarter, ...
  if (known && from && !loops.alongLanes && unroll > 1) {
    int64_t at = *constantOf(endBlocks);
    for (int64_t size = unroll / 2; size > 0; size /= 2)
      if (at + size <= *known) {
        values = emitBodies(loops, position, makeI64(b, at), size, step,
                            Value(), values);
        at += size;
      }
    return values;
  }
  if (unroll > 1)
    values = forLoop(
        endBlocks, endBodies, step, values, [&](Value at, ValueRange inside) {
          return emitBodies(loops, position, at, 1, step, Value(), inside);
        });
  // Where whole vectors fit exactly, no worker is left with part of one.
  if (loops.alongLanes && (!known || *known % span != 0))
    values = emitTail(loops, position, endBodies, values);
  return values;
}

PhaseEmitter::Values PhaseEmitter::emitTail(PhaseLoops &loops,
                                            const Position &position, Value at,
                                            ValueRange carried) {
  Value extent = loops.extent;
  Value left = b.createOrFold<arith::SubIOp>(extent, at);
  auto emitMasked = [&]() {
    Value mask = makeMask(b, left, context.width);
    return emitBodies(loops, position, at, 1, context.width, mask, carried);
  };
  if (std::optional<int64_t> known = constantOf(left))
    return *known > 0 ? emitMasked() : Values(carried);
  Value isLeft =
      arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, left, makeI64(b, 0));
  auto branch = scf::IfOp::create(b, carried.getTypes(), isLeft,
                                  /*withElseRegion=*/!carried.empty());
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  Values results = emitMasked();
  if (!carried.empty()) {
    scf::YieldOp::create(b, results);
    b.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(b, carried);
  }
  return Values(branch.getResults());
}
