//===- Run.cpp - normc run ------------------------------------------------===//

#include "Commands.h"
#include "Files.h"
#include "Npy.h"
#include "OutputShapes.h"

#include "normc/ArtifactFile.h"
#include "normc/normc.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace normc;
using namespace normc::tool;
using llvm::StringRef;

static Error invalid(std::string message) {
  return {ErrorKind::InvalidArgument, std::move(message)};
}

/// No output is a file that was read, or another output.
static Status checkPaths(const Options &options) {
  std::vector<std::string> taken = {options.file};
  for (const Binding &input : options.inputs)
    taken.push_back(input.path);
  for (const Binding &output : options.outputs) {
    if (Status apart = checkApart(output.path, taken); !apart)
      return apart;
    taken.push_back(output.path);
  }
  return {};
}

/// Every input (or output) of the kernel has a file, and every file an input.
static Status checkNames(const Artifact &artifact, bool outputs,
                         const std::vector<Binding> &bindings) {
  StringRef option = outputs ? "--out" : "--in";
  StringRef kind = outputs ? "output" : "input";
  std::vector<StringRef> names;
  for (const ArgumentFacts &argument : artifact.arguments)
    if (argument.isOutput == outputs)
      names.push_back(argument.name);
  for (const Binding &binding : bindings)
    if (!llvm::is_contained(names, binding.name))
      return invalid(("expected " + option + " to name one of the " + kind +
                      "s (" + llvm::join(names, ", ") + "), but got '" +
                      binding.name + "'" + suggest(binding.name, names))
                         .str());
  for (StringRef name : names)
    if (llvm::none_of(bindings, [&](const Binding &binding) {
          return binding.name == name;
        }))
      return invalid(("expected " + option + " " + name + "=PATH for " + kind +
                      " '" + name + "', but it is not given")
                         .str());
  return {};
}

static const std::string &pathOf(const std::vector<Binding> &bindings,
                                 const std::string &name) {
  return llvm::find_if(
             bindings,
             [&](const Binding &binding) { return binding.name == name; })
      ->path;
}

/// Reads the inputs and makes room for the outputs, in the artifact's order.
static Result<std::vector<Array>> makeArrays(const Artifact &artifact,
                                             const Options &options) {
  std::vector<Array> arrays(artifact.arguments.size());
  std::vector<std::optional<TensorRef>> inputs(arrays.size());
  for (auto [i, facts] : llvm::enumerate(artifact.arguments)) {
    if (facts.isOutput)
      continue;
    const std::string &path = pathOf(options.inputs, facts.name);
    auto file = readFile(path);
    if (!file)
      return file.error();
    Result<Array> array = parseNpy((*file)->getBuffer(), facts.dtype,
                                   "'" + facts.name + "' (" + path + ")");
    if (!array)
      return array.error();
    arrays[i] = *std::move(array);
    inputs[i] = arrays[i].ref();
  }
  Result<std::vector<Dims>> shapes = computeShapes(artifact, inputs);
  if (!shapes)
    return shapes.error();
  for (auto [i, facts] : llvm::enumerate(artifact.arguments)) {
    if (!facts.isOutput)
      continue;
    Result<Array> array =
        allocateArray(facts.dtype, (*shapes)[i], "'" + facts.name + "'");
    if (!array)
      return array.error();
    arrays[i] = *std::move(array);
  }
  return arrays;
}

static Status runOn(const Kernel &kernel, const std::vector<Array> &arrays,
                    std::optional<int> threads) {
  std::vector<TensorRef> tensors;
  for (const Array &array : arrays)
    tensors.push_back(array.ref());
  if (!threads)
    return kernel.run(tensors);
  std::unique_ptr<Executor> executor = makeThreadExecutor(*threads);
  return kernel.run(tensors, *executor);
}

static Status writeOutputs(const Artifact &artifact,
                           const std::vector<Array> &arrays,
                           const Options &options) {
  OutputFiles files;
  for (auto [facts, array] : llvm::zip_equal(artifact.arguments, arrays)) {
    if (!facts.isOutput)
      continue;
    StringRef elements(reinterpret_cast<const char *>(array.data.get()),
                       array.bytes);
    if (Status status =
            files.add(pathOf(options.outputs, facts.name),
                      {npyHeader(facts.dtype, array.shape), elements});
        !status)
      return status;
  }
  return files.commit();
}

/// What FILE holds, or what its text compiles to.
static Result<Artifact> readArtifact(const Options &options) {
  Result<Target> target = Target::named(options.target);
  if (!target)
    return target.error();
  auto source = readFile(options.file);
  if (!source)
    return source.error();
  StringRef bytes = (*source)->getBuffer();
  if (isArtifact(bytes))
    return deserialize(bytes);
  return compile(bytes, *target,
                 options.file == "-" ? "<stdin>" : options.file);
}

Status normc::tool::runCommand(const Options &options) {
  if (Status status = checkPaths(options); !status)
    return status;
  Result<Artifact> artifact = readArtifact(options);
  if (!artifact)
    return artifact.error();
  if (Status status = checkNames(*artifact, false, options.inputs); !status)
    return status;
  if (Status status = checkNames(*artifact, true, options.outputs); !status)
    return status;
  Result<Kernel> kernel = Kernel::load(*artifact);
  if (!kernel)
    return kernel.error();
  Result<std::vector<Array>> arrays = makeArrays(*artifact, options);
  if (!arrays)
    return arrays.error();
  if (Status status = runOn(*kernel, *arrays, options.threads); !status)
    return status;
  return writeOutputs(*artifact, *arrays, options);
}
