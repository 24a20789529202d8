//===- RowPipelineTest.cpp - rows side by side and one after the other ----===//
//
// A schedule with `rows` writes some rows while it reads the next ones. The
// bits must be those of one row after the other, in every result: rows, values
// per row, and sums over rows; whatever number of rows is left over, and
// wherever the result's rows begin.
//
//===----------------------------------------------------------------------===//

#include "normc/Compiler.h"
#include "tests/numerics/Dtype.h"
#include "tests/numerics/Harness.h"

#include <regex>

using namespace normc;
using namespace normc::numerics;

namespace {

struct Case {
  std::string name;
  std::string text;              ///< .mlir of a function over rows.
  const char *target = "native"; ///< Whose schedules are taken.
};

/// `text` with tensors of `dtype` and n columns in place of T and N.
std::string ofType(std::string text, DType dtype, int64_t n) {
  text = std::regex_replace(text, std::regex("xT>"),
                            "x" + std::string(toString(dtype)) + ">");
  return std::regex_replace(text, std::regex("([<x])Nx"),
                            "$01" + std::to_string(n) + "x");
}

/// dx of a layer norm, and two sums over rows.
std::string backward(DType dtype, int64_t n) {
  std::string text = R"(
func.func @backward(%x: tensor<?xNxT> {norm.name = "x"},
    %dy: tensor<?xNxT> {norm.name = "dy"}, %scale: tensor<NxT> {norm.name = "scale"},
    %mean: tensor<?xf32> {norm.name = "mean"}, %rstd: tensor<?xf32> {norm.name = "rstd"})
    -> (tensor<?xNxT> {norm.name = "dx"}, tensor<Nxf32> {norm.name = "dscale"},
        tensor<Nxf32> {norm.name = "dshift"}) {
  %r:3 = norm.kernel dims(i = ?, j = N)
      ins(%xe = %x by [[i], [j]] : tensor<?xNxT>, %de = %dy by [[i], [j]] : tensor<?xNxT>,
          %ge = %scale by [[j]] : tensor<NxT>,
          %me = %mean by [[i]] : tensor<?xf32>, %re = %rstd by [[i]] : tensor<?xf32>)
      outs(by [[i], [j]] : tensor<?xNxT>, by [[j]] : tensor<Nxf32>, by [[j]] : tensor<Nxf32>) {
    XWIDEN
    %c = arith.subf %xw, %me : f32
    %xh = arith.mulf %c, %re : f32
    %g = arith.mulf %dw, %gw : f32
    %gx = arith.mulf %g, %xh : f32
    %m1 = norm.reduce mean %g over [j] : f32
    %m2 = norm.reduce mean %gx over [j] : f32
    %t = arith.mulf %xh, %m2 : f32
    %d = arith.subf %g, %m1 : f32
    %e = arith.subf %d, %t : f32
    %o = arith.mulf %e, %re : f32
    // One sum in the first phase, and one that waits for the last.
    %p = arith.mulf %dw, %d : f32
    %dg = norm.reduce add %p over [i] : f32
    %db = norm.reduce add %dw over [i] : f32
    XNARROW
    norm.yield %on, %dg, %db : T, f32, f32
  }
  return %r#0, %r#1, %r#2 : tensor<?xNxT>, tensor<Nxf32>, tensor<Nxf32>
}
)";
  bool isWide = dtype == DType::F32;
  auto cast = [&](const char *to, const char *from, const char *op,
                  const char *types) {
    // Adding -0 changes nothing.
    return isWide
               ? std::string(to) + " = arith.addf " + from + ", %none : f32\n"
               : std::string(to) + " = arith." + op + " " + from + " : " +
                     types + "\n";
  };
  std::string widen = "%none = arith.constant -0.0 : f32\n" +
                      cast("%xw", "%xe", "extf", "T to f32") +
                      cast("%dw", "%de", "extf", "T to f32") +
                      cast("%gw", "%ge", "extf", "T to f32");
  auto replace = [&](const char *what, const std::string &by) {
    text = std::regex_replace(text, std::regex(what), by);
  };
  replace("XWIDEN", widen);
  replace("XNARROW", cast("%on", "%o", "truncf", "f32 to T"));
  replace("\\bT\\b", std::string(toString(dtype)));
  replace("j = N", "j = " + std::to_string(n));
  return ofType(text, dtype, n);
}

