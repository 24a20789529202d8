//===- KernelCacheTest.cpp ------------------------------------------------===//

#include "normc/KernelCache.h"

#include "ObjectArtifact.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <thread>

using namespace normc;
using namespace normc::test;

namespace {

/// Makes kernels and counts them.
class KernelCacheTest : public testing::Test {
protected:
  std::atomic<int> made = 0;
  Artifact artifact = objectArtifact("add_one");

  Result<Kernel> make() {
    ++made;
    return Kernel::load(artifact);
  }
  Result<Kernel> get(KernelCache &cache, std::string_view key) {
    return cache.getOrMake(key, [&] { return make(); });
  }
  /// Whether the key is there.
  static bool has(KernelCache &cache, std::string_view key) {
    return bool(cache.getOrMake(key, []() -> Result<Kernel> {
      return Error{ErrorKind::Internal, "not there"};
    }));
  }
};

/// Where the code of a kernel's shared state is.
const void *idOf(const Kernel &kernel) { return &kernel.artifact(); }

/// Runs `body(i)` on as many threads.
template <typename Body> void onThreads(int count, Body body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i)
    threads.emplace_back(body, i);
  for (std::thread &thread : threads)
    thread.join();
}

} // namespace

TEST_F(KernelCacheTest, MakesAKernelOnce) {
  KernelCache cache;
  Result<Kernel> first = get(cache, "a"), again = get(cache, "a");
  ASSERT_TRUE(first && again);
  EXPECT_EQ(idOf(*first), idOf(*again));
  Result<Kernel> other = get(cache, std::string_view("a\0", 2));
  ASSERT_TRUE(other);
  EXPECT_NE(idOf(*first), idOf(*other)) << "keys are bytes, not C strings";
  EXPECT_EQ(made, 2);
  KernelCache::Statistics statistics = cache.statistics();
  EXPECT_EQ(statistics.hits, 1u);
  EXPECT_EQ(statistics.misses, 2u);
  EXPECT_EQ(statistics.kernels, 2u);
  EXPECT_EQ(statistics.evictions, 0u);
}

TEST_F(KernelCacheTest, KernelsOutliveTheCache) {
  std::optional<Kernel> kernel;
  {
    KernelCache cache;
    kernel = *get(cache, "a");
    kernel = *get(cache, "a");
  }
  std::vector<float> x = {1, 2}, y(2);
  EXPECT_TRUE(kernel->run({f32(x, {1, 2}), f32(y, {1, 2})}));
  EXPECT_EQ(y, (std::vector<float>{2, 3}));
}

TEST_F(KernelCacheTest, TheLeastRecentlyUsedGoes) {
  KernelCache cache(2);
  ASSERT_TRUE(get(cache, "a") && get(cache, "b"));
  ASSERT_TRUE(get(cache, "a"));
  ASSERT_TRUE(get(cache, "c"));
  EXPECT_EQ(cache.statistics().kernels, 2u);
  EXPECT_EQ(cache.statistics().evictions, 1u);
  EXPECT_FALSE(has(cache, "b"));
  EXPECT_TRUE(has(cache, "a"));
  EXPECT_TRUE(has(cache, "c"));
}

TEST_F(KernelCacheTest, StaysWithinItsCapacity) {
  KernelCache cache(8);
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(get(cache, std::to_string(i)));
  EXPECT_EQ(cache.statistics().kernels, 8u);
  EXPECT_EQ(cache.statistics().evictions, 92u);
  for (int i = 92; i < 100; ++i)
    EXPECT_TRUE(has(cache, std::to_string(i))) << i;
}

TEST_F(KernelCacheTest, KeepsNothingWithoutCapacity) {
  KernelCache cache(0);
  ASSERT_TRUE(get(cache, "a") && get(cache, "a"));
  EXPECT_EQ(made, 2);
  EXPECT_EQ(cache.statistics().kernels, 0u);
}

TEST_F(KernelCacheTest, ClearDropsAll) {
  KernelCache cache;
  Result<Kernel> kept = get(cache, "a");
  cache.clear();
  EXPECT_EQ(cache.statistics().kernels, 0u);
  Result<Kernel> fresh = get(cache, "a");
  ASSERT_TRUE(kept && fresh);
  EXPECT_NE(idOf(*kept), idOf(*fresh));
}

