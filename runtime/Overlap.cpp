//===- Overlap.cpp - which bytes a tensor covers --------------------------===//

#include "runtime/Overlap.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <numeric>

using namespace normc;

bool normc::hasNoElements(const TensorRef &tensor) {
  for (int axis = 0; axis < tensor.rank(); ++axis)
    if (tensor.shape[axis] == 0)
      return true;
  return false;
}

bool normc::computeByteRange(const TensorRef &tensor, ByteRange &range) {
  auto address = reinterpret_cast<uintptr_t>(tensor.data);
  range = {address, address};
  if (hasNoElements(tensor))
    return true;

  const int64_t elementBytes = byteSize(tensor.dtype);
  int64_t bytes = elementBytes; // Of all elements, shared or not.
  int64_t below = 0;            // From the lowest byte to `data`.
  int64_t above = elementBytes; // From `data` to the highest byte.
  for (int axis = 0; axis < tensor.rank(); ++axis) {
    int64_t extent = tensor.shape[axis], reach;
    if (__builtin_mul_overflow(bytes, extent, &bytes))
      return false;
    if (extent == 1)
      continue;
    if (__builtin_mul_overflow(tensor.strides[axis], elementBytes, &reach) ||
        __builtin_mul_overflow(reach, extent - 1, &reach))
      return false;
    if (reach < 0 ? __builtin_sub_overflow(below, reach, &below)
                  : __builtin_add_overflow(above, reach, &above))
      return false;
  }
  int64_t total;
  return !__builtin_add_overflow(below, above, &total) &&
         !__builtin_sub_overflow(range.begin, below, &range.begin) &&
         !__builtin_add_overflow(range.end, above, &range.end);
}

namespace {

/// An axis with more than one element; the stride without its sign, since
/// mirroring an axis covers the same addresses.
struct ActiveAxis {
  int64_t stride = 0;
  int64_t extent = 0;
};

struct ActiveAxes {
  std::array<ActiveAxis, kMaxRank> axes;
  int count = 0;

  /// Sorted by stride, smallest first.
  explicit ActiveAxes(const TensorRef &tensor) {
    for (int axis = 0; axis < tensor.rank(); ++axis)
      if (tensor.shape[axis] > 1)
        axes[count++] = {std::abs(tensor.strides[axis]), tensor.shape[axis]};
    std::sort(axes.begin(), axes.begin() + count,
              [](ActiveAxis a, ActiveAxis b) { return a.stride < b.stride; });
  }
};

} // namespace

/// Whether each axis steps beyond all that the axes after it reach.
static bool isNested(const TensorRef &tensor) {
  int64_t reach = 0;
  for (int axis = tensor.rank() - 1; axis >= 0; --axis) {
    if (tensor.shape[axis] <= 1)
      continue;
    int64_t stride = std::abs(tensor.strides[axis]);
    if (stride <= reach)
      return false;
    reach += stride * (tensor.shape[axis] - 1);
  }
  return true;
}

bool normc::hasDistinctElements(const TensorRef &tensor) {
  // Row-major tensors, with gaps or without, need no sorting.
  if (hasNoElements(tensor) || isNested(tensor))
    return true;
  ActiveAxes active(tensor);
  // An axis that steps beyond all that the smaller ones reach can't collide;
  // what is left after peeling those off from the top is in doubt.
  std::array<int64_t, kMaxRank + 1> reach{};
  for (int i = 0; i < active.count; ++i)
    reach[i + 1] =
        reach[i] + active.axes[i].stride * (active.axes[i].extent - 1);
  int doubtful = active.count;
  while (doubtful > 0 && active.axes[doubtful - 1].stride > reach[doubtful - 1])
    --doubtful;
  if (doubtful == 0)
    return true;
  if (doubtful != 2)
    return false;
  // Two axes collide where i * a.stride = j * b.stride for 0 < i < a.extent,
  // 0 < j < b.extent; the smallest such i is b.stride / gcd.
  auto [a, b] = std::pair(active.axes[0], active.axes[1]);
  if (a.stride == 0)
    return false;
  int64_t divisor = std::gcd(a.stride, b.stride);
  return b.stride / divisor >= a.extent || a.stride / divisor >= b.extent;
}

bool normc::mayOverlap(const TensorRef &a, const ByteRange &aRange,
                       const TensorRef &b, const ByteRange &bRange) {
  if (aRange.isEmpty() || bRange.isEmpty() || aRange.end <= bRange.begin ||
      bRange.end <= aRange.begin)
    return false;
  // Rows at the same distance stay apart when they are apart modulo it.
  ActiveAxes aAxes(a), bAxes(b);
  if (aAxes.count == 0 || bAxes.count == 0)
    return true;
  ActiveAxis aOuter = aAxes.axes[aAxes.count - 1];
  ActiveAxis bOuter = bAxes.axes[bAxes.count - 1];
  auto distance = static_cast<uint64_t>(aOuter.stride * byteSize(a.dtype));
  if (distance == 0 ||
      distance != static_cast<uint64_t>(bOuter.stride * byteSize(b.dtype)))
    return true;
  uint64_t aWidth =
      aRange.end - aRange.begin - distance * uint64_t(aOuter.extent - 1);
  uint64_t bWidth =
      bRange.end - bRange.begin - distance * uint64_t(bOuter.extent - 1);
  uint64_t offset =
      bRange.begin >= aRange.begin
          ? (bRange.begin - aRange.begin) % distance
          : distance - 1 - (aRange.begin - bRange.begin - 1) % distance;
  return offset < aWidth || bWidth > distance || offset > distance - bWidth;
}

bool normc::isSameView(const TensorRef &a, const TensorRef &b) {
  if (a.data != b.data || a.dtype != b.dtype || a.shape != b.shape)
    return false;
  for (int axis = 0; axis < a.rank(); ++axis)
    if (a.shape[axis] > 1 && a.strides[axis] != b.strides[axis])
      return false;
  return true;
}
