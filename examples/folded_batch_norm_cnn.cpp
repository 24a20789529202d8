//===- folded_batch_norm_cnn.cpp - BatchNorm at inference -----------------===//
//
// A CNN of two layers, each convolution -> BatchNorm -> ReLU, in NCHW and in
// NHWC. At inference mean and variance are given, so that BatchNorm is one
// multiply-add per element:
//
//     (x - mean) rstd scale + shift  =  a x + b
//     a = scale rstd,  b = shift - mean a,  rstd = 1 / sqrt(variance + epsilon)
//
// normc computes a and b once per channel: the statistic is `folded`. They can
// as well go into the convolution's weights; the program does that by hand, and
// checks that the result is the same within what the roundings allow.
//
//===----------------------------------------------------------------------===//

#include "examples/check.h"
#include "normc/normc.h"

using namespace example;
using normc::DType, normc::TensorRef;
using Floats = std::vector<float>;

static constexpr int64_t kSamples = 2, kSide = 12, kTaps = 9; // 3 x 3
static constexpr double kEpsilon = 1e-5;

/// A batch of images of any number of channels, in either layout.
struct Images {
  int64_t channels;
  bool channelsLast;
  Floats values = Floats(kSamples * channels * kSide * kSide);

  int64_t at(int64_t n, int64_t c, int64_t h, int64_t w) const {
    return channelsLast ? ((n * kSide + h) * kSide + w) * channels + c
                        : ((n * channels + c) * kSide + h) * kSide + w;
  }
  normc::Dims shape() const {
    return channelsLast ? normc::Dims{kSamples, kSide, kSide, channels}
                        : normc::Dims{kSamples, channels, kSide, kSide};
  }
};

/// Calls visit(n, c, h, w) for every element, in the order of NCHW.
template <typename F> static void forEach(int64_t channels, F visit) {
  for (int64_t n = 0; n < kSamples; ++n)
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t h = 0; h < kSide; ++h)
        for (int64_t w = 0; w < kSide; ++w)
          visit(n, c, h, w);
}

/// A convolution and the BatchNorm behind it, as they come out of training.
struct Layer {
  int64_t in, out;
  Floats weights = numbers(out * in * kTaps, 0, 0.3f); ///< [out, in, 3, 3].
  Floats scale = numbers(out, 1, 0.2f), shift = numbers(out, 0, 0.5f);
  Floats mean = numbers(out, 0, 1), variance = numbers(out, 2, 0.2f);

  double factor(int64_t c) const { // a
    return scale[c] / std::sqrt(variance[c] + kEpsilon);
  }
  double term(int64_t c) const { // b
    return shift[c] - mean[c] * factor(c);
  }
};

/// A 3 x 3 convolution with zeros around the image, rounded once per element.
/// `magnitude` gets the sums of |weight * x|.
static Images convolve(const Images &x, const Layer &layer,
                       const Floats &weights, const Floats &bias,
                       std::vector<double> *magnitude = nullptr) {
  Images y{layer.out, x.channelsLast};
  if (magnitude)
    magnitude->resize(y.values.size());
  forEach(layer.out, [&](int64_t n, int64_t o, int64_t h, int64_t w) {
    double sum = bias[o], size = std::fabs(sum);
    for (int64_t i = 0; i < layer.in; ++i)
      for (int64_t tap = 0; tap < kTaps; ++tap) {
        int64_t row = h + tap / 3 - 1, column = w + tap % 3 - 1;
        if (row < 0 || row >= kSide || column < 0 || column >= kSide)
          continue;
        double product = double(weights[(o * layer.in + i) * kTaps + tap]) *
                         x.values[x.at(n, i, row, column)];
        sum += product;
        size += std::fabs(product);
      }
    y.values[y.at(n, o, h, w)] = float(sum);
    if (magnitude)
      (*magnitude)[y.at(n, o, h, w)] = size;
  });
  return y;
}

/// Any number of samples of one layer's images.
static normc::Kernel compileBatchNorm(const Layer &layer, bool channelsLast,
                                      bool folded) {
  std::vector<int64_t> shape = {normc::kDynamic, layer.out, kSide, kSide};
  if (channelsLast)
    shape = {normc::kDynamic, kSide, kSide, layer.out};
  normc::NormSpec spec = normc::batchNormInference(
      {.shape = shape, .channelsLast = channelsLast, .epsilon = kEpsilon});
  spec.given.folded = folded; // The preset's default is true.
  return orFail(normc::jit(spec));
}

