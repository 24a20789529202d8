//===- Presets.cpp - the named norms as specs -----------------------------===//

#include "normc/Presets.h"

#include <algorithm>
#include <utility>

using namespace normc;

using Axes = std::vector<int64_t>;

static int64_t rankOf(const Axes &shape) { return int64_t(shape.size()); }

/// Axes counted from the end become axes from 0; those out of range stay as
/// they are, for a message that names what was given.
static Axes resolve(Axes axes, const Axes &shape) {
  for (int64_t &axis : axes)
    if (axis < 0 && axis >= -rankOf(shape))
      axis += rankOf(shape);
  return axes;
}

/// All axes of `shape` but those in `without`.
static Axes others(const Axes &shape, const Axes &without) {
  Axes axes;
  for (int64_t axis = 0; axis < rankOf(shape); ++axis)
    if (std::find(without.begin(), without.end(), axis) == without.end())
      axes.push_back(axis);
  return axes;
}

//===----------------------------------------------------------------------===//
// Over trailing axes
//===----------------------------------------------------------------------===//

/// Takes the lists out of `options`.
static NormSpec rowNorm(const char *name, Statistic statistic,
                        RowNormOptions &options, double epsilon) {
  NormSpec spec;
  spec.name = name;
  spec.dtype = options.dtype;
  spec.statistic = statistic;
  spec.epsilon = options.epsilon.value_or(epsilon);
  spec.axes = resolve(std::move(options.axes), options.shape);
  spec.shape = std::move(options.shape);
  return spec;
}

NormSpec normc::rmsNorm(RowNormOptions options) {
  NormSpec spec = rowNorm("rms_norm", Statistic::Rms, options, 1e-6);
  spec.scale = Parameter{spec.axes, options.parameterDtype};
  return spec;
}

NormSpec normc::partialRmsNorm(RowNormOptions options, double part) {
  NormSpec spec = rmsNorm(std::move(options));
  spec.partial = part;
  return spec;
}

NormSpec normc::layerNorm(RowNormOptions options) {
  NormSpec spec = rowNorm("layer_norm", Statistic::MeanVariance, options, 1e-5);
  spec.scale = spec.shift = Parameter{spec.axes, options.parameterDtype};
  return spec;
}

NormSpec normc::adaptiveLayerNorm(RowNormOptions options) {
  NormSpec spec =
      rowNorm("ada_layer_norm", Statistic::MeanVariance, options, 1e-6);
  Axes axes = spec.axes;
  axes.insert(axes.begin(), 0);
  spec.scale = spec.shift = Parameter{axes, options.parameterDtype};
  spec.scaleOffset = 1;
  return spec;
}

NormSpec normc::adaptiveLayerNormZero(RowNormOptions options) {
  NormSpec spec = adaptiveLayerNorm(std::move(options));
  spec.name = "ada_layer_norm_zero";
  spec.residual = {.emitSum = true, .gate = spec.scale};
  return spec;
}

NormSpec normc::scaleNorm(RowNormOptions options) {
  NormSpec spec = rowNorm("scale_norm", Statistic::L2, options, 1e-5);
  spec.placement = EpsilonPlacement::Clamp;
  spec.scale = Parameter{{}, options.parameterDtype};
  return spec;
}

NormSpec normc::l2Norm(RowNormOptions options) {
  NormSpec spec = rowNorm("l2_norm", Statistic::L2, options, 1e-12);
  spec.placement = EpsilonPlacement::Clamp;
  return spec;
}

NormSpec normc::lpNorm(RowNormOptions options, double p) {
  NormSpec spec = rowNorm("lp_norm", Statistic::Lp, options, 1e-12);
  spec.placement = EpsilonPlacement::Clamp;
  spec.p = p;
  return spec;
}

NormSpec normc::dynamicTanh(RowNormOptions options) {
  NormSpec spec = rowNorm("dynamic_tanh", Statistic::None, options, 0);
  spec.alpha = Parameter{{}, options.parameterDtype};
  spec.scale = spec.shift = Parameter{spec.axes, options.parameterDtype};
  spec.axes = {};
  return spec;
}

NormSpec normc::weightNorm(const WeightNormOptions &options) {
  NormSpec spec;
  spec.name = "weight_norm";
  spec.shape = options.shape;
  spec.dtype = options.dtype;
  spec.statistic = Statistic::L2;
  spec.placement = EpsilonPlacement::Clamp;
  spec.epsilon = options.epsilon;
  Axes kept = resolve(options.keptAxes, options.shape);
  spec.axes = others(options.shape, kept);
  spec.scale = Parameter{kept, options.parameterDtype};
  return spec;
}

//===----------------------------------------------------------------------===//
// Of channels
//===----------------------------------------------------------------------===//

static NormSpec channelNorm(const char *name, const ChannelNormOptions &options,
                            bool overBatch) {
  NormSpec spec;
  spec.name = name;
  spec.shape = options.shape;
  spec.dtype = options.dtype;
  spec.epsilon = options.epsilon;
  int64_t channels = options.channelsLast ? rankOf(options.shape) - 1 : 1;
  spec.axes =
      others(options.shape, overBatch ? Axes{channels} : Axes{0, channels});
  spec.scale = spec.shift = Parameter{{channels}, options.parameterDtype};
  return spec;
}

NormSpec normc::batchNormInference(const ChannelNormOptions &options) {
  NormSpec spec = channelNorm("batch_norm_inference", options, true);
  spec.statistic = Statistic::Given;
  return spec;
}

NormSpec normc::batchNormTraining(const ChannelNormOptions &options) {
  NormSpec spec = channelNorm("batch_norm_training", options, true);
  spec.saveMean = spec.saveVariance = true;
  return spec;
}

NormSpec normc::instanceNorm(const ChannelNormOptions &options) {
  return channelNorm("instance_norm", options, false);
}

NormSpec normc::adaptiveInstanceNorm(const ChannelNormOptions &options,
                                     bool spatial) {
  NormSpec spec = channelNorm("ada_instance_norm", options, false);
  Axes axes = others(options.shape, spatial ? Axes{} : spec.axes);
  spec.scale = spec.shift = Parameter{axes, options.parameterDtype};
  return spec;
}

NormSpec normc::groupNorm(const GroupNormOptions &options) {
  NormSpec spec = channelNorm("group_norm",
                              {.shape = options.shape,
                               .channelsLast = options.channelsLast,
                               .dtype = options.dtype,
                               .parameterDtype = options.parameterDtype,
                               .epsilon = options.epsilon},
                              false);
  spec.groupAxis = spec.scale->axes.front();
  spec.axes = others(options.shape, {0});
  spec.groups = options.groups;
  return spec;
}
