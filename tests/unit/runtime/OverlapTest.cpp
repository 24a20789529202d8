//===- OverlapTest.cpp ----------------------------------------------------===//

#include "runtime/Overlap.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>

using namespace normc;

static TensorRef at(uint64_t address, const Dims &shape, const Dims &strides,
                    DType dtype = DType::F32) {
  return TensorRef::strided(reinterpret_cast<void *>(address), dtype, shape,
                            strides);
}

static ByteRange rangeOf(const TensorRef &tensor) {
  ByteRange range;
  EXPECT_TRUE(computeByteRange(tensor, range));
  return range;
}

static bool overlap(const TensorRef &a, const TensorRef &b) {
  bool result = mayOverlap(a, rangeOf(a), b, rangeOf(b));
  EXPECT_EQ(result, mayOverlap(b, rangeOf(b), a, rangeOf(a)));
  return result;
}

/// The byte addresses of all elements.
static std::set<int64_t> bytesOf(const TensorRef &tensor, bool *distinct) {
  std::multiset<int64_t> starts = {
      static_cast<int64_t>(reinterpret_cast<uintptr_t>(tensor.data))};
  for (int axis = 0; axis < tensor.rank(); ++axis) {
    std::multiset<int64_t> next;
    for (int64_t start : starts)
      for (int64_t i = 0; i < tensor.shape[axis]; ++i)
        next.insert(start + i * tensor.strides[axis] * byteSize(tensor.dtype));
    starts = std::move(next);
  }
  std::set<int64_t> bytes;
  for (int64_t start : starts)
    for (int64_t byte = 0; byte < byteSize(tensor.dtype); ++byte)
      bytes.insert(start + byte);
  *distinct = bytes.size() == starts.size() * byteSize(tensor.dtype);
  return bytes;
}

TEST(OverlapTest, RangeOfRowMajor) {
  ByteRange range = rangeOf(at(1000, {2, 3}, {3, 1}));
  EXPECT_EQ(range.begin, 1000u);
  EXPECT_EQ(range.end, 1024u);
}

TEST(OverlapTest, NegativeStridesReachBelowTheBase) {
  ByteRange range = rangeOf(at(1000, {4, 2}, {-10, 1}));
  EXPECT_EQ(range.begin, 1000u - 120u);
  EXPECT_EQ(range.end, 1008u);
}

TEST(OverlapTest, RangeOfNoElementsIsEmpty) {
  constexpr int64_t huge = std::numeric_limits<int64_t>::max();
  EXPECT_TRUE(rangeOf(at(1000, {huge, 0}, {huge, 1})).isEmpty());
}

TEST(OverlapTest, StrideOfASingleElementIsIgnored) {
  constexpr int64_t huge = std::numeric_limits<int64_t>::max();
  ByteRange range = rangeOf(at(1000, {1, 2}, {huge, 1}));
  EXPECT_EQ(range.end - range.begin, 8u);
}

TEST(OverlapTest, BytesThatOverflow) {
  constexpr int64_t large = int64_t(1) << 61;
  ByteRange range;
  EXPECT_FALSE(computeByteRange(at(0, {large, 8}, {8, 1}), range));
  // Few bytes of memory, but more elements than can be counted.
  EXPECT_FALSE(computeByteRange(at(0, {large, 8}, {0, 0}), range));
  EXPECT_FALSE(computeByteRange(at(0, {3}, {large}), range));
  EXPECT_FALSE(computeByteRange(at(0, {2}, {INT64_MIN}), range));
  EXPECT_FALSE(computeByteRange(at(8, {4}, {-1}), range)) << "below zero";
  EXPECT_FALSE(computeByteRange(at(UINT64_MAX - 7, {4}, {1}), range));
}

