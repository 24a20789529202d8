//===- OneThread.cpp - executors without oneTBB ---------------------------===//
//
// Stands for runtime/ThreadExecutors.cpp where there is no oneTBB for the
// processor: all work is done by the calling thread.
//
//===----------------------------------------------------------------------===//

#include "runtime/SerialExecutor.h"

using namespace normc;

Executor &normc::defaultExecutor() { return serialExecutor(); }

std::unique_ptr<Executor> normc::makeThreadExecutor(int) {
  return std::make_unique<SerialExecutor>();
}
