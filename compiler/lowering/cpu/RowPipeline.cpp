//===- RowPipeline.cpp - rows written while the next are read -------------===//

#include "compiler/lowering/cpu/RowPipeline.h"

#include "compiler/lowering/shared/Fetching.h"
#include "compiler/lowering/shared/PhaseTraits.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

void RowPipeline::forEach(Value from, Value to,
                          llvm::function_ref<void(Value)> body) {
  emitter.forLoop(from, to, 1, {}, [&](Value at, ValueRange) {
    body(at);
    return Values();
  });
}

/// What is announced beside the first phase: what it reads itself, and what
/// only later phases read (a gate), which would else come from memory while
/// nothing is written. Not what a phase in the middle fetches.
static SmallVector<LoadOp> findAnnounced(PhaseOp first,
                                         const StageContext &context) {
  SmallVector<LoadOp> found, fetched;
  PhaseOp middle = findFetching(cast<InstanceOp>(first->getParentOp()));
  if (middle != first && !isLast(middle))
    fetched = findPrefetched(middle, context);
  auto reads = [](ArrayRef<LoadOp> loads, Value view) {
    return llvm::any_of(loads,
                        [&](LoadOp load) { return load.getView() == view; });
  };
  for (auto phase : first->getBlock()->getOps<PhaseOp>())
    if (phase.getOver() == first.getOver())
      for (LoadOp load : findPrefetched(phase, context))
        if (!reads(fetched, load.getView()) && !reads(found, load.getView()))
          found.push_back(load);
  return found;
}

/// As much of a row as whole blocks of vectors make, behind the head of what is
/// streamed: blocks of this loop, and those in which the last phase takes what
/// is left, such as the vectors of a cache line.
RowPipeline::Segment RowPipeline::findWhole() {
  Position position = locate(begin);
  IRMapping none;
  PhaseLoops loops = emitter.begin(last, position, none);
  setStreaming(position);
  position = loops.enter(b, position);
  extent = loops.extent;
  Value head =
      streamed.empty() ? makeI64(b, 0) : emitter.headLength(loops, position);
  int64_t vectors =
      std::max(stage.getSchedule().getUnroll(), loops.unroll(context));
  Value step = makeI64(b, vectors * context.width);
  Value room = b.createOrFold<arith::SubIOp>(extent, head);
  Value blocks = b.createOrFold<arith::DivUIOp>(room, step);
  return {makeI64(b, 0), mulI64(b, blocks, step), head};
}

/// Rows of up to so many elements are taken one after the other: they and what
/// they have in common stay in the nearest cache. A block of vectors of each in
/// turn costs 1.15 times the instructions; of longer rows it keeps more of
/// memory busy, 80% of a copy where whole rows reach 60%.
static constexpr int64_t kShort = 1024;

bool RowPipeline::takesWholeRows() {
  std::optional<int64_t> length = constantOf(extent);
  return length && *length <= kShort && runsAlongLanes(last, context);
}

/// How many of such rows make a block, where they add to sums over rows: as
/// many as are still in the nearest cache when they are read again, beside the
/// sums and the other block. Backward LayerNorm f32 of 1024 takes 0.8 of the
/// time row by row that it takes by fours, and that of 256 by fours 0.85 of
/// that by twos.
int64_t RowPipeline::countShortRows() {
  constexpr int64_t nearBytes = 8 << 10;
  if (!sumsColumns())
    return rows;
  int64_t bytes = 0;
  for (LoadOp load : findAnnounced(first, context))
    bytes += *constantOf(extent) * bytesOf(load.getResult().getType());
  int64_t most = std::max<int64_t>(nearBytes / std::max<int64_t>(bytes, 1), 1);
  return std::min<int64_t>(rows, llvm::bit_floor(uint64_t(most)));
}

/// How many rows make a block up to `end`. Of few rows they are fewer, so that
/// there are four blocks where there can be: the first is read, and the last
/// written, by itself. LayerNorm f32 of 4096 in the caches, in two blocks, four
/// and eight: 8 rows 7.8, 7.0 and 7.7 us, 16 rows 16.6, 14.0 and 14.9. (RMSNorm
/// gains on two threads only.) Few rows are not worth tables, without which
/// they can't be written while others are read.
Value RowPipeline::countBlock(Value end) {
  Value most = makeI64(b, rows);
  if (sumsColumns() || hasTables())
    return most;
  Value count = b.createOrFold<arith::SubIOp>(end, begin);
  for (int64_t fewer = rows / 2; fewer >= 1; fewer /= 2) {
    Value areFew = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, count,
                                         makeI64(b, 8 * fewer));
    most = arith::SelectOp::create(b, areFew, makeI64(b, fewer), most);
  }
  return most;
}

bool RowPipeline::hasTables() {
  return tables && !(tables->first.isEmpty() && tables->second.isEmpty());
}

/// Makes tables, and fills them if there are rows up to `end` that are written
/// while others are read.
void RowPipeline::makeTables(Segment whole, Value end) {
  tables.emplace(SharedTable(first, context, b, stack, kShort),
                 SharedTable(last, context, b, stack, kShort));
  if (!hasTables())
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

void RowPipeline::emit(Value from, Value to) {
  if (stage.getSchedule().getPrefetch() > 0)
    announced = findAnnounced(first, context);
  begin = from;
  Value zero = makeI64(b, 0);
  IRMapping none;
  Position position = locate(begin);
  PhaseLoops loops = emitter.begin(last, position, none);
  streamed = emitter.chooseStreaming(loops, position).streamed;
  streamedFirst = chooseStreamedFirst();
  Segment wholeRow = findWhole();
  if (takesWholeRows()) {
    rows = countShortRows();
    makeTables(wholeRow, to);
  }
  block = countBlock(to);
  Type i64 = b.getI64Type();
  auto countAt = [&](Value at) -> Value {
    return arith::MinSIOp::create(b, block,
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
    return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, count, block);
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
