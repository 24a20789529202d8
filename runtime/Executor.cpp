//===- Executor.cpp - serial and oneTBB executors -------------------------===//

#include "normc/Executor.h"

#include <algorithm>

#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

using namespace normc;

Executor::~Executor() = default;

namespace {

using Body = void (*)(void *context, int64_t begin, int64_t end);

/// Runs the chunks in the calling thread's arena.
void runInArena(int64_t count, Body body, void *context) {
  // Isolated, since a waiting thread would otherwise take up tasks of the host
  // that may wait for a lock which this very thread holds.
  tbb::this_task_arena::isolate([&] {
    tbb::parallel_for(tbb::blocked_range<int64_t>(0, count),
                      [&](const tbb::blocked_range<int64_t> &range) {
                        body(context, range.begin(), range.end());
                      });
  });
}

class SerialExecutor final : public Executor {
public:
  void parallelFor(int64_t count, Body body, void *context) override {
    body(context, 0, count);
  }
  int concurrency() const override { return 1; }
};

/// Uses the arena that the caller is in: one arena of our own would make
/// callers on many threads queue for its slots.
class ArenaExecutor final : public Executor {
public:
  void parallelFor(int64_t count, Body body, void *context) override {
    runInArena(count, body, context);
  }
  int concurrency() const override {
    return tbb::this_task_arena::max_concurrency();
  }
};

class ThreadExecutor final : public Executor {
public:
  explicit ThreadExecutor(int threads) : threads(threads), arena(threads) {}

  void parallelFor(int64_t count, Body body, void *context) override {
    arena.execute([&] { runInArena(count, body, context); });
  }
  int concurrency() const override { return threads; }

private:
  int threads;
  tbb::task_arena arena;
};

} // namespace

// The two below are never destroyed: kernels may still run while the objects of
// static duration of other files are being destroyed.

Executor &normc::serialExecutor() {
  static Executor *executor = new SerialExecutor;
  return *executor;
}

Executor &normc::defaultExecutor() {
  static Executor *executor = new ArenaExecutor;
  return *executor;
}

std::unique_ptr<Executor> normc::makeThreadExecutor(int threads) {
  // oneTBB prints a warning when an arena asks for more than the limit.
  auto limit = static_cast<int>(tbb::global_control::active_value(
      tbb::global_control::max_allowed_parallelism));
  return std::make_unique<ThreadExecutor>(
      std::clamp(threads, 1, std::max(limit, 1)));
}
