//===- PresetTable.cpp - presets by name ----------------------------------===//

#include "normc/Presets.h"

#include "compiler/spec/PresetFusion.h"
#include "normc/Suggest.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"

using namespace normc;

namespace {

/// What a preset takes beyond what all take.
enum Take : unsigned {
  TakesNothing = 0,
  TakesEpsilon = 1,
  TakesGroups = 2,
  TakesLayout = 4,
  TakesP = 8,
  TakesPartial = 16,
  TakesFolded = 32,
  TakesSpatial = 64,
  TakesCorrection = 128,
  TakesAxes = 256,
};

struct Preset {
  PresetInfo info;
  size_t leastRank; ///< Of x.
  unsigned takes;
  NormSpec (*make)(const PresetOptions &options);
};

} // namespace

static RowNormOptions rowOptions(const PresetOptions &options) {
  RowNormOptions row{.shape = options.shape,
                     .dtype = options.dtype,
                     .parameterDtype = options.parameterDtype,
                     .epsilon = options.epsilon};
  if (options.axes)
    row.axes = *options.axes;
  return row;
}

static ChannelNormOptions channelOptions(const PresetOptions &options) {
  return {.shape = options.shape,
          .channelsLast = options.channelsLast.value_or(false),
          .dtype = options.dtype,
          .parameterDtype = options.parameterDtype,
          .epsilon = options.epsilon.value_or(1e-5)};
}

static NormSpec makeGroupNorm(const PresetOptions &options) {
  ChannelNormOptions channel = channelOptions(options);
  NormSpec spec = groupNorm({.shape = channel.shape,
                             .groups = options.groups.value_or(32),
                             .channelsLast = channel.channelsLast,
                             .dtype = channel.dtype,
                             .parameterDtype = channel.parameterDtype,
                             .epsilon = channel.epsilon});
  spec.perGroup = options.perGroup.value_or(false);
  return spec;
}

static NormSpec makeWeightNorm(const PresetOptions &options) {
  WeightNormOptions weight{.shape = options.shape,
                           .dtype = options.dtype,
                           .parameterDtype = options.parameterDtype,
                           .epsilon = options.epsilon.value_or(0)};
  if (options.axes)
    weight.keptAxes = *options.axes;
  return weightNorm(weight);
}

static NormSpec makeBatchNormInference(const PresetOptions &options) {
  NormSpec spec = batchNormInference(channelOptions(options));
  spec.given.folded = options.folded.value_or(true);
  return spec;
}

/// Norms of [N, C, *spatial].
static std::vector<Preset> listChannelPresets() {
  return {
      {{"ada_instance_norm",
        "(x - mean) / sqrt(variance + epsilon) * scale + shift per sample",
        "N x C x spatial", 4},
       3,
       TakesEpsilon | TakesLayout | TakesSpatial | TakesCorrection,
       [](const PresetOptions &options) {
         return adaptiveInstanceNorm(channelOptions(options),
                                     options.spatial.value_or(false));
       }},
      {{"batch_norm_inference",
        "(x - mean) / sqrt(variance + epsilon) * scale + shift by given mean "
        "and variance",
        "N x C x spatial", 4},
       2,
       TakesEpsilon | TakesLayout | TakesFolded,
       makeBatchNormInference},
      {{"batch_norm_training",
        "the same by the batch's own mean and variance, which are results",
        "N x C x spatial", 4},
       2,
       TakesEpsilon | TakesLayout | TakesCorrection,
       [](const PresetOptions &options) {
         return batchNormTraining(channelOptions(options));
       }},
      {{"group_norm",
        "(x - mean) / sqrt(variance + epsilon) * scale + shift by group of "
        "channels",
        "N x C x spatial", 4},
       2,
       TakesEpsilon | TakesLayout | TakesGroups | TakesCorrection,
       makeGroupNorm},
      {{"instance_norm",
        "(x - mean) / sqrt(variance + epsilon) * scale + shift by channel",
        "N x C x spatial", 4},
       3,
       TakesEpsilon | TakesLayout | TakesCorrection,
       [](const PresetOptions &options) {
         return instanceNorm(channelOptions(options));
       }},
  };
}

