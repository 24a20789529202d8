//===- Buffers.h - strided test tensors that watch their edges --*- C++ -*-===//
//
// Buffers of any type, layout and alignment for calling kernels with, which
// notice what a kernel writes outside of the tensor; and the seeded generator
// that fills them.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_NUMERICS_BUFFERS_H
#define NORMC_TESTS_NUMERICS_BUFFERS_H

#include "normc/Artifact.h"
#include "normc/Tensor.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace normc::numerics {

/// Numbers from a seed, the same on every machine (SplitMix64, Steele et al.,
/// 2014).
class Generator {
public:
  explicit Generator(uint64_t seed) : state(seed) {}
  uint64_t next();
  /// In [0, 1).
  double uniform();
  /// Mean 0, variance 1; within +-6.
  double normal();

private:
  uint64_t state;
};

/// Row-major strides without gaps.
std::vector<int64_t> rowMajor(const std::vector<int64_t> &shape);

/// Where a tensor lies.
struct Layout {
  /// In elements, one per axis; empty means row-major without gaps. Zero and
  /// negative strides are fine.
  std::vector<int64_t> strides = {};
  /// Elements by which the lowest address misses a multiple of 64 bytes.
  int64_t offset = 0;
  /// Puts the tensor's last byte at the end of a page whose successor can't be
  /// touched; `offset` is ignored.
  bool endsAtGuardPage = false;
};

/// A tensor in memory of its own, surrounded and interspersed (where strides
/// leave gaps) with bytes 0xff, of which every type makes NaN.
class Buffer {
public:
  Buffer(std::string name, DType dtype, std::vector<int64_t> shape,
         const Layout &layout = {});

  const std::string &name() const { return label; }
  DType dtype() const { return type; }
  const std::vector<int64_t> &shape() const { return extents; }
  const std::vector<int64_t> &strides() const { return steps; }
  int64_t elementCount() const;

  /// A view to call a kernel with, writable.
  TensorRef ref() const;

  /// Writes all elements' bits, given row-major, and takes a snapshot of all
  /// bytes for the two questions below.
  void fill(const std::vector<uint64_t> &bits);
  /// Makes all elements NaN, and takes a snapshot.
  void clear();

  /// All elements, row-major.
  std::vector<long double> read() const;
  std::vector<uint64_t> bits() const;

  /// Whether all bytes are as in the snapshot.
  bool isUnchanged() const;
  /// Whether all bytes that don't belong to an element are.
  bool areGapsUnchanged() const;

private:
  /// Calls f(address) for every element in row-major order.
  template <typename F> void forEach(F f) const;

  std::string label;
  DType type;
  std::vector<int64_t> extents, steps;
  std::shared_ptr<std::byte> memory; ///< `byteCount` bytes.
  int64_t byteCount = 0;
  std::byte *origin = nullptr; ///< The element at index zero.
  std::vector<std::byte> snapshot;
};

} // namespace normc::numerics

#endif // NORMC_TESTS_NUMERICS_BUFFERS_H