/// BatchNorm of `x` by normc, checked against the formula in double.
static Images normalize(const Images &x, const Layer &layer, bool folded) {
  Images y{x.channels, x.channelsLast};
  auto perChannel = [&](const Floats &values) {
    return TensorRef::contiguous(values.data(), DType::F32, {layer.out});
  };
  orFail(compileBatchNorm(layer, x.channelsLast, folded)
             .run({{"x", TensorRef::contiguous(x.values.data(), DType::F32,
                                               x.shape())},
                   {"mean", perChannel(layer.mean)},
                   {"variance", perChannel(layer.variance)},
                   {"scale", perChannel(layer.scale)},
                   {"shift", perChannel(layer.shift)},
                   {"y", TensorRef::contiguous(y.values.data(), DType::F32,
                                               y.shape())}}));

  std::vector<Expected> expected(y.values.size());
  forEach(layer.out, [&](int64_t n, int64_t c, int64_t h, int64_t w) {
    int64_t i = x.at(n, c, h, w);
    double a = layer.factor(c), mean = layer.mean[c], shift = layer.shift[c];
    double value = a * (x.values[i] - mean);
    // Folding splits (x - mean) a into two terms, which are large where x and
    // the mean are close to each other but not to 0: the price of one
    // operation.
    double terms = folded ? std::fabs(a * x.values[i]) + std::fabs(mean * a)
                          : std::fabs(value);
    expected[i] = {value + shift, terms + std::fabs(shift)};
  });
  check(std::string("BatchNorm ") + (x.channelsLast ? "NHWC" : "NCHW") +
            (folded ? ", folded" : ", not folded"),
        y.values, expected);
  return y;
}

/// Compares BatchNorm behind the convolution (`y`) with a convolution whose
/// weights hold it.
static void checkFoldedWeights(const Images &x, const Images &convolved,
                               const Images &y, const Layer &layer) {
  Floats weights = layer.weights, bias(layer.out);
  for (size_t i = 0; i < weights.size(); ++i)
    weights[i] = float(weights[i] * layer.factor(i / (layer.in * kTaps)));
  for (int64_t c = 0; c < layer.out; ++c)
    bias[c] = float(layer.term(c));
  std::vector<double> magnitude; // sum of |weight x|, and |bias|
  Images z = convolve(x, layer, weights, bias, &magnitude);

  double worst = 0;
  forEach(layer.out, [&](int64_t n, int64_t c, int64_t h, int64_t w) {
    int64_t i = y.at(n, c, h, w);
    double a = std::fabs(layer.factor(c)), in = convolved.values[i];
    double terms = a * (std::fabs(in) + std::fabs(layer.mean[c])) +
                   std::fabs(layer.shift[c]);
    // On one side the kernel's own error and the rounding of its input, on the
    // other the roundings of weights, bias and result; 1.001 for what is of
    // second order.
    double bound = halfUlp(y.values[i]) + 16 * kUnitRoundoff * terms +
                   a * halfUlp(in) + halfUlp(z.values[i]) +
                   1.001 * kUnitRoundoff * magnitude[i];
    double error = std::fabs(double(y.values[i]) - z.values[i]);
    if (!(error <= bound))
      fail("folded weights: expected " + std::to_string(y.values[i]) +
           " at element " + std::to_string(i) + ", but got " +
           std::to_string(z.values[i]));
    worst = std::max(worst, error / bound);
  });
  std::printf("folded into the weights by hand: the same, error %.0f%% of its "
              "bound\n",
              100 * worst);
}

/// Runs both layers in one layout; image and result are in NCHW order.
static Floats run(const Layer (&layers)[2], const Floats &image,
                  bool channelsLast) {
  Images x{layers[0].in, channelsLast};
  auto next = image.begin();
  forEach(x.channels, [&](int64_t n, int64_t c, int64_t h, int64_t w) {
    x.values[x.at(n, c, h, w)] = *next++;
  });
  for (const Layer &layer : layers) {
    const Floats noBias(layer.out);
    Images convolved = convolve(x, layer, layer.weights, noBias);
    (void)normalize(convolved, layer, /*folded=*/false); // only to compare
    Images y = normalize(convolved, layer, /*folded=*/true);
    checkFoldedWeights(x, convolved, y, layer);
    for (float &value : y.values) // ReLU
      value = std::max(value, 0.0f);
    x = std::move(y);
  }
  Floats result;
  forEach(x.channels, [&](int64_t n, int64_t c, int64_t h, int64_t w) {
    result.push_back(x.values[x.at(n, c, h, w)]);
  });
  return result;
}

int main() {
  const Layer layers[2] = {{3, 16}, {16, 8}};
  const Floats image = numbers(kSamples * 3 * kSide * kSide);
  const Floats channelsFirst = run(layers, image, /*channelsLast=*/false);
  const Floats channelsLast = run(layers, image, /*channelsLast=*/true);
  if (channelsFirst != channelsLast)
    fail("expected the same bits in NCHW and NHWC");
  std::printf("NCHW and NHWC give the same bits\n");
  return 0;
}
