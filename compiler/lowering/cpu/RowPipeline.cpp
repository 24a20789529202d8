//===- RowPipeline.cpp - rows written while the next are read -------------===//

#include "compiler/lowering/cpu/RowPipeline.h"

#include "compiler/lowering/shared/ElementTypes.h"
#include "compiler/lowering/shared/PhaseTraits.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

//===----------------------------------------------------------------------===//
// Which stages
//===----------------------------------------------------------------------===//

/// An op that any section can emit for itself.
static bool isRepeated(Operation *op) {
  return op->hasTrait<OpTrait::ConstantLike>() || isa<IndexOp, ExtentOp>(op);
}

static bool runsAlongLanes(PhaseOp phase, const StageContext &context) {
  DimsAttr over = phase.getOver();
  return over.size() == 1 &&
         context.space().indexOf(over.getNames()[0]) == context.lane;
}

/// The phase that reads what the instance is about.
static PhaseOp findFirst(InstanceOp instance, PhaseOp last,
                         const StageContext &context) {
  for (auto phase : instance.getBlock()->getOps<PhaseOp>()) {
    if (phase == last)
      return {};
    if (runsAlongLanes(phase, context) && !findGuard(phase) &&
        !findPrefix(phase, context) && phase.getNumResults() > 0)
      return phase;
  }
  return {};
}

static PhaseOp findLast(InstanceOp instance) {
  PhaseOp last;
  for (auto phase : instance.getBlock()->getOps<PhaseOp>())
    last = phase;
  return last;
}

bool RowPipeline::isPossible(StageOp stage, const StageContext &context) {
  ScheduleAttr schedule = stage.getSchedule();
  if (schedule.getRows() <= 1 || context.lane < 0 ||
      schedule.getParallel().contains(schedule.getLanes().getNames()[0]))
    return false;
  InstanceOp instance = stage.getInstance();
  PhaseOp last = findLast(instance);
  if (!last || last.getNumResults() > 0 || !runsAlongLanes(last, context))
    return false;
  StoreOp streamed = findStreamed(last, context);
  if (!streamed || !rowsAreAligned(streamed, context) ||
      !findFirst(instance, last, context))
    return false;
  // What waits between sections has a place in memory. (Sums over rows keep
  // their order: each is added to in one section, which takes row after row.)
  for (Operation &op : *instance.getBlock()) {
    if (&op == last)
      return true;
    for (Type type : op.getResultTypes())
      if (!isRepeated(&op) && !type.isIntOrFloat())
        return false;
  }
  return true;
}

RowPipeline::RowPipeline(StageOp stage, const StageContext &context,
                         ImplicitLocOpBuilder &b, PhaseEmitter &emitter,
                         const Instances &instances, const IRMapping &outside,
                         Value chunk)
    : stage(stage), context(context), b(b), emitter(emitter),
      instances(instances), outside(outside), chunk(chunk),
      last(findLast(stage.getInstance())),
      first(findFirst(stage.getInstance(), last, context)),
      rows(stage.getSchedule().getRows()) {
  for (Operation &op : *stage.getInstance().getBlock()) {
    if (op.isBeforeInBlock(first))
      prepared.push_back(&op);
    else if (op.isBeforeInBlock(last))
      reduced.push_back(&op);
    else
      written.push_back(&op);
  }
}

//===----------------------------------------------------------------------===//
// What is kept per row
//===----------------------------------------------------------------------===//

Position RowPipeline::locate(Value number) {
  Position position = instances.locate(b, number);
  if (StringAttr dim = stage.getChunkDimAttr())
    position.coordinates[context.space().indexOf(dim)] = chunk;
  return position;
}

/// Whether results go past the caches, as the whole of them decides.
void RowPipeline::setStreaming(Position &position) const {
  position.streamed = streamed;
  position.streamsWhen = streamsWhen;
}

/// Rows of two blocks are in flight at once.
RowPipeline::Slots RowPipeline::allocate(Type type) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(entry);
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  constexpr unsigned alignment = 64; // Of the widest vector.
  return {
      LLVM::AllocaOp::create(b, pointer, type, makeI64(b, 2 * rows), alignment),
      type};
}

Value RowPipeline::slotAddress(const Slots &slots, Value number) {
  Value index =
      arith::AndIOp::create(b, b.createOrFold<arith::SubIOp>(number, begin),
                            makeI64(b, 2 * rows - 1));
  return LLVM::GEPOp::create(b, slots.base.getType(), slots.type, slots.base,
                             ArrayRef<LLVM::GEPArg>{index},
                             LLVM::GEPNoWrapFlags::inbounds);
}

