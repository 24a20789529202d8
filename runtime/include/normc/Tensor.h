//===- Tensor.h - views of the caller's buffers ----------------*- C++ -*-===//
//
// How a caller shows a buffer to a kernel: an address, an element type, extents
// and strides, without ownership and without heap allocation.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TENSOR_H
#define NORMC_TENSOR_H

#include "normc/Artifact.h"

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <type_traits>

namespace normc {

/// One number per axis, outermost axis first, stored inline. A list longer than
/// `kMaxRank` keeps its true length in `size()` and only its first `kMaxRank`
/// values, so that the call it is passed to can be refused with a message.
class Dims {
public:
  constexpr Dims() = default;
  constexpr Dims(std::initializer_list<int64_t> list)
      : Dims(std::span<const int64_t>(list.begin(), list.size())) {}
  constexpr explicit Dims(std::span<const int64_t> list)
      : count(static_cast<int>(list.size())) {
    for (int axis = 0; axis < count && axis < kMaxRank; ++axis)
      values[axis] = list[axis];
  }

  /// How many numbers were given; more than `kMaxRank` is refused by a call.
  constexpr int size() const { return count; }
  /// The number of `axis`, which is below `kMaxRank`.
  constexpr int64_t operator[](int axis) const { return values[axis]; }
  constexpr int64_t &operator[](int axis) { return values[axis]; }

  bool operator==(const Dims &) const = default;

private:
  std::array<int64_t, kMaxRank> values{};
  int count = 0;
};

/// A non-owning view of a buffer. The element at index (i0, i1, ...) lies
/// i0 * strides[0] + i1 * strides[1] + ... elements after `data`. A plain
/// value: copying it copies no elements, and the buffer must outlive the call
/// that it is passed to. Nothing is checked here; `Kernel::run` checks
/// everything.
struct TensorRef {
  /// Address of the element at index zero (not the lowest address, where
  /// strides are negative). May be null when the tensor has no elements.
  void *data = nullptr;
  DType dtype = DType::F32;
  /// Set when the buffer may only be read; such a view is refused as an output.
  bool readOnly = false;
  /// Extents in elements.
  Dims shape;
  /// Strides in elements (not bytes), one per extent. Zero and negative strides
  /// are legal where the kernel takes any stride; zero only on inputs.
  Dims strides;

  int rank() const { return shape.size(); }

  /// A row-major view without gaps.
  static TensorRef contiguous(void *data, DType dtype, const Dims &shape) {
    return {data, dtype, false, shape, rowMajorStrides(shape)};
  }
  /// The same for a pointer to const: a view that may only be read.
  template <typename T>
    requires std::is_const_v<T>
  static TensorRef contiguous(T *data, DType dtype, const Dims &shape) {
    return readOnlyView(data, dtype, shape, rowMajorStrides(shape));
  }

  /// A view with the given strides, in elements.
  static TensorRef strided(void *data, DType dtype, const Dims &shape,
                           const Dims &strides) {
    return {data, dtype, false, shape, strides};
  }
  template <typename T>
    requires std::is_const_v<T>
  static TensorRef strided(T *data, DType dtype, const Dims &shape,
                           const Dims &strides) {
    return readOnlyView(data, dtype, shape, strides);
  }

  /// The strides, in elements, of a row-major tensor without gaps. An extent of
  /// zero counts as one, so that no stride is zero. Products that overflow
  /// wrap; a call refuses such a shape.
  static constexpr Dims rowMajorStrides(const Dims &shape) {
    Dims strides = shape;
    uint64_t stride = 1;
    for (int axis = (shape.size() < kMaxRank ? shape.size() : kMaxRank) - 1;
         axis >= 0; --axis) {
      strides[axis] = static_cast<int64_t>(stride);
      stride *= static_cast<uint64_t>(shape[axis] > 1 ? shape[axis] : 1);
    }
    return strides;
  }

private:
  static TensorRef readOnlyView(const void *data, DType dtype,
                                const Dims &shape, const Dims &strides) {
    return {const_cast<void *>(data), dtype, true, shape, strides};
  }
};

} // namespace normc

#endif // NORMC_TENSOR_H
