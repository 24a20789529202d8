//===- Cases.h - kernels that stretch the compiler, as text -----*- C++ -*-===//
//
// The structural extremes as .mlir text, parametric in element type, extents
// and strides: rows with one statistic, rows with dependent collectives, a
// group split and joined across axes, rows and columns reduced in one kernel,
// collectives over sets of axes that do not nest, and no collective at all.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_NUMERICS_CASES_H
#define NORMC_TESTS_NUMERICS_CASES_H

#include "normc/Artifact.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace normc::numerics {

/// An extent or stride that is given at the call.
inline constexpr int64_t kAny = std::numeric_limits<int64_t>::min();

/// One argument or result of a kernel.
struct TensorType {
  std::string name;
  DType dtype = DType::F32;
  std::vector<int64_t> shape;
  /// In elements, kAny where given at the call; empty: row-major without gaps.
  std::vector<int64_t> strides = {};
};

/// A kernel of rows: x and y are [rows, n].
struct RowCase {
  DType dtype = DType::F32;
  int64_t rows = kAny;
  int64_t n = kAny;
  /// Of every [rows, n] tensor among the inputs, and among the outputs.
  std::vector<int64_t> inputStrides = {}, outputStrides = {};
  double epsilon = 1e-6;
  /// Adds the statistics as results `mean` (LayerNorm only) and `rstd`.
  bool saved = false;
  /// Element type of scale, shift and gamma; that of x where not given.
  std::optional<DType> parameterDtype = std::nullopt;

  DType parameterType() const { return parameterDtype.value_or(dtype); }
};

/// y = x / sqrt(mean(x^2) + epsilon) * scale, declared. Inputs x, scale.
std::string rmsNormText(const RowCase &row);

/// LayerNorm, declared. Inputs x, scale, shift.
std::string layerNormText(const RowCase &row);

/// x / max(|x|, epsilon) by the L2 norm, declared. Input x.
std::string l2NormText(const RowCase &row);

/// exp(x - max) / sum(exp(x - max)), a kernel written by hand. Input x.
std::string softmaxText(const RowCase &row);

/// LayerNorm backward from saved statistics, a kernel written by hand. Inputs
/// x, dy, gamma [n], mean and rstd [rows]; outputs dx, dgamma and dbeta [n].
/// Statistics and the gradients of parameters are of the compute type.
std::string layerNormBackwardText(const RowCase &row);

/// scale * tanh(0.5 x) + shift, written by hand; no collective. Inputs x,
/// scale, shift.
std::string dynamicTanhText(const RowCase &row);

/// Kernels of samples, spatial positions and channels.
struct ChannelCase {
  DType dtype = DType::F32;
  int64_t samples = kAny, positions = kAny, channels = kAny;
  int64_t groups = 1;
  std::vector<int64_t> inputStrides = {}, outputStrides = {};
  double epsilon = 1e-5;
};

/// GroupNorm of x [N, S, C], declared; with strides [S*C, 1, S] the same on
/// NCHW data. Inputs x, scale, shift.
std::string groupNormText(const ChannelCase &channel);

/// GroupNorm of x [N, C, S], declared. Inputs x, scale, shift.
std::string groupNormChannelsFirstText(const ChannelCase &channel);

/// Switchable norm of x [N, C, S], written by hand: its collectives give values
/// per (n, c), per n and per c, so that no one order of instances serves all.
/// Mixes with weights 1/2 (instance), 1/4 (layer), 1/4 (batch). Inputs x,
/// scale, shift.
std::string switchableNormText(const ChannelCase &channel);

} // namespace normc::numerics

#endif // NORMC_TESTS_NUMERICS_CASES_H
