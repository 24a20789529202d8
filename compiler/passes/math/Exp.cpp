//===- Exp.cpp - exp, exp2, expm1, tanh -----------------------------------===//

#include "compiler/passes/math/Expansions.h"

#include <cmath>

using namespace mlir;

namespace normc {

// (e^r - 1 - r) / r^2 on [-0.35, 0.3501], weight r^2/e^r: 2^-28.1, 2^-57.7.
static constexpr double kExpF32[] = {
    0x1.fffffcp-2, 0x1.555482p-3, 0x1.555824p-5, 0x1.1244b4p-7, 0x1.6b045cp-10};
static constexpr double kExpF64[] = {
    0x1.000000000000bp-1,  0x1.55555555554fap-3,  0x1.555555554ffaep-5,
    0x1.1111111126979p-7,  0x1.6c16c1862da58p-10, 0x1.a01a01366b8b7p-13,
    0x1.a0199464c043bp-16, 0x1.71defd9e654f1p-19, 0x1.28b2d263cde86p-22,
    0x1.add1cdb7f5d4ep-26};

// The same function with weight r^2/(e^r - 1): 2^-30.7, 2^-57.6.
static constexpr double kExpM1F32[] = {0x1.000000p-1,  0x1.555556p-3,
                                       0x1.5554dep-5,  0x1.110ef6p-7,
                                       0x1.6d5bc2p-10, 0x1.a4dba6p-13};
static constexpr double kExpM1F64[] = {
    0x1.0000000000001p-1,  0x1.5555555555557p-3,  0x1.5555555554b47p-5,
    0x1.1111111110601p-7,  0x1.6c16c16fb8351p-10, 0x1.a01a01a9359fep-13,
    0x1.a019f085556f0p-16, 0x1.71de0916004fep-19, 0x1.2808175cab63bp-22,
    0x1.af42d07e54d6ep-26, 0x1.d5bfd71513f1ep-30};

// (2^r - 1) / r on [-0.501, 0.5011], weight r/2^r: 2^-27.4, 2^-55.4.
static constexpr double kExp2F32[] = {0x1.62e432p-1,  0x1.ebfbe6p-3,
                                      0x1.c6ada8p-5,  0x1.3b21cep-7,
                                      0x1.5fbc90p-10, 0x1.4bd14ap-13};
static constexpr double kExp2F64[] = {
    0x1.62e42fefa39f3p-1,  0x1.ebfbdff82c599p-3,  0x1.c6b08d7048dd2p-5,
    0x1.3b2ab6fba1aeep-7,  0x1.5d87fe7bf308fp-10, 0x1.4309130a35cabp-13,
    0x1.ffcbed5c62ba8p-17, 0x1.62bfd2190cecap-20, 0x1.b542e9840b8b5p-24,
    0x1.e60affeaca17ap-28, 0x1.be88e4ac41b22p-32};

// (e^r - 1 - r) / r^2 on [-0.0217, 0.0217], weight r^2/e^r: 2^-29.2.
static constexpr double kExpSixteenth[] = {0x1.000220p-1, 0x1.55559cp-3};

// 2^(i/16), to the nearest.
static constexpr FloatBuilder::Table kSixteenths = {
    0x1.000000p+0, 0x1.0b5586p+0, 0x1.172b84p+0, 0x1.2387a6p+0,
    0x1.306fe0p+0, 0x1.3dea64p+0, 0x1.4bfdaep+0, 0x1.5ab07ep+0,
    0x1.6a09e6p+0, 0x1.7a1148p+0, 0x1.8ace54p+0, 0x1.9c4918p+0,
    0x1.ae89fap+0, 0x1.c199bep+0, 0x1.d5818ep+0, 0x1.ea4afap+0};

SplitLn2 ln2(const FloatBuilder &f) {
  if (f.isF64())
    return {0x1.62e42fefa4p-1, -0x1.8432a1b0e2634p-43};
  return {0x1.62e8p-1, -0x1.e8082ep-16};
}

namespace {
/// n = x / ln2 rounded to a multiple of 2^-places.
struct Reduced {
  Value shifted; // n + magic: n stands in its low bits
  Value n;
  Value head; // x - n ln2().hi, exact
};
} // namespace

/// What has an ulp of 2^-places, so that a sum with it rounds to that.
static double magicOf(const FloatBuilder &f, unsigned places) {
  return std::ldexp(f.roundMagic(), -int(places));
}

static Reduced reduceByLn2(FloatBuilder &f, Value x, unsigned places = 0) {
  Value magic = f.constant(magicOf(f, places));
  Value shifted =
      f.madd(x, f.isF64() ? 0x1.71547652b82fep0 : 0x1.715476p0, magic);
  Value n = f.sub(shifted, magic);
  return {shifted, n, f.madd(n, -ln2(f).hi, x)};
}

/// y * 2^floor(n) in two exact powers, so that a subnormal result is rounded
/// once and the power itself need not be in range. `shifted` has n in its low
/// bits, with `places` of them behind the point.
static Value scaleByPowerOf2(FloatBuilder &f, Value y, Value n, Value shifted,
                             unsigned places = 0) {
  if (Value scaled = f.scaleByHardware(y, n))
    return scaled;
  Value magicBits = f.bits(f.constant(magicOf(f, places)));
  // n + 2 bias is never negative, so a logical shift halves it.
  Value sum = f.addi(f.subi(f.bits(shifted), magicBits), uint64_t(2 * f.bias())
                                                             << places);
  if (places)
    sum = f.shr(sum, places);
  Value first = f.shr(sum, 1);
  Value second = f.subi(sum, first);
  y = f.mul(y, f.fromBits(f.shl(first, f.fraction())));
  return f.mul(y, f.fromBits(f.shl(second, f.fraction())));
}

/// x where e^x is neither zero nor infinite for certain, else a bound of that.
/// A sign is changed behind, where multiplications take it along.
static Value clampForExp(FloatBuilder &f, Value x) {
  double high = f.isF64() ? 710 : 89, low = f.isF64() ? -746 : -104;
  if (auto negation = x.getDefiningOp<arith::NegFOp>())
    return f.neg(f.atLeast(f.atMost(negation.getOperand(), -low), -high));
  return f.atLeast(f.atMost(x, high), low);
}

Value expWithTail(FloatBuilder &f, Value x, Value tail) {
  auto [shifted, n, head] = reduceByLn2(f, clampForExp(f, x));
  Value r = f.madd(n, -ln2(f).lo, head);
  if (tail)
    r = f.add(r, tail);
  Value p = f.isF64() ? f.polynomial(r, kExpF64) : f.polynomial(r, kExpF32);
  Value y = f.add(f.madd(f.mul(r, r), p, r), 1.0);
  return scaleByPowerOf2(f, y, n, shifted);
}

/// e^x = 2^n e^r with n in sixteenths, whose powers come from a table: of r,
/// which is 16 times smaller, a polynomial of degree 3 is enough.
static Value expBySixteenths(FloatBuilder &f, Value x) {
  constexpr unsigned places = 4;
  auto [shifted, n, head] = reduceByLn2(f, clampForExp(f, x), places);
  Value r = f.madd(n, -ln2(f).lo, head);
  Value power = f.lookup(kSixteenths, f.bits(shifted));
  Value p = f.madd(f.polynomial(r, kExpSixteenth), r, f.constant(1.0));
  Value y = f.madd(f.mul(power, r), p, power);
  return scaleByPowerOf2(f, y, n, shifted, places);
}

Value expandExp(FloatBuilder &f, Value x) {
  return f.canLookUp() ? expBySixteenths(f, x) : expWithTail(f, x, {});
}

Value expandExp2(FloatBuilder &f, Value x) {
  x = f.atMost(x, f.isF64() ? 1025.0 : 129.0);
  x = f.atLeast(x, f.isF64() ? -1076.0 : -151.0);
  Value shifted = f.add(x, f.roundMagic());
  Value n = f.sub(shifted, f.roundMagic());
  Value r = f.sub(x, n);
  Value p = f.isF64() ? f.polynomial(r, kExp2F64) : f.polynomial(r, kExp2F32);
  return scaleByPowerOf2(f, f.madd(r, p, f.constant(1.0)), n, shifted);
}

// With e^r - 1 = r + r^2 p and s = 2^(n-1),
// e^x - 1 = 2 ((s - 1/2) + s r + s r^2 p).
// The first sum is kept exactly: near n = 1 it cancels half of its bits.
// What r loses in rounding is kept too, and counts e^r ~ 1 + r times.
Value expandExpM1(FloatBuilder &f, Value x) {
  Value clamped = f.atMost(x, f.isF64() ? 710.0 : 89.0);
  clamped = f.atLeast(clamped, f.isF64() ? -40.0 : -20.0);
  auto [shifted, n, head] = reduceByLn2(f, clamped);
  Value lowPart = f.mul(n, ln2(f).lo);
  Value r = f.sub(head, lowPart);
  Value rest = f.sub(f.sub(head, r), lowPart);
  rest = f.madd(r, rest, rest);
  Value p = f.isF64() ? f.polynomial(r, kExpM1F64) : f.polynomial(r, kExpM1F32);

  Value s = f.fromBits(f.addi(f.shl(f.bits(shifted), f.fraction()),
                              uint64_t(f.bias() - 1) << f.fraction()));
  Value power = f.sub(s, 0.5);
  Value powerRest = f.sub(f.sub(s, power), 0.5);
  DoubleWord sum = f.fastTwoSum(power, f.mul(s, r));
  Value low = f.madd(s, rest, f.add(sum.lo, powerRest));
  low = f.madd(f.mul(s, f.mul(r, r)), p, low);
  Value y = f.add(sum.hi, low);
  y = f.add(y, y);

  // Where e^x - 1 rounds to x; s r above would lose bits of a subnormal, and
  // the sign of a zero.
  Value tiny =
      f.cmp(arith::CmpFPredicate::OLT, f.abs(x), f.isF64() ? 0x1p-54 : 0x1p-25);
  return f.select(tiny, x, y);
}

// tanh|x| = E / (E + 2) with E = e^(2|x|) - 1.
Value expandTanh(FloatBuilder &f, Value x) {
  if (f.canLookUp())
    return tanhByPieces(f, x);
  // Beyond, the result rounds to 1.
  Value a = f.atMost(f.abs(x), f.isF64() ? 19.5 : 9.25);
  Value e = expandExpM1(f, f.add(a, a));
  return f.copysign(f.div(e, f.add(e, 2.0)), x);
}

} // namespace normc
