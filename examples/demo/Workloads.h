//===- Workloads.h - four norms at real sizes -------------------*- C++ -*-===//
//
// The demo's kernels with their data, and their judgement by the oracle on a
// sample: the oracle computes in long double and is far slower than a kernel.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_EXAMPLES_DEMO_WORKLOADS_H
#define NORMC_EXAMPLES_DEMO_WORKLOADS_H

#include "normc/Kernel.h"
#include "tests/numerics/Check.h"
#include "tests/numerics/Oracle.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace demo {

/// Memory that starts at a multiple of 64 bytes, uninitialised.
std::shared_ptr<std::byte> allocate(int64_t bytes);

/// A tensor without gaps, and its memory.
struct Tensor {
  std::string name;
  normc::DType dtype = normc::DType::F32;
  std::vector<int64_t> shape;
  bool isOutput = false;
  std::shared_ptr<std::byte> memory = nullptr;

  int64_t byteCount() const;
  /// The element at a row-major position.
  long double at(int64_t position) const;
};

/// A kernel and the tensors that it is called with.
struct Workload {
  std::string name;      ///< "RMSNorm bf16"
  std::string extent;    ///< "32768 x 4096"
  std::string text = {}; ///< The kernel as .mlir.
  std::vector<Tensor> tensors = {};
  /// Compares the outputs of a run with the oracle, on a sample.
  std::function<normc::numerics::Comparison(const Workload &)> check = {};

  const Tensor &tensor(std::string_view name) const;
  /// The tensors as a kernel's arguments.
  std::vector<normc::NamedTensor> arguments() const;
  /// What a kernel has to move at least: each tensor once.
  int64_t mandatoryBytes() const;
};

// Each allocates and fills its tensors. `quick` chooses sizes of a fraction of
// a megabyte.
Workload makeRmsNorm(bool quick);
Workload makeSoftmax(bool quick);
Workload makeGroupNorm(bool quick);
Workload makeLayerNormBackward(bool quick);

} // namespace demo

#endif // NORMC_EXAMPLES_DEMO_WORKLOADS_H
