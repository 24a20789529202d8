//===- SerialExecutors.cpp - executors without oneTBB ---------------------===//
//
// Stands for runtime/Executor.cpp where there is no oneTBB for the processor:
// all work is done by the calling thread.
//
//===----------------------------------------------------------------------===//

#include "normc/Executor.h"

using namespace normc;

Executor::~Executor() = default;

void Executor::parallelForSmall(int64_t count,
                                void (*body)(void *context, int64_t begin,
                                             int64_t end),
                                void *context) {
  body(context, 0, count);
}

namespace {
class SerialExecutor final : public Executor {
public:
  void parallelFor(int64_t count,
                   void (*body)(void *context, int64_t begin, int64_t end),
                   void *context) override {
    body(context, 0, count);
  }
  int concurrency() const override { return 1; }
};
} // namespace

Executor &normc::serialExecutor() {
  static SerialExecutor executor;
  return executor;
}

Executor &normc::defaultExecutor() { return serialExecutor(); }

std::unique_ptr<Executor> normc::makeThreadExecutor(int) {
  return std::make_unique<SerialExecutor>();
}
