//===- StageSlicer.h - builds one stage of the phase form -------*- C++ -*-===//
//
// P1 to P3 of the design: a stage of a kernel's plan gets one phase per (number
// of collectives waited for, dims), with everything uniform over an instance
// computed between the phases. Private to this folder.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_PHASES_STAGESLICER_H
#define NORMC_COMPILER_PHASES_STAGESLICER_H

#include "compiler/analysis/KernelStructure.h"
#include "compiler/phases/ProgramBuilder.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace normc {

/// What a kernel's stages share: extents, and where results wait in scratch.
struct KernelContext {
  KernelContext(norm::KernelOp kernel, ProgramBuilder &program)
      : structure(kernel), program(program), stored(numCollectives()),
        partials(numCollectives()), chunkDims(numCollectives()) {}

  size_t numCollectives() const { return structure.collectives().size(); }
  llvm::SmallVector<mlir::OpFoldResult> extentsOf(norm::DimSet dims) const;

  KernelStructure structure;
  ProgramBuilder &program;
  llvm::SmallVector<mlir::OpFoldResult> extents; ///< Per dim of the kernel.
  /// Per collective: scratch of its result, where a later stage needs it.
  llvm::SmallVector<mlir::Value> stored;
  /// The same of values that are made of them.
  llvm::DenseMap<mlir::Value, mlir::Value> derived;
  /// Per collective: scratch [chunk, dims] of its partial results, and the dim
  /// that numbers the chunks of the stage that leaves them.
  llvm::SmallVector<mlir::Value> partials;
  llvm::SmallVector<mlir::StringAttr> chunkDims;
  /// The extents of all chunk dims so far.
  llvm::SmallVector<std::pair<mlir::StringAttr, mlir::OpFoldResult>>
      chunkCounts;
};

/// Something that a phase, or the instance itself, produces.
struct StageTarget {
  enum Kind { Complete, Combine, Partial, Output } kind;
  unsigned index;    ///< Of the collective or the output.
  unsigned level;    ///< Collectives of this stage that it waits for.
  norm::DimSet over; ///< Dims of the kernel that its phase runs over.
  /// Its phase runs over this chunk dim as well; null for none.
  mlir::StringAttr chunks = nullptr;
};

/// Builds one stage.
class StageSlicer {
public:
  StageSlicer(KernelContext &context, const StagePlan &plan,
              norm::ScheduleAttr schedule)
      : context(context), structure(context.structure), plan(plan),
        schedule(schedule), parallel(norm::toDimSet(context.structure.space(),
                                                    schedule.getParallel())),
        b(context.program.builder()), loc(context.structure.kernel().getLoc()) {
  }

  void build();

private:
  bool hasPartials() const { return !plan.partial.empty(); }
  mlir::OpFoldResult countInstances();
  void prepareScratch();
  void prepareResults();
  bool isLeft(mlir::Value value, bool derived) const;
  llvm::SetVector<mlir::Value> findWanted(bool derived) const;
  void leaveDerived();
  void createStage();
  void createPrologue();
  llvm::SmallVector<StageTarget> collectTargets();
  void sinkTargets(llvm::MutableArrayRef<StageTarget> targets) const;
  void sinkOutputs(llvm::MutableArrayRef<StageTarget> targets) const;
  llvm::DenseSet<mlir::Value> computedFor(mlir::Value value,
                                          unsigned level) const;
  int64_t costIn(mlir::Value value) const;
  mlir::Value valueOf(const StageTarget &target) const;
  llvm::SetVector<mlir::Value> findCommon(const StageTarget &first,
                                          const StageTarget &later) const;
  void keepValues(llvm::MutableArrayRef<StageTarget> targets);
  bool keepLocally(mlir::Value value, const StageTarget &target, bool isFirst,
                   int64_t &room);
  void keepAsOutput(mlir::Value value, const StageTarget &first,
                    llvm::MutableArrayRef<StageTarget> targets);
  void storeKept(norm::DimSet over, mlir::Block *phase);
  bool needsDirectly(const StageTarget &target, unsigned collective) const;
  mlir::Value emitInPhase(const StageTarget &target, mlir::Block *phase);
  void buildPhase(llvm::ArrayRef<StageTarget> targets);
  void finish(const StageTarget &target, mlir::Value result);
  void buildUniform(const StageTarget &target);
  void storeOutput(unsigned output, mlir::Value value, mlir::Block *phase);
  void accumulate(unsigned collective, mlir::Value value, mlir::Block *phase);
  void markKept();

  mlir::Value materialize(mlir::Value value, mlir::Block *phase);
  mlir::Value loadOperand(unsigned input, mlir::Block *phase);
  mlir::Value divideByCount(mlir::Value sum, norm::DimSet over);
  /// Inserts at the end of a phase's body, or (null) of the instance so far.
  mlir::OpBuilder builderAt(mlir::Block *phase) {
    if (!phase)
      return atInstance;
    mlir::OpBuilder end(b.getContext()); // The block has no parent yet.
    end.setInsertionPointToEnd(phase);
    return end;
  }
  /// Dims that may not be empty, since a value is wanted of them.
  norm::DimsAttr getNonEmpty() const;
  mlir::Value selectedValue(norm::ReduceOp reduce, mlir::Block *phase);
  /// One axis per dim, after one for the chunk dim, if any.
  norm::MapAttr mapOf(norm::DimSet dims, mlir::StringAttr chunks = {}) const;
  norm::DimsAttr overOf(const StageTarget &target) const;

  KernelContext &context;
  const KernelStructure &structure;
  const StagePlan &plan;
  norm::ScheduleAttr schedule;
  norm::DimSet parallel; ///< What the schedule takes of plan.parallel.
  mlir::OpBuilder b;
  mlir::OpBuilder atInstance{static_cast<mlir::MLIRContext *>(nullptr)};
  mlir::Location loc;
  mlir::StringAttr chunkDim; ///< Of the chunks of this stage; null for none.
  norm::StageOp stage;
  /// What is made of collectives for later stages, and its scratch.
  llvm::SmallVector<std::pair<mlir::Value, mlir::Value>> leftDerived;
  /// Values at the level of the instance, and of the phase being built.
  mlir::IRMapping uniform, inPhase;
  unsigned level = 0; ///< Of the phase being built.
  /// Where phases of higher levels find what one has computed.
  struct KeptValue {
    unsigned level;
    mlir::Value view;
    norm::MapAttr map;
    norm::DimSet over; ///< Of the phase that computes it.
    bool isLocal;      ///< Not an output, which is written in any case.
  };
  llvm::MapVector<mlir::Value, KeptValue> kept;
};

} // namespace normc

#endif // NORMC_COMPILER_PHASES_STAGESLICER_H
