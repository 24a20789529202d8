//===- PhaseRuns.cpp - a run of points as vectors -------------------------===//
//
// The innermost loop of a phase: the head of what is stored past the caches,
// whole blocks of vectors, what is left of them, and a masked tail.
//
//===----------------------------------------------------------------------===//

#include "compiler/lowering/shared/PhaseEmitter.h"

#include "compiler/lowering/shared/PhaseTraits.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

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
