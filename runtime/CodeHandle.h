//===- CodeHandle.h - loaded code, whatever machine it is for ---*- C++ -*-===//
//
// The seam between Kernel, which checks a call, and the parts that know how to
// load and launch code for one kind of machine.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_RUNTIME_CODEHANDLE_H
#define NORMC_RUNTIME_CODEHANDLE_H

#include "normc/Executor.h"
#include "normc/Result.h"

#include <cstdint>
#include <limits>
#include <span>

namespace normc {

/// One call, checked and with every size evaluated: nothing here can be refused
/// any more.
struct Launch {
  /// One address per argument.
  void *const *buffers = nullptr;
  const int64_t *words = nullptr;
  /// Aligned to 64 bytes; null when none is needed.
  void *scratch = nullptr;
  /// One number per stage.
  std::span<const int64_t> chunkCounts;
  /// What the call reads and writes, about, in bytes: how much work it is.
  int64_t bytes = std::numeric_limits<int64_t>::max();
  Executor &executor;
};

/// Code that was loaded from an Artifact and is unloaded by the destructor.
/// Immutable, so that any number of threads can launch it.
class CodeHandle {
public:
  virtual ~CodeHandle() = default;

  /// Runs all stages in order and returns when they have ended. An error means
  /// a defect (of the code or of the executor), not a bad argument.
  virtual Status launch(const Launch &launch) const = 0;
};

} // namespace normc

#endif // NORMC_RUNTIME_CODEHANDLE_H
