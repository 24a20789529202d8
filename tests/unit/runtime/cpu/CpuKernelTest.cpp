//===- CpuKernelTest.cpp --------------------------------------------------===//

#include "runtime/cpu/CpuKernel.h"

#include "ObjectArtifact.h"

#include <gtest/gtest.h>

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

TEST(CpuKernelTest, LinksAndRuns) {
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
              "'riscv64', but got '");
  artifact.triple = "";
  expectError(artifact, ErrorKind::Environment,
              "expected a machine of architecture '', but got '");
}

TEST(CpuKernelTest, RefusesAnotherObjectFormat) {
  Artifact artifact = objectArtifact("add_one");
  std::string arch = artifact.triple.substr(0, artifact.triple.find('-'));
  artifact.triple = arch + "-pc-windows-msvc";
  expectError(artifact, ErrorKind::Environment,
              "expected a system that loads objects of '" + artifact.triple +
                  "', but got '");
}

TEST(CpuKernelTest, RefusesAMissingFeature) {
  Artifact artifact = objectArtifact("add_one");
  artifact.requiredFeatures = {"no-such-feature"};
  expectError(artifact, ErrorKind::Environment,
              "artifact 'matrix': expected a CPU with feature "
              "'no-such-feature', but '");
}

TEST(CpuKernelTest, RefusesWhatIsNoObject) {
  Artifact artifact = objectArtifact("add_one");
  artifact.object = {};
  expectError(artifact, ErrorKind::Internal,
              "artifact 'matrix': expected an object file, but got: ");
  artifact.object = std::vector<char>(1000, 'x');
  expectError(artifact, ErrorKind::Internal, "expected an object file");
}

TEST(CpuKernelTest, RefusesTruncatedObjects) {
  Artifact whole = objectArtifact("add_one");
  for (size_t size = 0; size < whole.object.size(); size += 97) {
    Artifact artifact = whole;
    artifact.object.resize(size);
    EXPECT_FALSE(loadCpuCode(artifact)) << size << " bytes";
  }
}

TEST(CpuKernelTest, RefusesAnotherMachinesObject) {
  Artifact artifact = objectArtifact("add_one");
  if (artifact.object[0] != 0x7f)
    GTEST_SKIP() << "not an ELF object";
  artifact.object[18] = static_cast<char>(243); // e_machine: RISC-V
  artifact.object[19] = 0;
  expectError(artifact, ErrorKind::Internal,
              "expected a relocatable object for '");
}

TEST(CpuKernelTest, NamesAMissingEntry) {
  expectError(objectArtifact("no_such_entry"), ErrorKind::Internal,
              "artifact 'matrix': expected object code that links, but got: "
              "Symbols not found: [ no_such_entry ]");
}

TEST(CpuKernelTest, NamesAnUnresolvedSymbol) {
  expectError(objectArtifact("calls_missing", TEST_UNRESOLVED_OBJECT),
              ErrorKind::Internal, "normc_test_missing_function");
  // The next load neither fails nor repeats what was reported of this one.
  expectError(objectArtifact("no_such_entry"), ErrorKind::Internal,
              "but got: Symbols not found: [ no_such_entry ]");
  EXPECT_TRUE(loadCpuCode(objectArtifact("add_one")));
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
