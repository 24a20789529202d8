//===- Call.h - a kernel and what it is called with -------------*- C++ -*-===//
//
// What the commands that run a kernel share: from FILE and options to an
// artifact, and to an array per argument.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TOOLS_NORMC_CALL_H
#define NORMC_TOOLS_NORMC_CALL_H

#include "Array.h"
#include "Options.h"

#include "normc/Executor.h"
#include "normc/Kernel.h"
#include "normc/normc.h"

#include "llvm/Support/MemoryBuffer.h"

#include <memory>
#include <vector>

namespace normc::tool {

/// What a message calls FILE.
std::string sourceName(const Options &options);

/// FILE, which must be .mlir text.
Result<std::unique_ptr<llvm::MemoryBuffer>> readText(const Options &options);

/// Compiles FILE for the target, or loads it where it is a saved kernel; that
/// has its target already, so another than native is refused. Of a saved
/// kernel's variants it is the best that this machine can run.
Result<Artifact> loadArtifact(const Options &options);

/// Memory for every argument, in the artifact's order: inputs from --in or
/// random, shapes from those and from --shape, outputs zero. Every input has
/// an --in, or `seed` is given.
Result<std::vector<Array>> makeArrays(const Artifact &artifact,
                                      const Options &options,
                                      std::optional<uint64_t> seed);

/// The arrays as a call's arguments.
std::vector<TensorRef> tensorsOf(const std::vector<Array> &arrays);

/// Runs on --threads threads, or on all cores.
class Threads {
public:
  explicit Threads(const Options &options) {
    if (options.threads)
      own = makeThreadExecutor(*options.threads);
  }
  Executor &executor() const { return own ? *own : defaultExecutor(); }

private:
  std::unique_ptr<Executor> own;
};

} // namespace normc::tool

#endif // NORMC_TOOLS_NORMC_CALL_H
