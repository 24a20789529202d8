//===- Log.cpp - log, log1p -----------------------------------------------===//

#include "compiler/passes/math/Expansions.h"

using namespace mlir;
using FPred = arith::CmpFPredicate;

namespace normc {

// (log(1+f) - f) / f^2 with the exact leading -1/2, on sqrt(1/2)-1 ..
// sqrt(2)-1, weight f^2/log(1+f): 2^-29.2.
static constexpr double kLogF32[] = {
    -0.5,           0x1.555548p-2, -0x1.000072p-2, 0x1.99a544p-3,
    -0x1.552e42p-3, 0x1.230252p-3, -0x1.011160p-3, 0x1.f01ce2p-4,
    -0x1.bea074p-4, 0x1.b39be4p-5};

// (2 atanh(s)/s - 2) / s^2 in z = s^2 on [0, 0.02945], weight
// z s/(2 atanh(s)): 2^-59.4.
static constexpr double kLogF64[] = {0x1.5555555555592p-1, 0x1.999999997ff46p-2,
                                     0x1.24924941dde45p-2, 0x1.c71c52175f024p-3,
                                     0x1.74663c4d05616p-3, 0x1.39a1f8369187ap-3,
                                     0x1.2f032a575dc61p-3};

SplitFloat splitAtSqrt2(FloatBuilder &f, Value x) {
  unsigned lift = f.fraction() + 2;
  Value subnormal = f.cmp(FPred::OLT, x, f.minNormal());
  Value normal = f.select(subnormal, f.mul(x, double(uint64_t(1) << lift)), x);

  uint64_t one = uint64_t(f.bias()) << f.fraction();
  uint64_t sqrtHalf = f.isF64() ? 0x3fe6a09e667f3bcd : 0x3f3504f3;
  uint64_t fractionMask = (uint64_t(1) << f.fraction()) - 1;
  // Moves the border between exponents from 1 to sqrt(1/2).
  Value moved = f.addi(f.bits(normal), one - sqrtHalf);
  Value mantissa = f.fromBits(f.addi(f.andi(moved, fractionMask), sqrtHalf));

  Value magic = f.bits(f.constant(f.roundMagic()));
  Value biased = f.fromBits(f.addi(f.shr(moved, f.fraction()), magic));
  double offset = f.roundMagic() + f.bias();
  Value exponent = f.sub(biased, f.select(subnormal, f.constant(offset + lift),
                                          f.constant(offset)));
  return {exponent, f.sub(mantissa, 1.0)};
}

/// log(2^exponent * (1 + fraction)) + correction, without special cases. The
/// sum of the two large terms is kept exactly, since it cancels half of its
/// bits for exponent = -1; `correction` may be null.
static Value logOfSplit(FloatBuilder &f, SplitFloat split, Value correction) {
  Value u = split.fraction;
  Value square = f.mul(u, u);
  Value tail; // log(1 + u) - u
  if (f.isF64()) {
    Value s = f.div(u, f.add(u, 2.0));
    Value z = f.mul(s, s);
    Value half = f.mul(square, 0.5);
    Value rest = f.madd(z, f.polynomial(z, kLogF64), half);
    tail = f.sub(f.mul(s, rest), half);
  } else {
    tail = f.mul(square, f.polynomial(u, kLogF32));
  }
  auto [hi, lo] = ln2(f);
  DoubleWord head = f.fastTwoSum(f.mul(split.exponent, hi), u);
  if (correction)
    tail = f.add(tail, correction);
  tail = f.add(head.lo, f.madd(split.exponent, lo, tail));
  return f.add(head.hi, tail);
}

/// Puts in what the logarithm is at its pole and beyond it, where `x` is the
/// argument itself and `pole` its least legal value.
static Value finishLog(FloatBuilder &f, Value x, double pole, Value y) {
  Value infinity = f.infinity();
  y = f.select(f.cmp(FPred::OLT, x, infinity), y, x); // +inf and NaN
  y = f.select(f.cmp(FPred::OLT, x, pole), f.quietNaN(), y);
  return f.select(f.cmp(FPred::OEQ, x, pole), f.neg(infinity), y);
}

Value expandLog(FloatBuilder &f, Value x) {
  return finishLog(f, x, 0.0, logOfSplit(f, splitAtSqrt2(f, x), {}));
}

Value expandLog1p(FloatBuilder &f, Value x) {
  DoubleWord sum = f.twoSum(f.constant(1.0), x);
  SplitFloat split = splitAtSqrt2(f, sum.hi);
  // log(hi + lo) = log(hi) + lo/hi, to first order. With exponent 0, x itself
  // is the exact fraction.
  Value correction = f.div(sum.lo, sum.hi);
  Value exact = f.cmp(FPred::OEQ, split.exponent, 0.0);
  split.fraction = f.select(exact, x, split.fraction);
  correction = f.select(exact, f.constant(0.0), correction);
  Value y = finishLog(f, x, -1.0, logOfSplit(f, split, correction));
  return f.select(f.cmp(FPred::OEQ, x, 0.0), x, y); // keeps -0
}

} // namespace normc
