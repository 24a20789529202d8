//===- ProgramBuilder.h - a norm.program under construction -----*- C++ -*-===//
//
// Views, extents and scratch of a program that is being made from a function
// of kernels: what the slicing of each kernel needs of the whole.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_PHASES_PROGRAMBUILDER_H
#define NORMC_COMPILER_PHASES_PROGRAMBUILDER_H

#include "dialects/norm/Norm.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"

namespace normc {

/// Keeps the view of every tensor, and the extents of every view, as values or
/// constants at the level of the program.
class ProgramBuilder {
public:
  ProgramBuilder(norm::ProgramOp program);

  norm::ProgramOp program() { return op; }
  /// Inserts at the end of the program's body.
  mlir::OpBuilder &builder() { return b; }

  /// The view that stands for a tensor of the function.
  mlir::Value viewOf(mlir::Value tensor) const { return views.lookup(tensor); }
  void setView(mlir::Value tensor, mlir::Value view) { views[tensor] = view; }

  /// The extent of an axis of a view: a constant, or an index value.
  mlir::OpFoldResult extentOf(mlir::Value view, unsigned axis);
  /// Says what the extents of a view are, other than by its own sizes.
  void setExtents(mlir::Value view, llvm::ArrayRef<mlir::OpFoldResult> sizes) {
    extents[view] = llvm::SmallVector<mlir::OpFoldResult>(sizes);
  }
  /// Says that an axis of a view has the extent of another one's.
  void setSameExtent(mlir::Value view, unsigned axis, mlir::Value other,
                     unsigned otherAxis) {
    sameExtents[{view, axis}] = {other, otherAxis};
  }
  /// New scratch of these extents.
  mlir::Value makeScratch(mlir::Location loc,
                          llvm::ArrayRef<mlir::OpFoldResult> extents,
                          mlir::Type elementType);
  /// New scratch of constant extents `own` for each of the points that `shared`
  /// counts, `places` of them at a time.
  mlir::Value makeLocal(mlir::Location loc,
                        llvm::ArrayRef<mlir::OpFoldResult> shared,
                        llvm::ArrayRef<mlir::OpFoldResult> own,
                        mlir::Type elementType, int64_t places);

  mlir::OpFoldResult multiply(mlir::Location loc, mlir::OpFoldResult a,
                              mlir::OpFoldResult b);
  mlir::OpFoldResult divide(mlir::Location loc, mlir::OpFoldResult a,
                            mlir::OpFoldResult b, bool roundUp = false);

private:
  mlir::Value materialize(mlir::Location loc, mlir::OpFoldResult size);

  norm::ProgramOp op;
  mlir::OpBuilder b;
  llvm::DenseMap<mlir::Value, mlir::Value> views;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<mlir::OpFoldResult>> extents;
  llvm::DenseMap<std::pair<mlir::Value, unsigned>,
                 std::pair<mlir::Value, unsigned>>
      sameExtents;
};

} // namespace normc

#endif // NORMC_COMPILER_PHASES_PROGRAMBUILDER_H
