//===- Prologue.h - what is computed before a norm --------------*- C++ -*-===//
//
// The kernel in front of a spec's norm: bias, dropout, residual, activation and
// gate, in this order.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_SPEC_PROLOGUE_H
#define NORMC_COMPILER_SPEC_PROLOGUE_H

#include "compiler/spec/SpecFacts.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace normc {

/// Tensors of x's shape.
struct Prologue {
  mlir::Value normalized; ///< What the norm reads.
  mlir::Value sum;        ///< The stored sum; null where none is.
};

/// The argument x itself where nothing is computed before the norm.
Prologue buildPrologue(const SpecFacts &facts, const SpecOperands &operands,
                       mlir::ImplicitLocOpBuilder &b);

} // namespace normc

#endif // NORMC_COMPILER_SPEC_PROLOGUE_H
