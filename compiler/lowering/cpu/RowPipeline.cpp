//===- RowPipeline.cpp - rows written while the next are read -------------===//

#include "compiler/lowering/cpu/RowPipeline.h"

#include "compiler/lowering/shared/PhaseTraits.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

//===----------------------------------------------------------------------===//
// Blocks of rows
//===----------------------------------------------------------------------===//

void RowPipeline::forEach(Value from, Value to,
                          llvm::function_ref<void(Value)> body) {
  emitter.forLoop(from, to, 1, {}, [&](Value at, ValueRange) {
    body(at);
    return Values();
  });
}

/// As much of a row as whole blocks of vectors make, behind the head of what is
/// streamed.
RowPipeline::Segment RowPipeline::findWhole() {
  Position position = locate(begin);
  IRMapping none;
  PhaseLoops loops = emitter.begin(last, position, none);
  setStreaming(position);
  position = loops.enter(b, position);
  extent = loops.extent;
  Value head =
      streamed.empty() ? makeI64(b, 0) : emitter.headLength(loops, position);
  Value step = makeI64(b, stage.getSchedule().getUnroll() * context.width);
  Value room = b.createOrFold<arith::SubIOp>(extent, head);
  Value blocks = b.createOrFold<arith::DivUIOp>(room, step);
  return {makeI64(b, 0), mulI64(b, blocks, step), head};
}

/// Rows of up to so many elements are taken one after the other: they and what
/// they have in common stay in the nearest cache. A block of vectors of each in
/// turn costs 1.15 times the instructions; of longer rows it keeps more of
/// memory busy, 80% of a copy where rows in turn reach 60%.
static constexpr int64_t kShort = 1024;

/// Whether whole rows are taken in turn. Sums over rows want a few vectors of
/// all rows rather than all of one row.
bool RowPipeline::takesRowsInTurn() {
  std::optional<int64_t> length = constantOf(extent);
  return length && *length <= kShort && runsAlongLanes(last, context) &&
         !sumsColumns(first) && !sumsColumns(last);
}

/// Makes tables, and fills them if there are rows up to `end` that are written
/// while others are read.
void RowPipeline::makeTables(Segment whole, Value end) {
  tables.emplace(SharedTable(first, context, b, stack, kShort),
                 SharedTable(last, context, b, stack, kShort));
  if (tables->first.isEmpty() && tables->second.isEmpty())
    return;
  Value behind = addI64(b, whole.head, whole.begin);
  Value count = b.createOrFold<arith::SubIOp>(end, begin);
  Value isWorthIt = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, count,
                                          makeI64(b, 2 * rows));
  auto branch = scf::IfOp::create(b, isWorthIt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(branch.thenBlock()->getTerminator());
  for (auto [table, phase, from] :
       {std::tuple(&tables->first, first, whole.begin),
        {&tables->second, last, behind}}) {
    Position position = locate(begin);
    IRMapping none;
    PhaseLoops loops = emitter.begin(phase, position, none);
    loops.sharedAlong = parallelDims();
    if (!table->isEmpty())
      table->fill(emitter, loops, position, from, whole.end,
                  stage.getSchedule().getUnroll());
  }
}

/// The first phase of the rows from `next` on, and the last phase of those from
/// `cur` on, in `whole`.
void RowPipeline::emitMerged(Segment whole, Value cur, Value next) {
  if (tables)
    return emitRows(whole, cur, next);
  int64_t step = stage.getSchedule().getUnroll() * context.width;
  emitter.forLoop(whole.begin, whole.end, step, {}, [&](Value at, ValueRange) {
    emitBlock(at, whole.head, cur, next);
    return Values();
  });
}

/// How far ahead in its row a read is announced: what memory takes to answer.
/// At 2 KB four rows reach 90% of a copy and more, without it 80 to 85%.
static constexpr int64_t kAheadBytes = 2 << 10;

/// Of the widest element that the phase reads.
static int64_t elementBytes(PhaseOp phase) {
  int64_t bytes = 1;
  for (auto load : phase.getBlock()->getOps<LoadOp>())
    bytes = std::max(bytes, bytesOf(load.getResult().getType()));
  return bytes;
}

/// The same where short rows are read one after the other.
static constexpr int64_t kStreamAheadBytes = 8 << 10;

/// What is announced beside the first phase: what it reads itself, and what
/// only later phases read (a gate), which would else come from memory while
/// nothing is written.
static SmallVector<LoadOp> findAnnounced(PhaseOp first,
                                         const StageContext &context) {
  SmallVector<LoadOp> found;
  for (auto phase : first->getBlock()->getOps<PhaseOp>())
    if (phase.getOver() == first.getOver())
      for (LoadOp load : findPrefetched(phase, context))
        if (llvm::none_of(found, [&](LoadOp other) {
              return other.getView() == load.getView();
            }))
          found.push_back(load);
  return found;
}

