//===- Instructions.h - what a lowering may use -----------------*- C++ -*-===//
//
// Instructions of a target that sums are written for.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_LOWERING_SHARED_INSTRUCTIONS_H
#define NORMC_COMPILER_LOWERING_SHARED_INSTRUCTIONS_H

namespace normc {

struct Instructions {
  bool hasFma = false;     ///< Fused multiply-add.
  bool hasBF16Dot = false; ///< AVX512-BF16's dot product.
};

} // namespace normc

#endif // NORMC_COMPILER_LOWERING_SHARED_INSTRUCTIONS_H
