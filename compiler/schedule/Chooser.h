//===- Chooser.h - one parameter of a schedule after the other --*- C++ -*-===//
//
// What chooses a stage's schedule: Schedule.cpp, for vectors side by side
// Unroll.cpp, and for instances that go together Together.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_SCHEDULE_CHOOSER_H
#define NORMC_COMPILER_SCHEDULE_CHOOSER_H

#include "compiler/schedule/Schedule.h"

#include "mlir/IR/Builders.h"

namespace normc {

/// Chooses one parameter after the other, noting why.
class Chooser {
public:
  Chooser(const KernelStructure &structure, const StagePlan &stage,
          const Machine &machine)
      : structure(structure), stage(stage), machine(machine),
        builder(structure.kernel().getContext()) {}

  norm::ScheduleAttr choose();

private:
  norm::DimSet visitedDims() const;
  int64_t extent(int dim) const {
    return dim < 0 ? 1 : structure.space().getExtents()[dim];
  }
  /// True if the kernel's data is f64, not just its sums.
  bool isDouble() const {
    norm::KernelOp kernel = structure.kernel();
    auto isF64 = [](mlir::Type type) {
      return mlir::getElementTypeOrSelf(type).isF64();
    };
    return llvm::any_of(kernel->getOperandTypes(), isF64) ||
           llvm::any_of(kernel->getResultTypes(), isF64);
  }
  void chooseLanes();
  norm::DimSet chooseParallel();
  int sharingDim() const;
  int64_t countPoints(norm::DimSet dims) const;
  /// What one loop visits, along the lanes and the dims that go with them.
  struct Run {
    int64_t length; ///< Of a piece, if one dim counts pieces.
    norm::DimSet dims;
    int64_t points = 0; ///< Of all pieces.
  };
  Run findRun() const;
  int64_t runLength() const { return findRun().length; }
  /// True if an instance visits one run and nothing else.
  bool isRow() const {
    return lane >= 0 && !parallel.contains(unsigned(lane)) &&
           visitedDims() == (parallel | findRun().dims);
  }
  llvm::SmallVector<mlir::Type> writtenAlongLanes() const;
  bool reducesColumns() const;
  bool movesHalves() const;
  bool drawsNumbers() const;
  bool takesFunctions() const;
  /// True if every value of a body takes two registers.
  bool takesPairs() const { return movesHalves() || drawsNumbers(); }
  int64_t chooseWidth();
  int64_t chooseUnroll(int64_t width);
  int64_t chooseChunk(int64_t width);
  int64_t chooseThreads(int64_t width);
  int64_t chooseStream();
  int64_t choosePrefetch();
  bool takesInstancesTogether() const;
  bool isRowInput(unsigned i) const;
  bool readsFloats() const;
  bool reducesSeveralRows() const;
  int64_t chooseRows(int64_t width);
  bool pipelinesRows(int64_t width);
  int64_t choosePipelinedRows();
  int64_t chooseRowsOfColumns(int64_t rowBytes);
  int64_t ownRowBytes() const;
  bool writesBytes() const;
  bool findBlock(int64_t width, int64_t unroll) const;
  int64_t rowsOfPieces(int64_t width) const;
  int64_t instanceBytes(bool ownOnly = false) const;
  bool readsAgain() const;
  bool sharesOperands() const;
  bool sharesLanes() const;
  void because(llvm::StringRef parameter, const llvm::Twine &reason) {
    reasons.set(parameter, builder.getStringAttr(reason));
  }

  const KernelStructure &structure;
  const StagePlan &stage;
  const Machine &machine;
  mlir::Builder builder;
  mlir::NamedAttrList reasons;
  int lane = -1;
  /// An instance is a few vectors with a result of 8 bits: a block with a scale
  /// of its own.
  bool isBlock = false;
  norm::DimSet parallel; ///< Of the schedule.
};

} // namespace normc

#endif // NORMC_COMPILER_SCHEDULE_CHOOSER_H
