//===- CpuKernelTest.cpp --------------------------------------------------===//

#include "runtime/cpu/CpuKernel.h"

#include "ObjectArtifact.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <thread>

using namespace normc;
using namespace normc::test;

static void expectError(const Artifact &artifact, ErrorKind kind,
                        const std::string &message) {
  testing::internal::CaptureStderr();
  auto code = loadCpuCode(artifact);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "must not print";
  ASSERT_FALSE(code);
  EXPECT_EQ(code.error().kind, kind);
  EXPECT_NE(code.error().message.find(message), std::string::npos)
      << code.error().message;
}

TEST(CpuKernelTest, LoadsAndRuns) {
  auto code = loadCpuCode(objectArtifact("add_one"));
  ASSERT_TRUE(code) << code.error().message;
  float x[6] = {0, 1, 2, 3, 4, 5}, y[6];
  void *buffers[] = {x, y};
  int64_t words[] = {2, 3}, chunks[] = {2};
  EXPECT_TRUE((*code)->launch({.buffers = buffers,
                               .words = words,
                               .chunkCounts = chunks,
                               .executor = serialExecutor()}));
  EXPECT_EQ(y[0], 1);
  EXPECT_EQ(y[5], 6);
}

TEST(CpuKernelTest, RefusesAnotherArchitecture) {
  Artifact artifact = objectArtifact("add_one");
  artifact.triple = "riscv64-unknown-linux-gnu";
  expectError(artifact, ErrorKind::Environment,
              "artifact 'matrix': expected a machine of architecture "
              "'riscv64', but this is '");
  artifact.triple = "";
  expectError(artifact, ErrorKind::Environment,
              "expected a machine of architecture '', but this is '");
}

TEST(CpuKernelTest, RefusesAnotherCallingConvention) {
  Artifact artifact = objectArtifact("add_one");
  std::string arch = artifact.triple.substr(0, artifact.triple.find('-'));
  artifact.triple = arch + "-pc-windows-msvc";
  expectError(artifact, ErrorKind::Environment,
              "expected a system that calls functions as '" + artifact.triple +
                  "' does, but this one doesn't");
}

TEST(CpuKernelTest, RefusesUnknownFeatures) {
  Artifact artifact = objectArtifact("add_one");
  artifact.requiredFeatures = {"no-such-feature", "nor-this"};
  expectError(artifact, ErrorKind::Environment,
              "artifact 'matrix': expected CPU features that this version of "
              "normc knows, but got 'no-such-feature', 'nor-this'");
}

#if defined(__x86_64__)
TEST(CpuKernelTest, NamesAllMissingFeatures) {
  // No CPU has both: one vendor's, and the other's.
  Artifact artifact = objectArtifact("add_one");
  artifact.requiredFeatures = {"sse2", "tbm", "amx-movrs"};
  expectError(artifact, ErrorKind::Environment,
              "artifact 'matrix': expected a CPU with the features 'tbm', "
              "'amx-movrs', but this one lacks them");
}
#endif

/// What the kernel's memory map says of the page that holds `address`.
static std::string protectionOf(const void *address) {
  std::ifstream maps("/proc/self/maps");
  uintptr_t begin, end, at = reinterpret_cast<uintptr_t>(address);
  std::string line;
  while (std::getline(maps, line))
    if (std::sscanf(line.c_str(), "%lx-%lx", &begin, &end) == 2 &&
        begin <= at && at < end)
      return line.substr(line.find(' ') + 1, 3);
  return "none";
}

TEST(CpuKernelTest, CodeIsReadAndRunOnlyAndGoesWithTheKernel) {
  if (!std::ifstream("/proc/self/maps"))
    GTEST_SKIP() << "no map of memory to look at";
  Artifact artifact = matrixArtifact("where_am_i");
  artifact = withCode(std::move(artifact));
  auto code = loadCpuCode(artifact);
  ASSERT_TRUE(code) << code.error().message;
  void *address = nullptr;
  void *buffers[] = {nullptr, &address};
  int64_t words[] = {1, 1}, chunks[] = {1};
  EXPECT_TRUE((*code)->launch({.buffers = buffers,
                               .words = words,
                               .chunkCounts = chunks,
                               .executor = serialExecutor()}));
  EXPECT_EQ(protectionOf(address), "r-x");
  code->reset();
  EXPECT_EQ(protectionOf(address), "none");
}

TEST(CpuKernelTest, LoadsFromManyThreads) {
  Artifact artifact = objectArtifact("add_one");
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int round = 0; round < 10; ++round)
        EXPECT_TRUE(loadCpuCode(artifact));
    });
  for (std::thread &thread : threads)
    thread.join();
}
