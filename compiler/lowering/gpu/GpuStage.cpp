//===- GpuStage.cpp - one stage as a GPU kernel ---------------------------===//

#include "compiler/lowering/gpu/GpuStage.h"

#include "compiler/lowering/shared/Instances.h"
#include "compiler/lowering/shared/PhaseEmitter.h"
#include "compiler/lowering/shared/WordLayout.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

namespace {

constexpr int64_t kWarp = 32;

/// Bases of GPU buffers are multiples of this many bytes, so that a thread can
/// move 16 at a time.
constexpr int64_t kBaseAlignment = 16;

/// Threads of a block take vectors in turn; sums meet by shuffles within a
/// warp, and through shared memory across warps.
class GpuLanes : public LaneModel {
public:
  GpuLanes(int64_t width, int64_t threads, Value thread)
      : width(width), threads(threads), thread(thread) {}

  Value first(ImplicitLocOpBuilder &b) override {
    return mulI64(b, thread, makeI64(b, width));
  }
  bool shares() const override { return true; }
  int64_t step() override { return threads * width; }
  Value combineAll(ImplicitLocOpBuilder &b, const Carry &carry,
                   ValueRange carried) override;

private:
  Value exchange(ImplicitLocOpBuilder &b, Value value, int64_t distance);
  Value combineWarps(ImplicitLocOpBuilder &b, ReduceKind kind, Value value);

  int64_t width, threads;
  Value thread; ///< i64
};

} // namespace

/// The value of the lane whose number differs in one bit. Shuffles move 32
/// bits, so an f64 goes in halves.
Value GpuLanes::exchange(ImplicitLocOpBuilder &b, Value value,
                         int64_t distance) {
  auto shuffle = [&](Value word) -> Value {
    return gpu::ShuffleOp::create(b, word, int32_t(distance), int32_t(kWarp),
                                  gpu::ShuffleMode::XOR)
        .getShuffleResult();
  };
  if (!value.getType().isF64())
    return shuffle(value);
  Type i32 = b.getI32Type(), i64 = b.getI64Type();
  Value bits = arith::BitcastOp::create(b, i64, value);
  Value half = makeI64(b, 32);
  Value low = shuffle(arith::TruncIOp::create(b, i32, bits));
  Value high = shuffle(arith::TruncIOp::create(
      b, i32, arith::ShRUIOp::create(b, bits, half).getResult()));
  Value moved = arith::OrIOp::create(
      b, arith::ExtUIOp::create(b, i64, low),
      arith::ShLIOp::create(b, arith::ExtUIOp::create(b, i64, high), half)
          .getResult());
  return arith::BitcastOp::create(b, b.getF64Type(), moved);
}

/// Every warp leaves its value in shared memory, and all threads combine them
/// in one order.
Value GpuLanes::combineWarps(ImplicitLocOpBuilder &b, ReduceKind kind,
                             Value value) {
  int64_t warps = threads / kWarp;
  Type type = value.getType();
  auto module =
      b.getInsertionBlock()->getParentOp()->getParentOfType<gpu::GPUModuleOp>();
  std::string name =
      "normc_warps_" + std::to_string(type.getIntOrFloatBitWidth());
  constexpr unsigned sharedSpace = 3;
  if (!module.lookupSymbol(name)) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(module.getBody());
    LLVM::GlobalOp::create(b, LLVM::LLVMArrayType::get(type, kWarp),
                           /*isConstant=*/false, LLVM::Linkage::Internal, name,
                           Attribute(), /*alignment=*/16, sharedSpace);
  }
  auto pointer = LLVM::LLVMPointerType::get(b.getContext(), sharedSpace);
  Value base = LLVM::AddressOfOp::create(b, pointer, name);
  auto slot = [&](LLVM::GEPArg number) -> Value {
    return LLVM::GEPOp::create(b, pointer, type, base,
                               ArrayRef<LLVM::GEPArg>{number},
                               LLVM::GEPNoWrapFlags::inbounds);
  };
  Value warp = arith::DivUIOp::create(b, thread, makeI64(b, kWarp));
  // All lanes of a warp hold the same value, so which of them stores it does
  // not matter.
  LLVM::StoreOp::create(b, value, slot(warp));
  gpu::BarrierOp::create(b);
  SmallVector<Value> values;
  for (int64_t i = 0; i < warps; ++i)
    values.push_back(LLVM::LoadOp::create(b, type, slot(int32_t(i))));
  gpu::BarrierOp::create(b); // Before the next collective writes here.
  for (; values.size() > 1; values.resize(values.size() / 2))
    for (size_t i = 0; i < values.size() / 2; ++i)
      values[i] = combine(b, kind, values[2 * i], values[2 * i + 1]);
  return values.front();
}

