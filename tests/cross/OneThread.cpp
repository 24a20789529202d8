//===- OneThread.cpp - executors without oneTBB ---------------------------===//
//
// Stands for runtime/ThreadExecutors.cpp where there is no oneTBB for the
// processor: all work is done by the calling thread.
//
//===----------------------------------------------------------------------===//

#include "normc/Executor.h"

using namespace normc;

namespace {
class OneThread final : public Executor {
public:
  void parallelFor(int64_t count,
                   void (*body)(void *context, int64_t begin, int64_t end),
                   void *context) override {
    body(context, 0, count);
  }
  int concurrency() const override { return 1; }
};
} // namespace

Executor &normc::defaultExecutor() { return serialExecutor(); }

std::unique_ptr<Executor> normc::makeThreadExecutor(int) {
  return std::make_unique<OneThread>();
}
