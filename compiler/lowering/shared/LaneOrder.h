//===- LaneOrder.h - which lane has which element ---------------*- C++ -*-===//
//
// A vector of 32 f32 values is two registers, and 32 bf16 values are one. In
// the order of memory, widening takes two permutations of words. With all even
// elements in the first register, and the odd ones in the second, it takes a
// shift and a mask; what is narrowed goes through one permutation. LayerNorm of
// bf16 and 1024 takes 13 cycles for 32 values that way, in the caches, and 14
// in the order of memory; its backward pass 24 and 31.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_LOWERING_SHARED_LANEORDER_H
#define NORMC_COMPILER_LOWERING_SHARED_LANEORDER_H

#include "compiler/lowering/shared/Instructions.h"

#include "dialects/norm/Norm.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/DenseSet.h"

namespace normc {

/// The order of the lanes of one stage's vectors: that of memory, or "split",
/// the even elements before the odd ones. Vectors of 16-bit values are always
/// as in memory; what is computed lane by lane, or summed over lanes, is the
/// same either way, but for the mask of a tail. Scratch that only split stages
/// know is split in memory too, in blocks of a vector. An immutable value.
class LaneOrder {
public:
  /// That of memory.
  LaneOrder() = default;
  LaneOrder(norm::StageOp stage, Instructions instructions);

  bool isSplit() const { return splits; }
  /// Whether vectors of `view` in memory have another order than in registers.
  bool reorders(mlir::Value view) const;

  // Of vectors of a split stage:

  /// From the order of memory, and back to it.
  mlir::Value split(mlir::ImplicitLocOpBuilder &b, mlir::Value vector) const;
  mlir::Value join(mlir::ImplicitLocOpBuilder &b, mlir::Value vector) const;
  /// The mask of lanes of memory for vectors of `element`, of any stage.
  mlir::Value maskFor(mlir::Type element, mlir::ImplicitLocOpBuilder &b,
                      mlir::Value mask) const;
  /// bf16 as in memory -> split f32, and back, rounded.
  mlir::Value widen(mlir::ImplicitLocOpBuilder &b, mlir::Value narrow) const;
  mlir::Value narrow(mlir::ImplicitLocOpBuilder &b, mlir::Value wide) const {
    return asInMemory(b, round(b, wide));
  }

  // `narrow` in two steps, of any stage:
  mlir::Value round(mlir::ImplicitLocOpBuilder &b, mlir::Value wide) const;
  mlir::Value asInMemory(mlir::ImplicitLocOpBuilder &b,
                         mlir::Value rounded) const;

private:
  bool splits = false;
  llvm::DenseSet<mlir::Value> views; ///< Split in memory.
};

} // namespace normc

#endif // NORMC_COMPILER_LOWERING_SHARED_LANEORDER_H
