//===- Instances.h - from an instance's number to coordinates ---*- C++ -*-===//
//
// The parallel dims of a stage as one row of numbered instances, the same on
// every target.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_LOWERING_SHARED_INSTANCES_H
#define NORMC_COMPILER_LOWERING_SHARED_INSTANCES_H

#include "compiler/lowering/shared/BodyEmitter.h"

namespace normc {

/// The instances of a stage in row-major order of its parallel dims; along a
/// parallel lane dim, an instance is a block of `width` points.
class Instances {
public:
  Instances(const StageContext &context, mlir::ImplicitLocOpBuilder &b);

  /// Number of instances, i64.
  mlir::Value count() const { return total; }
  /// Blocks of lanes, one instance each, that lie side by side; 1 where the
  /// lanes belong to one instance.
  mlir::Value laneBlocks(mlir::ImplicitLocOpBuilder &b) const {
    return parallelLanes ? extents.back() : makeI64(b, 1);
  }
  /// True if the lane dim is parallel.
  bool lanesAreParallel() const { return parallelLanes; }
  /// The position of instance `number`, without a mask.
  Position locate(mlir::ImplicitLocOpBuilder &b, mlir::Value number) const;

private:
  const StageContext &context;
  llvm::SmallVector<unsigned> dims;       ///< The parallel dims, in order.
  llvm::SmallVector<mlir::Value> extents; ///< Their extents, in instances.
  mlir::Value total;
  bool parallelLanes = false;
};

} // namespace normc

#endif // NORMC_COMPILER_LOWERING_SHARED_INSTANCES_H
