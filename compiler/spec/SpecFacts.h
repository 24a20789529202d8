//===- SpecFacts.h - types and shapes that follow from a spec ---*- C++ -*-===//
//
// What the rooms of the builder ask about a NormSpec: which kernels stand
// around the norm, in which types they compute, and the shapes of operands.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_SPEC_SPECFACTS_H
#define NORMC_COMPILER_SPEC_SPECFACTS_H

#include "normc/NormSpec.h"

#include "mlir/IR/Value.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"

namespace normc {

/// The function's arguments by the names of their buffers.
using SpecOperands = llvm::StringMap<mlir::Value>;

/// Holds of specs that passed `checkSpec`. Refers to the spec.
struct SpecFacts {
  const NormSpec &spec;

  /// Of all that is computed around the norm, element by element.
  DType computeDtype() const;
  /// What saved statistics are kept in.
  DType statisticDtype() const {
    return normalizedDtype() == DType::F64 ? DType::F64 : DType::F32;
  }
  /// Of the sum as it is stored.
  DType sumDtype() const;
  /// Of the tensor that is normalized: x's, a rounded sum's, or wider.
  DType normalizedDtype() const;
  /// Of y as the norm itself writes it.
  DType normOutputDtype() const;

  bool hasGate(Gate::Placement placement) const {
    return spec.gate && spec.gate->placement == placement;
  }
  bool hasDropout(Dropout::Placement placement) const {
    return spec.dropout && spec.dropout->placement == placement;
  }
  /// Whether something is computed before, or after, the norm.
  bool hasPrologue() const;
  bool hasEpilogue() const;
  /// Whether the norm's scale and shift are left to a kernel after it: where
  /// they round to x's type, and what is normalized has a wider one.
  bool isAffineApart() const;

  /// The kept axes, and the number of groups for a grouped one.
  llvm::SmallVector<int64_t> statisticShape() const;
  /// Of an operand on some axes; `perGroup` where the spec says so.
  llvm::SmallVector<int64_t> shapeOn(llvm::ArrayRef<int64_t> axes,
                                     bool perGroup = false) const;
};

} // namespace normc

#endif // NORMC_COMPILER_SPEC_SPECFACTS_H
