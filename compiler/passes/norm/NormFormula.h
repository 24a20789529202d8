//===- NormFormula.h - the formula of a declared norm -----------*- C++ -*-===//
//
// What norm-to-kernel writes into the body of a kernel: the formula of one
// norm.normalize, as the contract gives it, in scalars and collectives.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_PASSES_NORM_NORMFORMULA_H
#define NORMC_COMPILER_PASSES_NORM_NORMFORMULA_H

#include "dialects/norm/Norm.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace normc {

/// Writes the formula of `op` at the builder's place, and a norm.yield of its
/// results. `elements` are the kernel's values for op's operands, in order;
/// `over` are the dims of its collectives.
void buildNormFormula(norm::NormalizeOp op, mlir::ValueRange elements,
                      norm::DimsAttr over, mlir::ImplicitLocOpBuilder &builder);

} // namespace normc

#endif // NORMC_COMPILER_PASSES_NORM_NORMFORMULA_H
