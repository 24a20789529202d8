//===- CpuKernel.h - machine code in this process ---------------*- C++ -*-===//
//
// Puts an artifact's image into memory that can be run, if this machine can run
// it.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_RUNTIME_CPU_CPUKERNEL_H
#define NORMC_RUNTIME_CPU_CPUKERNEL_H

#include "normc/Artifact.h"
#include "normc/Result.h"
#include "runtime/CodeHandle.h"

#include <memory>

namespace normc {

/// Whether this machine can run the artifact's code: an Environment error names
/// the architecture or the CPU features that it would need. Thread safe.
Status checkMachine(const Artifact &artifact);

/// Copies the image of an artifact that `validateArtifact` accepted into pages
/// that are then read and run only. Environment error when the triple is
/// another machine's, when required CPU features are missing or unknown, or
/// when the system gives no such memory. Safe to call from several threads at
/// once.
Result<std::unique_ptr<const CodeHandle>> loadCpuCode(const Artifact &artifact);

} // namespace normc

#endif // NORMC_RUNTIME_CPU_CPUKERNEL_H
