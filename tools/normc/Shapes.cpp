//===- Shapes.cpp - how large a call's tensors are ------------------------===//

#include "Shapes.h"

#include "Array.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <cstdlib>

using namespace normc;
using namespace normc::tool;
using Op = SizeExpr::Op;

static Error invalid(std::string message) {
  return {ErrorKind::InvalidArgument, std::move(message)};
}

std::string normc::tool::describeShape(const Dims &shape) {
  std::vector<std::string> extents;
  for (int axis = 0; axis < shape.size(); ++axis)
    extents.push_back(std::to_string(shape[axis]));
  return llvm::join(extents, "x");
}

std::string normc::tool::describeShape(const ArgumentFacts &facts) {
  std::vector<std::string> extents;
  for (const AxisFacts &axis : facts.axes)
    extents.push_back(axis.extent.isConstant()
                          ? std::to_string(axis.extent.steps[0].operand)
                          : "?");
  return llvm::join(extents, "x");
}

/// The word that an axis gives or must agree with, or -1.
static int64_t wordOf(const AxisFacts &axis) {
  bool isWord =
      axis.extent.steps.size() == 1 && axis.extent.steps[0].op == Op::Word;
  return isWord ? axis.extent.steps[0].operand : -1;
}

/// The value of every word that a given tensor tells.
static std::vector<std::optional<int64_t>>
collectWords(const Artifact &artifact,
             std::span<const std::optional<TensorRef>> given) {
  std::vector<std::optional<int64_t>> words;
  for (const WordSource &source : artifact.words) {
    const std::optional<TensorRef> &tensor = given[source.argument];
    words.emplace_back();
    if (tensor)
      words.back() =
          (source.isStride ? tensor->strides : tensor->shape)[source.axis];
  }
  for (auto [facts, tensor] : llvm::zip_equal(artifact.arguments, given))
    for (size_t axis = 0; tensor && axis < facts.axes.size(); ++axis)
      if (int64_t word = wordOf(facts.axes[axis]); word >= 0 && !words[word])
        words[word] = tensor->shape[int(axis)];
  return words;
}

/// Says which --shape tells a word.
static Error missing(const Artifact &artifact, const std::string &what,
                     int64_t word) {
  const WordSource &source = artifact.words[word];
  const ArgumentFacts &facts = artifact.arguments[source.argument];
  std::vector<std::string> extents;
  for (size_t axis = 0; axis < facts.axes.size(); ++axis) {
    const SizeExpr &extent = facts.axes[axis].extent;
    extents.push_back(extent.isConstant()
                          ? std::to_string(extent.steps[0].operand)
                          : ("N" + llvm::Twine(axis)).str());
  }
  return invalid("expected --shape " + facts.name + "=" +
                 llvm::join(extents, "x") +
                 " with numbers, or an array, that tells the " + what);
}

static Result<int64_t>
evaluateExtent(const Artifact &artifact, const SizeExpr &extent,
               const std::vector<std::optional<int64_t>> &words,
               const std::string &what) {
  std::vector<int64_t> values;
  for (const std::optional<int64_t> &word : words)
    values.push_back(word.value_or(0));
  for (const SizeExpr::Step &step : extent.steps)
    if (step.op == Op::Word && !words[step.operand])
      return missing(artifact, what, step.operand);
  Result<int64_t> value = extent.evaluate(values);
  if (!value)
    return invalid(what + ": " + value.error().message);
  return value;
}

static std::string extentOf(const ArgumentFacts &facts, size_t axis) {
  return "extent of '" + facts.name + "' along axis " + std::to_string(axis);
}

Result<std::vector<Dims>>
normc::tool::computeShapes(const Artifact &artifact,
                           std::span<const std::optional<TensorRef>> given) {
  for (auto [facts, tensor] : llvm::zip_equal(artifact.arguments, given))
    if (tensor && size_t(tensor->rank()) != facts.axes.size())
      return invalid("expected '" + facts.name + "' to have " +
                     std::to_string(facts.axes.size()) +
                     " axes, but got shape " + toString(tensor->shape));
  std::vector<std::optional<int64_t>> words = collectWords(artifact, given);
  std::vector<Dims> shapes;
  for (auto [facts, tensor] : llvm::zip_equal(artifact.arguments, given)) {
    if (tensor) {
      shapes.push_back(tensor->shape);
      continue;
    }
    std::vector<int64_t> extents;
    for (size_t axis = 0; axis < facts.axes.size(); ++axis) {
      Result<int64_t> extent = evaluateExtent(artifact, facts.axes[axis].extent,
                                              words, extentOf(facts, axis));
      if (!extent)
        return extent.error();
      extents.push_back(*extent);
    }
    shapes.push_back(Dims{std::span<const int64_t>(extents)});
  }
  return shapes;
}

