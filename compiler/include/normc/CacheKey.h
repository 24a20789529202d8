//===- CacheKey.h - what tells kernels apart --------------------*- C++ -*-===//
//
// The identity of a compilation: everything that its result depends on, as a
// few hundred bytes that are cheap to make, to hash and to compare. A cache of
// kernels looks them up by it.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_CACHEKEY_H
#define NORMC_CACHEKEY_H

#include "normc/NormSpec.h"
#include "normc/Target.h"

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

namespace normc {

/// The first half of the SHA-256 of every field of a target.
using TargetDigest = std::array<unsigned char, 16>;

/// The digest of a target. Compares the target with the one that this thread
/// asked for last, and hashes it only where they differ. The reference is good
/// until the thread asks again.
const TargetDigest &digestOf(const Target &target);

/// A target and its digest, worked out once: `native` has about 110 features,
/// whose reading takes longer than the look-up of a kernel. Immutable.
class TargetKey {
public:
  explicit TargetKey(Target target);

  /// That of Target::native(). Lives as long as the process.
  static const TargetKey &native();

  const Target &target() const { return described; }
  const TargetDigest &digest() const { return identity; }

private:
  Target described;
  TargetDigest identity;
};

/// The bytes of one compilation. Two keys are equal exactly where every field
/// of the spec (floating-point fields by their bits), or every character of the
/// text, and every field of the target are. Bytes of one build of normc mean
/// the same in all its processes; where they outlive it, the version must be
/// added.
class CacheKey {
public:
  CacheKey(const NormSpec &spec, const TargetKey &target);
  CacheKey(std::string_view mlir, const TargetKey &target);
  /// By digestOf(target).
  CacheKey(const NormSpec &spec, const Target &target);
  CacheKey(std::string_view mlir, const Target &target);
  CacheKey(const CacheKey &) = delete;
  CacheKey &operator=(const CacheKey &) = delete;

  /// Valid as long as this key.
  std::string_view bytes() const { return {begin, size}; }

private:
  class Writer;
  CacheKey(const NormSpec &spec, const TargetDigest &target);
  CacheKey(std::string_view mlir, const TargetDigest &target);

  /// A spec with four operands of four axes fits; others allocate.
  char inlineBytes[1024];
  std::unique_ptr<char[]> largeBytes;
  const char *begin = inlineBytes;
  size_t size = 0;
};

} // namespace normc

#endif // NORMC_CACHEKEY_H
