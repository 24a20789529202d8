//===- StreamingCopy.cpp - how fast this machine moves memory -------------===//

#include "tools/measure/StreamingCopy.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

using namespace normc;

/// What a thread takes at a time; a multiple of every vector's size.
static constexpr int64_t kChunkBytes = int64_t(1) << 20;

using CopyFunction = void (*)(std::byte *to, const std::byte *from,
                              int64_t bytes);

// Each copies a multiple of 64 bytes. Four loads before the stores keep several
// cache lines under way.
#if defined(__x86_64__)
__attribute__((target("avx512f"))) static void
copy512(std::byte *to, const std::byte *from, int64_t bytes) {
  int64_t i = 0;
  for (; i + 256 <= bytes; i += 256) {
    __m512i a = _mm512_load_si512(from + i);
    __m512i b = _mm512_load_si512(from + i + 64);
    __m512i c = _mm512_load_si512(from + i + 128);
    __m512i d = _mm512_load_si512(from + i + 192);
    _mm512_stream_si512(reinterpret_cast<__m512i *>(to + i), a);
    _mm512_stream_si512(reinterpret_cast<__m512i *>(to + i + 64), b);
    _mm512_stream_si512(reinterpret_cast<__m512i *>(to + i + 128), c);
    _mm512_stream_si512(reinterpret_cast<__m512i *>(to + i + 192), d);
  }
  for (; i < bytes; i += 64)
    _mm512_stream_si512(reinterpret_cast<__m512i *>(to + i),
                        _mm512_load_si512(from + i));
  _mm_sfence();
}

__attribute__((target("avx"))) static void
copy256(std::byte *to, const std::byte *from, int64_t bytes) {
  for (int64_t i = 0; i < bytes; i += 64) {
    auto *source = reinterpret_cast<const __m256i *>(from + i);
    __m256i a = _mm256_load_si256(source);
    __m256i b = _mm256_load_si256(source + 1);
    _mm256_stream_si256(reinterpret_cast<__m256i *>(to + i), a);
    _mm256_stream_si256(reinterpret_cast<__m256i *>(to + i + 32), b);
  }
  _mm_sfence();
}

static void copy128(std::byte *to, const std::byte *from, int64_t bytes) {
  for (int64_t i = 0; i < bytes; i += 16)
    _mm_stream_si128(
        reinterpret_cast<__m128i *>(to + i),
        _mm_load_si128(reinterpret_cast<const __m128i *>(from + i)));
  _mm_sfence();
}

static CopyFunction chooseCopy() {
  return __builtin_cpu_supports("avx512f") ? copy512
         : __builtin_cpu_supports("avx")   ? copy256
                                           : copy128;
}
#else
static CopyFunction chooseCopy() {
  return [](std::byte *to, const std::byte *from, int64_t bytes) {
    std::memcpy(to, from, bytes);
  };
}
#endif

void measure::streamingCopy(std::byte *to, const std::byte *from, int64_t bytes,
                            Executor &executor) {
  static const CopyFunction copy = chooseCopy();
  struct Work {
    std::byte *to;
    const std::byte *from;
    int64_t bytes;
  } work{to, from, bytes / 64 * 64};
  int64_t chunks = (work.bytes + kChunkBytes - 1) / kChunkBytes;
  if (chunks > 0)
    executor.parallelFor(
        chunks,
        [](void *context, int64_t begin, int64_t end) {
          const Work &work = *static_cast<const Work *>(context);
          int64_t first = begin * kChunkBytes;
          int64_t last = std::min(end * kChunkBytes, work.bytes);
          copy(work.to + first, work.from + first, last - first);
        },
        &work);
  std::memcpy(to + work.bytes, from + work.bytes, bytes - work.bytes);
}
