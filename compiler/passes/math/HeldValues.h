//===- HeldValues.h - wide values that a narrow type holds ------*- C++ -*-===//
//
// What is known of the values of an expression from how they were made: where a
// rounding to a narrow float type changes nothing, or meets no subnormal.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_PASSES_MATH_HELDVALUES_H
#define NORMC_COMPILER_PASSES_MATH_HELDVALUES_H

#include "mlir/IR/Value.h"

#include <optional>

namespace normc {

/// The number that every element of a float value is, where it is a constant,
/// perhaps extended, and made a vector of.
std::optional<double> findNumber(mlir::Value value);

/// Whether every element of `wide` is a value of the float type `narrow`: it
/// was extended from there, of bf16 perhaps by a shift or a mask of bits, and
/// since then at most changed its sign; or is one of several such values, or a
/// number of that type. (A signaling NaN may become quiet where it is rounded,
/// and not where it is left as it is.)
bool isHeldBy(mlir::Value wide, mlir::Type narrow);

/// Whether no element of `wide`, of f32, is subnormal: it is the sum of a value
/// that bf16 holds and a constant of at least 2^-100, which is 0 or not smaller
/// than the constant's last place.
bool isNeverSubnormal(mlir::Value wide);

} // namespace normc

#endif // NORMC_COMPILER_PASSES_MATH_HELDVALUES_H
