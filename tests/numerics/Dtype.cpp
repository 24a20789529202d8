//===- Dtype.cpp - element types, bit by bit ------------------------------===//

#include "tests/numerics/Dtype.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

using namespace normc;
using namespace normc::numerics;

namespace {

/// A binary float format; of integers, only that they have no fraction.
struct Format {
  int precision; ///< Bits of significand, the hidden one included.
  int bias;      ///< Of the exponent field.
  /// Whether the largest exponent field means infinity and NaN; else it means
  /// numbers, but for all ones, the only NaN.
  bool isIeee = true;

  int minExponent() const { return 1 - bias; }
  /// Of the largest finite value.
  int maxExponent() const { return isIeee ? bias : bias + 1; }
  int fractionBits() const { return precision - 1; }
  uint64_t fractionMask() const { return (uint64_t(1) << fractionBits()) - 1; }
  int exponentMask() const { return 2 * bias + 1; }
  /// The bits above all numbers': infinity's, or NaN's.
  uint64_t beyond() const {
    return (uint64_t(exponentMask()) << fractionBits()) |
           (isIeee ? 0 : fractionMask());
  }
};

bool isInteger(DType type) {
  return type == DType::I8 || type == DType::I32 || type == DType::I64;
}

constexpr Format formatOf(DType type) {
  switch (type) {
  case DType::F16:
    return {11, 15};
  case DType::BF16:
    return {8, 127};
  case DType::F32:
    return {24, 127};
  case DType::F64:
    return {53, 1023};
  case DType::F8E4M3FN:
    return {4, 7, false};
  case DType::F8E5M2:
    return {3, 15};
  case DType::I8:
  case DType::I32:
  case DType::I64:
    break;
  }
  return {24, 127};
}

/// The exponent of the last bit of a significand at `value`.
int lastBitExponent(const Format &format, long double value) {
  int exponent = value == 0 ? format.minExponent() : std::ilogb(value);
  return std::max(exponent, format.minExponent()) - format.fractionBits();
}

} // namespace

int normc::numerics::precisionOf(DType type) {
  return formatOf(type).precision;
}

/// The nearest integer, ties to even; beyond the type's, its largest or least.
static uint64_t encodeInteger(DType type, long double value) {
  int bits = 8 * static_cast<int>(byteSize(type));
  long double least = -std::scalbn(1.0L, bits - 1);
  value = std::isnan(value) ? 0 : std::nearbyint(value);
  auto number =
      static_cast<int64_t>(std::min(std::max(value, least), -least - 1));
  return static_cast<uint64_t>(number) & (~uint64_t(0) >> (64 - bits));
}

uint64_t normc::numerics::encode(DType type, long double value) {
  if (isInteger(type))
    return encodeInteger(type, value);
  const Format format = formatOf(type);
  const int fractionBits = format.fractionBits();
  const uint64_t beyond = format.beyond();
  const int signPosition = 8 * static_cast<int>(byteSize(type)) - 1;
  const uint64_t sign = uint64_t(std::signbit(value)) << signPosition;
  if (std::isnan(value))
    return beyond | (uint64_t(1) << (fractionBits - 1));
  if (std::isinf(value) ||
      (value != 0 && std::ilogb(value) > format.maxExponent()))
    return sign | beyond;

  int quantum = lastBitExponent(format, value);
  // Exact scaling, then the one rounding, to nearest with ties to even.
  long double scaled = std::scalbn(std::fabs(value), -quantum);
  auto significand = static_cast<uint64_t>(scaled);
  long double rest = scaled - static_cast<long double>(significand);
  significand += rest > 0.5L || (rest == 0.5L && significand % 2 == 1);
  // A normal's hidden bit adds 1 to the exponent field, and so does a carry out
  // of the rounding, be it to the next binade, the first normal, or infinity.
  uint64_t exponentBelow =
      uint64_t(quantum + fractionBits - format.minExponent());
  return sign | std::min(beyond, (exponentBelow << fractionBits) + significand);
}

long double normc::numerics::decode(DType type, uint64_t bits) {
  const int width = 8 * static_cast<int>(byteSize(type));
  if (isInteger(type))
    return static_cast<long double>(
        static_cast<int64_t>(bits << (64 - width)) >> (64 - width));
  const Format format = formatOf(type);
  const uint64_t sign = uint64_t(1) << (width - 1),
                 magnitudeBits = bits & ~sign;
  const uint64_t fraction = magnitudeBits & format.fractionMask();
  const int exponent = int(magnitudeBits >> format.fractionBits());
  long double magnitude;
  if (magnitudeBits >= format.beyond())
    magnitude = magnitudeBits == format.beyond() && format.isIeee
                    ? std::numeric_limits<long double>::infinity()
                    : std::numeric_limits<long double>::quiet_NaN();
  else
    magnitude = std::scalbn(
        static_cast<long double>(exponent ? fraction + format.fractionMask() + 1
                                          : fraction),
        std::max(exponent, 1) - format.bias - format.fractionBits());
  return bits & sign ? -magnitude : magnitude;
}

uint64_t normc::numerics::loadBits(DType type, const std::byte *address) {
  uint64_t bits = 0; // little-endian, as every target of normc is
  std::memcpy(&bits, address, byteSize(type));
  return bits;
}

void normc::numerics::storeBits(DType type, std::byte *address, uint64_t bits) {
  std::memcpy(address, &bits, byteSize(type));
}

long double normc::numerics::ulpAt(DType type, long double value) {
  if (!std::isfinite(value))
    return std::numeric_limits<long double>::infinity();
  return std::scalbn(1.0L, lastBitExponent(formatOf(type), value));
}

long double normc::numerics::largestFinite(DType type) {
  const uint64_t beyond = isInteger(type) ? encodeInteger(type, INFINITY) + 1
                                          : formatOf(type).beyond();
  return decode(type, beyond - 1);
}

long double normc::numerics::unitRoundoff(DType type) {
  return std::scalbn(1.0L, -precisionOf(type));
}
