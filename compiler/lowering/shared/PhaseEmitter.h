//===- PhaseEmitter.h - phases as loops over widened bodies -----*- C++ -*-===//
//
// Turns the phases of an instance into loop nests, for every target. What
// differs between targets - how the lanes of a loop are dealt out, and how
// their results come together - is LaneModel's.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_LOWERING_SHARED_PHASEEMITTER_H
#define NORMC_COMPILER_LOWERING_SHARED_PHASEEMITTER_H

#include "compiler/lowering/shared/Accumulators.h"
#include "compiler/lowering/shared/BodyEmitter.h"

namespace normc {

/// How a target runs along the lane dim of a phase.
class LaneModel {
public:
  virtual ~LaneModel() = default;
  /// The first coordinate that this worker takes.
  virtual mlir::Value first(mlir::ImplicitLocOpBuilder &b) = 0;
  /// Whether several workers run along the lanes of one instance.
  virtual bool shares() const = 0;
  /// From one vector of this worker to its next, in elements.
  virtual int64_t step() = 0;
  /// What all lanes of all workers of the instance carry, combined: a scalar,
  /// known to all of them.
  virtual mlir::Value combineAll(mlir::ImplicitLocOpBuilder &b,
                                 const Carry &carry,
                                 mlir::ValueRange carried) = 0;
};

/// Emits the blocks of a stage: phases and the ops between them.
class PhaseEmitter {
public:
  PhaseEmitter(const StageContext &context, mlir::ImplicitLocOpBuilder &b,
               LaneModel &lanes)
      : context(context), b(b), lanes(lanes) {}

  /// Emits the ops of `block`, which are phases and scalar ops.
  void emitBlock(mlir::Block &block, const Position &position,
                 mlir::IRMapping &values);
  void emitPhase(norm::PhaseOp phase, const Position &position,
                 mlir::IRMapping &values);

private:
  struct Loops;
  using Values = llvm::SmallVector<mlir::Value>;
  using LoopBody = llvm::function_ref<Values(mlir::Value, mlir::ValueRange)>;

  Values forLoop(mlir::Value begin, mlir::Value end, int64_t step,
                 mlir::ValueRange carried, LoopBody body);
  Values emitGuarded(Loops &loops, const Position &position,
                     mlir::ValueRange carried);
  Values emitLoops(Loops &loops, const Position &position,
                   mlir::ValueRange carried);
  Values emitStreamed(Loops &loops, const Position &position);
  Values emitNest(Loops &loops, unsigned depth, Position position,
                  mlir::ValueRange carried);
  Values emitInnermost(Loops &loops, const Position &position,
                       mlir::ValueRange carried);
  mlir::Value emitHead(Loops &loops, const Position &position);
  Values emitTail(Loops &loops, const Position &position, mlir::Value at,
                  mlir::ValueRange carried);
  void emitPrefetches(Loops &loops, BodyEmitter &emitter, int64_t body);
  Values emitBodies(Loops &loops, const Position &position, mlir::Value at,
                    int64_t count, int64_t step, mlir::Value tailMask,
                    mlir::ValueRange carried);
  mlir::Value totalOf(Loops &loops, unsigned contribution,
                      llvm::MutableArrayRef<mlir::IRMapping> copies,
                      BodyEmitter &emitter, mlir::Value tailMask);

  const StageContext &context;
  mlir::ImplicitLocOpBuilder &b;
  LaneModel &lanes;
};

} // namespace normc

#endif // NORMC_COMPILER_LOWERING_SHARED_PHASEEMITTER_H
