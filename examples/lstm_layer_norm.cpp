//===- lstm_layer_norm.cpp - LayerNorm inside an LSTM step ----------------===//
//
// A layer-normalized LSTM (Ba et al., 2016) for a few steps. The four gates of
// a step are one tensor [B, 4, H], and each gate is normalized by itself: the
// statistic runs over H, while scale and shift are [4, H]. So they live on an
// axis that is kept (the gate) as well as on the reduced one: the axes of a
// parameter are independent of those of the statistic.
//
//===----------------------------------------------------------------------===//

#include "examples/check.h"
#include "normc/normc.h"

using namespace example;
using normc::DType, normc::TensorRef;
using Floats = std::vector<float>;

static constexpr int64_t kBatch = 3, kInput = 24, kHidden = 40;
static constexpr int64_t kGates = 4; // input, forget, candidate, output
static constexpr int kSteps = 4;

/// LayerNorm of any number of samples, each of four gates.
static normc::Kernel compileGateNorm() {
  normc::NormSpec spec =
      normc::layerNorm({.shape = {normc::kDynamic, kGates, kHidden}});
  spec.name = "gate_norm";
  // The statistic is over axis 2, the preset's default. Scale and shift would
  // live there as well: [H]. They are to be [4, H].
  spec.scale->axes = spec.shift->axes = {1, 2};
  return orFail(normc::jit(spec));
}

/// gates[b, :] += in[b, :] * weights, with `weights` [in, 4 H].
static void addProduct(const Floats &in, const Floats &weights, Floats &gates) {
  const int64_t width = kGates * kHidden, depth = weights.size() / width;
  for (int64_t b = 0; b < kBatch; ++b)
    for (int64_t k = 0; k < depth; ++k)
      for (int64_t j = 0; j < width; ++j)
        gates[b * width + j] += in[b * depth + k] * weights[k * width + j];
}

static float sigmoid(float x) { return 1 / (1 + std::exp(-x)); }

/// What the kernel should give, in double: each gate of each sample by itself.
static std::vector<Expected>
normalizedGates(const Floats &x, const Floats &scale, const Floats &shift) {
  std::vector<Expected> y(x.size());
  for (int64_t row = 0; row < kBatch * kGates; ++row) {
    const float *in = &x[row * kHidden];
    double mean = 0, variance = 0;
    for (int64_t h = 0; h < kHidden; ++h)
      mean += in[h] / double(kHidden);
    for (int64_t h = 0; h < kHidden; ++h)
      variance += (in[h] - mean) * (in[h] - mean) / kHidden;
    for (int64_t h = 0; h < kHidden; ++h) {
      int64_t parameter = row % kGates * kHidden + h; // of [4, H]
      double scaled =
          (in[h] - mean) / std::sqrt(variance + 1e-5) * scale[parameter];
      y[row * kHidden + h] = {scaled + shift[parameter],
                              std::fabs(scaled) + std::fabs(shift[parameter])};
    }
  }
  return y;
}

int main() {
  const normc::Kernel gateNorm = compileGateNorm();
  const Floats weights = numbers(kInput * kGates * kHidden, 0, 0.2f);
  const Floats recurrent = numbers(kHidden * kGates * kHidden, 0, 0.2f);
  const Floats scale = numbers(kGates * kHidden, 1, 0.2f);
  const Floats shift = numbers(kGates * kHidden, 0, 0.5f);

  Floats hidden(kBatch * kHidden), cell(kBatch * kHidden);
  for (int step = 0; step < kSteps; ++step) {
    Floats gates(kBatch * kGates * kHidden), normalized(gates.size());
    addProduct(numbers(kBatch * kInput), weights, gates);
    addProduct(hidden, recurrent, gates);

    // Pointers to const become views that may only be read.
    orFail(gateNorm.run(
        {{"x", TensorRef::contiguous(std::as_const(gates).data(), DType::F32,
                                     {kBatch, kGates, kHidden})},
         {"scale",
          TensorRef::contiguous(scale.data(), DType::F32, {kGates, kHidden})},
         {"shift",
          TensorRef::contiguous(shift.data(), DType::F32, {kGates, kHidden})},
         {"y", TensorRef::contiguous(normalized.data(), DType::F32,
                                     {kBatch, kGates, kHidden})}}));
    check("gates of step " + std::to_string(step), normalized,
          normalizedGates(gates, scale, shift));

    for (int64_t b = 0; b < kBatch; ++b)
      for (int64_t h = 0; h < kHidden; ++h) {
        auto gate = [&](int64_t g) {
          return normalized[(b * kGates + g) * kHidden + h];
        };
        float &c = cell[b * kHidden + h];
        c = sigmoid(gate(1)) * c + sigmoid(gate(0)) * std::tanh(gate(2));
        hidden[b * kHidden + h] = sigmoid(gate(3)) * std::tanh(c);
      }
  }
  std::printf("hidden state of sample 0: %.4f %.4f %.4f ...\n", hidden[0],
              hidden[1], hidden[2]);
  return 0;
}
