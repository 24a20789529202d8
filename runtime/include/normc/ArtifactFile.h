//===- ArtifactFile.h - artifacts as bytes and files ------------*- C++ -*-===//
//
// Saves an Artifact and loads it again, on machines that have no compiler.
//
// The format, all numbers little-endian: the 8 bytes "\x89NORMC\r\n", then
// three 64-bit numbers: Artifact::kFormatVersion, the length of what follows in
// bytes, and its FNV-1a checksum; then the Artifact as a CBOR map (RFC 8949).
// The checksum finds damage, not forgery: an artifact is code, so load only
// those from whom you would take a program.
//
// A file of several variants of one norm, for different machines, begins with
// "\x89NORMV\r\n" and the same three numbers, behind which are the artifacts,
// each as above, most special first.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_ARTIFACTFILE_H
#define NORMC_ARTIFACTFILE_H

#include "normc/Artifact.h"
#include "normc/Result.h"

#include <span>
#include <string>
#include <vector>

namespace normc {

/// The artifact as bytes. The same artifact gives the same bytes.
std::string serialize(const Artifact &artifact);

/// The artifact that `serialize` made these bytes of. What is truncated,
/// damaged or no artifact is an InvalidArgument error, another format version
/// an Environment error. Takes memory in proportion to `bytes`. The contents
/// are not judged here: `Kernel::load` does that.
Result<Artifact> deserialize(std::span<const char> bytes);

/// Variants of one norm as bytes, in the order in which a machine tries them;
/// one variant as `serialize` alone would give it.
std::string serialize(std::span<const Artifact> variants);

/// What either `serialize` made bytes of: one artifact or more, in order.
/// Errors are those of `deserialize`; an empty list of variants, lists in lists
/// and variants of different names are damage, too. (`deserialize` refuses a
/// file of several.)
Result<std::vector<Artifact>> deserializeVariants(std::span<const char> bytes);

/// Whether bytes begin as an artifact, or variants, of any version does.
bool isArtifact(std::span<const char> bytes);

/// Writes the artifact to a file. Whoever reads `path` meanwhile sees the old
/// file or the new one, never a part. An Environment error gives the system's
/// reason; then nothing has changed.
Status saveArtifact(const Artifact &artifact, const std::string &path);

/// As `saveArtifact`, for several variants.
Status saveVariants(std::span<const Artifact> variants,
                    const std::string &path);

/// Reads a file that `saveArtifact` wrote. Errors are those of `deserialize`,
/// and Environment with the system's reason where the file can't be read.
Result<Artifact> loadArtifact(const std::string &path);

/// Reads a file that `saveArtifact` or `saveVariants` wrote; give what comes to
/// `Kernel::load`. Errors are those of `deserializeVariants`, and Environment.
Result<std::vector<Artifact>> loadVariants(const std::string &path);

} // namespace normc

#endif // NORMC_ARTIFACTFILE_H
