//===- ScratchTest.cpp ----------------------------------------------------===//

#include "runtime/Scratch.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <thread>

using namespace normc;

static void expectAligned(const ScratchLease &lease) {
  EXPECT_NE(lease.data(), nullptr);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(lease.data()) % kScratchAlignment, 0u);
}

TEST(ScratchTest, ReusesTheThreadsBuffer) {
  void *first;
  {
    ScratchLease lease;
    ASSERT_TRUE(lease.acquire(1000));
    expectAligned(lease);
    std::memset(lease.data(), 1, 1000);
    first = lease.data();
  }
  ScratchLease lease;
  ASSERT_TRUE(lease.acquire(10));
  EXPECT_EQ(lease.data(), first);
}

TEST(ScratchTest, NestedLeasesAreApart) {
  ScratchLease outer;
  ASSERT_TRUE(outer.acquire(100));
  ScratchLease inner;
  ASSERT_TRUE(inner.acquire(100));
  expectAligned(inner);
  EXPECT_NE(outer.data(), inner.data());
}

TEST(ScratchTest, GrowsAndServesLargeRequests) {
  for (int64_t bytes : {int64_t(1), int64_t(1) << 12, int64_t(1) << 20,
                        (int64_t(16) << 20) + 1}) {
    ScratchLease lease;
    ASSERT_TRUE(lease.acquire(bytes));
    expectAligned(lease);
    static_cast<char *>(lease.data())[bytes - 1] = 1;
  }
}

TEST(ScratchTest, ThreadsHaveTheirOwn) {
  ScratchLease mine;
  ASSERT_TRUE(mine.acquire(100));
  std::thread([&] {
    ScratchLease theirs;
    ASSERT_TRUE(theirs.acquire(100));
    EXPECT_NE(mine.data(), theirs.data());
  }).join();
}

TEST(ScratchTest, FailsWithoutMemory) {
  ScratchLease lease;
  EXPECT_FALSE(lease.acquire(std::numeric_limits<int64_t>::max()));
  EXPECT_EQ(lease.data(), nullptr);
}