/// A norm of a sum, which of 16 bits the first phase leaves in local memory for
/// the last.
std::string postNorm(DType dtype, int64_t n) {
  return ofType(R"(
func.func @post_norm(%x: tensor<?xNxT> {norm.name = "x"}, %r: tensor<?xNxT> {norm.name = "r"},
    %scale: tensor<NxT> {norm.name = "scale"}) -> (tensor<?xNxT> {norm.name = "y"}) {
  %h = arith.addf %x, %r : tensor<?xNxT>
  %y = norm.normalize rms %h over [1] epsilon 1.0e-06 scale %scale on [1]
      : (tensor<?xNxT>, tensor<NxT>) -> tensor<?xNxT>
  return %y : tensor<?xNxT>
}
)",
                dtype, n);
}

/// A norm of a sum and the sum, which of 16 bits the first phase writes.
std::string normAndSum(DType dtype, int64_t n) {
  return ofType(R"(
func.func @norm_and_sum(%x: tensor<?xNxT> {norm.name = "x"}, %r: tensor<?xNxT> {norm.name = "r"},
    %scale: tensor<NxT> {norm.name = "scale"})
    -> (tensor<?xNxT> {norm.name = "y"}, tensor<?xNxT> {norm.name = "h"}) {
  %h = arith.addf %x, %r : tensor<?xNxT>
  %y = norm.normalize rms %h over [1] epsilon 1.0e-06 scale %scale on [1]
      : (tensor<?xNxT>, tensor<NxT>) -> tensor<?xNxT>
  return %y, %h : tensor<?xNxT>, tensor<?xNxT>
}
)",
                dtype, n);
}

/// A norm of a tanh of a norm: the tanh waits there between later phases.
std::string sandwich(DType dtype, int64_t n) {
  return ofType(R"(
func.func @sandwich(%x: tensor<?xNxT> {norm.name = "x"},
    %scale: tensor<NxT> {norm.name = "scale"}) -> (tensor<?xNxT> {norm.name = "y"}) {
  %n = norm.normalize rms %x over [1] epsilon 1.0e-06 scale %scale on [1]
      : (tensor<?xNxT>, tensor<NxT>) -> tensor<?xNxT>
  %a = math.tanh %n : tensor<?xNxT>
  %y = norm.normalize rms %a over [1] epsilon 1.0e-06 scale %scale on [1]
      : (tensor<?xNxT>, tensor<NxT>) -> tensor<?xNxT>
  return %y : tensor<?xNxT>
}
)",
                dtype, n);
}

/// What tells a case from others of its norm.
std::string suffix(DType dtype, int64_t size) {
  std::string text = "_";
  text += toString(dtype);
  return text + "_" + std::to_string(size);
}

/// Two groups of `channels` channels in all, of `edge` times `edge` points.
Case groups(DType dtype, int64_t channels, int64_t edge) {
  return {"group_norm" + suffix(dtype, edge),
          *toMlir(groupNorm({.shape = {kDynamic, channels, edge, edge},
                             .groups = 2,
                             .dtype = dtype}))};
}

