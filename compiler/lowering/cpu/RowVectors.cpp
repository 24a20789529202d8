//===- RowVectors.cpp - vectors of rows that are read and written ---------===//

#include "compiler/lowering/cpu/RowPipeline.h"

#include "compiler/lowering/shared/ElementTypes.h"
#include "compiler/lowering/shared/PhaseTraits.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

/// What one phase has in common for the rows of a segment that starts at
/// `place`.
struct RowPipeline::Side {
  PhaseOp phase;
  Value place;
  Position position; ///< Of any row; says where vectors need not be aligned.
  SmallVector<IRMapping> shared; ///< Of each body, or not computed yet.
  ColumnTotals columns = {};     ///< Of the body at hand.
};

/// Calls `visit` with each sum over rows, its total in body `i`, and an emitter
/// there.
template <typename F>
void RowPipeline::forEachTotal(Side &side, int64_t i, F visit) {
  Position here = side.position;
  here.hasLanes = true;
  here.coordinates[context.lane] =
      addI64(b, side.place, makeI64(b, i * context.width));
  IRMapping none;
  BodyEmitter emitter(context, b, here, none);
  for (auto &[op, total] : side.columns)
    visit(cast<AccumulateOp>(op), total, emitter);
}

RowPipeline::Side RowPipeline::beginSide(PhaseOp phase, Value place,
                                         Position position) {
  IRMapping none;
  PhaseLoops loops = emitter.begin(phase, position, none);
  if (!loops.streamed.empty())
    setStreaming(position);
  Side side{phase, place, loops.enter(b, position), {}};
  for (auto op : phase.getBlock()->getOps<AccumulateOp>())
    if (isColumn(op))
      side.columns[op] = Value();
  return side;
}

/// What `count` bodies of a side, from the i-th on, have in common for all
/// rows.
SmallVector<IRMapping> RowPipeline::emitShared(Side &side, int64_t i,
                                               int64_t count) {
  Value place = addI64(b, side.place, makeI64(b, i * context.width));
  SharedTable *table = !tables               ? nullptr
                       : side.phase == first ? &tables->first
                                             : &tables->second;
  if (table && !table->isEmpty())
    return table->read(side.position, place, count);
  IRMapping none;
  PhaseLoops loops = emitter.begin(side.phase, side.position, none);
  loops.sharedAlong = parallelDims();
  return emitter.emitShared(loops, side.position, place, count);
}

/// A row of each block, one that is read and one that is written.
struct RowPipeline::Pair {
  Pair(RowPipeline &pipeline, Value reading, Value writing)
      : here(pipeline.locate(reading)), there(pipeline.locate(writing)),
        values(pipeline.valuesFor({pipeline.first}, reading)),
        lastValues(pipeline.valuesFor({pipeline.last}, writing)),
        loops(pipeline.emitter.begin(pipeline.first, here, values)),
        lastLoops(pipeline.emitter.begin(pipeline.last, there, lastValues)) {
    loops.sharedAlong = lastLoops.sharedAlong = pipeline.parallelDims();
    loops.prefetched = pipeline.announced;
    pipeline.setStreaming(there);
    here = loops.enter(pipeline.b, here);
    here.streamed = pipeline.streamedFirst;
    there = lastLoops.enter(pipeline.b, there);
  }
  Pair(const Pair &) = delete;

  Position here, there;
  IRMapping values, lastValues;
  PhaseLoops loops, lastLoops;
};

