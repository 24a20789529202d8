//===- CpuStage.cpp - one stage as a CPU function -------------------------===//

#include "compiler/lowering/cpu/CpuStage.h"

#include "compiler/lowering/cpu/InstanceGroup.h"
#include "compiler/lowering/cpu/RowPipeline.h"
#include "compiler/lowering/shared/Instances.h"
#include "compiler/lowering/shared/PhaseEmitter.h"
#include "compiler/lowering/shared/PhaseTraits.h"
#include "compiler/lowering/shared/WordLayout.h"
#include "compiler/schedule/Schedule.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

namespace {

/// One worker runs along the lanes alone, vector by vector.
class CpuLanes : public LaneModel {
public:
  explicit CpuLanes(int64_t width) : width(width) {}
  Value first(ImplicitLocOpBuilder &b) override { return makeI64(b, 0); }
  bool shares() const override { return false; }
  int64_t step() override { return width; }
  Value combineAll(ImplicitLocOpBuilder &b, const Carry &carry,
                   ValueRange carried) override {
    return carry.collapse(b, carry.combineLanes(b, carried));
  }

private:
  int64_t width;
};

/// Emits the body of a stage's function.
class CpuStage {
public:
  CpuStage(StageOp stage, const StageContext &context, ImplicitLocOpBuilder &b,
           bool isBackward)
      : stage(stage), context(context), b(b), isBackward(isBackward),
        lanes(context.width), emitter(context, b, lanes),
        instances(context, b) {}

  void emitChunks(Value begin, Value end);

private:
  void emitChunk(Value chunk);
  void emitInstances(Value begin, Value end, const IRMapping &outside);
  void emitInstance(Value number, Value chunk, const IRMapping &outside,
                    int64_t together);
  Value forGroups(Value first, Value last,
                  llvm::function_ref<void(Value)> emit);
  bool goTogether();
  void emitTogether(Value number);
  void emitLaneBlock(Position &position, IRMapping &values);
  void setChunk(Position &position, Value chunk) {
    if (StringAttr dim = stage.getChunkDimAttr())
      position.coordinates[context.space().indexOf(dim)] = chunk;
  }
  /// for (i = begin; i < end; i += step) body(i)
  void forEach(Value begin, Value end, int64_t step,
               llvm::function_ref<void(Value)> body);

  StageOp stage;
  const StageContext &context;
  ImplicitLocOpBuilder &b;
  bool isBackward;
  CpuLanes lanes;
  PhaseEmitter emitter;
  Instances instances;
};

} // namespace

