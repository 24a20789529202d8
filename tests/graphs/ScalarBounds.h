//===- ScalarBounds.h - arith and math on bounded values --------*- C++ -*-===//
//
// What one arith or math operation gives, written from the operations' meaning
// and from the error bounds that the compiler states for functions.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_GRAPHS_SCALARBOUNDS_H
#define NORMC_TESTS_GRAPHS_SCALARBOUNDS_H

#include "tests/graphs/Bounded.h"

#include "mlir/IR/Operation.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <functional>
#include <optional>

namespace normc::graphs {

/// The float type of the type, or of a tensor's elements; nothing for others.
std::optional<DType> floatTypeOf(mlir::Type type);

/// From the operands of an operation to its result.
using ScalarFunction = std::function<Bounded(llvm::ArrayRef<Bounded>)>;

/// The function of an operation on scalars, or on tensors, element by element.
/// Arithmetic rounds once (narrow types are computed in f32 and rounded again),
/// functions are within the bounds of norm-expand-math. The error names an
/// operation that is not known.
llvm::Expected<ScalarFunction> scalarFunction(mlir::Operation &op);

/// `a * b` and `a + b` as operations on `type`, for norms that round in
/// between.
Bounded multiply(DType type, const Bounded &a, const Bounded &b);
Bounded add(DType type, const Bounded &a, const Bounded &b);

} // namespace normc::graphs

#endif // NORMC_TESTS_GRAPHS_SCALARBOUNDS_H
