//===- Array.cpp - arrays and their memory --------------------------------===//

#include "Array.h"

#include <bit>
#include <cmath>
#include <cstring>
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

static double decodeF16(uint16_t bits) {
  int exponent = bits >> 10 & 31, mantissa = bits & 1023;
  double value = exponent == 31  ? (mantissa ? NAN : INFINITY)
                 : exponent == 0 ? std::ldexp(mantissa, -24)
                                 : std::ldexp(mantissa + 1024, exponent - 25);
  return bits >> 15 ? -value : value;
}

/// Rounds to nearest even by way of an integer multiple of the last place.
static uint16_t encodeF16(double value) {
  uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  double magnitude = std::fabs(value);
  if (std::isnan(value))
    return 0x7e00;
  if (magnitude == 0) // It has no exponent.
    return sign;
  if (magnitude >= 65520) // Half a place above the largest.
    return sign | 0x7c00;
  int exponent = 0;
  std::frexp(magnitude, &exponent);
  int place = std::max(exponent - 11, -24); // Exponent of the last place.
  auto units = uint16_t(std::nearbyint(std::ldexp(magnitude, -place)));
  // Subnormals and the first normal numbers have place -24, and their bits are
  // their units; units carry over into the exponent's bits by themselves.
  return uint16_t(sign | (((place + 24) << 10) + units));
}

static uint16_t encodeBf16(float value) {
  auto bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value))
    return 0x7fc0;
  return uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

double normc::tool::loadElement(DType dtype, const std::byte *address) {
  switch (dtype) {
  case DType::F16:
    return decodeF16(load<uint16_t>(address));
  case DType::BF16:
    return std::bit_cast<float>(uint32_t(load<uint16_t>(address)) << 16);
  case DType::F32:
    return load<float>(address);
  case DType::F64:
    return load<double>(address);
  }
  return NAN;
}

void normc::tool::storeElement(DType dtype, std::byte *address, double value) {
  switch (dtype) {
  case DType::F16:
    return store(address, encodeF16(value));
  case DType::BF16:
    return store(address, encodeBf16(float(value)));
  case DType::F32:
    return store(address, float(value));
  case DType::F64:
    return store(address, value);
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
