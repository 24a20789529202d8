//===- Run.cpp - normc run ------------------------------------------------===//

#include "Call.h"
#include "Commands.h"
#include "Files.h"
#include "Npy.h"
#include "Stats.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <cstring>

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
    if (options.stats && output.path == "-")
      return invalid("expected --out " + output.name +
                     " to be a file, but standard output has the statistics");
    if (Status apart = checkApart(output.path, taken); !apart)
      return apart;
    taken.push_back(output.path);
  }
  return {};
}

/// Every file has an input (or output), and where `needed` is set, every input
/// a file.
static Status checkNames(const Artifact &artifact, bool outputs, bool needed,
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
    if (needed && llvm::none_of(bindings, [&](const Binding &binding) {
          return binding.name == name;
        }))
      return invalid(("expected " + option + " " + name + "=PATH for " + kind +
                      " '" + name + "', but it is not given")
                         .str());
  return {};
}

/// The elements in C order: the array's own memory where they are.
static StringRef inOrder(const Array &array, std::string &copy) {
  if (array.isRowMajor())
    return {reinterpret_cast<const char *>(array.data.get()),
            size_t(array.bytes)};
  for (ElementWalk walk(array); !walk.atEnd(); walk.next())
    copy.append(reinterpret_cast<const char *>(walk.address()),
                size_t(byteSize(array.dtype)));
  return copy;
}

static Status writeOutputs(const Artifact &artifact,
                           const std::vector<Array> &arrays,
                           const Options &options) {
  OutputFiles files;
  for (auto [facts, array] : llvm::zip_equal(artifact.arguments, arrays))
    for (const Binding &binding : options.outputs) {
      if (!facts.isOutput || binding.name != facts.name)
        continue;
      std::string copy;
      if (Status status =
              files.add(binding.path, {npyHeader(facts.dtype, array.shape),
                                       inOrder(array, copy)});
          !status)
        return status;
    }
  return files.commit();
}

Status normc::tool::runCommand(const Options &options) {
  if (Status status = checkPaths(options); !status)
    return status;
  Result<Artifact> artifact = loadArtifact(options);
  if (!artifact)
    return artifact.error();
  bool needsOutputs = !options.stats && !options.random;
  if (Status status =
          checkNames(*artifact, false, !options.random, options.inputs);
      !status)
    return status;
  if (Status status =
          checkNames(*artifact, true, needsOutputs, options.outputs);
      !status)
    return status;
  Result<Kernel> kernel = Kernel::load(*artifact);
  if (!kernel)
    return kernel.error();
  Result<std::vector<Array>> arrays =
      makeArrays(*artifact, options, options.random);
  if (!arrays)
    return arrays.error();
  Threads threads(options);
  if (Status status = kernel->run(tensorsOf(*arrays), threads.executor());
      !status)
    return status;
  if (Status status = writeOutputs(*artifact, *arrays, options); !status)
    return status;
  if (!options.stats)
    return {};
  return OutputFiles().add("-", {writeStats(*artifact, *arrays)});
}
