//===- KernelStructure.h - collectives, levels, forced cuts -----*- C++ -*-===//
//
// What a kernel's collectives force on any machine: which of them wait for
// which, which dims can be parallel, and where a new stage must begin. Computed
// once; scheduling, slicing and explanations all ask it.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_ANALYSIS_KERNELSTRUCTURE_H
#define NORMC_COMPILER_ANALYSIS_KERNELSTRUCTURE_H

#include "dialects/norm/Norm.h"
#include "dialects/norm/Spaces.h"

#include "llvm/ADT/SmallBitVector.h"

#include <vector>

namespace normc {

/// What a `?` extent is taken for where sizes are compared before a call tells
/// them.
inline constexpr int64_t kAssumedExtent = 1024;

/// One collective of a kernel.
struct Collective {
  mlir::Operation *op; ///< A norm.reduce, or norm.moments not yet expanded.
  norm::DimSet over;   ///< The dims it combines over (R).
  norm::DimSet loop;   ///< Every dim it must visit: its operands' and R.
  norm::DimSet space;  ///< The dims its result varies over.
  /// All collectives that its operands need, directly or not.
  llvm::SmallBitVector needs;
  /// Those that they need without looking through collectives.
  llvm::SmallBitVector direct;
  /// True when nothing wider than its own result waits for it: it can be left
  /// as partial results until a later stage.
  bool terminal = true;

  norm::ReduceOp reduce() const { return llvm::cast<norm::ReduceOp>(op); }
};

/// One output of a kernel.
struct KernelOutput {
  mlir::Value value;           ///< The yielded value.
  norm::DimSet dims;           ///< The dims of its map.
  llvm::SmallBitVector needs;  ///< All collectives behind it.
  llvm::SmallBitVector direct; ///< Those it needs without looking through any.
};

/// One launch: which collectives and outputs it deals with. Numbers are
/// positions in `collectives()` and `outputs()`.
struct StagePlan {
  /// The dims whose points are independent. Where a stage has no collectives, a
  /// schedule may leave some of them to loops.
  norm::DimSet parallel;
  llvm::SmallVector<unsigned> complete; ///< Collectives with a result here.
  llvm::SmallVector<unsigned> partial;  ///< Left as one partial per chunk.
  llvm::SmallVector<unsigned> combine;  ///< Partials of before, combined here.
  llvm::SmallVector<unsigned> outputs;  ///< Outputs written here.

  bool hasCollectives() const {
    return !complete.empty() || !partial.empty() || !combine.empty();
  }
};

/// The structure of one kernel. Moments count as one collective: what they
/// expand to combines over the same dims, at the same points.
class KernelStructure {
public:
  explicit KernelStructure(norm::KernelOp kernel);

  norm::KernelOp kernel() const { return op; }
  norm::SpaceAttr space() const { return dims; }
  norm::DimSet spaceOf(mlir::Value value) const { return spaces.of(value); }
  llvm::ArrayRef<Collective> collectives() const { return collectiveList; }
  llvm::ArrayRef<KernelOutput> outputs() const { return outputList; }
  llvm::ArrayRef<StagePlan> stages() const { return stageList; }

  /// The collective that defines `value`, or -1.
  int collectiveOf(mlir::Value value) const;
  /// The collectives that `value` needs without looking through collectives.
  llvm::SmallBitVector directNeeds(mlir::Value value) const;
  /// The dims of the kernel from outermost to innermost, as they lie in memory
  /// in the operand with the most dims.
  llvm::ArrayRef<unsigned> memoryOrder() const { return order; }
  /// The dim that counts blocks, or -1: the outer part of an axis, which the
  /// kernel names first although something else is the outermost in memory. All
  /// work on a block comes before the next one.
  int blockDim() const;

private:
  void collect();
  void plan();
  void computeMemoryOrder();
  llvm::SmallBitVector allNeeds(mlir::Value value) const;
  llvm::SmallBitVector
  liveCollectives(const llvm::SmallBitVector &stored,
                  const llvm::SmallBitVector &partials,
                  const llvm::SmallBitVector &written) const;
  StagePlan planStage(const llvm::SmallBitVector &needed,
                      const llvm::SmallBitVector &stored,
                      const llvm::SmallBitVector &partials,
                      const llvm::SmallBitVector &written) const;

  norm::KernelOp op;
  norm::SpaceAttr dims;
  norm::KernelSpaces spaces;
  std::vector<Collective> collectiveList;
  std::vector<KernelOutput> outputList;
  std::vector<StagePlan> stageList;
  llvm::SmallVector<unsigned> order;
};

/// Strides in elements of a tensor in its function's calling convention: the
/// argument or result attribute, or empty for row-major without gaps.
llvm::ArrayRef<int64_t> getDeclaredStrides(mlir::Value tensor);

} // namespace normc

#endif // NORMC_COMPILER_ANALYSIS_KERNELSTRUCTURE_H