/// All others.
static std::vector<Preset> listRowPresets() {
  return {
      {{"ada_layer_norm",
        "(x - mean) / sqrt(variance + epsilon) * (1 + scale) + shift per "
        "sample",
        "N x ... x D", 3},
       2,
       TakesEpsilon | TakesCorrection | TakesAxes,
       [](const PresetOptions &options) {
         return adaptiveLayerNorm(rowOptions(options));
       }},
      {{"ada_layer_norm_zero",
        "the same of h = residual + residual_gate x; h is a result",
        "N x ... x D", 3},
       2,
       TakesEpsilon | TakesCorrection | TakesAxes,
       [](const PresetOptions &options) {
         return adaptiveLayerNormZero(rowOptions(options));
       }},
      {{"dynamic_tanh", "scale * tanh(alpha x) + shift", "... x D", 2},
       1,
       TakesAxes,
       [](const PresetOptions &options) {
         return dynamicTanh(rowOptions(options));
       }},
      {{"l2_norm", "x / max(|x|, epsilon) by the L2 norm", "... x D", 2},
       1,
       TakesEpsilon | TakesAxes,
       [](const PresetOptions &options) {
         return l2Norm(rowOptions(options));
       }},
      {{"layer_norm", "(x - mean) / sqrt(variance + epsilon) * scale + shift",
        "... x D", 2},
       1,
       TakesEpsilon | TakesCorrection | TakesAxes,
       [](const PresetOptions &options) {
         return layerNorm(rowOptions(options));
       }},
      {{"lp_norm", "x / max(sum(|x|^p)^(1/p), epsilon)", "... x D", 2},
       1,
       TakesEpsilon | TakesP | TakesAxes,
       [](const PresetOptions &options) {
         return lpNorm(rowOptions(options), options.p.value_or(3));
       }},
      {{"rms_norm", "x / sqrt(mean(x^2) + epsilon) * scale", "... x D", 2},
       1,
       TakesEpsilon | TakesPartial | TakesAxes,
       [](const PresetOptions &options) {
         NormSpec spec = rmsNorm(rowOptions(options));
         spec.partial = options.partial;
         return spec;
       }},
      {{"scale_norm", "x / max(|x|, epsilon) * scale by the L2 norm", "... x D",
        2},
       1,
       TakesEpsilon | TakesAxes,
       [](const PresetOptions &options) {
         return scaleNorm(rowOptions(options));
       }},
      {{"weight_norm", "x / |x| * scale by the L2 norm of each slice",
        "out x ...", 2},
       2,
       TakesEpsilon | TakesAxes,
       makeWeightNorm},
  };
}

/// By name.
static const std::vector<Preset> &table() {
  static const std::vector<Preset> presets = [] {
    std::vector<Preset> all = listRowPresets();
    llvm::append_range(all, listChannelPresets());
    llvm::sort(all, [](const Preset &a, const Preset &b) {
      return a.info.name < b.info.name;
    });
    return all;
  }();
  return presets;
}

const std::vector<PresetInfo> &normc::presets() {
  static const std::vector<PresetInfo> infos = [] {
    std::vector<PresetInfo> list;
    for (const Preset &preset : table())
      list.push_back(preset.info);
    return list;
  }();
  return infos;
}

/// The first option that is given and that the preset doesn't take, or null.
static const char *findUnwanted(unsigned takes, const PresetOptions &options) {
  const std::tuple<bool, unsigned, const char *> given[] = {
      {options.epsilon.has_value(), TakesEpsilon, "epsilon"},
      {options.placement.has_value(), TakesEpsilon, "epsilon placement"},
      {options.groups.has_value(), TakesGroups, "groups"},
      {options.perGroup.has_value(), TakesGroups, "parameters per group"},
      {options.channelsLast.has_value(), TakesLayout, "channel layout"},
      {options.p.has_value(), TakesP, "p"},
      {options.partial.has_value(), TakesPartial, "partial statistic"},
      {options.folded.has_value(), TakesFolded, "folding"},
      {options.spatial.has_value(), TakesSpatial, "spatial parameters"},
      {options.correction.has_value(), TakesCorrection, "correction"},
      {options.axes.has_value(), TakesAxes, "axes"},
  };
  for (auto [isGiven, take, name] : given)
    if (isGiven && !(takes & take))
      return name;
  return nullptr;
}

