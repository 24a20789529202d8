//===- SmallFloats.h - narrow floats as integer code ------------*- C++ -*-===//
//
// Conversions between f32 and floats of 8 and 16 bits, elementwise, for targets
// without an instruction for them: to nearest with ties to even, subnormals and
// NaN included.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_PASSES_MATH_SMALLFLOATS_H
#define NORMC_COMPILER_PASSES_MATH_SMALLFLOATS_H

#include "compiler/passes/math/FloatBuilder.h"

#include <optional>

namespace normc {

/// A float format of sign, exponent and fraction that is narrower than f32 in
/// exponents too (bf16 is not).
struct SmallFloat {
  unsigned width, fraction, bias;
  /// Whether the largest exponent is for infinity and NaNs; else it is for
  /// numbers, and all ones are the one NaN.
  bool hasInfinity;

  uint32_t signBit() const { return 1u << (width - 1); }
  uint32_t magnitudeMask() const { return signBit() - 1; }
  /// The bits of infinity; without one, of NaN.
  uint32_t infinityBits() const {
    return hasInfinity ? magnitudeMask() >> fraction << fraction
                       : magnitudeMask();
  }
  /// Of the exponent field.
  unsigned maxField() const { return magnitudeMask() >> fraction; }
};

/// f16, f8E5M2 and f8E4M3FN; nothing for other types.
std::optional<SmallFloat> getSmallFloat(mlir::Type type);

/// Integers of the format's width -> f32, exactly. A NaN keeps its sign and
/// payload and becomes quiet.
mlir::Value smallFloatToF32(ElementwiseBuilder &e, mlir::Value bits,
                            const SmallFloat &format);

/// f8E4M3FN or f8E5M2 -> f32 by the target's conversion from f16, which holds
/// all their values (those of f8E4M3FN divided by 256).
mlir::Value float8ToF32ThroughF16(ElementwiseBuilder &e, mlir::Value bits,
                                  const SmallFloat &format);

/// f32 -> integers of 32 bits, of which the lower ones are the format's; what
/// is above them is undefined. Beyond the largest number is infinity, or NaN
/// where there is none. A NaN of 16 bits keeps the upper payload.
mlir::Value f32ToSmallFloat(ElementwiseBuilder &e, mlir::Value x,
                            const SmallFloat &format);

/// bits + half of the place at `shift`, less one unless the place is odd: after
/// a shift this is the nearest, ties to even. A carry runs on into the
/// exponent, and from the largest number into infinity, as it should.
mlir::Value addRounding(ElementwiseBuilder &e, mlir::Value bits,
                        unsigned shift);

} // namespace normc

#endif // NORMC_COMPILER_PASSES_MATH_SMALLFLOATS_H
