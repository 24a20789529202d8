//===- DeclaredNormsTest.cpp - the norms that a source declares -----------===//

#include "normc/normc.h"

#include <gtest/gtest.h>

using namespace normc;

TEST(DeclaredNormsTest, EveryDeclarationIsKept) {
  Result<Artifact> artifact = compile(R"(
func.func @two(%g: tensor<8xf32>, %x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %y = norm.normalize mean_variance %x over [0, 1] groups 2 on 1 epsilon 2.0e-05 after_root scale %g on [1]
    : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  %z = norm.normalize l2 %y over [1] epsilon 0.5 clamp : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %z : tensor<4x8xf32>
})",
                                      Target::native());
  ASSERT_TRUE(artifact) << artifact.error().message;
  ASSERT_EQ(artifact->norms.size(), 2u);
  const DeclaredNorm &first = artifact->norms[0], &second = artifact->norms[1];
  EXPECT_EQ(first.statistic, "mean_variance");
  EXPECT_EQ(first.epsilon, 2e-5);
  EXPECT_EQ(first.placement, "after_root");
  EXPECT_EQ(first.input, 1);
  EXPECT_EQ(first.axes, (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(first.groups, 2);
  EXPECT_EQ(first.groupAxis, 1);
  EXPECT_EQ(first.mean, -1);
  EXPECT_EQ(first.variance, -1);
  EXPECT_EQ(second.statistic, "l2");
  EXPECT_EQ(second.placement, "clamp");
  EXPECT_EQ(second.input, -1);
  EXPECT_EQ(second.groups, 0);
}

TEST(DeclaredNormsTest, FromASpec) {
  Result<Artifact> artifact =
      compile(rmsNorm({.shape = {kDynamic, 64}}), Target::native());
  ASSERT_TRUE(artifact);
  ASSERT_EQ(artifact->norms.size(), 1u);
  EXPECT_EQ(artifact->norms[0].statistic, "rms");
  EXPECT_EQ(artifact->norms[0].input, 0);
}

TEST(DeclaredNormsTest, APhaseFormDeclaresNothing) {
  Result<std::string> phases = emit(*toMlir(rmsNorm({.shape = {4, 64}})),
                                    Emit::Phases, Target::native());
  ASSERT_TRUE(phases);
  Result<Artifact> artifact = compile(*phases, Target::native());
  ASSERT_TRUE(artifact);
  EXPECT_TRUE(artifact->norms.empty());
}

TEST(DeclaredNormsTest, GivenStatisticsAreArguments) {
  Result<Artifact> artifact = compile(
      batchNormInference({.shape = {kDynamic, 8, kDynamic}}), Target::native());
  ASSERT_TRUE(artifact);
  EXPECT_EQ(artifact->norms[0].mean, 1);
  EXPECT_EQ(artifact->norms[0].variance, 2);
}

TEST(DeclaredNormsTest, ACorrectedVarianceNeedsTwoElements) {
  NormSpec spec = groupNorm({.shape = {kDynamic, 8, kDynamic}, .groups = 8});
  spec.correction = 1;
  Result<Kernel> kernel = jit(spec);
  ASSERT_TRUE(kernel) << kernel.error().message;
  std::vector<float> x(32), y(32), channels(8);
  auto run = [&](int64_t positions) {
    auto full = [&](std::vector<float> &values) {
      return TensorRef::contiguous(values.data(), DType::F32,
                                   {2, 8, positions});
    };
    auto parameter = TensorRef::contiguous(channels.data(), DType::F32, {8});
    return kernel->run({full(x), parameter, parameter, full(y)});
  };
  EXPECT_TRUE(run(2));
  Status status = run(1);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message,
            "expected number of elements of all groups of 'x', whose variance "
            "is corrected, to be at least 16, but got 8");
}

// What is normalized is no argument, but has the shape of one.
TEST(DeclaredNormsTest, ACorrectedVarianceOfASumNeedsTwoElements) {
  NormSpec spec = layerNorm({.shape = {kDynamic, kDynamic}});
  spec.correction = 1;
  spec.residual = Residual();
  spec.scale = spec.shift = std::nullopt;
  Result<Kernel> kernel = jit(spec);
  ASSERT_TRUE(kernel) << kernel.error().message;
  EXPECT_EQ(kernel->artifact().norms[0].input, -1);
  std::vector<float> x(8), residual(8), y(8);
  auto run = [&](int64_t rows, int64_t columns) {
    auto full = [&](std::vector<float> &values) {
      return TensorRef::contiguous(values.data(), DType::F32, {rows, columns});
    };
    return kernel->run({full(x), full(residual), full(y)});
  };
  EXPECT_TRUE(run(4, 2));
  Status status = run(8, 1);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message,
            "expected number of elements of a group of 'x', whose variance is "
            "corrected, to be at least 2, but got 1");
}
