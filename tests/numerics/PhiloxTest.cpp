//===- PhiloxTest.cpp - random bits of compiled kernels -------------------===//
//
// norm.philox in compiled code against the definition, one block at a time: in
// every layout, at every length and alignment, on both sides of 2^32.
//
//===----------------------------------------------------------------------===//

#include "tests/interpreter/Philox.h"
#include "normc/Compiler.h"
#include "tests/numerics/Dtype.h"
#include "tests/numerics/Harness.h"

#include <bit>
#include <regex>

using namespace normc;
using namespace normc::numerics;
using interpreter::philoxWord;

namespace {

/// Words of a matrix by row-major number, from `base` on. `shape` is of two
/// extents, known or not.
std::string wordsText(const std::string &rows, const std::string &columns,
                      const std::string &attributes = "") {
  std::string text = R"(
func.func @words(%x: tensor<ROWSxCOLUMNSxf32> {norm.name = "x"ATTR}, %seed: tensor<i64> {norm.name = "seed"},
                 %offset: tensor<i64> {norm.name = "offset"}, %base: tensor<i64> {norm.name = "base"})
    -> (tensor<ROWSxCOLUMNSxi32> {norm.name = "y"ATTR}) {
  %y = norm.kernel dims(i = ROWS, j = COLUMNS)
      ins(%xe = %x by [[i], [j]] : tensor<ROWSxCOLUMNSxf32>, %s = %seed by [] : tensor<i64>,
          %o = %offset by [] : tensor<i64>, %b = %base by [] : tensor<i64>)
      outs(by [[i], [j]] : tensor<ROWSxCOLUMNSxi32>) {
    %i = norm.index i
    %j = norm.index j
    %n = norm.extent j
    %r = arith.muli %i, %n : index
    %k = arith.addi %r, %j : index
    %k64 = arith.index_cast %k : index to i64
    %number = arith.addi %b, %k64 : i64
    %w = norm.philox(%s, %o, %number) : i64
    norm.yield %w : i32
  }
  return %y : tensor<ROWSxCOLUMNSxi32>
})";
  auto replace = [&](const std::string &word, const std::string &by) {
    for (size_t at; (at = text.find(word)) != std::string::npos;)
      text.replace(at, word.size(), by);
  };
  replace("ROWS", rows);
  replace("COLUMNS", columns);
  replace("ATTR", attributes);
  return text;
}

struct Stream {
  uint64_t seed = 0x299f31d0a4093822, offset = 0, base = 0;
};

/// Of `dtype` the kernel gives the lower bits of each word.
void expectWords(const Kernel &kernel, int64_t rows, int64_t columns,
                 const Stream &stream, const Layout &layout = {},
                 DType dtype = DType::I32) {
  SCOPED_TRACE(std::to_string(rows) + " x " + std::to_string(columns) +
               " from " + std::to_string(stream.base));
  Buffer x("x", DType::F32, {rows, columns}, layout),
      y("y", dtype, {rows, columns}, layout), seed("seed", DType::I64, {}),
      offset("offset", DType::I64, {}), base("base", DType::I64, {});
  x.fill(std::vector<uint64_t>(rows * columns));
  seed.fill({stream.seed});
  offset.fill({stream.offset});
  base.fill({stream.base});
  y.clear();
  Status status = kernel.run({{"x", x.ref()},
                              {"seed", seed.ref()},
                              {"offset", offset.ref()},
                              {"base", base.ref()},
                              {"y", y.ref()}});
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_TRUE(y.areGapsUnchanged());
  std::vector<uint64_t> words = y.bits();
  uint32_t lower = dtype == DType::I8 ? 0xff : ~uint32_t(0);
  for (size_t i = 0; i < words.size(); ++i)
    ASSERT_EQ(words[i],
              philoxWord(stream.seed, stream.offset, stream.base + i) & lower)
        << "at " << i;
}

constexpr const char *kAnyStrides =
    ", norm.strides = array<i64: -9223372036854775808, -9223372036854775808>";

} // namespace

