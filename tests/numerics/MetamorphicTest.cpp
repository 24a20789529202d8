//===- MetamorphicTest.cpp - what norms owe each other --------------------===//
//
// Relations that need no oracle: invariances, norms that coincide, and what one
// sample may change.
//
//===----------------------------------------------------------------------===//

#include "normc/normc.h"
#include "tests/numerics/Buffers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

using namespace normc;
using numerics::Generator;

namespace {

using Vector = std::vector<float>;
using Tensors = std::map<std::string, Vector>;

constexpr float kUnit = 0x1p-24f;

Vector normal(int64_t count, uint64_t seed) {
  Generator generator(seed);
  Vector values(count);
  for (float &value : values)
    value = float(generator.normal());
  return values;
}

/// Runs a static f32 norm, and returns its outputs.
Tensors runNorm(const NormSpec &spec, Tensors inputs) {
  Tensors outputs;
  Result<Kernel> kernel = jit(spec);
  if (!kernel) {
    ADD_FAILURE() << kernel.error().message;
    return outputs;
  }
  std::vector<TensorRef> arguments;
  for (const ArgumentFacts &facts : kernel->artifact().arguments) {
    std::vector<int64_t> shape;
    int64_t count = 1;
    for (const AxisFacts &axis : facts.axes) {
      shape.push_back(*axis.extent.evaluate({}));
      count *= shape.back();
    }
    Vector &values = (facts.isOutput ? outputs : inputs)[facts.name];
    values.resize(count);
    arguments.push_back(
        TensorRef::contiguous(static_cast<void *>(values.data()), DType::F32,
                              Dims(std::span<const int64_t>(shape))));
  }
  Status status = kernel->run(std::span<const TensorRef>(arguments));
  EXPECT_TRUE(status) << status.error().message;
  return outputs;
}

/// Two computations of one value, each within half an ulp and 16 u of it.
void expectEqual(const Vector &a, const Vector &b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i)
    ASSERT_LE(std::fabs(a[i] - b[i]), 2 * 17 * kUnit * std::fabs(a[i]))
        << "element " << i << ": " << a[i] << " and " << b[i];
}

NormSpec plainRows(Statistic statistic, int64_t rows, int64_t n) {
  NormSpec spec;
  spec.shape = {rows, n};
  spec.axes = {1};
  spec.statistic = statistic;
  spec.epsilon = 0;
  return spec;
}

NormSpec withoutAffine(NormSpec spec) {
  spec.scale.reset();
  spec.shift.reset();
  return spec;
}

} // namespace

TEST(MetamorphicTest, LayerNormIgnoresScaleAndOffsetOfItsInput) {
  constexpr int64_t rows = 7, n = 301;
  // Integers: 4 x + 1000 is exact.
  Vector x(rows * n), moved(rows * n);
  Generator generator(3);
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] = float(int64_t(generator.next() % 2001) - 1000);
    moved[i] = 4 * x[i] + 1000;
  }
  NormSpec spec = plainRows(Statistic::MeanVariance, rows, n);
  expectEqual(runNorm(spec, {{"x", x}})["y"],
              runNorm(spec, {{"x", moved}})["y"]);
}

TEST(MetamorphicTest, OneGroupIsLayerNormOfChannelsAndSpace) {
  const std::vector<int64_t> shape = {3, 6, 5, 7};
  Vector x = normal(630, 5);
  NormSpec group = withoutAffine(groupNorm({.shape = shape, .groups = 1}));
  NormSpec layer =
      withoutAffine(layerNorm({.shape = shape, .axes = {-3, -2, -1}}));
  expectEqual(runNorm(group, {{"x", x}})["y"], runNorm(layer, {{"x", x}})["y"]);
}