TEST(OverlapTest, DistinctElements) {
  EXPECT_TRUE(hasDistinctElements(at(0, {4, 8}, {8, 1})));
  EXPECT_TRUE(hasDistinctElements(at(0, {4, 8}, {1, 4})));
  EXPECT_TRUE(hasDistinctElements(at(1000, {4, 8}, {-8, 1})));
  EXPECT_TRUE(hasDistinctElements(at(0, {1, 8}, {0, 1})));
  EXPECT_TRUE(hasDistinctElements(at(0, {0, 8}, {0, 0})));
  EXPECT_TRUE(hasDistinctElements(at(0, {}, {})));
  EXPECT_TRUE(hasDistinctElements(at(0, {2, 3}, {3, 2}))) << "woven";
  EXPECT_FALSE(hasDistinctElements(at(0, {4, 8}, {0, 1})));
  EXPECT_FALSE(hasDistinctElements(at(0, {4, 8}, {1, 1})));
  EXPECT_FALSE(hasDistinctElements(at(0, {4, 8}, {7, 1})));
  EXPECT_FALSE(hasDistinctElements(at(1000, {4, 4}, {-1, 1})));
}

TEST(OverlapTest, RangesThatMeetOrDont) {
  TensorRef a = at(1000, {2, 4}, {4, 1});
  EXPECT_FALSE(overlap(a, at(1032, {2, 4}, {4, 1})));
  EXPECT_TRUE(overlap(a, at(1028, {2, 4}, {4, 1})));
  EXPECT_TRUE(overlap(a, at(1004, {}, {})));
  EXPECT_FALSE(overlap(a, at(1000, {0, 4}, {4, 1})));
}

TEST(OverlapTest, ColumnSlicesOfOneMatrix) {
  TensorRef left = at(4096, {8, 4}, {12, 1});
  EXPECT_FALSE(overlap(left, at(4096 + 16, {8, 4}, {12, 1})));
  EXPECT_FALSE(overlap(left, at(4096 + 16, {8, 8}, {12, 1})));
  TensorRef mirrored = at(4096 + 5 * 48 + 16, {6, 8}, {-12, 1});
  EXPECT_FALSE(overlap(left, mirrored));
  EXPECT_TRUE(overlap(left, at(4096 + 12, {8, 4}, {12, 1})));
  EXPECT_TRUE(overlap(left, at(4096 + 16, {8, 9}, {12, 1})));
}

/// Every small two-axis tensor against the sets of its bytes.
TEST(OverlapTest, NeverMissesASharedByte) {
  int found = 0, apart = 0;
  for (int64_t strideA : {-6, -3, 0, 1, 2, 4, 6})
    for (int64_t strideB : {-6, 1, 2, 4, 6, 7})
      for (int64_t extent : {1, 2, 3})
        for (uint64_t offset : {0, 4, 8, 12, 20, 40}) {
          TensorRef a = at(4096, {3, extent}, {strideA, 1});
          TensorRef b = at(4096 + offset, {2, extent}, {strideB, 2});
          bool aDistinct, bDistinct;
          std::set<int64_t> aBytes = bytesOf(a, &aDistinct);
          std::set<int64_t> bBytes = bytesOf(b, &bDistinct);
          bool shared = false;
          for (int64_t byte : aBytes)
            shared |= bBytes.count(byte) != 0;
          bool answer = overlap(a, b);
          EXPECT_TRUE(answer || !shared)
              << strideA << " " << strideB << " " << extent << " " << offset;
          EXPECT_EQ(hasDistinctElements(a), aDistinct);
          EXPECT_EQ(hasDistinctElements(b), bDistinct);
          found += shared;
          apart += !answer;
        }
  EXPECT_GT(found, 50);
  EXPECT_GT(apart, 50);
}

TEST(OverlapTest, SameView) {
  TensorRef a = at(1000, {2, 1}, {4, 9});
  EXPECT_TRUE(isSameView(a, at(1000, {2, 1}, {4, 1})));
  EXPECT_FALSE(isSameView(a, at(1000, {2, 1}, {8, 9})));
  EXPECT_FALSE(isSameView(a, at(1004, {2, 1}, {4, 9})));
  EXPECT_FALSE(isSameView(a, at(1000, {1, 1}, {4, 9})));
  EXPECT_FALSE(isSameView(a, at(1000, {2, 1}, {4, 9}, DType::F64)));
}
