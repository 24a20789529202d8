//===- Dtype.cpp - element types, bit by bit ------------------------------===//

#include "tests/numerics/Dtype.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

using namespace normc;
using namespace normc::numerics;

namespace {

/// An IEEE binary format.
struct Format {
  int precision;   ///< Bits of significand, the hidden one included.
  int maxExponent; ///< Of the largest finite value; the bias as well.

  int minExponent() const { return 1 - maxExponent; }
  int fractionBits() const { return precision - 1; }
};

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

uint64_t normc::numerics::encode(DType type, long double value) {
  const Format format = formatOf(type);
  const int fractionBits = format.fractionBits();
  const uint64_t infinity = (uint64_t(2) * format.maxExponent + 1)
                            << fractionBits;
  const int signPosition = 8 * static_cast<int>(byteSize(type)) - 1;
  const uint64_t sign = uint64_t(std::signbit(value)) << signPosition;
  if (std::isnan(value))
    return infinity | (uint64_t(1) << (fractionBits - 1));
  if (std::isinf(value) ||
      (value != 0 && std::ilogb(value) > format.maxExponent))
    return sign | infinity;

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
  return sign |
         std::min(infinity, (exponentBelow << fractionBits) + significand);
}

long double normc::numerics::decode(DType type, uint64_t bits) {
  const Format format = formatOf(type);
  const int fractionBits = format.fractionBits();
  const uint64_t fraction = bits & ((uint64_t(1) << fractionBits) - 1);
  const int exponentMask = 2 * format.maxExponent + 1;
  const int exponent = int(bits >> fractionBits) & exponentMask;
  const bool negative = bits >> (8 * byteSize(type) - 1) & 1;
  long double magnitude;
  if (exponent == exponentMask)
    magnitude = fraction ? std::numeric_limits<long double>::quiet_NaN()
                         : std::numeric_limits<long double>::infinity();
  else
    magnitude = std::scalbn(
        static_cast<long double>(
            exponent ? fraction | (uint64_t(1) << fractionBits) : fraction),
        std::max(exponent, 1) - format.maxExponent - fractionBits);
  return negative ? -magnitude : magnitude;
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
  const Format format = formatOf(type);
  return std::scalbn(2 - std::scalbn(1.0L, -format.fractionBits()),
                     format.maxExponent);
}

long double normc::numerics::unitRoundoff(DType type) {
  return std::scalbn(1.0L, -precisionOf(type));
}
