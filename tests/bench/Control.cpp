//===- Control.cpp - kernels written by hand, as controls -----------------===//

#include "tests/bench/Control.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

using namespace normc;

#if defined(__x86_64__)

/// Eight accumulators hide the latency of a multiply-add.
__attribute__((target("avx512f"))) static float sumOfSquares(const float *x,
                                                             int64_t n) {
  __m512 sums[8];
  for (__m512 &sum : sums)
    sum = _mm512_setzero_ps();
  int64_t j = 0;
  for (; j + 128 <= n; j += 128)
    for (int k = 0; k < 8; ++k) {
      __m512 v = _mm512_load_ps(x + j + 16 * k);
      sums[k] = _mm512_fmadd_ps(v, v, sums[k]);
    }
  for (; j < n; j += 16) {
    __m512 v = _mm512_load_ps(x + j);
    sums[0] = _mm512_fmadd_ps(v, v, sums[0]);
  }
  for (int k = 1; k < 8; ++k)
    sums[0] = _mm512_add_ps(sums[0], sums[k]);
  alignas(64) float lanes[16];
  _mm512_store_ps(lanes, sums[0]);
  return std::accumulate(lanes, lanes + 16, 0.0f);
}

__attribute__((target("avx512f"))) static void
writeRow(const float *x, const float *scale, float *y, int64_t n, float rstd,
         const float *next) {
  __m512 r = _mm512_set1_ps(rstd);
  for (int64_t j = 0; j < n; j += 16) {
    _mm_prefetch(reinterpret_cast<const char *>(next + j), _MM_HINT_T1);
    __m512 v = _mm512_mul_ps(_mm512_load_ps(x + j), r);
    _mm512_stream_ps(y + j, _mm512_mul_ps(v, _mm512_load_ps(scale + j)));
  }
}

namespace {
struct Work {
  const float *x, *scale;
  float *y;
  int64_t rows, n, rowsPerChunk;
  float epsilon;
};
} // namespace

static void runChunks(void *context, int64_t begin, int64_t end) {
  const Work &work = *static_cast<const Work *>(context);
  int64_t last = std::min(end * work.rowsPerChunk, work.rows);
  for (int64_t i = begin * work.rowsPerChunk; i < last; ++i) {
    const float *row = work.x + i * work.n;
    float meanSquare = sumOfSquares(row, work.n) / float(work.n);
    float rstd = 1 / std::sqrt(meanSquare + work.epsilon);
    writeRow(row, work.scale, work.y + i * work.n, work.n, rstd,
             i + 1 < last ? row + work.n : row);
  }
  _mm_sfence();
}

bool bench::controlRmsNorm(const float *x, const float *scale, float *y,
                           int64_t rows, int64_t n, float epsilon,
                           Executor &executor) {
  auto isAligned = [](const void *p) {
    return reinterpret_cast<uintptr_t>(p) % 64 == 0;
  };
  if (!__builtin_cpu_supports("avx512f") || n <= 0 || n % 16 != 0 ||
      !isAligned(x) || !isAligned(scale) || !isAligned(y))
    return false;
  // What a thread takes at a time: half a megabyte, or one row.
  int64_t rowsPerChunk = std::max<int64_t>((int64_t(1) << 17) / n, 1);
  Work work{x, scale, y, rows, n, rowsPerChunk, epsilon};
  int64_t chunks = (rows + rowsPerChunk - 1) / rowsPerChunk;
  if (chunks > 0)
    executor.parallelFor(chunks, runChunks, &work);
  return true;
}

/// So many elements of all streams at a time: whole cache lines of each.
static constexpr int64_t kStep = 64;

namespace {
struct Movement {
  std::span<const bench::Stream> streams;
  int64_t steps, blocks;
  bool readsFirst = false, writes = true, isBackward = false;
};
} // namespace

__attribute__((target("avx512f"))) static __m512i
readLines(const bench::Stream &stream, int64_t begin, int64_t end,
          __m512i all) {
  const std::byte *at = stream.data + begin * kStep * stream.elementBytes;
  const std::byte *last = stream.data + end * kStep * stream.elementBytes;
  for (; at < last; at += 64)
    all = _mm512_xor_si512(all, _mm512_load_si512(at));
  return all;
}

__attribute__((target("avx512f"))) static void
moveBlocks(void *context, int64_t begin, int64_t end) {
  const Movement &movement = *static_cast<const Movement *>(context);
  __m512i all = _mm512_setzero_si512();
  for (int64_t i = begin; i < end; ++i) {
    int64_t block = movement.isBackward ? movement.blocks - 1 - i : i;
    int64_t first = movement.steps * block / movement.blocks;
    int64_t last = movement.steps * (block + 1) / movement.blocks;
    if (movement.readsFirst)
      for (const bench::Stream &stream : movement.streams)
        if (!stream.isWritten)
          all = readLines(stream, first, last, all);
    if (!movement.writes)
      continue;
    for (int64_t step = first; step < last; ++step)
      for (const bench::Stream &stream : movement.streams)
        if (!stream.isWritten) {
          all = readLines(stream, step, step + 1, all);
        } else {
          std::byte *to = stream.data + step * kStep * stream.elementBytes;
          for (int64_t k = 0; k < stream.elementBytes; ++k)
            _mm512_stream_si512(reinterpret_cast<__m512i *>(to + 64 * k), all);
        }
  }
  asm volatile("" ::"v"(all)); // It was read for something.
  _mm_sfence();
}

bool bench::moveStreams(std::span<const Stream> streams, int64_t elements,
                        int64_t blocks, ReadFirst first, Executor &executor) {
  if (!__builtin_cpu_supports("avx512f"))
    return false;
  Movement movement{streams, elements / kStep, blocks};
  if (first == ReadFirst::all) {
    movement.readsFirst = true;
    movement.writes = false;
    executor.parallelFor(blocks, moveBlocks, &movement);
    movement = {streams, elements / kStep, blocks, false, true, true};
  }
  movement.readsFirst = first == ReadFirst::block;
  executor.parallelFor(blocks, moveBlocks, &movement);
  return true;
}

#else

bool bench::moveStreams(std::span<const Stream>, int64_t, int64_t, ReadFirst,
                        Executor &) {
  return false;
}

bool bench::controlRmsNorm(const float *, const float *, float *, int64_t,
                           int64_t, float, Executor &) {
  return false;
}

#endif
