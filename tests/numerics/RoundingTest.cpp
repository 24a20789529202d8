//===- RoundingTest.cpp - roundings bit for bit ---------------------------===//
//
// Where a norm's roundings are, not how large they are: a scalar model in plain
// C++ is given the kernel's own statistics and must give its bits. The
// statistics are held to their bounds elsewhere.
//
//===----------------------------------------------------------------------===//

#include "normc/Compiler.h"
#include "tests/numerics/Dtype.h"
#include "tests/numerics/Harness.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

using namespace normc;
using namespace normc::numerics;

namespace {

constexpr int64_t kRows = 6, kColumns = 517;

/// Runs `spec` on normal data (squared where `positive`), and hands every
/// argument's values to `check`.
class RoundingTest : public testing::TestWithParam<std::tuple<DType, DType>> {
protected:
  DType dtype = std::get<0>(GetParam()), parameter = std::get<1>(GetParam());

  float rounded(DType type, float value) const {
    return float(roundTo(type, value));
  }

  void run(const NormSpec &spec) {
    Result<std::string> text = toMlir(spec);
    ASSERT_TRUE(text) << text.error().message;
    const Kernel *kernel = kernelFor(*text);
    ASSERT_TRUE(kernel);
    Generator generator(41);
    std::vector<NamedTensor> arguments;
    for (const ArgumentFacts &facts : kernel->artifact().arguments) {
      std::vector<int64_t> shape;
      for (const AxisFacts &axis : facts.axes)
        shape.push_back(*axis.extent.evaluate({}));
      buffers.emplace_back(facts.name, facts.dtype, shape);
      std::vector<uint64_t> bits(buffers.back().elementCount());
      for (uint64_t &one : bits) {
        double value = generator.normal();
        one = encode(facts.dtype,
                     facts.name == "variance" ? value * value + 0.1 : value);
      }
      buffers.back().fill(bits);
    }
    for (const Buffer &buffer : buffers)
      arguments.push_back({buffer.name(), buffer.ref()});
    Status status = kernel->run(std::span<const NamedTensor>(arguments));
    ASSERT_TRUE(status) << status.error().message;
    for (const Buffer &buffer : buffers)
      values[buffer.name()] = buffer.read();
  }
  float value(const std::string &name, int64_t index) const {
    return float(values.at(name)[index]);
  }

  /// `model(row, column)` gives y before its last rounding.
  template <typename F> void expectBits(F model) const {
    for (int64_t i = 0; i < kRows; ++i)
      for (int64_t j = 0; j < kColumns; ++j)
        ASSERT_EQ(value("y", i * kColumns + j), rounded(dtype, model(i, j)))
            << "at [" << i << ", " << j << "]";
  }

  std::vector<Buffer> buffers;
  std::map<std::string, std::vector<long double>> values;
};

/// The wider type, or f32 for the two of 16 bits.
DType promote(DType a, DType b) { return a == b ? a : DType::F32; }

} // namespace

TEST_P(RoundingTest, OnceRoundsAtTheEnd) {
  NormSpec spec = normc::rmsNorm({.shape = {kRows, kColumns},
                                  .dtype = dtype,
                                  .parameterDtype = parameter});
  spec.saveRstd = true;
  run(spec);
  expectBits([&](int64_t i, int64_t j) {
    float normalized = value("x", i * kColumns + j) * value("rstd", i);
    return normalized * value("scale", j);
  });
}

TEST_P(RoundingTest, NormalizedRoundsAfterEveryStep) {
  NormSpec spec = normc::rmsNorm({.shape = {kRows, kColumns},
                                  .dtype = dtype,
                                  .parameterDtype = parameter});
  spec.shift = spec.scale;
  spec.saveRstd = true;
  spec.rounding = Rounding::Normalized;
  run(spec);
  DType wide = promote(dtype, parameter);
  expectBits([&](int64_t i, int64_t j) {
    float y = rounded(dtype, value("x", i * kColumns + j) * value("rstd", i));
    y = rounded(wide, y * value("scale", j));
    return rounded(wide, y + value("shift", j));
  });
}

TEST_P(RoundingTest, FoldedIsOneMultiplyAdd) {
  NormSpec spec = batchNormInference({.shape = {kRows, kColumns},
                                      .dtype = dtype,
                                      .parameterDtype = parameter});
  run(spec);
  expectBits([&](int64_t i, int64_t j) {
    float rstd = 1 / std::sqrt(value("variance", j) + 1e-5f);
    float a = value("scale", j) * rstd;
    float moved = value("mean", j) * a;
    float b = value("shift", j) - moved;
    return std::fma(value("x", i * kColumns + j), a, b);
  });
}

TEST_P(RoundingTest, UnfoldedCentresFirst) {
  NormSpec spec = batchNormInference({.shape = {kRows, kColumns},
                                      .dtype = dtype,
                                      .parameterDtype = parameter});
  spec.given.folded = false;
  run(spec);
  expectBits([&](int64_t i, int64_t j) {
    float rstd = 1 / std::sqrt(value("variance", j) + 1e-5f);
    float centred = value("x", i * kColumns + j) - value("mean", j);
    return std::fma(centred, value("scale", j) * rstd, value("shift", j));
  });
}

