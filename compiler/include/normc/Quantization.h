//===- Quantization.h - 8-bit results and inputs of norms -------*- C++ -*-===//
//
// How a norm's result is written in 8 bits with a scale, and how 8-bit inputs
// are read. A buffer named `..._scale` holds what 8-bit values are multiplied
// by to get the real ones; `..._inverse_scale` holds what real values are
// multiplied by to get the 8-bit ones.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_QUANTIZATION_H
#define NORMC_QUANTIZATION_H

#include "normc/Artifact.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace normc {

/// Which elements share a scale.
enum class ScaleScope {
  Tensor, ///< All; the scale is of rank 0. For results: static, an operand.
  Row,    ///< Those along the last axis; the scale lacks that axis.
  Block,  ///< Each `block` neighbours along the last axis; the scale has D /
          ///< block elements where the tensor has D.
};

/// What a scale is stored as.
enum class ScaleType {
  F32,
  /// An f32 that is a power of two, rounded up: nothing saturates by it.
  PowerOfTwo,
  /// The same as one byte (i8): the exponent + 127, and 0xff for NaN (the E8M0
  /// of OCP Microscaling Formats 1.0). Rounded up, as DeepGEMM and the RCEIL of
  /// cuBLAS and torchao do; the specification's own example rounds down, and
  /// saturates.
  E8M0,
};

/// A result in 8 bits. With m the largest magnitude of y over the scope:
///
///     scale = max(min(m, upperBound) / most, smallestScale)
///     y     = cast(clamp(y * (1 / scale), -most, most))
///
/// with `most` 448 for f8E4M3FN, 57344 for f8E5M2, 127 for i8; all in f32. The
/// cast rounds to nearest, ties to even. A NaN gives NaN, and 0 in i8; the
/// dynamic scale of its scope is NaN. Infinities saturate.
struct Quantization {
  DType dtype = DType::F8E4M3FN; ///< Of y: f8E4M3FN, f8E5M2 or i8.
  /// Row and Block are dynamic: y_scale is a further result. Tensor is static:
  /// it is an operand, f32 or E8M0, and none of the bounds below may be given.
  ScaleScope scope = ScaleScope::Row;
  int64_t block = 64; ///< 32, 64 or 128 elements; of ScaleScope::Block.
  ScaleType scaleType = ScaleType::F32;
  /// The scale's buffer is `y_inverse_scale`, and holds 1 / scale.
  bool inverse = false;
  /// Of m: finite and above 0; none by default, but that of f32.
  std::optional<double> upperBound = std::nullopt;
  /// Of the scale: from 2^-126 to 2^126; 1 / (512 most) by default.
  std::optional<double> smallestScale = std::nullopt;
  /// y is rounded to the output type (NormSpec::outputDtype, x's by default)
  /// before m is taken and it is quantized: the bits of a norm that is followed
  /// by a quantization. Else y is the unrounded f32.
  bool matchUnfused = false;
  /// i8 goes down to -128; its scale is the same.
  bool full = false;
  /// Of the scale's buffer, in elements, as NormSpec::inputStrides.
  std::vector<int64_t> scaleStrides = {};
};

/// An input in 8 bits with a scale, an operand: x = x8 * scale, or with
/// `inverse` x8 * (1 / inverse scale), in f32, of which the norm is taken.
struct InputScale {
  ScaleScope scope = ScaleScope::Tensor;
  int64_t block = 64; ///< 32, 64 or 128 elements; of ScaleScope::Block.
  ScaleType scaleType = ScaleType::F32; ///< F32 or E8M0.
  bool inverse = false; ///< The operand is `x_inverse_scale`, not `x_scale`.
  /// Of the scale's buffer, in elements, as NormSpec::inputStrides.
  std::vector<int64_t> scaleStrides = {};
};

} // namespace normc

#endif // NORMC_QUANTIZATION_H
