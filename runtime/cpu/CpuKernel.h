//===- CpuKernel.h - object code loaded into this process -------*- C++ -*-===//
//
// Links an artifact's object file into the process with LLVM's JIT linker,
// which no header shows.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_RUNTIME_CPU_CPUKERNEL_H
#define NORMC_RUNTIME_CPU_CPUKERNEL_H

#include "normc/Artifact.h"
#include "normc/Result.h"
#include "runtime/CodeHandle.h"

#include <memory>

namespace normc {

/// Links `artifact.object` and looks up the entries of its stages. External
/// symbols (memset, fmaf, ...) are resolved from the process. Environment error
/// when the triple's architecture or object format is another machine's, or
/// when a required CPU feature is missing; Internal error when the object does
/// not link. Safe to call from several threads at once.
Result<std::unique_ptr<const CodeHandle>> loadCpuCode(const Artifact &artifact);

} // namespace normc

#endif // NORMC_RUNTIME_CPU_CPUKERNEL_H
