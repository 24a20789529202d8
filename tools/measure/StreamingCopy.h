//===- StreamingCopy.h - how fast this machine moves memory -----*- C++ -*-===//
//
// The ceiling that a kernel is compared with: a copy whose stores go past the
// cache, by as many threads as the kernel has.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TOOLS_MEASURE_STREAMINGCOPY_H
#define NORMC_TOOLS_MEASURE_STREAMINGCOPY_H

#include "normc/Executor.h"

#include <cstddef>
#include <cstdint>

namespace normc::measure {

/// Copies `bytes` bytes between buffers aligned to 64 bytes that don't overlap,
/// with the widest non-temporal stores that the processor has (x86-64; a plain
/// copy elsewhere).
void streamingCopy(std::byte *to, const std::byte *from, int64_t bytes,
                   Executor &executor);

} // namespace normc::measure

#endif // NORMC_TOOLS_MEASURE_STREAMINGCOPY_H
