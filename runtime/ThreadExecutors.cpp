//===- ThreadExecutors.cpp - executors of several threads -----------------===//

#include "normc/Executor.h"

#include "runtime/Helpers.h"

#include <algorithm>
#include <thread>

#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

using namespace normc;

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

/// Has at most as many threads as the arena that the caller is in. One loop at
/// a time gets the helpers; the others are loops of oneTBB in their callers'
/// arenas, since all would queue for the slots of one of our own.
class ArenaExecutor final : public Executor {
public:
  ArenaExecutor() : helpers(int(std::thread::hardware_concurrency())) {}

  void parallelFor(int64_t count, Body body, void *context) override {
    if (!helpers.run(count, body, context, concurrency(), Helpers::Work::Large))
      runInArena(count, body, context);
  }
  void parallelForSmall(int64_t count, Body body, void *context) override {
    if (!helpers.run(count, body, context, concurrency(), Helpers::Work::Small))
      body(context, 0, count);
  }
  int concurrency() const override {
    return tbb::this_task_arena::max_concurrency();
  }

private:
  Helpers helpers;
};

class ThreadExecutor final : public Executor {
public:
  explicit ThreadExecutor(int threads)
      : threads(threads), arena(threads), helpers(threads) {}

  void parallelFor(int64_t count, Body body, void *context) override {
    if (!helpers.run(count, body, context, threads, Helpers::Work::Large))
      arena.execute([&] { runInArena(count, body, context); });
  }
  void parallelForSmall(int64_t count, Body body, void *context) override {
    if (!helpers.run(count, body, context, threads, Helpers::Work::Small))
      body(context, 0, count);
  }
  int concurrency() const override { return threads; }

private:
  int threads;
  tbb::task_arena arena;
  Helpers helpers;
};

} // namespace

// Never destroyed: kernels may still run while the objects of static duration
// of other files are being destroyed.
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
