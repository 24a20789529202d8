//===- RowPipeline.h - rows written while the next are read -----*- C++ -*-===//
//
// Runs the last phase of some instances side by side with the first phase of
// the next ones. A row that is read and then written keeps memory half idle;
// four rows in turn, a few vectors of each at a time, keep it busy both ways.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_LOWERING_CPU_ROWPIPELINE_H
#define NORMC_COMPILER_LOWERING_CPU_ROWPIPELINE_H

#include "compiler/lowering/cpu/SharedTable.h"
#include "compiler/lowering/shared/Instances.h"
#include "compiler/lowering/shared/PhaseEmitter.h"

namespace normc {

/// Emits a range of instances of one stage. The instance's ops are cut in three
/// sections: what precedes the first phase ("prepare"), that phase and what
/// follows ("reduce"), and the last phase and what follows it ("write"). What
/// one section leaves for another is kept per row in memory.
///
///     cur = no rows
///     for blocks of up to `rows` instances, next, and once more without any:
///       prepare(next)
///       if both blocks are whole:
///         for vectors of the row, for rows - or, of short rows, the other way:
///           first phase (next row), last phase (cur row)
///           (each row some vectors behind the one before, if it adds to sums
///           over rows, which are read and written again for each)
///       write(cur), whatever is left of it
///       reduce(next), whatever is left of it
///       cur = next
class RowPipeline {
public:
  /// Whether the stage's schedule asks for it and its phases allow it.
  static bool isPossible(norm::StageOp stage, const StageContext &context);

  /// `outside` has the values of the chunk, `chunk` its number or null.
  RowPipeline(norm::StageOp stage, const StageContext &context,
              mlir::ImplicitLocOpBuilder &b, PhaseEmitter &emitter,
              const Instances &instances, const mlir::IRMapping &outside,
              mlir::Value chunk);

  /// Emits the instances from `begin` to `end` (i64).
  void emit(mlir::Value begin, mlir::Value end);

private:
  using Ops = llvm::SmallVector<mlir::Operation *>;
  using Values = llvm::SmallVector<mlir::Value>;

  /// Memory for one value of each row.
  struct Slots {
    mlir::Value base;
    mlir::Type type;
  };

  llvm::ArrayRef<mlir::StringAttr> parallelDims() {
    return stage.getSchedule().getParallel().getNames();
  }
  Position locate(mlir::Value number);
  void setStreaming(Position &position) const;
  llvm::SmallVector<Streamed, 2> chooseStreamedFirst();
  mlir::Value countFrom(mlir::Value number, int64_t count);
  mlir::Value slotAddress(const Slots &slots, mlir::Value number);
  Slots allocate(mlir::Type type);
  Slots &slotsOf(mlir::Value value);
  mlir::IRMapping valuesFor(llvm::ArrayRef<mlir::Operation *> ops,
                            mlir::Value number);
  void keep(llvm::ArrayRef<mlir::Operation *> ops, mlir::IRMapping &values,
            mlir::Value number);
  Values loadCarries(mlir::Value number);
  void storeCarries(mlir::ValueRange carried, mlir::Value number);

  void prepare(mlir::Value number);
  void reduce(mlir::Value number, mlir::Value done);
  void write(mlir::Value number, mlir::Value done);
  struct Side;
  template <typename F> void forEachTotal(Side &side, int64_t i, F visit);
  Side beginSide(norm::PhaseOp phase, mlir::Value place, Position position);
  llvm::SmallVector<mlir::IRMapping> emitShared(Side &side, int64_t i,
                                                int64_t count);
  bool isColumn(norm::AccumulateOp op);
  bool sumsColumns();
  int64_t findShift(int64_t step);
  struct Pair;
  Values emitVectors(Pair &pair, Side &read, Side &write, mlir::Value ahead,
                     mlir::ValueRange carries);
  /// A part of a row. What is written lies `head` elements behind what is read.
  struct Segment {
    mlir::Value begin, end, head;
  };
  Segment findWhole();
  bool takesWholeRows();
  int64_t countShortRows();
  bool hasTables();
  mlir::Value countBlock(mlir::Value end);
  void makeTables(Segment whole, mlir::Value end);
  void emitMerged(Segment whole, mlir::Value cur, mlir::Value next);
  void emitRows(Segment whole, mlir::Value cur, mlir::Value next);
  /// A place in the row that is `rows` on from the one that is read; in that
  /// one itself where `rows` is null.
  struct Aim {
    mlir::Value place, rows;
  };
  Aim aimAt(mlir::Value place, mlir::Value rowsOn);
  void announce(Pair &pair, mlir::Value reading, Aim aim);
  std::pair<mlir::Value, mlir::Value> goAround(mlir::Value place, int64_t bytes,
                                               mlir::Value end);
  Aim aimAhead(mlir::Value place, mlir::Value end);
  bool takesPlacesApart();
  void emitBlock(Segment whole, mlir::Value at, int64_t shift, mlir::Value cur,
                 mlir::Value next);
  void forEach(mlir::Value begin, mlir::Value end,
               llvm::function_ref<void(mlir::Value)> body);

  norm::StageOp stage;
  const StageContext &context;
  mlir::ImplicitLocOpBuilder &b;
  PhaseEmitter &emitter;
  const Instances &instances;
  const mlir::IRMapping &outside;
  mlir::Value chunk;

  Stack stack;

  norm::PhaseOp last, first;
  /// The sections; `reduced` begins with the first phase, `written` with the
  /// last.
  Ops prepared, reduced, written;
  llvm::SmallVector<norm::LoadOp> announced; ///< Reads that are fetched early.
  int64_t rows;       ///< Of a block, at most; a power of two.
  mlir::Value block;  ///< Rows of a block.
  mlir::Value extent; ///< Points of a row, i64.
  mlir::Value begin;  ///< The first instance of the range.
  /// As in Position: what goes past the caches, and when; of the last phase,
  /// and of whole vectors of the first.
  llvm::SmallVector<Streamed, 2> streamed, streamedFirst;
  llvm::DenseMap<mlir::Value, Slots> kept;
  llvm::SmallVector<Slots> carried; ///< Of the first phase.
  /// Of the first phase and of the last, where rows are taken whole, one after
  /// the other.
  std::optional<std::pair<SharedTable, SharedTable>> tables;
};

} // namespace normc

#endif // NORMC_COMPILER_LOWERING_CPU_ROWPIPELINE_H
