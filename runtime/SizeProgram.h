//===- SizeProgram.h - evaluation of sizes without messages -----*- C++ -*-===//
//
// Evaluates a SizeExpr on the call path, where nothing may be allocated:
// SizeExpr::evaluate turns the fault into an Error.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_RUNTIME_SIZEPROGRAM_H
#define NORMC_RUNTIME_SIZEPROGRAM_H

#include "normc/Artifact.h"

#include <cstdint>
#include <span>

namespace normc {

enum class SizeFault {
  None,
  Negative,       ///< A constant or a word is below zero.
  Overflow,       ///< A value needs more than 63 bits.
  DivisionByZero, ///< The divisor or the alignment is zero.
  Malformed,      ///< Not a program: stack, word index or operation is wrong.
};

/// How many values a program can hold at once.
inline constexpr int kMaxSizeStack = 16;

/// evaluateSize for programs of any length.
SizeFault runSizeProgram(const SizeExpr &expr, std::span<const int64_t> words,
                         int64_t &value);

/// Runs the program; `value` means something only where None is returned.
inline SizeFault evaluateSize(const SizeExpr &expr,
                              std::span<const int64_t> words, int64_t &value) {
  // Nearly all sizes of a call are one constant or one word.
  if (expr.steps.size() == 1) {
    const SizeExpr::Step &step = expr.steps.front();
    bool isConstant = step.op == SizeExpr::Op::Constant;
    if (isConstant || (step.op == SizeExpr::Op::Word &&
                       static_cast<uint64_t>(step.operand) < words.size())) {
      value = isConstant ? step.operand : words[step.operand];
      return value < 0 ? SizeFault::Negative : SizeFault::None;
    }
  }
  return runSizeProgram(expr, words, value);
}

/// Whether the program is well-formed for that many words, so that no words of
/// a call can make it Malformed.
bool isWellFormed(const SizeExpr &expr, int64_t wordCount);

/// The error that a fault stands for.
Error sizeError(SizeFault fault);

} // namespace normc

#endif // NORMC_RUNTIME_SIZEPROGRAM_H
