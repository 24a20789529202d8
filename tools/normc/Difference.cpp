//===- Difference.cpp - whether rounding explains it ----------------------===//

#include "Difference.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

using namespace normc;
using namespace normc::tool;

/// Bits of a value, with the one that is not stored.
static int precisionOf(DType dtype) {
  switch (dtype) {
  case DType::F16:
    return 11;
  case DType::BF16:
    return 8;
  case DType::F8E4M3FN:
    return 4;
  case DType::F8E5M2:
    return 3;
  case DType::F64:
    return 53;
  default:
    return 24;
  }
}

/// The distance from `value` to its neighbours, normal numbers of the type.
static double unitInLastPlace(DType dtype, double value) {
  if (dtype == DType::I8)
    return 1;
  const int least = dtype == DType::F8E4M3FN                        ? -6
                    : dtype == DType::F16 || dtype == DType::F8E5M2 ? -14
                                                                    : -126;
  int exponent = value == 0 ? least : std::max(std::ilogb(value), least);
  return std::ldexp(1.0, exponent - precisionOf(dtype) + 1);
}

static double largestOf(const Array &array) {
  double largest = 0;
  for (ElementWalk walk(array); !walk.atEnd(); walk.next()) {
    double value = std::fabs(loadElement(array.dtype, walk.address()));
    if (std::isfinite(value))
      largest = std::max(largest, value);
  }
  return largest;
}

static std::string describe(const Array &array, const ElementWalk &walk,
                            double expected, double got) {
  std::string place;
  for (int axis = 0; axis < array.shape.size(); ++axis)
    place += (axis ? ", " : "") + std::to_string(walk.index(axis));
  char text[160];
  std::snprintf(text, sizeof(text), "expected %.17g at (%.60s), but got %.17g",
                expected, place.c_str(), got);
  return text;
}

std::string normc::tool::findDifference(const Array &expected, const Array &got,
                                        Sameness sameness) {
  const DType dtype = expected.dtype;
  const size_t size = size_t(byteSize(dtype));
  if (expected.isRowMajor() && got.isRowMajor() &&
      std::memcmp(expected.first(), got.first(), size_t(got.bytes)) == 0)
    return "";
  const bool isNarrow = size <= 2;
  const bool isNumber = dtype == DType::I32 || dtype == DType::I64;
  const bool exact = sameness == Sameness::Bits || isNumber;
  constexpr double units = 32;
  // Sums are in f32 at least, whatever the results are.
  const double most =
      exact ? 0
            : units * unitInLastPlace(isNarrow ? DType::F32 : dtype,
                                      largestOf(expected));
  int64_t count = 0, others = 0;
  ElementWalk other(got);
  for (ElementWalk walk(expected); !walk.atEnd();
       walk.next(), other.next(), ++count) {
    if (std::memcmp(walk.address(), other.address(), size) == 0)
      continue;
    double a = loadElement(dtype, walk.address());
    double b = loadElement(dtype, other.address());
    if (std::isnan(a) && std::isnan(b))
      continue;
    double allowed = most;
    if (isNarrow)
      allowed = std::max(
          allowed,
          unitInLastPlace(dtype, std::max(std::fabs(a), std::fabs(b))));
    const bool isNear =
        std::isfinite(a) && std::isfinite(b) && std::fabs(a - b) <= allowed;
    if (exact || !isNear)
      return describe(expected, walk, a, b);
    ++others;
  }
  if (isNarrow && others > count / 64 + 4)
    return "expected at most 1 in 64 elements to differ, but got " +
           std::to_string(others) + " of " + std::to_string(count);
  return "";
}
