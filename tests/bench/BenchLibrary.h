//===- BenchLibrary.h - what the comparison with rivals calls ---*- C++ -*-===//
//
// C functions that tests/bench/harness/native.py calls: loops that time calls
// of compiled kernels, of the streaming copy, of a hand-written control and of
// oneDNN, on the same threads; and what tells of the machine's state. A Python
// loop would cost more than a small kernel.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_BENCH_BENCHLIBRARY_H
#define NORMC_TESTS_BENCH_BENCHLIBRARY_H

#include "normc/runtime.h"

#include <cstddef>
#include <cstdint>

extern "C" {

/// A pool of `threads` threads, the calling one included; 1 is the calling
/// thread alone. Lives until the process ends.
const normc_executor *bench_executor(int threads);

/// The threads of oneTBB, for bench_wake: of a rival that runs on them.
const normc_executor *bench_tbb(void);

// Each of the loops below does its work `repeats` times and returns the seconds
// of one; a negative number where a call was refused.

/// A kernel's call, as normc_run.
double bench_kernel(const normc_kernel *kernel, const normc_tensor *tensors,
                    int32_t count, const normc_executor *executor,
                    int64_t repeats);

/// The streaming copy of `bytes` bytes; both addresses are multiples of 64.
double bench_copy(void *to, const void *from, int64_t bytes,
                  const normc_executor *executor, int64_t repeats);

/// The control: RMSNorm of `rows` rows of `n` floats by hand-written AVX-512.
/// `n` is a multiple of 16, the addresses are multiples of 64; else, or without
/// AVX-512, a negative number.
double bench_control_rms_norm(const float *x, const float *scale, float *y,
                              int64_t rows, int64_t n, float epsilon,
                              const normc_executor *executor, int64_t repeats);

/// The memory traffic of a kernel without its arithmetic: bench::moveStreams of
/// `reads` + `writes` tensors, those that are read first, with addresses that
/// are multiples of 64 and `elementBytes` each. `readFirst` is 0 for nothing, 1
/// for a block, 2 for all. Without AVX-512 a negative number.
double bench_streams(void *const *data, const int64_t *elementBytes,
                     int32_t reads, int32_t writes, int64_t elements,
                     int64_t blocks, int readFirst,
                     const normc_executor *executor, int64_t repeats);

/// A call of a oneDNN primitive: `execute` and `wait` are
/// dnnl_primitive_execute and dnnl_stream_wait, `arguments` an array of `count`
/// dnnl_exec_arg_t.
double bench_dnnl(int (*execute)(const void *primitive, void *stream, int count,
                                 const void *arguments),
                  int (*wait)(void *stream), const void *primitive,
                  void *stream, int count, const void *arguments,
                  int64_t repeats);

/// The next of these loops finds the pool's threads awake, unless they take
/// more than 5 ms to come. It wakes them itself: they sleep after 50 us, and
/// what calls it takes longer than that where caches are cold.
void bench_wake(const normc_executor *executor);

/// Drops the buffer's lines from every cache. Only for x86-64; elsewhere -1.
int bench_flush(const void *data, int64_t bytes);

/// Nanoseconds that a cache line takes from the processor `first` to `second`:
/// half of the median round trip of an atomic between two pinned threads. A
/// negative number where they can't be pinned.
double bench_core_latency(int first, int second);
}

#endif // NORMC_TESTS_BENCH_BENCHLIBRARY_H
