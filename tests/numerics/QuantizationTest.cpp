//===- QuantizationTest.cpp - specs whose x or y has 8 bits ---------------===//
//
// Every type, scope and scale type against a scalar model: scales by the exact
// largest magnitude, and 8-bit values, given the kernel's own scales (and its
// own rstd), bit for bit. The model rounds by comparing with all 256 values.
//
//===----------------------------------------------------------------------===//

#include "normc/Compiler.h"
#include "tests/numerics/Dtype.h"
#include "tests/numerics/EightBits.h"
#include "tests/numerics/Harness.h"

#include <cmath>
#include <limits>

using namespace normc;
using namespace normc::numerics;

namespace {

/// What to fill x with: rows of all kinds.
std::vector<uint64_t> makeInputs(DType type, int64_t rows, int64_t columns) {
  Generator generator(7);
  std::vector<uint64_t> bits;
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) {
      double value = generator.normal();
      switch (i % 11) {
      case 1:
        value = 0;
        break;
      case 2:
        value = j % 37 == 5 ? NAN : value;
        break;
      case 3:
        value = j % 41 == 3 ? -INFINITY : value;
        break;
      case 4:
        value = std::ldexp(value, 120);
        break;
      case 5:
        value = std::ldexp(value, -140);
        break;
      case 6:
        value = j == columns - 1 ? -100 : value / 1024;
        break;
      case 7:
        value = j % 2 ? -1.5 : 1.5;
        break;
      case 8:
        value = std::ldexp(value, int(j % 60) - 30);
        break;
      case 9:
        value = (int64_t(j) % 255 - 127) / 2.0;
        break; // Ties.
      default:
        break;
      }
      bits.push_back(encode(type, value));
    }
  return bits;
}

/// One quantized norm of [rows, columns], its buffers, and the model.
class QuantizedNorm {
public:
  QuantizedNorm(const NormSpec &spec, int64_t rows, int64_t columns)
      : spec(spec), q(*spec.quantization), rows(rows), columns(columns) {}

  void expect();

private:
  bool isStatic() const { return q.scope == ScaleScope::Tensor; }
  std::vector<int64_t> scaleShape() const;
  bool execute();
  void model();
  /// The stored scale as a number.
  float stored(uint64_t bits) const {
    return q.scaleType == ScaleType::E8M0 ? valueOfE8M0(bits) : toFloat(bits);
  }
  float expectedScale(size_t begin, size_t count) const;
  void expectScale(size_t begin, size_t count, float stored) const;

  const NormSpec &spec;
  const Quantization &q;
  int64_t rows, columns;
  std::vector<uint64_t> x, gamma, rstd, y, scales;
  std::vector<float> real; ///< y before it is quantized.
};

} // namespace

std::vector<int64_t> QuantizedNorm::scaleShape() const {
  if (isStatic())
    return {};
  if (q.scope == ScaleScope::Row)
    return {rows};
  return {rows, columns / q.block};
}

bool QuantizedNorm::execute() {
  Result<Artifact> artifact = compile(spec, Target::native());
  if (!artifact) {
    ADD_FAILURE() << artifact.error().message;
    return false;
  }
  Result<Kernel> kernel = Kernel::load(*artifact);
  if (!kernel) {
    ADD_FAILURE() << kernel.error().message;
    return false;
  }
  DType scaleType = q.scaleType == ScaleType::E8M0 ? DType::I8 : DType::F32;
  std::string scaleName = q.inverse ? "y_inverse_scale" : "y_scale";
  Buffer bx("x", spec.dtype, {rows, columns}),
      bg("scale", spec.dtype, {columns}), by("y", q.dtype, {rows, columns}),
      bs(scaleName, scaleType, scaleShape()), br("rstd", DType::F32, {rows});
  x = makeInputs(spec.dtype, rows, columns);
  Generator generator(1);
  for (int64_t j = 0; j < columns; ++j)
    gamma.push_back(encode(spec.dtype, generator.normal() + 1));
  bx.fill(x);
  bg.fill(gamma);
  by.clear();
  if (isStatic())
    bs.fill({scaleType == DType::I8 ? uint64_t(0x7d)
                                    : uint64_t(std::bit_cast<uint32_t>(0.3f))});
  else
    bs.clear();
  br.clear();
  std::vector<NamedTensor> arguments = {{"x", bx.ref()},
                                        {"scale", bg.ref()},
                                        {"y", by.ref()},
                                        {scaleName, bs.ref()}};
  if (spec.saveRstd)
    arguments.push_back({"rstd", br.ref()});
  Status status = kernel->run(std::span<const NamedTensor>(arguments));
  if (!status) {
    ADD_FAILURE() << status.error().message;
    return false;
  }
  EXPECT_TRUE(by.areGapsUnchanged() && bs.areGapsUnchanged());
  EXPECT_TRUE(bx.isUnchanged() && bg.isUnchanged());
  y = by.bits();
  scales = bs.bits();
  rstd = br.bits();
  return true;
}

