//===- Presets.h - the named norms as specs ---------------------*- C++ -*-===//
//
// A function per named norm, each with the defaults that the field has given
// it. What a preset returns is a plain NormSpec: change what you like.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_PRESETS_H
#define NORMC_PRESETS_H

#include "normc/NormSpec.h"
#include "normc/Result.h"

#include <string_view>
#include <vector>

namespace normc {

/// What the norms over trailing axes are made from.
struct RowNormOptions {
  std::vector<int64_t> shape; ///< Extents of x; kDynamic where not fixed.
  DType dtype = DType::F32;   ///< Of x and y.
  std::optional<DType> parameterDtype = std::nullopt; ///< x's by default.
  std::optional<double> epsilon = std::nullopt; ///< The norm's usual default.
  /// Reduced axes, from 0, or from the end where negative. Scale and shift live
  /// on them.
  std::vector<int64_t> axes = {-1};
};

/// RMSNorm with a scale; epsilon 1e-6 (Zhang and Sennrich, 2019).
NormSpec rmsNorm(RowNormOptions options);

/// RMSNorm whose statistic is that of the first part of the elements, above 0
/// and at most 1 of them (the same, section 4).
NormSpec partialRmsNorm(RowNormOptions options, double part);

/// LayerNorm with scale and shift; epsilon 1e-5 (Ba et al., 2016).
NormSpec layerNorm(RowNormOptions options);

/// LayerNorm whose scale (an offset of 1 is added) and shift are per sample:
/// they live on axis 0 and the reduced axes; epsilon 1e-6 (AdaLN; Peebles and
/// Xie, 2023).
NormSpec adaptiveLayerNorm(RowNormOptions options);

/// The same of h = residual + residual_gate x, which is a further result; the
/// gate is per sample, too (AdaLN-Zero; the same).
NormSpec adaptiveLayerNormZero(RowNormOptions options);

/// x / max(|x|, epsilon) by the L2 norm, times one scalar; epsilon 1e-5 (Nguyen
/// and Salazar, 2019).
NormSpec scaleNorm(RowNormOptions options);

/// x / max(|x|, epsilon) by the L2 norm; epsilon 1e-12.
NormSpec l2Norm(RowNormOptions options);

/// x / max(|x|, epsilon) by the norm of order p, at least 1; epsilon 1e-12.
NormSpec lpNorm(RowNormOptions options, double p);

/// scale * tanh(alpha x) + shift with a scalar alpha, and scale and shift on
/// the axes (Zhu et al., 2025).
NormSpec dynamicTanh(RowNormOptions options);

/// scale x / |x| per slice along the kept axes, of which the first is the only
/// one where none is listed (as PyTorch's dim = 0); epsilon 0 (Salimans and
/// Kingma, 2016).
struct WeightNormOptions {
  std::vector<int64_t> shape;
  DType dtype = DType::F32;
  std::optional<DType> parameterDtype = std::nullopt;
  double epsilon = 0;
  /// Axes that the scale lives on, from 0, or from the end where negative.
  std::vector<int64_t> keptAxes = {0};
};
NormSpec weightNorm(const WeightNormOptions &options);

/// What the norms of [N, C, *spatial] are made from.
struct ChannelNormOptions {
  std::vector<int64_t> shape; ///< [N, C, *spatial], or [N, *spatial, C].
  bool channelsLast = false;  ///< C is the last axis of `shape`.
  DType dtype = DType::F32;
  std::optional<DType> parameterDtype = std::nullopt; ///< x's by default.
  double epsilon = 1e-5;
};

/// BatchNorm by given mean and variance (f32, or f64 for f64), folded into one
/// multiply-add per element unless spec.given.folded is cleared (Ioffe and
/// Szegedy, 2015).
NormSpec batchNormInference(const ChannelNormOptions &options);

/// BatchNorm by the batch's own mean and biased variance, which are further
/// results.
NormSpec batchNormTraining(const ChannelNormOptions &options);

/// InstanceNorm with scale and shift per channel (Ulyanov et al., 2016).
NormSpec instanceNorm(const ChannelNormOptions &options);

/// InstanceNorm with scale and shift per sample and channel (AdaIN; Huang and
/// Belongie, 2017), or, spatial, per element (SPADE; Park et al., 2019).
NormSpec adaptiveInstanceNorm(const ChannelNormOptions &options,
                              bool spatial = false);

/// What GroupNorm is made from.
struct GroupNormOptions {
  std::vector<int64_t> shape; ///< [N, C, *spatial], or [N, *spatial, C].
  int64_t groups = 32;        ///< Must divide C.
  bool channelsLast = false;  ///< C is the last axis of `shape`.
  DType dtype = DType::F32;
  std::optional<DType> parameterDtype = std::nullopt;
  double epsilon = 1e-5;
};

/// GroupNorm with scale and shift per channel (Wu and He, 2018).
NormSpec groupNorm(const GroupNormOptions &options);

//===----------------------------------------------------------------------===//
// By name
//===----------------------------------------------------------------------===//

/// What any preset may be asked to compute along with the norm (see Fusion.h);
/// what qualifies an absent part is refused. Types are x's by default.
struct FusionOptions {
  /// Adds a bias, on the axes of the shift, else of the scale, else on the
  /// reduced ones.
  bool hasBias = false;
  std::optional<bool> hasResidual = {}; ///< The preset's by default.
  std::optional<DType> residualDtype = {};
  /// Axes of x, from 0, or from the end where negative.
  std::optional<std::vector<int64_t>> residualGateAxes = {};
  bool isRounded = false; ///< The norm sees the rounded sum.
  bool emitsSum = false;  ///< Further result residual_out.
  std::optional<DType> sumDtype = {};
  std::optional<Activation> before = {}, after = {}; ///< Activations.
  std::optional<Activation> gate = {};               ///< Adds a gate.
  bool isGateBefore = false;
  std::optional<DType> gateDtype = {};
  std::optional<std::vector<int64_t>> modulationAxes = {}; ///< As above.
  std::optional<double> dropout = {};                      ///< Its probability.
  bool isDropoutBefore = false; ///< It stands before the residual.
  /// Adds y2, with a scale, its offset and a shift where y has them.
  bool hasSecond = false;
  std::optional<DType> secondDtype = {};
};

/// Everything that a preset may be asked for; what is not given has the
/// preset's default.
struct PresetOptions {
  std::vector<int64_t> shape = {};
  DType dtype = DType::F32;
  std::optional<DType> parameterDtype = {};
  std::optional<DType> outputDtype = {};
  std::optional<std::vector<int64_t>> axes = {}; ///< Kept ones of weight_norm.
  std::optional<double> epsilon = {};
  std::optional<EpsilonPlacement> placement = {};
  std::optional<int64_t> groups = {};               ///< group_norm.
  std::optional<bool> perGroup = {};                ///< group_norm.
  std::optional<bool> channelsLast = {};            ///< Norms of channels.
  std::optional<double> p = {};                     ///< lp_norm; 3 by default.
  std::optional<double> partial = {};               ///< rms_norm.
  std::optional<bool> folded = {};                  ///< batch_norm_inference.
  std::optional<bool> spatial = {};                 ///< ada_instance_norm.
  std::optional<bool> hasScale = {}, hasShift = {}; ///< Adds or drops them.
  std::optional<double> scaleOffset = {};
  std::optional<Rounding> rounding = {};
  std::optional<int64_t> correction = {};
  /// Every stride of x, y and operands is given at the call.
  bool anyStrides = false;
  /// Further results among mean, variance and rstd.
  std::optional<std::vector<std::string>> saved = {};
  FusionOptions fusion = {};
  std::optional<Quantization> quantization = {}; ///< y in 8 bits.
  std::optional<InputScale> inputScale = {};     ///< x in 8 bits.
};

/// A preset and what it is.
struct PresetInfo {
  std::string_view name;    ///< layer_norm, ...
  std::string_view formula; ///< One line.
  std::string_view shape;   ///< The axes of x that it expects.
  int rank;                 ///< A usual rank of x, for examples.
};

/// All presets, in alphabetical order.
const std::vector<PresetInfo> &presets();

/// A preset by name. An InvalidSpec error names an unknown preset's nearest
/// one, and an option that the preset does not have.
Result<NormSpec> makePreset(std::string_view name,
                            const PresetOptions &options);

} // namespace normc

#endif // NORMC_PRESETS_H
