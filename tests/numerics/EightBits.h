//===- EightBits.h - 8-bit values by tables, for tests ----------*- C++ -*-===//
//
// What the tests of 8-bit results and inputs share: the value of each of the
// 256 codes of a type, rounding by comparing with all of them, and specs whose
// results a scalar model can compute bit for bit.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_NUMERICS_EIGHTBITS_H
#define NORMC_TESTS_NUMERICS_EIGHTBITS_H

#include "normc/Presets.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace normc::numerics {

inline float toFloat(uint64_t bits) {
  return std::bit_cast<float>(uint32_t(bits));
}

/// Exponent and significand bits, bias; infinities or none.
inline double valueOfFloat(unsigned code, int significandBits, int bias,
                           bool hasInfinities) {
  unsigned most = 0x7f >> significandBits;
  unsigned exponent = (code & 0x7f) >> significandBits;
  unsigned fraction = code & ((1u << significandBits) - 1);
  double sign = code & 0x80 ? -1 : 1;
  if (hasInfinities && exponent == most)
    return fraction ? std::numeric_limits<double>::quiet_NaN()
                    : sign * INFINITY;
  if (!hasInfinities && (code & 0x7f) == 0x7f)
    return std::numeric_limits<double>::quiet_NaN();
  double significand = fraction / double(1u << significandBits);
  return exponent == 0
             ? sign * std::ldexp(significand, 1 - bias)
             : sign * std::ldexp(1 + significand, int(exponent) - bias);
}

inline double valueOf(DType type, unsigned code) {
  if (type == DType::I8)
    return int8_t(code);
  return type == DType::F8E4M3FN ? valueOfFloat(code, 3, 7, false)
                                 : valueOfFloat(code, 2, 15, true);
}

inline double mostOf(DType type) {
  return type == DType::I8 ? 127 : type == DType::F8E4M3FN ? 448 : 57344;
}

/// The nearest of the 256 values, of two the even one.
inline unsigned nearestCode(DType type, double value) {
  unsigned best = 0;
  double distance = INFINITY;
  for (unsigned code = 0; code < 256; ++code) {
    double other = valueOf(type, code);
    if (!std::isfinite(other))
      continue;
    // Of the two zeros, that with the sign.
    bool isSameSign =
        type == DType::I8 || std::signbit(other) == std::signbit(value);
    double away = std::fabs(other - value);
    if (isSameSign &&
        (away < distance || (away == distance && (code & 1) == 0))) {
      best = code;
      distance = away;
    }
  }
  return best;
}

/// `product` saturated and rounded; NaN in a float type is any NaN: 0x7f.
inline unsigned quantized(DType type, float product, bool full) {
  if (std::isnan(product))
    return type == DType::I8 ? 0 : 0x7f;
  double most = mostOf(type), least = full ? -128 : -most;
  return nearestCode(type, std::min(std::max(double(product), least), most));
}

/// NaNs as one code.
inline unsigned canonical(DType type, uint64_t code) {
  return std::isnan(valueOf(type, unsigned(code))) ? 0x7f : unsigned(code);
}

inline float valueOfE8M0(uint64_t byte) {
  return byte == 0xff ? NAN : std::ldexp(1.0f, int(byte) - 127);
}

/// The least power of two that is not below a scale.
inline float nextPower(float scale) {
  if (std::isnan(scale))
    return scale;
  float power = 0x1p-126f;
  while (power < scale)
    power *= 2;
  return power;
}

/// RMSNorm without a scale, or with isRms cleared no norm at all: y = x gamma.
inline NormSpec makeSpec(DType dtype, std::vector<int64_t> shape, bool isRms) {
  NormSpec spec = rmsNorm({.shape = std::move(shape), .dtype = dtype});
  if (isRms) {
    spec.saveRstd = true;
  } else {
    spec.statistic = Statistic::None;
    spec.axes = {};
  }
  return spec;
}

inline int64_t scalesOf(ScaleScope scope, int64_t block, int64_t columns) {
  return scope == ScaleScope::Block ? columns / block : 1;
}

} // namespace normc::numerics

#endif // NORMC_TESTS_NUMERICS_EIGHTBITS_H
