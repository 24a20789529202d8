//===- residual_rms_norm.cpp - a norm and its neighbours in one kernel ----===//
//
// The step between two layers of a decoder: h = residual + x, and
// y = RMSNorm(h) silu(z). One pass over memory, and h is written over the
// residual.
//
//===----------------------------------------------------------------------===//

#include "check.h"

#include "normc/normc.h"

using namespace normc;
using example::Expected, example::numbers, example::orFail;

constexpr int64_t kRows = 64, kColumns = 1000;

/// The same, step by step.
static std::vector<Expected> compute(const std::vector<float> &h,
                                     const std::vector<float> &scale,
                                     const std::vector<float> &z) {
  std::vector<Expected> y(h.size());
  for (int64_t row = 0; row < kRows; ++row) {
    double squares = 0;
    for (int64_t i = 0; i < kColumns; ++i)
      squares += double(h[row * kColumns + i]) * h[row * kColumns + i];
    double rstd = 1 / std::sqrt(squares / kColumns + 1e-6);
    for (int64_t i = 0; i < kColumns; ++i) {
      int64_t k = row * kColumns + i;
      double silu = z[k] / (1 + std::exp(-double(z[k])));
      double value = h[k] * rstd * scale[i] * silu;
      y[k] = {value, 2 * std::fabs(value)};
    }
  }
  return y;
}

int main() {
  NormSpec spec = rmsNorm({.shape = {kDynamic, kColumns}});
  spec.residual = {.emitSum = true};
  spec.gate = {.activation = Activation::Silu};
  Kernel kernel = orFail(jit(spec));

  std::vector<float> x = numbers(kRows * kColumns),
                     stream = numbers(kRows * kColumns),
                     z = numbers(kRows * kColumns),
                     scale = numbers(kColumns, 1, 0.1f), y(x.size());
  std::vector<float> h(x.size());
  for (size_t i = 0; i < h.size(); ++i)
    h[i] = stream[i] + x[i];

  auto rows = [](auto *data) {
    return TensorRef::contiguous(data, DType::F32, {kRows, kColumns});
  };
  orFail(kernel.run(
      {{"x", rows(x.data())},
       {"residual", rows(stream.data())},
       {"gate", rows(z.data())},
       {"scale", TensorRef::contiguous(scale.data(), DType::F32, {kColumns})},
       {"y", rows(y.data())},
       {"residual_out", rows(stream.data())}}));

  if (stream != h)
    example::fail("expected the sum in the residual's buffer");
  example::check("RMSNorm(residual + x) silu(z)", y, compute(h, scale, z));
  return 0;
}
