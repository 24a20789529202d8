//===- StreamTest.cpp - results too large for the caches ------------------===//
//
// Large results are stored past the caches, by other code than small ones. The
// code must give the bits that it gives for the same rows a few at a time, and
// write nothing else.
//
//===----------------------------------------------------------------------===//

#include "normc/Compiler.h"
#include "tests/numerics/Dtype.h"
#include "tests/numerics/Harness.h"

#include <cstring>

using namespace normc;
using namespace normc::numerics;

namespace {

/// Every result of at least an eighth of the last-level cache is streamed.
int64_t largeBytes() { return Target::native().llcBytes / 8; }

class StreamTest
    : public testing::TestWithParam<std::tuple<DType, int64_t, int64_t>> {
protected:
  DType dtype = std::get<0>(GetParam());
  int64_t columns = std::get<1>(GetParam()), offset = std::get<2>(GetParam());

  /// Runs rows [begin, end).
  void run(const Kernel &kernel, std::byte *x, std::byte *y, void *scale,
           int64_t begin, int64_t end) const {
    int64_t at = begin * columns * byteSize(dtype);
    Dims shape{end - begin, columns};
    Status status = kernel.run(
        {TensorRef::contiguous(static_cast<void *>(x + at), dtype, shape),
         TensorRef::contiguous(scale, dtype, {columns}),
         TensorRef::contiguous(static_cast<void *>(y + at), dtype, shape)});
    ASSERT_TRUE(status) << status.error().message;
  }
};

} // namespace

TEST_P(StreamTest, LargeResultsHaveTheBitsOfSmallOnes) {
  const int64_t element = byteSize(dtype);
  const int64_t rows = largeBytes() / (columns * element) + 2;
  const int64_t count = rows * columns;
  const Kernel *kernel = kernelFor(
      *toMlir(rmsNorm({.shape = {kDynamic, columns}, .dtype = dtype})));
  ASSERT_TRUE(kernel);
  // Room for the offset, and for a margin that must stay as it is.
  const std::byte margin{0xAB};
  std::vector<std::byte> x(count * element + 256), scale(columns * element);
  std::vector<std::byte> large(x.size(), margin), small(x.size(), margin);
  Generator generator(5);
  for (int64_t i = 0; i < count; ++i)
    storeBits(dtype, &x[64 + (offset + i) * element],
              encode(dtype, double(int64_t(generator.next() % 4001)) - 2000));
  for (int64_t i = 0; i < columns; ++i)
    storeBits(dtype, &scale[i * element], encode(dtype, 1 + i % 7 / 8.0L));
  const int64_t start = 64 + offset * element;
  run(*kernel, &x[start], &large[start], scale.data(), 0, rows);
  for (int64_t row = 0; row < rows; row += 100)
    run(*kernel, &x[start], &small[start], scale.data(), row,
        std::min(row + 100, rows));
  EXPECT_TRUE(large == small);
  for (int64_t i = 0; i < start; ++i)
    ASSERT_EQ(large[i], margin) << "before the result";
  for (size_t i = start + count * element; i < large.size(); ++i)
    ASSERT_EQ(large[i], margin) << "after the result";
}

INSTANTIATE_TEST_SUITE_P(
    Numerics, StreamTest,
    testing::Combine(testing::ValuesIn(kAllDtypes),
                     // Fewer than a vector, whole vectors, and not.
                     testing::Values(5, 256, 1001, 4096),
                     testing::Values(0, 1, 7)),
    [](const auto &info) {
      return std::string(toString(std::get<0>(info.param))) + "_" +
             std::to_string(std::get<1>(info.param)) + "_off_by_" +
             std::to_string(std::get<2>(info.param));
    });