void QuantizedNorm::model() {
  DType unfused = spec.outputDtype.value_or(spec.dtype);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) {
      auto value = float(decode(spec.dtype, x[i * columns + j]));
      if (spec.saveRstd)
        value *= toFloat(rstd[i]);
      value *= float(decode(spec.dtype, gamma[j]));
      real.push_back(q.matchUnfused ? float(roundTo(unfused, value)) : value);
    }
}

float QuantizedNorm::expectedScale(size_t begin, size_t count) const {
  float largest = 0;
  for (size_t i = begin; i < begin + count; ++i) {
    if (std::isnan(real[i]))
      return NAN;
    largest = std::max(largest, std::fabs(real[i]));
  }
  auto most = float(mostOf(q.dtype));
  largest = std::min(largest, q.upperBound ? float(*q.upperBound)
                                           : std::numeric_limits<float>::max());
  float scale = std::max(largest / most,
                         float(q.smallestScale.value_or(1 / (512.0 * most))));
  return q.scaleType == ScaleType::F32 ? scale : nextPower(scale);
}

void QuantizedNorm::expectScale(size_t begin, size_t count,
                                float stored) const {
  float scale = expectedScale(begin, count);
  if (q.inverse)
    scale = 1 / scale;
  if (std::isnan(scale))
    EXPECT_TRUE(std::isnan(stored)) << "at " << begin;
  else
    EXPECT_EQ(stored, scale) << "at " << begin;
}

void QuantizedNorm::expect() {
  SCOPED_TRACE(std::string(toString(spec.dtype)) + " to " + toString(q.dtype) +
               " scope " + std::to_string(int(q.scope)) + " block " +
               std::to_string(q.block) + " scale type " +
               std::to_string(int(q.scaleType)) + " of " +
               std::to_string(rows) + " x " + std::to_string(columns) +
               (q.matchUnfused ? " matching" : "") +
               (spec.saveRstd ? " rms" : ""));
  if (!execute())
    return;
  model();
  auto perRow = size_t(scalesOf(q.scope, q.block, columns));
  size_t count = size_t(columns) / perRow;
  for (size_t begin = 0; begin < real.size(); begin += count) {
    float kernels = stored(scales[isStatic() ? 0 : begin / count]);
    if (!isStatic())
      expectScale(begin, count, kernels);
    float factor = q.inverse ? kernels : 1 / kernels;
    for (size_t i = begin; i < begin + count; ++i)
      ASSERT_EQ(canonical(q.dtype, y[i]),
                quantized(q.dtype, real[i] * factor, q.full))
          << std::hexfloat << real[i] << " by " << kernels << " at " << std::dec
          << i;
  }
}

static std::vector<Quantization> listQuantizations() {
  std::vector<Quantization> list;
  for (DType dtype : {DType::F8E4M3FN, DType::F8E5M2, DType::I8})
    for (ScaleType type :
         {ScaleType::F32, ScaleType::PowerOfTwo, ScaleType::E8M0})
      for (bool matches : {false, true}) {
        Quantization q{
            .dtype = dtype, .scaleType = type, .matchUnfused = matches};
        list.push_back(q);
        q.scope = ScaleScope::Block;
        for (int64_t block : {32, 64, 128}) {
          q.block = block;
          list.push_back(q);
        }
        q.scope = ScaleScope::Tensor;
        if (type != ScaleType::PowerOfTwo)
          list.push_back(q);
      }
  return list;
}

TEST(QuantizationTest, EveryTypeScopeAndScale) {
  for (const Quantization &q : listQuantizations())
    for (bool isRms : {false, true}) {
      NormSpec spec = makeSpec(q.matchUnfused ? DType::BF16 : DType::F32,
                               {kDynamic, 384}, isRms);
      spec.quantization = q;
      QuantizedNorm(spec, 23, 384).expect();
    }
}

TEST(QuantizationTest, EveryShape) {
  for (DType dtype : {DType::F8E4M3FN, DType::I8})
    for (ScaleScope scope :
         {ScaleScope::Tensor, ScaleScope::Row, ScaleScope::Block})
      for (int64_t columns : {1, 7, 32, 96, 100, 1024, 4096}) {
        if (scope == ScaleScope::Block && columns % 32 != 0)
          continue;
        for (std::vector<int64_t> shape :
             {std::vector<int64_t>{kDynamic, kDynamic},
              std::vector<int64_t>{kDynamic, columns}}) {
          NormSpec spec = makeSpec(DType::F16, shape, true);
          spec.quantization = {.dtype = dtype, .scope = scope, .block = 32};
          QuantizedNorm(spec, 13, columns).expect();
        }
      }
}

