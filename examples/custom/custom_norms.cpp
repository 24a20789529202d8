//===- custom_norms.cpp - kernels of your own from .mlir files ------------===//
//
// custom_norms [FOLDER]
//
// Compiles the .mlir files beside this program (in FOLDER; examples/custom by
// default), runs each on several shapes and checks it against its formula in
// double. One compiled kernel serves all shapes: their extents are `?`.
//
//===----------------------------------------------------------------------===//

#include "examples/check.h"
#include "normc/normc.h"

#include <fstream>
#include <iterator>

using namespace example;
using normc::DType, normc::TensorRef;
using Floats = std::vector<float>;

static normc::Kernel compileFile(const std::string &path) {
  std::ifstream file(path);
  if (!file)
    fail("cannot read " + path + ", expected the folder of the .mlir files");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  return orFail(normc::jit(text));
}

static TensorRef view(const Floats &values, const normc::Dims &shape) {
  return TensorRef::contiguous(values.data(), DType::F32, shape);
}
static TensorRef view(Floats &values, const normc::Dims &shape) {
  return TensorRef::contiguous(values.data(), DType::F32, shape);
}

static std::string shapeText(const std::string &what,
                             const normc::Dims &shape) {
  std::string text = what;
  for (int axis = 0; axis < shape.size(); ++axis)
    text += (axis ? " x " : " ") + std::to_string(shape[axis]);
  return text;
}

//===----------------------------------------------------------------------===//
// Softmax and log-sum-exp
//===----------------------------------------------------------------------===//

static void runSoftmax(const normc::Kernel &softmax, int64_t rows, int64_t n) {
  const Floats x = numbers(rows * n, 0, 5);
  Floats y(x.size());
  orFail(softmax.run({{"x", view(x, {rows, n})}, {"y", view(y, {rows, n})}}));

  std::vector<Expected> expected(x.size());
  for (int64_t i = 0; i < rows; ++i) {
    const float *in = &x[i * n];
    double max = *std::max_element(in, in + n), sum = 0;
    for (int64_t j = 0; j < n; ++j)
      sum += std::exp(in[j] - max);
    for (int64_t j = 0; j < n; ++j) {
      double y = std::exp(in[j] - max) / sum;
      // One rounding of the distance x - max is a relative error of the power.
      expected[i * n + j] = {y, y * (1 + (max - in[j]) / 16)};
    }
  }
  check(shapeText("softmax", {rows, n}), y, expected);
}

static void runLogSumExp(const normc::Kernel &logSumExp, int64_t rows,
                         int64_t n) {
  const Floats x = numbers(rows * n, 0, 5);
  Floats y(rows);
  orFail(logSumExp.run({{"x", view(x, {rows, n})}, {"y", view(y, {rows})}}));

  std::vector<Expected> expected(rows);
  for (int64_t i = 0; i < rows; ++i) {
    const float *in = &x[i * n];
    double max = *std::max_element(in, in + n), sum = 0;
    for (int64_t j = 0; j < n; ++j)
      sum += std::exp(in[j] - max);
    // A relative error of the sum is an absolute one of its logarithm, hence 1.
    expected[i] = {max + std::log(sum), std::fabs(max) + std::log(sum) + 1};
  }
  check(shapeText("log-sum-exp", {rows, n}), y, expected);
}

//===----------------------------------------------------------------------===//
// Weight standardization and switchable norm
//===----------------------------------------------------------------------===//

/// Mean and variance of the elements that a function visits.
struct Moments {
  double mean = 0, variance = 0;

  template <typename ForEach> static Moments of(ForEach forEach) {
    Moments moments;
    int64_t count = 0;
    forEach([&](double x) { moments.mean += x, ++count; });
    moments.mean /= count;
    forEach([&](double x) {
      moments.variance += (x - moments.mean) * (x - moments.mean);
    });
    moments.variance /= count;
    return moments;
  }
};

