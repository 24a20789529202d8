//===- StageCode.h - stages that are functions of this process --*- C++ -*-===//
//
// Runs stages whose entry points are already in the process, however they came
// there. Knows nothing of LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_RUNTIME_CPU_STAGECODE_H
#define NORMC_RUNTIME_CPU_STAGECODE_H

#include "runtime/CodeHandle.h"

#include <string>
#include <vector>

namespace normc {

/// The type of an entry point; see StageFacts.
using StageEntry = int32_t (*)(void *const *buffers, const int64_t *words,
                               void *scratch, int64_t chunkBegin,
                               int64_t chunkEnd);

struct Stage {
  std::string name;
  StageEntry entry = nullptr;
  int64_t chunksPerBlock = 0; ///< See StageFacts.
};

/// Stages that run in order. Code that has to be unloaded derives from it.
class StageCode : public CodeHandle {
public:
  explicit StageCode(std::vector<Stage> stages) : stages(std::move(stages)) {}

  /// Every call of an entry sees the default floating-point control word. An
  /// executor that throws or leaves chunks out, and an entry that returns
  /// another value than 0, end the launch with an Internal error.
  Status launch(const Launch &launch) const override;

private:
  std::vector<Stage> stages;
};

} // namespace normc

#endif // NORMC_RUNTIME_CPU_STAGECODE_H
