//===- CallPlan.cpp - the checks of a call, worked out at load ------------===//

#include "runtime/CallPlan.h"

#include "runtime/SizeProgram.h"

#include <algorithm>
#include <bit>
#include <utility>

using namespace normc;

using Args = std::span<const TensorRef *const>;

//===----------------------------------------------------------------------===//
// At load
//===----------------------------------------------------------------------===//

CallPlan::CallPlan(const Artifact &artifact) { isUsable = compile(artifact); }

/// Calls `visit` with every size of an artifact.
template <typename Visit>
static void visitSizes(const Artifact &artifact, Visit visit) {
  for (const ArgumentFacts &argument : artifact.arguments)
    for (const AxisFacts &axis : argument.axes) {
      visit(axis.extent);
      visit(axis.stride);
    }
  for (const DivisibilityFact &fact : artifact.divisibility)
    visit(fact.value);
  for (const MinimumFact &fact : artifact.minimums)
    visit(fact.value);
  for (const StageFacts &stage : artifact.stages)
    visit(stage.chunkCount);
  visit(artifact.scratchBytes);
}

static bool hasOperand(SizeExpr::Op op) {
  return op == SizeExpr::Op::Constant || op == SizeExpr::Op::AlignTo;
}

/// Constants have slots before anything that is computed.
void CallPlan::collectConstants(const Artifact &artifact) {
  visitSizes(artifact, [&](const SizeExpr &expr) {
    for (const SizeExpr::Step &step : expr.steps)
      if (hasOperand(step.op))
        constants.push_back(step.operand);
  });
  std::sort(constants.begin(), constants.end());
  constants.erase(std::unique(constants.begin(), constants.end()),
                  constants.end());
}

/// A constant or a word. Only where it stands alone may a constant be negative
/// (a stride).
std::optional<CallPlan::Slot> CallPlan::slotOfPush(const SizeExpr::Step &step,
                                                   bool isAlone) {
  if (step.op == SizeExpr::Op::Word) {
    auto slot = static_cast<Slot>(step.operand);
    if (words[slot].isStride)
      nonNegative.push_back(slot);
    return slot;
  }
  if (step.operand < 0 && !isAlone)
    return std::nullopt;
  auto at = std::lower_bound(constants.begin(), constants.end(), step.operand);
  return static_cast<Slot>(words.size() + size_t(at - constants.begin()));
}

std::optional<CallPlan::Slot> CallPlan::slotOfStep(const Step &step) {
  auto at = size_t(std::find(steps.begin(), steps.end(), step) - steps.begin());
  size_t slot = words.size() + constants.size() + at;
  if (slot >= kMaxValues)
    return std::nullopt;
  if (at == steps.size())
    steps.push_back(step);
  return static_cast<Slot>(slot);
}

/// The slot of a size, with the steps that compute it; none for a program that
/// this form does not take.
std::optional<CallPlan::Slot> CallPlan::slotOf(const SizeExpr &expr) {
  std::vector<Slot> stack;
  for (const SizeExpr::Step &step : expr.steps) {
    bool isPush =
        step.op == SizeExpr::Op::Constant || step.op == SizeExpr::Op::Word;
    if (isPush || step.op == SizeExpr::Op::AlignTo) {
      SizeExpr::Step constant{SizeExpr::Op::Constant, step.operand};
      std::optional<Slot> slot =
          slotOfPush(isPush ? step : constant, expr.steps.size() == 1);
      if (!slot)
        return std::nullopt;
      stack.push_back(*slot);
    }
    if (isPush)
      continue;
    if (stack.size() < 2)
      return std::nullopt;
    Slot b = stack.back();
    stack.pop_back();
    std::optional<Slot> slot = slotOfStep({step.op, stack.back(), b});
    if (!slot)
      return std::nullopt;
    stack.back() = *slot;
  }
  return stack.size() == 1 ? std::optional(stack.front()) : std::nullopt;
}

