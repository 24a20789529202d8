/*===- object_driver.c - calls an object's kernel on files ------*- C -*-===*\
|*
|* With call.h, which ahead_of_time.py writes for one kernel and one call: the
|* header of the kernel, its buffers in order, and the call. Reads the inputs,
|* calls, checks that nothing around the buffers has changed, and writes the
|* outputs. Prints which version of the kernel has run, or "unsupported".
|*
\*===----------------------------------------------------------------------===*/

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct buffer {
  const char *path;
  int is_output;
  size_t bytes;
  unsigned char *data; /* With GUARD bytes before and behind. */
};

#include "call.h"

enum { GUARD = 64, FILLER = 0xa5 };

/* Bytes that a kernel must not touch, with room in their middle. */
static unsigned char *place(size_t bytes) {
  unsigned char *memory = malloc(bytes + 2 * GUARD + 64);
  if (!memory)
    exit(2);
  memory += 64 - (uintptr_t)memory % 64;
  memset(memory, FILLER, bytes + 2 * GUARD);
  return memory + GUARD;
}

static int is_intact(const unsigned char *data, size_t bytes) {
  for (int i = 1; i <= GUARD; ++i)
    if (data[-i] != FILLER || data[bytes + (size_t)i - 1] != FILLER)
      return 0;
  return 1;
}

/* Reads a buffer's file into it, or writes it there. */
static int transfer(const struct buffer *buffer) {
  FILE *file = fopen(buffer->path, buffer->is_output ? "wb" : "rb");
  if (!file)
    return 0;
  size_t done = buffer->is_output
                    ? fwrite(buffer->data, 1, buffer->bytes, file)
                    : fread(buffer->data, 1, buffer->bytes, file);
  return fclose(file) == 0 && done == buffer->bytes;
}

int main(void) {
  int count = (int)(sizeof(buffers) / sizeof(*buffers));
  if (!supported()) {
    puts("unsupported");
    return IS_VERSIONED && call(NULL) != NORMC_C_UNSUPPORTED;
  }
  int64_t bytes = scratch_bytes();
  unsigned char *scratch = place((size_t)(bytes > 0 ? bytes : 0));
  for (int i = 0; i < count; ++i) {
    buffers[i].data = place(buffers[i].bytes);
    if (!buffers[i].is_output && !transfer(&buffers[i]))
      return 2;
  }
  int status = call(scratch);
  if (status != 0) {
    fprintf(stderr, "the kernel returned %d\n", status);
    return 1;
  }
  for (int i = 0; i < count; ++i) {
    if (!is_intact(buffers[i].data, buffers[i].bytes)) {
      fprintf(stderr, "bytes around %s have changed\n", buffers[i].path);
      return 1;
    }
    if (buffers[i].is_output && !transfer(&buffers[i]))
      return 2;
  }
  if (!is_intact(scratch, (size_t)bytes)) {
    fprintf(stderr, "bytes around the scratch memory have changed\n");
    return 1;
  }
  puts(version_name());
  return 0;
}
