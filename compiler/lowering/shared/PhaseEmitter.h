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
#include "compiler/lowering/shared/PhaseTraits.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

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

/// A sum of bf16 values, or of their squares, that dot products take.
struct Dot {
  mlir::Value value; ///< The bf16 value, or null: no dot product.
  bool isSquare = false;
};

/// Pieces that follow each other in memory, walked as one loop: a vector may
/// have lanes of two neighbours.
struct Pieces {
  int64_t dim = -1;   ///< Position of the dim that counts them, or -1.
  int64_t length = 0; ///< Points of one, at least a vector.
  mlir::Value total;  ///< Points of all, i64.
  /// What has one value for each piece.
  llvm::SetVector<mlir::Operation *> ops = {};
};

/// One phase being emitted.
struct PhaseLoops {
  norm::PhaseOp phase;
  mlir::IRMapping &outer;                ///< Values of the instance.
  llvm::SmallVector<unsigned> dims = {}; ///< Loop dims, outermost first.
  /// Dims that run together with the innermost as one loop: its coordinate
  /// counts the points of all.
  llvm::SmallVector<unsigned> merged = {};
  Pieces pieces = {};      ///< Counted by the outermost of these.
  bool alongLanes = false; ///< The innermost loop is the lane dim's.
  bool hasLanes = false;   ///< Contributions are vectors.
  llvm::SmallVector<Carry> carries = {}; ///< One per contribution.
  /// Products that only a sum uses: they become part of it.
  llvm::SmallVector<mlir::arith::MulFOp> products = {};
  /// What sums take by dot products.
  llvm::SmallVector<Dot> dots = {};
  /// Run for want of a better result: as little code as will do.
  bool isRare = false;
  /// The one condition, the same for the whole instance, without which nothing
  /// is contributed; or null.
  mlir::Value guard = {};
  /// A condition that holds wherever bodies are emitted: the guard, or that of
  /// a prefix; or null.
  mlir::Value assumed = {};
  /// Of dims that a prefix is shorter than: where their loops end, i64.
  llvm::DenseMap<unsigned, mlir::Value> ends =
      llvm::DenseMap<unsigned, mlir::Value>();
  /// Extent of the innermost loop, i64.
  mlir::Value extent = {};
  /// Stores that may go past the caches.
  llvm::SmallVector<norm::StoreOp> streamed = {};
  /// Loads whose operands are fetched for the instance ahead.
  llvm::SmallVector<norm::LoadOp> prefetched = {};
  /// The dim around the lanes', or the parallel one, of which several points
  /// are taken at a time, or -1; and how many they are where bodies are
  /// emitted.
  int64_t rowDim = -1, rows = 1;
  mlir::Value rowDistance = {}; ///< Between them, i64.
  /// Along these dims, bodies have in common what `emitShared` emits.
  llvm::ArrayRef<mlir::StringAttr> sharedAlong = {};

  /// `position` inside of the merged dims.
  Position enter(mlir::ImplicitLocOpBuilder &b, Position position) const;
  /// Whether the whole loop is one short tree.
  bool isOneBlock(const StageContext &context) const;
  bool takesDots(const StageContext &context);
  /// Bodies of one iteration: as many as make a tree of contributions; without
  /// any, a cache line of the narrowest result.
  int64_t unroll(const StageContext &context);
};

/// Sums over instances where one body adds to them: the value of each, by the
/// op that does.
using ColumnTotals = llvm::MapVector<mlir::Operation *, mlir::Value>;

/// Copies of a phase's body whose contributions make one block.
struct PhaseBodies {
  PhaseLoops &loops;
  Position position; ///< Of the last body that was emitted.
  int64_t count;
  mlir::Value mask; ///< Of the last body, a tail; or null.
  bool hasShared = false, hasPieces = false;
  llvm::SmallVector<mlir::IRMapping> copies = {};
  ColumnTotals *columns = nullptr; ///< Of the body at hand: not in memory.

  /// A store of `wide`, rounded.
  struct Store {
    norm::StoreOp op;
    Position position;
    mlir::Value wide;
  };
  llvm::SmallVector<Store> stores = {}; ///< That wait for those of all bodies.

  /// Where each body ends, if sums are to be taken there, or empty. A sum at
  /// the end of all keeps what it adds in registers meanwhile.
  llvm::SmallVector<mlir::Operation *> ends = {};

  /// Gives body `i` what it has in common with others.
  void share(int64_t i, const mlir::IRMapping &values) {
    for (auto [from, to] : values.getValueMap())
      copies[i].map(from, to);
  }
  /// The next body in order ends before the insertion point.
  void endBody(mlir::OpBuilder &b) {
    ends.push_back(&*std::prev(b.getInsertionPoint()));
  }
  /// Goes to where all is there that body `i`, and those before it, have.
  void goBehind(mlir::OpBuilder &b, size_t i) const {
    if (!ends.empty())
      b.setInsertionPointAfter(ends[i]);
  }
  /// What was made there is part of the body.
  void stay(mlir::OpBuilder &b, size_t i) {
    if (!ends.empty())
      ends[i] = &*std::prev(b.getInsertionPoint());
  }
  /// Whether products are left to the sums that they feed.
  bool fuses() const { return count > 1; }
  bool isTail(int64_t i) const { return mask && i == count - 1; }
};

/// Emits the blocks of a stage: phases and the ops between them.
class PhaseEmitter {
public:
  using Values = llvm::SmallVector<mlir::Value>;
  using LoopBody = llvm::function_ref<Values(mlir::Value, mlir::ValueRange)>;

  PhaseEmitter(const StageContext &context, mlir::ImplicitLocOpBuilder &b,
               LaneModel &lanes)
      : context(context), b(b), lanes(lanes) {}

