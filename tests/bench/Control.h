//===- Control.h - kernels written by hand, as controls ---------*- C++ -*-===//
//
// RMSNorm as one would write it with intrinsics for one machine, and the memory
// traffic of any kernel without its arithmetic: they say how much of a figure
// is the compiler's and how much the machine's.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_BENCH_CONTROL_H
#define NORMC_TESTS_BENCH_CONTROL_H

#include "normc/Executor.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace normc::bench {

/// y = x / sqrt(mean(x^2) + epsilon) * scale for `rows` rows of `n` floats: two
/// passes over a row, streaming stores, the next row prefetched to L2 while
/// this one is written. False, with nothing done, where the processor lacks
/// AVX-512, `n` is no multiple of 16 or an address none of 64.
bool controlRmsNorm(const float *x, const float *scale, float *y, int64_t rows,
                    int64_t n, float epsilon, Executor &executor);

/// A tensor that a kernel reads or writes, aligned to 64 bytes.
struct Stream {
  std::byte *data;
  int64_t elementBytes;
  bool isWritten;
};

/// What is read before anything is written, for statistics: nothing, a block
/// (which may still be in the caches when it is read again), or all.
enum class ReadFirst { nothing, block, all };

/// Reads and writes the first `elements` elements of each stream, those of one
/// place together, in `blocks` equal parts: the exclusive or of what is read,
/// past the caches. Of `ReadFirst::all` the last parts come first, as they are
/// still in the caches. Elements behind the last multiple of 64 are left out.
/// False, with nothing done, where the processor lacks AVX-512.
bool moveStreams(std::span<const Stream> streams, int64_t elements,
                 int64_t blocks, ReadFirst first, Executor &executor);

} // namespace normc::bench

#endif // NORMC_TESTS_BENCH_CONTROL_H
