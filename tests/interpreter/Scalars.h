//===- Scalars.h - scalar values of the interpreter -------------*- C++ -*-===//
//
// The scalar types that the interpreter knows, how it holds their values, how
// it rounds to them, and how it reads and writes them in memory.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_INTERPRETER_SCALARS_H
#define NORMC_TESTS_INTERPRETER_SCALARS_H

#include "tests/interpreter/SmallFloats.h"

#include "mlir/IR/Types.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace normc::interpreter {

/// The most points that are evaluated together.
inline constexpr unsigned kMaxLanes = 64;

/// A value: every float of up to 64 bits is a double without loss (signalling
/// NaNs become quiet); an integer is held sign-extended, so a true i1 is -1.
union Slot {
  double f;
  int64_t i;
};

enum class ScalarKind : uint8_t { F8E4M3FN, F8E5M2, F16, BF16, F32, F64, Int };

struct ScalarType {
  ScalarKind kind = ScalarKind::F32;
  /// Width of the type; 64 for index.
  uint8_t bits = 32;

  bool isFloat() const { return kind != ScalarKind::Int; }
  /// Bytes of an element in memory; an i1 takes one, 0 or 1.
  unsigned getBytes() const { return bits < 8 ? 1 : bits / 8; }
  bool operator==(const ScalarType &) const = default;
};

/// f8E4M3FN, f8E5M2, f16, bf16, f32, f64, i1, i8, i16, i32, i64 and index;
/// nothing for others.
std::optional<ScalarType> getScalarType(mlir::Type type);

/// Rounds a double to K, once; values of K itself pass unchanged.
template <ScalarKind K> double roundFloat(double value) {
  if constexpr (K == ScalarKind::F8E4M3FN)
    return roundToF8(kE4M3FN, value);
  else if constexpr (K == ScalarKind::F8E5M2)
    return roundToF8(kE5M2, value);
  else if constexpr (K == ScalarKind::F16)
    return halfToDouble(floatToHalf(roundToOddFloat(value)));
  else if constexpr (K == ScalarKind::BF16)
    return bfloatToDouble(floatToBfloat(roundToOddFloat(value)));
  else if constexpr (K == ScalarKind::F32)
    return static_cast<float>(value);
  else
    return value;
}

/// roundFloat for a type known only now.
inline double roundDouble(ScalarKind kind, double value) {
  switch (kind) {
  case ScalarKind::F8E4M3FN:
    return roundFloat<ScalarKind::F8E4M3FN>(value);
  case ScalarKind::F8E5M2:
    return roundFloat<ScalarKind::F8E5M2>(value);
  case ScalarKind::F16:
    return roundFloat<ScalarKind::F16>(value);
  case ScalarKind::BF16:
    return roundFloat<ScalarKind::BF16>(value);
  case ScalarKind::F32:
    return roundFloat<ScalarKind::F32>(value);
  default:
    return value;
  }
}
/// `value` rounded once to a float type.
double roundTo(ScalarKind kind, long double value);

/// The larger or smaller of two values of one type; NaN if either is, and
/// -0 < +0, as arith.maximumf and arith.minimumf say.
double maximum(double a, double b);
double minimum(double a, double b);

/// Reads `lanes` elements, `stride` bytes apart, beginning at `memory`, which
/// need not be aligned.
void loadLanes(ScalarType type, const std::byte *memory, int64_t stride,
               Slot *out, unsigned lanes);
/// Writes them; the values are already of the type.
void storeLanes(ScalarType type, std::byte *memory, int64_t stride,
                const Slot *values, unsigned lanes);

} // namespace normc::interpreter

#endif // NORMC_TESTS_INTERPRETER_SCALARS_H
