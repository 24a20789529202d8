//===- Overlap.h - which bytes a tensor covers ------------------*- C++ -*-===//
//
// Byte ranges of strided tensors, and whether tensors share memory.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_RUNTIME_OVERLAP_H
#define NORMC_RUNTIME_OVERLAP_H

#include "normc/Tensor.h"

#include <cstdint>

namespace normc {

/// The addresses [begin, end) from a tensor's lowest byte to its highest; empty
/// for a tensor without elements.
struct ByteRange {
  uint64_t begin = 0;
  uint64_t end = 0;
  bool isEmpty() const { return begin == end; }
};

/// Whether the tensor has no elements. Its rank is at most kMaxRank.
bool hasNoElements(const TensorRef &tensor);

/// Computes the range by shape, strides and element size. Returns false when
/// the number of bytes of the elements or of the range exceeds an int64, or the
/// range leaves the address space. Extents are not negative.
bool computeByteRange(const TensorRef &tensor, ByteRange &range);

/// Whether every element can be shown to have its own address. False for
/// strides that no nesting of axes explains, even where no element is shared.
/// The tensor has a byte range.
bool hasDistinctElements(const TensorRef &tensor);

/// Whether tensors with these ranges may share a byte. Column slices of one
/// matrix, whose ranges meet but whose rows don't, are recognised as apart.
bool mayOverlap(const TensorRef &a, const ByteRange &aRange, const TensorRef &b,
                const ByteRange &bRange);

/// Whether both show the same elements: same address, type, shape and strides
/// (but for strides of axes with one element).
bool isSameView(const TensorRef &a, const TensorRef &b);

} // namespace normc

#endif // NORMC_RUNTIME_OVERLAP_H