RowPipeline::Slots &RowPipeline::slotsOf(Value value) {
  auto [found, isNew] = kept.try_emplace(value);
  if (isNew)
    found->second = allocate(getStorageType(value.getType()));
  return found->second;
}

/// What `ops` need from the chunk, and from other sections for one row.
IRMapping RowPipeline::valuesFor(ArrayRef<Operation *> ops, Value number) {
  IRMapping values = outside;
  Position position = locate(number);
  auto provide = [&](Value value) {
    Operation *def = value.getDefiningOp();
    if (!def || def->getParentOp() != stage.getInstance() ||
        llvm::is_contained(ops, def) || values.contains(value))
      return;
    if (isRepeated(def)) {
      emitter.emitOp(*def, position, values);
      return;
    }
    const Slots &slots = slotsOf(value);
    values.map(value, bitcastTo(b,
                                LLVM::LoadOp::create(
                                    b, slots.type, slotAddress(slots, number)),
                                value.getType()));
  };
  for (Operation *op : ops)
    op->walk([&](Operation *inner) {
      for (Value operand : inner->getOperands())
        provide(operand);
    });
  return values;
}

/// Keeps what `ops` computed and other sections use.
void RowPipeline::keep(ArrayRef<Operation *> ops, IRMapping &values,
                       Value number) {
  for (Operation *op : ops)
    for (Value result : op->getResults()) {
      bool isUsed = llvm::any_of(result.getUsers(), [&](Operation *user) {
        return !llvm::is_contained(
            ops, stage.getInstance().getBlock()->findAncestorOpInBlock(*user));
      });
      if (!isUsed || isRepeated(op))
        continue;
      const Slots &slots = slotsOf(result);
      LLVM::StoreOp::create(b, bitcastTo(b, values.lookup(result), slots.type),
                            slotAddress(slots, number));
    }
}

RowPipeline::Values RowPipeline::loadCarries(Value number) {
  Values values;
  for (const Slots &slots : carried)
    values.push_back(
        LLVM::LoadOp::create(b, slots.type, slotAddress(slots, number)));
  return values;
}

void RowPipeline::storeCarries(ValueRange values, Value number) {
  if (carried.empty())
    for (Type type : values.getTypes())
      carried.push_back(allocate(type));
  for (auto [slots, value] : llvm::zip_equal(carried, values))
    LLVM::StoreOp::create(b, value, slotAddress(slots, number));
}

//===----------------------------------------------------------------------===//
// Sections of one row
//===----------------------------------------------------------------------===//

void RowPipeline::prepare(Value number) {
  IRMapping values = valuesFor(prepared, number);
  Position position = locate(number);
  for (Operation *op : prepared)
    emitter.emitOp(*op, position, values);
  keep(prepared, values, number);
  storeCarries(emitter.initial(emitter.begin(first, position, values)), number);
}

void RowPipeline::reduce(Value number, Value done) {
  IRMapping values = valuesFor(reduced, number);
  Position position = locate(number);
  PhaseLoops loops = emitter.begin(first, position, values);
  emitter.finish(loops, position,
                 emitter.emitRest(loops, position, done, loadCarries(number)));
  for (Operation *op : ArrayRef(reduced).drop_front())
    emitter.emitOp(*op, position, values);
  keep(reduced, values, number);
}

void RowPipeline::write(Value number, Value done) {
  IRMapping values = valuesFor(written, number);
  Position position = locate(number);
  PhaseLoops loops = emitter.begin(last, position, values);
  emitter.emitRest(loops, emitter.chooseStreaming(loops, position), done, {});
  for (Operation *op : ArrayRef(written).drop_front())
    emitter.emitOp(*op, position, values);
}

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