bool CallPlan::compileArguments(const Artifact &artifact) {
  for (const ArgumentFacts &facts : artifact.arguments) {
    auto alignment =
        static_cast<uint64_t>(std::max(facts.alignment, byteSize(facts.dtype)));
    if (!std::has_single_bit(alignment))
      return false;
    arguments.push_back({.alignmentMask = alignment - 1,
                         .elementBytes = byteSize(facts.dtype),
                         .inPlaceWith = 0,
                         .firstAxis = static_cast<uint16_t>(axes.size()),
                         .rank = static_cast<uint8_t>(facts.axes.size()),
                         .dtype = facts.dtype,
                         .isOutput = facts.isOutput});
    if (facts.isOutput)
      outputs.push_back(static_cast<int>(arguments.size()) - 1);
    for (const AxisFacts &axis : facts.axes) {
      std::optional<Slot> extent = slotOf(axis.extent), stride = kAny;
      if (!axis.stride.steps.empty())
        stride = slotOf(axis.stride);
      if (!extent || !stride)
        return false;
      axes.push_back({*extent, *stride});
    }
  }
  for (const InPlacePair &pair : artifact.inPlace)
    arguments[pair.output].inPlaceWith |= uint64_t(1) << pair.input;
  return true;
}

bool CallPlan::compile(const Artifact &artifact) {
  for (const WordSource &source : artifact.words)
    words.push_back({static_cast<uint8_t>(source.argument),
                     static_cast<uint8_t>(source.axis), source.isStride});
  collectConstants(artifact);
  if (words.size() + constants.size() > kMaxValues ||
      !compileArguments(artifact))
    return false;
  for (const DivisibilityFact &fact : artifact.divisibility) {
    // A lone word may be a negative stride.
    bool isWord = fact.value.steps.size() == 1 &&
                  fact.value.steps[0].op == SizeExpr::Op::Word;
    std::optional<Slot> slot =
        isWord ? static_cast<Slot>(fact.value.steps[0].operand)
               : slotOf(fact.value);
    if (!slot || fact.divisor <= 0)
      return false;
    divisibility.push_back({*slot, fact.divisor});
  }
  for (const MinimumFact &fact : artifact.minimums) {
    std::optional<Slot> slot = slotOf(fact.value);
    if (!slot)
      return false;
    minimums.push_back({*slot, fact.minimum});
  }
  for (const StageFacts &stage : artifact.stages) {
    std::optional<Slot> slot = slotOf(stage.chunkCount);
    if (!slot)
      return false;
    chunkCounts.push_back(*slot);
  }
  std::optional<Slot> slot = slotOf(artifact.scratchBytes);
  scratchBytes = slot.value_or(0);
  return slot.has_value();
}

//===----------------------------------------------------------------------===//
// At a call
//===----------------------------------------------------------------------===//

/// Whether ranks, types and numbers of arguments are right.
bool CallPlan::hasForms(Args args) const {
  if (args.size() != arguments.size())
    return false;
  for (size_t i = 0; i < args.size(); ++i) {
    const Argument &argument = arguments[i];
    const TensorRef &tensor = *args[i];
    if (tensor.shape.size() != argument.rank ||
        tensor.strides.size() != argument.rank ||
        tensor.dtype != argument.dtype ||
        (argument.isOutput && tensor.readOnly))
      return false;
  }
  return true;
}

void CallPlan::gatherWords(Args args, int64_t *values) const {
  for (const Word &word : words) {
    const TensorRef &tensor = *args[word.argument];
    int64_t value = tensor.shape[word.axis];
    if (word.isStride)
      value = value > 1 ? tensor.strides[word.axis] : 0;
    *values++ = value;
  }
}

/// One step of values that are not negative. False where it has no value.
static bool applyStep(SizeExpr::Op op, int64_t a, int64_t b, int64_t &value) {
  switch (op) {
  case SizeExpr::Op::Mul:
    return !__builtin_mul_overflow(a, b, &value);
  case SizeExpr::Op::Add:
    return !__builtin_add_overflow(a, b, &value);
  case SizeExpr::Op::FloorDiv:
  case SizeExpr::Op::CeilDiv: {
    bool roundsUp = op == SizeExpr::Op::CeilDiv;
    if (b > 0 && (b & (b - 1)) == 0) {
      // Nearly all divisors are constants of this kind, and a division of 64
      // bits takes as long as ten other instructions.
      value = (a >> std::countr_zero(static_cast<uint64_t>(b))) +
              (roundsUp && (a & (b - 1)) != 0);
      return true;
    }
    if (b <= 0)
      return false;
    value = a / b + (roundsUp && a % b != 0);
    return true;
  }
  case SizeExpr::Op::AlignTo: {
    if (b <= 0)
      return false;
    int64_t rest = (b & (b - 1)) == 0 ? a & (b - 1) : a % b;
    return !__builtin_add_overflow(a, rest == 0 ? 0 : b - rest, &value);
  }
  case SizeExpr::Op::Constant:
  case SizeExpr::Op::Word:
    break;
  }
  return false;
}

