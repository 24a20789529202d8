//===- SmallFloats.cpp - narrow floats as integer code --------------------===//

#include "compiler/passes/math/SmallFloats.h"

#include <cmath>

using namespace mlir;

namespace normc {

using IPred = arith::CmpIPredicate;

std::optional<SmallFloat> getSmallFloat(Type type) {
  if (type.isF16())
    return SmallFloat{16, 10, 15, true};
  if (isa<Float8E5M2Type>(type))
    return SmallFloat{8, 2, 15, true};
  if (isa<Float8E4M3FNType>(type))
    return SmallFloat{8, 3, 7, false};
  return std::nullopt;
}

// A subnormal 2^(1 - bias) * m is read as 2^(1 - bias) * (1 + m), a normal f32,
// and loses its 2^(1 - bias) in an exact subtraction.
Value smallFloatToF32(ElementwiseBuilder &e, Value narrow,
                      const SmallFloat &format) {
  FloatType f32 = e.builder().getF32Type();
  uint32_t rebias = 127 - format.bias;
  Value bits = e.extui(narrow, 32);
  Value sign = e.shl(e.andi(bits, format.signBit()), 32 - format.width);
  Value magnitude = e.andi(bits, format.magnitudeMask());
  Value shifted = e.shl(magnitude, 23 - format.fraction);
  Value normal = e.addi(shifted, rebias << 23);
  Value subnormal = e.bitcast(e.addi(shifted, (rebias + 1) << 23), f32);
  subnormal = e.sub(
      subnormal, e.floatConstant(f32, std::ldexp(1.0, 1 - int(format.bias))));
  Value result =
      e.select(e.cmpi(IPred::ult, magnitude, uint64_t(1) << format.fraction),
               e.bits(subnormal), normal);
  uint32_t infinity = format.infinityBits();
  if (format.hasInfinity) {
    result = e.select(e.cmpi(IPred::uge, magnitude, infinity),
                      e.addi(shifted, (255 - format.maxField()) << 23), result);
    result = e.select(e.cmpi(IPred::ugt, magnitude, infinity),
                      e.ori(result, 0x400000), result); // a quiet NaN
  } else {
    result = e.select(e.cmpi(IPred::eq, magnitude, infinity),
                      e.intConstant(32, 0x7fc00000), result);
  }
  return e.bitcast(e.ori(result, sign), f32);
}

Value float8ToF32ThroughF16(ElementwiseBuilder &e, Value bits,
                            const SmallFloat &format) {
  FloatType f16 = e.builder().getF16Type(), f32 = e.builder().getF32Type();
  if (format.hasInfinity) // The upper half of an f16.
    return e.extf(e.bitcast(e.shl(e.extui(bits, 16), 8), f16), f32);
  // The sign stands above the exponent's highest bit, and in it.
  Value half = e.andi(e.shl(e.extsi(bits, 16), 7), 0xbfff);
  Value isNaN = e.cmpi(IPred::eq, e.andi(half, 0x3f80), 0x3f80);
  half = e.select(isNaN, e.ori(half, 0x7e00), half);
  return e.mul(e.extf(e.bitcast(half, f16), f32), e.floatConstant(f32, 256));
}

Value addRounding(ElementwiseBuilder &e, Value bits, unsigned shift) {
  Value odd = e.andi(e.shr(bits, shift), 1);
  return e.addi(e.addi(bits, odd), (1u << (shift - 1)) - 1);
}

// C is 2^(23 - fraction) times the power of two below x, but no less than it is
// for the smallest normal number: a sum C + x has as many places of x as the
// format, subnormals included, rounded to the nearest, ties to even, as
// additions are. It ends in n, x in units of its last place, and begins with
// C's exponent. The pattern is n + ((that exponent, less a constant) <<
// fraction): the sum shifted down and added to itself, where C itself ends in
// the constant, negated and even.
Value f32ToSmallFloat(ElementwiseBuilder &e, Value x,
                      const SmallFloat &format) {
  FloatType f32 = e.builder().getF32Type();
  unsigned shift = 23 - format.fraction;
  uint32_t rebias = 127 - format.bias;
  uint32_t patterns = 2 * format.signBit();
  uint32_t ending = -((rebias + shift + 1) << format.fraction) % patterns;
  Value bits = e.bits(x);
  Value magnitude = e.andi(bits, 0x7fffffff);
  // Where the largest exponent begins, that is, infinity. Without one, patterns
  // but the last are numbers, and what is beyond them becomes NaN as NaN does.
  uint32_t top = (rebias + format.maxField()) << 23;
  if (!format.hasInfinity) {
    uint32_t last = (1u << format.fraction) - 1;
    magnitude = e.minui(magnitude, top | last << shift);
  } else if (format.width == 8) {
    Value limit = e.bitcast(e.intConstant(32, top), f32);
    Value size = e.bitcast(magnitude, f32);
    size = e.select(e.cmp(ElementwiseBuilder::FPred::OLT, limit, size), limit,
                    size);                             // A NaN stays,
    magnitude = e.minui(e.bits(size), top | 0x400000); // and becomes quiet.
  } else {
    magnitude = e.minui(magnitude, top);
  }
  Value power = e.andi(e.maxui(magnitude, (rebias + 1) << 23), 0xff << 23);
  power = e.addi(power, (shift << 23) + ending);
  Value sum = e.bits(e.add(e.bitcast(power, f32), e.bitcast(magnitude, f32)));
  Value result = e.addi(e.shr(sum, shift), sum);
  if (format.width == 16) {
    Value nan = e.ori(e.andi(e.shr(bits, shift), (1u << format.fraction) - 1),
                      format.infinityBits() | 1u << (format.fraction - 1));
    result = e.select(e.isNaN(x), nan, result);
  }
  return e.ori(result,
               e.andi(e.shr(bits, 32 - format.width), format.signBit()));
}

} // namespace normc
