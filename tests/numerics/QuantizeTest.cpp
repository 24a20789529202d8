//===- QuantizeTest.cpp - kernels that write and read 8 bits --------------===//
//
// Elementwise kernels from f32 to types of 8 bits and back, of rows of every
// length, against rounding in long double: bit for bit, since nothing is
// summed.
//
//===----------------------------------------------------------------------===//

#include "normc/Compiler.h"
#include "tests/numerics/Dtype.h"
#include "tests/numerics/Harness.h"

#include <bit>
#include <cmath>

using namespace normc;
using namespace normc::numerics;

namespace {

constexpr DType kNarrow[] = {DType::F8E4M3FN, DType::F8E5M2, DType::I8};

long double largestOf(DType type) {
  return type == DType::I8 ? 127 : largestFinite(type);
}

/// Saturation, and what NaN becomes, are in the body; so is the rounding to
/// integers.
std::string quantizeText(DType type, int64_t columns, bool perRow = false) {
  const bool isInteger = type == DType::I8;
  std::string name = toString(type),
              n = columns < 0 ? "?" : std::to_string(columns);
  std::string most = std::to_string(int(largestOf(type))) + ".0";
  std::string body = isInteger ? R"(
    %nan = arith.cmpf uno, %c, %c : f32
    %zero = arith.constant 0.0 : f32
    %d = arith.select %nan, %zero, %c : f32
    %r = math.roundeven %d : f32
    %q = arith.fptosi %r : f32 to i8)"
                               : R"(
    %q = arith.truncf %c : f32 to )" +
                                     name;
  std::string scale = perRow ? "tensor<?xf32>" : "tensor<f32>";
  return "func.func @quantize(%x: tensor<?x" + n +
         "xf32> {norm.name = \"x\"}, %s: " + scale +
         " {norm.name = \"s\"}) -> (tensor<?x" + n + "x" + name +
         "> {norm.name = \"y\"}) {\n" +
         "  %y = norm.kernel dims(i = ?, j = " + n +
         ") ins(%e = %x by [[i], [j]] : tensor<?x" + n +
         "xf32>, %se = %s by [" + (perRow ? "[i]" : "") + "] : " + scale +
         ") outs(by [[i], [j]] : tensor<?x" + n + "x" + name + ">) {\n" +
         "    %least = arith.constant -" + most + " : f32\n" +
         "    %most = arith.constant " + most + " : f32\n" + R"(
    %p = arith.mulf %e, %se : f32
    %b = arith.maximumf %p, %least : f32
    %c = arith.minimumf %b, %most : f32)" +
         body + "\n    norm.yield %q : " + name +
         "\n  }\n  return %y : tensor<?x" + n + "x" + name + ">\n}\n";
}

uint64_t quantize(DType type, float x, float scale) {
  long double product = x * scale; // Rounded to f32.
  if (std::isnan(product))
    return encode(type, product);
  long double most = largestOf(type);
  return encode(type, std::min(std::max(product, -most), most));
}

/// Values of all sizes, ties, NaN and infinities among them.
std::vector<uint64_t> makeInputs(int64_t count) {
  Generator generator(3);
  std::vector<uint64_t> bits;
  for (int64_t i = 0; i < count; ++i) {
    uint64_t r = generator.next();
    float value = std::ldexp(float(generator.normal()), int(r % 24) - 12);
    if (r % 5 == 0)
      value = float(int64_t(r >> 32) % 600 - 300) / 2; // Ties of integers.
    if (r % 97 == 0)
      value = r & 128 ? NAN : r & 256 ? INFINITY : -INFINITY;
    bits.push_back(std::bit_cast<uint32_t>(value));
  }
  return bits;
}

/// NaNs are equal: their payloads are nobody's business.
bool areSame(DType type, uint64_t a, uint64_t b) {
  return a == b || (std::isnan(decode(type, a)) && std::isnan(decode(type, b)));
}