/// Where a read is announced from `place`. Past the end of its row that is in
/// the next block: the rows in between are being read already.
Value RowPipeline::aimAhead(Value place) {
  if (tables) // Rows lie one after the other.
    return addI64(b, place,
                  makeI64(b, kStreamAheadBytes / elementBytes(first)));
  Value ahead = addI64(b, place, makeI64(b, kAheadBytes / elementBytes(first)));
  Value isPast =
      arith::CmpIOp::create(b, arith::CmpIPredicate::sge, ahead, extent);
  Value others = mulI64(b, extent, makeI64(b, rows - 1));
  return arith::SelectOp::create(b, isPast, addI64(b, ahead, others), ahead);
}

/// What one phase has in common for the rows of a segment that starts at
/// `place`.
struct RowPipeline::Side {
  PhaseOp phase;
  Value place;
  Position position; ///< Of any row; says where vectors need not be aligned.
  SmallVector<IRMapping> shared;
  ColumnTotals columns;
};

/// Calls `visit` with each sum over rows, its total in each body, and an
/// emitter at that body.
template <typename F> void RowPipeline::forEachTotal(Side &side, F visit) {
  Position here = side.position;
  here.hasLanes = true;
  IRMapping none;
  for (auto &[op, totals] : side.columns)
    for (auto [i, total] : llvm::enumerate(totals)) {
      here.coordinates[context.lane] =
          addI64(b, side.place, makeI64(b, int64_t(i) * context.width));
      BodyEmitter emitter(context, b, here, none);
      visit(cast<AccumulateOp>(op), total, emitter);
    }
}

/// Whether the op adds to one sum for all rows of a block.
static bool isColumn(AccumulateOp op, StageOp stage,
                     const StageContext &context) {
  ArrayRef<StringAttr> parallel = stage.getSchedule().getParallel().getNames();
  return op.getMap().uses(context.space().getNames()[context.lane]) &&
         llvm::none_of(parallel,
                       [&](StringAttr dim) { return op.getMap().uses(dim); });
}

bool RowPipeline::sumsColumns(PhaseOp phase) {
  return llvm::any_of(
      phase.getBlock()->getOps<AccumulateOp>(),
      [&](AccumulateOp op) { return isColumn(op, stage, context); });
}

RowPipeline::Side RowPipeline::beginSide(PhaseOp phase, Value place,
                                         Position position) {
  int64_t count = stage.getSchedule().getUnroll();
  IRMapping none;
  PhaseLoops loops = emitter.begin(phase, position, none);
  if (!loops.streamed.empty())
    setStreaming(position);
  position = loops.enter(b, position);
  Side side{phase, place, position, {}, {}};
  loops.sharedAlong = parallelDims();
  SharedTable *table = !tables          ? nullptr
                       : phase == first ? &tables->first
                                        : &tables->second;
  side.shared = table && !table->isEmpty()
                    ? table->read(position, place, count)
                    : emitter.emitShared(loops, position, place, count);
  for (auto op : phase.getBlock()->getOps<AccumulateOp>())
    if (isColumn(op, stage, context))
      side.columns[op].resize(count);
  forEachTotal(side, [](AccumulateOp op, Value &total, BodyEmitter &at) {
    total = at.loadTotal(op);
  });
  return side;
}

/// A row of each block, one that is read and one that is written.
struct RowPipeline::Pair {
  Pair(RowPipeline &pipeline, Value reading, Value writing)
      : here(pipeline.locate(reading)), there(pipeline.locate(writing)),
        values(pipeline.valuesFor({pipeline.first}, reading)),
        lastValues(pipeline.valuesFor({pipeline.last}, writing)),
        loops(pipeline.emitter.begin(pipeline.first, here, values)),
        lastLoops(pipeline.emitter.begin(pipeline.last, there, lastValues)) {
    here.ahead.resize(here.coordinates.size());
    loops.sharedAlong = lastLoops.sharedAlong = pipeline.parallelDims();
    loops.prefetched = findAnnounced(pipeline.first, pipeline.context);
    pipeline.setStreaming(there);
    here = loops.enter(pipeline.b, here);
    there = lastLoops.enter(pipeline.b, there);
  }
  Pair(const Pair &) = delete;

  Position here, there;
  IRMapping values, lastValues;
  PhaseLoops loops, lastLoops;
};

/// One block of vectors of each row of a pair: a vector is read, and one is
/// written. Returns what the first phase carries on.
RowPipeline::Values RowPipeline::emitVectors(Pair &pair, Side &read,
                                             Side &write, ValueRange carries) {
  PhaseBodies bodies = emitter.beginBodies(pair.loops, pair.here, read.shared);
  PhaseBodies lastBodies =
      emitter.beginBodies(pair.lastLoops, pair.there, write.shared);
  bodies.columns = &read.columns;
  lastBodies.columns = &write.columns;
  for (int64_t i = 0; i < bodies.count; ++i) {
    Value offset = makeI64(b, i * context.width);
    Value place = addI64(b, read.place, offset);
    bodies.position.ahead[context.lane] = aimAhead(place);
    emitter.emitBody(bodies, i, place);
    emitter.emitBody(lastBodies, i, addI64(b, write.place, offset));
  }
  return emitter.addTotals(bodies, carries);
}

