//===- Bounded.h - a value, and all that it may be --------------*- C++ -*-===//
//
// The scalar of the evaluator of tensor IR: what a result should be, and the
// range in which a correct compiler's result lies. A range is what several
// roundings, comparisons and orders of summation can give; where there is only
// one, its ends are equal and the result is owed bit for bit.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_GRAPHS_BOUNDED_H
#define NORMC_TESTS_GRAPHS_BOUNDED_H

#include "tests/numerics/Dtype.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace normc::graphs {

/// `value` rounded to `type` as arithmetic on it does: what is narrower than
/// f32 by way of f32.
inline double roundResult(DType type, long double value) {
  if (type == DType::F64)
    return double(value);
  float single = float(value);
  return type == DType::F32 ? single : double(numerics::roundTo(type, single));
}

/// A number of some type, or a truth (0 or 1). All three are numbers of the
/// type. Three NaNs mean NaN for certain.
struct Bounded {
  double value = 0; ///< With every function exact and rounded once.
  double low = 0, high = 0;
  bool doubt = false; ///< Nothing is known; the others mean nothing.

  static Bounded exactly(double value) { return {value, value, value}; }
  static Bounded unknown() { return {0, 0, 0, true}; }

  bool isNan() const { return std::isnan(value); }
  /// Whether there is only one number that it may be.
  bool isPoint() const { return !doubt && !(low < high); }
  /// The most that it may be off from `value`.
  long double radius() const {
    return isPoint() ? 0.0L
                     : std::max(static_cast<long double>(high) - value,
                                static_cast<long double>(value) - low);
  }
};

/// What is left of a computation with NaNs in it: NaN where all of it is, and
/// doubt where a part is.
inline Bounded settle(Bounded result) {
  int nans = std::isnan(result.value) + std::isnan(result.low) +
             std::isnan(result.high);
  return nans == 1 || nans == 2 ? Bounded::unknown() : result;
}

/// `value` within `radius`, in long double, as a number of `type`; one
/// rounding, which cannot change the order of what it rounds.
inline Bounded around(DType type, long double value, long double radius) {
  return settle({double(numerics::roundTo(type, value)),
                 double(numerics::roundTo(type, value - radius)),
                 double(numerics::roundTo(type, value + radius))});
}

/// f of N operands, where f is monotone in each of them: its extremes are at
/// the corners. f takes and returns doubles.
template <size_t N, typename F>
Bounded combine(const std::array<Bounded, N> &operands, F f) {
  auto at = [&](auto pick) {
    return [&]<size_t... I>(std::index_sequence<I...>) {
      return f(pick(operands[I], I)...);
    }(std::make_index_sequence<N>());
  };
  bool isPoint = true;
  for (const Bounded &operand : operands) {
    if (operand.doubt)
      return Bounded::unknown();
    isPoint &= operand.isPoint();
  }
  double value = at([](const Bounded &b, size_t) { return b.value; });
  if (isPoint)
    return Bounded::exactly(value);
  Bounded result{value, value, value};
  for (size_t corner = 0; corner < size_t(1) << N; ++corner) {
    double other = at([&](const Bounded &b, size_t i) {
      return corner >> i & 1 ? b.high : b.low;
    });
    if (std::isnan(other) != std::isnan(value))
      return Bounded::unknown();
    result.low = std::min(result.low, other);
    result.high = std::max(result.high, other);
  }
  return result;
}

/// Either of two.
inline Bounded hull(const Bounded &a, const Bounded &b, bool takesFirst) {
  if (a.doubt || b.doubt || a.isNan() != b.isNan())
    return Bounded::unknown();
  return {takesFirst ? a.value : b.value, std::min(a.low, b.low),
          std::max(a.high, b.high)};
}

} // namespace normc::graphs

#endif // NORMC_TESTS_GRAPHS_BOUNDED_H
