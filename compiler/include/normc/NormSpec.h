//===- NormSpec.h - a normalization, declared from C++ ----------*- C++ -*-===//
//
// A norm as a plain struct, and presets for the named ones. The meaning of
// every field is that of `norm.normalize`.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_NORMSPEC_H
#define NORMC_NORMSPEC_H

#include "normc/Fusion.h"
#include "normc/Quantization.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace normc {

/// What x is divided by.
enum class Statistic {
  MeanVariance, ///< (x - mean) / sqrt(variance + epsilon)
  Rms,          ///< x / sqrt(mean(x^2) + epsilon)
  L2,           ///< x / sqrt(sum(x^2) + epsilon), or see EpsilonPlacement
  Lp,           ///< x / max(sum(|x|^p)^(1/p), epsilon)
  Max,          ///< x / max(max |x|, epsilon)
  Given,        ///< By statistics that are operands: see NormSpec::given.
  None,         ///< By nothing: x, or tanh(alpha x).
};

/// Where epsilon enters.
enum class EpsilonPlacement {
  Add,       ///< Inside the root: sqrt(s + epsilon).
  AfterRoot, ///< sqrt(s) + epsilon; MeanVariance, Rms and Given only.
  Clamp,     ///< max(sqrt(s), epsilon); L2, and the only one of Lp and Max.
};

/// Where the affine part rounds.
enum class Rounding {
  Once,       ///< Once, at the end.
  Normalized, ///< After the normalization, and after scale and shift each.
};

/// Statistics that are operands, shaped as the kept axes of x.
struct GivenStatistics {
  bool hasMean = true;
  /// Buffer `rstd`, which is multiplied by, in place of `variance`.
  bool isRstd = false;
  /// Element type; f32, and f64 for f64 inputs, where not given.
  std::optional<DType> dtype = std::nullopt;
  /// Rounding once is y = fma(x, a, shift - mean a) with a = (scale + offset)
  /// rstd, and not fma(x - mean, a, shift). Rounding normalized never folds.
  bool folded = true;
  /// Strides in elements, as NormSpec::inputStrides.
  std::vector<int64_t> strides = {};
};

/// One normalization of one tensor x into y. Buffers are named x; mean,
/// variance or rstd where they are given; alpha, scale, shift; y; and mean,
/// variance, rstd where they are saved. What is computed along with it names
/// its buffers in Fusion.h; in order:
///
///     h = r + gate dropout(x + bias)                residual, bias, dropout
///     z = activationBefore(h) act(gate)             gate before
///     n = normalized z, scaled and shifted          all that is not fusion
///     m = fma(n, 1 + modulation_scale, modulation_shift)    modulation
///     y = dropout(activationAfter(m) act(gate))     gate after
///
/// Before n and after it, everything is computed in f32, in f64 where x or the
/// residual is f64, and rounded when it is written. A spec is checked when it
/// is compiled.
struct NormSpec {
  std::string name = "norm";  ///< Of the kernel; not empty.
  std::vector<int64_t> shape; ///< Extents of x; kDynamic where not fixed.
  /// Strides of x in elements, one per axis, kDynamic where given at the call;
  /// empty means row-major without gaps.
  std::vector<int64_t> inputStrides = {};
  std::vector<int64_t> outputStrides = {};         ///< The same, of y.
  DType dtype = DType::F32;                        ///< Element type of x.
  std::optional<DType> outputDtype = std::nullopt; ///< Of y; x's by default.
  std::vector<int64_t> axes; ///< Reduced axes; none with Statistic::None.
  Statistic statistic = Statistic::MeanVariance;
  double epsilon = 1e-5; ///< Unused where nothing is divided by a root.
  EpsilonPlacement placement = EpsilonPlacement::Add;
  double p = 2; ///< Of Statistic::Lp; at least 1.
  /// Takes the statistic (Rms over one axis) over the first max(⌊partial D⌋, 1)
  /// of the axis' D elements; above 0 and at most 1.
  std::optional<double> partial = std::nullopt;
  /// Splits `groupAxis` into this many groups.
  std::optional<int64_t> groups = std::nullopt;
  int64_t groupAxis = 0;
  /// Scale and shift have one element per group along `groupAxis`.
  bool perGroup = false;
  GivenStatistics given = {}; ///< Of Statistic::Given.
  /// Of Statistic::None: the factor of x in tanh(alpha x); no tanh by default.
  std::optional<Parameter> alpha = std::nullopt;
  std::optional<Parameter> scale =
      std::nullopt;       ///< Multiplies; none by default.
  double scaleOffset = 0; ///< Added to the scale (1: zero-centred gain).
  std::optional<Parameter> shift = std::nullopt; ///< Added; none by default.
  Rounding rounding = Rounding::Once;
  int64_t correction = 0;    ///< 1 divides the variance by n - 1.
  bool saveMean = false;     ///< Further result `mean`, in the compute type.
  bool saveVariance = false; ///< Further result `variance`; MeanVariance only.
  bool saveRstd = false;     ///< Further result `rstd`, of what is computed.
  /// Buffer `bias`: added to x first.
  std::optional<Parameter> bias = std::nullopt;
  std::optional<Residual> residual = std::nullopt;
  Activation activationBefore = Activation::None; ///< Of the norm's input.
  std::optional<Gate> gate = std::nullopt;
  std::optional<Modulation> modulation = std::nullopt;
  Activation activationAfter = Activation::None; ///< Of the norm's output.
  std::optional<Dropout> dropout = std::nullopt;
  std::optional<SecondOutput> second = std::nullopt;
  /// y in 8 bits with a scale; `outputDtype` is then the type of the unfused y.
  std::optional<Quantization> quantization = std::nullopt;
  /// x in 8 bits, of type `dtype`, with a scale; the norm is that of an f32 x.
  std::optional<InputScale> inputScale = std::nullopt;
};

} // namespace normc

#endif // NORMC_NORMSPEC_H
