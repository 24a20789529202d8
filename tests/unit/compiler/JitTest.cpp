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

/// Eight specs, of which one is wrong and two are equal.
static std::vector<NormSpec> eightSpecs() {
  std::vector<NormSpec> specs;
  for (int64_t i = 0; i < 8; ++i)
    specs.push_back(rmsSpec(60 + i));
  specs[3].axes = {7};
  specs[6] = specs[5];
  return specs;
}

TEST(JitTest, ManySpecsAtOnce) {
  std::vector<NormSpec> specs = eightSpecs();
  for (Executor *executor : {&defaultExecutor(), &serialExecutor()}) {
    KernelCache cache;
    std::vector<Result<Kernel>> kernels =
        jitAll(specs, TargetKey::native(), *executor, cache);
    ASSERT_EQ(kernels.size(), specs.size());
    for (size_t i = 0; i < specs.size(); ++i) {
      ASSERT_EQ(bool(kernels[i]), i != 3) << i;
      if (i == 3)
        continue;
      EXPECT_EQ(idOf(kernels[i]),
                idOf(jit(specs[i], TargetKey::native(), cache)))
          << "in the order of the specs";
    }
    EXPECT_EQ(kernels[3].error().kind, ErrorKind::InvalidSpec);
    EXPECT_EQ(cache.statistics().misses, 7u) << "equal ones are made once";
  }
  EXPECT_TRUE(jitAll({}).empty());
}

TEST(JitTest, ManyArtifactsAtOnce) {
  std::vector<NormSpec> specs = eightSpecs();
  std::vector<Result<Artifact>> artifacts = compileAll(specs, Target::native());
  ASSERT_EQ(artifacts.size(), specs.size());
  for (size_t i = 0; i < specs.size(); ++i) {
    ASSERT_EQ(bool(artifacts[i]), i != 3) << i;
    if (i == 3)
      continue;
    EXPECT_EQ(artifacts[i]->image, compile(specs[i], Target::native())->image)
        << "the same bytes as alone";
  }
}

namespace {

/// Runs the first two and then gives up.
class FailingExecutor : public Executor {
public:
  void parallelFor(int64_t, void (*body)(void *, int64_t, int64_t),
                   void *context) override {
    body(context, 0, 2);
    throw 1;
  }
  int concurrency() const override { return 2; }
};

} // namespace

TEST(JitTest, AnExecutorMayFail) {
  FailingExecutor executor;
  std::vector<Result<Kernel>> kernels =
      jitAll(eightSpecs(), TargetKey::native(), executor);
  EXPECT_TRUE(kernels[0] && kernels[1]);
  for (size_t i = 2; i < kernels.size(); ++i) {
    ASSERT_FALSE(kernels[i]);
    EXPECT_EQ(kernels[i].error().message,
              "expected the executor to run every compilation, but it left "
              "this one out");
  }
}
