//===- KernelTest.cpp -----------------------------------------------------===//

#include "normc/Kernel.h"

#include "ObjectArtifact.h"
#include "runtime/cpu/FloatControl.h"

#include <gtest/gtest.h>

#include <thread>

using namespace normc;
using namespace normc::test;

static_assert(std::is_copy_constructible_v<Kernel> &&
              std::is_nothrow_move_constructible_v<Kernel>);

static Kernel load(const Artifact &artifact) {
  Result<Kernel> kernel = Kernel::load(artifact);
  EXPECT_TRUE(kernel) << messageOf(kernel);
  return *kernel;
}

/// Two stages: row sums into scratch, then their total everywhere.
static Artifact totalArtifact() {
  Artifact artifact = matrixArtifact("row_sums");
  artifact.stages.push_back({"spread_total", SizeExpr::word(0)});
  artifact.scratchBytes = {{{SizeExpr::Op::Word, 0},
                            {SizeExpr::Op::Constant, 4},
                            {SizeExpr::Op::Mul, 0}}};
  return withCode(std::move(artifact));
}

TEST(KernelTest, RunsPositional) {
  Kernel kernel = load(objectArtifact("add_one"));
  std::vector<float> x = {1, 2, 3, 4, 5, 6}, y(6);
  EXPECT_TRUE(kernel.run({f32(x, {2, 3}), f32(y, {2, 3})}));
  EXPECT_EQ(y, (std::vector<float>{2, 3, 4, 5, 6, 7}));

  std::vector<TensorRef> args = {f32(y, {3, 2}), f32(x, {3, 2})};
  EXPECT_TRUE(kernel.run(args, serialExecutor()));
  EXPECT_EQ(x, (std::vector<float>{3, 4, 5, 6, 7, 8}));
}

TEST(KernelTest, RunsByName) {
  Kernel kernel = load(objectArtifact("add_one"));
  std::vector<float> x = {1, 2}, y(2);
  EXPECT_TRUE(kernel.run({{"y", f32(y, {1, 2})}, {"x", f32(x, {1, 2})}}));
  EXPECT_EQ(y, (std::vector<float>{2, 3}));

  std::vector<NamedTensor> named = {{"x", f32(y, {1, 2})},
                                    {"y", f32(x, {1, 2})}};
  EXPECT_TRUE(kernel.run(named, serialExecutor()));
  EXPECT_EQ(x, (std::vector<float>{3, 4}));

  Status status = kernel.run({{"x", f32(x, {1, 2})}, {"z", f32(y, {1, 2})}});
  EXPECT_EQ(messageOf(status),
            "expected an argument out of 'x', 'y', but got 'z'; did you mean "
            "'x'?");
}

TEST(KernelTest, ARefusedCallChangesNothing) {
  Kernel kernel = load(objectArtifact("add_one"));
  std::vector<float> x(6, 1), y(6, 9);
  Status status = kernel.run({f32(x, {2, 3}), f32(y, {3, 2})});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::InvalidArgument);
  EXPECT_EQ(status.error().message,
            "argument 'y': expected extent 2 along axis 0, but got 3");
  EXPECT_EQ(y, std::vector<float>(6, 9));
  EXPECT_FALSE(kernel.run({f32(x, {2, 3})}));
  EXPECT_FALSE(kernel.run(std::vector<TensorRef>(100, f32(x, {2, 3}))));
}

TEST(KernelTest, ZeroChunksRunNothing) {
  Kernel kernel = load(objectArtifact("add_one"));
  EXPECT_TRUE(kernel.run({TensorRef::contiguous(nullptr, DType::F32, {0, 3}),
                          TensorRef::contiguous(nullptr, DType::F32, {0, 3})}));
}

TEST(KernelTest, StagesShareScratch) {
  Kernel kernel = load(totalArtifact());
  std::vector<float> x = {1, 2, 3, 4, 5, 6}, y(6);
  for (int round = 0; round < 2; ++round) {
    y.assign(6, 0);
    EXPECT_TRUE(kernel.run({f32(x, {3, 2}), f32(y, {3, 2})}));
    EXPECT_EQ(y, std::vector<float>(6, 21));
  }
}

