//===- RoundedAffine.h - casts, scale and shift in scalars ------*- C++ -*-===//
//
// What the formula of a declared norm and the kernels around it share: casts
// between float types, and the scale and shift of rounding `normalized`.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_PASSES_NORM_ROUNDEDAFFINE_H
#define NORMC_COMPILER_PASSES_NORM_ROUNDEDAFFINE_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace normc {

/// `value` as another float type: extended, or rounded once to nearest even.
mlir::Value castFloat(mlir::ImplicitLocOpBuilder &b, mlir::Value value,
                      mlir::Type type);

/// A scale and a shift as they were loaded; null where there is none.
struct Affine {
  mlir::Value scale, shift;
  double scaleOffset = 0;
};

/// scale + offset in `type`. The offset is added before a wider scale is
/// rounded: beside it, a scale near -offset is all that there is.
mlir::Value buildScale(mlir::ImplicitLocOpBuilder &b, const Affine &affine,
                       mlir::Type type);

/// Rounds `normalized` to `input`, the type of what was normalized, and after
/// each of scale and shift to a type that holds both operands; each step is
/// computed in that type, or in `compute` if it is wider.
mlir::Value buildRoundedAffine(mlir::ImplicitLocOpBuilder &b,
                               mlir::Value normalized, const Affine &affine,
                               mlir::Type input, mlir::Type compute);

} // namespace normc

#endif // NORMC_COMPILER_PASSES_NORM_ROUNDEDAFFINE_H
