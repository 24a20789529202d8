//===- ArmFeatures.h - features of AArch64 as Linux tells them --*- C++ -*-===//
//
// A table of LLVM's names and of the bits in Linux's hwcaps. In a header, so
// that tests on other machines can compare it with what the compiler writes.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_RUNTIME_CPU_ARMFEATURES_H
#define NORMC_RUNTIME_CPU_ARMFEATURES_H

#include <string_view>

namespace normc {

/// A bit of what Linux tells of the processor.
struct ArmFeature {
  std::string_view name; ///< LLVM's.
  int word;              ///< 1: AT_HWCAP, 2: AT_HWCAP2.
  int bit;               ///< As in asm/hwcap.h.
};

/// By number, since the system's headers may be older than the processor.
inline constexpr ArmFeature kArmFeatures[] = {
    {"fp-armv8", 1, 0},  {"neon", 1, 1},        {"fullfp16", 1, 10},
    {"rdm", 1, 12},      {"jsconv", 1, 13},     {"complxnum", 1, 14},
    {"dotprod", 1, 20},  {"sve", 1, 22},        {"fp16fml", 1, 23},
    {"flagm", 1, 27},    {"cmpbr", 1, 33},      {"fprcvt", 1, 34},
    {"sve2p2", 1, 41},   {"sve2", 2, 1},        {"altnzcv", 2, 7},
    {"fptoint", 2, 8},   {"f32mm", 2, 10},      {"f64mm", 2, 11},
    {"i8mm", 2, 13},     {"bf16", 2, 14},       {"cssc", 2, 34},
    {"sve2p1", 2, 36},   {"sve-b16b16", 2, 45}, {"lut", 2, 49},
    {"faminmax", 2, 50},
};

} // namespace normc

#endif // NORMC_RUNTIME_CPU_ARMFEATURES_H
