//===- TensorOps.h - upstream ops on tensors as kernels ---------*- C++ -*-===//
//
// What norm-to-kernel makes of the ops around norms: elementwise arith and
// math, reshapes, broadcasts and constants.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_PASSES_NORM_TENSOROPS_H
#define NORMC_COMPILER_PASSES_NORM_TENSOROPS_H

#include "dialects/norm/Norm.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

namespace normc {

/// A tensor that repeats something smaller, which is no such tensor itself.
struct Broadcast {
  mlir::Value source;       ///< A tensor or a scalar; null for a constant.
  mlir::TypedAttr constant; ///< Of one element.
  /// The axes, rising, that `source` lacks: all of them for an element.
  llvm::SmallVector<int64_t> added;

  /// The map by which `source` is read where the tensor would be by `map`.
  norm::MapAttr narrow(norm::MapAttr map) const;
};

/// Lowers the tensor ops of one function. Broadcasts are not written anywhere:
/// kernels that read one read what it repeats, by a map that leaves the added
/// axes out; elementwise ops on nothing but broadcasts are computed before they
/// are repeated.
class TensorOpLowering {
public:
  /// Makes a kernel of an elementwise op (linear in the number of operands) or
  /// of a reshape, and notes a broadcast; other ops stay. In the order of their
  /// block. Fails, with a diagnostic, where extents of joined axes aren't told.
  mlir::LogicalResult lower(mlir::Operation *op);

  /// Takes broadcasts that a kernel reads into its maps and its body. Fails,
  /// with a diagnostic, where nothing else tells an extent.
  mlir::LogicalResult foldInto(norm::KernelOp kernel);

  /// Writes broadcasts that others than kernels read, and erases what nothing
  /// reads any more. Fails, with a diagnostic, for broadcasts of unknown size
  /// and constants of several values.
  mlir::LogicalResult finish(mlir::func::FuncOp func);

  unsigned numElementwise = 0, numReshapes = 0, numBroadcasts = 0;

private:
  void lowerElementwise(mlir::Operation *op);
  mlir::LogicalResult lowerReshape(mlir::Operation *op);
  bool noteBroadcast(mlir::Operation *op);
  Broadcast broadcastOf(mlir::Value value) const;
  mlir::LogicalResult writeOut(mlir::Value value);

  llvm::DenseMap<mlir::Value, Broadcast> broadcasts;
};

} // namespace normc

#endif // NORMC_COMPILER_PASSES_NORM_TENSOROPS_H