/// The first phase of the rows from `next` on, and the last phase of those from
/// `cur` on, as far as whole segments go. Returns how many elements that is.
Value RowPipeline::emitMerged(Value cur, Value next) {
  Position position = locate(cur);
  IRMapping none;
  PhaseLoops loops = emitter.begin(last, position, none);
  setStreaming(position);
  Value head =
      position.streamed ? emitter.headLength(loops, position) : makeI64(b, 0);
  Value segment = makeI64(b, stage.getSchedule().getUnroll() * context.width);
  Value room =
      b.createOrFold<arith::SubIOp>(context.extents[context.lane], head);
  Value done =
      mulI64(b, b.createOrFold<arith::DivUIOp>(room, segment), segment);
  emitter.forLoop(makeI64(b, 0), done, *constantOf(segment), {},
                  [&](Value at, ValueRange) {
                    emitSegment(at, head, cur, next);
                    return Values();
                  });
  return done;
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

/// Where a read is announced from `place`. Past the end of its row that is in
/// the next block: the rows in between are being read already.
Value RowPipeline::aimAhead(Value place) {
  Value extent = context.extents[context.lane];
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

RowPipeline::Side RowPipeline::beginSide(PhaseOp phase, Value place,
                                         Position position) {
  int64_t count = stage.getSchedule().getUnroll();
  IRMapping none;
  PhaseLoops loops = emitter.begin(phase, position, none);
  if (loops.streamed)
    setStreaming(position);
  Side side{phase, place, position, {}, {}};
  ArrayRef<StringAttr> parallel = stage.getSchedule().getParallel().getNames();
  loops.sharedAlong = parallel;
  side.shared = emitter.emitShared(loops, position, place, count);
  for (auto op : phase.getBlock()->getOps<AccumulateOp>())
    if (op.getMap().uses(context.space().getNames()[context.lane]) &&
        llvm::none_of(parallel,
                      [&](StringAttr dim) { return op.getMap().uses(dim); }))
      side.columns[op].resize(count);
  forEachTotal(side, [](AccumulateOp op, Value &total, BodyEmitter &at) {
    total = at.loadTotal(op);
  });
  return side;
}

/// One segment of one row of each block: a vector is read, and one is written.
void RowPipeline::emitRow(Side &read, Side &write, Value reading,
                          Value writing) {
  Position here = locate(reading), there = locate(writing);
  here.ahead.resize(here.coordinates.size());
  IRMapping values = valuesFor({first}, reading);
  IRMapping lastValues = valuesFor({last}, writing);
  PhaseLoops loops = emitter.begin(first, here, values);
  PhaseLoops lastLoops = emitter.begin(last, there, lastValues);
  loops.sharedAlong = lastLoops.sharedAlong =
      stage.getSchedule().getParallel().getNames();
  loops.prefetched = findPrefetched(first, context);
  setStreaming(there);
  PhaseBodies bodies = emitter.beginBodies(loops, here, read.shared);
  PhaseBodies lastBodies = emitter.beginBodies(lastLoops, there, write.shared);
  bodies.columns = &read.columns;
  lastBodies.columns = &write.columns;
  Values carries = loadCarries(reading);
  for (int64_t i = 0; i < bodies.count; ++i) {
    Value offset = makeI64(b, i * context.width);
    Value place = addI64(b, read.place, offset);
    bodies.position.ahead[context.lane] = aimAhead(place);
    emitter.emitBody(bodies, i, place);
    emitter.emitBody(lastBodies, i, addI64(b, write.place, offset));
  }
  storeCarries(emitter.addTotals(bodies, carries), reading);
}

void RowPipeline::emitSegment(Value at, Value head, Value cur, Value next) {
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
                            emitRow(read, write, addI64(b, next, row),
                                    addI64(b, cur, row));
                            return flatten();
                          }));
  for (Side *side : {&read, &write})
    forEachTotal(*side, [](AccumulateOp op, Value &total, BodyEmitter &at) {
      at.storeTotal(op, total);
    });
}

void RowPipeline::emit(Value from, Value to) {
  begin = from;
  Operation *around = b.getInsertionBlock()->getParentOp();
  while (!isa<func::FuncOp>(around))
    around = around->getParentOp();
  entry = &cast<func::FuncOp>(around).front();
  Value zero = makeI64(b, 0), whole = makeI64(b, rows);
  IRMapping none;
  Position position = locate(begin);
  Position chosen =
      emitter.chooseStreaming(emitter.begin(last, position, none), position);
  streamed = chosen.streamed;
  streamsWhen = chosen.streamsWhen;
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
    scf::YieldOp::create(b, emitMerged(cur, next));
    b.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(b, zero);
  }
  Value done = branch.getResult(0);
  forEach(cur, next, [&](Value number) { write(number, done); });
  forEach(next, end, [&](Value number) { reduce(number, done); });
  scf::YieldOp::create(b, ValueRange{end, toRead});
}
