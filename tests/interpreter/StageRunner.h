//===- StageRunner.h - runs the plan of a stage -----------------*- C++ -*-===//
//
// Private to the interpreter: goes over chunks, instances, phases and points,
// and logs every access.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_INTERPRETER_STAGERUNNER_H
#define NORMC_TESTS_INTERPRETER_STAGERUNNER_H

#include "tests/interpreter/Interpreter.h"
#include "tests/interpreter/Reducer.h"
#include "tests/interpreter/StagePlan.h"

namespace normc::interpreter {

class StageRunner {
public:
  /// `sink` may be null. All are borrowed.
  StageRunner(const StagePlan &plan, unsigned stage, AccessSink *sink);

  /// Runs all chunks. The error names an operation without a result.
  llvm::Error run();

private:
  Slot *getSlot(uint32_t slot) { return &slots[size_t(slot) * kMaxLanes]; }
  /// Gives all lanes what the first one holds.
  void broadcast(uint32_t slot);

  unsigned enterInstance(int64_t instance);
  void runSteps(const std::vector<Step> &steps, unsigned lanes);
  void runPhase(const PhasePlan &phase, unsigned lanes);
  void runNest(const PhasePlan &phase, size_t depth, unsigned lanes);
  void runRow(const PhasePlan &phase, unsigned lanes);
  void finishPhase(const PhasePlan &phase, unsigned lanes);

  void runBody(const Body &body, unsigned lanes);
  void runScalar(const Instruction &instruction, unsigned lanes);
  void runIndex(const Instruction &instruction, const Body &body,
                unsigned lanes);
  void runAccess(const Instruction &instruction, unsigned lanes);
  void accumulate(const Instruction &instruction, const Address &address,
                  std::byte *memory, unsigned lanes);
  void log(const Address &address, const std::byte *memory, unsigned lanes,
           bool isWrite);

  const StagePlan &plan;
  unsigned stage;
  AccessSink *sink;
  /// kMaxLanes values per slot.
  std::vector<Slot> slots;
  /// Of every dim; of a lane dim, the first lane's.
  std::vector<int64_t> coordinates;
  /// Of the current phase: per contribution, one for every lane of a block, or
  /// one alone.
  std::vector<Reducer> reducers;
  const char *fault = nullptr;
};

} // namespace normc::interpreter

#endif // NORMC_TESTS_INTERPRETER_STAGERUNNER_H
