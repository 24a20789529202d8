/* Kernels compiled ahead of time, called from C.
 *
 * `normc compile` has made a header and an object file of each .mlir file beside
 * this one; nothing else of normc is linked. Each kernel's results are compared
 * with the formula in double. Exits with 1 where one is off. */

#include "layer_norm.h"
#include "layer_norm_backward.h"
#include "rms_norm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures = 0;

static void check(int good, const char *what) {
  printf("%-44s %s\n", what, good ? "ok" : "WRONG");
  failures += !good;
}

/* Memory for n elements and a multiple of 64 bytes, aligned so. */
static void *allocate(size_t n, size_t size) {
  void *memory = NULL;
  size_t bytes = (n * size + 64) / 64 * 64;
  char *base = malloc(bytes + 64);
  if (base == NULL)
    exit(1);
  memory = base + (64 - (uintptr_t)base % 64);
  memset(memory, 0xff, bytes); /* NaN: what nobody writes is noticed. */
  return memory;               /* The process is short: never freed. */
}

/* Numbers in [-1, 1) from a small linear congruential generator. */
static double draw(void) {
  static uint32_t state = 1;
  state = state * 1664525u + 1013904223u;
  return (double)(state >> 8) / (1 << 23) - 1;
}

static float *drawFloats(size_t n, double mean) {
  float *values = allocate(n, sizeof(float));
  for (size_t i = 0; i < n; ++i)
    values[i] = (float)(mean + draw());
  return values;
}

static double fromBf16(uint16_t bits) {
  uint32_t wide = (uint32_t)bits << 16;
  float value;
  memcpy(&value, &wide, sizeof value);
  return value;
}

static uint16_t *drawBf16(size_t n, double mean) {
  uint16_t *values = allocate(n, sizeof(uint16_t));
  for (size_t i = 0; i < n; ++i) {
    float value = (float)(mean + draw());
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    values[i] = (uint16_t)(bits >> 16); /* Truncated: any bf16 will do. */
  }
  return values;
}

static void runRmsNorm(void) {
  enum { ROWS = 64, N = 512 };
  const float *x = drawFloats(ROWS * N, 0), *scale = drawFloats(N, 1);
  float *y = allocate(ROWS * N, sizeof(float));
  double worst = 0;
  check(rms_norm(x, scale, y, NULL) == NORMC_C_OK, "rms_norm runs");
  for (int i = 0; i < ROWS; ++i) {
    double sum = 0;
    for (int j = 0; j < N; ++j)
      sum += (double)x[i * N + j] * x[i * N + j];
    for (int j = 0; j < N; ++j) {
      double exact = x[i * N + j] / sqrt(sum / N + 1e-6) * scale[j];
      worst = fmax(worst, fabs(y[i * N + j] - exact) / (fabs(exact) + 1e-30));
    }
  }
  check(worst < 0x1p-21, "rms_norm agrees with the formula");
  check(rms_norm(NULL, scale, y, NULL) == NORMC_C_NULL, "null is refused");
  check(rms_norm((const float *)((const char *)x + 1), scale, y, NULL) ==
            NORMC_C_ALIGNMENT,
        "a pointer between two floats is refused");
}

static void runLayerNorm(int64_t rows, int64_t n) {
  const uint16_t *x = drawBf16((size_t)(rows * n), 0.5);
  const uint16_t *scale = drawBf16((size_t)n, 1);
  const uint16_t *shift = drawBf16((size_t)n, 0);
  uint16_t *y = allocate((size_t)(rows * n), sizeof(uint16_t));
  double worst = 0;
  check(layer_norm(x, scale, shift, y, rows, n, NULL) == NORMC_C_OK,
        "layer_norm runs");
  for (int64_t i = 0; i < rows; ++i) {
    double mean = 0, variance = 0;
    for (int64_t j = 0; j < n; ++j)
      mean += fromBf16(x[i * n + j]) / (double)n;
    for (int64_t j = 0; j < n; ++j)
      variance += pow(fromBf16(x[i * n + j]) - mean, 2) / (double)n;
    for (int64_t j = 0; j < n; ++j) {
      double hat = (fromBf16(x[i * n + j]) - mean) / sqrt(variance + 1e-5);
      double exact = hat * fromBf16(scale[j]) + fromBf16(shift[j]);
      /* Half a unit in the last place of bf16, and what f32 adds to it. */
      double bound = fabs(exact) * 0x1.01p-8 + 1e-5 * (1 + fabs(hat));
      worst = fmax(worst, fabs(fromBf16(y[i * n + j]) - exact) / bound);
    }
  }
  check(worst <= 1, "layer_norm agrees with the formula");
}

