//===- Scratch.cpp - memory for the length of a call ----------------------===//

#include "runtime/Scratch.h"

#include <cstdlib>
#include <limits>

using namespace normc;

namespace {

/// Larger buffers go back to the system after each call, so that a thread pool
/// does not pin the largest scratch of every kernel it ever ran.
constexpr int64_t kMaxKeptBytes = int64_t(16) << 20;

struct ThreadBuffer {
  void *memory = nullptr;
  int64_t bytes = 0;
  /// A second call can start on this thread while the first one runs: executors
  /// may take up other work while they wait.
  bool isLent = false;

  ~ThreadBuffer() { std::free(memory); }
};

thread_local ThreadBuffer threadBuffer;

void *allocate(int64_t bytes) {
  if (bytes > std::numeric_limits<int64_t>::max() - kScratchAlignment)
    return nullptr;
  int64_t rounded =
      (bytes + kScratchAlignment - 1) / kScratchAlignment * kScratchAlignment;
  return std::aligned_alloc(kScratchAlignment, rounded);
}

} // namespace

bool ScratchLease::acquire(int64_t bytes) {
  ThreadBuffer &buffer = threadBuffer;
  if (buffer.isLent || bytes > kMaxKeptBytes) {
    memory = allocate(bytes);
    return memory != nullptr;
  }
  if (bytes > buffer.bytes) {
    std::free(buffer.memory);
    buffer.memory = allocate(bytes);
    buffer.bytes = buffer.memory ? bytes : 0;
    if (!buffer.memory)
      return false;
  }
  buffer.isLent = true;
  isThreadBuffer = true;
  memory = buffer.memory;
  return true;
}

ScratchLease::~ScratchLease() {
  if (isThreadBuffer)
    threadBuffer.isLent = false;
  else
    std::free(memory);
}
