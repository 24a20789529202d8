//===- KernelMerger.h - two kernels as one ----------------------*- C++ -*-===//
//
// Writes what two kernels compute as one kernel over a common space. Whether
// that is worth it is for others to say.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_PASSES_NORM_KERNELMERGER_H
#define NORMC_COMPILER_PASSES_NORM_KERNELMERGER_H

#include "compiler/passes/norm/DimUnifier.h"
#include "dialects/norm/Norm.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/SetVector.h"

#include <string>

namespace normc {

/// Merges two kernels of one block, of which the second may read results of the
/// first, and not the other way round.
class KernelMerger {
public:
  KernelMerger(norm::KernelOp first, norm::KernelOp second);

  /// The merged kernel, in front of the second; the two stay as they are. It
  /// yields what anything but the two reads. Null, with the reason, where they
  /// have no common space. With `siblings`, all of the space must be common.
  norm::KernelOp build(bool siblings);
  /// Why there is none: "expected ..., but got ...".
  llvm::StringRef getReason() const { return reason; }

  /// The merged kernel takes the place of the two, which are erased. Readers of
  /// the first that stand before the second now stand before what they read.
  void commit();

private:
  /// What one of the two kernels has a part in.
  struct Side {
    norm::KernelOp kernel;
    llvm::SmallVector<unsigned> results;    ///< That others read.
    llvm::SmallVector<mlir::Value> wanted;  ///< Of its body.
    llvm::SetVector<mlir::Operation *> ops; ///< Behind those.
    mlir::IRMapping mapping; ///< From its values to those of the merged one.
  };

  bool unifyDims(bool siblings);
  void selectResults();
  void selectOps();
  bool isRead(const Side &side, mlir::BlockArgument argument) const;
  /// What the first kernel yields where the second one reads; null for what
  /// the second reads from elsewhere.
  mlir::Value yieldedTo(mlir::BlockArgument argument);
  norm::MapAttr mapOf(unsigned side, norm::MapAttr map) const;
  norm::KernelOp createKernel();
  mlir::Value addOperand(unsigned side, unsigned number);
  void addOperands();
  void addExtents();
  bool fillBody();
  void readFirst();
  void dropUnusedDims();
  bool cloneOp(Side &side, const DimParts &parts, mlir::Operation &op);
  mlir::Operation *findEqual(mlir::Operation *op) const;
  /// A norm.index or norm.extent of the merged body, once per dim.
  template <typename Query> mlir::Value query(mlir::StringAttr dim) {
    for (Query known : merged.getBlock()->getOps<Query>())
      if (known.getDimAttr() == dim)
        return known;
    return Query::create(b, dim);
  }
  mlir::Value linearize(norm::DimsAttr parts);
  mlir::Value multiplyExtents(norm::DimsAttr parts);

  Side sides[2];
  mlir::ImplicitLocOpBuilder b;
  UnifiedDims dims;
  norm::KernelOp merged;
  /// The results that the merged kernel has, in their order.
  llvm::SmallVector<mlir::Value> replaced;
  std::string reason;
};

} // namespace normc

#endif // NORMC_COMPILER_PASSES_NORM_KERNELMERGER_H
