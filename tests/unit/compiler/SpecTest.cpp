//===- SpecTest.cpp - specs and presets -----------------------------------===//

#include "tests/unit/compiler/SpecText.h"

#include <gtest/gtest.h>

using namespace normc;

TEST(SpecTest, RmsNorm) {
  std::string text = textOf(rmsNorm({.shape = {kDynamic, 4096},
                                     .dtype = DType::BF16,
                                     .parameterDtype = DType::F32}));
  EXPECT_HAS(text, "%y = norm.normalize rms %x over [1] epsilon 1.0e-06 "
                   "scale %scale on [1]");
  EXPECT_HAS(text, "tensor<?x4096xbf16> {norm.name = \"x\"}");
  EXPECT_HAS(text, "tensor<4096xf32> {norm.name = \"scale\"}");
}

TEST(SpecTest, LayerNormWithSavedStatistics) {
  NormSpec spec = layerNorm({.shape = {8, 64}});
  spec.saveMean = spec.saveRstd = true;
  std::string text = textOf(spec);
  EXPECT_HAS(text, "saved [\"mean\", \"rstd\"]");
  EXPECT_HAS(text, "tensor<8xf32> {norm.name = \"rstd\"}");
}

TEST(SpecTest, GroupNormInBothLayouts) {
  EXPECT_HAS(textOf(groupNorm({.shape = {2, 320, 64, 64}})),
             "over [1, 2, 3] groups 32 on 1");
  EXPECT_HAS(
      textOf(groupNorm({.shape = {2, 64, 64, 320}, .channelsLast = true})),
      "over [1, 2, 3] groups 32 on 3");
}

TEST(SpecTest, StridesAreAttributes) {
  NormSpec spec = rmsNorm({.shape = {4, 8}});
  spec.inputStrides = {kDynamic, 1};
  EXPECT_HAS(textOf(spec),
             "norm.strides = array<i64: -9223372036854775808, 1>");
}

TEST(SpecTest, WhatIsWrongIsSaid) {
  auto refused = [](NormSpec spec, const char *words) {
    Result<Artifact> artifact = compile(spec, Target::native());
    ASSERT_FALSE(artifact);
    EXPECT_EQ(artifact.error().kind, ErrorKind::InvalidSpec);
    EXPECT_HAS(artifact.error().message, words);
  };
  NormSpec spec = groupNorm({.shape = {2, 30, 8}});
  refused(spec, "expected the number of groups to divide the extent 30 of "
                "axis 1, but got 32");
  spec = rmsNorm({.shape = {4, 8}});
  spec.axes = {2};
  refused(spec, "expected axes between 0 and 1, but got 2");
  spec.axes = {1, 1};
  refused(spec, "expected each axis once in axes, but 1 occurs again");
  spec.axes = {};
  refused(spec, "expected at least one axis");
  spec = rmsNorm({.shape = {4, 8}});
  spec.epsilon = -1;
  refused(spec, "expected a finite epsilon of at least 0, but got -1");
  spec = rmsNorm({.shape = {}});
  refused(spec, "expected a shape of at least one axis, but got none");
  spec = rmsNorm({.shape = {4, -3}});
  refused(spec, "expected a non-negative extent along axis 1, but got -3");
  spec = rmsNorm({.shape = {4, 8}});
  spec.saveMean = true;
  refused(spec, "expected saved results of statistic rms among [rstd], but got "
                "\"mean\"");
  spec = rmsNorm({.shape = {4, 8}});
  spec.inputStrides = {1};
  refused(spec, "to be an array of 2 i64, one per axis");
  spec = rmsNorm({.shape = {4, 8}});
  spec.scale->axes = {2};
  refused(spec, "expected scale axes between 0 and 1, but got 2");
  spec = groupNorm({.shape = {2, 32, 8}, .groups = 0});
  refused(spec, "expected at least 1 group, but got 0");
  spec = rmsNorm({.shape = {4, 8}});
  spec.statistic = Statistic(99);
  refused(spec, "expected a statistic, but got the number 99");
  spec.statistic = Statistic::Rms;
  spec.placement = EpsilonPlacement(-1);
  refused(spec, "expected an epsilon placement, but got the number -1");
  spec.placement = EpsilonPlacement::Add;
  spec.rounding = Rounding(7);
  refused(spec, "expected a rounding, but got the number 7");
  spec = rmsNorm({.shape = {4, 8}, .dtype = DType(77)});
  refused(spec, "expected an element type, but got the number 77");
  spec = rmsNorm({.shape = {4, 8}, .parameterDtype = DType(9)});
  refused(spec, "expected an element type, but got the number 9");
  spec = rmsNorm({.shape = {4, 8}, .dtype = DType::F8E5M2});
  refused(spec,
          "expected element types f16, bf16, f32 or f64, but got 'f8E5M2'");
  // A preset's axes are named as they were given.
  spec = rmsNorm({.shape = {4, 8}, .axes = {-3}});
  refused(spec, "expected axes between 0 and 1, but got -3");
}
