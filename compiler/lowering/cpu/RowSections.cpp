//===- RowSections.cpp - which stages go by rows, and parts of a row ------===//

#include "compiler/lowering/cpu/RowPipeline.h"

#include "compiler/lowering/shared/ElementTypes.h"
#include "compiler/lowering/shared/Fetching.h"
#include "compiler/lowering/shared/PhaseTraits.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

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

/// The phase that reads what the instance is about.
static PhaseOp findFirst(InstanceOp instance, PhaseOp last,
                         const StageContext &context) {
  for (auto phase : instance.getBlock()->getOps<PhaseOp>()) {
    if (phase == last)
      return {};
    if (phase.getOver() == last.getOver() && isRun(phase, context) &&
        !findGuard(phase) && !findPrefix(phase, context) &&
        phase.getNumResults() > 0)
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

/// How many rows have local memory at once: those that are read get it behind
/// those that are written, unless their first phase needs it.
static int64_t countPlaces(PhaseOp first) {
  bool writes = llvm::any_of(first.getBlock()->getOps<StoreOp>(),
                             [](StoreOp op) { return isLocal(op.getView()); });
  return first.getStage().getSchedule().getRows() * (writes ? 2 : 1);
}

bool RowPipeline::isPossible(StageOp stage, const StageContext &context) {
  ScheduleAttr schedule = stage.getSchedule();
  if (schedule.getRows() <= 1 || context.lane < 0 ||
      schedule.getParallel().contains(schedule.getLanes().getNames()[0]))
    return false;
  InstanceOp instance = stage.getInstance();
  PhaseOp last = findLast(instance);
  if (!last || last.getNumResults() > 0 || !isRun(last, context))
    return false;
  SmallVector<StoreOp> streamed = findStreamed(last, context);
  if (streamed.empty() || !llvm::all_of(streamed, [&](StoreOp store) {
        return rowsAreAligned(store, last.getOver().getNames(), context);
      }))
    return false;
  PhaseOp first = findFirst(instance, last, context);
  if (!first || countLocalPlaces(stage) < countPlaces(first))
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
      instances(instances), outside(outside), chunk(chunk), stack(b),
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
// Sums over rows
//===----------------------------------------------------------------------===//

/// Whether the op adds to one sum for all rows of a block.
bool RowPipeline::isColumn(AccumulateOp op) {
  return op.getMap().uses(context.space().getNames()[context.lane]) &&
         llvm::none_of(parallelDims(),
                       [&](StringAttr dim) { return op.getMap().uses(dim); });
}

bool RowPipeline::sumsColumns() {
  return llvm::any_of(ArrayRef({first, last}), [&](PhaseOp phase) {
    return llvm::any_of(phase.getBlock()->getOps<AccumulateOp>(),
                        [&](AccumulateOp op) { return isColumn(op); });
  });
}

/// How far apart in their rows the blocks of vectors are that are taken of each
/// row, in elements. Sums over rows are read and written again for every row,
/// and rows are often a multiple of 4 KB apart: side by side, each row waits
/// for what the row before it stores, and all of them share one set of a cache.
/// Backward LayerNorm f32 of 4096, four rows: 49% of a copy, and 80% by two
/// blocks apart; two rows, in another hour, 69 and 73%.
int64_t RowPipeline::findShift(int64_t step) {
  constexpr int64_t blocks = 2;
  int64_t shift = blocks * step;
  std::optional<int64_t> length = constantOf(extent);
  bool hasRoom = length && *length >= (rows * shift + step);
  return hasRoom && sumsColumns() ? shift : 0;
}

//===----------------------------------------------------------------------===//
// What is kept per row
//===----------------------------------------------------------------------===//

Position RowPipeline::locate(Value number) {
  Position position = instances.locate(b, number);
  if (StringAttr dim = stage.getChunkDimAttr())
    position.coordinates[context.space().indexOf(dim)] = chunk;
  position.place = countFrom(number, countPlaces(first));
  return position;
}

/// Whether results go past the caches, as the whole of them decides.
void RowPipeline::setStreaming(Position &position) const {
  position.streamed = streamed;
}

/// What whole vectors of the first phase write past the caches: results that
/// nothing reads again, where rows begin at multiples of a vector's size. (The
/// last phase begins with part of a vector elsewhere; the first one sums, in an
/// order that the place of a result must not change. Row by row, where nothing
/// else is written meanwhile, this gains nothing: 0.96 to 1.17 of the time.)
SmallVector<Streamed, 2> RowPipeline::chooseStreamedFirst() {
  Position position = locate(begin);
  IRMapping none;
  PhaseLoops loops = emitter.begin(first, position, none);
  loops.streamed = findStreamed(first, context);
  llvm::erase_if(loops.streamed, [&](StoreOp store) {
    return !rowsAreAligned(store, first.getOver().getNames(), context) ||
           llvm::any_of(store.getView().getUsers(), llvm::IsaPred<LoadOp>);
  });
  auto chosen = emitter.chooseStreaming(loops, position).streamed;
  if (chosen.empty())
    return {};
  position.streamed = chosen;
  Value isWhole =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq,
                            emitter.headLength(loops, position), makeI64(b, 0));
  for (Streamed &each : chosen)
    each.when =
        each.when ? b.createOrFold<arith::AndIOp>(each.when, isWhole) : isWhole;
  return chosen;
}

/// Rows of two blocks are in flight at once.
RowPipeline::Slots RowPipeline::allocate(Type type) {
  return {stack.allocate(type, 2 * rows), type};
}

/// A row's number in the range, modulo a power of two.
Value RowPipeline::countFrom(Value number, int64_t count) {
  return b.createOrFold<arith::AndIOp>(
      b.createOrFold<arith::SubIOp>(number, begin), makeI64(b, count - 1));
}

Value RowPipeline::slotAddress(const Slots &slots, Value number) {
  return addressOnStack(b, slots.base, slots.type, countFrom(number, 2 * rows));
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
                 emitter.emitRest(loops, loops.enter(b, position), done,
                                  loadCarries(number)));
  Position fetching = position;
  if (stage.getSchedule().getPrefetch() > 0)
    fetching.ahead = locate(addI64(b, number, block)).coordinates;
  PhaseOp middle = findFetching(stage.getInstance());
  for (Operation *op : ArrayRef(reduced).drop_front())
    emitter.emitOp(*op, op == middle ? fetching : position, values);
  keep(reduced, values, number);
}

void RowPipeline::write(Value number, Value done) {
  IRMapping values = valuesFor(written, number);
  Position position = locate(number);
  PhaseLoops loops = emitter.begin(last, position, values);
  Position inside = loops.enter(b, emitter.chooseStreaming(loops, position));
  emitter.emitRest(loops, inside, done, {});
  for (Operation *op : ArrayRef(written).drop_front())
    emitter.emitOp(*op, position, values);
}