std::vector<Case> makeCases() {
  std::vector<Case> cases;
  // Whole segments; parts of them behind whole vectors.
  for (int64_t n : {512, 672})
    for (DType dtype : {DType::F32, DType::BF16, DType::F16}) {
      std::string end = suffix(dtype, n);
      cases.push_back(
          {"rms_norm" + end,
           *toMlir(rmsNorm({.shape = {kDynamic, n}, .dtype = dtype}))});
      NormSpec layer = layerNorm({.shape = {kDynamic, n}, .dtype = dtype});
      layer.saveMean = layer.saveRstd = true;
      cases.push_back({"layer_norm" + end, *toMlir(layer)});
      cases.push_back({"backward" + end, backward(dtype, n)});
    }
  // Rows so long that each is some vectors behind the one before.
  for (int64_t n : {1536, 1568})
    for (DType dtype : {DType::F32, DType::BF16, DType::F16})
      cases.push_back({"backward" + suffix(dtype, n), backward(dtype, n)});
  for (int64_t n : {512, 672, 1568})
    for (DType dtype : {DType::F32, DType::BF16, DType::F16}) {
      cases.push_back({"post_norm" + suffix(dtype, n), postNorm(dtype, n)});
      cases.push_back(
          {"norm_and_sum" + suffix(dtype, n), normAndSum(dtype, n)});
      cases.push_back({"sandwich" + suffix(dtype, n), sandwich(dtype, n)});
    }
  // Planes; and groups whose channels are pieces of a row, not of whole
  // vectors, of whole ones, and so long that a branch asks whether a vector has
  // lanes of two.
  for (DType dtype : {DType::F32, DType::BF16}) {
    cases.push_back({"instance_norm" + suffix(dtype, 24),
                     *toMlir(instanceNorm(
                         {.shape = {kDynamic, 2, 24, 24}, .dtype = dtype}))});
    cases.push_back(groups(dtype, 64, 7));
    cases.push_back(groups(dtype, 16, 8));
    cases.push_back(groups(dtype, 4, 24));
  }
  // Blocks of one vector of four, of which two make a cache line; a line and a
  // half are left over.
  cases.push_back(
      {"layer_norm" + suffix(DType::F64, 132),
       *toMlir(layerNorm({.shape = {kDynamic, 132}, .dtype = DType::F64})),
       "x86-64-v3"});
  cases.push_back(
      {"backward" + suffix(DType::F64, 132),
       std::regex_replace(backward(DType::F32, 132), std::regex("f32"), "f64"),
       "x86-64-v3"});
  return cases;
}

/// What has pieces without rows: one loop over all channels of an image.
std::vector<Case> makePieceCases() {
  std::vector<Case> cases;
  for (DType dtype : {DType::F32, DType::BF16})
    for (int64_t edge : {6, 7, 14}) {
      cases.push_back(groups(dtype, 32, edge));
      cases.push_back(
          {"batch_norm" + suffix(dtype, edge),
           *toMlir(batchNormInference(
               {.shape = {kDynamic, 32, edge, edge}, .dtype = dtype}))});
    }
  return cases;
}

/// The scheduled text with other parameters: past the caches whatever the size,
/// `rows` at once, and chunks that hold a few blocks of them.
std::string reschedule(const std::string &scheduled, int rows) {
  std::string text =
      std::regex_replace(scheduled, std::regex(", rows = \\d+"), "");
  text = std::regex_replace(text, std::regex("chunk = \\d+"), "chunk = 19");
  return std::regex_replace(text, std::regex("stream = \\d+"),
                            "stream = 1, rows = " + std::to_string(rows));
}

/// That with so few rows that all go through the caches, which the code knows.
std::string throughCaches(const std::string &rescheduled, int64_t rows) {
  std::string text =
      std::regex_replace(rescheduled, std::regex("\\?"), std::to_string(rows));
  return std::regex_replace(text, std::regex("stream = 1,"),
                            "stream = 1000000000,");
}

class RowPipelineTest : public testing::TestWithParam<Case> {};

