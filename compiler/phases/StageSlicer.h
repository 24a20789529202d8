//===- StageSlicer.h - one kernel becomes stages and phases -----*- C++ -*-===//
//
// P1 to P3 of the design: each stage of a kernel's plan gets one phase per
// (number of collectives waited for, dims), with everything uniform over an
// instance computed between the phases.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_PHASES_STAGESLICER_H
#define NORMC_COMPILER_PHASES_STAGESLICER_H

#include "compiler/analysis/KernelStructure.h"
#include "compiler/phases/ProgramBuilder.h"

namespace normc {

/// Appends the stages of `kernel`, which is scheduled, to the program. Its
/// operands and results already have views.
mlir::LogicalResult sliceKernel(norm::KernelOp kernel, ProgramBuilder &program);

} // namespace normc

#endif // NORMC_COMPILER_PHASES_STAGESLICER_H
