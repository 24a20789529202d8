//===- StageCodeTest.cpp --------------------------------------------------===//

#include "runtime/cpu/StageCode.h"

#include "TestArtifact.h"
#include "runtime/cpu/FloatControl.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <stdexcept>
#include <thread>

using namespace normc;
using namespace normc::test;

namespace {

/// A pool with a thread per chunk, and the ways in which one can be wrong.
class TestExecutor : public Executor {
public:
  enum Defect { None, SkipsTheLast, Throws };
  explicit TestExecutor(Defect defect = None) : defect(defect) {}

  void parallelFor(int64_t count, void (*body)(void *, int64_t, int64_t),
                   void *context) override {
    ++loops;
    if (defect == Throws)
      throw std::runtime_error("no thread");
    std::vector<std::thread> threads;
    for (int64_t i = 0; i < count - (defect == SkipsTheLast); ++i)
      threads.emplace_back(body, context, i, i + 1);
    for (std::thread &thread : threads)
      thread.join();
  }
  int concurrency() const override { return width; }

  int loops = 0;
  int width = 4;

private:
  Defect defect;
};

/// Words: the address of a counter and a value to return.
int32_t countCalls(void *const *buffers, const int64_t *words, void *,
                   int64_t begin, int64_t end) {
  static_cast<std::atomic<int64_t> *>(buffers[0])->fetch_add(end - begin);
  return static_cast<int32_t>(words[0]);
}

int32_t recordFloatControl(void *const *buffers, const int64_t *, void *,
                           int64_t, int64_t) {
  if (floatControl() == kDefaultFloatControl)
    static_cast<std::atomic<int64_t> *>(buffers[0])->fetch_add(1);
  setFloatControl(0x9FC0); // Subnormals flushed.
  return 0;
}

/// Words: the address of a list that gets [begin, end).
struct Ranges {
  std::mutex mutex;
  std::vector<std::pair<int64_t, int64_t>> ranges;
};
int32_t recordRange(void *const *buffers, const int64_t *words, void *,
                    int64_t begin, int64_t end) {
  auto &list = *static_cast<Ranges *>(buffers[0]);
  std::scoped_lock lock(list.mutex);
  list.ranges.emplace_back(begin, end);
  return static_cast<int32_t>(words[0]);
}

class StageCodeTest : public testing::Test {
protected:
  std::atomic<int64_t> counter = 0;
  void *buffers[1] = {&counter};
  int64_t words[1] = {0};
  int64_t bytes = int64_t(1) << 30;

  Status run(StageEntry entry, std::vector<int64_t> chunkCounts,
             Executor &executor) {
    std::vector<Stage> stages;
    for (size_t i = 0; i < chunkCounts.size(); ++i)
      stages.push_back({"stage" + std::to_string(i), entry});
    return StageCode(stages).launch({.buffers = buffers,
                                     .words = words,
                                     .chunkCounts = chunkCounts,
                                     .bytes = bytes,
                                     .executor = executor});
  }
};

} // namespace

TEST_F(StageCodeTest, RunsAllChunksOfAllStages) {
  TestExecutor executor;
  EXPECT_TRUE(run(countCalls, {5, 0, 7}, executor));
  EXPECT_EQ(counter, 12);
  EXPECT_EQ(executor.loops, 2) << "a stage without chunks takes no loop";
}

TEST_F(StageCodeTest, CallsDirectlyWhereOneThreadIsEnough) {
  TestExecutor executor;
  EXPECT_TRUE(run(countCalls, {1}, executor));
  executor.width = 1;
  EXPECT_TRUE(run(countCalls, {5}, executor));
  EXPECT_EQ(counter, 6);
  EXPECT_EQ(executor.loops, 0);
}

TEST_F(StageCodeTest, SmallStagesStayOnTheirThread) {
  TestExecutor executor;
  bytes = (1 << 20) - 1;
  EXPECT_TRUE(run(countCalls, {32, 2}, executor));
  EXPECT_EQ(executor.loops, 0);
  EXPECT_TRUE(run(countCalls, {33}, executor));
  EXPECT_EQ(executor.loops, 1) << "many chunks are work, however few bytes";
  bytes = 1 << 20;
  EXPECT_TRUE(run(countCalls, {2}, executor));
  EXPECT_EQ(executor.loops, 2) << "many bytes are work, however few chunks";
  EXPECT_EQ(counter, 34 + 33 + 2);
}

TEST_F(StageCodeTest, SmallStagesMayUseThreadsThatAreAwake) {
  struct AwakeExecutor : TestExecutor {
    void parallelForSmall(int64_t count, void (*body)(void *, int64_t, int64_t),
                          void *context) override {
      ++smallLoops;
      body(context, 0, count);
    }
    int smallLoops = 0;
  } executor;
  bytes = 128 << 10;
  EXPECT_TRUE(run(countCalls, {2}, executor));
  EXPECT_EQ(executor.smallLoops, 1);
  bytes = (128 << 10) - 1;
  EXPECT_TRUE(run(countCalls, {32}, executor));
  EXPECT_EQ(executor.smallLoops, 1) << "tiny ones are over before";
  EXPECT_EQ(executor.loops, 0);
  EXPECT_EQ(counter, 34);
}

