//===- FloatControl.h - floating-point control of a thread ------*- C++ -*-===//
//
// Gives kernel code the floating-point environment that its results are defined
// in, whatever the host program has set on the thread.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_RUNTIME_CPU_FLOATCONTROL_H
#define NORMC_RUNTIME_CPU_FLOATCONTROL_H

#include <cstdint>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace normc {

#if defined(__x86_64__)
/// MXCSR: round to nearest, subnormals kept, no exception raised.
inline constexpr uint64_t kDefaultFloatControl = 0x1F80;
inline uint64_t floatControl() { return _mm_getcsr(); }
inline void setFloatControl(uint64_t value) {
  _mm_setcsr(static_cast<unsigned>(value));
}
#elif defined(__aarch64__)
/// FPCR: round to nearest, subnormals kept, no exception raised. Above it FPSR,
/// which has the sticky flags.
inline constexpr uint64_t kDefaultFloatControl = 0;
inline uint64_t floatControl() {
  uint64_t control, flags;
  __asm__ volatile("mrs %0, fpcr" : "=r"(control));
  __asm__ volatile("mrs %0, fpsr" : "=r"(flags));
  return flags << 32 | control;
}
inline void setFloatControl(uint64_t value) {
  __asm__ volatile("msr fpcr, %0" : : "r"(value & 0xffffffff));
  __asm__ volatile("msr fpsr, %0" : : "r"(value >> 32));
}
#else
#error "normc runs kernels on x86-64 and AArch64 only"
#endif

/// Sets the thread's control word to the default, and restores what it was,
/// sticky flags included.
class FloatControlScope {
public:
  FloatControlScope() : saved(floatControl()) {
    setFloatControl(kDefaultFloatControl);
  }
  ~FloatControlScope() { setFloatControl(saved); }
  FloatControlScope(const FloatControlScope &) = delete;
  FloatControlScope &operator=(const FloatControlScope &) = delete;

private:
  uint64_t saved;
};

} // namespace normc

#endif // NORMC_RUNTIME_CPU_FLOATCONTROL_H