/// Results of a call on made-up values, with a margin before and after each; if
/// `inPlace`, the first one in the buffer of the first argument.
std::vector<std::vector<std::byte>> results(const Kernel &kernel, int64_t rows,
                                            int64_t offset,
                                            bool inPlace = false) {
  std::vector<std::vector<std::byte>> buffers, outputs;
  std::vector<TensorRef> tensors;
  std::vector<int64_t> sizes;
  Generator generator(11);
  for (const ArgumentFacts &facts : kernel.artifact().arguments) {
    std::vector<int64_t> shape;
    int64_t count = 1;
    for (const AxisFacts &axis : facts.axes) {
      shape.push_back(axis.extent.isConstant() ? *axis.extent.evaluate({})
                                               : rows);
      count *= shape.back();
    }
    const int64_t element = byteSize(facts.dtype);
    auto &buffer =
        buffers.emplace_back(size_t(count * element + 512), std::byte(0xAB));
    sizes.push_back(count * element);
    auto *aligned = reinterpret_cast<std::byte *>(
        (reinterpret_cast<uintptr_t>(buffer.data()) + 127) / 64 * 64);
    std::byte *data = aligned + offset * element;
    if (!facts.isOutput)
      for (int64_t i = 0; i < count; ++i)
        storeBits(facts.dtype, data + i * element,
                  encode(facts.dtype,
                         (int64_t(generator.next() % 4001) - 1900) / 512.0L));
    if (inPlace && facts.isOutput)
      data = static_cast<std::byte *>(tensors.front().data);
    inPlace &= !facts.isOutput;
    tensors.push_back(
        TensorRef::contiguous(static_cast<void *>(data), facts.dtype,
                              Dims(std::span<const int64_t>(shape))));
  }
  Status status = kernel.run(tensors);
  EXPECT_TRUE(status) << status.error().message;
  for (size_t i = 0; i < buffers.size(); ++i)
    if (kernel.artifact().arguments[i].isOutput) {
      auto *data = static_cast<std::byte *>(tensors[i].data);
      outputs.emplace_back(data - 64, data + sizes[i] + 64);
    }
  return outputs;
}

} // namespace

TEST_P(RowPipelineTest, TheBitsAreThoseOfOneRowAfterTheOther) {
  Result<std::string> scheduled =
      emit(GetParam().text, Emit::Scheduled, *Target::named(GetParam().target));
  ASSERT_TRUE(scheduled) << scheduled.error().message;
  ASSERT_NE(scheduled->find("stream = "), std::string::npos);
  std::string one = reschedule(*scheduled, 1), four = reschedule(*scheduled, 4);
  const Kernel *single = kernelFor(one), *several = kernelFor(four);
  ASSERT_TRUE(single && several);
  // The code is another one.
  ASSERT_NE(single->artifact().image, several->artifact().image);
  for (int64_t rows : {1, 3, 4, 5, 8, 9, 12, 18, 19, 20, 27, 39, 60})
    for (int64_t offset : {0, 1, 5})
      EXPECT_TRUE(results(*single, rows, offset) ==
                  results(*several, rows, offset))
          << rows << " rows, off by " << offset;
  constexpr int64_t rows = 27;
  const Kernel *cached = kernelFor(throughCaches(four, rows));
  ASSERT_TRUE(cached);
  // In place, an element that is written twice is wrong.
  for (const Kernel *kernel : {several, cached})
    for (bool inPlace : {false, true})
      EXPECT_TRUE(results(*single, rows, 0) ==
                  results(*kernel, rows, 0, inPlace))
          << (kernel == cached ? "through" : "past") << " the caches"
          << (inPlace ? " in place" : "");
}

class PiecesTest : public testing::TestWithParam<Case> {};

TEST_P(PiecesTest, TheBitsPastTheCachesAreThoseInThem) {
  Result<std::string> scheduled =
      emit(GetParam().text, Emit::Scheduled, Target::native());
  ASSERT_TRUE(scheduled) << scheduled.error().message;
  std::string text = reschedule(*scheduled, 1);
  const Kernel *past = kernelFor(text);
  const Kernel *within = kernelFor(
      std::regex_replace(text, std::regex("stream = 1,"), "stream = 0,"));
  ASSERT_TRUE(past && within);
  ASSERT_NE(past->artifact().image, within->artifact().image);
  for (int64_t images : {1, 2, 5})
    for (int64_t offset : {0, 1, 5, 13})
      EXPECT_TRUE(results(*past, images, offset) ==
                  results(*within, images, offset))
          << images << " images, off by " << offset;
}

INSTANTIATE_TEST_SUITE_P(Numerics, PiecesTest,
                         testing::ValuesIn(makePieceCases()),
                         [](const auto &info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(Numerics, RowPipelineTest,
                         testing::ValuesIn(makeCases()),
                         [](const auto &info) { return info.param.name; });
