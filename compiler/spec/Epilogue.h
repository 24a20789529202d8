//===- Epilogue.h - what is computed after a norm ---------------*- C++ -*-===//
//
// The kernels behind a spec's norm: a scale and shift of their own rounding,
// modulation, activation, gate and dropout, in this order, and the output's
// cast.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_SPEC_EPILOGUE_H
#define NORMC_COMPILER_SPEC_EPILOGUE_H

#include "compiler/spec/SpecFacts.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace normc {

/// y from what the norm wrote, `normalized`: itself where nothing is computed
/// after the norm.
mlir::Value buildEpilogue(const SpecFacts &facts, const SpecOperands &operands,
                          mlir::ImplicitLocOpBuilder &b,
                          mlir::Value normalized);

/// y2 from x-hat in x's type, where its scale and shift stand apart.
mlir::Value buildSecondAffine(const SpecFacts &facts,
                              const SpecOperands &operands,
                              mlir::ImplicitLocOpBuilder &b,
                              mlir::Value normalized);

} // namespace normc

#endif // NORMC_COMPILER_SPEC_EPILOGUE_H
