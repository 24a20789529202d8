//===- NormSpec.h - a normalization, declared from C++ ----------*- C++ -*-===//
//
// A norm as a plain struct, and presets for the named ones. The meaning of
// every field is that of `norm.normalize`.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_NORMSPEC_H
#define NORMC_NORMSPEC_H

#include "normc/Artifact.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace normc {

/// An extent or stride that is given at the call.
inline constexpr int64_t kDynamic = std::numeric_limits<int64_t>::min();

/// What x is divided by.
enum class Statistic {
  MeanVariance, ///< (x - mean) / sqrt(variance + epsilon)
  Rms,          ///< x / sqrt(mean(x^2) + epsilon)
  L2,           ///< x / sqrt(sum(x^2) + epsilon), or see EpsilonPlacement
};

/// Where epsilon enters.
enum class EpsilonPlacement {
  Add,       ///< Inside the root: sqrt(s + epsilon).
  AfterRoot, ///< sqrt(s) + epsilon; MeanVariance and Rms only.
  Clamp,     ///< max(sqrt(s), epsilon); L2 only.
};

/// Where the affine part rounds.
enum class Rounding {
  Once,       ///< Once, at the end.
  Normalized, ///< After the normalization, and after scale and shift each.
};

/// A scale or shift operand.
struct Parameter {
  /// Axes of x that it lives on; its extents are x's along them.
  std::vector<int64_t> axes;
  /// Its element type; x's where not given.
  std::optional<DType> dtype = std::nullopt;
};

/// One normalization of one tensor x into y. Buffers are named x, scale, shift,
/// y, mean, rstd.
struct NormSpec {
  std::string name = "norm";  ///< Name of the kernel.
  std::vector<int64_t> shape; ///< Extents of x; kDynamic where not fixed.
  /// Strides of x in elements, one per axis, kDynamic where given at the call;
  /// empty means row-major without gaps.
  std::vector<int64_t> inputStrides = {};
  std::vector<int64_t> outputStrides = {};         ///< The same, of y.
  DType dtype = DType::F32;                        ///< Element type of x.
  std::optional<DType> outputDtype = std::nullopt; ///< Of y; x's by default.
  std::vector<int64_t> axes;                       ///< Reduced axes.
  Statistic statistic = Statistic::MeanVariance;
  double epsilon = 1e-5;
  EpsilonPlacement placement = EpsilonPlacement::Add;
  /// Splits `groupAxis` into this many groups; 0 means no groups.
  int64_t groups = 0;
  int64_t groupAxis = 0;
  std::optional<Parameter> scale =
      std::nullopt;       ///< Multiplies; none by default.
  double scaleOffset = 0; ///< Added to the scale (1: zero-centred gain).
  std::optional<Parameter> shift = std::nullopt; ///< Added; none by default.
  Rounding rounding = Rounding::Once;
  int64_t correction = 0; ///< 1 divides the variance by n - 1.
  bool saveMean = false;  ///< Further result `mean`, in the compute type.
  bool saveRstd = false;  ///< Further result `rstd`, in the compute type.
};

/// What the row presets (LayerNorm, RMSNorm) are made from.
struct RowNormOptions {
  std::vector<int64_t> shape; ///< Extents of x; the last is normalized.
  DType dtype = DType::F32;   ///< Of x and y.
  std::optional<DType> parameterDtype = std::nullopt; ///< x's by default.
  std::optional<double> epsilon = std::nullopt; ///< The norm's usual default.
};

/// RMSNorm over the last axis with a scale; epsilon 1e-6 (Zhang and Sennrich,
/// 2019).
NormSpec rmsNorm(const RowNormOptions &options);

/// LayerNorm over the last axis with scale and shift; epsilon 1e-5 (Ba et al.,
/// 2016).
NormSpec layerNorm(const RowNormOptions &options);

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

} // namespace normc

#endif // NORMC_NORMSPEC_H