void expectQuantized(const Kernel &kernel, DType type, int64_t rows,
                     int64_t columns, const Layout &in, const Layout &out) {
  SCOPED_TRACE(std::string(toString(type)) + " of " + std::to_string(rows) +
               " x " + std::to_string(columns));
  Buffer x("x", DType::F32, {rows, columns}, in), s("s", DType::F32, {}),
      y("y", type, {rows, columns}, out);
  x.fill(makeInputs(rows * columns));
  s.fill({std::bit_cast<uint32_t>(1.5f)});
  y.clear();
  Status status = kernel.run({{"x", x.ref()}, {"s", s.ref()}, {"y", y.ref()}});
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_TRUE(y.areGapsUnchanged());
  std::vector<uint64_t> inputs = x.bits(), results = y.bits();
  for (size_t i = 0; i < inputs.size(); ++i) {
    auto value = std::bit_cast<float>(uint32_t(inputs[i]));
    uint64_t expected = quantize(type, value, 1.5f);
    ASSERT_TRUE(areSame(type, results[i], expected))
        << std::hexfloat << value << " gave " << std::hex << results[i]
        << ", not " << expected << " at " << std::dec << i;
  }
}

} // namespace

TEST(QuantizeTest, RowsOfEveryLength) {
  for (DType type : kNarrow) {
    const Kernel *kernel = kernelFor(quantizeText(type, -1));
    ASSERT_TRUE(kernel);
    for (int64_t columns = 1; columns < 140; ++columns)
      expectQuantized(*kernel, type, 3, columns, {}, {.offset = columns % 5});
    expectQuantized(*kernel, type, 1, 20000, {}, {});
    Layout guarded{.endsAtGuardPage = true};
    for (int64_t columns : {1, 7, 31, 33, 63, 65, 1001})
      expectQuantized(*kernel, type, 2, columns, guarded, guarded);
  }
}

// Lengths that the code knows have tails that it knows, too: of one lane, of
// three, and of all but one.
TEST(QuantizeTest, StaticLengths) {
  for (DType type : kNarrow)
    for (int64_t columns : {1, 3, 8, 15, 17, 33, 48, 63, 64, 65, 131}) {
      const Kernel *kernel = kernelFor(quantizeText(type, columns));
      ASSERT_TRUE(kernel);
      expectQuantized(*kernel, type, 5, columns, {}, {.offset = 3});
    }
}

// Past the caches, at every alignment: whole vectors of 8-bit results are
// smaller than those of what they are computed from.
TEST(QuantizeTest, StreamedResults) {
  Target target = Target::native();
  target.llcBytes = 4096;
  for (DType type : kNarrow)
    for (int64_t known : {int64_t(-1), int64_t(1000)}) {
      Result<Artifact> artifact = compile(quantizeText(type, known), target);
      ASSERT_TRUE(artifact) << artifact.error().message;
      Result<Kernel> kernel = Kernel::load(*artifact);
      ASSERT_TRUE(kernel);
      for (int64_t offset : {0, 1, 15, 16, 33, 63})
        for (int64_t columns : {5, 64, 100, 1000, 4096})
          if (known < 0 || known == columns)
            expectQuantized(*kernel, type, 3000 / columns + 3, columns, {},
                            {.offset = offset});
    }
}

// Read along one axis and written along the other.
TEST(QuantizeTest, StridedResults) {
  for (DType type : kNarrow) {
    std::string text = quantizeText(type, -1);
    std::string strided = ", norm.strides = array<i64: -9223372036854775808, "
                          "-9223372036854775808>}";
    for (const char *name : {"\"x\"}", "\"y\"}"})
      text.replace(text.find(name) + 3, 1, strided);
    const Kernel *kernel = kernelFor(text);
    ASSERT_TRUE(kernel);
    for (int64_t columns : {1, 17, 70})
      expectQuantized(*kernel, type, 9, columns, {.strides = {1, 9}},
                      {.strides = {2 * columns, 2}});
  }
}