TEST(PhiloxTest, RowsOfEveryLength) {
  const Kernel *kernel = kernelFor(wordsText("?", "?"));
  ASSERT_TRUE(kernel);
  for (int64_t columns = 1; columns < 70; ++columns)
    expectWords(*kernel, 5, columns, {.offset = uint64_t(columns)});
  // Rows begin within blocks, and at them.
  for (int64_t columns : {1001, 1002, 1004, 4096})
    for (uint64_t base : {0, 1, 2, 3, 4})
      expectWords(*kernel, 3, columns, {.base = base});
}

TEST(PhiloxTest, StaticShapes) {
  for (const char *columns : {"3", "16", "17", "48", "100", "1024"}) {
    const Kernel *kernel = kernelFor(wordsText("?", columns));
    ASSERT_TRUE(kernel);
    expectWords(*kernel, 9, std::stoi(columns), {});
  }
}

// What is left of a row of bytes is up to a cache line of vectors, whose blocks
// are made together: any number of them.
TEST(PhiloxTest, RunsOfEveryLength) {
  for (const char *name : {"x86-64-v2", "x86-64-v3", "native"})
    for (int64_t columns = 4; columns <= 132; columns += 4) {
      std::string text = wordsText("?", std::to_string(columns));
      text = std::regex_replace(text, std::regex("xi32>"), "xi8>");
      text = std::regex_replace(text, std::regex("norm.yield %w : i32"),
                                "%low = arith.trunci %w : i32 to i8\n"
                                "norm.yield %low : i8");
      SCOPED_TRACE(std::string(name) + ", " + std::to_string(columns));
      Result<Artifact> artifact = compile(text, *Target::named(name));
      ASSERT_TRUE(artifact) << artifact.error().message;
      Result<Kernel> kernel = Kernel::load(*artifact);
      ASSERT_TRUE(kernel) << kernel.error().message;
      expectWords(*kernel, 3, columns, {}, {}, DType::I8);
    }
}

// Counters and numbers of points have 64 bits, in vectors as in scalars.
TEST(PhiloxTest, LargeNumbers) {
  const Kernel *kernel = kernelFor(wordsText("?", "?"));
  ASSERT_TRUE(kernel);
  for (uint64_t base :
       {(uint64_t(1) << 31) - 40, (uint64_t(1) << 32) - 40,
        (uint64_t(1) << 34) - 37, (uint64_t(1) << 63) - 40, ~uint64_t(0) - 9})
    for (uint64_t offset : {uint64_t(0), ~uint64_t(0), uint64_t(1) << 32})
      for (int64_t columns : {80, 83})
        expectWords(*kernel, 1, columns, {.offset = offset, .base = base});
}

TEST(PhiloxTest, EveryBitOfTheSeedCounts) {
  const Kernel *kernel = kernelFor(wordsText("?", "?"));
  ASSERT_TRUE(kernel);
  for (int bit = 0; bit < 64; ++bit)
    expectWords(*kernel, 1, 8, {.seed = uint64_t(1) << bit});
}

// Where lanes run along another dim than the numbers do, and where they lie
// apart.
TEST(PhiloxTest, TheLayoutDoesNotMatter) {
  const Kernel *kernel = kernelFor(wordsText("?", "?", kAnyStrides));
  ASSERT_TRUE(kernel);
  for (int64_t columns : {1, 30, 64})
    for (const Layout &layout :
         {Layout{}, Layout{.strides = {1, 40}}, Layout{.strides = {200, 3}}})
      expectWords(*kernel, 40, columns, {}, layout);
  std::string columnsFirst = wordsText("40", "64");
  for (const char *name : {"\"x\"", "\"y\""})
    columnsFirst.replace(columnsFirst.find(name), 3,
                         std::string(name) +
                             ", norm.strides = array<i64: 1, 40>");
  kernel = kernelFor(columnsFirst);
  ASSERT_TRUE(kernel);
  expectWords(*kernel, 40, 64, {}, {.strides = {1, 40}});
}

// Vectors whose results go past the caches start at multiples of their size,
// the first of a row before the row.
TEST(PhiloxTest, VectorsThatBeginBeforeTheFirstPoint) {
  std::string text = wordsText("?", "100");
  text.insert(text.find(" {\n    %i = "),
              " schedule [#norm.schedule<target = cpu, parallel = [i], "
              "lanes = [j], width = 16, stream = 1>]");
  const Kernel *kernel = kernelFor(text);
  ASSERT_TRUE(kernel);
  for (int64_t misses = 0; misses < 16; ++misses)
    for (uint64_t base : {0, 3, 4})
      expectWords(*kernel, 3, 100, {.base = base}, {.offset = misses});
}

