//===- Control.h - a kernel written by hand, as a control -------*- C++ -*-===//
//
// RMSNorm as one would write it with intrinsics for one machine: it says how
// much of a figure is the compiler's and how much the machine's.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_BENCH_CONTROL_H
#define NORMC_TESTS_BENCH_CONTROL_H

#include "normc/Executor.h"

#include <cstdint>

namespace normc::bench {

/// y = x / sqrt(mean(x^2) + epsilon) * scale for `rows` rows of `n` floats: two
/// passes over a row, streaming stores, the next row prefetched to L2 while
/// this one is written. False, with nothing done, where the processor lacks
/// AVX-512, `n` is no multiple of 16 or an address none of 64.
bool controlRmsNorm(const float *x, const float *scale, float *y, int64_t rows,
                    int64_t n, float epsilon, Executor &executor);

} // namespace normc::bench

#endif // NORMC_TESTS_BENCH_CONTROL_H
