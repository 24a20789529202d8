//===- Activations.h - activations, gates and dropout in scalars -*- C++
//-*-===//
//
// What may stand before a norm as well as after it, in the kernels around it.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_SPEC_ACTIVATIONS_H
#define NORMC_COMPILER_SPEC_ACTIVATIONS_H

#include "compiler/spec/PointwiseKernel.h"

namespace normc {

/// The formula of `activation`, of a value in the compute type.
mlir::Value buildActivation(PointwiseKernel &kernel, Activation activation,
                            mlir::Value value);

/// value act(z); the spec has a gate.
mlir::Value buildGate(PointwiseKernel &kernel, const Gate &gate,
                      const SpecOperands &operands, mlir::Value value);

/// The value divided by 1 - p, or 0 where it is dropped.
mlir::Value buildDropout(PointwiseKernel &kernel, const Dropout &dropout,
                         const SpecOperands &operands, mlir::Value value);

} // namespace normc

#endif // NORMC_COMPILER_SPEC_ACTIVATIONS_H