// A seed of its own for every row, and for every element.
TEST(PhiloxTest, SeedsThatVary) {
  for (bool perElement : {false, true}) {
    std::string map = perElement ? "[[j]]" : "[[i]]";
    const Kernel *kernel = kernelFor(R"(
func.func @words(%x: tensor<?x50xf32> {norm.name = "x"}, %seed: tensor<?xi64> {norm.name = "seed"})
    -> (tensor<?x50xi32> {norm.name = "y"}) {
  %y = norm.kernel dims(i = ?, j = 50)
      ins(%xe = %x by [[i], [j]] : tensor<?x50xf32>, %s = %seed by )" +
                                     map +
                                     R"( : tensor<?xi64>)
      outs(by [[i], [j]] : tensor<?x50xi32>) {
    %j = norm.index j
    %zero = arith.constant 0 : i64
    %w = norm.philox(%s, %zero, %j) : index
    norm.yield %w : i32
  }
  return %y : tensor<?x50xi32>
})");
    ASSERT_TRUE(kernel);
    const int64_t rows = 6, seeds = perElement ? 50 : rows;
    Buffer x("x", DType::F32, {rows, 50}), y("y", DType::I32, {rows, 50}),
        seed("seed", DType::I64, {seeds});
    std::vector<uint64_t> values;
    for (int64_t i = 0; i < seeds; ++i)
      values.push_back(uint64_t(i) * 0x123456789abcdef1);
    x.fill(std::vector<uint64_t>(rows * 50));
    seed.fill(values);
    y.clear();
    ASSERT_TRUE(
        kernel->run({{"x", x.ref()}, {"seed", seed.ref()}, {"y", y.ref()}}));
    std::vector<uint64_t> words = y.bits();
    for (size_t i = 0; i < words.size(); ++i)
      ASSERT_EQ(words[i],
                philoxWord(values[perElement ? i % 50 : i / 50], 0, i % 50));
  }
}

// The use that it is for: y = keep * x / (1 - p).
TEST(PhiloxTest, Dropout) {
  const Kernel *kernel = kernelFor(R"(
func.func @dropout(%x: tensor<?x?xf32> {norm.name = "x"}, %seed: tensor<i64> {norm.name = "seed"})
    -> (tensor<?x?xf32> {norm.name = "y"}) {
  %y = norm.kernel dims(i = ?, j = ?)
      ins(%e = %x by [[i], [j]] : tensor<?x?xf32>, %s = %seed by [] : tensor<i64>)
      outs(by [[i], [j]] : tensor<?x?xf32>) {
    %i = norm.index i
    %j = norm.index j
    %n = norm.extent j
    %r = arith.muli %i, %n : index
    %k = arith.addi %r, %j : index
    %zero = arith.constant 0 : i64
    %w = norm.philox(%s, %zero, %k) : index
    %threshold = arith.constant 0x40000000 : i32
    %keep = arith.cmpi uge, %w, %threshold : i32
    %scale = arith.constant 1.333333373 : f32
    %v = arith.mulf %e, %scale : f32
    %none = arith.constant 0.0 : f32
    %o = arith.select %keep, %v, %none : f32
    norm.yield %o : f32
  }
  return %y : tensor<?x?xf32>
})");
  ASSERT_TRUE(kernel);
  for (int64_t columns : {4096, 333}) {
    const int64_t rows = 50;
    Buffer x("x", DType::F32, {rows, columns}),
        y("y", DType::F32, {rows, columns}), seed("seed", DType::I64, {});
    x.fill(
        std::vector<uint64_t>(rows * columns, std::bit_cast<uint32_t>(3.0f)));
    seed.fill({42});
    y.clear();
    ASSERT_TRUE(
        kernel->run({{"x", x.ref()}, {"seed", seed.ref()}, {"y", y.ref()}}));
    std::vector<long double> values = y.read();
    size_t kept = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      bool keep = philoxWord(42, 0, i) >= 0x40000000;
      ASSERT_EQ(values[i], keep ? 3.0f * 1.333333373f : 0.0f);
      kept += keep;
    }
    EXPECT_NEAR(double(kept) / double(values.size()), 0.75, 0.02);
  }
}
