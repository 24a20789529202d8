//===- ColdCalls.h - calls that find nothing in the caches ------*- C++ -*-===//
//
// Arrays for one kernel's variants, several times over, so that calls in turns
// on them find neither their inputs nor their outputs in the caches.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TOOLS_NORMC_COLDCALLS_H
#define NORMC_TOOLS_NORMC_COLDCALLS_H

#include "Array.h"
#include "Difference.h"

#include "normc/Executor.h"
#include "normc/Kernel.h"

#include <string>
#include <vector>

namespace normc::tool {

/// Not thread safe. The executor must outlive it.
class ColdCalls {
public:
  /// Takes the arrays of one call, which moves `bytes` bytes, and makes copies
  /// until they are four times as large as a last-level cache of `cacheBytes`.
  /// Fails with Environment where there is no memory for them.
  static Result<ColdCalls> make(const Artifact &artifact,
                                std::vector<Array> arrays, int64_t bytes,
                                int64_t cacheBytes, Executor &executor);

  /// Runs on the arrays that were not used for longest.
  Status run(const Kernel &kernel);
  /// Runs, and keeps the results for `compare`.
  Status setReference(const Kernel &kernel);
  /// Runs, and says how the results are not as the reference's; see
  /// `findDifference`.
  Result<std::string> compare(const Kernel &kernel, Sameness sameness);

  /// Calls that move as much as the last-level cache holds, but no more than
  /// take about 5 ms if one takes `seconds`.
  int callsPerSample(double seconds) const;
  /// False where the calls are so small that their arrays stay in the caches.
  bool areCold() const { return sets.size() * bytes >= 2 * size_t(cacheBytes); }
  int64_t bytesPerCall() const { return bytes; }
  Executor &executor() const { return *runner; }

private:
  /// Runs on the first set, whose outputs hold no results before.
  Status runFirst(const Kernel &kernel);

  std::vector<std::vector<Array>> sets;
  std::vector<std::vector<TensorRef>> tensors; ///< As `sets`.
  std::vector<size_t> outputs;                 ///< Positions of arguments.
  std::vector<Array> reference;                ///< As `outputs`.
  int64_t bytes = 0, cacheBytes = 0;
  size_t next = 0;
  Executor *runner = nullptr;
};

} // namespace normc::tool

#endif // NORMC_TOOLS_NORMC_COLDCALLS_H