TEST(KernelTest, TakesTheCallersScratch) {
  Kernel kernel = load(totalArtifact());
  std::vector<float> x = {1, 2, 3, 4, 5, 6}, y(6);
  std::vector<TensorRef> args = {f32(x, {3, 2}), f32(y, {3, 2})};
  Result<int64_t> bytes = kernel.scratchBytes(args);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(*bytes, 12);

  alignas(64) float scratch[3] = {};
  EXPECT_TRUE(kernel.run(args, std::as_writable_bytes(std::span(scratch))));
  EXPECT_EQ(y, std::vector<float>(6, 21));
  EXPECT_EQ(scratch[2], 11) << "the kernel must use the memory given";

  y.assign(6, 0);
  EXPECT_EQ(messageOf(kernel.run(
                args, std::as_writable_bytes(std::span(scratch).first(2)),
                serialExecutor())),
            "scratch memory: expected at least 12 bytes, but got 8");
  EXPECT_EQ(y, std::vector<float>(6, 0));
  EXPECT_FALSE(kernel.scratchBytes({}));
}

TEST(KernelTest, ScratchThatCannotBeAllocated) {
  Artifact artifact = objectArtifact("add_one");
  artifact.scratchBytes = SizeExpr::constant(INT64_MAX);
  Kernel kernel = load(artifact);
  std::vector<float> x(2), y(2);
  Status status = kernel.run({f32(x, {1, 2}), f32(y, {1, 2})});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::Environment);
  EXPECT_EQ(status.error().message,
            "expected 9223372036854775807 bytes of scratch memory, but their "
            "allocation failed");
}

TEST(KernelTest, RefusesMalformedArtifacts) {
  Artifact artifact = objectArtifact("add_one");
  artifact.formatVersion = 99;
  Result<Kernel> kernel = Kernel::load(artifact);
  ASSERT_FALSE(kernel);
  EXPECT_EQ(kernel.error().kind, ErrorKind::Environment);
  EXPECT_EQ(kernel.error().message,
            "artifact 'matrix': expected format version 4, but got 99");
}

TEST(KernelTest, RefusesAMissingFeature) {
  Artifact artifact = objectArtifact("add_one");
  artifact.requiredFeatures = {"avx1024"};
  Result<Kernel> kernel = Kernel::load(artifact);
  ASSERT_FALSE(kernel);
  EXPECT_EQ(kernel.error().kind, ErrorKind::Environment);
  EXPECT_NE(kernel.error().message.find("'avx1024'"), std::string::npos);
}

TEST(KernelTest, CopiesShareTheCode) {
  std::vector<float> x = {1, 2}, y(2);
  std::unique_ptr<Kernel> copy;
  {
    Kernel kernel = load(objectArtifact("add_one"));
    copy = std::make_unique<Kernel>(kernel);
    EXPECT_EQ(&copy->artifact(), &kernel.artifact());
  }
  Kernel moved = std::move(*copy);
  copy.reset();
  EXPECT_TRUE(moved.run({f32(x, {1, 2}), f32(y, {1, 2})}));
  EXPECT_EQ(y[1], 3);
  EXPECT_EQ(moved.artifact().name, "matrix");
}

TEST(KernelTest, RunsFrom32ThreadsAtOnce) {
  const Kernel kernel = load(totalArtifact());
  std::vector<std::thread> threads;
  for (int t = 0; t < 32; ++t)
    threads.emplace_back([&kernel, t] {
      int64_t rows = 16 + t;
      for (int round = 0; round < 50; ++round) {
        std::vector<float> x(rows * 8, float(t)), y(rows * 8);
        Executor &executor = round % 2 ? defaultExecutor() : serialExecutor();
        ASSERT_TRUE(
            kernel.run({f32(x, {rows, 8}), f32(y, {rows, 8})}, executor));
        ASSERT_EQ(y, std::vector<float>(rows * 8, float(t * rows * 8)));
      }
    });
  for (std::thread &thread : threads)
    thread.join();
}

TEST(KernelTest, RunsInsideAnExecutorsWorkers) {
  const Kernel kernel = load(totalArtifact());
  defaultExecutor().parallelFor(
      16,
      [](void *context, int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          std::vector<float> x(64, 1), y(64);
          EXPECT_TRUE(static_cast<const Kernel *>(context)->run(
              {f32(x, {8, 8}), f32(y, {8, 8})}));
          EXPECT_EQ(y, std::vector<float>(64, 64));
        }
      },
      const_cast<Kernel *>(&kernel));
}

TEST(KernelTest, CodeSeesTheDefaultFloatControl) {
  Kernel kernel = load(objectArtifact("read_float_control"));
  std::vector<float> x(64), y(64, -1);
  uint64_t before = floatControl();
  EXPECT_TRUE(kernel.run({f32(x, {32, 2}), f32(y, {32, 2})}));
  EXPECT_EQ(y, std::vector<float>(64, float(kDefaultFloatControl)));
  // The sticky flags may change by what this test itself computes.
  EXPECT_EQ(floatControl() & ~uint64_t(0x3F), before & ~uint64_t(0x3F));
}
