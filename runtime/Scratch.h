//===- Scratch.h - memory for the length of a call --------------*- C++ -*-===//
//
// Lends scratch memory to one call, from a buffer that the calling thread keeps
// where possible.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_RUNTIME_SCRATCH_H
#define NORMC_RUNTIME_SCRATCH_H

#include <cstdint>

namespace normc {

inline constexpr int64_t kScratchAlignment = 64;

/// Scratch memory, given back by the destructor, which must run on the thread
/// that called `acquire`.
class ScratchLease {
public:
  ScratchLease() = default;
  ~ScratchLease();
  ScratchLease(const ScratchLease &) = delete;
  ScratchLease &operator=(const ScratchLease &) = delete;

  /// Gets `bytes` (at least 1) bytes at a multiple of `kScratchAlignment`, once
  /// in a lease. Returns false, and holds nothing, when there is no memory.
  bool acquire(int64_t bytes);

  /// The memory; null before `acquire`.
  void *data() const { return memory; }

private:
  void *memory = nullptr;
  bool isThreadBuffer = false;
};

} // namespace normc

#endif // NORMC_RUNTIME_SCRATCH_H
