//===- ScalarOps.h - evaluation of scalar arith and math ops ----*- C++ -*-===//
//
// What one scalar op of a phase body computes, exactly in the op's type. An op
// becomes a function that runs over a batch of lanes, so that the dispatch is
// paid once per batch and not once per point.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_INTERPRETER_SCALAROPS_H
#define NORMC_TESTS_INTERPRETER_SCALAROPS_H

#include "tests/interpreter/Scalars.h"

#include "mlir/IR/Operation.h"
#include "llvm/Support/Error.h"

namespace normc::interpreter {

/// What a ScalarKernel reads and writes: `lanes` values of each operand.
struct LaneArgs {
  Slot *out = nullptr;
  const Slot *operands[3] = {};
  unsigned lanes = 0;
  /// The type of the last operand, and of the result.
  ScalarType from, to;
  /// Of arith.cmpi, or of arith.cmpf as a set of relations.
  unsigned predicate = 0;
  /// Set where an op has no result: a division by zero.
  const char **fault = nullptr;
};
using ScalarKernel = void (*)(const LaneArgs &);

/// An op, made ready to run.
struct ScalarOp {
  ScalarKernel kernel = nullptr;
  ScalarType from, to;
  unsigned predicate = 0;
};

/// Finds the kernel of a scalar op that is not a constant. The error names the
/// op or the type that is not supported.
llvm::Expected<ScalarOp> compileScalarOp(mlir::Operation *op);

/// The value of an arith.constant.
llvm::Expected<Slot> getConstant(mlir::Operation *op);

} // namespace normc::interpreter

#endif // NORMC_TESTS_INTERPRETER_SCALAROPS_H
