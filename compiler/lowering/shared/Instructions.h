//===- Instructions.h - what a lowering may use -----------------*- C++ -*-===//
//
// Instructions of a target that sums and roundings are written for.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_LOWERING_SHARED_INSTRUCTIONS_H
#define NORMC_COMPILER_LOWERING_SHARED_INSTRUCTIONS_H

#include <cstdint>

namespace normc {

/// Values of bf16 in a register, of which AVX512-BF16 has instructions.
inline constexpr int64_t kBF16Lanes = 32;

struct Instructions {
  bool hasFma = false;     ///< Fused multiply-add.
  bool hasBF16Dot = false; ///< AVX512-BF16: its dot product, and roundings.
};

} // namespace normc

#endif // NORMC_COMPILER_LOWERING_SHARED_INSTRUCTIONS_H
