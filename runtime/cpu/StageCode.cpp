//===- StageCode.cpp - stages that are functions of this process ----------===//

#include "runtime/cpu/StageCode.h"

#include "runtime/cpu/FloatControl.h"

#include <atomic>
#include <string>

using namespace normc;

namespace {

constexpr int64_t kFewChunks = 32;
constexpr int64_t kTinyBytes = int64_t(128) << 10;
constexpr int64_t kFewBytes = int64_t(1) << 20;

/// What the workers of one stage share.
struct StageRun {
  StageEntry entry;
  const Launch &launch;
  std::atomic<int64_t> chunksDone = 0;
  std::atomic<int32_t> failure = 0;

  void runChunks(int64_t begin, int64_t end) {
    FloatControlScope scope;
    int32_t returned =
        entry(launch.buffers, launch.words, launch.scratch, begin, end);
    if (returned != 0)
      failure.store(returned, std::memory_order_relaxed);
    chunksDone.fetch_add(end - begin, std::memory_order_relaxed);
  }

  static void body(void *context, int64_t begin, int64_t end) {
    static_cast<StageRun *>(context)->runChunks(begin, end);
  }
};

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

static Status runOnThisThread(const Stage &stage, int64_t chunkCount,
                              const Launch &launch) {
  FloatControlScope scope;
  return checkReturned(stage, stage.entry(launch.buffers, launch.words,
                                          launch.scratch, 0, chunkCount));
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

static Status runOnWorkers(const Stage &stage, int64_t chunkCount,
                           const Launch &launch) {
  StageRun run{stage.entry, launch};
  Executor &executor = launch.executor;
  try {
    if (isSmall(chunkCount, launch))
      executor.parallelForSmall(chunkCount, StageRun::body, &run);
    else
      executor.parallelFor(chunkCount, StageRun::body, &run);
  } catch (...) {
    return stageError(stage, "expected the executor to run all chunks, but "
                             "it threw an exception");
  }
  if (Status status = checkReturned(stage, run.failure); !status)
    return status;
  if (run.chunksDone != chunkCount)
    return stageError(
        stage, "expected the executor to run " + std::to_string(chunkCount) +
                   " chunks, but it ran " + std::to_string(run.chunksDone));
  return {};
}

static Status runStage(const Stage &stage, int64_t chunkCount,
                       const Launch &launch) {
  if (chunkCount == 0)
    return {};
  if (chunkCount == 1 || isTiny(chunkCount, launch) ||
      launch.executor.concurrency() <= 1)
    return runOnThisThread(stage, chunkCount, launch);
  return runOnWorkers(stage, chunkCount, launch);
}

Status StageCode::launch(const Launch &launch) const {
  for (size_t i = 0; i < stages.size(); ++i)
    if (Status status = runStage(stages[i], launch.chunkCounts[i], launch);
        !status)
      return status;
  return {};
}