/// y = x * s, in f32, of every pattern of an 8-bit type.
static void expectExtended(DType from, DType to) {
  SCOPED_TRACE(std::string(toString(from)) + " to " + toString(to));
  std::string in = toString(from), out = toString(to);
  std::string text = R"(
func.func @dequantize(%x: tensor<?x?xIN> {norm.name = "x"}, %s: tensor<?xf32> {norm.name = "s"})
    -> (tensor<?x?xOUT> {norm.name = "y"}) {
  %y = norm.kernel dims(i = ?, j = ?)
      ins(%e = %x by [[i], [j]] : tensor<?x?xIN>, %se = %s by [[i]] : tensor<?xf32>)
      outs(by [[i], [j]] : tensor<?x?xOUT>) {
    %w = arith.CAST %e : IN to f32
    %p = arith.mulf %w, %se : f32
    %o = NARROW
    norm.yield %o : OUT
  }
  return %y : tensor<?x?xOUT>
})";
  auto replace = [&](const std::string &word, const std::string &by) {
    for (size_t at; (at = text.find(word)) != std::string::npos;)
      text.replace(at, word.size(), by);
  };
  replace("NARROW", to == DType::F32 ? "arith.addf %p, %p : f32"
                                     : "arith.truncf %p : f32 to OUT");
  replace("CAST", from == DType::I8 ? "sitofp" : "extf");
  replace("IN", in);
  replace("OUT", out);
  const Kernel *kernel = kernelFor(text);
  ASSERT_TRUE(kernel);
  for (int64_t columns : {256, 255, 41}) {
    const float scales[] = {1, 0.3f};
    Buffer x("x", from, {2, columns}, {.offset = 1}), s("s", DType::F32, {2}),
        y("y", to, {2, columns});
    std::vector<uint64_t> bits;
    for (int64_t i = 0; i < 2 * columns; ++i)
      bits.push_back(uint64_t(i % columns) & 0xff);
    x.fill(bits);
    s.fill({std::bit_cast<uint32_t>(scales[0]),
            std::bit_cast<uint32_t>(scales[1])});
    y.clear();
    Status status =
        kernel->run({{"x", x.ref()}, {"s", s.ref()}, {"y", y.ref()}});
    ASSERT_TRUE(status) << status.error().message;
    EXPECT_TRUE(y.areGapsUnchanged());
    std::vector<uint64_t> results = y.bits();
    for (size_t i = 0; i < bits.size(); ++i) {
      float product = float(decode(from, bits[i])) * scales[i / columns];
      uint64_t expected =
          encode(to, to == DType::F32 ? product + product : product);
      ASSERT_TRUE(areSame(to, results[i], expected)) << bits[i];
    }
  }
}

TEST(QuantizeTest, OperandsOfEightBits) {
  for (DType from : kNarrow)
    for (DType to : {DType::F32, DType::BF16, DType::F16, DType::F8E5M2})
      expectExtended(from, to);
}

// A scale per row from its largest magnitude, as a power of two: the exponent's
// bits are what is stored, as in E8M0.
TEST(QuantizeTest, PowerOfTwoScalesPerRow) {
  const Kernel *kernel = kernelFor(R"(
func.func @block(%x: tensor<?x512xf32> {norm.name = "x"})
    -> (tensor<?x512xf8E4M3FN> {norm.name = "y"}, tensor<?xi8> {norm.name = "e"}) {
  %y, %e = norm.kernel dims(i = ?, j = 512) ins(%v = %x by [[i], [j]] : tensor<?x512xf32>)
      outs(by [[i], [j]] : tensor<?x512xf8E4M3FN>, by [[i]] : tensor<?xi8>) {
    %a = math.absf %v : f32
    %m = norm.reduce max %a over [j] : f32
    %bits = arith.bitcast %m : f32 to i32
    %c23 = arith.constant 23 : i32
    %field = arith.shrui %bits, %c23 : i32
    %c8 = arith.constant 8 : i32
    %scale = arith.subi %field, %c8 : i32
    %c254 = arith.constant 254 : i32
    %inverse = arith.subi %c254, %scale : i32
    %raised = arith.shli %inverse, %c23 : i32
    %r = arith.bitcast %raised : i32 to f32
    %p = arith.mulf %v, %r : f32
    %least = arith.constant -448.0 : f32
    %most = arith.constant 448.0 : f32
    %b = arith.maximumf %p, %least : f32
    %s = arith.minimumf %b, %most : f32
    %q = arith.truncf %s : f32 to f8E4M3FN
    %byte = arith.trunci %scale : i32 to i8
    norm.yield %q, %byte : f8E4M3FN, i8
  }
  return %y, %e : tensor<?x512xf8E4M3FN>, tensor<?xi8>
})");
  ASSERT_TRUE(kernel);
  constexpr int64_t rows = 40, columns = 512;
  Buffer x("x", DType::F32, {rows, columns}),
      y("y", DType::F8E4M3FN, {rows, columns}), e("e", DType::I8, {rows});
  Generator generator(9);
  std::vector<uint64_t> bits;
  for (int64_t i = 0; i < rows * columns; ++i)
    bits.push_back(std::bit_cast<uint32_t>(
        std::ldexp(float(generator.normal()), int(i / columns) - 20)));
  x.fill(bits);
  y.clear();
  e.clear();
  ASSERT_TRUE(kernel->run({{"x", x.ref()}, {"y", y.ref()}, {"e", e.ref()}}));
  std::vector<uint64_t> results = y.bits(), exponents = e.bits();
  for (int64_t i = 0; i < rows; ++i) {
    float most = 0;
    for (int64_t j = 0; j < columns; ++j)
      most = std::max(most, std::fabs(std::bit_cast<float>(
                                uint32_t(bits[i * columns + j]))));
    int exponent = std::ilogb(most) - 8; // 448 is below 2^9.
    EXPECT_EQ(exponents[i], uint64_t(exponent + 127));
    for (int64_t j = 0; j < columns; ++j) {
      auto value = std::bit_cast<float>(uint32_t(bits[i * columns + j]));
      ASSERT_EQ(results[i * columns + j],
                quantize(DType::F8E4M3FN, value, std::ldexp(1.0f, -exponent)));
    }
  }
}