/// All rows, one after the other: what is known of a row and what it sums stays
/// in registers meanwhile.
void RowPipeline::emitRows(Segment whole, Value cur, Value next) {
  int64_t step = stage.getSchedule().getUnroll() * context.width;
  forEach(makeI64(b, 0), makeI64(b, rows), [&](Value row) {
    Value reading = addI64(b, next, row);
    Pair pair(*this, reading, addI64(b, cur, row));
    Values sums = emitter.forLoop(
        whole.begin, whole.end, step, loadCarries(reading),
        [&](Value at, ValueRange carries) {
          Side read = beginSide(first, at, pair.here);
          Side write = beginSide(last, addI64(b, whole.head, at), pair.there);
          return emitVectors(pair, read, write, carries);
        });
    storeCarries(sums, reading);
  });
}

/// One block of vectors of all rows: what they have in common, and sums over
/// rows, stay in registers meanwhile.
void RowPipeline::emitBlock(Value at, Value head, Value cur, Value next) {
  Position position = locate(cur);
  Side read = beginSide(first, at, position);
  Side write = beginSide(last, addI64(b, head, at), position);
  auto flatten = [&] {
    Values all;
    for (Side *side : {&read, &write})
      for (auto &[op, totals] : side->columns)
        llvm::append_range(all, totals);
    return all;
  };
  auto restore = [&](ValueRange all) {
    for (Side *side : {&read, &write})
      for (auto &[op, totals] : side->columns)
        for (Value &total : totals) {
          total = all.front();
          all = all.drop_front();
        }
  };
  restore(emitter.forLoop(makeI64(b, 0), makeI64(b, rows), 1, flatten(),
                          [&](Value row, ValueRange inside) {
                            restore(inside);
                            Value reading = addI64(b, next, row);
                            Pair pair(*this, reading, addI64(b, cur, row));
                            storeCarries(emitVectors(pair, read, write,
                                                     loadCarries(reading)),
                                         reading);
                            return flatten();
                          }));
  for (Side *side : {&read, &write})
    forEachTotal(*side, [](AccumulateOp op, Value &total, BodyEmitter &at) {
      at.storeTotal(op, total);
    });
}

void RowPipeline::emit(Value from, Value to) {
  begin = from;
  Value zero = makeI64(b, 0), whole = makeI64(b, rows);
  IRMapping none;
  Position position = locate(begin);
  PhaseLoops loops = emitter.begin(last, position, none);
  streamed = emitter.chooseStreaming(loops, position).streamed;
  Segment wholeRow = findWhole();
  if (takesRowsInTurn())
    makeTables(wholeRow, to);
  Type i64 = b.getI64Type();
  auto countAt = [&](Value at) -> Value {
    return arith::MinSIOp::create(b, whole,
                                  b.createOrFold<arith::SubIOp>(to, at));
  };
  // (the first row that is to be read, rows that are to be written)
  auto loop =
      scf::WhileOp::create(b, TypeRange{i64, i64}, ValueRange{begin, zero});
  OpBuilder::InsertionGuard guard(b);
  Block *before = b.createBlock(&loop.getBefore(), {}, {i64, i64},
                                {b.getLoc(), b.getLoc()});
  Value all =
      addI64(b, countAt(before->getArgument(0)), before->getArgument(1));
  scf::ConditionOp::create(
      b, arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, all, zero),
      before->getArguments());

  Block *after =
      b.createBlock(&loop.getAfter(), {}, {i64, i64}, {b.getLoc(), b.getLoc()});
  Value next = after->getArgument(0), toWrite = after->getArgument(1);
  Value toRead = countAt(next), end = addI64(b, next, toRead);
  Value cur = b.createOrFold<arith::SubIOp>(next, toWrite);
  forEach(next, end, [&](Value number) { prepare(number); });
  auto isWhole = [&](Value count) -> Value {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, count, whole);
  };
  Value isBoth = arith::AndIOp::create(b, isWhole(toRead), isWhole(toWrite));
  auto branch = scf::IfOp::create(b, TypeRange{i64}, isBoth, true);
  {
    OpBuilder::InsertionGuard inside(b);
    b.setInsertionPointToStart(branch.thenBlock());
    emitMerged(wholeRow, cur, next);
    scf::YieldOp::create(b, wholeRow.end);
    b.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(b, zero);
  }
  Value done = branch.getResult(0);
  forEach(cur, next, [&](Value number) { write(number, done); });
  forEach(next, end, [&](Value number) { reduce(number, done); });
  scf::YieldOp::create(b, ValueRange{end, toRead});
}
