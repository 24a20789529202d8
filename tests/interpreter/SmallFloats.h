//===- SmallFloats.h - floats of 8 and 16 bits ------------------*- C++ -*-===//
//
// Exact widening of small floats to double, and correct rounding (to nearest,
// ties to even, once) of float, double and long double to them. Integer code
// for 16 bits, because the interpreter does this for every element; the tests
// compare it with llvm::APFloat.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_INTERPRETER_SMALLFLOATS_H
#define NORMC_TESTS_INTERPRETER_SMALLFLOATS_H

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace normc::interpreter {

/// Rounds to float so that a second rounding, to any type of at most 22 bits,
/// gives what one rounding of `value` would have given: truncates, and sets the
/// last bit if anything was cut off (Boldo and Melquiond, "Emulation of FMA and
/// correctly rounded sums: proved algorithms using rounding to odd", 2008).
inline float roundToOddFloat(double value) {
  float rounded = static_cast<float>(value);
  if (std::isnan(value) || static_cast<double>(rounded) == value)
    return rounded;
  auto bits = std::bit_cast<uint32_t>(rounded);
  if (std::fabs(static_cast<double>(rounded)) > std::fabs(value))
    --bits;
  return std::bit_cast<float>(bits | 1u);
}

/// As roundToOddFloat, one step up.
inline double roundToOddDouble(long double value) {
  double rounded = static_cast<double>(value);
  if (std::isnan(value) || static_cast<long double>(rounded) == value)
    return rounded;
  auto bits = std::bit_cast<uint64_t>(rounded);
  if (std::fabs(static_cast<long double>(rounded)) > std::fabs(value))
    --bits;
  return std::bit_cast<double>(bits | 1u);
}

inline double bfloatToDouble(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

inline uint16_t floatToBfloat(float value) {
  auto bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value))
    return static_cast<uint16_t>(bits >> 16 | 0x40u);
  return static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

inline double halfToDouble(uint16_t bits) {
  uint32_t sign = static_cast<uint32_t>(bits & 0x8000u) << 16;
  uint32_t exponent = bits >> 10 & 0x1fu, fraction = bits & 0x3ffu;
  if (exponent == 0) {
    double magnitude = static_cast<double>(fraction) * 0x1p-24;
    return sign ? -magnitude : magnitude;
  }
  uint32_t widened = exponent == 0x1fu ? 0xffu : exponent + 112u;
  return std::bit_cast<float>(sign | widened << 23 | fraction << 13);
}

inline uint16_t floatToHalf(float value) {
  auto bits = std::bit_cast<uint32_t>(value);
  uint32_t sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u)
    return static_cast<uint16_t>(sign | 0x7e00u | (magnitude >> 13 & 0x3ffu));
  if (magnitude >= 0x477ff000u) // 65520, half-way to the next power of two
    return static_cast<uint16_t>(sign | 0x7c00u);
  if (magnitude < 0x38800000u) {
    // Subnormal: the addition to 0.5 rounds to a multiple of 2^-24.
    float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<uint16_t>(
        sign | (std::bit_cast<uint32_t>(shifted) - 0x3f000000u));
  }
  uint32_t rounded = magnitude + 0xfffu + (magnitude >> 13 & 1u);
  return static_cast<uint16_t>(sign | ((rounded >> 13) - (112u << 10)));
}

/// A float of 8 bits.
struct F8Format {
  int fraction, minExponent;
  double largest;
  bool hasInfinity; ///< Else what is beyond the largest number is NaN.

  /// The bits of infinity, or of NaN.
  int top() const { return hasInfinity ? 0x7f >> fraction << fraction : 0x7f; }
};
inline constexpr F8Format kE4M3FN{3, -6, 448, false},
    kE5M2{2, -14, 57344, true};

inline double f8ToDouble(const F8Format &format, uint8_t bits) {
  int magnitude = bits & 0x7f, exponent = magnitude >> format.fraction;
  double sign = bits & 0x80 ? -1 : 1;
  if (magnitude >= format.top())
    return sign * (magnitude == format.top() && format.hasInfinity
                       ? double(INFINITY)
                       : double(NAN));
  int steps = exponent == 0 ? magnitude
                            : magnitude - ((exponent - 1) << format.fraction);
  return sign * std::ldexp(steps, (exponent == 0 ? 0 : exponent - 1) +
                                      format.minExponent - format.fraction);
}

/// The nearest number of the format, or what stands for those beyond.
inline double roundToF8(const F8Format &format, double value) {
  if (value == 0 || std::isnan(value))
    return value;
  if (std::isinf(value))
    return format.hasInfinity ? value : std::copysign(double(NAN), value);
  int place = std::max(std::ilogb(value), format.minExponent) - format.fraction;
  double rounded = std::ldexp(std::nearbyint(std::ldexp(value, -place)), place);
  if (std::fabs(rounded) <= format.largest)
    return rounded;
  return std::copysign(format.hasInfinity ? double(INFINITY) : double(NAN),
                       value);
}

/// The bits of a number of the format.
inline uint8_t doubleToF8(const F8Format &format, double value) {
  int sign = std::signbit(value) ? 0x80 : 0;
  if (std::isnan(value))
    return static_cast<uint8_t>(sign | format.top() |
                                1 << (format.fraction - 1));
  if (std::isinf(value))
    return static_cast<uint8_t>(sign | format.top());
  if (value == 0)
    return static_cast<uint8_t>(sign);
  int exponent = std::max(std::ilogb(value), format.minExponent);
  auto steps = static_cast<int>(
      std::ldexp(std::fabs(value), format.fraction - exponent));
  return static_cast<uint8_t>(
      sign | (((exponent - format.minExponent) << format.fraction) + steps));
}

} // namespace normc::interpreter

#endif // NORMC_TESTS_INTERPRETER_SMALLFLOATS_H
