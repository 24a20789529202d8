//===- Workloads.cpp - four norms at real sizes ---------------------------===//

#include "examples/demo/Workloads.h"

#include "tests/numerics/Buffers.h"
#include "tests/numerics/Cases.h"
#include "tests/numerics/Dtype.h"

#include <algorithm>
#include <new>
#include <stdexcept>

using namespace demo;
using namespace normc::numerics;
using normc::DType;
using normc::oracle::OracleTensor;

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

std::shared_ptr<std::byte> demo::allocate(int64_t bytes) {
  constexpr std::align_val_t alignment{64};
  auto *memory = static_cast<std::byte *>(::operator new(bytes, alignment));
  return {memory, [](std::byte *p) { ::operator delete(p, alignment); }};
}

int64_t Tensor::byteCount() const {
  int64_t count = normc::byteSize(dtype);
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

long double Tensor::at(int64_t position) const {
  return decode(
      dtype, loadBits(dtype, memory.get() + position * normc::byteSize(dtype)));
}

const Tensor &Workload::tensor(std::string_view name) const {
  for (const Tensor &each : tensors)
    if (each.name == name)
      return each;
  throw std::out_of_range("no tensor named " + std::string(name));
}

std::vector<normc::NamedTensor> Workload::arguments() const {
  std::vector<normc::NamedTensor> arguments;
  for (const Tensor &each : tensors) {
    normc::Dims shape{std::span<const int64_t>(each.shape)};
    arguments.push_back({each.name, normc::TensorRef::contiguous(
                                        static_cast<void *>(each.memory.get()),
                                        each.dtype, shape)});
  }
  return arguments;
}

int64_t Workload::mandatoryBytes() const {
  int64_t bytes = 0;
  for (const Tensor &each : tensors)
    bytes += each.byteCount();
  return bytes;
}

/// Normal numbers, drawn from a table of rounded ones: a hundred million would
/// take seconds otherwise.
static Tensor makeNormal(std::string name, DType dtype,
                         std::vector<int64_t> shape, double mean,
                         double deviation) {
  Tensor tensor{std::move(name), dtype, std::move(shape)};
  tensor.memory = allocate(tensor.byteCount());
  uint64_t seed = 0;
  for (char letter : tensor.name)
    seed = seed * 256 + static_cast<unsigned char>(letter);
  Generator generator(seed);
  constexpr int kTableSize = 1 << 12;
  std::vector<uint64_t> table(kTableSize);
  for (uint64_t &bits : table)
    bits = encode(dtype, mean + deviation * generator.normal());
  std::byte *end = tensor.memory.get() + tensor.byteCount();
  for (std::byte *p = tensor.memory.get(); p != end;
       p += normc::byteSize(dtype))
    storeBits(dtype, p, table[generator.next() % kTableSize]);
  return tensor;
}

/// The output starts out as NaN, so that nothing unwritten passes for right.
static Tensor makeOutput(std::string name, DType dtype,
                         std::vector<int64_t> shape) {
  Tensor tensor{std::move(name), dtype, std::move(shape), /*isOutput=*/true};
  tensor.memory = allocate(tensor.byteCount());
  std::fill_n(tensor.memory.get(), tensor.byteCount(), std::byte(0xff));
  return tensor;
}

/// The slices of a tensor along axis 0.
static OracleTensor sample(const Tensor &tensor,
                           const std::vector<int64_t> &indices) {
  std::vector<int64_t> shape = tensor.shape;
  shape[0] = int64_t(indices.size());
  OracleTensor part(shape);
  int64_t size = int64_t(part.values.size() / indices.size());
  auto value = part.values.begin();
  for (int64_t index : indices)
    for (int64_t i = 0; i < size; ++i)
      *value++ = tensor.at(index * size + i);
  return part;
}

static OracleTensor whole(const Tensor &tensor) {
  std::vector<int64_t> all(tensor.shape[0]);
  for (int64_t i = 0; i < tensor.shape[0]; ++i)
    all[i] = i;
  return sample(tensor, all);
}

/// Columns of a [rows, n] tensor.
static OracleTensor sampleColumns(const Tensor &tensor,
                                  const std::vector<int64_t> &columns) {
  OracleTensor part({tensor.shape[0], int64_t(columns.size())});
  auto value = part.values.begin();
  for (int64_t row = 0; row < tensor.shape[0]; ++row)
    for (int64_t column : columns)
      *value++ = tensor.at(row * tensor.shape[1] + column);
  return part;
}

/// `count` indices below `extent`, with the first and the last among them.
static std::vector<int64_t> spread(int64_t extent, int64_t count) {
  count = std::min(count, extent);
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < count; ++i)
    indices.push_back(count == 1 ? 0 : i * (extent - 1) / (count - 1));
  return indices;
}

static std::string describe(const std::vector<int64_t> &shape) {
  std::string text;
  for (int64_t extent : shape)
    text += (text.empty() ? "" : " x ") + std::to_string(extent);
  return text;
}

//===----------------------------------------------------------------------===//
// Workloads
//===----------------------------------------------------------------------===//

static constexpr int64_t kSampledRows = 96;

