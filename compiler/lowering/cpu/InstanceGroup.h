//===- InstanceGroup.h - short instances, a lane each -----------*- C++ -*-===//
//
// Emits several short instances of a stage together. Each is a few vectors, and
// then a chain of scalar operations that waits for itself: sums across lanes,
// divisions, a root. Together, their phases run one after the other, and what
// stands between phases is done once, with a lane for each instance.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_LOWERING_CPU_INSTANCEGROUP_H
#define NORMC_COMPILER_LOWERING_CPU_INSTANCEGROUP_H

#include "compiler/lowering/cpu/Stack.h"
#include "compiler/lowering/shared/Instances.h"
#include "compiler/lowering/shared/PhaseEmitter.h"

namespace normc {

/// Emits `kInstancesTogether` instances that are neighbours along the innermost
/// parallel dim.
///
///     for each instance: first phase; its sums, a vector, to memory
///     sums across lanes of all instances, as one tree
///     ops up to the next phase, on vectors; what phases need, to memory
///     for each instance: next phase ...
class InstanceGroup {
public:
  /// Whether the stage consists of such groups, and nothing else.
  static bool isPossible(norm::StageOp stage, const StageContext &context);

  /// `outside` has the values of the stage.
  InstanceGroup(const StageContext &context, mlir::ImplicitLocOpBuilder &b,
                PhaseEmitter &emitter, const Instances &instances,
                const mlir::IRMapping &outside);

  /// Emits the instances from `number` (i64, a multiple of their number) on.
  void emit(mlir::Value number);

private:
  using Values = llvm::SmallVector<mlir::Value>;
  using Each = llvm::function_ref<void(mlir::Value, const Position &,
                                       mlir::IRMapping &)>;

  void emitPhase(norm::PhaseOp phase);
  void emitReduction(norm::PhaseOp phase);
  void emitWhere(
      norm::PhaseOp phase, mlir::Value condition, mlir::ValueRange otherwise,
      llvm::function_ref<void(const Position &, mlir::IRMapping &)> emitOne);
  void forEach(norm::PhaseOp phase, Each body);
  Position shift(Position position, mlir::Value k) const;
  mlir::Value slotsOf(mlir::Value value);
  mlir::Value toVector(mlir::Value value) {
    return BodyEmitter(context, b, here, values).toVector(value);
  }

  StageContext context; ///< With the innermost parallel dim for the lanes'.
  mlir::ImplicitLocOpBuilder &b;
  PhaseEmitter &emitter;
  const Instances &instances;
  const mlir::IRMapping &outside;
  Stack stack;
  Position here, ahead; ///< Of the first instance of this group, and the next.
  mlir::IRMapping values;
  llvm::DenseMap<mlir::Value, mlir::Value> slots;
};

} // namespace normc

#endif // NORMC_COMPILER_LOWERING_CPU_INSTANCEGROUP_H
