//===- CApiTest.cpp -------------------------------------------------------===//
//
// The C interface as C++ sees it; tests/install has a program in C.
//
//===----------------------------------------------------------------------===//

#include "normc/runtime.h"

#include "ObjectArtifact.h"
#include "normc/ArtifactFile.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

using namespace normc;
using namespace normc::test;

namespace {

class CApiTest : public testing::Test {
protected:
  CApiTest() {
    std::string bytes = serialize(objectArtifact("add_one"));
    EXPECT_EQ(normc_load(bytes.data(), bytes.size(), &kernel), NORMC_OK)
        << normc_last_error();
  }
  ~CApiTest() override { normc_free(kernel); }

  void expectRefused(normc_status status, const std::string &message,
                     normc_status expected = NORMC_INVALID_ARGUMENT) {
    EXPECT_EQ(status, expected);
    EXPECT_EQ(normc_last_error(), message);
  }

  static normc_tensor matrix(std::vector<float> &values, int64_t rows) {
    auto columns = int64_t(values.size()) / rows;
    return {values.data(), NORMC_F32, 2, 0, {rows, columns}, {columns, 1}};
  }

  normc_kernel *kernel = nullptr;
  std::vector<float> x = {1, 2, 3, 4, 5, 6}, y = std::vector<float>(6);
  normc_tensor tensors[2] = {matrix(x, 3), matrix(y, 3)};
  const std::vector<float> sums = {2, 3, 4, 5, 6, 7};
};

/// A pool that runs a chunk at a time and counts them.
void countingPool(void *context, int64_t count, normc_body body,
                  void *bodyContext) {
  for (int64_t i = 0; i < count; ++i)
    body(bodyContext, i, i + 1);
  *static_cast<int64_t *>(context) += count;
}

} // namespace

TEST_F(CApiTest, DescribesArguments) {
  EXPECT_STREQ(normc_name(kernel), "matrix");
  ASSERT_EQ(normc_argument_count(kernel), 2);
  normc_argument argument;
  ASSERT_EQ(normc_get_argument(kernel, 1, &argument), NORMC_OK);
  EXPECT_STREQ(argument.name, "y");
  EXPECT_EQ(argument.dtype, NORMC_F32);
  EXPECT_EQ(argument.rank, 2);
  EXPECT_EQ(argument.is_output, 1);
  EXPECT_EQ(argument.alignment, 1);
  ASSERT_EQ(normc_get_argument(kernel, 0, &argument), NORMC_OK);
  EXPECT_EQ(argument.is_output, 0);
  expectRefused(normc_get_argument(kernel, 2, &argument),
                "expected an argument from 0 to 1, but got 2");
  expectRefused(normc_get_argument(kernel, -1, &argument),
                "expected an argument from 0 to 1, but got -1");
}

TEST_F(CApiTest, RunsOnEveryKindOfThreads) {
  EXPECT_EQ(normc_run(kernel, tensors, 2, nullptr), NORMC_OK);
  EXPECT_EQ(y, sums);
  y.assign(6, 0);
  EXPECT_EQ(normc_run(kernel, tensors, 2, normc_serial_executor()), NORMC_OK);
  EXPECT_EQ(y, sums);
  // More chunks than the calling thread takes alone.
  std::vector<float> rows(40, 1), results(40);
  normc_tensor many[2] = {matrix(rows, 40), matrix(results, 40)};
  int64_t chunks = 0;
  normc_executor pool = {countingPool, &chunks, 4};
  EXPECT_EQ(normc_run(kernel, many, 2, &pool), NORMC_OK);
  EXPECT_EQ(results, std::vector<float>(40, 2));
  EXPECT_EQ(chunks, 40);
}

TEST_F(CApiTest, RefusesExecutors) {
  normc_executor pool = {nullptr, nullptr, 4};
  const std::string message = "expected an executor with a function and a "
                              "concurrency of at least 1, but got none";
  expectRefused(normc_run(kernel, tensors, 2, &pool), message);
  pool = {countingPool, nullptr, 0};
  expectRefused(normc_run(kernel, tensors, 2, &pool), message);
}

TEST_F(CApiTest, RefusesTensors) {
  expectRefused(normc_run(kernel, tensors, 1, nullptr),
                "expected 2 tensors, but got 1");
  expectRefused(normc_run(kernel, nullptr, 2, nullptr),
                "expected a kernel and its tensors, but got null");
  expectRefused(normc_run(nullptr, tensors, 2, nullptr),
                "expected a kernel and its tensors, but got null");
  normc_tensor good = tensors[1];
  tensors[1].rank = 9;
  expectRefused(normc_run(kernel, tensors, 2, nullptr),
                "argument 1: expected a rank from 0 to 8, but got 9");
  tensors[1] = good;
  tensors[1].dtype = 9;
  expectRefused(normc_run(kernel, tensors, 2, nullptr),
                "argument 1: expected an element type, but got 9");
  tensors[1] = good;
  tensors[1].shape[0] = 4;
  expectRefused(normc_run(kernel, tensors, 2, nullptr),
                "argument 'y': expected extent 3 along axis 0, but got 4");
  tensors[1] = good;
  tensors[1].read_only = 1;
  EXPECT_EQ(normc_run(kernel, tensors, 2, nullptr), NORMC_INVALID_ARGUMENT);
  EXPECT_EQ(y, std::vector<float>(6));
}