TEST_F(KernelCacheTest, ErrorsAreNotKept) {
  KernelCache cache;
  Result<Kernel> failed = cache.getOrMake("a", []() -> Result<Kernel> {
    return Error{ErrorKind::Unsupported, "no such kernel"};
  });
  EXPECT_EQ(messageOf(failed), "no such kernel");
  EXPECT_TRUE(get(cache, "a")) << "the next one tries again";
}

TEST_F(KernelCacheTest, WhatMakesAKernelMayThrow) {
  KernelCache cache;
  Result<Kernel> failed = cache.getOrMake(
      "a", []() -> Result<Kernel> { throw std::runtime_error("no"); });
  EXPECT_EQ(messageOf(failed),
            "expected a kernel, but what makes it threw an exception");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::Environment);
  Result<Kernel> starved =
      cache.getOrMake("a", []() -> Result<Kernel> { throw std::bad_alloc(); });
  EXPECT_EQ(messageOf(starved), "out of memory");
  EXPECT_TRUE(get(cache, "a"));
}

/// Returns once `count` threads wait for what another one makes.
static void awaitJoins(const KernelCache &cache, uint64_t count) {
  while (cache.statistics().joins < count)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

TEST_F(KernelCacheTest, ThreadsThatAskAtOnceShareOneKernel) {
  KernelCache cache;
  constexpr int threads = 6;
  std::vector<const void *> ids(threads);
  onThreads(threads, [&](int i) {
    Result<Kernel> kernel = cache.getOrMake("a", [&] {
      awaitJoins(cache, threads - 1);
      return make();
    });
    ids[i] = kernel ? idOf(*kernel) : nullptr;
  });
  EXPECT_EQ(made, 1);
  ASSERT_NE(ids[0], nullptr);
  EXPECT_EQ(ids, std::vector<const void *>(threads, ids[0]));
}

TEST_F(KernelCacheTest, ThreadsThatAskAtOnceShareOneError) {
  KernelCache cache;
  constexpr int threads = 4;
  std::vector<std::string> messages(threads);
  onThreads(threads, [&](int i) {
    messages[i] = messageOf(cache.getOrMake("a", [&]() -> Result<Kernel> {
      awaitJoins(cache, threads - 1);
      return Error{ErrorKind::InvalidSpec, "error " + std::to_string(++made)};
    }));
  });
  EXPECT_EQ(messages, std::vector<std::string>(threads, "error 1"));
}

TEST_F(KernelCacheTest, OtherKeysDoNotWait) {
  KernelCache cache;
  Result<Kernel> slow = cache.getOrMake("slow", [&] {
    std::thread([&] { EXPECT_TRUE(get(cache, "quick")); }).join();
    return make();
  });
  EXPECT_TRUE(slow);
  EXPECT_EQ(made, 2);
}

TEST_F(KernelCacheTest, AThreadDoesNotWaitForItself) {
  KernelCache cache;
  Result<Kernel> kernel = cache.getOrMake("a", [&]() -> Result<Kernel> {
    EXPECT_TRUE(get(cache, "a"));
    EXPECT_TRUE(get(cache, "b"));
    return make();
  });
  EXPECT_TRUE(kernel);
  EXPECT_EQ(made, 3);
  EXPECT_EQ(cache.statistics().kernels, 2u);
}

/// For the thread sanitizer as much as for the counts.
TEST_F(KernelCacheTest, ManyThreadsAndFewPlaces) {
  KernelCache cache(4);
  std::atomic<int> failures = 0;
  onThreads(20, [&](int thread) {
    for (int i = 0; i < 200; ++i) {
      Result<Kernel> kernel =
          get(cache, std::to_string((i * (thread + 1)) % 7));
      failures += !kernel;
      if (thread == 0 && i % 50 == 0)
        cache.clear();
    }
  });
  EXPECT_EQ(failures, 0);
  KernelCache::Statistics statistics = cache.statistics();
  EXPECT_LE(statistics.kernels, 4u);
  EXPECT_EQ(statistics.misses, uint64_t(made));
  EXPECT_EQ(statistics.hits + statistics.misses + statistics.joins, 20u * 200);
}

TEST_F(KernelCacheTest, TheProcessHasOne) {
  EXPECT_EQ(&defaultKernelCache(), &defaultKernelCache());
}
