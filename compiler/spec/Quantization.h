//===- Quantization.h - 8-bit results and inputs as IR ----------*- C++ -*-===//
//
// What surrounds the norm of a spec whose x or y has 8 bits: a kernel that
// reads x by its scale, and one that takes y's scale and writes it. norm-fuse
// makes one kernel of them and the norm.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_SPEC_QUANTIZATION_H
#define NORMC_COMPILER_SPEC_QUANTIZATION_H

#include "normc/NormSpec.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace normc {

/// The most that a quantized type holds by default; 0 for other types.
double largestQuantized(DType type);

/// Fails, with a diagnostic at `loc`, where quantization or input scale are
/// wrong. The rest of the spec is taken to be right.
mlir::LogicalResult checkQuantization(const NormSpec &spec, mlir::Location loc);

/// The spec of the norm alone, between f32 tensors where its neighbours have 8
/// bits.
NormSpec withoutQuantization(const NormSpec &spec);

/// Puts what the checked `spec` says of x and y around `func`, the function of
/// withoutQuantization(spec): the arguments and results named x and y change
/// their types, and scales follow them.
void addQuantization(const NormSpec &spec, mlir::func::FuncOp func);

/// Emits the scale of y from the largest magnitude of its scope; f32.
mlir::Value buildScale(mlir::ImplicitLocOpBuilder &b, const Quantization &q,
                       mlir::Value largest);
/// Emits y * factor in 8 bits; both are f32.
mlir::Value buildQuantized(mlir::ImplicitLocOpBuilder &b, const Quantization &q,
                           mlir::Value y, mlir::Value factor);
/// Emits an f32 that is a power of two, NaN or 1 / such as E8M0, and back.
mlir::Value encodeE8M0(mlir::ImplicitLocOpBuilder &b, mlir::Value scale);
mlir::Value decodeE8M0(mlir::ImplicitLocOpBuilder &b, mlir::Value byte);

} // namespace normc

#endif // NORMC_COMPILER_SPEC_QUANTIZATION_H
