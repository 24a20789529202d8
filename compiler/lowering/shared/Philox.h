//===- Philox.h - Philox4x32-10 as integer code -----------------*- C++ -*-===//
//
// What `norm.philox` becomes, for every target: rounds of 32-bit
// multiplications in 64-bit lanes, which vector units have.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_LOWERING_SHARED_PHILOX_H
#define NORMC_COMPILER_LOWERING_SHARED_PHILOX_H

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/SmallVector.h"

namespace normc {

/// The two key words of every round, in the lower halves of i64 or of vectors
/// of them; what is above is undefined.
using PhiloxKeys = llvm::SmallVector<mlir::Value, 20>;

/// The keys of a seed (i64, or `shape`) for blocks of `shape`, i64 or a vector
/// of i64. Apart, so that those of one seed are made before a loop.
PhiloxKeys emitPhiloxKeys(mlir::ImplicitLocOpBuilder &b, mlir::Value seed,
                          mlir::Type shape);

/// The word of each index: i32, or a vector of them. `offset` and `index` are
/// i64, or vectors of i64 of one shape, and so is `seed`, or else i64. Every
/// lane computes a block of four words and keeps one.
mlir::Value emitPhiloxWords(mlir::ImplicitLocOpBuilder &b, mlir::Value seed,
                            mlir::Value offset, mlir::Value index);

/// The words of indexes one after the other from `first` on, a multiple of 4,
/// four for each lane of the keys, as a vector of i32. `offset` and `first` are
/// i64.
mlir::Value emitPhiloxRun(mlir::ImplicitLocOpBuilder &b, const PhiloxKeys &keys,
                          mlir::Value offset, mlir::Value first);

} // namespace normc

#endif // NORMC_COMPILER_LOWERING_SHARED_PHILOX_H