/// One block of vectors of each row of a pair: a vector is read, and one is
/// written, or waits to be rounded and written with others of the block; what
/// is read at `ahead` is announced. Returns what the first phase carries on.
///
/// Where sums over rows make bodies long, all that a vector takes is loaded
/// before anything is stored, which may lie a multiple of 4 KB behind it: the
/// processor would take it for the same place. And it is loaded, and added,
/// where it is used: stores and the branches around them keep LLVM from moving
/// it there, and registers are few. (Other bodies, which are short, overlap
/// better as they come: forward LayerNorm of 1024 takes 1.15 times as long that
/// way.)
RowPipeline::Values RowPipeline::emitVectors(Pair &pair, Side &read,
                                             Side &write, Value ahead,
                                             ValueRange carries) {
  int64_t count = stage.getSchedule().getUnroll();
  PhaseBodies bodies = emitter.beginBodies(pair.loops, pair.here, count);
  PhaseBodies lastBodies =
      emitter.beginBodies(pair.lastLoops, pair.there, count);
  bool isLong = sumsColumns();
  if (!isLong)
    for (Side *side : {&read, &write})
      if (side->shared.empty())
        side->shared = emitShared(*side, 0, count);
  auto load = [&](Side &side, PhaseBodies &bodies, int64_t i, Value place) {
    bodies.share(i, side.shared.empty() ? emitShared(side, i, 1).front()
                                        : side.shared[i]);
    if (isLong)
      emitter.emitLoads(bodies, i, place);
    bodies.columns = &side.columns;
    forEachTotal(side, i, [](AccumulateOp op, Value &total, BodyEmitter &at) {
      total = at.loadTotal(op);
    });
  };
  auto compute = [&](Side &side, PhaseBodies &bodies, int64_t i, Value place) {
    emitter.emitBody(bodies, i, place);
    forEachTotal(side, i, [](AccumulateOp op, Value total, BodyEmitter &at) {
      at.storeTotal(op, total);
    });
  };
  for (int64_t i = 0; i < count; ++i) {
    Value offset = makeI64(b, i * context.width);
    Value place = addI64(b, read.place, offset);
    Value lastPlace = addI64(b, write.place, offset);
    bodies.position.ahead[context.lane] = addI64(b, ahead, offset);
    load(read, bodies, i, place);
    load(write, lastBodies, i, lastPlace);
    compute(read, bodies, i, place);
    if (isLong)
      bodies.endBody(b);
    compute(write, lastBodies, i, lastPlace);
  }
  emitter.emitStores(bodies);
  emitter.emitStores(lastBodies);
  return emitter.addTotals(bodies, carries);
}

/// Of the widest element that the phase reads.
static int64_t elementBytes(PhaseOp phase) {
  int64_t bytes = 1;
  for (auto load : phase.getBlock()->getOps<LoadOp>())
    bytes = std::max(bytes, bytesOf(load.getResult().getType()));
  return bytes;
}

/// Where a read is announced: at `place` of the row so many rows on. Of rows
/// that follow each other it is a place in the same row, past its end; which
/// row it is takes divisions.
RowPipeline::Aim RowPipeline::aimAt(Value place, Value rowsOn) {
  SmallVector<StringAttr> dims(parallelDims());
  llvm::append_range(dims, first.getOver().getNames());
  for (LoadOp load : announced)
    if (!followEachOther(load, dims, context))
      return {place, rowsOn};
  return {addI64(b, place, mulI64(b, rowsOn, extent)), nullptr};
}

/// Announces what a pair reads, from the row of number `reading`.
void RowPipeline::announce(Pair &pair, Value reading, Aim aim) {
  if (aim.rows)
    pair.here.ahead = locate(addI64(b, reading, aim.rows)).coordinates;
  else
    pair.here.ahead.resize(pair.here.coordinates.size());
}

/// How far ahead a read is announced where short rows are read one after the
/// other.
static constexpr int64_t kStreamAheadBytes = 8 << 10;

/// All rows, one after the other: what is known of a row and what it sums stays
/// in registers meanwhile.
void RowPipeline::emitRows(Segment whole, Value cur, Value next) {
  int64_t step = stage.getSchedule().getUnroll() * context.width;
  int64_t points = std::max<int64_t>(*constantOf(extent), 1);
  int64_t rowBytes = points * elementBytes(first);
  int64_t distance = std::max<int64_t>(kStreamAheadBytes / rowBytes, 1);
  Aim ahead = aimAt(makeI64(b, 0), makeI64(b, distance));
  forEach(makeI64(b, 0), block, [&](Value row) {
    Value reading = addI64(b, next, row);
    Pair pair(*this, reading, addI64(b, cur, row));
    announce(pair, reading, ahead);
    Values sums = emitter.forLoop(
        whole.begin, whole.end, step, loadCarries(reading),
        [&](Value at, ValueRange carries) {
          Side read = beginSide(first, at, pair.here);
          Side write = beginSide(last, addI64(b, whole.head, at), pair.there);
          return emitVectors(pair, read, write, addI64(b, at, ahead.place),
                             carries);
        });
    storeCarries(sums, reading);
  });
}

/// How far ahead in its row a read is announced: what memory takes to answer.
/// At 2 KB four rows reach 90% of a copy and more, without it 80 to 85%.
static constexpr int64_t kAheadBytes = 2 << 10;

