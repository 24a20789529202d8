//===- LowerToCpu.cpp - norm-lower-to-cpu ---------------------------------===//

#include "compiler/lowering/cpu/CpuStage.h"
#include "compiler/lowering/shared/ViewTable.h"
#include "compiler/passes/Passes.h"
#include "compiler/phases/StageBlocks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace normc {
#define GEN_PASS_DEF_NORMLOWERTOCPU
#include "compiler/passes/Passes.h.inc"
} // namespace normc

using namespace mlir;
using namespace normc;
using namespace normc::norm;

namespace {
struct NormLowerToCpu : normc::impl::NormLowerToCpuBase<NormLowerToCpu> {
  using NormLowerToCpuBase::NormLowerToCpuBase;

  void runOnOperation() override {
    for (auto program :
         llvm::make_early_inc_range(getOperation().getOps<ProgramOp>())) {
      if (failed(verifyElementTypes(program)))
        return signalPassFailure();
      OpBuilder builder(program);
      unsigned index = 0;
      SmallVector<bool> backward = findBackwardStages(program);
      for (auto stage : program.getBlock()->getOps<StageOp>()) {
        if (stage.getSchedule().getTarget() != TargetKind::cpu) {
          stage.emitOpError("expected a schedule for a cpu, but got one for ")
              << stringifyTargetKind(stage.getSchedule().getTarget());
          return signalPassFailure();
        }
        lowerStageToCpu(builder, stage, index, {hasFma, hasBF16Dot},
                        backward[index]);
        ++index;
        ++numStages;
      }
      program.erase();
    }
  }
};
} // namespace
