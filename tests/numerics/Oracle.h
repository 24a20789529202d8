//===- Oracle.h - what every norm should give, in long double ---*- C++ -*-===//
//
// The numeric oracle: plain scalar code over long double, written from the
// formulas of the contract alone. It shares no code with the compiler or with
// the interpreter of the phase form, and is never fast.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_NUMERICS_ORACLE_H
#define NORMC_TESTS_NUMERICS_ORACLE_H

#include <cstdint>
#include <vector>

namespace normc::oracle {

/// A row-major tensor without gaps. Callers convert from their element type and
/// layout; conversion to long double is exact for all of normc's types.
struct OracleTensor {
  std::vector<long double> values;
  std::vector<int64_t> shape;

  OracleTensor() = default;
  /// All zeros.
  explicit OracleTensor(std::vector<int64_t> shape);
  OracleTensor(std::vector<long double> values, std::vector<int64_t> shape)
      : values(std::move(values)), shape(std::move(shape)) {}
};

enum class Statistic {
  MeanVariance,
  Rms,
  L2,
  Lp,    ///< (sum |x|^p)^(1/p)
  Max,   ///< max |x|
  Given, ///< Mean, and variance or rstd, are inputs.
  None,  ///< x-hat is x, or tanh(alpha x).
};

/// Where epsilon enters; see NormOptions::epsilon.
enum class Placement {
  Add,       ///< sqrt(s + epsilon)
  AfterRoot, ///< sqrt(s) + epsilon
  Clamp,     ///< max(sqrt(s), epsilon)
};

/// A scale or shift and the axes of x that it lives on; none where null.
struct Parameter {
  const OracleTensor *tensor = nullptr;
  std::vector<int64_t> axes;
};

struct NormOptions {
  Statistic statistic = Statistic::MeanVariance;
  std::vector<int64_t> axes; ///< Reduced axes.
  /// Where it is 0 and the statistic is exactly 0, x-hat and rstd are 0.
  long double epsilon = 0;
  Placement placement = Placement::Add;
  int64_t groups = 0; ///< Splits the reduced axis `groupAxis`; 0: no groups.
  int64_t groupAxis = 0;
  int64_t correction = 0; ///< The variance divides by n - correction.
  long double p = 2;      ///< Of Lp.
  /// The statistic is that of the first so many elements along the one reduced
  /// axis; 0: of all.
  int64_t firstElements = 0;
  /// Of Given, per kept position; null where not given.
  const OracleTensor *mean = nullptr, *variance = nullptr, *rstd = nullptr;
  /// Of Given: y is computed as a x + (shift - mean a), which changes T.
  bool folded = false;
  Parameter alpha; ///< Of None.
  Parameter scale;
  long double scaleOffset = 0;
  Parameter shift;
  bool perGroup = false; ///< Scale and shift have one element per group.
};

/// Results have x's shape, or that of the kept axes (with the number of groups
/// in the place of a grouped axis).
struct NormResult {
  OracleTensor y; ///< x-hat * (scale + offset) + shift
  /// T = |x-hat * (scale + offset)| + |shift|; of a folded norm |a x| +
  /// |mean a| + |shift|.
  OracleTensor magnitude;
  OracleTensor mean;      ///< Zero unless the statistic has a mean.
  OracleTensor meanRest;  ///< What a long double mean misses of the true one.
  OracleTensor statistic; ///< Variance, mean square, sum of squares, or norm.
  OracleTensor rstd;      ///< What (x - mean) is multiplied by.
  OracleTensor spread;    ///< max - min of x over the group.
};

/// Any norm over any axes.
NormResult normalize(const OracleTensor &x, const NormOptions &options);

/// RMSNorm over the last axis with a scale on it.
NormResult rmsNorm(const OracleTensor &x, const OracleTensor &scale,
                   long double epsilon);

/// LayerNorm over the last axis with scale and shift on it.
NormResult layerNorm(const OracleTensor &x, const OracleTensor &scale,
                     const OracleTensor &shift, long double epsilon);

/// GroupNorm of [N, ..., C, ...] with scale and shift per channel.
NormResult groupNorm(const OracleTensor &x, int64_t channelAxis, int64_t groups,
                     const OracleTensor &scale, const OracleTensor &shift,
                     long double epsilon);

/// A result whose error is judged against a sum of magnitudes.
struct Judged {
  OracleTensor exact;
  OracleTensor magnitude;
};

/// exp(x - max) / sum(exp(x - max)) over the last axis. The magnitude is
/// y * (1 + |x - max| / 16): the rounding of x - max, at most u * |x - max|,
/// is a relative error of its exponential.
Judged softmax(const OracleTensor &x);

/// Gradients of LayerNorm over the last axis from its saved statistics. The
/// magnitude of dx is rstd * (|g| + |E[g]| + |x-hat * E[g * x-hat]|), and 1/16
/// of rstd * (E|g| + 4 |x-hat| E|g * x-hat|): a term under a mean has one
/// rounding and four, each up to u of it, however small the mean.
struct LayerNormGradients {
  Judged dx;
  Judged dgamma; ///< magnitude: sum of |dy * x-hat| over the rows
  Judged dbeta;  ///< magnitude: sum of |dy| over the rows
};
/// x and dy are [rows, n], gamma is [n], mean and rstd are [rows].
LayerNormGradients layerNormBackward(const OracleTensor &x,
                                     const OracleTensor &dy,
                                     const OracleTensor &gamma,
                                     const OracleTensor &mean,
                                     const OracleTensor &rstd);

/// gamma * tanh(alpha * x) + beta with gamma and beta on the last axis.
Judged dynamicTanh(const OracleTensor &x, long double alpha,
                   const OracleTensor &gamma, const OracleTensor &beta);

/// How much each set of statistics counts in a switchable norm.
struct SwitchWeights {
  long double instance = 0, layer = 0, batch = 0;
};
/// Switchable norm of x [N, C, S] (Luo et al., 2018): mean and variance are
/// mixed from those over [S], [C, S] and [N, S]; scale and shift are [C]. The
/// magnitude counts the mixed means beside x, since no part of the mixture
/// cancels exactly.
Judged switchableNorm(const OracleTensor &x, const SwitchWeights &weights,
                      const OracleTensor &scale, const OracleTensor &shift,
                      long double epsilon);

} // namespace normc::oracle

#endif // NORMC_TESTS_NUMERICS_ORACLE_H
