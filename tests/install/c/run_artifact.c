/*===- run_artifact.c - a kernel in a program without a compiler -*- C -*-===*\
|*
|* usage: run_artifact FILE
|*
|* Loads the artifact of tests/install/rms.mlir, runs it on every kind of
|* threads, and compares with the formula. Ends with "correct" and 0, or with
|* what went wrong and 1.
|*
\*===----------------------------------------------------------------------===*/

/* Names are C's. NOLINTBEGIN(readability-identifier-naming) */

#include "normc/runtime.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 2000, COLUMNS = 100 };

static float x[ROWS][COLUMNS], scale[COLUMNS], y[ROWS][COLUMNS];

static int fail(const char *what, normc_status status) {
  fprintf(stderr, "%s: status %d: %s\n", what, (int)status, normc_last_error());
  return 1;
}

/* A pool of one more thread. */

struct half {
  normc_body body;
  void *context;
  int64_t begin, end;
};

static void *run_half(void *argument) {
  struct half *half = argument;
  half->body(half->context, half->begin, half->end);
  return NULL;
}

static void two_threads(void *context, int64_t count, normc_body body,
                        void *body_context) {
  struct half halves[2] = {{body, body_context, 0, count / 2},
                           {body, body_context, count / 2, count}};
  pthread_t thread;
  int alone = count < 2 || pthread_create(&thread, NULL, run_half, halves) != 0;
  ++*(int *)context;
  if (alone) {
    body(body_context, 0, count);
    return;
  }
  run_half(&halves[1]);
  pthread_join(thread, NULL);
}

static int check_arguments(const normc_kernel *kernel) {
  static const char *const names[] = {"x", "scale", "y"};
  if (strcmp(normc_name(kernel), "rms") != 0 ||
      normc_argument_count(kernel) != 3)
    return fail("arguments", NORMC_OK);
  for (int32_t i = 0; i < 3; ++i) {
    normc_argument argument;
    normc_status status = normc_get_argument(kernel, i, &argument);
    if (status != NORMC_OK || strcmp(argument.name, names[i]) != 0 ||
        argument.dtype != NORMC_F32 || argument.rank != (i == 1 ? 1 : 2) ||
        argument.is_output != (i == 2))
      return fail("argument", status);
  }
  return 0;
}

/* Rounding of 32-bit floats, a few times over. */
static int check_result(void) {
  for (int i = 0; i < ROWS; ++i) {
    double sum = 0;
    for (int j = 0; j < COLUMNS; ++j)
      sum += (double)x[i][j] * x[i][j];
    for (int j = 0; j < COLUMNS; ++j) {
      double expected = scale[j] * x[i][j] / sqrt(sum / COLUMNS + 1e-6);
      if (!(fabs(y[i][j] - expected) <= 1e-6 * fabs(expected))) {
        fprintf(stderr, "y[%d][%d]: expected %g, but got %g\n", i, j, expected,
                y[i][j]);
        return 1;
      }
    }
  }
  return 0;
}

static int run(const normc_kernel *kernel) {
  normc_tensor tensors[3] = {
      {x, NORMC_F32, 2, 1, {ROWS, COLUMNS}, {COLUMNS, 1}},
      {scale, NORMC_F32, 1, 1, {COLUMNS}, {1}},
      {y, NORMC_F32, 2, 0, {ROWS, COLUMNS}, {COLUMNS, 1}}};
  int calls = 0;
  const normc_executor pool = {two_threads, &calls, 2};
  const normc_executor *executors[] = {NULL, normc_serial_executor(), &pool};
  for (int i = 0; i < 3; ++i) {
    memset(y, 0, sizeof(y));
    normc_status status = normc_run(kernel, tensors, 3, executors[i]);
    if (status != NORMC_OK)
      return fail("run", status);
    if (check_result() != 0)
      return 1;
  }
  if (calls == 0)
    return fail("the pool was not called", NORMC_OK);
  tensors[1].shape[0] = 99;
  if (normc_run(kernel, tensors, 3, NULL) != NORMC_INVALID_ARGUMENT ||
      strstr(normc_last_error(), "'scale': expected extent 100") == NULL)
    return fail("a wrong shape", NORMC_OK);
  return 0;
}

int main(int argc, char **argv) {
  normc_kernel *kernel;
  normc_status status = normc_load_file(argc > 1 ? argv[1] : "", &kernel);
  if (status != NORMC_OK)
    return fail("load", status);
  for (int j = 0; j < COLUMNS; ++j) {
    scale[j] = 0.5f + 0.01f * (float)j;
    for (int i = 0; i < ROWS; ++i)
      x[i][j] = (float)((i * 31 + j * 17) % 101 - 50) / 8;
  }
  int failed = check_arguments(kernel) || run(kernel);
  normc_free(kernel);
  if (!failed)
    printf("normc %s: correct\n", normc_version());
  return failed;
}

/* NOLINTEND(readability-identifier-naming) */
