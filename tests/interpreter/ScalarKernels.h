//===- ScalarKernels.h - loops over the lanes of a scalar op ----*- C++ -*-===//
//
// Private to ScalarOps.cpp: for each family of ops, the loop that computes it
// for a batch of lanes with the roundings of its type.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_INTERPRETER_SCALARKERNELS_H
#define NORMC_TESTS_INTERPRETER_SCALARKERNELS_H

#include "tests/interpreter/Philox.h"
#include "tests/interpreter/ScalarOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <cstring>
#include <type_traits>

namespace normc::interpreter {

inline int64_t signExtend(uint64_t value, unsigned bits) {
  return llvm::SignExtend64(value, bits);
}
inline uint64_t zeroExtend(int64_t value, unsigned bits) {
  return static_cast<uint64_t>(value) & llvm::maskTrailingOnes<uint64_t>(bits);
}

//===----------------------------------------------------------------------===//
// Float kernels
//===----------------------------------------------------------------------===//

/// Where +, -, *, / and sqrt of K are computed before they are rounded. Double
/// has more than twice the bits of smaller types plus two, so the second
/// rounding does no harm.
template <ScalarKind K>
using ComputeType = std::conditional_t<K == ScalarKind::F32, float, double>;
/// Where functions without a correctly rounded libm version are computed.
template <ScalarKind K>
using WideType = std::conditional_t<K == ScalarKind::F64, long double, double>;

template <ScalarKind K, class F> void mapFloat(const LaneArgs &args) {
  using C = ComputeType<K>;
  auto [a, b, c] = args.operands;
  for (unsigned l = 0; l < args.lanes; ++l) {
    if constexpr (std::is_invocable_v<F, C, C>)
      args.out[l].f = roundFloat<K>(F{}(C(a[l].f), C(b[l].f)));
    else
      args.out[l].f = roundFloat<K>(F{}(C(a[l].f)));
  }
}

template <ScalarKind K, class F> void mapWide(const LaneArgs &args) {
  using W = WideType<K>;
  auto [a, b, c] = args.operands;
  for (unsigned l = 0; l < args.lanes; ++l) {
    if constexpr (std::is_invocable_v<F, W, W>)
      args.out[l].f = roundFloat<K>(double(F{}(W(a[l].f), W(b[l].f))));
    else
      args.out[l].f = roundFloat<K>(double(F{}(W(a[l].f))));
  }
}

template <ScalarKind K> void mapRsqrt(const LaneArgs &args) {
  using C = ComputeType<K>;
  for (unsigned l = 0; l < args.lanes; ++l) {
    C root = C(roundFloat<K>(std::sqrt(C(args.operands[0][l].f))));
    args.out[l].f = roundFloat<K>(C(1) / root);
  }
}

/// a * b + c of small floats needs more bits than a double has.
inline double fuseSmall(double a, double b, double c,
                        const llvm::fltSemantics &semantics) {
  auto convert = [&](double value) {
    llvm::APFloat result(value);
    bool losesInfo;
    result.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &losesInfo);
    return result;
  };
  llvm::APFloat result = convert(a);
  result.fusedMultiplyAdd(convert(b), convert(c),
                          llvm::APFloat::rmNearestTiesToEven);
  bool losesInfo;
  result.convert(llvm::APFloat::IEEEdouble(),
                 llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return result.convertToDouble();
}

template <ScalarKind K> void mapFma(const LaneArgs &args) {
  auto [a, b, c] = args.operands;
  for (unsigned l = 0; l < args.lanes; ++l) {
    if constexpr (K == ScalarKind::F16)
      args.out[l].f =
          fuseSmall(a[l].f, b[l].f, c[l].f, llvm::APFloat::IEEEhalf());
    else if constexpr (K == ScalarKind::BF16)
      args.out[l].f =
          fuseSmall(a[l].f, b[l].f, c[l].f, llvm::APFloat::BFloat());
    else // Exact, of 8 bits.
      args.out[l].f =
          roundFloat<K>(std::fma(ComputeType<K>(a[l].f), ComputeType<K>(b[l].f),
                                 ComputeType<K>(c[l].f)));
  }
}

/// The predicate is the set of relations under which the result is true: equal
/// 1, greater 2, less 4, unordered 8.
inline void compareFloats(const LaneArgs &args) {
  for (unsigned l = 0; l < args.lanes; ++l) {
    double a = args.operands[0][l].f, b = args.operands[1][l].f;
    unsigned relation = a == b ? 1 : a > b ? 2 : a < b ? 4 : 8;
    args.out[l].i = (relation & args.predicate) ? -1 : 0;
  }
}

//===----------------------------------------------------------------------===//
// Integer kernels
//===----------------------------------------------------------------------===//

template <class F> void mapInt(const LaneArgs &args) {
  auto [a, b, c] = args.operands;
  for (unsigned l = 0; l < args.lanes; ++l) {
    uint64_t value;
    if constexpr (std::is_invocable_v<F, int64_t, int64_t, const LaneArgs &>)
      value = F{}(a[l].i, b[l].i, args);
    else
      value = F{}(static_cast<uint64_t>(a[l].i), static_cast<uint64_t>(b[l].i));
    args.out[l].i = signExtend(value, args.to.bits);
  }
}

template <class F> void mapUnsigned(const LaneArgs &args) {
  auto [a, b, c] = args.operands;
  for (unsigned l = 0; l < args.lanes; ++l) {
    uint64_t value = F{}(zeroExtend(a[l].i, args.to.bits),
                         zeroExtend(b[l].i, args.to.bits), args);
    args.out[l].i = signExtend(value, args.to.bits);
  }
}

template <class T, class F>
uint64_t divide(T a, T b, const LaneArgs &args, F compute) {
  if (b == 0) {
    *args.fault = "division by zero";
    return 0;
  }
  if constexpr (std::is_signed_v<T>)
    if (b == -1 && a == llvm::minIntN(args.to.bits)) {
      *args.fault = "overflow of a signed division";
      return 0;
    }
  return static_cast<uint64_t>(compute(a, b));
}

/// A shift by the width or more is poison in MLIR; here every bit is lost.
template <class T, class F>
uint64_t shift(T a, int64_t amount, const LaneArgs &args, F compute) {
  uint64_t bits = zeroExtend(amount, args.to.bits);
  if (bits < args.to.bits)
    return static_cast<uint64_t>(compute(a, bits));
  if constexpr (std::is_signed_v<T>)
    return a < 0 ? ~uint64_t(0) : 0;
  return 0;
}

inline bool compareInts(mlir::arith::CmpIPredicate predicate, int64_t a,
                        int64_t b) {
  // Sign extension keeps the unsigned order too.
  auto ua = static_cast<uint64_t>(a), ub = static_cast<uint64_t>(b);
  switch (predicate) {
  case mlir::arith::CmpIPredicate::eq:
    return a == b;
  case mlir::arith::CmpIPredicate::ne:
    return a != b;
  case mlir::arith::CmpIPredicate::slt:
    return a < b;
  case mlir::arith::CmpIPredicate::sle:
    return a <= b;
  case mlir::arith::CmpIPredicate::sgt:
    return a > b;
  case mlir::arith::CmpIPredicate::sge:
    return a >= b;
  case mlir::arith::CmpIPredicate::ult:
    return ua < ub;
  case mlir::arith::CmpIPredicate::ule:
    return ua <= ub;
  case mlir::arith::CmpIPredicate::ugt:
    return ua > ub;
  case mlir::arith::CmpIPredicate::uge:
    return ua >= ub;
  }
  return false;
}

inline void compareIntLanes(const LaneArgs &args) {
  auto predicate = static_cast<mlir::arith::CmpIPredicate>(args.predicate);
  for (unsigned l = 0; l < args.lanes; ++l)
    args.out[l].i =
        compareInts(predicate, args.operands[0][l].i, args.operands[1][l].i)
            ? -1
            : 0;
}

//===----------------------------------------------------------------------===//
// Conversions
//===----------------------------------------------------------------------===//

inline void copyLanes(const LaneArgs &args) {
  std::memcpy(args.out, args.operands[0], args.lanes * sizeof(Slot));
}

inline void selectLanes(const LaneArgs &args) {
  auto [condition, a, b] = args.operands;
  for (unsigned l = 0; l < args.lanes; ++l)
    args.out[l] = condition[l].i != 0 ? a[l] : b[l];
}

inline void signExtendLanes(const LaneArgs &args) {
  for (unsigned l = 0; l < args.lanes; ++l)
    args.out[l].i = signExtend(args.operands[0][l].i, args.to.bits);
}

inline void zeroExtendLanes(const LaneArgs &args) {
  for (unsigned l = 0; l < args.lanes; ++l)
    args.out[l].i = signExtend(
        zeroExtend(args.operands[0][l].i, args.from.bits), args.to.bits);
}

template <bool isSigned> void intsToFloats(const LaneArgs &args) {
  for (unsigned l = 0; l < args.lanes; ++l) {
    int64_t value = args.operands[0][l].i;
    // A long double holds every 64-bit integer, so this rounds once.
    args.out[l].f = roundTo(
        args.to.kind,
        isSigned ? static_cast<long double>(value)
                 : static_cast<long double>(zeroExtend(value, args.from.bits)));
  }
}

/// Out of range is poison in MLIR; here it saturates, and NaN is 0.
template <bool isSigned> void floatsToInts(const LaneArgs &args) {
  unsigned bits = args.to.bits;
  long double low = isSigned ? -std::ldexp(1.0L, bits - 1) : 0.0L;
  long double high = std::ldexp(1.0L, isSigned ? bits - 1 : bits) - 1.0L;
  for (unsigned l = 0; l < args.lanes; ++l) {
    long double value = std::trunc(args.operands[0][l].f);
    if (std::isnan(value))
      value = 0;
    value = std::fmin(std::fmax(value, low), high);
    uint64_t integer = value < 0 ? static_cast<uint64_t>(int64_t(value))
                                 : static_cast<uint64_t>(value);
    args.out[l].i = signExtend(integer, bits);
  }
}

inline void philoxLanes(const LaneArgs &args) {
  auto [seed, offset, index] = args.operands;
  for (unsigned l = 0; l < args.lanes; ++l)
    args.out[l].i = static_cast<int32_t>(philoxWord(
        static_cast<uint64_t>(seed[l].i), static_cast<uint64_t>(offset[l].i),
        static_cast<uint64_t>(index[l].i)));
}

inline void bitcastLanes(const LaneArgs &args) {
  std::byte memory[8];
  for (unsigned l = 0; l < args.lanes; ++l) {
    storeLanes(args.from, memory, 0, args.operands[0] + l, 1);
    loadLanes(args.to, memory, 0, args.out + l, 1);
  }
}

} // namespace normc::interpreter

#endif // NORMC_TESTS_INTERPRETER_SCALARKERNELS_H
