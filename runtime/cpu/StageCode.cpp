//===- StageCode.cpp - stages that are functions of this process ----------===//

#include "runtime/cpu/StageCode.h"

#include "runtime/cpu/FloatControl.h"

#include <atomic>

using namespace normc;

namespace {

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

static Status runStage(const Stage &stage, int64_t chunkCount,
                       const Launch &launch) {
  if (chunkCount == 0)
    return {};
  StageRun run{stage.entry, launch};
  if (chunkCount == 1 || launch.executor.concurrency() <= 1) {
    run.runChunks(0, chunkCount);
  } else {
    try {
      launch.executor.parallelFor(chunkCount, StageRun::body, &run);
    } catch (...) {
      return stageError(stage, "expected the executor to run all chunks, but "
                               "it threw an exception");
    }
  }
  if (run.failure != 0)
    return stageError(stage, "expected its code to return 0, but got " +
                                 std::to_string(run.failure));
  if (run.chunksDone != chunkCount)
    return stageError(
        stage, "expected the executor to run " + std::to_string(chunkCount) +
                   " chunks, but it ran " + std::to_string(run.chunksDone));
  return {};
}

Status StageCode::launch(const Launch &launch) const {
  for (size_t i = 0; i < stages.size(); ++i)
    if (Status status = runStage(stages[i], launch.chunkCounts[i], launch);
        !status)
      return status;
  return {};
}
