//===- PhaseTraits.h - what can be made of a phase --------------*- C++ -*-===//
//
// What the lowering reads off a phase before it emits it: products that become
// part of a sum, a store that may go past the caches, and a condition without
// which the phase does nothing.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_LOWERING_SHARED_PHASETRAITS_H
#define NORMC_COMPILER_LOWERING_SHARED_PHASETRAITS_H

#include "compiler/lowering/shared/BodyEmitter.h"
#include "compiler/lowering/shared/ElementTypes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace normc {

/// The product that contribution `i` is, if a fused multiply-add may take it.
mlir::arith::MulFOp getProduct(norm::ContributeOp contribute, unsigned i);

/// The bf16 value whose square `product` is, in f32; or null.
mlir::Value getBF16Square(mlir::arith::MulFOp product);

/// The bf16 value that contribution `i` is, in f64, to a sum; or null.
mlir::Value getBF16Term(norm::ContributeOp contribute, unsigned i);

/// True for an f64 that is an f32 or something narrower: sums of such values
/// have bits to spare.
bool isWidened(mlir::Value value);

/// The f32 value that an f64 one is, where that holds a number of 16 bits: a
/// few of them add up in f32 without loss. Else null, as for what an instance
/// knows before the phase: a phase gets of that only what it names.
mlir::Value getNarrow(mlir::Value value);

/// True for an op of a phase whose value is the same all along `dims`: it loads
/// what the phase doesn't write, and its address says nothing of them.
bool isShared(mlir::Operation &op, llvm::ArrayRef<mlir::StringAttr> dims);

/// The outermost dim of a phase if its points may be taken several at a time:
/// the phase is elementwise, and loads vectors that are shared along it. Else
/// -1.
int64_t findRowDim(norm::PhaseOp phase, llvm::ArrayRef<unsigned> dims,
                   const StageContext &context);

/// True if a whole vector of a store streams in every row, of the dims `row`,
/// or in none: rows are multiples of a vector apart.
bool rowsAreAligned(norm::StoreOp store, llvm::ArrayRef<mlir::StringAttr> row,
                    const StageContext &context);

/// True for a phase over the lane dim alone.
bool runsAlongLanes(norm::PhaseOp phase, const StageContext &context);

/// The stores of results whose vectors are whole and side by side, those of the
/// widest elements first; none where the schedule wants none past the caches.
llvm::SmallVector<norm::StoreOp> findStreamed(norm::PhaseOp phase,
                                              const StageContext &context);

/// The condition under which a phase has an effect: the one without which every
/// contribution is its identity, if it is known before the phase; or null.
mlir::Value findGuard(norm::PhaseOp phase);

/// The first points along some dims, if a phase has an effect on them alone:
/// every contribution is its identity where `condition` is false, which is so
/// from a dim's `count` on.
struct Prefix {
  mlir::Value condition;
  llvm::SmallVector<std::pair<unsigned, int64_t>> counts; ///< (dim, count).
};
std::optional<Prefix> findPrefix(norm::PhaseOp phase,
                                 const StageContext &context);

/// True for the last phase of an instance that has no guard: those run seldom.
bool isLast(norm::PhaseOp phase);

/// True if the points of some dims, the innermost last, follow each other in
/// what a load reads.
bool followEachOther(norm::LoadOp load, llvm::ArrayRef<mlir::StringAttr> names,
                     const StageContext &context);

/// How many of a phase's dims, besides the innermost, run together with it as
/// one loop: every access of the phase has all or none of them, and has their
/// points one after the other.
unsigned countMergedDims(norm::PhaseOp phase, const StageContext &context);

/// True if the points of the innermost dim and those merged with it are a
/// piece, and the next dim counts pieces that follow each other in every access
/// along the lanes, while other loads may have a value for each piece: the
/// phase then walks all of them as one loop. Where rows go together, or where
/// it pays.
bool arePieces(norm::PhaseOp phase, const StageContext &context);

/// True for a phase that is one loop along the lanes, pieces included.
bool isRun(norm::PhaseOp phase, const StageContext &context);

/// True for memory that each instance has for itself.
bool isLocal(mlir::Value view);

/// How many instances of a stage may be at work at once, as far as their local
/// memory goes.
int64_t countLocalPlaces(norm::StageOp stage);

/// True if some instances of a stage may be emitted together: a row of pieces
/// each, which is all that they are, and the same values for the pieces.
bool shareInstancesPieces(norm::StageOp stage, const StageContext &context);

} // namespace normc

#endif // NORMC_COMPILER_LOWERING_SHARED_PHASETRAITS_H