TEST_F(StageCodeTest, ReportsWhatTheCodeReturns) {
  TestExecutor executor;
  words[0] = 3;
  Status status = run(countCalls, {2, 2}, executor);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::Internal);
  EXPECT_EQ(status.error().message,
            "stage 'stage0': expected its code to return 0, but got 3");
  EXPECT_EQ(counter, 2) << "the second stage must not run";
  EXPECT_EQ(messageOf(run(countCalls, {1, 2}, executor)),
            "stage 'stage0': expected its code to return 0, but got 3");
  EXPECT_EQ(counter, 3) << "nor after a stage on this thread";
}

TEST_F(StageCodeTest, ReportsDefectsOfExecutors) {
  TestExecutor skipping(TestExecutor::SkipsTheLast);
  EXPECT_EQ(messageOf(run(countCalls, {4}, skipping)),
            "stage 'stage0': expected the executor to run 4 chunks, but it ran "
            "3");
  TestExecutor throwing(TestExecutor::Throws);
  EXPECT_EQ(messageOf(run(countCalls, {4}, throwing)),
            "stage 'stage0': expected the executor to run all chunks, but it "
            "threw an exception");
}

TEST_F(StageCodeTest, SetsAndRestoresFloatControl) {
  uint64_t before = floatControl();
#if defined(__x86_64__)
  uint64_t hosts = 0xFF80; // Toward zero, subnormals flushed.
#else
  uint64_t hosts = uint64_t(1) << 24; // Subnormals flushed.
#endif
  setFloatControl(hosts);
  TestExecutor executor;
  bool ok = bool(run(recordFloatControl, {1}, executor)) &&
            bool(run(recordFloatControl, {6}, executor)) &&
            bool(run(recordFloatControl, {6}, serialExecutor()));
  uint64_t after = floatControl();
  setFloatControl(before);
  EXPECT_TRUE(ok);
  EXPECT_EQ(counter, 1 + 6 + 1);
  EXPECT_EQ(after, hosts);
}

namespace {

/// Three stages: one as a whole, then blocks of two and of three chunks.
class BlocksTest : public StageCodeTest {
protected:
  Ranges list;

  Status runBlocked(std::vector<int64_t> chunkCounts, Executor &executor) {
    std::vector<Stage> stages = {{"whole", recordRange},
                                 {"first", recordRange, 2},
                                 {"second", recordRange, 3}};
    buffers[0] = &list;
    return StageCode(stages).launch({.buffers = buffers,
                                     .words = words,
                                     .chunkCounts = chunkCounts,
                                     .bytes = bytes,
                                     .executor = executor});
  }
};

using Expected = std::vector<std::pair<int64_t, int64_t>>;

} // namespace

TEST_F(BlocksTest, GoBlockByBlockOnOneThread) {
  EXPECT_TRUE(runBlocked({4, 5, 8}, serialExecutor()));
  EXPECT_EQ(list.ranges,
            (Expected{{0, 4}, {0, 2}, {0, 3}, {2, 4}, {3, 6}, {4, 5}, {6, 8}}));
}

TEST_F(BlocksTest, AreDealtOutWhereThereAreEnough) {
  TestExecutor executor;
  executor.width = 3;
  EXPECT_TRUE(runBlocked({1, 6, 9}, executor)); // Three blocks.
  EXPECT_EQ(executor.loops, 1);
  std::sort(list.ranges.begin(), list.ranges.end());
  EXPECT_EQ(list.ranges,
            (Expected{{0, 1}, {0, 2}, {0, 3}, {2, 4}, {3, 6}, {4, 6}, {6, 9}}));
}

TEST_F(BlocksTest, AreSharedWhereThereAreFew) {
  TestExecutor executor;
  EXPECT_TRUE(runBlocked({1, 4, 6}, executor)); // Two blocks, four threads.
  EXPECT_EQ(executor.loops, 4);
  ASSERT_EQ(list.ranges.size(), 1u + 4u + 6u);
  auto isOfFirstBlock = [](auto range) { return range.second <= 3; };
  EXPECT_TRUE(std::all_of(list.ranges.begin() + 1, list.ranges.begin() + 6,
                          isOfFirstBlock));
}

TEST_F(BlocksTest, ReportWhatTheCodeReturns) {
  words[0] = 5;
  TestExecutor executor;
  executor.width = 3;
  EXPECT_EQ(messageOf(runBlocked({0, 6, 9}, executor)),
            "stage 'first': expected its code to return 0, but got 5");
  EXPECT_EQ(list.ranges.size(), 3u) << "the second stage must not run";
}
