//===- Presets.cpp - the named norms as specs -----------------------------===//

#include "normc/NormSpec.h"

using namespace normc;

/// The last axis, or a value that verification refuses for a shape of rank 0.
static int64_t lastAxis(const std::vector<int64_t> &shape) {
  return int64_t(shape.size()) - 1;
}

NormSpec normc::rmsNorm(const RowNormOptions &options) {
  NormSpec spec;
  spec.name = "rms_norm";
  spec.shape = options.shape;
  spec.dtype = options.dtype;
  spec.statistic = Statistic::Rms;
  spec.epsilon = options.epsilon.value_or(1e-6);
  spec.axes = {lastAxis(options.shape)};
  spec.scale = Parameter{spec.axes, options.parameterDtype};
  return spec;
}

NormSpec normc::layerNorm(const RowNormOptions &options) {
  NormSpec spec;
  spec.name = "layer_norm";
  spec.shape = options.shape;
  spec.dtype = options.dtype;
  spec.statistic = Statistic::MeanVariance;
  spec.epsilon = options.epsilon.value_or(1e-5);
  spec.axes = {lastAxis(options.shape)};
  spec.scale = Parameter{spec.axes, options.parameterDtype};
  spec.shift = spec.scale;
  return spec;
}

NormSpec normc::groupNorm(const GroupNormOptions &options) {
  NormSpec spec;
  spec.name = "group_norm";
  spec.shape = options.shape;
  spec.dtype = options.dtype;
  spec.statistic = Statistic::MeanVariance;
  spec.epsilon = options.epsilon;
  for (int64_t axis = 1; axis < int64_t(options.shape.size()); ++axis)
    spec.axes.push_back(axis);
  spec.groups = options.groups;
  spec.groupAxis = options.channelsLast ? lastAxis(options.shape) : 1;
  spec.scale = Parameter{{spec.groupAxis}, options.parameterDtype};
  spec.shift = spec.scale;
  return spec;
}