/// What lies behind the words: constants, and what is computed from both.
bool CallPlan::computeValues(int64_t *values) const {
  for (Slot slot : nonNegative)
    if (values[slot] < 0)
      return false;
  int64_t *next = values + words.size();
  for (int64_t constant : constants)
    *next++ = constant;
  for (const Step &step : steps)
    if (!applyStep(step.op, values[step.a], values[step.b], *next++))
      return false;
  for (const Divisibility &fact : divisibility)
    if (values[fact.value] % fact.divisor != 0)
      return false;
  for (const Minimum &fact : minimums)
    if (values[fact.value] < fact.minimum)
      return false;
  return true;
}

/// Extents, strides, address and the bytes that are covered. Axes from the last
/// to the first, whose strides must rise in this order in an output.
bool CallPlan::checkTensor(const Argument &argument, const TensorRef &tensor,
                           const int64_t *values, ByteRange &range) const {
  const Axis *facts = axes.data() + argument.firstAxis;
  const int64_t elementBytes = argument.elementBytes;
  int64_t bytes = elementBytes, below = 0, above = elementBytes;
  uint64_t covered = 0; // Elements that the axes so far step over.
  for (int axis = argument.rank - 1; axis >= 0; --axis) {
    int64_t extent = tensor.shape[axis];
    if (extent != values[facts[axis].extent] || extent < 1)
      return false;
    if (extent == 1)
      continue;
    int64_t stride = tensor.strides[axis], reach;
    if ((facts[axis].stride != kAny && stride != values[facts[axis].stride]) ||
        __builtin_mul_overflow(bytes, extent, &bytes) ||
        __builtin_mul_overflow(stride, elementBytes, &reach) ||
        __builtin_mul_overflow(reach, extent - 1, &reach) ||
        (reach < 0 ? __builtin_sub_overflow(below, reach, &below)
                   : __builtin_add_overflow(above, reach, &above)))
      return false;
    auto distance = static_cast<uint64_t>(stride < 0 ? -stride : stride);
    if (argument.isOutput && distance <= covered)
      return false;
    covered += distance * uint64_t(extent - 1);
  }
  auto address = reinterpret_cast<uintptr_t>(tensor.data);
  int64_t total;
  return address != 0 && (address & argument.alignmentMask) == 0 &&
         !__builtin_add_overflow(below, above, &total) &&
         !__builtin_sub_overflow(address, below, &range.begin) &&
         !__builtin_add_overflow(address, above, &range.end);
}

/// Whether no output shares memory with another argument, but for pairs that
/// may be one view and are.
bool CallPlan::areApart(Args args, const CallFrame &frame) const {
  for (int output : outputs) {
    const uint64_t begin = frame.rangeBegin[output];
    const uint64_t end = frame.rangeEnd[output];
    for (int other = 0; other < static_cast<int>(args.size()); ++other)
      if (frame.rangeBegin[other] < end && begin < frame.rangeEnd[other] &&
          other != output &&
          // A pair of outputs is looked at once, from the later one.
          !(arguments[other].isOutput && other > output) &&
          !((arguments[output].inPlaceWith >> other & 1) != 0 &&
            isSameView(*args[output], *args[other])))
        return false;
  }
  return true;
}

bool CallPlan::accepts(Args args, CallFrame &frame) const {
  if (!isUsable || !hasForms(args))
    return false;
  gatherWords(args, frame.words);
  if (!computeValues(frame.words))
    return false;
  for (size_t i = 0; i < args.size(); ++i) {
    ByteRange range;
    if (!checkTensor(arguments[i], *args[i], frame.words, range))
      return false;
    frame.buffers[i] = args[i]->data;
    frame.rangeBegin[i] = range.begin;
    frame.rangeEnd[i] = range.end;
  }
  if (!areApart(args, frame))
    return false;
  int64_t *chunkCount = frame.chunkCounts;
  for (Slot slot : chunkCounts)
    *chunkCount++ = frame.words[slot];
  frame.scratchBytes = frame.words[scratchBytes];
  return true;
}
