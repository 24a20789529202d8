//===- Executor.cpp - what all executors share, and the serial one --------===//

#include "runtime/SerialExecutor.h"

using namespace normc;

Executor::~Executor() = default;

void Executor::parallelForSmall(int64_t count,
                                void (*body)(void *context, int64_t begin,
                                             int64_t end),
                                void *context) {
  body(context, 0, count);
}

// Never destroyed: kernels may still run while the objects of static duration
// of other files are being destroyed.
Executor &normc::serialExecutor() {
  static Executor *executor = new SerialExecutor;
  return *executor;
}