  /// Emits the ops of `block`, which are phases and scalar ops.
  void emitBlock(mlir::Block &block, const Position &position,
                 mlir::IRMapping &values);
  void emitOp(mlir::Operation &op, const Position &position,
              mlir::IRMapping &values);

  // A phase in pieces, for who runs several together: `begin`, the `initial`
  // values of its contributions, bodies in any order, and `finish`.

  PhaseLoops begin(norm::PhaseOp phase, const Position &position,
                   mlir::IRMapping &values);
  Values initial(const PhaseLoops &loops);
  /// `position` with the choice between the caches and past them.
  Position chooseStreaming(PhaseLoops &loops, Position position);
  /// Of a phase over the lane dim, all that is left when the first `done`
  /// elements (whole blocks; of a streamed phase, after its head) have been
  /// dealt with.
  Values emitRest(PhaseLoops &loops, const Position &position, mlir::Value done,
                  mlir::ValueRange carried);
  /// Number of elements before the first address in a row that streams.
  mlir::Value headLength(PhaseLoops &loops, const Position &position);
  /// What `count` bodies from `at` on have in common for all instances.
  llvm::SmallVector<mlir::IRMapping> emitShared(PhaseLoops &loops,
                                                const Position &position,
                                                mlir::Value at, int64_t count);
  /// Bodies that share what `emitShared` emits; then each of them, and what the
  /// contributions of all come to.
  PhaseBodies beginBodies(PhaseLoops &loops, const Position &position,
                          int64_t count);
  void emitBody(PhaseBodies &bodies, int64_t i, mlir::Value at);
  /// What bodies have rounded for nothing but to be stored, rounded together:
  /// one test tells whether any of them needs care.
  void emitStores(PhaseBodies &bodies);
  /// The loads of a body, if they are to come before something else.
  void emitLoads(PhaseBodies &bodies, int64_t i, mlir::Value at);
  void emitRandom(PhaseBodies &bodies, mlir::Value at);
  Values addTotals(PhaseBodies &bodies, mlir::ValueRange carried);
  void finish(PhaseLoops &loops, const Position &position,
              mlir::ValueRange carried);
  /// All loops of a phase: what its contributions carry at the end.
  Values reduce(PhaseLoops &loops, const Position &position) {
    return emitLoops(loops, position, initial(loops));
  }
  /// How many points a phase visits, f64.
  mlir::Value countPoints(norm::PhaseOp phase);
  /// Where dot products, which take subnormals for zeros, can have changed a
  /// phase's results, as a condition of their shape; null without dot products.
  mlir::Value findSmall(norm::PhaseOp phase, llvm::ArrayRef<Dot> dots,
                        const mlir::IRMapping &values);
  /// The phase without dot products.
  void emitExactly(norm::PhaseOp phase, const Position &position,
                   mlir::IRMapping &values);

  Values forLoop(mlir::Value begin, mlir::Value end, int64_t step,
                 mlir::ValueRange carried, LoopBody body);

private:
  void mergeDims(PhaseLoops &loops);
  void emitPhase(norm::PhaseOp phase, const Position &position,
                 mlir::IRMapping &values);
  void limit(PhaseLoops &loops, const Prefix &prefix);
  void findProducts(PhaseLoops &loops);
  void redoSmall(PhaseLoops &loops, const Position &position);
  void emitGuarded(PhaseLoops &loops, const Position &position);
  Values emitLoops(PhaseLoops &loops, const Position &position,
                   mlir::ValueRange carried);
  Values emitNest(PhaseLoops &loops, unsigned depth, Position position,
                  mlir::ValueRange carried);
  mlir::Value elementsBefore(PhaseLoops &loops, norm::StoreOp store,
                             const Position &position);
  void emitRowBlocks(PhaseLoops &loops, unsigned depth, Position position);
  void emitRows(PhaseBodies &bodies, mlir::Value at);
  void emitStreamed(PhaseLoops &loops, const Position &position,
                    mlir::Value done);
  Values emitKnownRest(PhaseLoops &loops, const Position &position,
                       mlir::Value first, mlir::ValueRange carried);
  Values emitTail(PhaseLoops &loops, const Position &position, mlir::Value at,
                  mlir::ValueRange carried);
  bool arePiecesShared(const PhaseLoops &loops);
  void emitPieces(PhaseBodies &bodies, mlir::IRMapping &values, mlir::Value at);
  void emitPiece(PhaseBodies &bodies, mlir::IRMapping &values,
                 mlir::Value piece);
  void emitPrefetches(PhaseBodies &bodies, int64_t body, mlir::Value at);
  void aimAhead(PhaseLoops &loops, Position &position, mlir::Value at);
  mlir::Value withoutTail(PhaseBodies &bodies, int64_t i, mlir::Value value,
                          mlir::Value identity);
  mlir::Value sumOfDots(PhaseBodies &bodies, const Dot &dot);
  mlir::Value sumOfProducts(PhaseBodies &bodies, mlir::arith::MulFOp product,
                            size_t begin, size_t end);
  mlir::Value totalOf(PhaseBodies &bodies, unsigned contribution);
  /// `count` copies of the body, `step` apart, the last one under `tailMask` if
  /// there is one, and one block total of each contribution.
  Values emitBodies(PhaseLoops &loops, const Position &position, mlir::Value at,
                    int64_t count, int64_t step, mlir::Value tailMask,
                    mlir::ValueRange carried);

  const StageContext &context;
  mlir::ImplicitLocOpBuilder &b;
  LaneModel &lanes;
};

} // namespace normc

#endif // NORMC_COMPILER_LOWERING_SHARED_PHASEEMITTER_H
