//===- FusedSpecTest.cpp - specs with neighbours as IR --------------------===//

#include "tests/unit/compiler/SpecText.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace normc;

static const RowNormOptions kRows{.shape = {kDynamic, 64},
                                  .dtype = DType::BF16};

TEST(FusedSpecTest, AnExactSumIsNormalizedUnrounded) {
  NormSpec spec = rmsNorm(kRows);
  spec.residual = {.emitSum = true};
  std::string text = textOf(spec);
  EXPECT_HAS(text, "tensor<?x64xbf16> {norm.name = \"residual\"}");
  EXPECT_HAS(text, "tensor<?x64xbf16> {norm.name = \"residual_out\"}");
  EXPECT_HAS(text, "norm.yield %3, %4 : f32, bf16");
  EXPECT_HAS(text, "(tensor<?x64xf32>, tensor<64xbf16>) -> tensor<?x64xbf16>");
}

TEST(FusedSpecTest, ARoundedSumIsOneTensor) {
  NormSpec spec = rmsNorm(kRows);
  spec.residual = {.rounded = true, .emitSum = true};
  std::string text = textOf(spec);
  EXPECT_HAS(text, "norm.yield %4 : bf16");
  EXPECT_HAS(text, "(tensor<?x64xbf16>, tensor<64xbf16>) -> tensor<?x64xbf16>");
}

TEST(FusedSpecTest, TheSumHasTheResidualsType) {
  NormSpec spec = rmsNorm(kRows);
  spec.residual = {.dtype = DType::F32, .emitSum = true};
  EXPECT_HAS(textOf(spec), "tensor<?x64xf32> {norm.name = \"residual_out\"}");
  spec.residual->sumDtype = DType::F16;
  EXPECT_HAS(textOf(spec), "tensor<?x64xf16> {norm.name = \"residual_out\"}");
  spec.residual->emitSum = false;
  EXPECT_LACKS(textOf(spec), "residual_out");
}

TEST(FusedSpecTest, AnF64ResidualIsComputedInF64) {
  NormSpec spec = rmsNorm(kRows);
  spec.saveRstd = true;
  spec.residual = {.dtype = DType::F64};
  EXPECT_HAS(textOf(spec), "tensor<?xf64> {norm.name = \"rstd\"}");
}

// What the rounded sum is stored as doesn't say in what it is normalized.
TEST(FusedSpecTest, ARoundedSumIsNormalizedInF64WhereXIs) {
  NormSpec spec = rmsNorm({.shape = {kDynamic, 64}, .dtype = DType::F64});
  spec.saveRstd = true;
  spec.residual = {.dtype = DType::F32, .rounded = true, .emitSum = true};
  std::string text = textOf(spec);
  EXPECT_HAS(text, "tensor<?x64xf32> {norm.name = \"residual_out\"}");
  EXPECT_HAS(text, "tensor<?xf64> {norm.name = \"rstd\"}");
  EXPECT_HAS(text, "(tensor<?x64xf64>, tensor<64xf64>) -> ");
}

TEST(FusedSpecTest, RoundingOrderStandsApart) {
  NormSpec spec = rmsNorm(kRows);
  spec.rounding = Rounding::Normalized;
  EXPECT_HAS(textOf(spec), "rounding normalized");
  spec.residual = Residual();
  std::string text = textOf(spec);
  EXPECT_LACKS(text, "rounding normalized");
  EXPECT_HAS(text, "epsilon 1.0e-06 : (tensor<?x64xf32>) -> tensor<?x64xbf16>");
  // A sum that is rounded to x's type is normalized as x is.
  spec.residual->rounded = true;
  EXPECT_HAS(textOf(spec), "rounding normalized");
}

TEST(FusedSpecTest, ArgumentsComeInOneOrder) {
  NormSpec spec = rmsNorm(kRows);
  spec.bias = Parameter{{1}};
  spec.residual = {.emitSum = true, .gate = Parameter{{1}}};
  spec.gate = Gate();
  spec.modulation = {.axes = {0, 1}};
  spec.dropout = {.probability = 0.5};
  spec.second = {.scale = Parameter{{1}}, .shift = Parameter{{1}}};
  spec.saveRstd = true;
  Result<Artifact> artifact = compile(spec, Target::native());
  ASSERT_TRUE(artifact) << artifact.error().message;
  std::vector<std::string> names;
  for (const ArgumentFacts &facts : artifact->arguments)
    names.push_back(facts.name);
  EXPECT_EQ(names,
            (std::vector<std::string>{
                "x", "bias", "residual", "residual_gate", "gate", "scale",
                "modulation_scale", "modulation_shift", "scale2", "shift2",
                "seed", "offset", "y", "residual_out", "y2", "rstd"}));
}

TEST(FusedSpecTest, TheTextIsReadBack) {
  NormSpec spec = groupNorm({.shape = {2, 8, 5, 5}, .groups = 4});
  spec.perGroup = true;
  spec.rounding = Rounding::Normalized;
  spec.dtype = DType::BF16;
  spec.residual = Residual();
  spec.activationAfter = Activation::Silu;
  spec.dropout = {.probability = 0.5};
  std::string text = textOf(spec);
  EXPECT_HAS(text, "tensor<4xbf16> {norm.name = \"scale\"}");
  Result<std::string> fused = emit(text, Emit::Fused, Target::native());
  ASSERT_TRUE(fused) << fused.error().message;
  size_t first = fused->find("norm.kernel");
  EXPECT_EQ(fused->find("norm.kernel", first + 1), std::string::npos) << *fused;
}

TEST(FusedSpecTest, ASumMayTakeTheResidualsBuffer) {
  NormSpec spec = rmsNorm(kRows);
  spec.residual = {.emitSum = true};
  Result<Artifact> artifact = compile(spec, Target::native());
  ASSERT_TRUE(artifact) << artifact.error().message;
  auto indexOf = [&](const char *name) {
    return std::find_if(
               artifact->arguments.begin(), artifact->arguments.end(),
               [&](const ArgumentFacts &facts) { return facts.name == name; }) -
           artifact->arguments.begin();
  };
  bool mayShare = std::any_of(artifact->inPlace.begin(),
                              artifact->inPlace.end(), [&](const auto &pair) {
                                return pair.input == indexOf("residual") &&
                                       pair.output == indexOf("residual_out");
                              });
  EXPECT_TRUE(mayShare);
}
