//===- Load.cpp - from an artifact to a kernel ----------------------------===//
//
// Apart from Kernel.cpp, which knows of no kind of machine.
//
//===----------------------------------------------------------------------===//

#include "runtime/KernelState.h"
#include "runtime/Validation.h"
#include "runtime/cpu/CpuKernel.h"

#include <exception>
#include <string>

using namespace normc;

static Result<size_t> chooseUnguarded(std::span<const Artifact> variants) {
  if (variants.empty())
    return Error{ErrorKind::InvalidArgument,
                 "expected at least 1 artifact, but got 0"};
  Status status;
  for (size_t i = 0; i < variants.size(); ++i) {
    status = checkMachine(variants[i]);
    if (status)
      return i;
  }
  if (variants.size() == 1)
    return status.error();
  // The last one asks for least.
  return Error{status.error().kind,
               "expected one of " + std::to_string(variants.size()) +
                   " variants to run on this machine, but none does: " +
                   status.error().message};
}

static Result<Kernel> loadUnguarded(const Artifact &artifact) {
  if (Status status = validateArtifact(artifact); !status)
    return status.error();
  auto code = loadCpuCode(artifact);
  if (!code)
    return code.error();
  return KernelFactory::make(artifact, std::move(*code));
}

/// Nothing but a failed allocation is thrown by `call`.
template <typename Callable> static auto guarded(Callable call) {
  try {
    return call();
  } catch (const std::exception &) {
    return decltype(call())(Error{ErrorKind::Environment, "out of memory"});
  }
}

Result<size_t> normc::chooseVariant(std::span<const Artifact> variants) {
  return guarded([&] { return chooseUnguarded(variants); });
}

Result<Kernel> Kernel::load(const Artifact &artifact) {
  return guarded([&] { return loadUnguarded(artifact); });
}

Result<Kernel> Kernel::load(std::span<const Artifact> variants) {
  if (variants.size() == 1)
    return load(variants[0]); // What is malformed is told before all else.
  Result<size_t> chosen = chooseVariant(variants);
  return chosen ? load(variants[*chosen]) : Result<Kernel>(chosen.error());
}
