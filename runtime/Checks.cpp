//===- Checks.cpp - a call's arguments against the facts ------------------===//

#include "runtime/Checks.h"

#include "runtime/Scratch.h"
#include "runtime/SizeProgram.h"

#include <algorithm>
#include <bit>
#include <string>

using namespace normc;

using Args = std::span<const TensorRef *const>;

//===----------------------------------------------------------------------===//
// Messages
//===----------------------------------------------------------------------===//

static Error invalid(std::string message) {
  return {ErrorKind::InvalidArgument, std::move(message)};
}

static std::string quote(const std::string &name) { return "'" + name + "'"; }

static Error refuse(const ArgumentFacts &facts, const std::string &expected,
                    const std::string &got) {
  return invalid("argument " + quote(facts.name) + ": expected " + expected +
                 ", but got " + got);
}

static std::string alongAxis(int axis) {
  return " along axis " + std::to_string(axis);
}

static std::string toString(const Dims &dims) {
  std::string text = "[";
  for (int axis = 0; axis < dims.size() && axis < kMaxRank; ++axis)
    text += (axis ? ", " : "") + std::to_string(dims[axis]);
  return text + "]";
}

/// A size that could not be evaluated, and what it is the size of.
static Error sizeErrorOf(const std::string &what, SizeFault fault) {
  Error error = sizeError(fault);
  error.message = what + ": " + error.message;
  return error;
}

//===----------------------------------------------------------------------===//
// One argument, alone
//===----------------------------------------------------------------------===//

static Status checkForm(const ArgumentFacts &facts, const TensorRef &tensor) {
  auto rank = static_cast<int>(facts.axes.size());
  if (tensor.rank() > kMaxRank)
    return refuse(facts, "a rank of at most " + std::to_string(kMaxRank),
                  std::to_string(tensor.rank()));
  if (tensor.rank() != rank)
    return refuse(facts, "rank " + std::to_string(rank),
                  std::to_string(tensor.rank()));
  if (tensor.strides.size() != rank)
    return refuse(facts, std::to_string(rank) + " strides",
                  std::to_string(tensor.strides.size()));
  if (tensor.dtype != facts.dtype)
    return refuse(facts, std::string("element type ") + toString(facts.dtype),
                  toString(tensor.dtype));
  if (facts.isOutput && tensor.readOnly)
    return refuse(facts, "a writable buffer", "a read-only one");
  for (int axis = 0; axis < rank; ++axis)
    if (tensor.shape[axis] < 0)
      return refuse(facts, "an extent of at least 0" + alongAxis(axis),
                    std::to_string(tensor.shape[axis]));
  return {};
}

static Status checkExtents(const ArgumentFacts &facts, const TensorRef &tensor,
                           std::span<const int64_t> words) {
  for (int axis = 0; axis < tensor.rank(); ++axis) {
    const AxisFacts &axisFacts = facts.axes[axis];
    int64_t extent = tensor.shape[axis], expected = 0;
    SizeFault fault = evaluateSize(axisFacts.extent, words, expected);
    if (fault != SizeFault::None)
      return sizeErrorOf("argument " + quote(facts.name) + ": extent" +
                             alongAxis(axis),
                         fault);
    if (extent != expected)
      return refuse(facts,
                    "extent " + std::to_string(expected) + alongAxis(axis),
                    std::to_string(extent));
    if (axisFacts.mustBeNonEmpty && extent == 0)
      return refuse(facts,
                    "an extent of at least 1" + alongAxis(axis) +
                        ", which a statistic is taken over",
                    "0");
  }
  return {};
}

static Status checkStrides(const ArgumentFacts &facts, const TensorRef &tensor,
                           std::span<const int64_t> words) {
  for (int axis = 0; axis < tensor.rank(); ++axis) {
    const AxisFacts &axisFacts = facts.axes[axis];
    if (tensor.shape[axis] <= 1 || axisFacts.stride.steps.empty())
      continue;
    int64_t expected = 0;
    SizeFault fault = evaluateSize(axisFacts.stride, words, expected);
    // A constant stride may be negative, unlike any size.
    if (fault == SizeFault::Negative && axisFacts.stride.isConstant())
      fault = SizeFault::None;
    if (fault != SizeFault::None)
      return sizeErrorOf("argument " + quote(facts.name) + ": stride" +
                             alongAxis(axis),
                         fault);
    if (tensor.strides[axis] != expected)
      return refuse(facts,
                    "stride " + std::to_string(expected) + alongAxis(axis),
                    std::to_string(tensor.strides[axis]));
  }
  return {};
}

