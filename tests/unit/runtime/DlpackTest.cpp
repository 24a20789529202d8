//===- DlpackTest.cpp -----------------------------------------------------===//

#include "normc/dlpack.h"

#include "ObjectArtifact.h"
#include "normc/Kernel.h"

#include <dlpack/dlpack.h>
#include <gtest/gtest.h>

using namespace normc;
using namespace normc::test;

namespace {

/// A row-major f32 tensor [2, 3] on the CPU.
class DlpackTest : public testing::Test {
protected:
  DlpackTest() {
    tensor.data = values;
    tensor.device = {kDLCPU, 0};
    tensor.ndim = 2;
    tensor.dtype = {kDLFloat, 32, 1};
    tensor.shape = shape;
    tensor.strides = nullptr;
    tensor.byte_offset = 0;
  }

  void expectRefused(const std::string &message) {
    Result<TensorRef> ref = fromDLPack(tensor);
    ASSERT_FALSE(ref) << "expected: " << message;
    EXPECT_EQ(ref.error().kind, ErrorKind::InvalidArgument);
    EXPECT_EQ(ref.error().message, message);
  }

  float values[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  int64_t shape[9] = {2, 3, 1, 1, 1, 1, 1, 1, 1};
  int64_t strides[2] = {1, 2};
  DLTensor tensor;
};

} // namespace

TEST_F(DlpackTest, WithoutStridesIsRowMajor) {
  Result<TensorRef> ref = fromDLPack(tensor);
  ASSERT_TRUE(ref) << messageOf(ref);
  EXPECT_EQ(ref->data, values);
  EXPECT_EQ(ref->dtype, DType::F32);
  EXPECT_EQ(ref->shape, (Dims{2, 3}));
  EXPECT_EQ(ref->strides, (Dims{3, 1}));
  EXPECT_FALSE(ref->readOnly);
  EXPECT_TRUE(fromDLPack(tensor, /*readOnly=*/true)->readOnly);
}

TEST_F(DlpackTest, KeepsStridesAndOffset) {
  tensor.strides = strides;
  tensor.byte_offset = 2 * sizeof(float);
  Result<TensorRef> ref = fromDLPack(tensor);
  ASSERT_TRUE(ref);
  EXPECT_EQ(ref->data, values + 2);
  EXPECT_EQ(ref->strides, (Dims{1, 2}));
}

TEST_F(DlpackTest, TakesScalarsAndNoElements) {
  tensor.ndim = 0;
  tensor.shape = nullptr;
  EXPECT_EQ(fromDLPack(tensor)->rank(), 0);
  tensor.ndim = 2;
  tensor.shape = shape;
  shape[0] = 0;
  tensor.data = nullptr;
  tensor.byte_offset = 8;
  EXPECT_EQ(fromDLPack(tensor)->data, nullptr);
}

TEST_F(DlpackTest, KnowsTheTypesOfKernels) {
  tensor.dtype = {kDLFloat, 16, 1};
  EXPECT_EQ(fromDLPack(tensor)->dtype, DType::F16);
  tensor.dtype = {kDLBfloat, 16, 1};
  EXPECT_EQ(fromDLPack(tensor)->dtype, DType::BF16);
  tensor.dtype = {kDLFloat, 64, 1};
  EXPECT_EQ(fromDLPack(tensor)->dtype, DType::F64);
  // Of DLPack 1.1: kDLFloat8_e4m3fn and kDLFloat8_e5m2.
  EXPECT_EQ(*dtypeFromDLPack(10, 8, 1), DType::F8E4M3FN);
  EXPECT_EQ(*dtypeFromDLPack(12, 8, 1), DType::F8E5M2);
  EXPECT_EQ(*dtypeFromDLPack(kDLInt, 8, 1), DType::I8);
  EXPECT_EQ(*dtypeFromDLPack(kDLInt, 32, 1), DType::I32);
  EXPECT_EQ(*dtypeFromDLPack(kDLInt, 64, 1), DType::I64);
}

TEST_F(DlpackTest, RefusesOtherTypes) {
  const std::string expected = "expected a DLPack type of float 16, 32 or 64, "
                               "bfloat 16, float8 e4m3fn or "
                               "e5m2, or int 8, 32 or 64, but got ";
  tensor.dtype = {kDLInt, 16, 1};
  expectRefused(expected + "code 0, 16 bits, 1 lanes");
  tensor.dtype = {kDLUInt, 8, 1};
  expectRefused(expected + "code 1, 8 bits, 1 lanes");
  tensor.dtype = {kDLFloat, 8, 1};
  expectRefused(expected + "code 2, 8 bits, 1 lanes");
  tensor.dtype = {kDLFloat, 32, 4};
  expectRefused(expected + "code 2, 32 bits, 4 lanes");
  tensor.dtype = {kDLBfloat, 32, 1};
  expectRefused(expected + "code 4, 32 bits, 1 lanes");
}

TEST_F(DlpackTest, RefusesOtherDevicesAndRanks) {
  tensor.device.device_type = kDLCUDA;
  expectRefused("expected a DLPack tensor on the CPU (device 1), but got "
                "device 2");
  tensor.device.device_type = kDLCPU;
  tensor.ndim = 9;
  expectRefused("expected a DLPack tensor of rank 0 to 8, but got 9");
  tensor.ndim = -1;
  expectRefused("expected a DLPack tensor of rank 0 to 8, but got -1");
  tensor.ndim = 1;
  tensor.shape = nullptr;
  expectRefused("expected a DLPack tensor with a shape, but got null");
}

TEST_F(DlpackTest, RunsAKernel) {
  Result<Kernel> kernel = Kernel::load(objectArtifact("add_one"));
  ASSERT_TRUE(kernel) << messageOf(kernel);
  float sums[6] = {};
  DLTensor output = tensor;
  output.data = sums;
  EXPECT_TRUE(kernel->run({*fromDLPack(tensor), *fromDLPack(output)}));
  EXPECT_EQ(sums[5], 6);
  EXPECT_FALSE(kernel->run({*fromDLPack(tensor), *fromDLPack(output, true)}));
}