static void refuseLayerNorm(void) {
  uint16_t *any = allocate(64, sizeof(uint16_t));
  check(layer_norm(any, any, any, any, -1, 8, NULL) == NORMC_C_EXTENT,
        "a negative extent is refused");
  check(layer_norm(any, any, any, any, 8, 0, NULL) == NORMC_C_EXTENT,
        "a mean of nothing is refused");
  check(layer_norm(any, any, any, any, INT64_MAX / 2, 8, NULL) ==
            NORMC_C_TOO_LARGE,
        "a size beyond 63 bits is refused");
  check(layer_norm(NULL, any, any, NULL, 0, 8, NULL) == NORMC_C_OK,
        "no rows are fine");
}

static void runBackward(int64_t rows, int64_t n) {
  size_t size = (size_t)(rows * n);
  float *x = drawFloats(size, 0), *dy = drawFloats(size, 0);
  float *scale = drawFloats((size_t)n, 1), *mean = drawFloats((size_t)rows, 0);
  float *rstd = drawFloats((size_t)rows, 2);
  float *dx = allocate(size, sizeof(float));
  float *dscale = allocate((size_t)n, sizeof(float));
  float *dshift = allocate((size_t)n, sizeof(float));
  int64_t bytes = layer_norm_backward_scratch_bytes(rows, n);
  void *scratch = allocate((size_t)bytes, 1);
  double worst = 0;
  check(bytes > 0, "layer_norm_backward needs scratch");
  check(layer_norm_backward(x, dy, scale, mean, rstd, dx, dscale, dshift, rows,
                            n, NULL) == NORMC_C_SCRATCH,
        "which it asks for");
  check(layer_norm_backward(x, dy, scale, mean, rstd, dx, dscale, dshift, rows,
                            n, scratch) == NORMC_C_OK,
        "layer_norm_backward runs");
  for (int64_t i = 0; i < rows; ++i) {
    double m1 = 0, m2 = 0, size1 = 0, size2 = 0;
    for (int64_t j = 0; j < n; ++j) {
      double g = (double)dy[i * n + j] * scale[j] / (double)n;
      double gx = g * (x[i * n + j] - (double)mean[i]) * rstd[i];
      m1 += g;
      m2 += gx;
      size1 += fabs(g);
      size2 += fabs(gx);
    }
    for (int64_t j = 0; j < n; ++j) {
      double hat = (x[i * n + j] - (double)mean[i]) * rstd[i];
      double g = (double)dy[i * n + j] * scale[j];
      double exact = rstd[i] * (g - m1 - hat * m2);
      double terms = rstd[i] * (fabs(g) + size1 + fabs(hat) * size2);
      worst = fmax(worst, fabs(dx[i * n + j] - exact) / (terms + 1e-30));
    }
  }
  check(worst < 0x1p-21, "dx agrees with the formula");
  worst = 0;
  for (int64_t j = 0; j < n; ++j) {
    double sum = 0, terms = 1e-30;
    for (int64_t i = 0; i < rows; ++i) {
      double term = dy[i * n + j] * (x[i * n + j] - (double)mean[i]) * rstd[i];
      sum += term;
      terms += fabs(term);
    }
    worst = fmax(worst, fabs(dscale[j] - sum) / terms);
  }
  check(worst < 0x1p-20, "dscale agrees with the formula");
}

int main(void) {
  if (!rms_norm_supported() || !layer_norm_supported() ||
      !layer_norm_backward_supported()) {
    puts("this machine lacks what the kernels were compiled for");
    return 1;
  }
  runRmsNorm();
  runLayerNorm(33, 769);
  runLayerNorm(5, 1);
  refuseLayerNorm();
  runBackward(700, 130);
  if (failures)
    printf("%d checks failed\n", failures);
  return failures != 0;
}