static void runWeightStandardization(const normc::Kernel &kernel, int64_t out,
                                     int64_t in, int64_t side) {
  const normc::Dims shape = {out, in, side, side};
  const int64_t n = in * side * side;
  const Floats w = numbers(out * n, 0.5f, 0.1f);
  Floats y(w.size());
  orFail(kernel.run({{"w", view(w, shape)}, {"y", view(y, shape)}}));

  std::vector<Expected> expected(w.size());
  for (int64_t o = 0; o < out; ++o) {
    Moments filter = Moments::of([&](auto visit) {
      for (int64_t i = 0; i < n; ++i)
        visit(w[o * n + i]);
    });
    for (int64_t i = o * n; i < (o + 1) * n; ++i) {
      double y = (w[i] - filter.mean) / std::sqrt(filter.variance + 1e-5);
      expected[i] = {y, std::fabs(y)};
    }
  }
  check(shapeText("weight standardization", shape), y, expected);
}

static void runSwitchableNorm(const normc::Kernel &kernel, int64_t samples,
                              int64_t channels, int64_t positions) {
  const normc::Dims shape = {samples, channels, positions};
  const Floats x = numbers(samples * channels * positions, 0.05f, 0.1f);
  const Floats u = {0.5f, 0.2f, 0.3f}, v = {0.1f, 0.6f, 0.3f};
  const Floats scale = numbers(channels, 1, 0.2f), shift = numbers(channels);
  Floats y(x.size());
  orFail(kernel.run({{"x", view(x, shape)},
                     {"mean_weights", view(u, {3})},
                     {"variance_weights", view(v, {3})},
                     {"scale", view(scale, {channels})},
                     {"shift", view(shift, {channels})},
                     {"y", view(y, shape)}}));

  auto at = [&](int64_t n, int64_t c, int64_t s) {
    return (n * channels + c) * positions + s;
  };
  // The moments of all elements whose sample and channel are wanted; -1: any.
  auto momentsOf = [&](int64_t sample, int64_t channel) {
    return Moments::of([&](auto visit) {
      for (int64_t n = 0; n < samples; ++n)
        for (int64_t c = 0; c < channels; ++c)
          if ((sample < 0 || n == sample) && (channel < 0 || c == channel))
            for (int64_t s = 0; s < positions; ++s)
              visit(x[at(n, c, s)]);
    });
  };
  std::vector<Expected> expected(x.size());
  for (int64_t n = 0; n < samples; ++n)
    for (int64_t c = 0; c < channels; ++c) {
      const Moments statistics[] = {momentsOf(n, c), momentsOf(n, -1),
                                    momentsOf(-1, c)};
      double mean = 0, means = 0, variance = 0;
      for (int k = 0; k < 3; ++k) {
        mean += u[k] * statistics[k].mean;
        means += std::fabs(u[k] * statistics[k].mean);
        variance += v[k] * statistics[k].variance;
      }
      double a = scale[c] / std::sqrt(variance + 1e-5);
      for (int64_t s = 0; s < positions; ++s) {
        double in = x[at(n, c, s)];
        // The mixed mean is a rounded number, so |x| and the means count.
        expected[at(n, c, s)] = {(in - mean) * a + shift[c],
                                 (std::fabs(in) + means) * std::fabs(a) +
                                     std::fabs(shift[c])};
      }
    }
  check(shapeText("switchable norm", shape), y, expected);
}

int main(int argc, char **argv) {
  const std::string folder = argc > 1 ? argv[1] : "examples/custom";
  const normc::Kernel softmax = compileFile(folder + "/softmax.mlir");
  const normc::Kernel logSumExp = compileFile(folder + "/log_sum_exp.mlir");
  for (auto [rows, n] : {std::pair(1, 1), {3, 7}, {16, 1000}, {5, 4096}}) {
    runSoftmax(softmax, rows, n);
    runLogSumExp(logSumExp, rows, n);
  }
  const normc::Kernel standardize =
      compileFile(folder + "/weight_standardization.mlir");
  runWeightStandardization(standardize, 8, 3, 3);
  runWeightStandardization(standardize, 64, 32, 3);
  runWeightStandardization(standardize, 5, 17, 1);
  const normc::Kernel switchable =
      compileFile(folder + "/switchable_norm.mlir");
  runSwitchableNorm(switchable, 2, 3, 10);
  runSwitchableNorm(switchable, 4, 33, 49);
  runSwitchableNorm(switchable, 1, 8, 64);
  return 0;
}
