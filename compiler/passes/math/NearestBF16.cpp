//===- NearestBF16.cpp - functions of bf16, rounded to bf16 ---------------===//

#include "compiler/passes/math/Expansions.h"

using namespace mlir;

namespace normc {

// The coefficients satisfy one inequality for each bf16: the polynomial, in
// units of the exact value, lies between the borders of what rounds to the
// right number, as far from both as a linear program can have it for all of
// them (one coefficient rounded after the other). So a lower degree will do
// than an error below the closest border would need, which is 2^-24 of the
// value.

// 2^f on [0, 1), for the fractions of x / ln2 of all x: 2^-16.6, and within the
// borders by 2^-19.3, or by as much as the exact value.
static constexpr double kExp2[] = {0x1.00007cp+0, 0x1.62c66ap-1, 0x1.ef01f2p-3,
                                   0x1.a81c02p-5, 0x1.bd8b52p-7};

namespace {
/// A function of |x| up to `end`, where it rounds to 1. b = 1 + `scale` |x|
/// lies in [1, 16), whose octaves have four intervals each, that of the last
/// two bits of b's exponent and the first two of its fraction; coefficients are
/// those of |x| itself.
struct Intervals {
  double scale, end;
  FloatBuilder::Table coefficients[3];
};
} // namespace

// Within the borders by 2^-14.6.
static constexpr Intervals kTanh = {
    0x1.0cccccp2,
    3.5,
    {{-0x1.77ef9cp-8, -0x1.9e76eep-7, -0x1.b8cbc2p-8, 0x1.e52462p-4,
      0x1.d98898p-7, 0x1.e5f252p-4, 0x1.f52b4ep-2, 0x1.3785eap-1, 0x1.172be8p-1,
      0x1.8a1e06p-1, 0x1.f0523ap-1, 0x1.f49fb0p-1, 0, 0x1.895ef4p-12,
      0x1.1e3c0ap-7, 0x1.c4fb06p-6},
     {0x1.10bf4ap+0, 0x1.1ba590p+0, 0x1.176648p+0, 0x1.72f264p-1, 0x1.119786p+0,
      0x1.c12114p-1, 0x1.474140p-2, 0x1.cf1d18p-3, 0x1.616d2cp-2, 0x1.26d3cap-3,
      0x1.0f7a4ep-26, 0, 0x1.ff053ep-1, 0x1.0031e2p+0, 0x1.c75d62p-1,
      0x1.7cd642p-1},
     {-0x1.011a58p-2, -0x1.43c9d8p-2, -0x1.3ae3f0p-2, -0x1.6818f4p-5,
      -0x1.48bb9ap-2, -0x1.dfaaaep-3, -0x1.afceb6p-6, -0x1.3af128p-6,
      -0x1.15b900p-4, -0x1.769a44p-6, 0x1.7faa8ep-9, 0x1.bca900p-10,
      0x1.6b11c6p-9, -0x1.5b28e2p-4, 0x1.2e9cbcp-2, 0x1.0b1d6ap-1}}};

// Within the borders by 2^-18.4.
static constexpr Intervals kErf = {
    6.5,
    0x1.266666p1,
    {{-0x1.34ac62p-9, 0x1.65f91ap-7, 0x1.39651cp-5, 0x1.9b9d88p-5,
      -0x1.64b83ep-6, 0x1.23860ep-4, 0x1.14c0ccp-6, 0x1.62a99ep-3,
      0x1.8588c2p-3, 0x1.c7629ap-2, 0x1.617b44p-1, 0x1.f30a10p-1, 0,
      -0x1.163356p-12, 0x1.85157ap-10, 0x1.be5db0p-9},
     {0x1.2abacep+0, 0x1.11c9a4p+0, 0x1.f2bbaap-1, 0x1.e413a0p-1, 0x1.4ac05cp+0,
      0x1.09e5dap+0, 0x1.385d32p+0, 0x1.da5196p-1, 0x1.dc4f8ap-1, 0x1.26e76cp-1,
      0x1.266762p-2, 0x1.2ecfd6p-31, 0x1.20de50p+0, 0x1.23b0a2p+0,
      0x1.19c23cp+0, 0x1.15a1fep+0},
     {-0x1.aa728ap-3, -0x1.08e2b8p-5, -0x1.642356p-25, 0x1.6534c2p-26,
      -0x1.a9515ap-2, -0x1.f8ad86p-3, -0x1.917432p-2, -0x1.073768p-2,
      -0x1.1a0e1ep-2, -0x1.37f05cp-3, -0x1.14a1fap-4, 0x1.3f64fcp-8,
      -0x1.487f04p-7, -0x1.10c000p-3, 0x1.70657ep-4, 0x1.605dc2p-4}}};

static Value nearest(FloatBuilder &f, const Intervals &intervals, Value x) {
  if (!f.canLookUp())
    return {};
  Value a = f.atMost(f.abs(x), intervals.end);
  Value b = f.madd(a, intervals.scale, f.constant(1.0));
  Value index = f.shr(f.bits(b), f.fraction() - 2);
  return f.copysign(f.polynomial(a, intervals.coefficients, index), x);
}

Value erfToBF16(FloatBuilder &f, Value x) { return nearest(f, kErf, x); }

Value tanhToBF16(FloatBuilder &f, Value x) { return nearest(f, kTanh, x); }

// Nothing is clamped: of infinities, and of what is as large, there is no
// fraction, and their power is infinite or zero.
Value expToBF16(FloatBuilder &f, Value x) {
  Value n = f.mul(x, 0x1.715476p0); // x / ln2
  Value fraction = f.aboveFloorByHardware(n);
  if (!fraction)
    return {};
  return f.scaleByHardware(f.polynomial(fraction, kExp2), n);
}

} // namespace normc
