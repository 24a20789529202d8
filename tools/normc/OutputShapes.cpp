//===- OutputShapes.cpp - how large a kernel's outputs are ----------------===//

#include "OutputShapes.h"

#include "Npy.h"

using namespace normc;
using namespace normc::tool;

static Error invalid(std::string message) {
  return {ErrorKind::InvalidArgument, std::move(message)};
}

/// The value of every word that inputs tell.
static std::vector<std::optional<int64_t>>
collectWords(const Artifact &artifact,
             std::span<const std::optional<TensorRef>> inputs) {
  std::vector<std::optional<int64_t>> words;
  for (const WordSource &source : artifact.words) {
    const std::optional<TensorRef> &input = inputs[source.argument];
    words.emplace_back();
    if (input)
      words.back() =
          (source.isStride ? input->strides : input->shape)[source.axis];
  }
  return words;
}

static Result<int64_t>
evaluateExtent(const SizeExpr &extent,
               const std::vector<std::optional<int64_t>> &words,
               const std::string &what) {
  std::vector<int64_t> values;
  for (const std::optional<int64_t> &word : words)
    values.push_back(word.value_or(0));
  for (const SizeExpr::Step &step : extent.steps)
    if (step.op == SizeExpr::Op::Word && !words[step.operand])
      return invalid("expected an input that tells the " + what +
                     ", but there is none: give it a static extent");
  Result<int64_t> value = extent.evaluate(values);
  if (!value)
    return invalid(what + ": " + value.error().message);
  return value;
}

Result<std::vector<Dims>>
normc::tool::computeShapes(const Artifact &artifact,
                           std::span<const std::optional<TensorRef>> inputs) {
  for (size_t i = 0; i < artifact.arguments.size(); ++i) {
    const ArgumentFacts &facts = artifact.arguments[i];
    if (inputs[i] && size_t(inputs[i]->rank()) != facts.axes.size())
      return invalid("expected '" + facts.name + "' to have " +
                     std::to_string(facts.axes.size()) +
                     " axes, but got shape " + toString(inputs[i]->shape));
  }
  std::vector<std::optional<int64_t>> words = collectWords(artifact, inputs);
  std::vector<Dims> shapes;
  for (size_t i = 0; i < artifact.arguments.size(); ++i) {
    const ArgumentFacts &facts = artifact.arguments[i];
    if (inputs[i]) {
      shapes.push_back(inputs[i]->shape);
      continue;
    }
    std::vector<int64_t> extents;
    for (size_t axis = 0; axis < facts.axes.size(); ++axis) {
      Result<int64_t> extent = evaluateExtent(
          facts.axes[axis].extent, words,
          "extent of '" + facts.name + "' along axis " + std::to_string(axis));
      if (!extent)
        return extent.error();
      extents.push_back(*extent);
    }
    shapes.push_back(Dims{std::span<const int64_t>(extents)});
  }
  return shapes;
}
