//===- LowerToGpu.cpp - norm-lower-to-gpu ---------------------------------===//

#include "compiler/lowering/gpu/GpuStage.h"
#include "compiler/lowering/shared/ViewTable.h"
#include "compiler/passes/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace normc {
#define GEN_PASS_DEF_NORMLOWERTOGPU
#include "compiler/passes/Passes.h.inc"
} // namespace normc

using namespace mlir;
using namespace normc;
using namespace normc::norm;

namespace {
struct NormLowerToGpu : normc::impl::NormLowerToGpuBase<NormLowerToGpu> {
  void runOnOperation() override {
    getOperation()->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                            UnitAttr::get(&getContext()));
    for (auto program :
         llvm::make_early_inc_range(getOperation().getOps<ProgramOp>())) {
      if (failed(verifyElementTypes(program)))
        return signalPassFailure();
      for (auto scratch : program.getBlock()->getOps<ScratchOp>())
        if (scratch.isLocal()) {
          scratch.emitOpError("expected no local memory for a gpu, whose "
                              "workers would not see what others wrote");
          return signalPassFailure();
        }
      OpBuilder builder(program);
      auto module = gpu::GPUModuleOp::create(
          builder, program.getLoc(), (program.getSymName() + "_gpu").str());
      builder.setInsertionPointToEnd(module.getBody());
      unsigned index = 0;
      for (auto stage : program.getBlock()->getOps<StageOp>()) {
        if (failed(lowerStageToGpu(builder, stage, index++)))
          return signalPassFailure();
        ++numStages;
      }
      program.erase();
    }
  }
};
} // namespace
