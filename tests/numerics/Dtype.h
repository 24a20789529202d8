//===- Dtype.h - element types, bit by bit ----------------------*- C++ -*-===//
//
// Encodes and decodes elements of every type exactly, without the compiler's or
// the hardware's conversions of 16-bit types, and tells their spacing.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_NUMERICS_DTYPE_H
#define NORMC_TESTS_NUMERICS_DTYPE_H

#include "normc/Artifact.h"

#include <cstddef>
#include <cstdint>

namespace normc::numerics {

/// Of a float type, bits of significand, the hidden one included: 4, 3, 11, 8,
/// 24 or 53.
int precisionOf(DType type);

/// The bits of `value` rounded to nearest, ties to even; overflow gives
/// infinity (in f8E4M3FN NaN), subnormals are kept, NaN gives the quiet NaN. Of
/// integers, overflow gives the largest or least one and NaN 0.
uint64_t encode(DType type, long double value);

/// The value of an element's bits; exact.
long double decode(DType type, uint64_t bits);

/// `value` rounded to the type.
inline long double roundTo(DType type, long double value) {
  return decode(type, encode(type, value));
}

/// Reads and writes an element at any address, aligned or not.
uint64_t loadBits(DType type, const std::byte *address);
void storeBits(DType type, std::byte *address, uint64_t bits);

/// The distance between neighbours of the type at `value`, by the binade of
/// `value`; below the smallest normal it is the subnormal spacing. Infinite for
/// a value that is not finite.
long double ulpAt(DType type, long double value);

/// The largest finite value.
long double largestFinite(DType type);

/// Half the distance from 1 to the next value: 2^-11, 2^-8, 2^-24, 2^-53.
long double unitRoundoff(DType type);

/// What arithmetic on the type is done in: f64 for f64, else f32.
inline DType computeType(DType type) {
  return type == DType::F64 ? DType::F64 : DType::F32;
}

} // namespace normc::numerics

#endif // NORMC_TESTS_NUMERICS_DTYPE_H