/// What would otherwise be told of axes that nobody has named.
static Status checkShape(const Preset &preset, const PresetOptions &options) {
  auto invalid = [&](const std::string &message) {
    return Error{ErrorKind::InvalidSpec,
                 "preset " + std::string(preset.info.name) + ": " + message};
  };
  if (options.shape.size() < preset.leastRank)
    return invalid("expected x of at least " +
                   std::to_string(preset.leastRank) + " axes (" +
                   std::string(preset.info.shape) + "), but got " +
                   std::to_string(options.shape.size()));
  auto rank = int64_t(options.shape.size());
  for (int64_t axis : options.axes.value_or(std::vector<int64_t>()))
    if (preset.info.name.starts_with("ada_layer_norm") &&
        (axis == 0 || axis == -rank))
      return invalid("expected axis 0, that of the samples, to be kept, but "
                     "got it among the axes");
  return {};
}

/// Where a scale or shift that is added lives: beside the one that is there, or
/// on the reduced axes.
static Parameter besides(const std::optional<Parameter> &other,
                         const NormSpec &spec, const PresetOptions &options) {
  return other.value_or(Parameter{spec.axes, options.parameterDtype});
}

static void setParameters(NormSpec &spec, const PresetOptions &options) {
  if (options.hasScale && *options.hasScale != spec.scale.has_value()) {
    if (*options.hasScale)
      spec.scale = besides(spec.shift, spec, options);
    else
      spec.scale.reset();
  }
  if (options.hasShift && *options.hasShift != spec.shift.has_value()) {
    if (*options.hasShift)
      spec.shift = besides(spec.scale, spec, options);
    else
      spec.shift.reset();
  }
  if (!spec.scale)
    spec.scaleOffset = 0;
  if (options.scaleOffset)
    spec.scaleOffset = *options.scaleOffset;
}

static Status setSaved(NormSpec &spec, const std::vector<std::string> &saved) {
  spec.saveMean = spec.saveVariance = spec.saveRstd = false;
  for (const std::string &name : saved) {
    bool *flag = name == "mean"       ? &spec.saveMean
                 : name == "variance" ? &spec.saveVariance
                 : name == "rstd"     ? &spec.saveRstd
                                      : nullptr;
    if (!flag)
      return Error{ErrorKind::InvalidSpec,
                   "expected saved results among mean, variance and rstd, but "
                   "got '" +
                       name + "'"};
    *flag = true;
  }
  return {};
}

static void setAnyStrides(NormSpec &spec) {
  spec.inputStrides.assign(spec.shape.size(), kDynamic);
  spec.outputStrides = spec.inputStrides;
  if (spec.statistic == Statistic::Given)
    spec.given.strides.assign(spec.shape.size() - spec.axes.size(), kDynamic);
  for (auto *parameter : {&spec.alpha, &spec.scale, &spec.shift})
    if (*parameter)
      (*parameter)->strides.assign((*parameter)->axes.size(), kDynamic);
  setAnyFusionStrides(spec);
}

static Error unknownPreset(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Preset &preset : table())
    names.push_back(preset.info.name);
  return {ErrorKind::InvalidSpec,
          "unknown preset '" + std::string(name) + "'" + suggest(name, names)};
}

Result<NormSpec> normc::makePreset(std::string_view name,
                                   const PresetOptions &options) {
  auto found = llvm::find_if(
      table(), [&](const Preset &preset) { return preset.info.name == name; });
  if (found == table().end())
    return unknownPreset(name);
  if (const char *unwanted = findUnwanted(found->takes, options))
    return Error{ErrorKind::InvalidSpec,
                 "expected no " + std::string(unwanted) + " for preset " +
                     std::string(name)};
  if (Status status = checkShape(*found, options); !status)
    return status.error();
  NormSpec spec = found->make(options);
  spec.outputDtype = options.outputDtype;
  spec.quantization = options.quantization;
  spec.inputScale = options.inputScale;
  if (options.placement)
    spec.placement = *options.placement;
  if (options.rounding)
    spec.rounding = *options.rounding;
  if (options.correction)
    spec.correction = *options.correction;
  setParameters(spec, options);
  if (Status status = applyFusion(options.fusion, options.parameterDtype, spec);
      !status)
    return status.error();
  if (options.saved)
    if (Status status = setSaved(spec, *options.saved); !status)
      return status.error();
  if (options.anyStrides)
    setAnyStrides(spec);
  return spec;
}
