//===- Fusion.h - what is computed along with a norm ------------*- C++ -*-===//
//
// The neighbours of a norm that one kernel computes with it, as plain structs:
// fields of NormSpec, which says in what order they come. Every tensor here has
// x's shape unless it has axes of its own.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_FUSION_H
#define NORMC_FUSION_H

#include "normc/Artifact.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace normc {

/// An extent or stride that is given at the call.
inline constexpr int64_t kDynamic = std::numeric_limits<int64_t>::min();

/// An operand that lives on some axes of x.
struct Parameter {
  /// Axes of x; its extents are x's along them. None: a scalar, of rank 0.
  std::vector<int64_t> axes;
  /// Its element type; x's where not given.
  std::optional<DType> dtype = std::nullopt;
  /// Strides in elements, as NormSpec::inputStrides.
  std::vector<int64_t> strides = {};
};

/// The sum h = residual + x that is normalized in x's place. Buffer `residual`.
struct Residual {
  std::optional<DType> dtype = std::nullopt; ///< Of `residual`; x's by default.
  /// The norm sees the sum rounded to sumDtype, and not the exact one.
  bool rounded = false;
  /// Further result `residual_out`: the sum, rounded to sumDtype. It may share
  /// the buffer of `residual` where the kernel's facts say so.
  bool emitSum = false;
  std::optional<DType> sumDtype = std::nullopt; ///< The residual's by default.
  /// Buffer `residual_gate`: h = residual + gate x (AdaLN-Zero; Peebles and
  /// Xie, 2023. LayerScale; Touvron et al., 2021).
  std::optional<Parameter> gate = std::nullopt;
  /// Of `residual` and `residual_out`, in elements, as NormSpec::inputStrides.
  std::vector<int64_t> strides = {}, sumStrides = {};
};

/// A function of one element.
enum class Activation {
  None,     ///< v
  Relu,     ///< max(v, 0)
  Gelu,     ///< v (1 + erf(v / sqrt(2))) / 2 (Hendrycks and Gimpel, 2016)
  GeluTanh, ///< v (1 + tanh(sqrt(2 / pi) (v + 0.044715 v^3))) / 2 (the same)
  Silu,     ///< v / (1 + exp(-v))
  Sigmoid,  ///< 1 / (1 + exp(-v))
  Tanh,     ///< tanh(v)
};

/// A factor act(z) per element. Buffer `gate`: z.
struct Gate {
  enum class Placement {
    After,  ///< norm(x) act(z)
    Before, ///< norm(x act(z))
  };
  Placement placement = Placement::After;
  Activation activation = Activation::Silu;
  std::optional<DType> dtype = std::nullopt; ///< x's by default.
  /// Strides in elements, as NormSpec::inputStrides.
  std::vector<int64_t> strides = {};
};

/// A second scale and shift, after those of the norm and per sample:
/// fma(y, 1 + modulation_scale, modulation_shift), which are the buffers' names
/// (AdaLN; Peebles and Xie, 2023).
struct Modulation {
  /// Axes of x that both live on, at least one of them kept.
  std::vector<int64_t> axes;
  std::optional<DType> dtype = std::nullopt; ///< x's by default.
  bool hasScale = true, hasShift = true;     ///< At least one.
  /// Strides in elements, as NormSpec::inputStrides.
  std::vector<int64_t> strides = {};
};

/// Keeps an element, divided by 1 - p, or writes 0. Element i in row-major
/// order is kept if word i mod 4 of Philox4x32-10 with key `seed` and counter
/// `offset` + i / 4 is at least floor(p 2^32) (see norm.philox). Buffers `seed`
/// and `offset`: scalars of type i64.
struct Dropout {
  enum class Placement {
    AfterNorm,      ///< Of y, last.
    BeforeResidual, ///< Of x + bias, before a residual is added.
  };
  double probability = 0; ///< p: of being dropped; at least 0, below 1.
  Placement placement = Placement::AfterNorm;
};

/// Further result `y2`: what is normalized, with another scale and shift
/// (buffers `scale2` and `shift2`). Nothing else is done to it.
struct SecondOutput {
  std::optional<Parameter> scale = std::nullopt, shift = std::nullopt;
  double scaleOffset = 0;                    ///< As NormSpec::scaleOffset.
  std::optional<DType> dtype = std::nullopt; ///< Of `y2`; x's by default.
  /// Strides in elements, as NormSpec::inputStrides.
  std::vector<int64_t> strides = {};
};

} // namespace normc

#endif // NORMC_FUSION_H
