//===- Artifact.cpp - evaluation of sizes ---------------------------------===//

#include "normc/Artifact.h"

#include "runtime/SizeProgram.h"

using namespace normc;

/// Applies a binary operation to non-negative values.
static SizeFault applyBinary(SizeExpr::Op op, int64_t a, int64_t b,
                             int64_t &value) {
  bool overflows = false;
  switch (op) {
  case SizeExpr::Op::Mul:
    overflows = __builtin_mul_overflow(a, b, &value);
    break;
  case SizeExpr::Op::Add:
    overflows = __builtin_add_overflow(a, b, &value);
    break;
  case SizeExpr::Op::FloorDiv:
  case SizeExpr::Op::CeilDiv:
    if (b == 0)
      return SizeFault::DivisionByZero;
    // Not (a + b - 1) / b, whose sum can overflow where the quotient doesn't.
    value = a / b + (op == SizeExpr::Op::CeilDiv && a % b != 0);
    break;
  default:
    return SizeFault::Malformed;
  }
  return overflows ? SizeFault::Overflow : SizeFault::None;
}

static SizeFault alignTo(int64_t value, int64_t alignment, int64_t &aligned) {
  if (alignment < 0)
    return SizeFault::Negative;
  if (alignment == 0)
    return SizeFault::DivisionByZero;
  int64_t rest = value % alignment;
  int64_t padding = rest == 0 ? 0 : alignment - rest;
  return __builtin_add_overflow(value, padding, &aligned) ? SizeFault::Overflow
                                                          : SizeFault::None;
}

/// The value that a Constant or Word step pushes.
static SizeFault load(const SizeExpr::Step &step,
                      std::span<const int64_t> words, int64_t &value) {
  if (step.op == SizeExpr::Op::Word &&
      (step.operand < 0 || step.operand >= static_cast<int64_t>(words.size())))
    return SizeFault::Malformed;
  value = step.op == SizeExpr::Op::Word ? words[step.operand] : step.operand;
  return value < 0 ? SizeFault::Negative : SizeFault::None;
}

static bool isPush(SizeExpr::Op op) {
  return op == SizeExpr::Op::Constant || op == SizeExpr::Op::Word;
}

SizeFault normc::runSizeProgram(const SizeExpr &expr,
                                std::span<const int64_t> words,
                                int64_t &value) {
  int64_t stack[kMaxSizeStack];
  int depth = 0;
  for (const SizeExpr::Step &step : expr.steps) {
    SizeFault fault = SizeFault::None;
    if (isPush(step.op)) {
      if (depth == kMaxSizeStack)
        return SizeFault::Malformed;
      fault = load(step, words, stack[depth++]);
    } else if (step.op == SizeExpr::Op::AlignTo) {
      if (depth < 1)
        return SizeFault::Malformed;
      fault = alignTo(stack[depth - 1], step.operand, stack[depth - 1]);
    } else {
      if (depth < 2)
        return SizeFault::Malformed;
      --depth;
      fault = applyBinary(step.op, stack[depth - 1], stack[depth],
                          stack[depth - 1]);
    }
    if (fault != SizeFault::None)
      return fault;
  }
  if (depth != 1)
    return SizeFault::Malformed;
  value = stack[0];
  return SizeFault::None;
}

bool normc::isWellFormed(const SizeExpr &expr, int64_t wordCount) {
  int depth = 0;
  for (const SizeExpr::Step &step : expr.steps) {
    switch (step.op) {
    case SizeExpr::Op::Constant:
    case SizeExpr::Op::Word:
      if (step.operand < 0 || depth == kMaxSizeStack ||
          (step.op == SizeExpr::Op::Word && step.operand >= wordCount))
        return false;
      ++depth;
      break;
    case SizeExpr::Op::AlignTo:
      if (depth < 1 || step.operand < 1)
        return false;
      break;
    case SizeExpr::Op::Mul:
    case SizeExpr::Op::FloorDiv:
    case SizeExpr::Op::CeilDiv:
    case SizeExpr::Op::Add:
      if (depth < 2)
        return false;
      --depth;
      break;
    default: // A value that is none of the enumerators, from a broken file.
      return false;
    }
  }
  return depth == 1;
}

Error normc::sizeError(SizeFault fault) {
  switch (fault) {
  case SizeFault::Negative:
    return {ErrorKind::InvalidArgument,
            "expected sizes of at least 0, but got a negative one"};
  case SizeFault::Overflow:
    return {ErrorKind::InvalidArgument,
            "expected a size that fits in 63 bits, but it overflows"};
  case SizeFault::DivisionByZero:
    return {ErrorKind::InvalidArgument,
            "expected a divisor other than 0, but got a division by zero"};
  case SizeFault::Malformed:
  case SizeFault::None:
    break;
  }
  return {ErrorKind::Internal, "malformed size expression"};
}

Result<int64_t> SizeExpr::evaluate(std::span<const int64_t> words) const {
  int64_t value = 0;
  SizeFault fault = evaluateSize(*this, words, value);
  if (fault != SizeFault::None)
    return sizeError(fault);
  return value;
}

static Status checkLimit(const std::string &what, size_t count, int limit) {
  if (count <= static_cast<size_t>(limit))
    return {};
  return Error{ErrorKind::Unsupported,
               "expected at most " + std::to_string(limit) + " " + what +
                   ", but got " + std::to_string(count)};
}

Status normc::checkLimits(const Artifact &artifact) {
  Status status =
      checkLimit("arguments", artifact.arguments.size(), kMaxArguments);
  if (status)
    status = checkLimit("words", artifact.words.size(), kMaxWords);
  if (status)
    status = checkLimit("stages", artifact.stages.size(), kMaxStages);
  for (const ArgumentFacts &facts : artifact.arguments)
    if (status)
      status = checkLimit("axes of argument '" + facts.name + "'",
                          facts.axes.size(), kMaxRank);
  return status;
}
