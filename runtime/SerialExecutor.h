//===- SerialExecutor.h - the calling thread does all work ------*- C++ -*-===//
//
// The executor without threads, for serialExecutor() and for builds without
// oneTBB.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_RUNTIME_SERIALEXECUTOR_H
#define NORMC_RUNTIME_SERIALEXECUTOR_H

#include "normc/Executor.h"

namespace normc {

/// Thread safe: it has no state.
class SerialExecutor final : public Executor {
public:
  void parallelFor(int64_t count,
                   void (*body)(void *context, int64_t begin, int64_t end),
                   void *context) override {
    body(context, 0, count);
  }
  int concurrency() const override { return 1; }
};

} // namespace normc

#endif // NORMC_RUNTIME_SERIALEXECUTOR_H
