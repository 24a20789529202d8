//===- SliceKernel.h - one kernel becomes stages ----------------*- C++ -*-===//
//
// The way from a scheduled kernel to the stages of its plan.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_PHASES_SLICEKERNEL_H
#define NORMC_COMPILER_PHASES_SLICEKERNEL_H

#include "compiler/phases/ProgramBuilder.h"

namespace normc {

/// Appends the stages of `kernel`, which is scheduled, to the program. Its
/// operands already have views. Fails, with a diagnostic, on a schedule that
/// the kernel can't take.
mlir::LogicalResult sliceKernel(norm::KernelOp kernel, ProgramBuilder &program);

} // namespace normc

#endif // NORMC_COMPILER_PHASES_SLICEKERNEL_H
