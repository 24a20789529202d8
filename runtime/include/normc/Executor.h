//===- Executor.h - who runs a kernel's chunks -----------------*- C++ -*-===//
//
// The hook through which a host program brings its own thread pool, and the
// executors that normc brings itself.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_EXECUTOR_H
#define NORMC_EXECUTOR_H

#include <cstdint>
#include <memory>

namespace normc {

/// Runs independent chunks of work. An implementation must be safe to use from
/// several threads at once, and from inside its own workers. Results of a
/// kernel do not depend on the executor: chunks are cut by shape, never by the
/// number of threads.
class Executor {
public:
  virtual ~Executor();

  /// Calls `body(context, begin, end)` for ranges that cover [0, count) exactly
  /// once, in any order and on any threads, and returns when all calls have
  /// returned. `body` does not throw, and may take 100 KB of stack. `count` is
  /// at least 1. An implementation that cannot run everything should throw; the
  /// kernel's call then fails.
  virtual void parallelFor(int64_t count,
                           void (*body)(void *context, int64_t begin,
                                        int64_t end),
                           void *context) = 0;

  /// The same for work of some 30 us or less, which is not worth waking a
  /// thread for: it may use those that are awake. Without an override, all of
  /// it is one call of `body` on the calling thread.
  virtual void parallelForSmall(int64_t count,
                                void (*body)(void *context, int64_t begin,
                                             int64_t end),
                                void *context);

  /// How many calls of `body` can run at the same time, at least 1. Where it is
  /// 1, kernels call their code directly, and so do stages of up to 32 chunks
  /// if the call's arguments have less than 128 KB. Such stages go through
  /// `parallelForSmall` if the arguments have less than 1 MB.
  virtual int concurrency() const = 0;
};

/// Runs everything on the calling thread. Lives as long as the process.
Executor &serialExecutor();

/// Runs on as many threads as the oneTBB arena of the calling thread has: all
/// cores, unless the host has set another limit through oneTBB. Waiting threads
/// take up no work but the kernel's own. The other threads wait 50 us for the
/// next call before they sleep, or take up work of the host's. Lives as long as
/// the process; a library that holds this code must not be unloaded before,
/// since its threads sleep in it.
Executor &defaultExecutor();

/// The same with `threads` threads of oneTBB, the calling one included.
/// `threads` is clamped to what oneTBB allows in this process, which is one
/// thread per core by default; `concurrency()` of the result tells. Threads are
/// shared with other arenas, so that creating an executor is cheap.
std::unique_ptr<Executor> makeThreadExecutor(int threads);

} // namespace normc

#endif // NORMC_EXECUTOR_H