/// Checks the addresses that the tensor covers, and computes them.
static Status checkMemory(const ArgumentFacts &facts, const TensorRef &tensor,
                          ByteRange &range) {
  if (!tensor.data && !hasNoElements(tensor))
    return refuse(facts, "a buffer", "a null pointer");
  if (!computeByteRange(tensor, range))
    return refuse(facts, "a byte size that fits in 63 bits",
                  "shape " + toString(tensor.shape) + " and strides " +
                      toString(tensor.strides) + " of " +
                      toString(tensor.dtype));
  if (range.isEmpty())
    return {};

  auto address = reinterpret_cast<uintptr_t>(tensor.data);
  auto alignment =
      static_cast<uintptr_t>(std::max(facts.alignment, byteSize(facts.dtype)));
  if (address % alignment != 0)
    return refuse(
        facts,
        "an address that is a multiple of " + std::to_string(alignment) +
            " bytes",
        "a multiple of " +
            std::to_string(uintptr_t(1) << std::countr_zero(address)));
  if (!facts.isOutput || hasDistinctElements(tensor))
    return {};
  for (int axis = 0; axis < tensor.rank(); ++axis)
    if (tensor.shape[axis] > 1 && tensor.strides[axis] == 0)
      return refuse(facts,
                    "a stride other than 0" + alongAxis(axis) + " of an output",
                    "0 with extent " + std::to_string(tensor.shape[axis]));
  return refuse(facts,
                "strides that give each element of an output its own address",
                "strides " + toString(tensor.strides) + " with shape " +
                    toString(tensor.shape));
}

//===----------------------------------------------------------------------===//
// Arguments together
//===----------------------------------------------------------------------===//

static void gatherWords(const Artifact &artifact, Args args, int64_t *words) {
  for (const WordSource &source : artifact.words) {
    const TensorRef &tensor = *args[source.argument];
    int64_t extent = tensor.shape[source.axis];
    if (!source.isStride)
      *words++ = extent;
    else
      *words++ = extent > 1 ? tensor.strides[source.axis] : 0;
  }
}

static Status checkDivisibility(const DivisibilityFact &fact,
                                std::span<const int64_t> words) {
  int64_t value = 0;
  // A lone word may be a stride, and so negative.
  if (fact.value.steps.size() == 1 &&
      fact.value.steps[0].op == SizeExpr::Op::Word) {
    value = words[fact.value.steps[0].operand];
  } else if (SizeFault fault = evaluateSize(fact.value, words, value);
             fault != SizeFault::None) {
    return sizeErrorOf(fact.description, fault);
  }
  if (value % fact.divisor != 0)
    return invalid("expected " + fact.description + " to be divisible by " +
                   std::to_string(fact.divisor) + ", but got " +
                   std::to_string(value));
  return {};
}

static Status checkMinimum(const MinimumFact &fact,
                           std::span<const int64_t> words) {
  int64_t value = 0;
  if (SizeFault fault = evaluateSize(fact.value, words, value);
      fault != SizeFault::None)
    return sizeErrorOf(fact.description, fault);
  if (value < fact.minimum)
    return invalid("expected " + fact.description + " to be at least " +
                   std::to_string(fact.minimum) + ", but got " +
                   std::to_string(value));
  return {};
}

static bool isInPlacePair(const Artifact &artifact, int input, int output) {
  for (const InPlacePair &pair : artifact.inPlace)
    if (pair.input == input && pair.output == output)
      return true;
  return false;
}

static Status checkOverlap(const Artifact &artifact, Args args, int output,
                           const CallFrame &frame) {
  const ByteRange range = frame.range(output);
  for (int other = 0; other < static_cast<int>(args.size()); ++other) {
    // A pair of outputs is looked at once, from the later one.
    if (other == output ||
        (artifact.arguments[other].isOutput && other > output) ||
        !mayOverlap(*args[output], range, *args[other], frame.range(other)))
      continue;
    bool isPair = isInPlacePair(artifact, other, output);
    if (isPair && isSameView(*args[output], *args[other]))
      continue;
    std::string name = quote(artifact.arguments[other].name);
    return refuse(
        artifact.arguments[output],
        "memory apart from argument " + name +
            (isPair ? " or exactly its address, shape and strides" : ""),
        "memory that overlaps it");
  }
  return {};
}

