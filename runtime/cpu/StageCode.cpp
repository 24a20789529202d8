//===- StageCode.cpp - stages that are functions of this process ----------===//

#include "runtime/cpu/StageCode.h"

#include "runtime/cpu/FloatControl.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <span>
#include <string>

using namespace normc;

namespace {

constexpr int64_t kFewChunks = 32;
constexpr int64_t kTinyBytes = int64_t(128) << 10;
constexpr int64_t kFewBytes = int64_t(1) << 20;

} // namespace

static Error stageError(const Stage &stage, const std::string &message) {
  return {ErrorKind::Internal, "stage '" + stage.name + "': " + message};
}

/// What an entry returns is 0; anything else is a defect of its code.
static Status checkReturned(const Stage &stage, int32_t returned) {
  if (returned == 0)
    return {};
  return stageError(stage, "expected its code to return 0, but got " +
                               std::to_string(returned));
}

static Status runOnThisThread(const Stage &stage, int64_t begin, int64_t end,
                              const Launch &launch) {
  FloatControlScope scope;
  return checkReturned(stage, stage.entry(launch.buffers, launch.words,
                                          launch.scratch, begin, end));
}

/// Few bytes alone don't say that a stage is little work: all pairs of two
/// short vectors are much. So do many chunks.
static bool isLess(int64_t bytes, int64_t chunkCount, const Launch &launch) {
  return chunkCount <= kFewChunks && launch.bytes < bytes;
}

/// Whether a stage is so small that other threads are of no use, even if they
/// are awake.
static bool isTiny(int64_t chunkCount, const Launch &launch) {
  return isLess(kTinyBytes, chunkCount, launch);
}

/// Whether threads that sleep would come too late.
static bool isSmall(int64_t chunkCount, const Launch &launch) {
  return isLess(kFewBytes, chunkCount, launch);
}

namespace {

/// A loop that workers share: `body(begin, end)` gives a Status.
template <typename Body> struct Loop {
  Body body;
  std::atomic<int64_t> done = 0;
  std::mutex mutex = {};
  Status failure = {}; ///< The first one, under the mutex.

  static void run(void *context, int64_t begin, int64_t end) {
    auto &loop = *static_cast<Loop *>(context);
    if (Status status = loop.body(begin, end); !status) {
      std::scoped_lock lock(loop.mutex);
      if (loop.failure)
        loop.failure = status;
    }
    loop.done.fetch_add(end - begin, std::memory_order_relaxed);
  }
};

} // namespace

/// `body` for all of [0, count), which are chunks of `stage` or blocks.
template <typename Body>
static Status runOnWorkers(const Stage &stage, int64_t count,
                           const Launch &launch, Body body) {
  Loop<Body> loop{body};
  Executor &executor = launch.executor;
  try {
    if (isSmall(count, launch))
      executor.parallelForSmall(count, Loop<Body>::run, &loop);
    else
      executor.parallelFor(count, Loop<Body>::run, &loop);
  } catch (...) {
    return stageError(stage, "expected the executor to run all chunks, but "
                             "it threw an exception");
  }
  if (!loop.failure)
    return loop.failure;
  if (loop.done != count)
    return stageError(stage,
                      "expected the executor to run " + std::to_string(count) +
                          " chunks, but it ran " + std::to_string(loop.done));
  return {};
}

/// The chunks [begin, end) of a stage.
static Status runChunks(const Stage &stage, int64_t begin, int64_t end,
                        const Launch &launch) {
  const int64_t count = end - begin;
  if (count == 0)
    return {};
  if (count == 1 || isTiny(count, launch) || launch.executor.concurrency() <= 1)
    return runOnThisThread(stage, begin, end, launch);
  return runOnWorkers(stage, count, launch, [&](int64_t from, int64_t to) {
    return runOnThisThread(stage, begin + from, begin + to, launch);
  });
}

namespace {

/// Stages side by side that go block by block.
class BlockedStages {
public:
  BlockedStages(std::span<const Stage> stages,
                std::span<const int64_t> chunkCounts, const Launch &launch)
      : stages(stages), chunkCounts(chunkCounts), launch(launch) {}

  Status run() {
    const int64_t blocks = countBlocks();
    const int64_t threads = launch.executor.concurrency();
    auto runAll = [&](int64_t begin, int64_t end) {
      Status status;
      for (; status && begin < end; ++begin)
        status = runBlock(begin, /*alone=*/true);
      return status;
    };
    if (threads <= 1 || isTiny(blocks, launch))
      return runAll(0, blocks);
    // Whole blocks to a thread, unless threads would be left without.
    if (blocks >= 4 * threads || (blocks > 0 && blocks % threads == 0))
      return runOnWorkers(stages.front(), blocks, launch, runAll);
    Status status;
    for (int64_t block = 0; status && block < blocks; ++block)
      status = runBlock(block, /*alone=*/false);
    return status;
  }

private:
  int64_t countBlocks() const {
    int64_t blocks = 0;
    for (size_t i = 0; i < stages.size(); ++i) {
      int64_t size = stages[i].chunksPerBlock;
      blocks = std::max(blocks, chunkCounts[i] / size +
                                    int64_t(chunkCounts[i] % size != 0));
    }
    return blocks;
  }

  /// `alone`: on this thread.
  Status runBlock(int64_t block, bool alone) const {
    Status status;
    for (size_t i = 0; status && i < stages.size(); ++i) {
      int64_t size = stages[i].chunksPerBlock;
      int64_t begin = std::min(block * size, chunkCounts[i]);
      int64_t end = begin + std::min(size, chunkCounts[i] - begin);
      if (!alone)
        status = runChunks(stages[i], begin, end, launch);
      else if (begin < end)
        status = runOnThisThread(stages[i], begin, end, launch);
    }
    return status;
  }

  std::span<const Stage> stages;
  std::span<const int64_t> chunkCounts;
  const Launch &launch;
};

} // namespace

Status StageCode::launch(const Launch &launch) const {
  auto isBlocked = [&](size_t i) {
    return i < stages.size() && stages[i].chunksPerBlock > 0;
  };
  for (size_t i = 0; i < stages.size();) {
    size_t end = i + 1;
    Status status;
    if (isBlocked(i)) {
      while (isBlocked(end))
        ++end;
      status = BlockedStages(std::span(stages).subspan(i, end - i),
                             launch.chunkCounts.subspan(i, end - i), launch)
                   .run();
    } else {
      status = runChunks(stages[i], 0, launch.chunkCounts[i], launch);
    }
    if (!status)
      return status;
    i = end;
  }
  return {};
}
