//===- Pieces.cpp - erf and tanh of f32 by tables of polynomials ----------===//

#include "compiler/passes/math/Expansions.h"

using namespace mlir;

namespace normc {

namespace {
/// For each of 16 intervals a centre c, and the coefficients of f(c + r) in r
/// from f(c) on.
struct Pieces {
  static constexpr int kDegree = 5;
  FloatBuilder::Table centres;
  FloatBuilder::Table coefficients[kDegree + 1];
};
} // namespace

// Centres are f32 for which f is almost one, within 0.01 ulp, so that f(c) in a
// table costs no accuracy; but where erf is nearly 1, within 0.4 ulp. The first
// centre is 0: the error stays relative there. Errors of the polynomials with
// rounded coefficients, relative to f: weighted least squares in 40 digits, one
// coefficient rounded after the other.

// erf on [0, 3.925], an interval around each multiple of 16/63: 2^-25.1. The
// first is erf(x) - x, which has no coefficient of 1.13 to be rounded: 2^-30.1.
static constexpr Pieces kErf = {
    {{0, 0x1.040e2cp-2, 0x1.040e1ep-1, 0x1.8616f6p-1, 0x1.040faep+0,
      0x1.4512c8p+0, 0x1.861906p+0, 0x1.c71ae4p+0, 0x1.040f3cp+1, 0x1.24912cp+1,
      0x1.451410p+1, 0x1.659500p+1, 0x1.8616ccp+1, 0x1.a69812p+1, 0x1.c71ecap+1,
      0x1.e6e442p+1}},
    {{{0, 0x1.1f40b0p-2, 0x1.0e0b9ep-1, 0x1.6ffdf6p-1, 0x1.b2c804p-1,
       0x1.daddb2p-1, 0x1.f00b9ep-1, 0x1.f9e3f0p-1, 0x1.fdeb8ap-1,
       0x1.ff5f20p-1, 0x1.ffd4eep-1, 0x1.fff5cap-1, 0x1.fffddcp-1,
       0x1.ffff9ap-1, 0x1.fffff0p-1, 0x1.fffffep-1}},
     {{0x1.06eba8p-3, 0x1.0ed294p+0, 0x1.be5bf4p-1, 0x1.43506ep-1,
       0x1.9bb0fcp-2, 0x1.ccccc6p-3, 0x1.c54930p-4, 0x1.88026cp-5,
       0x1.29f720p-6, 0x1.8e23bcp-8, 0x1.d38a1cp-10, 0x1.e2bcacp-12,
       0x1.b60d02p-14, 0x1.5d6e7ep-16, 0x1.e971e8p-19, 0x1.3b15f8p-21}},
     {{0x1.1d894ap-22, -0x1.131bc2p-2, -0x1.c56c96p-2, -0x1.eca8c8p-2,
       -0x1.a2391ep-2, -0x1.249192p-2, -0x1.595dfcp-3, -0x1.5c73a8p-4,
       -0x1.2eb0b6p-5, -0x1.c6ff8cp-7, -0x1.28d4a6p-8, -0x1.5118f0p-10,
       -0x1.4dac6ap-12, -0x1.04ea40p-14, -0x1.656696p-16, -0x1.50faacp-17}},
     {{-0x1.812b16p-2, -0x1.3a8932p-2, -0x1.201a76p-3, 0x1.157d9ep-5,
       0x1.240152p-3, 0x1.55bdf8p-3, 0x1.134d8ep-3, 0x1.5ba472p-4,
       0x1.685540p-5, 0x1.397e34p-6, 0x1.cfa0c8p-8, 0x1.25d046p-9,
       0x1.40bd20p-11, 0x1.2eaeb4p-13, 0x1.ede96ep-16, 0x1.69985ap-18}},
     {{0x1.205774p-12, 0x1.05761cp-3, 0x1.752f42p-3, 0x1.2cd832p-3,
       0x1.0585f4p-4, -0x1.4ea6a8p-7, -0x1.772356p-5, -0x1.80472ep-5,
       -0x1.092cb4p-5, -0x1.1b8ffep-6, -0x1.eda5a6p-8, -0x1.66a89cp-9,
       -0x1.b87d70p-11, -0x1.45925ep-11, 0x1.e4b042p-12, 0x1.0e6790p-11}},
     {{0x1.c6bb10p-4, 0x1.46fa98p-4, 0x1.8114a4p-8, -0x1.bd5bf0p-5,
       -0x1.174dbcp-4, -0x1.6d661ap-5, -0x1.9444f6p-7, 0x1.00adf6p-7,
       0x1.aa81c4p-7, 0x1.47e5dep-7, 0x1.67b6fep-8, 0x1.362984p-9,
       0x1.b54acep-11, 0x1.07ddb8p-12, 0x1.24e1cap-14, 0x1.8b3a9ap-16}}}};
static constexpr double kErfScale = 0x1.f8p1, kErfEnd = 0x1.f66666p1;

// tanh on [0, 9.02]: b = 1 + 1.6625 x lies in [1, 16), whose octaves have four
// intervals each, that of the last two bits of b's exponent and the first two
// of its fraction. 2^-25.4. The last interval's centre is off its middle, where
// tanh is 1 - 2^-23 almost exactly: at the end the sum must round to 1.
static constexpr Pieces kTanh = {
    {{0x1.80f860p-1, 0x1.0d7b10p+0, 0x1.5a7958p+0, 0x1.a776d2p+0, 0x1.0d7accp+1,
      0x1.5a758cp+1, 0x1.a775fap+1, 0x1.f47218p+1, 0x1.33f9e0p+2, 0x1.80f8aep+2,
      0x1.cdf6ccp+2, 0x1.0a2b24p+3, 0, 0x1.cdf324p-3, 0x1.80f68cp-2,
      0x1.0d78f0p-1}},
    {{{0x1.45c63ep-1, 0x1.90d024p-1, 0x1.bfed38p-1, 0x1.dbddb4p-1,
       0x1.f10764p-1, 0x1.fb74fap-1, 0x1.fea1b8p-1, 0x1.ff96b4p-1,
       0x1.ffeeacp-1, 0x1.fffe70p-1, 0x1.ffffdcp-1, 0x1.fffffcp-1, 0,
       0x1.c6458ap-3, 0x1.6fcc0ep-2, 0x1.ee23aap-2}},
     {{0x1.30b788p-1, 0x1.8c74e6p-2, 0x1.e08374p-3, 0x1.16df0cp-3,
       0x1.d81258p-5, 0x1.217752p-6, 0x1.5dd048p-8, 0x1.a504d4p-10,
       0x1.1541b4p-12, 0x1.9008b2p-16, 0x1.208e6ep-19, 0x1.ffc078p-23,
       0x1.000000p+0, 0x1.e6cf2ap-1, 0x1.bdf2aap-1, 0x1.88c64ap-1}},
     {{-0x1.83c4eep-2, -0x1.365d98p-2, -0x1.a462bep-3, -0x1.033116p-3,
       -0x1.ca4128p-5, -0x1.1edd34p-6, -0x1.5cd3ecp-8, -0x1.a49d8cp-10,
       -0x1.1479b8p-12, -0x1.8ef328p-16, -0x1.257a4ep-19, -0x1.ff4d3ap-23,
       0x1.a2fe4ap-21, -0x1.afeb70p-3, -0x1.4058f0p-2, -0x1.7b129cp-2}},
     {{0x1.5c932ep-5, 0x1.bb3fa4p-4, 0x1.9f374ap-4, 0x1.27e2f4p-4,
       0x1.1f8964p-5, 0x1.77b1dap-7, 0x1.ce9e22p-9, 0x1.17f55ep-10,
       0x1.70791ap-13, 0x1.09e90ap-16, 0x1.8030e8p-20, 0x1.5920e6p-23,
       -0x1.55617ep-2, -0x1.14a2f6p-2, -0x1.6c7caap-3, -0x1.3ba89ep-4}},
     {{0x1.95ffbap-4, 0x1.152fdep-6, -0x1.45f000p-6, -0x1.9703c4p-6,
       -0x1.fb6b92p-7, -0x1.6f0526p-8, -0x1.d0f246p-10, -0x1.1bb9b6p-11,
       -0x1.8ac0bcp-14, -0x1.1d14f0p-17, -0x1.5e15e4p-21, -0x1.65c440p-24,
       0x1.acd38cp-11, 0x1.09b57cp-3, 0x1.5762bap-3, 0x1.484e92p-3}},
     {{-0x1.027142p-4, -0x1.4a4536p-5, -0x1.6b310cp-7, 0x1.09f13ep-9,
       0x1.26565cp-8, 0x1.0f060ap-9, 0x1.6b7ac2p-11, 0x1.c2c286p-13,
       0x1.3b38d0p-15, 0x1.c7da3cp-19, 0x1.44ccfcp-22, 0x1.d1542ap-26,
       0x1.07327cp-3, 0x1.51b418p-4, 0x1.3a6658p-6, -0x1.2324a4p-5}}}};
static constexpr double kTanhScale = 0x1.a9999ap0, kTanhEnd = 0x1.20a3d8p3;

/// f(a) in the intervals that the last four bits of `index` number. The
/// constant term is `base` instead where `useBase` holds; both may be null.
static Value evaluate(FloatBuilder &f, const Pieces &pieces, Value a,
                      Value index, Value useBase = {}, Value base = {}) {
  ArrayRef coefficients(pieces.coefficients);
  Value r = f.sub(a, f.lookup(pieces.centres, index));
  Value slope = f.polynomial(r, coefficients.drop_front(), index);
  Value c = f.lookup(coefficients.front(), index);
  return f.madd(slope, r, useBase ? f.select(useBase, base, c) : c);
}

Value erfByPieces(FloatBuilder &f, Value x) {
  Value a = f.atMost(f.abs(x), kErfEnd); // beyond, erf rounds to 1
  Value magic = f.constant(f.roundMagic());
  Value shifted = f.madd(a, kErfScale, magic);
  Value isFirst = f.cmp(arith::CmpFPredicate::OEQ, shifted, magic);
  return f.copysign(evaluate(f, kErf, a, f.bits(shifted), isFirst, a), x);
}

Value tanhByPieces(FloatBuilder &f, Value x) {
  Value a = f.atMost(f.abs(x), kTanhEnd); // beyond, tanh rounds to 1
  Value b = f.madd(a, kTanhScale, f.constant(1.0));
  Value index = f.shr(f.bits(b), f.fraction() - 2);
  return f.copysign(evaluate(f, kTanh, a, index), x);
}

} // namespace normc
