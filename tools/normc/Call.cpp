//===- Call.cpp - a kernel and what it is called with ---------------------===//

#include "Call.h"

#include "Files.h"
#include "Npy.h"
#include "RandomFill.h"
#include "Shapes.h"

#include "normc/ArtifactFile.h"

#include "llvm/ADT/STLExtras.h"

#include <cstring>

using namespace normc;
using namespace normc::tool;

std::string normc::tool::sourceName(const Options &options) {
  return options.file == "-" ? "<stdin>" : options.file;
}

Result<std::unique_ptr<llvm::MemoryBuffer>>
normc::tool::readText(const Options &options) {
  auto source = readFile(options.file, kMaxSourceBytes);
  if (source && isArtifact(std::string_view((*source)->getBuffer())))
    return Error{ErrorKind::InvalidArgument,
                 "expected '" + sourceName(options) +
                     "' to be .mlir text, but it is a saved kernel"};
  return source;
}

Result<Artifact> normc::tool::loadArtifact(const Options &options) {
  Result<Target> target = Target::named(options.target);
  if (!target)
    return target.error();
  auto source = readFile(options.file, kMaxSourceBytes);
  if (!source)
    return source.error();
  std::string_view bytes = (*source)->getBuffer();
  if (isArtifact(bytes)) {
    Result<std::vector<Artifact>> variants = deserializeVariants(bytes);
    if (!variants)
      return variants.error();
    Result<size_t> chosen = chooseVariant(*variants);
    if (!chosen)
      return chosen.error();
    Artifact &artifact = (*variants)[*chosen];
    if (options.target != "native")
      return Error{ErrorKind::InvalidArgument,
                   "expected no --target with a saved kernel, which is for '" +
                       artifact.cpu + "', but got '" + options.target + "'"};
    return std::move(artifact);
  }
  return compile(bytes, *target, sourceName(options));
}

/// Reads the arrays of --in to their positions.
static Status readInputs(const Artifact &artifact, const Options &options,
                         std::vector<Array> &arrays,
                         std::vector<std::optional<TensorRef>> &given) {
  for (const Binding &binding : options.inputs)
    for (auto [i, facts] : llvm::enumerate(artifact.arguments)) {
      if (facts.name != binding.name)
        continue;
      if (given[i])
        return Error{ErrorKind::InvalidArgument,
                     "expected --in or --shape for '" + facts.name +
                         "', but got both"};
      auto file = readFile(binding.path, std::nullopt, kNpyMagic);
      if (!file)
        return file.error();
      Result<Array> array =
          parseNpy((*file)->getBuffer(), facts.dtype,
                   "'" + facts.name + "' (" + binding.path + ")");
      if (!array)
        return array.error();
      arrays[i] = *std::move(array);
      given[i] = arrays[i].ref();
    }
  return {};
}

/// True for an argument that some norm takes as a variance.
static bool isVariance(const Artifact &artifact, size_t argument) {
  return llvm::any_of(artifact.norms, [&](const DeclaredNorm &norm) {
    return norm.variance == int64_t(argument);
  });
}

/// True where the kernel fixes a stride along which `array` has another.
static bool isLaidOutElse(const ArgumentFacts &facts, const Array &array,
                          const Dims &strides) {
  for (auto [axis, axisFacts] : llvm::enumerate(facts.axes))
    if (!axisFacts.stride.steps.empty() && array.shape[int(axis)] > 1 &&
        array.strides[int(axis)] != strides[int(axis)])
      return true;
  return false;
}

/// Copies an array that was read to row-major order where its argument must
/// have that: a file's order is no part of what it says. Other fixed strides
/// are left to the call to refuse, as they may put two elements at one address.
static Status layOut(const ArgumentFacts &facts, std::span<const int64_t> words,
                     Array &array) {
  if (size_t(array.shape.size()) != facts.axes.size())
    return {}; // The call refuses it.
  Result<Dims> strides = chooseStrides(facts, array.shape, words);
  if (!strides)
    return strides.error();
  if (!isLaidOutElse(facts, array, *strides))
    return {};
  Result<Array> copy =
      allocateArray(facts.dtype, array.shape, *strides, "'" + facts.name + "'");
  if (!copy)
    return copy.error();
  ElementWalk to(*copy);
  for (ElementWalk from(array); !from.atEnd(); from.next(), to.next())
    std::memcpy(to.address(), from.address(), size_t(byteSize(facts.dtype)));
  array = *std::move(copy);
  return {};
}

Result<std::vector<Array>>
normc::tool::makeArrays(const Artifact &artifact, const Options &options,
                        std::optional<uint64_t> seed) {
  auto given = placeShapes(artifact, options.shapes);
  if (!given)
    return given.error();
  std::vector<Array> arrays(artifact.arguments.size());
  if (Status status = readInputs(artifact, options, arrays, *given); !status)
    return status.error();
  Result<std::vector<Dims>> shapes = computeShapes(artifact, *given);
  if (!shapes)
    return shapes.error();
  std::vector<int64_t> words = extentWords(artifact, *shapes);
  for (auto [i, facts] : llvm::enumerate(artifact.arguments)) {
    if (arrays[i].data) {
      if (Status status = layOut(facts, words, arrays[i]); !status)
        return status.error();
      continue;
    }
    Result<Dims> strides = chooseStrides(facts, (*shapes)[i], words);
    if (!strides)
      return strides.error();
    Result<Array> array = allocateArray(facts.dtype, (*shapes)[i], *strides,
                                        "'" + facts.name + "'");
    if (!array)
      return array.error();
    arrays[i] = *std::move(array);
    if (!facts.isOutput && seed)
      fillRandom(arrays[i], *seed, facts.name, isVariance(artifact, i),
                 defaultExecutor());
  }
  return arrays;
}

std::vector<TensorRef>
normc::tool::tensorsOf(const std::vector<Array> &arrays) {
  std::vector<TensorRef> tensors;
  for (const Array &array : arrays)
    tensors.push_back(array.ref());
  return tensors;
}
