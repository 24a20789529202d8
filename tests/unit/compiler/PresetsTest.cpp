//===- PresetsTest.cpp - the named norms as specs -------------------------===//

#include "normc/Compiler.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace normc;

#define EXPECT_HAS(text, part)                                                 \
  EXPECT_NE((text).find(part), std::string::npos) << (text)

static std::string textOf(const Result<NormSpec> &spec) {
  if (!spec)
    return spec.error().message;
  Result<std::string> text = toMlir(*spec);
  return text ? *text : text.error().message;
}

TEST(PresetsTest, AxesFromTheEnd) {
  NormSpec spec = layerNorm({.shape = {2, 3, 4, 5}, .axes = {-2, -1}});
  EXPECT_EQ(spec.axes, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(spec.scale->axes, spec.axes);
}

TEST(PresetsTest, ModulationIsPerSample) {
  NormSpec spec = adaptiveLayerNorm({.shape = {2, 3, 4}});
  EXPECT_EQ(spec.scale->axes, (std::vector<int64_t>{0, 2}));
  EXPECT_EQ(spec.scaleOffset, 1);
}

TEST(PresetsTest, ZeroGatesTheResidual) {
  NormSpec spec =
      adaptiveLayerNormZero({.shape = {2, 3, 4}, .parameterDtype = DType::F32});
  EXPECT_EQ(spec.residual->gate->axes, (std::vector<int64_t>{0, 2}));
  EXPECT_EQ(spec.residual->gate->dtype, DType::F32);
  EXPECT_TRUE(spec.residual->emitSum);
}

TEST(PresetsTest, WeightNormKeepsAnyAxes) {
  EXPECT_EQ(weightNorm({.shape = {8, 4, 3}}).axes,
            (std::vector<int64_t>{1, 2}));
  NormSpec last = weightNorm({.shape = {8, 4, 3}, .keptAxes = {-1}});
  EXPECT_EQ(last.axes, (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(last.scale->axes, (std::vector<int64_t>{2}));
}

TEST(PresetsTest, ChannelsLastMovesTheChannels) {
  ChannelNormOptions options{.shape = {2, 5, 6, 8}, .channelsLast = true};
  EXPECT_EQ(batchNormTraining(options).axes, (std::vector<int64_t>{0, 1, 2}));
  EXPECT_EQ(instanceNorm(options).axes, (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(adaptiveInstanceNorm(options, true).scale->axes,
            (std::vector<int64_t>{0, 1, 2, 3}));
}

TEST(PresetsTest, EveryPresetCompilesByItsName) {
  ASSERT_TRUE(std::is_sorted(
      presets().begin(), presets().end(),
      [](const auto &a, const auto &b) { return a.name < b.name; }));
  for (const PresetInfo &info : presets()) {
    Result<NormSpec> spec =
        makePreset(info.name, {.shape = {kDynamic, 64, 16}});
    ASSERT_TRUE(spec) << spec.error().message;
    EXPECT_EQ(spec->name, info.name);
    Result<Artifact> artifact = compile(*spec, Target::native());
    EXPECT_TRUE(artifact) << info.name << ": " << artifact.error().message;
  }
}

TEST(PresetsTest, OptionsReachTheSpec) {
  PresetOptions options{.shape = {4, 64}, .epsilon = 1e-3};
  options.hasShift = true;
  options.scaleOffset = 1;
  options.rounding = Rounding::Normalized;
  options.outputDtype = DType::F16;
  options.saved = std::vector<std::string>{"rstd"};
  options.anyStrides = true;
  std::string text = textOf(makePreset("rms_norm", options));
  EXPECT_HAS(text, "epsilon 1.0e-03 scale %scale on [1] offset 1.0e+00 shift "
                   "%shift on [1] rounding normalized saved [\"rstd\"]");
  EXPECT_HAS(text, "tensor<4x64xf16> {norm.name = \"y\", norm.strides");
  options.hasScale = false;
  options.scaleOffset.reset();
  EXPECT_HAS(textOf(makePreset("rms_norm", options)),
             "epsilon 1.0e-03 shift %shift on [1] rounding");
}

TEST(PresetsTest, FusionReachesTheSpec) {
  PresetOptions options{.shape = {2, 4, 64}};
  options.parameterDtype = DType::F16;
  options.fusion = {.hasBias = true,
                    .hasResidual = true,
                    .residualDtype = DType::F64,
                    .residualGateAxes = std::vector<int64_t>{0, -1},
                    .isRounded = true,
                    .emitsSum = true,
                    .sumDtype = DType::BF16,
                    .before = Activation::Relu,
                    .after = Activation::Gelu,
                    .gate = Activation::Tanh,
                    .isGateBefore = true,
                    .gateDtype = DType::F16,
                    .modulationAxes = std::vector<int64_t>{0, -1},
                    .dropout = 0.5,
                    .isDropoutBefore = true,
                    .hasSecond = true,
                    .secondDtype = DType::BF16};
  options.anyStrides = true;
  Result<NormSpec> spec = makePreset("rms_norm", options);
  ASSERT_TRUE(spec) << spec.error().message;
  EXPECT_EQ(spec->bias->axes, std::vector<int64_t>{2});
  EXPECT_EQ(spec->bias->dtype, DType::F16);
  EXPECT_EQ(spec->residual->dtype, DType::F64);
  EXPECT_EQ(spec->residual->gate->axes, (std::vector<int64_t>{0, 2}));
  EXPECT_TRUE(spec->residual->rounded && spec->residual->emitSum);
  EXPECT_EQ(spec->residual->sumDtype, DType::BF16);
  EXPECT_EQ(spec->activationBefore, Activation::Relu);
  EXPECT_EQ(spec->activationAfter, Activation::Gelu);
  EXPECT_EQ(spec->gate->activation, Activation::Tanh);
  EXPECT_EQ(spec->gate->placement, Gate::Placement::Before);
  EXPECT_EQ(spec->gate->dtype, DType::F16);
  EXPECT_EQ(spec->modulation->axes, (std::vector<int64_t>{0, 2}));
  EXPECT_EQ(spec->dropout->probability, 0.5);
  EXPECT_EQ(spec->dropout->placement, Dropout::Placement::BeforeResidual);
  EXPECT_EQ(spec->second->dtype, DType::BF16);
  EXPECT_TRUE(spec->second->scale && !spec->second->shift);
  std::vector<int64_t> any(3, kDynamic);
  EXPECT_EQ(spec->residual->strides, any);
  EXPECT_EQ(spec->residual->sumStrides, any);
  EXPECT_EQ(spec->gate->strides, any);
  EXPECT_EQ(spec->second->strides, any);
  EXPECT_EQ(spec->modulation->strides.size(), 2u);
  EXPECT_EQ(spec->bias->strides.size(), 1u);
}

TEST(PresetsTest, WhatQualifiesAnAbsentPartIsRefused) {
  auto refused = [](const FusionOptions &fusion, const char *words) {
    PresetOptions options{.shape = {4, 64}};
    options.fusion = fusion;
    Result<NormSpec> spec = makePreset("rms_norm", options);
    ASSERT_FALSE(spec);
    EXPECT_EQ(spec.error().kind, ErrorKind::InvalidSpec);
    EXPECT_EQ(spec.error().message, words);
  };
  refused({.residualDtype = DType::F32},
          "expected a residual where there is its type, but got none");
  refused({.residualGateAxes = std::vector<int64_t>{0}},
          "expected a residual where there is a gate of it, but got none");
  refused({.isRounded = true}, "expected a residual where there is rounding of "
                               "the sum, but got none");
  refused({.emitsSum = true}, "expected a residual where there is the sum as a "
                              "result, but got none");
  refused({.sumDtype = DType::F32}, "expected a residual where there is a type "
                                    "of the sum, but got none");
  refused({.isGateBefore = true},
          "expected a gate where there is a placement of it, but got none");
  refused({.gateDtype = DType::F32},
          "expected a gate where there is its type, but got none");
  refused({.isDropoutBefore = true},
          "expected a dropout where there is a placement of it, but got none");
  refused({.secondDtype = DType::F32},
          "expected a second output where there is its type, but got none");
}

TEST(PresetsTest, WhatAPresetDoesNotTakeIsRefused) {
  auto refused = [](const char *name, PresetOptions options,
                    const char *words) {
    Result<NormSpec> spec = makePreset(name, options);
    ASSERT_FALSE(spec);
    EXPECT_EQ(spec.error().kind, ErrorKind::InvalidSpec);
    EXPECT_HAS(spec.error().message, words);
  };
  refused("layernorm", {},
          "unknown preset 'layernorm'; did you mean "
          "'layer_norm'?");
  refused("batch", {},
          "unknown preset 'batch'; did you mean "
          "'batch_norm_inference'?");
  refused("batch_norm_training", {.shape = {4}},
          "preset batch_norm_training: expected x of at least 2 axes (N x C x "
          "spatial), but got 1");
  refused("ada_layer_norm",
          {.shape = {2, 3, 4}, .axes = std::vector<int64_t>{-3, -1}},
          "expected axis 0, that of the samples, to be kept");
  refused("layer_norm", {.groups = 4},
          "expected no groups for preset "
          "layer_norm");
  refused("rms_norm", {.p = 3}, "expected no p for preset rms_norm");
  refused("l2_norm", {.partial = 0.5},
          "expected no partial statistic for preset l2_norm");
  refused("dynamic_tanh", {.epsilon = 1},
          "expected no epsilon for preset dynamic_tanh");
  refused("batch_norm_training", {.folded = true},
          "expected no folding for preset batch_norm_training");
  refused("instance_norm", {.spatial = true},
          "expected no spatial parameters for preset instance_norm");
  refused("rms_norm", {.channelsLast = true},
          "expected no channel layout for preset rms_norm");
  refused("rms_norm", {.correction = 1},
          "expected no correction for preset rms_norm");
  refused("batch_norm_training", {.axes = std::vector<int64_t>{1}},
          "expected no axes for preset batch_norm_training");
  refused("instance_norm", {.perGroup = true},
          "expected no parameters per group for preset instance_norm");
  refused("dynamic_tanh", {.placement = EpsilonPlacement::Clamp},
          "expected no epsilon placement for preset dynamic_tanh");
  PresetOptions saved{.shape = {4, 8}};
  saved.saved = std::vector<std::string>{"median"};
  refused("rms_norm", saved,
          "expected saved results among mean, variance and "
          "rstd, but got 'median'");
}
