//===- ColdCalls.cpp - calls that find nothing in the caches --------------===//

#include "ColdCalls.h"

#include "Call.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace normc;
using namespace normc::tool;

static Result<Array> copyOf(const Array &array, const std::string &name) {
  Result<Array> copy =
      allocateArray(array.dtype, array.shape, array.strides, "'" + name + "'");
  if (copy)
    std::memcpy(copy->data.get(), array.data.get(), size_t(array.bytes));
  return copy;
}

Result<ColdCalls> ColdCalls::make(const Artifact &artifact,
                                  std::vector<Array> arrays, int64_t bytes,
                                  int64_t cacheBytes, Executor &executor) {
  constexpr int64_t most = 4096; // Arrays of less than some KB stay warm.
  ColdCalls calls;
  calls.bytes = std::max<int64_t>(bytes, 1);
  calls.cacheBytes = cacheBytes;
  calls.runner = &executor;
  int64_t count = std::clamp<int64_t>(
      (4 * cacheBytes + calls.bytes - 1) / calls.bytes, 1, most);
  calls.sets.push_back(std::move(arrays));
  for (int64_t i = 1; i < count; ++i) {
    std::vector<Array> copies;
    for (auto [array, facts] : llvm::zip(calls.sets[0], artifact.arguments)) {
      Result<Array> copy = copyOf(array, facts.name);
      if (!copy)
        return copy.error();
      copies.push_back(*std::move(copy));
    }
    calls.sets.push_back(std::move(copies));
  }
  for (const std::vector<Array> &set : calls.sets)
    calls.tensors.push_back(tensorsOf(set));
  for (auto [i, facts] : llvm::enumerate(artifact.arguments))
    if (facts.isOutput)
      calls.outputs.push_back(i);
  return calls;
}

Status ColdCalls::run(const Kernel &kernel) {
  next = (next + 1) % sets.size();
  return kernel.run(tensors[next], *runner);
}

Status ColdCalls::runFirst(const Kernel &kernel) {
  // An element that a variant leaves out must not look like a result.
  for (size_t output : outputs)
    std::memset(sets[0][output].data.get(), 0xA5,
                size_t(sets[0][output].bytes));
  return kernel.run(tensors[0], *runner);
}

Status ColdCalls::setReference(const Kernel &kernel) {
  if (Status status = runFirst(kernel); !status)
    return status;
  reference.clear();
  for (size_t output : outputs) {
    Result<Array> copy = copyOf(sets[0][output], "the reference");
    if (!copy)
      return copy.error();
    reference.push_back(*std::move(copy));
  }
  return {};
}

Result<std::string> ColdCalls::compare(const Kernel &kernel,
                                       Sameness sameness) {
  if (Status status = runFirst(kernel); !status)
    return status.error();
  const std::vector<ArgumentFacts> &arguments = kernel.artifact().arguments;
  for (auto [expected, output] : llvm::zip(reference, outputs)) {
    std::string difference =
        findDifference(expected, sets[0][output], sameness);
    if (!difference.empty())
      return "'" + arguments[output].name + "': " + difference;
  }
  return std::string();
}

int ColdCalls::callsPerSample(double seconds) const {
  constexpr double longest = 5e-3;
  double enough = std::ceil(double(cacheBytes) / double(bytes));
  double most = std::max(1.0, std::floor(longest / std::max(seconds, 1e-9)));
  return int(std::clamp(enough, 1.0, most));
}
