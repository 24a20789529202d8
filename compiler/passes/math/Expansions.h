//===- Expansions.h - math functions as straight-line code ------*- C++ -*-===//
//
// One function per math op that norm-expand-math replaces. All take and return
// values of the builder's type (f32 or f64, scalar or vector), have no branch
// and no call, and keep subnormals, infinities, NaN and signed zeros right.
// The error bounds, in ulp of the result, hold with and without fma; the
// description of the pass lists them, tests/unit/passes/ExpandTest.cpp
// measures them.
//
// Coefficients are minimax in the named relative error, found by the Remez
// exchange in 50 digits; the low ones were rounded to the format first and the
// others fitted again, and the error stated is that after rounding.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_PASSES_MATH_EXPANSIONS_H
#define NORMC_COMPILER_PASSES_MATH_EXPANSIONS_H

#include "compiler/passes/math/FloatBuilder.h"

namespace normc {

mlir::Value expandExp(FloatBuilder &f, mlir::Value x);
mlir::Value expandExp2(FloatBuilder &f, mlir::Value x);
mlir::Value expandExpM1(FloatBuilder &f, mlir::Value x);
mlir::Value expandTanh(FloatBuilder &f, mlir::Value x);
mlir::Value expandLog(FloatBuilder &f, mlir::Value x);
mlir::Value expandLog1p(FloatBuilder &f, mlir::Value x);
mlir::Value expandErf(FloatBuilder &f, mlir::Value x);
mlir::Value expandPow(FloatBuilder &f, mlir::Value x, mlir::Value y);
mlir::Value expandRsqrt(FloatBuilder &f, mlir::Value x);
mlir::Value expandFma(FloatBuilder &f, mlir::Value x, mlir::Value y,
                      mlir::Value z);

// Of f32, where `f.canLookUp()`: less than half of the general ones' code,
// which take them there.
mlir::Value erfByPieces(FloatBuilder &f, mlir::Value x);
mlir::Value tanhByPieces(FloatBuilder &f, mlir::Value x);

// Of bf16 values as f32: what rounds to the bf16 that is nearest to the exact
// value, for each of the 65536 arguments, and has a NaN for a NaN. Null where
// the builder has not the instructions for it, or too few lanes.
mlir::Value erfToBF16(FloatBuilder &f, mlir::Value x);
mlir::Value expToBF16(FloatBuilder &f, mlir::Value x);
mlir::Value tanhToBF16(FloatBuilder &f, mlir::Value x);

// Parts that several functions share.

/// e^(x + tail), with |tail| of the order of ulp(x); `tail` may be null.
mlir::Value expWithTail(FloatBuilder &f, mlir::Value x, mlir::Value tail);

/// x = 2^exponent * (1 + fraction) for positive finite x, subnormals included,
/// with 1 + fraction in [sqrt(1/2), sqrt(2)); `exponent` is a float.
struct SplitFloat {
  mlir::Value exponent, fraction;
};
SplitFloat splitAtSqrt2(FloatBuilder &f, mlir::Value x);

/// ln(2) as a sum: `hi` has so few bits that its products with exponents are
/// exact.
struct SplitLn2 {
  double hi, lo;
};
SplitLn2 ln2(const FloatBuilder &f);

} // namespace normc

#endif // NORMC_COMPILER_PASSES_MATH_EXPANSIONS_H