Result<std::vector<std::optional<TensorRef>>>
normc::tool::placeShapes(const Artifact &artifact,
                         const std::vector<ShapeBinding> &shapes) {
  std::vector<llvm::StringRef> names;
  for (const ArgumentFacts &facts : artifact.arguments)
    names.push_back(facts.name);
  std::vector<std::optional<TensorRef>> tensors(names.size());
  for (const ShapeBinding &binding : shapes) {
    auto found = llvm::find(names, binding.name);
    if (found == names.end())
      return invalid("expected --shape to name one of the arguments (" +
                     llvm::join(names, ", ") + "), but got '" + binding.name +
                     "'" + suggest(binding.name, names));
    size_t index = found - names.begin();
    const ArgumentFacts &facts = artifact.arguments[index];
    bool fits = size_t(binding.shape.size()) == facts.axes.size();
    for (size_t axis = 0; fits && axis < facts.axes.size(); ++axis)
      fits =
          !facts.axes[axis].extent.isConstant() ||
          facts.axes[axis].extent.steps[0].operand == binding.shape[int(axis)];
    if (!fits)
      return invalid("expected --shape " + facts.name + " of the form " +
                     describeShape(facts) + ", but got " +
                     describeShape(binding.shape));
    tensors[index] = TensorRef::contiguous(static_cast<void *>(nullptr),
                                           facts.dtype, binding.shape);
  }
  return tensors;
}

Status normc::tool::checkShapes(const Artifact &artifact,
                                std::span<const Dims> shapes) {
  std::vector<int64_t> words = extentWords(artifact, shapes);
  for (auto [facts, shape] : llvm::zip_equal(artifact.arguments, shapes))
    for (size_t axis = 0; axis < facts.axes.size(); ++axis) {
      Result<int64_t> extent = facts.axes[axis].extent.evaluate(words);
      if (extent && *extent != shape[int(axis)])
        return invalid("expected the " + extentOf(facts, axis) + " to be " +
                       std::to_string(*extent) + ", but got " +
                       std::to_string(shape[int(axis)]));
    }
  for (const DivisibilityFact &fact : artifact.divisibility) {
    Result<int64_t> value = fact.value.evaluate(words);
    if (value && *value % fact.divisor != 0)
      return invalid("expected " + fact.description + " to be divisible by " +
                     std::to_string(fact.divisor) + ", but got " +
                     std::to_string(*value));
  }
  for (const MinimumFact &fact : artifact.minimums) {
    Result<int64_t> value = fact.value.evaluate(words);
    if (value && *value < fact.minimum)
      return invalid("expected " + fact.description + " to be at least " +
                     std::to_string(fact.minimum) + ", but got " +
                     std::to_string(*value));
  }
  return {};
}

std::vector<int64_t> normc::tool::extentWords(const Artifact &artifact,
                                              std::span<const Dims> shapes) {
  std::vector<int64_t> words;
  for (const WordSource &source : artifact.words)
    words.push_back(source.isStride ? 0 : shapes[source.argument][source.axis]);
  return words;
}

Result<Dims> normc::tool::chooseStrides(const ArgumentFacts &facts,
                                        const Dims &shape,
                                        std::span<const int64_t> words) {
  Dims strides = shape;
  int64_t next = 1;
  for (int axis = shape.size() - 1; axis >= 0; --axis) {
    const SizeExpr &asked = facts.axes[axis].stride;
    strides[axis] = next;
    if (asked.isConstant()) { // It may be negative, unlike a size.
      strides[axis] = asked.steps[0].operand;
    } else if (!asked.steps.empty()) {
      Result<int64_t> stride = asked.evaluate(words);
      if (!stride)
        return invalid("stride of '" + facts.name + "' along axis " +
                       std::to_string(axis) + ": " + stride.error().message);
      strides[axis] = *stride;
    }
    int64_t end = 0;
    if (__builtin_mul_overflow(std::llabs(strides[axis]),
                               std::max<int64_t>(shape[axis], 1), &end))
      return invalid("'" + facts.name +
                     "': expected fewer than 2^63 bytes, but got shape " +
                     toString(shape));
    next = std::max(next, end);
  }
  return strides;
}

int64_t normc::tool::mandatoryBytes(const Artifact &artifact,
                                    std::span<const Dims> shapes) {
  int64_t bytes = 0;
  for (auto [facts, shape] : llvm::zip_equal(artifact.arguments, shapes))
    bytes +=
        countElements(facts.dtype, shape).value_or(0) * byteSize(facts.dtype);
  return bytes;
}

Result<int64_t> normc::tool::timedBytes(const Artifact &artifact,
                                        std::span<const Dims> shapes) {
  for (auto [facts, shape] : llvm::zip_equal(artifact.arguments, shapes))
    if (facts.isOutput && countElements(facts.dtype, shape).value_or(0) != 0)
      return mandatoryBytes(artifact, shapes);
  return Error{ErrorKind::InvalidArgument,
               "expected results with elements, but there are none"};
}
