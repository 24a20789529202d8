//===- StagePlan.h - a norm.stage as flat lists of instructions -*- C++ -*-===//
//
// Private to the interpreter: what a stage becomes before it runs, once the
// sizes and the buffers are known. Bodies are flat vectors of instructions on
// numbered slots, and maps are byte strides per dim.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_INTERPRETER_STAGEPLAN_H
#define NORMC_TESTS_INTERPRETER_STAGEPLAN_H

#include "dialects/norm/Norm.h"
#include "tests/interpreter/ScalarOps.h"
#include "llvm/ADT/DenseMap.h"

#include <string>
#include <utility>
#include <vector>

namespace normc::interpreter {

/// A view with its buffer: an argument or a scratch.
struct BoundView {
  std::byte *base = nullptr;
  std::vector<int64_t> shape;
  /// In elements.
  std::vector<int64_t> strides;
  ScalarType element;
  /// "argument 'x'" or "scratch 0", for errors.
  std::string name;
  bool isArgument = false;
  bool isLocal = false;
};

/// What a stage may use from its program.
struct Environment {
  std::vector<BoundView> views;
  llvm::DenseMap<mlir::Value, unsigned> viewNumbers;
  llvm::DenseMap<mlir::Value, int64_t> integers;
};

/// Where a load, store or accumulate goes: at coordinates x, to
/// base + Σ x[dim] * bytes.
struct Address {
  std::byte *base = nullptr;
  llvm::SmallVector<std::pair<unsigned, int64_t>, 4> terms;
  /// Bytes from one lane of a batch to the next.
  int64_t laneStride = 0;
  ScalarType element;
  uint32_t view = 0;
  bool isArgument = false;
  bool isLocal = false;
};

struct Instruction {
  enum class Kind : uint8_t { Scalar, Index, Load, Store, Accumulate };
  Kind kind = Kind::Scalar;
  /// Accumulate.
  norm::ReduceKind reduce = norm::ReduceKind::add;
  /// Scalar, Index, Load.
  uint32_t result = 0;
  /// Scalar: up to three; Store, Accumulate: the value.
  uint32_t operands[3] = {};
  /// Index: the dim; Load, Store, Accumulate: the number of the address.
  uint32_t number = 0;
  ScalarOp op;

  bool hasResult() const {
    return kind != Kind::Store && kind != Kind::Accumulate;
  }
};

struct Contribution {
  norm::ReduceKind kind;
  ScalarKind type;
  uint32_t value, result;
};

/// Instructions of one nest, and the dim that their lanes run along (or -1).
struct Body {
  std::vector<Instruction> instructions;
  int64_t laneDim = -1;
};

struct PhasePlan {
  /// Outermost first.
  std::vector<unsigned> over;
  Body body;
  std::vector<Contribution> contributions;
  /// The most points that may go through the body together.
  unsigned batch = kMaxLanes;
};

/// A phase, or an op between phases.
struct Step {
  bool isPhase = false;
  PhasePlan phase;
  Body op;
};

struct StagePlan {
  std::vector<int64_t> extents;
  /// Without the lane dim where that is parallel.
  std::vector<unsigned> parallel;
  /// The lane dim where it is parallel, or -1.
  int64_t blockDim = -1;
  int64_t blockWidth = 1;
  int64_t chunk = 1;
  int64_t chunkDim = -1;
  int64_t numInstances = 0;
  std::vector<Address> addresses;
  std::vector<Step> chunkSteps, instanceSteps;
  /// What every slot holds at first, in all lanes: constants and sizes.
  std::vector<Slot> initial;
};

/// Makes the plan of a verified stage. The error names what is not supported,
/// or what lies outside of its buffer.
llvm::Expected<StagePlan> planStage(norm::StageOp stage,
                                    const Environment &environment);

/// kMaxLanes where no point of a phase touches what another one writes with a
/// different instruction, else 1. Points of different instances are independent
/// by definition, so this is asked only where lanes run along a phase's dim.
unsigned chooseBatch(const StagePlan &plan, const PhasePlan &phase);

} // namespace normc::interpreter

#endif // NORMC_TESTS_INTERPRETER_STAGEPLAN_H
