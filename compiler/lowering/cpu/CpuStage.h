//===- CpuStage.h - one stage as a CPU function -----------------*- C++ -*-===//
//
// The CPU's part of the lowering: the calling convention, chunks, and the loop
// over a chunk's instances.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_LOWERING_CPU_CPUSTAGE_H
#define NORMC_COMPILER_LOWERING_CPU_CPUSTAGE_H

#include "compiler/lowering/shared/Instructions.h"
#include "dialects/norm/Norm.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace normc {

/// Makes the function of a stage at the builder's place. `isBackward`: its last
/// instances come first (an elementwise stage's, see StageBlocks.h).
mlir::func::FuncOp lowerStageToCpu(mlir::OpBuilder &builder,
                                   norm::StageOp stage, unsigned index,
                                   Instructions instructions, bool isBackward);

} // namespace normc

#endif // NORMC_COMPILER_LOWERING_CPU_CPUSTAGE_H