static Status checkSizes(const Artifact &artifact,
                         std::span<const int64_t> words, CallFrame &frame) {
  int64_t *chunkCount = frame.chunkCounts;
  for (const StageFacts &stage : artifact.stages)
    if (SizeFault fault = evaluateSize(stage.chunkCount, words, *chunkCount++);
        fault != SizeFault::None)
      return sizeErrorOf("chunks of stage " + quote(stage.entry), fault);
  SizeFault fault =
      evaluateSize(artifact.scratchBytes, words, frame.scratchBytes);
  if (fault != SizeFault::None)
    return sizeErrorOf("scratch memory", fault);
  return {};
}

Status normc::checkCount(const Artifact &artifact, size_t count) {
  if (count == artifact.arguments.size())
    return {};
  std::string names;
  for (const ArgumentFacts &facts : artifact.arguments)
    names += (names.empty() ? "" : ", ") + quote(facts.name);
  return invalid("expected " + std::to_string(artifact.arguments.size()) +
                 " arguments (" + names + "), but got " +
                 std::to_string(count));
}

Status normc::checkCall(const Artifact &artifact, Args args, CallFrame &frame) {
  if (Status status = checkCount(artifact, args.size()); !status)
    return status;
  auto count = static_cast<int>(args.size());
  for (int i = 0; i < count; ++i)
    if (Status status = checkForm(artifact.arguments[i], *args[i]); !status)
      return status;

  gatherWords(artifact, args, frame.words);
  const std::span<const int64_t> words(frame.words, artifact.words.size());
  // First: other extents follow from the quotients.
  for (const DivisibilityFact &fact : artifact.divisibility)
    if (Status status = checkDivisibility(fact, words); !status)
      return status;
  for (const MinimumFact &fact : artifact.minimums)
    if (Status status = checkMinimum(fact, words); !status)
      return status;
  for (int i = 0; i < count; ++i) {
    const ArgumentFacts &facts = artifact.arguments[i];
    const TensorRef &tensor = *args[i];
    if (Status status = checkExtents(facts, tensor, words); !status)
      return status;
    // No address is formed from the strides of a tensor without elements.
    if (!hasNoElements(tensor))
      if (Status status = checkStrides(facts, tensor, words); !status)
        return status;
    ByteRange range;
    if (Status status = checkMemory(facts, tensor, range); !status)
      return status;
    frame.buffers[i] = tensor.data;
    frame.rangeBegin[i] = range.begin;
    frame.rangeEnd[i] = range.end;
  }
  for (int i = 0; i < count; ++i)
    if (artifact.arguments[i].isOutput)
      if (Status status = checkOverlap(artifact, args, i, frame); !status)
        return status;
  return checkSizes(artifact, words, frame);
}

Status normc::checkScratch(const Artifact &artifact,
                           std::span<std::byte> scratch,
                           const CallFrame &frame) {
  if (frame.scratchBytes == 0)
    return {};
  if (scratch.size() < static_cast<uint64_t>(frame.scratchBytes))
    return invalid("scratch memory: expected at least " +
                   std::to_string(frame.scratchBytes) + " bytes, but got " +
                   std::to_string(scratch.size()));
  auto begin = reinterpret_cast<uintptr_t>(scratch.data());
  if (begin == 0)
    return invalid("scratch memory: expected a buffer, but got a null pointer");
  if (begin % kScratchAlignment != 0)
    return invalid(
        "scratch memory: expected an address that is a multiple of " +
        std::to_string(kScratchAlignment) + " bytes, but got a multiple of " +
        std::to_string(uintptr_t(1) << std::countr_zero(begin)));
  uintptr_t end = begin + static_cast<uint64_t>(frame.scratchBytes);
  for (size_t i = 0; i < artifact.arguments.size(); ++i)
    if (!frame.range(i).isEmpty() && frame.rangeBegin[i] < end &&
        begin < frame.rangeEnd[i])
      return invalid("scratch memory: expected memory apart from argument " +
                     quote(artifact.arguments[i].name) +
                     ", but got memory that overlaps it");
  return {};
}
