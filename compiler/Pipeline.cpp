//===- Pipeline.cpp - the way that every kernel goes ----------------------===//

#include "compiler/Pipeline.h"

#include "compiler/passes/Passes.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Transforms/Passes.h"

#include "llvm/TargetParser/Triple.h"

using namespace mlir;
using namespace normc;

/// Unused kernels in a row that are removed; longer chains keep their heads.
static constexpr int kMaxChain = 64;

/// Expands what no instruction does, and leaves loops with what changes in
/// them.
static void addCleanups(OpPassManager &pm, const Target &target) {
  bool isX86 = llvm::Triple(target.triple).isX86();
  // Vectors of 512 bits are AVX-512's there.
  bool isAvx512 = isX86 && target.vectorBits == 512;
  pm.addPass(createExpandMath({.hasFma = target.hasFma,
                               .hasScale = isAvx512,
                               .hasLookup = isAvx512 && target.hasFma,
                               .hasMaximum = !isX86}));
  pm.addPass(createExpandCasts({.hardwareF16 = target.hasHalfConversion,
                                .hardwareBF16 = target.hasBF16}));
  pm.addPass(createCSEPass());
  pm.addPass(createLoopInvariantCodeMotionPass());
  pm.addNestedPass<func::FuncOp>(createNormReuseLoads());
  pm.addPass(createCSEPass());
  // Elsewhere, adds and products share their pipes.
  if (target.hasFma && isX86)
    pm.addNestedPass<func::FuncOp>(createNormBalancePipes());
}

std::vector<PipelineStep> normc::getPipeline(const Target &target) {
  bool isGpu = target.kind == Target::Kind::Gpu;
  NormScheduleOptions schedule;
  schedule.targetKind = isGpu ? "gpu" : "cpu";
  schedule.vectorBits = target.vectorBits;
  schedule.l2Bytes = target.l2Bytes;
  schedule.llcBytes = target.llcBytes;

  return {
      {Emit::Norm, [](OpPassManager &) {}},
      {Emit::Kernel,
       [](OpPassManager &pm) {
         pm.addNestedPass<func::FuncOp>(createNormToKernel());
       }},
      {Emit::Precision,
       [](OpPassManager &pm) {
         pm.addNestedPass<func::FuncOp>(createNormPrecision());
       }},
      {Emit::Fused,
       [](OpPassManager &pm) {
         // Equal kernels become one, and unused ones vanish (a run for each
         // link of a chain of them).
         pm.addNestedPass<func::FuncOp>(createCompositeFixedPointPass(
             "norm-remove-equal",
             [](OpPassManager &once) { once.addPass(createCSEPass()); },
             kMaxChain));
         // A result that is an argument is copied where others read it.
         pm.addNestedPass<func::FuncOp>(createNormResults());
         pm.addNestedPass<func::FuncOp>(createNormFuse());
         pm.addNestedPass<func::FuncOp>(createNormTruths());
       }},
      {Emit::Scheduled,
       [schedule, isGpu](OpPassManager &pm) {
         if (!isGpu) {
           pm.addNestedPass<func::FuncOp>(createNormSplitReductions());
           pm.addNestedPass<func::FuncOp>(createNormSplitRows());
         }
         // A GPU holds a row in registers, where a second pass costs nothing.
         pm.addNestedPass<func::FuncOp>(
             createNormExpandMoments({.shifted = !isGpu}));
         pm.addNestedPass<func::FuncOp>(createCSEPass());
         pm.addNestedPass<func::FuncOp>(createNormHoist());
         pm.addNestedPass<func::FuncOp>(createNormTruths());
         // What was merged may be equal by now.
         pm.addNestedPass<func::FuncOp>(createNormResults());
         pm.addNestedPass<func::FuncOp>(createNormSchedule(schedule));
       }},
      {Emit::Phases, [](OpPassManager &pm) { pm.addPass(createNormPhases()); }},
      {Emit::Vector,
       [target, isGpu](OpPassManager &pm) {
         if (isGpu)
           pm.addPass(createNormLowerToGpu());
         else
           pm.addPass(createNormLowerToCpu(
               {.hasFma = target.hasFma, .hasBF16Dot = target.hasBF16}));
         addCleanups(pm, target);
       }},
      {Emit::LlvmDialect,
       [isGpu](OpPassManager &pm) {
         if (isGpu)
           pm.addNestedPass<gpu::GPUModuleOp>(createNormConvertToLlvm());
         else
           pm.addPass(createNormConvertToLlvm());
       }},
  };
}

LogicalResult
normc::runPipeline(ModuleOp module, const Target &target, Emit last,
                   const std::function<LogicalResult(Emit, ModuleOp)> &after) {
  for (const PipelineStep &step : getPipeline(target)) {
    PassManager pm(module.getContext());
    // Between two passes of the lowering the verifier costs more than the
    // passes: it runs once behind them, before LLVM folds constants of what may
    // be malformed.
    pm.enableVerifier(step.emit <= Emit::Phases);
    step.addPasses(pm);
    if (failed(pm.run(module)) ||
        (step.emit == Emit::Vector && failed(verify(module))))
      return failure();
    if (after && failed(after(step.emit, module)))
      return failure();
    if (step.emit == last)
      break;
  }
  return success();
}