// Rows that are written while the next are read: what waits for a row's turn
// has 8 bits, too.
TEST(QuantizeTest, BytesPerRowInThePipeline) {
  Target target = Target::native();
  target.llcBytes = 4096;
  Result<Artifact> artifact = compile(R"(
func.func @loud(%x: tensor<?x4096xf32> {norm.name = "x"}, %s: tensor<?xf8E5M2> {norm.name = "s"})
    -> (tensor<?x4096xf8E5M2> {norm.name = "y"}) {
  %y = norm.kernel dims(i = ?, j = 4096)
      ins(%e = %x by [[i], [j]] : tensor<?x4096xf32>, %se = %s by [[i]] : tensor<?xf8E5M2>)
      outs(by [[i], [j]] : tensor<?x4096xf8E5M2>) {
    %a = math.absf %e : f32
    %m = norm.reduce max %a over [j] : f32
    %half = arith.constant 0.5 : f32
    %limit = arith.mulf %m, %half : f32
    %is = arith.cmpf oge, %a, %limit : f32
    %none = arith.constant 0.0 : f8E5M2
    %o = arith.select %is, %se, %none : f8E5M2
    norm.yield %o : f8E5M2
  }
  return %y : tensor<?x4096xf8E5M2>
})",
                                      target);
  ASSERT_TRUE(artifact) << artifact.error().message;
  Result<Kernel> kernel = Kernel::load(*artifact);
  ASSERT_TRUE(kernel);
  constexpr int64_t rows = 11, columns = 4096;
  Buffer x("x", DType::F32, {rows, columns}), s("s", DType::F8E5M2, {rows}),
      y("y", DType::F8E5M2, {rows, columns});
  Generator generator(2);
  std::vector<uint64_t> bits, scales;
  std::vector<float> most(rows);
  for (int64_t i = 0; i < rows * columns; ++i) {
    auto value = float(generator.normal());
    most[i / columns] = std::max(most[i / columns], std::fabs(value));
    bits.push_back(std::bit_cast<uint32_t>(value));
  }
  for (int64_t i = 0; i < rows; ++i)
    scales.push_back(uint64_t(0x30 + i));
  x.fill(bits);
  s.fill(scales);
  y.clear();
  Status status = kernel->run({{"x", x.ref()}, {"s", s.ref()}, {"y", y.ref()}});
  ASSERT_TRUE(status) << status.error().message;
  std::vector<uint64_t> results = y.bits();
  for (size_t i = 0; i < results.size(); ++i) {
    float value = std::fabs(std::bit_cast<float>(uint32_t(bits[i])));
    size_t row = i / columns;
    ASSERT_EQ(results[i], value >= most[row] * 0.5f ? scales[row] : 0) << i;
  }
}