TEST(MetamorphicTest, AGroupPerChannelIsInstanceNorm) {
  for (bool channelsLast : {false, true}) {
    std::vector<int64_t> shape = {3, 6, 5, 7};
    if (channelsLast)
      shape = {3, 5, 7, 6};
    Tensors inputs = {
        {"x", normal(630, 5)}, {"scale", normal(6, 6)}, {"shift", Vector(6)}};
    NormSpec group =
        groupNorm({.shape = shape, .groups = 6, .channelsLast = channelsLast});
    NormSpec instance =
        instanceNorm({.shape = shape, .channelsLast = channelsLast});
    expectEqual(runNorm(group, inputs)["y"], runNorm(instance, inputs)["y"]);
  }
}

TEST(MetamorphicTest, RmsNormIsLayerNormWhereTheMeanIsZero) {
  constexpr int64_t rows = 5, n = 402;
  Vector x = normal(rows * n, 11);
  for (size_t i = 0; i < x.size(); i += 2)
    x[i + 1] = -x[i];
  expectEqual(
      runNorm(plainRows(Statistic::Rms, rows, n), {{"x", x}})["y"],
      runNorm(plainRows(Statistic::MeanVariance, rows, n), {{"x", x}})["y"]);
}

TEST(MetamorphicTest, DeviationAsScaleAndMeanAsShiftGiveTheInputBack) {
  constexpr int64_t rows = 6, n = 257;
  Vector x = normal(rows * n, 13);
  NormSpec spec = plainRows(Statistic::MeanVariance, rows, n);
  spec.epsilon = 1e-3;
  spec.saveMean = spec.saveVariance = true;
  Tensors statistics = runNorm(spec, {{"x", x}});
  Vector scale = statistics["variance"];
  for (float &value : scale)
    value = float(std::sqrt(double(value) + 1e-3));
  spec.saveMean = spec.saveVariance = false;
  spec.scale = spec.shift = Parameter{{0}};
  Vector y = runNorm(
      spec, {{"x", x}, {"scale", scale}, {"shift", statistics["mean"]}})["y"];
  for (size_t i = 0; i < x.size(); ++i) {
    float mean = statistics["mean"][i / n];
    // 16 u T of y, and the rounding of the scale.
    float magnitude = std::fabs(x[i] - mean) + std::fabs(mean);
    ASSERT_LE(std::fabs(x[i] - y[i]), 18 * kUnit * magnitude)
        << "element " << i;
  }
}

TEST(MetamorphicTest, WeightNormHasTheNormOfItsScale) {
  constexpr int64_t rows = 9, n = 333;
  Vector g = normal(rows, 17);
  Vector w = runNorm(weightNorm({.shape = {rows, 3, n / 3}}),
                     {{"x", normal(rows * n, 19)}, {"scale", g}})["y"];
  for (int64_t row = 0; row < rows; ++row) {
    long double sum = 0;
    for (int64_t j = 0; j < n; ++j)
      sum += (long double)w[row * n + j] * w[row * n + j];
    ASSERT_NEAR(std::sqrt(sum), std::fabs(g[row]),
                17 * kUnit * std::fabs(g[row]));
  }
}

TEST(MetamorphicTest, OneSampleMovesABatchButNoOtherRow) {
  constexpr int64_t samples = 4, channels = 6, n = samples * channels;
  Vector x = normal(n, 23), other = x;
  for (int64_t c = 0; c < channels; ++c)
    other[c] += 1; // Sample 0.
  auto countMoved = [&](const NormSpec &spec) {
    Vector a = runNorm(spec, {{"x", x}})["y"],
           b = runNorm(spec, {{"x", other}})["y"];
    int64_t moved = 0;
    for (int64_t i = channels; i < n; ++i)
      moved += a[i] != b[i];
    return moved;
  };
  std::vector<int64_t> shape = {samples, channels};
  EXPECT_EQ(countMoved(withoutAffine(layerNorm({.shape = shape}))), 0);
  EXPECT_EQ(countMoved(withoutAffine(batchNormTraining({.shape = shape}))),
            n - channels);
}
