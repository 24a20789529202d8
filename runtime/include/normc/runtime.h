/*===- runtime.h - normc's runtime for C ------------------------*- C -*-===*\
|*
|* Loads compiled norms and runs them, from C or from any language that calls C.
|* Programs link normc's runtime only (CMake: normc::runtime), and no compiler.
|*
\*===----------------------------------------------------------------------===*/

#ifndef NORMC_RUNTIME_H
#define NORMC_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

/* Names and typedefs are C's. NOLINTBEGIN(readability-identifier-naming,
   modernize-use-using, modernize-deprecated-headers) */

#ifdef __cplusplus
extern "C" {
#endif

/** Whose fault an error is; normc_last_error() says what it was. */
typedef enum normc_status {
  NORMC_OK = 0,
  NORMC_INVALID_SPEC = 1,     /**< The declared norm is wrong. */
  NORMC_INVALID_ARGUMENT = 2, /**< A file, a buffer or a shape is wrong. */
  NORMC_UNSUPPORTED = 3,      /**< Legal, but beyond this version of normc. */
  NORMC_ENVIRONMENT = 4, /**< This machine lacks something: a CPU feature, the
                              file's format version, memory, a file. */
  NORMC_INTERNAL = 5     /**< A defect in normc, or in the artifact. */
} normc_status;

/** Element types. */
typedef enum normc_dtype {
  NORMC_F16 = 0,
  NORMC_BF16 = 1,
  NORMC_F32 = 2,
  NORMC_F64 = 3,
  NORMC_F8E4M3FN = 4, /**< 1 byte: sign, 4 bits of exponent, 3 of fraction; no
                           infinities. */
  NORMC_F8E5M2 = 5,   /**< 1 byte: sign, 5 bits of exponent, 2 of fraction. */
  NORMC_I8 = 6,
  NORMC_I32 = 7,
  NORMC_I64 = 8
} normc_dtype;

#define NORMC_MAX_RANK 8

/** A view of the caller's buffer. The element at index (i0, i1, ...) lies
    i0 * strides[0] + i1 * strides[1] + ... elements after `data`. */
typedef struct normc_tensor {
  void *data;    /**< Element at index zero; may be null without elements. */
  int32_t dtype; /**< A normc_dtype. */
  int32_t rank;  /**< At most NORMC_MAX_RANK. */
  int32_t read_only;               /**< Not 0: refused as an output. */
  int64_t shape[NORMC_MAX_RANK];   /**< Extents in elements. */
  int64_t strides[NORMC_MAX_RANK]; /**< In elements, not bytes. */
} normc_tensor;

/** What a kernel expects of an argument. */
typedef struct normc_argument {
  const char *name; /**< Lives as long as the kernel. */
  int32_t dtype;    /**< A normc_dtype. */
  int32_t rank;
  int32_t is_output;
  int64_t alignment; /**< The address is a multiple of this many bytes. */
} normc_argument;

/** Processes the chunks [begin, end) of a kernel. */
typedef void (*normc_body)(void *body_context, int64_t begin, int64_t end);

/** A thread pool of the caller's. */
typedef struct normc_executor {
  /** Calls `body(body_context, begin, end)` for ranges that cover [0, count)
      exactly once, in any order and on any threads, and returns when all calls
      have returned. Must be safe to call from several threads at once. */
  void (*parallel_for)(void *context, int64_t count, normc_body body,
                       void *body_context);
  void *context;
  /** Calls of `body` that can run at the same time, at least 1. Where it is 1,
      the pool is not called at all. The results do not depend on it. */
  int32_t concurrency;
} normc_executor;

/** A loaded kernel. Any number of threads may use one at the same time. */
typedef struct normc_kernel normc_kernel;

/** Loads an artifact from memory, which is not needed any more afterwards. On
    an error `*kernel` is null. An artifact is code: load only those from whom
    you would take a program. */
normc_status normc_load(const void *bytes, size_t size, normc_kernel **kernel);

/** Loads an artifact from a file (`normc compile --emit=artifact`). Here and
    above, of variants for several processors the first that this one can run.
 */
normc_status normc_load_file(const char *path, normc_kernel **kernel);

/** Frees a kernel that no thread uses any more; null is allowed. */
void normc_free(normc_kernel *kernel);

/** The kernel's name; lives as long as the kernel. */
const char *normc_name(const normc_kernel *kernel);

/** How many tensors a call takes. */
int32_t normc_argument_count(const normc_kernel *kernel);

/** Describes the argument of that number, from 0. */
normc_status normc_get_argument(const normc_kernel *kernel, int32_t index,
                                normc_argument *argument);

/** Bytes of scratch memory that normc_run_with_scratch needs for `tensors`. */
normc_status normc_scratch_bytes(const normc_kernel *kernel,
                                 const normc_tensor *tensors, int32_t count,
                                 int64_t *bytes);

/** Runs the kernel on `count` tensors, in the order of its arguments, and
    returns when it has ended. All is checked first: a call that is refused has
    read and written nothing. `executor` null: on all cores, by oneTBB; else see
    normc_serial_executor and normc_executor. Scratch memory is kept per thread
    and reused. */
normc_status normc_run(const normc_kernel *kernel, const normc_tensor *tensors,
                       int32_t count, const normc_executor *executor);

/** The same with the caller's scratch memory, at an address that is a multiple
    of 64. Nothing is allocated. */
normc_status normc_run_with_scratch(const normc_kernel *kernel,
                                    const normc_tensor *tensors, int32_t count,
                                    void *scratch, size_t scratch_size,
                                    const normc_executor *executor);

/** Runs everything on the calling thread. */
const normc_executor *normc_serial_executor(void);

/** What went wrong in this thread's last call that did not return NORMC_OK;
    empty where there was none. Valid until the thread's next such call. */
const char *normc_last_error(void);

/** normc's version, such as "0.1.0". */
const char *normc_version(void);

/** The format version of the artifacts that can be loaded. */
uint32_t normc_artifact_version(void);

#ifdef __cplusplus
}
#endif

/* NOLINTEND(readability-identifier-naming, modernize-use-using,
   modernize-deprecated-headers) */

#endif /* NORMC_RUNTIME_H */
