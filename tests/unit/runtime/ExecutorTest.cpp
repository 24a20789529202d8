//===- ExecutorTest.cpp ---------------------------------------------------===//

#include "normc/Executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

using namespace normc;

namespace {

/// How often each chunk was run.
struct Counts {
  std::vector<std::atomic<int>> runs;
  explicit Counts(int64_t count) : runs(count) {}

  static void body(void *context, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      static_cast<Counts *>(context)->runs[i].fetch_add(1);
  }
  void expectAllOnce() {
    for (std::atomic<int> &run : runs)
      EXPECT_EQ(run.load(), 1);
  }
};

} // namespace

static void expectRunsAllOnce(Executor &executor) {
  for (int64_t count : {1, 2, 3, 64, 1000}) {
    Counts counts(count);
    executor.parallelFor(count, Counts::body, &counts);
    counts.expectAllOnce();
  }
}

TEST(ExecutorTest, SerialRunsOnTheCallingThread) {
  EXPECT_EQ(serialExecutor().concurrency(), 1);
  expectRunsAllOnce(serialExecutor());
  std::thread::id id;
  serialExecutor().parallelFor(
      4,
      [](void *context, int64_t, int64_t) {
        *static_cast<std::thread::id *>(context) = std::this_thread::get_id();
      },
      &id);
  EXPECT_EQ(id, std::this_thread::get_id());
}

TEST(ExecutorTest, DefaultRunsAllChunksOnce) {
  EXPECT_GE(defaultExecutor().concurrency(), 1);
  EXPECT_EQ(&defaultExecutor(), &defaultExecutor());
  expectRunsAllOnce(defaultExecutor());
}

TEST(ExecutorTest, ThreadExecutorsRunAllChunksOnce) {
  int most = defaultExecutor().concurrency();
  for (int threads : {1, 2, 1000}) {
    std::unique_ptr<Executor> executor = makeThreadExecutor(threads);
    EXPECT_EQ(executor->concurrency(), std::min(threads, most));
    expectRunsAllOnce(*executor);
  }
}

TEST(ExecutorTest, ThreadCountsBelowOneAreOne) {
  EXPECT_EQ(makeThreadExecutor(0)->concurrency(), 1);
  EXPECT_EQ(makeThreadExecutor(-5)->concurrency(), 1);
}

TEST(ExecutorTest, AreUsableFromManyThreadsAtOnce) {
  std::unique_ptr<Executor> executor = makeThreadExecutor(2);
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i)
    threads.emplace_back([&] {
      expectRunsAllOnce(*executor);
      expectRunsAllOnce(defaultExecutor());
    });
  for (std::thread &thread : threads)
    thread.join();
}

TEST(ExecutorTest, AreUsableFromTheirOwnWorkers) {
  std::atomic<int> calls = 0;
  defaultExecutor().parallelFor(
      8,
      [](void *context, int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          expectRunsAllOnce(defaultExecutor());
          static_cast<std::atomic<int> *>(context)->fetch_add(1);
        }
      },
      &calls);
  EXPECT_EQ(calls.load(), 8);
}
