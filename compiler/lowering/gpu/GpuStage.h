//===- GpuStage.h - one stage as a GPU kernel -------------------*- C++ -*-===//
//
// The GPU's part of the lowering: a block of threads per instance, lanes dealt
// to threads, and results combined across them.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_LOWERING_GPU_GPUSTAGE_H
#define NORMC_COMPILER_LOWERING_GPU_GPUSTAGE_H

#include "dialects/norm/Norm.h"

#include "mlir/IR/Builders.h"

namespace normc {

/// Makes the kernel of a stage at the builder's place, inside a gpu.module.
/// Its parameters are the program's pointers, its words, and scratch.
mlir::LogicalResult lowerStageToGpu(mlir::OpBuilder &builder,
                                    norm::StageOp stage, unsigned index);

} // namespace normc

#endif // NORMC_COMPILER_LOWERING_GPU_GPUSTAGE_H
