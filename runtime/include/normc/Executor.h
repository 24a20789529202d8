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
  /// returned. `body` does not throw. `count` is at least 1. An implementation
  /// that cannot run everything should throw; the kernel's call then fails.
  virtual void parallelFor(int64_t count,
                           void (*body)(void *context, int64_t begin,
                                        int64_t end),
                           void *context) = 0;

  /// How many calls of `body` can run at the same time, at least 1. Where it is
  /// 1, and in stages of up to eight chunks on less than 1 MB, kernels call
  /// their code directly and not through `parallelFor`.
  virtual int concurrency() const = 0;
};

/// Runs everything on the calling thread. Lives as long as the process.
Executor &serialExecutor();

/// Runs on the oneTBB arena of the calling thread: all cores, unless the host
/// has set another limit through oneTBB. Waiting threads take up no work but
/// the kernel's own. Lives as long as the process.
Executor &defaultExecutor();

/// A oneTBB arena of `threads` threads, the calling one included. `threads` is
/// clamped to what oneTBB allows in this process, which is one thread per core
/// by default; `concurrency()` of the result tells. Threads are shared with
/// other arenas, so that creating an executor is cheap.
std::unique_ptr<Executor> makeThreadExecutor(int threads);

} // namespace normc

#endif // NORMC_EXECUTOR_H
