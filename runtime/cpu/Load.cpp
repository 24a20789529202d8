//===- Load.cpp - from an artifact to a kernel ----------------------------===//
//
// Apart from Kernel.cpp, which knows of no kind of machine.
//
//===----------------------------------------------------------------------===//

#include "runtime/KernelState.h"
#include "runtime/Validation.h"
#include "runtime/cpu/CpuKernel.h"

#include <exception>

using namespace normc;

static Result<Kernel> loadUnguarded(const Artifact &artifact) {
  if (Status status = validateArtifact(artifact); !status)
    return status.error();
  auto code = loadCpuCode(artifact);
  if (!code)
    return code.error();
  return KernelFactory::make(artifact, std::move(*code));
}

Result<Kernel> Kernel::load(const Artifact &artifact) {
  // Nothing but a failed allocation is thrown below.
  try {
    return loadUnguarded(artifact);
  } catch (const std::exception &) {
    return Error{ErrorKind::Environment, "out of memory"};
  }
}