TEST_P(RoundingTest, ARoundedSumIsNormalizedAsItIsStored) {
  NormSpec spec = normc::rmsNorm({.shape = {kRows, kColumns},
                                  .dtype = dtype,
                                  .parameterDtype = parameter});
  spec.residual = {.rounded = true, .emitSum = true};
  spec.saveRstd = true;
  spec.rounding = Rounding::Normalized;
  run(spec);
  DType wide = promote(dtype, parameter);
  expectBits([&](int64_t i, int64_t j) {
    int64_t k = i * kColumns + j;
    float sum = rounded(dtype, value("residual", k) + value("x", k));
    EXPECT_EQ(value("residual_out", k), sum);
    float y = rounded(dtype, sum * value("rstd", i));
    return rounded(wide, y * value("scale", j));
  });
}

TEST_P(RoundingTest, AnExactSumAndAGateRoundAtTheEnd) {
  NormSpec spec = normc::rmsNorm({.shape = {kRows, kColumns},
                                  .dtype = dtype,
                                  .parameterDtype = parameter});
  spec.residual = {.emitSum = true};
  spec.gate = {.activation = Activation::None};
  spec.saveRstd = true;
  run(spec);
  expectBits([&](int64_t i, int64_t j) {
    int64_t k = i * kColumns + j;
    float sum = value("residual", k) + value("x", k);
    EXPECT_EQ(value("residual_out", k), rounded(dtype, sum));
    float normalized = sum * value("rstd", i);
    float scaled = normalized * value("scale", j);
    return scaled * value("gate", k);
  });
}

TEST_P(RoundingTest, AQuantizedSumTakesTheScaleOfItsRow) {
  NormSpec spec = normc::rmsNorm({.shape = {kRows, kColumns},
                                  .dtype = dtype,
                                  .parameterDtype = parameter});
  spec.residual = {.emitSum = true};
  spec.quantization = {.dtype = DType::F8E4M3FN};
  spec.saveRstd = true;
  run(spec);
  for (int64_t i = 0; i < kRows; ++i) {
    std::vector<float> y;
    float largest = 0;
    for (int64_t j = 0; j < kColumns; ++j) {
      int64_t k = i * kColumns + j;
      float normalized =
          (value("residual", k) + value("x", k)) * value("rstd", i);
      y.push_back(normalized * value("scale", j));
      largest = std::max(largest, std::fabs(y.back()));
    }
    float step = value("y_scale", i), inverse = 1 / step;
    ASSERT_EQ(step, largest / 448);
    for (int64_t j = 0; j < kColumns; ++j) {
      float number = std::clamp(y[j] * inverse, -448.0f, 448.0f);
      ASSERT_EQ(value("y", i * kColumns + j), rounded(DType::F8E4M3FN, number));
    }
  }
}

TEST(WideParametersTest, StepsAreInTheTypeThatHoldsBoth) {
  // x-hat is rounded to f32, and then scaled and moved in f64.
  constexpr int64_t n = 300;
  NormSpec spec = normc::rmsNorm(
      {.shape = {1, n}, .dtype = DType::F32, .parameterDtype = DType::F64});
  spec.shift = spec.scale;
  spec.scaleOffset = 1;
  spec.saveRstd = true;
  spec.rounding = Rounding::Normalized;
  spec.outputDtype = DType::F64;
  const Kernel *kernel = kernelFor(*toMlir(spec));
  ASSERT_TRUE(kernel);
  Generator generator(43);
  std::vector<float> x(n);
  std::vector<double> scale(n), shift(n), y(n);
  for (int64_t i = 0; i < n; ++i) {
    x[i] = float(generator.normal());
    scale[i] = -1 + 1e-6 * generator.normal();
    shift[i] = 1e-9 * generator.normal();
  }
  float rstd = 0;
  auto vector = [&](std::vector<double> &values) {
    return TensorRef::contiguous(values.data(), DType::F64, {n});
  };
  Status status =
      kernel->run({{"x", TensorRef::contiguous(x.data(), DType::F32, {1, n})},
                   {"scale", vector(scale)},
                   {"shift", vector(shift)},
                   {"y", TensorRef::contiguous(y.data(), DType::F64, {1, n})},
                   {"rstd", TensorRef::contiguous(&rstd, DType::F32, {1})}});
  ASSERT_TRUE(status) << status.error().message;
  for (int64_t i = 0; i < n; ++i)
    ASSERT_EQ(y[i], double(x[i] * rstd) * (scale[i] + 1) + shift[i]) << i;
}

TEST(WideParametersTest, AnOffsetIsAddedBeforeTheScaleIsRounded) {
  constexpr int64_t n = 64;
  NormSpec spec = normc::rmsNorm(
      {.shape = {1, n}, .dtype = DType::F32, .parameterDtype = DType::F64});
  spec.scaleOffset = 1;
  spec.saveRstd = true;
  const Kernel *kernel = kernelFor(*toMlir(spec));
  ASSERT_TRUE(kernel);
  std::vector<float> x(n, 0.7f), y(n);
  std::vector<double> scale(n, -1 + 1e-6);
  float rstd = 0;
  Status status =
      kernel->run({TensorRef::contiguous(x.data(), DType::F32, {1, n}),
                   TensorRef::contiguous(scale.data(), DType::F64, {n}),
                   TensorRef::contiguous(y.data(), DType::F32, {1, n}),
                   TensorRef::contiguous(&rstd, DType::F32, {1})});
  ASSERT_TRUE(status) << status.error().message;
  for (float value : y)
    ASSERT_EQ(value, x[0] * rstd * float(scale[0] + 1));
}

INSTANTIATE_TEST_SUITE_P(
    Numerics, RoundingTest,
    testing::Combine(testing::Values(DType::F32, DType::BF16, DType::F16),
                     testing::Values(DType::F32, DType::BF16, DType::F16)),
    [](const auto &info) {
      return std::string(toString(std::get<0>(info.param))) + "_by_" +
             toString(std::get<1>(info.param));
    });
