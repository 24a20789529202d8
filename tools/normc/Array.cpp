//===- Array.cpp - arrays and their memory --------------------------------===//

#include "Array.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <unistd.h>

using namespace normc;
using namespace normc::tool;

std::string normc::tool::toString(const Dims &dims) {
  std::string text = "(";
  for (int axis = 0; axis < dims.size() && axis < kMaxRank; ++axis)
    text += (axis ? ", " : "") + std::to_string(dims[axis]);
  return text + (dims.size() == 1 ? ",)" : ")");
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

std::optional<int64_t> normc::tool::countElements(DType dtype,
                                                  const Dims &shape) {
  int64_t bytes = byteSize(dtype);
  bool isEmpty = false;
  for (int axis = 0; axis < shape.size(); ++axis) {
    isEmpty |= shape[axis] == 0;
    if (shape[axis] != 0 && __builtin_mul_overflow(bytes, shape[axis], &bytes))
      return std::nullopt;
  }
  return isEmpty ? 0 : bytes / byteSize(dtype);
}

/// The lowest and the highest element's distance from index zero, in elements;
/// false where they or their bytes don't fit 63 bits.
static bool findSpan(DType dtype, const Dims &shape, const Dims &strides,
                     int64_t &low, int64_t &high) {
  low = high = 0;
  for (int axis = 0; axis < shape.size(); ++axis) {
    int64_t reach = 0, &end = strides[axis] < 0 ? low : high;
    if (shape[axis] > 1 &&
        (__builtin_mul_overflow(shape[axis] - 1, strides[axis], &reach) ||
         __builtin_add_overflow(end, reach, &end)))
      return false;
  }
  int64_t span = 0;
  return !__builtin_sub_overflow(high, low, &span) &&
         !__builtin_add_overflow(span, 1, &span) &&
         !__builtin_mul_overflow(span, byteSize(dtype), &span);
}

Result<Array> normc::tool::allocateArray(DType dtype, const Dims &shape,
                                         const Dims &strides,
                                         const std::string &what) {
  std::optional<int64_t> count = countElements(dtype, shape);
  int64_t low = 0, high = 0;
  if (!count || !findSpan(dtype, shape, strides, low, high))
    return Error{ErrorKind::InvalidArgument,
                 what + ": expected fewer than 2^63 bytes, but got shape " +
                     toString(shape)};
  int64_t bytes = *count == 0 ? 0 : (high - low + 1) * byteSize(dtype);
  // The system hands out more than it has, and ends the process later.
  int64_t machine = int64_t(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  Array array;
  if (bytes <= machine) {
    size_t size = (size_t(bytes) / 64 + 1) * 64;
    array.data.reset(static_cast<std::byte *>(std::aligned_alloc(64, size)));
    if (array.data)
      std::memset(array.data.get(), 0, size);
  }
  if (!array.data)
    return Error{ErrorKind::Environment,
                 what + ": " + std::to_string(bytes) + " bytes for shape " +
                     toString(shape) + " of " + normc::toString(dtype) +
                     ", but the machine has " + std::to_string(machine)};
  array.dtype = dtype;
  array.shape = shape;
  array.strides = strides;
  array.bytes = bytes;
  array.origin = bytes == 0 ? 0 : -low * byteSize(dtype);
  return array;
}

Result<Array> normc::tool::allocateArray(DType dtype, const Dims &shape,
                                         const std::string &what) {
  return allocateArray(dtype, shape, TensorRef::rowMajorStrides(shape), what);
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

template <typename T> static T load(const std::byte *address) {
  T value;
  std::memcpy(&value, address, sizeof(T));
  return value;
}

template <typename T> static void store(std::byte *address, T value) {
  std::memcpy(address, &value, sizeof(T));
}

namespace {
/// A float of at most 16 bits: sign, exponent, fraction.
struct SmallFloat {
  int bits, fraction;
  bool hasInfinity = true; ///< Else all ones are the only NaN.

  int minExponent() const { return 2 - (1 << (bits - fraction - 2)); }
  /// Of the largest number.
  int maxExponent() const { return (hasInfinity ? 1 : 2) - minExponent(); }
  int all() const { return (1 << (bits - 1)) - 1; }
  /// The bits of infinity, or of what stands in its place: above all numbers.
  int beyond() const {
    return hasInfinity ? all() >> fraction << fraction : all();
  }
  int nan() const {
    return hasInfinity ? beyond() | 1 << (fraction - 1) : all();
  }
};
constexpr SmallFloat kF16{16, 10}, kF8E4M3FN{8, 3, false}, kF8E5M2{8, 2};
} // namespace

static double decode(const SmallFloat &format, int bits) {
  int magnitude = bits & format.all();
  int mantissa = magnitude & ((1 << format.fraction) - 1);
  int exponent = magnitude >> format.fraction;
  int place =
      std::max(exponent, 1) - 1 + format.minExponent() - format.fraction;
  double value =
      magnitude == format.beyond() && format.hasInfinity ? INFINITY
      : magnitude >= format.beyond()
          ? NAN
          : std::ldexp(mantissa + (exponent ? 1 << format.fraction : 0), place);
  return bits >> (format.bits - 1) ? -value : value;
}

/// Rounds to nearest even by way of an integer multiple of the last place.
static int encode(const SmallFloat &format, double value) {
  int sign = std::signbit(value) ? format.all() + 1 : 0;
  double magnitude = std::fabs(value);
  if (std::isnan(value))
    return sign | format.nan();
  if (magnitude == 0) // It has no exponent.
    return sign;
  if (std::isinf(magnitude))
    return sign | format.beyond();
  int exponent = std::max(std::ilogb(magnitude), format.minExponent());
  if (exponent > format.maxExponent())
    return sign | format.beyond();
  auto units =
      int(std::nearbyint(std::ldexp(magnitude, format.fraction - exponent)));
  // Subnormals and the first normal numbers have one place, and their bits are
  // their units; units carry over into the exponent's bits by themselves.
  int steps = ((exponent - format.minExponent()) << format.fraction) + units;
  return sign | std::min(steps, format.beyond());
}

static uint16_t encodeBf16(float value) {
  auto bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value))
    return 0x7fc0;
  return uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/// The nearest integer of the type, ties to even; 0 for NaN.
template <typename T> static T toInteger(double value) {
  using Limits = std::numeric_limits<T>;
  double rounded = std::nearbyint(value);
  if (std::isnan(rounded))
    return 0;
  if (rounded < double(Limits::min()))
    return Limits::min();
  // 2^63 is no int64_t, but the nearest double to the largest one.
  return rounded >= -double(Limits::min()) ? Limits::max() : T(rounded);
}

double normc::tool::loadElement(DType dtype, const std::byte *address) {
  switch (dtype) {
  case DType::F16:
    return decode(kF16, load<uint16_t>(address));
  case DType::BF16:
    return std::bit_cast<float>(uint32_t(load<uint16_t>(address)) << 16);
  case DType::F32:
    return load<float>(address);
  case DType::F64:
    return load<double>(address);
  case DType::F8E4M3FN:
    return decode(kF8E4M3FN, load<uint8_t>(address));
  case DType::F8E5M2:
    return decode(kF8E5M2, load<uint8_t>(address));
  case DType::I8:
    return load<int8_t>(address);
  case DType::I32:
    return load<int32_t>(address);
  case DType::I64:
    return double(load<int64_t>(address));
  }
  return NAN;
}

void normc::tool::storeElement(DType dtype, std::byte *address, double value) {
  switch (dtype) {
  case DType::F16:
    return store(address, uint16_t(encode(kF16, value)));
  case DType::BF16:
    return store(address, encodeBf16(float(value)));
  case DType::F32:
    return store(address, float(value));
  case DType::F64:
    return store(address, value);
  case DType::F8E4M3FN:
    return store(address, uint8_t(encode(kF8E4M3FN, value)));
  case DType::F8E5M2:
    return store(address, uint8_t(encode(kF8E5M2, value)));
  case DType::I8:
    return store(address, toInteger<int8_t>(value));
  case DType::I32:
    return store(address, toInteger<int32_t>(value));
  case DType::I64:
    return store(address, toInteger<int64_t>(value));
  }
}

ElementWalk::ElementWalk(const Array &array)
    : array(array), position(array.shape), at(array.first()),
      left(countElements(array.dtype, array.shape).value_or(0)) {
  for (int axis = 0; axis < position.size(); ++axis)
    position[axis] = 0;
}

void ElementWalk::next() {
  --left;
  int64_t size = byteSize(array.dtype);
  for (int axis = position.size() - 1; axis >= 0; --axis) {
    at += array.strides[axis] * size;
    if (++position[axis] < array.shape[axis])
      return;
    at -= array.strides[axis] * array.shape[axis] * size;
    position[axis] = 0;
  }
}
