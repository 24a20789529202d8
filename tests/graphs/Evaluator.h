//===- Evaluator.h - what a function on tensors means -----------*- C++ -*-===//
//
// Evaluates a function of tensor operations one operation after the other, each
// element by itself: the meaning of the IR before anything is fused, with the
// range in which a correct compiler's results lie. It knows the dialects, and
// shares no code with the compiler or with the interpreter of the phase form.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_GRAPHS_EVALUATOR_H
#define NORMC_TESTS_GRAPHS_EVALUATOR_H

#include "tests/graphs/Bounded.h"

#include "dialects/norm/Norm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace normc::graphs {

/// A row-major tensor.
struct BoundedTensor {
  std::vector<int64_t> shape = {};
  std::vector<Bounded> values = {};
  /// The fewest bits of significand of all types that it was computed from. A
  /// rounding that may go either way widens by a unit of such a type.
  int precision = 64;
};

/// The results of `function` for these arguments, in order. `function` holds
/// elementwise arith and math operations on tensors of one shape, constants,
/// broadcasts, reshapes, norm.normalize and norm.kernel. The error names an
/// operation that the evaluator doesn't know, or shapes that disagree.
llvm::Expected<std::vector<BoundedTensor>>
evaluate(mlir::func::FuncOp function,
         const std::vector<BoundedTensor> &arguments);

/// The results of one norm.kernel for its operands; those that are scalars have
/// the shape {}.
llvm::Expected<std::vector<BoundedTensor>>
evaluateKernel(norm::KernelOp kernel,
               const std::vector<const BoundedTensor *> &operands);

/// The results of one norm.normalize for its operands.
std::vector<BoundedTensor>
evaluateNormalize(norm::NormalizeOp op,
                  const std::vector<const BoundedTensor *> &operands);

/// The result of an operation that computes nothing: a constant, a broadcast, a
/// reshape, an extent; nothing for other operations. The error says what is
/// wrong with it.
std::optional<llvm::Expected<BoundedTensor>>
evaluateTensorOp(mlir::Operation &op,
                 const std::vector<const BoundedTensor *> &operands);

/// A scalar constant, or a splat of known shape.
llvm::Expected<BoundedTensor> evaluateConstant(mlir::arith::ConstantOp op);

/// The number of elements of a shape.
int64_t countElements(const std::vector<int64_t> &shape);

} // namespace normc::graphs

#endif // NORMC_TESTS_GRAPHS_EVALUATOR_H
