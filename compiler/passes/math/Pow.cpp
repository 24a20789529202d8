//===- Pow.cpp - pow, rsqrt, and the fused multiply-add without hardware
//------===//

#include "compiler/passes/math/Expansions.h"

using namespace mlir;
using FPred = arith::CmpFPredicate;

namespace normc {

// (2 atanh(s)/s - 2 - 2/3 s^2) / s^4 in z = s^2 on [0, 0.02945], weight
// z^2/2: 2^-73.4.
static constexpr double kAtanhTail[] = {
    0x1.9999999999996p-2, 0x1.2492492492f51p-2, 0x1.c71c71c5968bdp-3,
    0x1.745d18295a988p-3, 0x1.3b1364c7967e7p-3, 0x1.11206f8556092p-3,
    0x1.de3d5f9c85759p-4, 0x1.eac662aac131ep-4};

static DoubleWord times(FloatBuilder &f, DoubleWord x, DoubleWord y) {
  DoubleWord p = f.twoProduct(x.hi, y.hi);
  Value cross = f.add(f.mul(x.hi, y.lo), f.mul(x.lo, y.hi));
  return f.fastTwoSum(p.hi, f.add(p.lo, cross));
}

/// log of positive finite x to about 64 bits: 2 s + 2/3 s^3 in double words
/// and the rest of the series of 2 atanh(s) in one, with s = u/(2 + u).
static DoubleWord logInTwoWords(FloatBuilder &f, Value x) {
  SplitFloat split = splitAtSqrt2(f, x);
  Value u = split.fraction;
  DoubleWord denominator = f.twoSum(f.constant(2.0), u);
  Value s = f.div(u, denominator.hi);
  DoubleWord back = f.twoProduct(s, denominator.hi);
  Value remainder = f.sub(f.sub(u, back.hi), back.lo);
  remainder = f.sub(remainder, f.mul(s, denominator.lo));
  DoubleWord sWords{s, f.div(remainder, denominator.hi)};

  DoubleWord square = times(f, sWords, sWords);
  DoubleWord cube = times(f, square, sWords);
  DoubleWord twoThirds{f.constant(0x1.5555555555555p-1),
                       f.constant(0x1.5555555555555p-55)};
  DoubleWord second = times(f, cube, twoThirds);
  Value rest =
      f.mul(f.mul(cube.hi, square.hi), f.polynomial(square.hi, kAtanhTail));

  auto [hi, lo] = ln2(f);
  DoubleWord sum = f.fastTwoSum(f.mul(split.exponent, hi), f.add(s, s));
  DoubleWord next = f.fastTwoSum(sum.hi, second.hi);
  Value low = f.madd(split.exponent, lo, rest);
  low = f.add(low, f.add(second.lo, f.add(sWords.lo, sWords.lo)));
  low = f.add(low, f.add(sum.lo, next.lo));
  return f.fastTwoSum(next.hi, low);
}

/// a^y for a in (0, inf) and finite y. For f32 (computed in f64) one word of
/// y log(a) is enough; for f64 the product reaches 745, and so eats 10 bits.
static Value powMagnitude(FloatBuilder &f, Value a, Value y, bool twoWords) {
  if (!twoWords)
    return expWithTail(f, f.mul(y, expandLog(f, a)), {});
  DoubleWord logarithm = logInTwoWords(f, a);
  DoubleWord product = f.twoProduct(y, logarithm.hi);
  Value tail = f.madd(y, logarithm.lo, product.lo);
  // Outside, exp is sure to be 0 or infinity, and the tail may be anything.
  Value inRange = f.cmp(FPred::OLE, f.abs(product.hi), 800.0);
  tail = f.select(inRange, tail, f.constant(0.0));
  return expWithTail(f, product.hi, tail);
}

/// The cases of IEEE 754's pow around the magnitude |x|^y.
static Value finishPow(FloatBuilder &f, Value x, Value y, Value magnitude) {
  Value zero = f.constant(0.0), one = f.constant(1.0);
  Value infinity = f.infinity();
  Value a = f.abs(x);
  Value yInfinite = f.cmp(FPred::OEQ, f.abs(y), infinity);
  Value xLimit =
      f.ori(f.cmp(FPred::OEQ, a, zero), f.cmp(FPred::OEQ, a, infinity));

  // Where a is 0 or infinite or y is infinite: 0, infinity, or 1 for a = 1.
  Value grows = f.select(f.cmp(FPred::OGT, y, zero), f.cmp(FPred::OGT, a, one),
                         f.cmp(FPred::OLT, a, one));
  Value limit = f.select(grows, infinity, zero);
  limit = f.select(f.cmp(FPred::OEQ, a, one), one, limit);
  Value result = f.select(f.ori(yInfinite, xLimit), limit, magnitude);

  // The sign. An infinite y counts as even, as do all large ones.
  Value half = f.mul(y, 0.5);
  Value odd = f.andi(f.cmp(FPred::OEQ, f.floor(y), y),
                     f.cmp(FPred::ONE, f.floor(half), half));
  result = f.select(odd, f.copysign(result, x), result);

  Value finiteNegative =
      f.andi(f.cmp(FPred::OLT, x, zero), f.cmp(FPred::OLT, a, infinity));
  Value undefined = f.andi(finiteNegative, f.cmp(FPred::ONE, f.floor(y), y));
  undefined = f.ori(undefined, f.cmp(FPred::UNO, x, y));
  result = f.select(undefined, f.quietNaN(), result);

  // 1^y and x^0 are 1 even where the other operand is NaN.
  Value certain = f.ori(f.cmp(FPred::OEQ, x, one), f.cmp(FPred::OEQ, y, zero));
  return f.select(certain, one, result);
}

Value expandPow(FloatBuilder &f, Value x, Value y) {
  if (f.isF64())
    return finishPow(f, x, y, powMagnitude(f, f.abs(x), y, true));
  FloatBuilder wide = f.wide();
  x = f.extf(x, wide.element);
  y = f.extf(y, wide.element);
  Value magnitude = powMagnitude(wide, wide.abs(x), y, false);
  return f.truncf(finishPow(wide, x, y, magnitude), f.element);
}

Value expandRsqrt(FloatBuilder &f, Value x) {
  return f.div(f.constant(1.0), f.sqrt(x));
}

/// Correctly rounded unless a partial result leaves the range (Boldo,
/// Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
static Value fmaF64(FloatBuilder &f, Value x, Value y, Value z) {
  DoubleWord product = f.twoProduct(x, y);
  DoubleWord low = f.twoSum(z, product.lo);
  DoubleWord high = f.twoSum(product.hi, low.hi);
  Value rest = f.roundToOdd(f.twoSum(high.lo, low.lo));
  Value fused = f.add(high.hi, rest);
  // Zeros, whose sign the exact sums lose, and what overflowed or is no number.
  Value plain = f.add(f.mul(x, y), z);
  Value a = f.abs(fused);
  Value good =
      f.andi(f.cmp(FPred::OGT, a, 0.0), f.cmp(FPred::OLT, a, f.infinity()));
  return f.select(good, fused, plain);
}

Value expandFma(FloatBuilder &f, Value x, Value y, Value z) {
  if (f.isF64())
    return fmaF64(f, x, y, z);
  // A product of two f32 is exact in f64, so only the sum needs care.
  FloatBuilder wide = f.wide();
  Value product = wide.mul(f.extf(x, wide.element), f.extf(y, wide.element));
  DoubleWord sum = wide.twoSum(product, f.extf(z, wide.element));
  return f.truncf(wide.roundToOdd(sum), f.element);
}

} // namespace normc