TEST_F(CApiTest, TakesTheCallersScratch) {
  Artifact artifact = objectArtifact("row_sums");
  artifact.scratchBytes = SizeExpr::constant(100);
  std::string bytes = serialize(artifact);
  normc_kernel *sums = nullptr;
  ASSERT_EQ(normc_load(bytes.data(), bytes.size(), &sums), NORMC_OK);
  int64_t size = 0;
  ASSERT_EQ(normc_scratch_bytes(sums, tensors, 2, &size), NORMC_OK);
  EXPECT_EQ(size, 100);
  alignas(64) float scratch[32] = {};
  EXPECT_EQ(normc_run_with_scratch(sums, tensors, 2, scratch, sizeof(scratch),
                                   nullptr),
            NORMC_OK);
  EXPECT_EQ(scratch[1], 7);
  expectRefused(normc_run_with_scratch(sums, tensors, 2, scratch, 64, nullptr),
                "scratch memory: expected at least 100 bytes, but got 64");
  expectRefused(normc_run_with_scratch(sums, tensors, 2, nullptr, 100, nullptr),
                "scratch memory: expected at least 100 bytes, but got 0");
  expectRefused(normc_scratch_bytes(sums, tensors, 2, nullptr),
                "expected a place for the size, but got null");
  normc_free(sums);
}

TEST_F(CApiTest, LoadsFiles) {
  std::string path = testing::TempDir() + "/normc-c-api.norm";
  ASSERT_TRUE(saveArtifact(objectArtifact("add_one"), path));
  normc_kernel *loaded = nullptr;
  EXPECT_EQ(normc_load_file(path.c_str(), &loaded), NORMC_OK);
  EXPECT_EQ(normc_run(loaded, tensors, 2, nullptr), NORMC_OK);
  normc_free(loaded);
  std::remove(path.c_str());
  expectRefused(normc_load_file(path.c_str(), &loaded),
                "cannot read '" + path + "': No such file or directory",
                NORMC_ENVIRONMENT);
  EXPECT_EQ(loaded, nullptr);
  normc_free(nullptr);
}

TEST_F(CApiTest, RefusesWhatCannotBeLoaded) {
  normc_kernel *loaded = kernel;
  expectRefused(normc_load("text", 4, &loaded),
                "artifact: expected a file that normc wrote, but its 4 bytes "
                "begin in another way");
  EXPECT_EQ(loaded, nullptr);
  expectRefused(normc_load(nullptr, 4, &loaded),
                "expected an artifact's bytes, but got null");
  expectRefused(normc_load_file(nullptr, &loaded),
                "expected the path of an artifact, but got null");
  expectRefused(normc_load("text", 4, nullptr),
                "expected a place for the kernel, but got null");
  Artifact artifact = objectArtifact("add_one");
  artifact.requiredFeatures = {"avx1024"};
  std::string bytes = serialize(artifact);
  EXPECT_EQ(normc_load(bytes.data(), bytes.size(), &loaded), NORMC_ENVIRONMENT);
  artifact.stages[0].offset = -1;
  bytes = serialize(artifact);
  EXPECT_EQ(normc_load(bytes.data(), bytes.size(), &loaded), NORMC_INTERNAL);
}

TEST_F(CApiTest, ErrorsAreAThreadsOwn) {
  EXPECT_NE(normc_run(kernel, tensors, 1, nullptr), NORMC_OK);
  std::thread([] { EXPECT_STREQ(normc_last_error(), ""); }).join();
  EXPECT_EQ(normc_run(kernel, tensors, 2, nullptr), NORMC_OK);
  EXPECT_STREQ(normc_last_error(), "expected 2 tensors, but got 1");
}

TEST_F(CApiTest, TakesManyTensors) {
  // More than a call keeps on its stack.
  Artifact artifact = matrixArtifact("add_one");
  for (int i = 2; i < 20; ++i)
    artifact.arguments.push_back(
        matrixArgument("in" + std::to_string(i), false));
  std::string bytes = serialize(withCode(std::move(artifact)));
  normc_kernel *many = nullptr;
  ASSERT_EQ(normc_load(bytes.data(), bytes.size(), &many), NORMC_OK)
      << normc_last_error();
  std::vector<normc_tensor> all(20, tensors[0]);
  all[1] = tensors[1];
  EXPECT_EQ(normc_run(many, all.data(), 20, nullptr), NORMC_OK)
      << normc_last_error();
  EXPECT_EQ(y, sums);
  normc_free(many);
}

TEST(CApiVersionTest, SaysItsVersions) {
  EXPECT_TRUE(std::isdigit(normc_version()[0])) << normc_version();
  EXPECT_EQ(normc_artifact_version(), Artifact::kFormatVersion);
}
