//===- Checks.h - a call's arguments against the facts ----------*- C++ -*-===//
//
// Checks everything that loaded code relies on before any of it runs, so that a
// refused call changes nothing.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_RUNTIME_CHECKS_H
#define NORMC_RUNTIME_CHECKS_H

#include "normc/Artifact.h"
#include "normc/Result.h"
#include "normc/Tensor.h"
#include "runtime/Overlap.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace normc {

/// Words, and what is computed from them.
inline constexpr int kMaxValues = kMaxWords + 128;

/// What the checks found out about a call. Only the first elements, as many as
/// the artifact has of each, are set; and only by a check that succeeded.
struct CallFrame {
  void *buffers[kMaxArguments];
  uint64_t rangeBegin[kMaxArguments];
  uint64_t rangeEnd[kMaxArguments];
  int64_t words[kMaxValues];
  int64_t chunkCounts[kMaxStages];
  int64_t scratchBytes;

  ByteRange range(int argument) const {
    return {rangeBegin[argument], rangeEnd[argument]};
  }
};

/// Checks the number of arguments.
Status checkCount(const Artifact &artifact, size_t count);

/// Checks a call with one tensor per argument and fills in `frame`, without
/// touching a buffer. `artifact` was accepted by validateArtifact. Errors are
/// InvalidArgument and name the argument, the axis and both values.
///
/// A stride word of an axis with extent 0 or 1 is 0, whatever was passed: no
/// address depends on it.
Status checkCall(const Artifact &artifact,
                 std::span<const TensorRef *const> args, CallFrame &frame);

/// Checks a caller's scratch buffer for a call that checkCall accepted.
Status checkScratch(const Artifact &artifact, std::span<std::byte> scratch,
                    const CallFrame &frame);

} // namespace normc

#endif // NORMC_RUNTIME_CHECKS_H