void CpuStage::forEach(Value begin, Value end, int64_t step,
                       llvm::function_ref<void(Value)> body) {
  auto loop = scf::ForOp::create(b, begin, end, makeI64(b, step));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

/// Chunks that leave nothing of their own are one range of instances.
void CpuStage::emitChunks(Value begin, Value end) {
  if (!stage.getChunkDimAttr())
    return emitInstances(begin, end, IRMapping());
  forEach(begin, end, 1, [&](Value chunk) { emitChunk(chunk); });
}

void CpuStage::emitChunk(Value chunk) {
  Position position;
  position.coordinates.resize(context.extents.size());
  setChunk(position, chunk);
  IRMapping values;
  emitter.emitBlock(*stage.getBlock(), position, values);
  emitInstances(chunk, addI64(b, chunk, makeI64(b, 1)), values);
}

/// The instances of the chunks from `begin` to `end`; `outside` has the values
/// of the one chunk that they belong to, or of none.
void CpuStage::emitInstances(Value begin, Value end, const IRMapping &outside) {
  Value size = makeI64(b, stage.getSchedule().getChunk());
  Value first = mulI64(b, begin, size);
  Value last =
      arith::MinSIOp::create(b, mulI64(b, end, size), instances.count());
  if (RowPipeline::isPossible(stage, context))
    return RowPipeline(stage, context, b, emitter, instances, outside, begin)
        .emit(first, last);
  if (goTogether()) {
    first = forGroups(first, last, [&](Value number) { emitTogether(number); });
  } else if (InstanceGroup::isPossible(stage, context)) {
    InstanceGroup group(context, b, emitter, instances, outside);
    return forEach(first, last, kInstancesTogether,
                   [&](Value number) { group.emit(number); });
  } else if (shareInstancesPieces(stage, context)) {
    first = forGroups(first, last, [&](Value number) {
      emitInstance(number, begin, outside, stage.getSchedule().getRows());
    });
  } else if (isBackward) {
    Value most = addI64(b, instances.count(), makeI64(b, -1));
    return forEach(first, last, 1, [&](Value number) {
      emitInstance(b.createOrFold<arith::SubIOp>(most, number), begin, outside,
                   1);
    });
  }
  forEach(first, last, 1,
          [&](Value number) { emitInstance(number, begin, outside, 1); });
}

/// As many instances at a time as the schedule has rows, from `first` on, while
/// there are so many before `last`. Returns the first that is left.
Value CpuStage::forGroups(Value first, Value last,
                          llvm::function_ref<void(Value)> emit) {
  Value rows = makeI64(b, stage.getSchedule().getRows());
  Value groups = b.createOrFold<arith::DivSIOp>(
      b.createOrFold<arith::SubIOp>(last, first), rows);
  Value end = addI64(b, first, mulI64(b, groups, rows));
  forEach(first, end, stage.getSchedule().getRows(), emit);
  return end;
}

/// Whether instances are so short that they are straight code, and the schedule
/// wants several at a time: what one waits for (a maximum across lanes, and two
/// divisions by it) passes while others compute.
bool CpuStage::goTogether() {
  int64_t rows = stage.getSchedule().getRows();
  if (rows <= 1 || stage.getChunkDimAttr() || context.lane < 0 ||
      instances.lanesAreParallel() || countLocalPlaces(stage) < rows)
    return false;
  int64_t most = stage.getSchedule().getUnroll() * context.width;
  std::optional<int64_t> points = constantOf(context.extents[context.lane]);
  auto phases = stage.getInstance().getBlock()->getOps<PhaseOp>();
  return points && *points <= most && llvm::all_of(phases, [&](PhaseOp phase) {
           // What hardly ever runs is there once.
           return runsAlongLanes(phase, context) && !findGuard(phase);
         });
}

/// Instances from `number` on, op by op: no op reads what another instance
/// writes.
void CpuStage::emitTogether(Value number) {
  int64_t rows = stage.getSchedule().getRows();
  SmallVector<Position> positions;
  for (int64_t i = 0; i < rows; ++i) {
    Value place = makeI64(b, i);
    positions.push_back(instances.locate(b, addI64(b, number, place)));
    positions.back().place = place;
  }
  SmallVector<IRMapping> values(rows);
  for (Operation &op : *stage.getInstance().getBlock())
    for (auto [position, known] : llvm::zip_equal(positions, values))
      emitter.emitOp(op, position, known);
}

/// `together` instances from `number` on.
void CpuStage::emitInstance(Value number, Value chunk, const IRMapping &outside,
                            int64_t together) {
  Position position = instances.locate(b, number);
  position.instances = together;
  if (int64_t ahead = stage.getSchedule().getPrefetch())
    position.ahead = instances
                         .locate(b, addI64(b, number,
                                           mulI64(b, instances.laneBlocks(b),
                                                  makeI64(b, ahead))))
                         .coordinates;
  setChunk(position, chunk);
  IRMapping values = outside;
  if (instances.lanesAreParallel())
    return emitLaneBlock(position, values);
  emitter.emitBlock(*stage.getInstance().getBlock(), position, values);
}

/// A block of lanes that are instances: whole, or masked at the dim's end.
void CpuStage::emitLaneBlock(Position &position, IRMapping &values) {
  Block &block = *stage.getInstance().getBlock();
  Value extent = context.extents[context.lane];
  if (std::optional<int64_t> known = constantOf(extent);
      known && *known % context.width == 0)
    return emitter.emitBlock(block, position, values);
  Value left =
      b.createOrFold<arith::SubIOp>(extent, position.coordinates[context.lane]);
  Value isWhole = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, left,
                                        makeI64(b, context.width));
  auto branch = scf::IfOp::create(b, isWhole, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  IRMapping whole = values;
  emitter.emitBlock(block, position, whole);
  b.setInsertionPointToStart(branch.elseBlock());
  position.mask = makeMask(b, left, context.width);
  emitter.emitBlock(block, position, values);
}

func::FuncOp normc::lowerStageToCpu(OpBuilder &builder, StageOp stage,
                                    unsigned index, Instructions instructions,
                                    bool isBackward) {
  auto program = stage->getParentOfType<ProgramOp>();
  ImplicitLocOpBuilder b(stage.getLoc(), builder);
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  Type i64 = b.getI64Type(), i32 = b.getI32Type();
  // i32 f(void *const *buffers, const int64_t *words, void *scratch,
  //       int64_t chunkBegin, int64_t chunkEnd)
  auto type = b.getFunctionType({pointer, pointer, pointer, i64, i64}, {i32});
  auto func = func::FuncOp::create(b, getStageEntry(program, index), type);
  Block *entry = func.addEntryBlock();
  b.setInsertionPointToStart(entry);

  auto element = [&](Value base, Type type, int64_t number) -> Value {
    Value address = LLVM::GEPOp::create(b, pointer, type, base,
                                        ArrayRef<LLVM::GEPArg>{int32_t(number)},
                                        LLVM::GEPNoWrapFlags::inbounds);
    return LLVM::LoadOp::create(b, type, address);
  };
  SmallVector<Value> pointers, words;
  for (unsigned i = 0; i < program.getBlock()->getNumArguments(); ++i)
    pointers.push_back(element(entry->getArgument(0), pointer, i));
  for (size_t i = 0; i < WordLayout(program).words().size(); ++i)
    words.push_back(element(entry->getArgument(1), i64, i));
  ViewTable views(stage, b, pointers, words, entry->getArgument(2));
  StageContext context(stage, views, b, instructions);
  CpuStage lowered(stage, context, b, isBackward);
  lowered.emitChunks(entry->getArgument(3), entry->getArgument(4));
  // What was stored past the caches is in order only behind a fence.
  if (stage.getSchedule().getStream() != 0)
    LLVM::FenceOp::create(b, LLVM::AtomicOrdering::seq_cst);
  func::ReturnOp::create(
      b, arith::ConstantOp::create(b, b.getI32IntegerAttr(0)).getResult());
  return func;
}
