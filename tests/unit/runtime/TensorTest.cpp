//===- TensorTest.cpp -----------------------------------------------------===//

#include "normc/Tensor.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

using namespace normc;

TEST(DimsTest, KeepsValuesInOrder) {
  Dims dims = {2, 3, 4};
  EXPECT_EQ(dims.size(), 3);
  EXPECT_EQ(dims[0], 2);
  EXPECT_EQ(dims[2], 4);
  std::vector<int64_t> values = {2, 3, 4};
  EXPECT_EQ(dims, Dims(std::span<const int64_t>(values)));
  EXPECT_NE(dims, Dims({2, 3}));
}

TEST(DimsTest, KeepsTheLengthOfTooLongAList) {
  Dims dims = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  EXPECT_EQ(dims.size(), 9);
  EXPECT_EQ(dims[7], 8);
}

TEST(TensorRefTest, ContiguousIsRowMajor) {
  float buffer[24];
  TensorRef tensor = TensorRef::contiguous(buffer, DType::F32, {2, 3, 4});
  EXPECT_EQ(tensor.data, buffer);
  EXPECT_EQ(tensor.rank(), 3);
  EXPECT_EQ(tensor.strides, Dims({12, 4, 1}));
  EXPECT_FALSE(tensor.readOnly);
}

TEST(TensorRefTest, ConstBuffersAreReadOnly) {
  const float buffer[6] = {};
  EXPECT_TRUE(TensorRef::contiguous(buffer, DType::F32, {6}).readOnly);
  EXPECT_TRUE(TensorRef::strided(buffer, DType::F32, {3}, {2}).readOnly);
}

TEST(TensorRefTest, StridesOfScalarsAndEmptyTensors) {
  EXPECT_EQ(TensorRef::rowMajorStrides({}), Dims());
  EXPECT_EQ(TensorRef::rowMajorStrides({3, 0, 5}), Dims({5, 5, 1}));
}

TEST(TensorRefTest, StridesOfHugeAndTooDeepShapesAreDefined) {
  constexpr int64_t huge = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(TensorRef::rowMajorStrides({2, huge, huge})[2], 1);
  EXPECT_EQ(TensorRef::rowMajorStrides({1, 1, 1, 1, 1, 1, 1, 1, 1}).size(), 9);
}
