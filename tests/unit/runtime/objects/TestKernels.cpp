//===- TestKernels.cpp - kernels by hand for the runtime's tests ----------===//
//
// Compiled to an object file that the tests link into an artifact's image; so
// it calls nothing.
//
//===----------------------------------------------------------------------===//

#include <cstdint>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#define STAGE(name)                                                            \
  extern "C" int32_t name(void *const *buffers, const int64_t *words,          \
                          void *scratch, int64_t chunkBegin, int64_t chunkEnd)

/// y = x + 1 on row-major f32 x[rows, columns]; words: rows, columns. A chunk
/// is a row.
STAGE(add_one) {
  int64_t columns = words[1];
  auto *x = static_cast<const float *>(buffers[0]);
  auto *y = static_cast<float *>(buffers[1]);
  for (int64_t i = chunkBegin * columns; i < chunkEnd * columns; ++i)
    y[i] = x[i] + 1.0f;
  return 0;
}

/// scratch[row] = sum of x's row.
STAGE(row_sums) {
  int64_t columns = words[1];
  auto *sums = static_cast<float *>(scratch);
  for (int64_t row = chunkBegin; row < chunkEnd; ++row) {
    float sum = 0;
    for (int64_t i = 0; i < columns; ++i)
      sum += static_cast<const float *>(buffers[0])[row * columns + i];
    sums[row] = sum;
  }
  return 0;
}

/// y's row = the sum over all rows in scratch; a second stage.
STAGE(spread_total) {
  float total = 0;
  for (int64_t row = 0; row < words[0]; ++row)
    total += static_cast<float *>(scratch)[row];
  for (int64_t i = chunkBegin * words[1]; i < chunkEnd * words[1]; ++i)
    static_cast<float *>(buffers[1])[i] = total;
  return 0;
}

/// y = the floating-point control word, and leaves another one behind.
STAGE(read_float_control) {
  float control = 0;
#if defined(__x86_64__)
  control = static_cast<float>(_mm_getcsr());
  _mm_setcsr(0x9FC0);
#elif defined(__aarch64__)
  uint64_t value;
  __asm__ volatile("mrs %0, fpcr" : "=r"(value));
  control = static_cast<float>(value);
#endif
  for (int64_t i = chunkBegin * words[1]; i < chunkEnd * words[1]; ++i)
    static_cast<float *>(buffers[1])[i] = control;
  return 0;
}

/// y[0] = the address of a constant of the code.
STAGE(where_am_i) {
  static const char here[] = "here";
  static_cast<const void **>(buffers[1])[0] = here;
  return 0;
}