Value GpuLanes::combineAll(ImplicitLocOpBuilder &b, const Carry &carry,
                           ValueRange carried) {
  ReduceKind kind = carry.kind();
  Value value = carry.collapse(b, carry.combineLanes(b, carried));
  for (int64_t distance = kWarp / 2; distance > 0; distance /= 2)
    value = combine(b, kind, value, exchange(b, value, distance));
  return threads > kWarp ? combineWarps(b, kind, value) : value;
}

/// So far: instances of whole rows, without partial results.
static LogicalResult checkSupported(StageOp stage) {
  ScheduleAttr schedule = stage.getSchedule();
  if (schedule.getTarget() != TargetKind::gpu)
    return stage.emitOpError("expected a schedule for a gpu, but got one for ")
           << stringifyTargetKind(schedule.getTarget());
  if (schedule.getLanes().empty() ||
      schedule.getParallel().contains(schedule.getLanes().getNames()[0]))
    return stage.emitOpError(
        "expected lanes along a reduced dim: kernels with parallel lanes are "
        "not lowered to a gpu yet");
  if (stage.getChunkDimAttr())
    return stage.emitOpError("expected a stage without partial results: they "
                             "are not lowered to a gpu yet");
  return success();
}

LogicalResult normc::lowerStageToGpu(OpBuilder &builder, StageOp stage,
                                     unsigned index) {
  if (failed(checkSupported(stage)))
    return failure();
  auto program = stage->getParentOfType<ProgramOp>();
  ImplicitLocOpBuilder b(stage.getLoc(), builder);
  constexpr unsigned globalSpace = 1;
  auto pointer = LLVM::LLVMPointerType::get(b.getContext(), globalSpace);
  size_t numPointers = program.getBlock()->getNumArguments();
  size_t numWords = WordLayout(program).words().size();
  SmallVector<Type> types(numPointers, pointer);
  types.append(numWords, b.getI64Type());
  types.push_back(pointer);
  auto func = gpu::GPUFuncOp::create(b, getStageEntry(program, index),
                                     b.getFunctionType(types, {}));
  func->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), b.getUnitAttr());
  int32_t threads = stage.getSchedule().getThreads();
  func.setKnownBlockSizeAttr(b.getDenseI32ArrayAttr({threads, 1, 1}));
  b.setInsertionPointToStart(&func.front());

  ValueRange arguments(func.getArguments());
  ViewTable views(stage, b, arguments.take_front(numPointers),
                  arguments.slice(numPointers, numWords), arguments.back(),
                  kBaseAlignment);
  StageContext context(stage, views, b, {.hasFma = true});
  auto number = [&](Value index) -> Value {
    return arith::IndexCastOp::create(b, b.getI64Type(), index);
  };
  Value thread = number(gpu::ThreadIdOp::create(b, gpu::Dimension::x));
  Value block = number(gpu::BlockIdOp::create(b, gpu::Dimension::x));
  GpuLanes lanes(context.width, threads, thread);
  PhaseEmitter emitter(context, b, lanes);
  Instances instances(context, b);
  IRMapping values;
  emitter.emitBlock(*stage.getInstance().getBlock(), instances.locate(b, block),
                    values);
  gpu::ReturnOp::create(b);
  return success();
}