/// How much further on in a row is written than others are read. At the same
/// place, rows that lie multiples of 4 KB apart, and scale and shift with them,
/// share one set of the nearest cache, of eight lines. 2 KB, where reads are
/// announced, gains nothing from memory.
static constexpr int64_t kApartBytes = 1 << 10;

/// So many bytes after `place`, in a row that is taken up to `end`, which is
/// followed by its beginning; and whether that is where it is.
std::pair<Value, Value> RowPipeline::goAround(Value place, int64_t bytes,
                                              Value end) {
  Value ahead = addI64(b, place, makeI64(b, bytes / elementBytes(first)));
  Value isPast =
      arith::CmpIOp::create(b, arith::CmpIPredicate::sge, ahead, end);
  Value next = b.createOrFold<arith::SubIOp>(ahead, end);
  return {arith::SelectOp::create(b, isPast, next, ahead), isPast};
}

/// Where a read is announced from `place` of a row that is taken up to `end`:
/// there, and so many rows on. Past its end it is in the next block: the rows
/// in between are being read already.
RowPipeline::Aim RowPipeline::aimAhead(Value place, Value end) {
  auto [ahead, isPast] = goAround(place, kAheadBytes, end);
  return aimAt(ahead, arith::SelectOp::create(b, isPast, block, makeI64(b, 0)));
}

/// Whether rows are written at another place than others are read at: some
/// whole blocks of vectors on, in rows that have many.
bool RowPipeline::takesPlacesApart() {
  int64_t bytes = elementBytes(first), apart = kApartBytes / bytes;
  int64_t step = stage.getSchedule().getUnroll() * context.width;
  return apart % step == 0 && *constantOf(extent) >= 4 * apart;
}

/// One block of vectors of all rows, the one at `at` of the first; of each
/// other row, the one `shift` before that of the row before, if it is in
/// `whole`. So rows come in their order to each sum over rows.
void RowPipeline::emitBlock(Segment whole, Value at, int64_t shift, Value cur,
                            Value next) {
  Position position = locate(cur);
  auto begin = [&](Value place, Value lastPlace) {
    return std::pair(
        beginSide(first, place, position),
        beginSide(last, addI64(b, whole.head, lastPlace), position));
  };
  auto emitRow = [&](Value row, std::pair<Side, Side> sides, Aim aim) {
    Value reading = addI64(b, next, row);
    Pair pair(*this, reading, addI64(b, cur, row));
    announce(pair, reading, aim);
    storeCarries(emitVectors(pair, sides.first, sides.second, aim.place,
                             loadCarries(reading)),
                 reading);
  };
  Value zero = makeI64(b, 0), end = block;
  if (shift == 0) {
    Aim aim = aimAhead(at, whole.end);
    Value lastPlace = at;
    if (takesPlacesApart())
      lastPlace = goAround(at, kApartBytes, whole.end).first;
    std::pair<Side, Side> sides = begin(at, lastPlace);
    for (Side *side : {&sides.first, &sides.second})
      side->shared = emitShared(*side, 0, stage.getSchedule().getUnroll());
    forEach(zero, end, [&](Value row) { emitRow(row, sides, aim); });
    return;
  }
  forEach(zero, end, [&](Value row) {
    Value place =
        arith::SubIOp::create(b, at, mulI64(b, row, makeI64(b, shift)));
    Value isInside =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ult, place, whole.end);
    auto branch = scf::IfOp::create(b, isInside);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(branch.thenBlock()->getTerminator());
    emitRow(row, begin(place, place), aimAhead(place, whole.end));
  });
}

/// The first phase of the rows from `next` on, and the last phase of those from
/// `cur` on, in `whole`.
void RowPipeline::emitMerged(Segment whole, Value cur, Value next) {
  if (tables)
    return emitRows(whole, cur, next);
  int64_t step = stage.getSchedule().getUnroll() * context.width;
  // Only where rows add to sums over rows, and blocks are not smaller.
  int64_t shift = findShift(step);
  Value end = addI64(b, whole.end, makeI64(b, (rows - 1) * shift));
  emitter.forLoop(whole.begin, end, step, {}, [&](Value at, ValueRange) {
    emitBlock(whole, at, shift, cur, next);
    return Values();
  });
}