Workload demo::makeRmsNorm(bool quick) {
  int64_t rows = quick ? 64 : 32768, n = quick ? 512 : 4096;
  constexpr double epsilon = 1e-6;
  Workload work{"RMSNorm bf16", describe({rows, n})};
  work.text = rmsNormText({.dtype = DType::BF16, .n = n, .epsilon = epsilon});
  work.tensors = {makeNormal("x", DType::BF16, {rows, n}, 0, 1),
                  makeNormal("scale", DType::BF16, {n}, 1, 0.5),
                  makeOutput("y", DType::BF16, {rows, n})};
  work.check = [](const Workload &work) {
    const Tensor &x = work.tensor("x");
    std::vector<int64_t> rows = spread(x.shape[0], kSampledRows);
    auto exact = normc::oracle::rmsNorm(sample(x, rows),
                                        whole(work.tensor("scale")), epsilon);
    return compare(sample(work.tensor("y"), rows).values, exact.y,
                   exact.magnitude,
                   Bound::elementwise(DType::BF16, DType::F32));
  };
  return work;
}

Workload demo::makeSoftmax(bool quick) {
  int64_t rows = quick ? 64 : 32768, n = quick ? 256 : 1024;
  Workload work{"softmax f32", describe({rows, n})};
  work.text = softmaxText({.dtype = DType::F32, .n = n});
  work.tensors = {makeNormal("x", DType::F32, {rows, n}, 0, 2),
                  makeOutput("y", DType::F32, {rows, n})};
  work.check = [](const Workload &work) {
    const Tensor &x = work.tensor("x");
    std::vector<int64_t> rows = spread(x.shape[0], kSampledRows);
    auto exact = normc::oracle::softmax(sample(x, rows));
    return compare(sample(work.tensor("y"), rows).values, exact.exact,
                   exact.magnitude, Bound::elementwise(DType::F32, DType::F32));
  };
  return work;
}

Workload demo::makeGroupNorm(bool quick) {
  int64_t samples = quick ? 2 : 8, positions = quick ? 64 : 64 * 64,
          channels = quick ? 64 : 320;
  constexpr int64_t groups = 32;
  constexpr double epsilon = 1e-5;
  Workload work{"GroupNorm NHWC f32", describe({samples, positions, channels})};
  work.text = groupNormText({.dtype = DType::F32,
                             .positions = positions,
                             .channels = channels,
                             .groups = groups,
                             .epsilon = epsilon});
  work.tensors = {
      makeNormal("x", DType::F32, {samples, positions, channels}, 0.5, 1),
      makeNormal("scale", DType::F32, {channels}, 1, 0.5),
      makeNormal("shift", DType::F32, {channels}, 0, 1),
      makeOutput("y", DType::F32, {samples, positions, channels})};
  work.check = [](const Workload &work) {
    std::vector<int64_t> ends = {0, work.tensor("x").shape[0] - 1};
    auto exact = normc::oracle::groupNorm(
        sample(work.tensor("x"), ends), /*channelAxis=*/2, groups,
        whole(work.tensor("scale")), whole(work.tensor("shift")), epsilon);
    return compare(sample(work.tensor("y"), ends).values, exact.y,
                   exact.magnitude, Bound::elementwise(DType::F32, DType::F32));
  };
  return work;
}

/// dx on rows that are whole, dgamma and dbeta on columns that are.
static Comparison checkBackward(const Workload &work) {
  const Tensor &x = work.tensor("x"), &dy = work.tensor("dy");
  OracleTensor mean = whole(work.tensor("mean")),
               rstd = whole(work.tensor("rstd"));
  std::vector<int64_t> rows = spread(x.shape[0], kSampledRows);
  auto ofRows = normc::oracle::layerNormBackward(
      sample(x, rows), sample(dy, rows), whole(work.tensor("gamma")),
      sample(work.tensor("mean"), rows), sample(work.tensor("rstd"), rows));
  Comparison found =
      compare(sample(work.tensor("dx"), rows).values, ofRows.dx.exact,
              ofRows.dx.magnitude, Bound::elementwise(DType::F32, DType::F32));
  std::vector<int64_t> columns = spread(x.shape[1], 33);
  auto ofColumns = normc::oracle::layerNormBackward(
      sampleColumns(x, columns), sampleColumns(dy, columns),
      sample(work.tensor("gamma"), columns), mean, rstd);
  Bound bound = Bound::columnSum(DType::F32, DType::F32, x.shape[0]);
  for (auto [name, exact] : {std::pair{"dgamma", &ofColumns.dgamma},
                             std::pair{"dbeta", &ofColumns.dbeta}})
    found.merge(compare(sample(work.tensor(name), columns).values, exact->exact,
                        exact->magnitude, bound));
  return found;
}

Workload demo::makeLayerNormBackward(bool quick) {
  int64_t rows = quick ? 300 : 16384, n = quick ? 128 : 1024;
  Workload work{"LayerNorm backward f32", describe({rows, n})};
  work.text = layerNormBackwardText({.dtype = DType::F32, .n = n});
  // Statistics near those of x; the gradient's formula takes any.
  work.tensors = {makeNormal("x", DType::F32, {rows, n}, 0.5, 1),
                  makeNormal("dy", DType::F32, {rows, n}, 0, 1),
                  makeNormal("gamma", DType::F32, {n}, 1, 0.5),
                  makeNormal("mean", DType::F32, {rows}, 0.5, 0.03),
                  makeNormal("rstd", DType::F32, {rows}, 1, 0.03),
                  makeOutput("dx", DType::F32, {rows, n}),
                  makeOutput("dgamma", DType::F32, {n}),
                  makeOutput("dbeta", DType::F32, {n})};
  work.check = checkBackward;
  return work;
}
