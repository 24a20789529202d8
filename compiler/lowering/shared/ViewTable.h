//===- ViewTable.h - views as pointers, extents and strides -----*- C++ -*-===//
//
// Inside one lowered stage, every view of the program is a pointer with extents
// and strides as i64 values, and every size of the program is an i64.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_LOWERING_SHARED_VIEWTABLE_H
#define NORMC_COMPILER_LOWERING_SHARED_VIEWTABLE_H

#include "dialects/norm/Norm.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/DenseMap.h"

namespace normc {

/// An i64 constant at the builder's place.
mlir::Value makeI64(mlir::ImplicitLocOpBuilder &b, int64_t value);
/// a + b and a * b of i64 values, folding the trivial cases.
mlir::Value addI64(mlir::ImplicitLocOpBuilder &b, mlir::Value x, mlir::Value y);
mlir::Value mulI64(mlir::ImplicitLocOpBuilder &b, mlir::Value x, mlir::Value y);
/// The constant that a value is, if it is one.
std::optional<int64_t> constantOf(mlir::Value value);

/// One view in a lowered stage.
struct LoweredView {
  mlir::Value pointer;
  mlir::Type elementType;
  int64_t alignment;                      ///< Of the pointer, in bytes.
  llvm::SmallVector<mlir::Value> extents; ///< i64, per axis.
  llvm::SmallVector<mlir::Value> strides; ///< i64 in elements, per axis.
  /// Of local memory, the elements that one instance has; else 0.
  int64_t localElements = 0;
};

/// The views and sizes of a program, as values of one function.
class ViewTable {
public:
  /// `pointers` has one pointer per argument, `words` one i64 per word (see
  /// WordLayout), `scratch` the scratch buffer's pointer. Arguments are aligned
  /// to at least `minAlignment` bytes. Code goes to `b`, at the function's
  /// beginning; local memory is the stack's, as far as `stage` uses it.
  ViewTable(norm::StageOp stage, mlir::ImplicitLocOpBuilder &b,
            mlir::ValueRange pointers, mlir::ValueRange words,
            mlir::Value scratch, int64_t minAlignment = 1);

  const LoweredView &view(mlir::Value value) const {
    return views.find(value)->second;
  }
  /// The i64 value of an index value of the program.
  mlir::Value size(mlir::Value value) const { return sizes.lookup(value); }

private:
  void addArgument(mlir::BlockArgument argument, mlir::Value pointer,
                   mlir::ValueRange words);
  void addScratch(norm::ScratchOp op, norm::StageOp stage, mlir::Value &offset,
                  mlir::Value scratch);
  void addLocal(norm::ScratchOp op, norm::StageOp stage, LoweredView view);
  void addSize(mlir::Operation &op);

  mlir::ImplicitLocOpBuilder &b;
  int64_t minAlignment;
  llvm::DenseMap<mlir::Value, LoweredView> views;
  llvm::DenseMap<mlir::Value, mlir::Value> sizes;
};

/// Says, on the program, which view has elements that no lowering can move.
mlir::LogicalResult verifyElementTypes(norm::ProgramOp program);

/// Scratch views start at multiples of this many bytes.
inline constexpr int64_t kScratchAlignment = 64;

} // namespace normc

#endif // NORMC_COMPILER_LOWERING_SHARED_VIEWTABLE_H
