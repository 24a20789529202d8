//===- ArtifactPayload.h - an artifact's contents as CBOR -------*- C++ -*-===//
//
// The part of an artifact file behind its header.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_RUNTIME_ARTIFACTPAYLOAD_H
#define NORMC_RUNTIME_ARTIFACTPAYLOAD_H

#include "normc/Artifact.h"
#include "normc/Result.h"

#include <span>
#include <string>

namespace normc {

/// All of the artifact but its format version.
std::string encodePayload(const Artifact &artifact);

/// The artifact, of the present format version. Any other bytes than those of
/// `encodePayload` give an InvalidArgument error that names the field. Takes
/// memory in proportion to `bytes`; may throw std::bad_alloc.
Result<Artifact> decodePayload(std::span<const char> bytes);

} // namespace normc

#endif // NORMC_RUNTIME_ARTIFACTPAYLOAD_H
