//===- Scalars.cpp - scalar types, rounding, elements in memory -----------===//

#include "tests/interpreter/Scalars.h"
#include "tests/interpreter/SmallFloats.h"

#include <cstring>

using namespace mlir;
using namespace normc::interpreter;

std::optional<ScalarType> normc::interpreter::getScalarType(Type type) {
  if (isa<Float8E4M3FNType>(type))
    return ScalarType{ScalarKind::F8E4M3FN, 8};
  if (isa<Float8E5M2Type>(type))
    return ScalarType{ScalarKind::F8E5M2, 8};
  if (type.isF16())
    return ScalarType{ScalarKind::F16, 16};
  if (type.isBF16())
    return ScalarType{ScalarKind::BF16, 16};
  if (type.isF32())
    return ScalarType{ScalarKind::F32, 32};
  if (type.isF64())
    return ScalarType{ScalarKind::F64, 64};
  if (type.isIndex())
    return ScalarType{ScalarKind::Int, 64};
  for (unsigned bits : {1u, 8u, 16u, 32u, 64u})
    if (type.isSignlessInteger(bits))
      return ScalarType{ScalarKind::Int, static_cast<uint8_t>(bits)};
  return std::nullopt;
}

double normc::interpreter::roundTo(ScalarKind kind, long double value) {
  switch (kind) {
  case ScalarKind::F8E4M3FN:
  case ScalarKind::F8E5M2:
  case ScalarKind::F16:
  case ScalarKind::BF16:
    return roundDouble(kind, roundToOddDouble(value));
  case ScalarKind::F32:
    return static_cast<float>(value);
  default:
    return static_cast<double>(value);
  }
}

double normc::interpreter::maximum(double a, double b) {
  if (std::isnan(a) || std::isnan(b))
    return a + b;
  if (a == b)
    return std::signbit(a) ? b : a;
  return a > b ? a : b;
}

double normc::interpreter::minimum(double a, double b) {
  if (std::isnan(a) || std::isnan(b))
    return a + b;
  if (a == b)
    return std::signbit(a) ? a : b;
  return a < b ? a : b;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

template <class T, class F>
static void readLanes(const std::byte *memory, int64_t stride, unsigned lanes,
                      F put) {
  for (unsigned l = 0; l < lanes; ++l, memory += stride) {
    T value;
    std::memcpy(&value, memory, sizeof(T));
    put(l, value);
  }
}

template <class T, class F>
static void writeLanes(std::byte *memory, int64_t stride, unsigned lanes,
                       F get) {
  for (unsigned l = 0; l < lanes; ++l, memory += stride) {
    T value = get(l);
    std::memcpy(memory, &value, sizeof(T));
  }
}

void normc::interpreter::loadLanes(ScalarType type, const std::byte *memory,
                                   int64_t stride, Slot *out, unsigned lanes) {
  auto putFloat = [=](unsigned l, auto value) { out[l].f = value; };
  auto putInt = [=](unsigned l, auto value) { out[l].i = value; };
  switch (type.kind) {
  case ScalarKind::F8E4M3FN:
    return readLanes<uint8_t>(memory, stride, lanes,
                              [=](unsigned l, uint8_t value) {
                                out[l].f = f8ToDouble(kE4M3FN, value);
                              });
  case ScalarKind::F8E5M2:
    return readLanes<uint8_t>(memory, stride, lanes,
                              [=](unsigned l, uint8_t value) {
                                out[l].f = f8ToDouble(kE5M2, value);
                              });
  case ScalarKind::F16:
    return readLanes<uint16_t>(
        memory, stride, lanes,
        [=](unsigned l, uint16_t value) { out[l].f = halfToDouble(value); });
  case ScalarKind::BF16:
    return readLanes<uint16_t>(
        memory, stride, lanes,
        [=](unsigned l, uint16_t value) { out[l].f = bfloatToDouble(value); });
  case ScalarKind::F32:
    return readLanes<float>(memory, stride, lanes, putFloat);
  case ScalarKind::F64:
    return readLanes<double>(memory, stride, lanes, putFloat);
  case ScalarKind::Int:
    break;
  }
  switch (type.bits) {
  case 1:
    return readLanes<uint8_t>(
        memory, stride, lanes,
        [=](unsigned l, uint8_t value) { out[l].i = value ? -1 : 0; });
  case 8:
    return readLanes<int8_t>(memory, stride, lanes, putInt);
  case 16:
    return readLanes<int16_t>(memory, stride, lanes, putInt);
  case 32:
    return readLanes<int32_t>(memory, stride, lanes, putInt);
  default:
    return readLanes<int64_t>(memory, stride, lanes, putInt);
  }
}

void normc::interpreter::storeLanes(ScalarType type, std::byte *memory,
                                    int64_t stride, const Slot *values,
                                    unsigned lanes) {
  auto getFloat = [=](unsigned l) { return values[l].f; };
  auto getInt = [=](unsigned l) { return values[l].i; };
  switch (type.kind) {
  case ScalarKind::F8E4M3FN:
    return writeLanes<uint8_t>(memory, stride, lanes, [=](unsigned l) {
      return doubleToF8(kE4M3FN, values[l].f);
    });
  case ScalarKind::F8E5M2:
    return writeLanes<uint8_t>(memory, stride, lanes, [=](unsigned l) {
      return doubleToF8(kE5M2, values[l].f);
    });
  case ScalarKind::F16:
    return writeLanes<uint16_t>(memory, stride, lanes, [=](unsigned l) {
      return floatToHalf(static_cast<float>(values[l].f));
    });
  case ScalarKind::BF16:
    return writeLanes<uint16_t>(memory, stride, lanes, [=](unsigned l) {
      return floatToBfloat(static_cast<float>(values[l].f));
    });
  case ScalarKind::F32:
    return writeLanes<float>(memory, stride, lanes, getFloat);
  case ScalarKind::F64:
    return writeLanes<double>(memory, stride, lanes, getFloat);
  case ScalarKind::Int:
    break;
  }
  switch (type.bits) {
  case 1:
    return writeLanes<uint8_t>(memory, stride, lanes,
                               [=](unsigned l) { return values[l].i & 1; });
  case 8:
    return writeLanes<int8_t>(memory, stride, lanes, getInt);
  case 16:
    return writeLanes<int16_t>(memory, stride, lanes, getInt);
  case 32:
    return writeLanes<int32_t>(memory, stride, lanes, getInt);
  default:
    return writeLanes<int64_t>(memory, stride, lanes, getInt);
  }
}
