//===- SameFrame.h - two ways to check a call -------------------*- C++ -*-===//
//
// Compares what CallPlan and checkCall find out about one call.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_UNIT_RUNTIME_SAMEFRAME_H
#define NORMC_TESTS_UNIT_RUNTIME_SAMEFRAME_H

#include "runtime/Checks.h"

#include <gtest/gtest.h>

namespace normc::test {

/// Everything that a call goes on with is equal.
inline void expectSameFrame(const Artifact &artifact, const CallFrame &a,
                            const CallFrame &b) {
  for (size_t i = 0; i < artifact.arguments.size(); ++i) {
    EXPECT_EQ(a.buffers[i], b.buffers[i]) << i;
    EXPECT_EQ(a.rangeBegin[i], b.rangeBegin[i]) << i;
    EXPECT_EQ(a.rangeEnd[i], b.rangeEnd[i]) << i;
  }
  for (size_t i = 0; i < artifact.words.size(); ++i)
    EXPECT_EQ(a.words[i], b.words[i]) << i;
  for (size_t i = 0; i < artifact.stages.size(); ++i)
    EXPECT_EQ(a.chunkCounts[i], b.chunkCounts[i]) << i;
  EXPECT_EQ(a.scratchBytes, b.scratchBytes);
}

} // namespace normc::test

#endif // NORMC_TESTS_UNIT_RUNTIME_SAMEFRAME_H
