//===- JitTest.cpp - normc.h: compiler and runtime together ---------------===//

#include "normc/normc.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

using namespace normc;

static NormSpec rmsSpec(int64_t n) { return rmsNorm({.shape = {kDynamic, n}}); }

static const void *idOf(const Result<Kernel> &kernel) {
  return kernel ? &kernel->artifact() : nullptr;
}

TEST(JitTest, EqualSpecsShareAKernel) {
  KernelCache cache;
  Target native = Target::native();
  Result<Kernel> first = jit(rmsSpec(48), TargetKey::native(), cache);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(idOf(jit(rmsSpec(48), native, cache)), idOf(first));
  EXPECT_NE(idOf(jit(rmsSpec(49), native, cache)), idOf(first));
  Target narrow = native;
  narrow.vectorBits = 128;
  EXPECT_NE(idOf(jit(rmsSpec(48), narrow, cache)), idOf(first));
  EXPECT_EQ(cache.statistics().misses, 3u);
  EXPECT_EQ(cache.statistics().hits, 1u);
}

TEST(JitTest, EqualTextsShareAKernel) {
  KernelCache cache;
  std::string text = *toMlir(rmsSpec(48));
  Result<Kernel> first = jit(text, TargetKey::native(), cache);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(idOf(jit(text, Target::native(), cache)), idOf(first));
  EXPECT_NE(idOf(jit(text + "\n", TargetKey::native(), cache)), idOf(first));
}

TEST(JitTest, TheProcessHasACache) {
  Result<Kernel> first = jit(rmsSpec(50));
  ASSERT_TRUE(first);
  EXPECT_EQ(idOf(jit(rmsSpec(50))), idOf(first));
  EXPECT_EQ(idOf(jit(rmsSpec(50), Target::native())), idOf(first));
  // Past it.
  Result<Kernel> apart = compileAndLoad(rmsSpec(50), Target::native());
  ASSERT_TRUE(apart);
  EXPECT_NE(idOf(apart), idOf(first));
}

TEST(JitTest, ErrorsAreNotKept) {
  KernelCache cache;
  NormSpec wrong = rmsSpec(48);
  wrong.axes = {7};
  for (int i = 0; i < 2; ++i) {
    Result<Kernel> kernel = jit(wrong, TargetKey::native(), cache);
    ASSERT_FALSE(kernel);
    EXPECT_EQ(kernel.error().kind, ErrorKind::InvalidSpec);
  }
  EXPECT_EQ(cache.statistics().misses, 2u);
  EXPECT_EQ(cache.statistics().kernels, 0u);
}

TEST(JitTest, ThreadsCompileAKernelOnce) {
  KernelCache cache;
  std::vector<std::thread> threads;
  std::vector<const void *> ids(8);
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, i] {
      ids[i] = idOf(jit(rmsSpec(51), TargetKey::native(), cache));
    });
  for (std::thread &thread : threads)
    thread.join();
  ASSERT_NE(ids[0], nullptr);
  EXPECT_EQ(ids, std::vector<const void *>(8, ids[0]));
  EXPECT_EQ(cache.statistics().misses, 1u);
}
