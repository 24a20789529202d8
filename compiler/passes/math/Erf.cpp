//===- Erf.cpp - the error function ---------------------------------------===//

#include "compiler/passes/math/Expansions.h"

using namespace mlir;

namespace normc {

// erf(x)/x - 1 in z = x^2 on [0, 0.92^2] and [0, 1], relative to erf(x)/x:
// 2^-29.9, 2^-56.3. Without the 1 the leading product would cost another
// rounding of full size.
static constexpr double kSmallF32[] = {
    0x1.06eba8p-3, -0x1.812740p-2,  0x1.ce2d64p-4, -0x1.b80118p-6,
    0x1.5449dcp-8, -0x1.a6064cp-11, 0x1.4f53fep-14};
static constexpr double kSmallF64[] = {
    0x1.06eba8214db69p-3,   -0x1.812746b0379e6p-2,  0x1.ce2f21a042b20p-4,
    -0x1.b82ce3128499dp-6,  0x1.565bcd0db02e8p-8,   -0x1.c02db3d8ed150p-11,
    0x1.f9a321a11a30ep-14,  -0x1.f4d1df38ede35p-17, 0x1.b9def1986f964p-20,
    -0x1.5f1d368e58238p-23, 0x1.f7a40fd5099a3p-27,  -0x1.386ab919f85f7p-30,
    0x1.05799511414c1p-34};

// -log(1 - erf(x)) on [0.92, 3.95], weight erfc(x): 2^-34.1.
static constexpr double kLargeF32[] = {
    -0x1.70d756p-13, 0x1.212848p0,  0x1.444468p-1,   0x1.bb92dap-4,
    -0x1.9bb678p-6,  0x1.119964p-8, -0x1.c865a6p-12, 0x1.631832p-16};

// e^(x^2) erfc(x) in t = (x - 4)/(x + 4) for x in [1, 5.93], weight e^(-x^2):
// 2^-56.4. A polynomial in x itself would need twice the degree.
static constexpr double kLargeF64[] = {
    0x1.18932beed7c2bp-3,   -0x1.0949229837896p-2,  0x1.bff01518be2b0p-3,
    -0x1.50669e6afbd53p-3,  0x1.be4d40d70cd9cp-4,   -0x1.028aaa64c6047p-4,
    0x1.0012864b8f103p-5,   -0x1.a7c33f01922c2p-7,  0x1.018d05a8d74dfp-8,
    -0x1.e10ef3848b271p-11, -0x1.201246064de5cp-14, 0x1.9359e7bf0de68p-14};

/// 1 - erf(a) for a at or above the border of the two ranges; absolute errors
/// count here, so e^(-a^2) does not need a^2 in more than one word.
static Value complement(FloatBuilder &f, Value a) {
  if (!f.isF64()) {
    a = f.atMost(a, 3.95); // beyond, erf rounds to 1
    return expWithTail(f, f.neg(f.polynomial(a, kLargeF32)), {});
  }
  a = f.atMost(a, 5.93);
  Value t = f.div(f.sub(a, 4.0), f.add(a, 4.0));
  Value gauss = expWithTail(f, f.neg(f.mul(a, a)), {});
  return f.mul(gauss, f.polynomial(t, kLargeF64));
}

Value expandErf(FloatBuilder &f, Value x) {
  if (f.canLookUp())
    return erfByPieces(f, x);
  Value a = f.abs(x);
  Value z = f.mul(a, a);
  Value p = f.isF64() ? f.polynomial(z, kSmallF64) : f.polynomial(z, kSmallF32);
  Value small = f.madd(a, p, a);
  Value large = f.sub(f.constant(1.0), complement(f, a));
  Value isSmall =
      f.cmp(arith::CmpFPredicate::OLT, a, f.isF64() ? 1.0 : 0x1.d70a3ep-1);
  return f.copysign(f.select(isSmall, small, large), x);
}

} // namespace normc
