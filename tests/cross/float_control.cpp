//===- float_control.cpp - the control word of another processor ----------===//
//
// What StageCodeTest asks of FloatControlScope on the machine that builds, as a
// program for one that it doesn't: ends with "correct" and 0, or with the line
// that failed.
//
//===----------------------------------------------------------------------===//

#include "runtime/cpu/FloatControl.h"

#include <cfenv>
#include <cstdio>

using namespace normc;

#define CHECK(condition)                                                       \
  do {                                                                         \
    if (!(condition)) {                                                        \
      std::printf("line %d: expected %s\n", __LINE__, #condition);             \
      return 1;                                                                \
    }                                                                          \
  } while (0)

/// The product, computed now.
static float multiply(float a, float b) {
  volatile float left = a, right = b;
  return left * right;
}

int main() {
  constexpr float tiny = 1e-30f, small = 1e-10f; // Their product is subnormal.
  constexpr float odd = 1 + 0x1p-23f; // Its square is just above 1 + 2^-22.
  constexpr float nearest = 1 + 0x1p-22f;
#if defined(__aarch64__)
  constexpr uint64_t flushAndRoundUp = uint64_t(1) << 24 | uint64_t(1) << 22;
#else
  constexpr uint64_t flushAndRoundUp = 0x8040 | 0x4000 | 0x1F80;
#endif
  setFloatControl(flushAndRoundUp);
  CHECK(multiply(tiny, small) == 0);
  CHECK(multiply(odd, odd) > nearest);
  std::feclearexcept(FE_ALL_EXCEPT);
  {
    FloatControlScope scope;
    CHECK(multiply(tiny, small) > 0);
    CHECK(multiply(odd, odd) == nearest);
    CHECK(std::fetestexcept(FE_INEXACT) != 0);
  }
  // The flags are the caller's again, and so are the modes.
  CHECK(std::fetestexcept(FE_INEXACT) == 0);
  CHECK(multiply(tiny, small) == 0);
  CHECK(multiply(odd, odd) > nearest);
  setFloatControl(kDefaultFloatControl);
  std::puts("correct");
  return 0;
}
