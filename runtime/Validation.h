//===- Validation.h - whether an artifact can be trusted --------*- C++ -*-===//
//
// Checks once, at load, what every call would otherwise have to check about an
// artifact that came from a file.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_RUNTIME_VALIDATION_H
#define NORMC_RUNTIME_VALIDATION_H

#include "normc/Artifact.h"
#include "normc/Result.h"

namespace normc {

/// Checks the format version (Environment), the limits of this runtime
/// (Unsupported), and that all names, indices, offsets and size expressions are
/// well-formed (Internal). Does not look at the code itself.
Status validateArtifact(const Artifact &artifact);

} // namespace normc

#endif // NORMC_RUNTIME_VALIDATION_H
