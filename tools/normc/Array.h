//===- Array.h - arrays and their memory ------------------------*- C++ -*-===//
//
// What normc's commands call kernels with: memory for tensors of any strides,
// and their elements as doubles.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TOOLS_NORMC_ARRAY_H
#define NORMC_TOOLS_NORMC_ARRAY_H

#include "normc/Result.h"
#include "normc/Tensor.h"

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

namespace normc::tool {

/// An array and its memory, aligned to 64 bytes.
struct Array {
  struct Free {
    void operator()(std::byte *memory) const { std::free(memory); }
  };

  DType dtype = DType::F32;
  Dims shape;
  Dims strides; ///< In elements.
  std::unique_ptr<std::byte[], Free> data;
  int64_t bytes = 0;  ///< From the lowest address to the end of the highest.
  int64_t origin = 0; ///< Where in `data` the element at index zero is.

  /// Address of the element at index zero.
  std::byte *first() const { return data.get() + origin; }
  TensorRef ref() const {
    return TensorRef::strided(static_cast<void *>(first()), dtype, shape,
                              strides);
  }
  bool isRowMajor() const {
    return strides == TensorRef::rowMajorStrides(shape);
  }
};

/// Number of elements; nothing where their bytes don't fit 63 bits.
std::optional<int64_t> countElements(DType dtype, const Dims &shape);

/// Memory for an array of these strides, in elements, set to zero. Fails with
/// InvalidArgument where the size overflows, with Environment where it is more
/// than the machine has. `what` is what messages call the array.
Result<Array> allocateArray(DType dtype, const Dims &shape, const Dims &strides,
                            const std::string &what);

/// The same, row-major.
Result<Array> allocateArray(DType dtype, const Dims &shape,
                            const std::string &what);

/// An element as a double, which is exact but for i64 beyond 2^53.
double loadElement(DType dtype, const std::byte *address);
/// Rounds to nearest even (to bf16 by way of f32). Beyond the largest number
/// are infinity, NaN in f8E4M3FN, and the largest or least integer; NaN is the
/// integer 0.
void storeElement(DType dtype, std::byte *address, double value);

/// Goes through an array's elements in row-major order of their indices.
class ElementWalk {
public:
  explicit ElementWalk(const Array &array);

  bool atEnd() const { return left == 0; }
  std::byte *address() const { return at; }
  /// The index along an axis.
  int64_t index(int axis) const { return position[axis]; }
  void next();

private:
  const Array &array;
  Dims position;
  std::byte *at;
  int64_t left;
};

/// "(2, 3)", for messages.
std::string toString(const Dims &dims);

} // namespace normc::tool

#endif // NORMC_TOOLS_NORMC_ARRAY_H