TEST(QuantizationTest, BoundsAndRanges) {
  for (DType dtype : {DType::F8E4M3FN, DType::F8E5M2, DType::I8})
    for (bool inverse : {false, true}) {
      NormSpec spec = makeSpec(DType::F32, {kDynamic, 128}, false);
      spec.quantization = {.dtype = dtype,
                           .inverse = inverse,
                           .upperBound = 1.25,
                           .full = dtype == DType::I8};
      QuantizedNorm(spec, 12, 128).expect();
      spec.quantization->upperBound = std::nullopt;
      spec.quantization->smallestScale = 0x1p-126;
      QuantizedNorm(spec, 12, 128).expect();
      spec.quantization->smallestScale = 0.5;
      spec.quantization->scaleType = ScaleType::E8M0;
      QuantizedNorm(spec, 12, 128).expect();
    }
  NormSpec spec = makeSpec(DType::F32, {kDynamic, 128}, false);
  for (ScaleType type : {ScaleType::F32, ScaleType::E8M0}) {
    spec.quantization = {.dtype = DType::I8,
                         .scope = ScaleScope::Tensor,
                         .scaleType = type,
                         .inverse = true,
                         .full = true};
    QuantizedNorm(spec, 12, 128).expect();
  }
}

// The unfused type need not be x's.
TEST(QuantizationTest, MatchesAnotherUnfusedType) {
  for (DType unfused : {DType::F16, DType::BF16, DType::F32}) {
    NormSpec spec = makeSpec(DType::F32, {kDynamic, 64}, true);
    spec.outputDtype = unfused;
    spec.quantization = {.matchUnfused = true};
    QuantizedNorm(spec, 12, 64).expect();
  }
}

// What is 8 bits and a scale is the norm to within their rounding, of
// statistics with more than one collective, too; the oracle is in f64.
TEST(QuantizationTest, LayerNormComesBack) {
  constexpr int64_t rows = 9, columns = 512;
  for (ScaleScope scope : {ScaleScope::Row, ScaleScope::Block}) {
    NormSpec spec = layerNorm({.shape = {kDynamic, columns}});
    spec.quantization = {.dtype = DType::I8, .scope = scope, .block = 128};
    Result<Artifact> artifact = compile(spec, Target::native());
    ASSERT_TRUE(artifact) << artifact.error().message;
    Result<Kernel> kernel = Kernel::load(*artifact);
    ASSERT_TRUE(kernel);
    int64_t perRow = scalesOf(scope, 128, columns);
    Buffer x("x", DType::F32, {rows, columns}),
        g("scale", DType::F32, {columns}), h("shift", DType::F32, {columns}),
        y("y", DType::I8, {rows, columns}),
        s("y_scale", DType::F32,
          perRow == 1 ? std::vector<int64_t>{rows}
                      : std::vector<int64_t>{rows, perRow});
    std::vector<uint64_t> bits[3];
    Generator generator(4);
    for (auto [list, count] : {std::pair(&bits[0], rows * columns),
                               {&bits[1], columns},
                               {&bits[2], columns}})
      for (int64_t i = 0; i < count; ++i)
        list->push_back(encode(DType::F32, 3 + generator.normal()));
    x.fill(bits[0]);
    g.fill(bits[1]);
    h.fill(bits[2]);
    y.clear();
    s.clear();
    Status status = kernel->run({{"x", x.ref()},
                                 {"scale", g.ref()},
                                 {"shift", h.ref()},
                                 {"y", y.ref()},
                                 {"y_scale", s.ref()}});
    ASSERT_TRUE(status) << status.error().message;
    std::vector<long double> in = x.read(), gamma = g.read(), beta = h.read(),
                             codes = y.read(), scale = s.read();
    for (int64_t i = 0; i < rows; ++i) {
      long double mean = 0, variance = 0;
      for (int64_t j = 0; j < columns; ++j)
        mean += in[i * columns + j] / columns;
      for (int64_t j = 0; j < columns; ++j)
        variance += std::pow(in[i * columns + j] - mean, 2.0L) / columns;
      for (int64_t j = 0; j < columns; ++j) {
        long double exact = (in[i * columns + j] - mean) /
                                std::sqrt(variance + 1e-5L) * gamma[j] +
                            beta[j];
        long double one = scale[i * perRow + j * perRow / columns];
        ASSERT_NEAR(codes[i * columns + j] * one, exact, 0.501 * one)
            << i << ", " << j;
      }
    }
  }
}
