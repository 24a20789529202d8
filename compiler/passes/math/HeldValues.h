//===- HeldValues.h - wide values that a narrow type holds ------*- C++ -*-===//
//
// Tells where a rounding to a narrow float type would change nothing.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_PASSES_MATH_HELDVALUES_H
#define NORMC_COMPILER_PASSES_MATH_HELDVALUES_H

#include "mlir/IR/Value.h"

namespace normc {

/// Whether every element of `wide` is a value of the float type `narrow`: it
/// was extended from there, and since then at most changed its sign.
bool isHeldBy(mlir::Value wide, mlir::Type narrow);

} // namespace normc

#endif // NORMC_COMPILER_PASSES_MATH_HELDVALUES_H
