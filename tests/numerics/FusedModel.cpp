//===- FusedModel.cpp - what a fused spec means, unfused ------------------===//

#include "tests/numerics/FusedModel.h"

#include "tests/interpreter/Philox.h"
#include "tests/numerics/Dtype.h"

#include <cmath>

using namespace normc;
using namespace normc::numerics;

namespace {

class Model {
public:
  Model(const NormSpec &spec, const FusedInputs &inputs)
      : spec(spec), inputs(inputs), depth(inputs.shape[2]),
        count(inputs.shape[0] * inputs.shape[1] * depth) {}

  FusedResults evaluate();

private:
  /// The element of an operand on some axes at point i of x.
  long double at(const char *name, const std::vector<int64_t> &axes,
                 int64_t i) const {
    const int64_t point[] = {i / depth / inputs.shape[1],
                             i / depth % inputs.shape[1], i % depth};
    int64_t index = 0;
    for (int64_t axis : axes)
      index = index * inputs.shape[axis] + point[axis];
    return inputs.tensors.at(name)[index];
  }
  bool isKept(int64_t i) const {
    return interpreter::philoxWord(inputs.seed, inputs.offset, i) >=
           std::floor(std::ldexp(spec.dropout->probability, 32));
  }
  Measured drop(Measured a, int64_t i) const;
  Measured gated(Measured a, int64_t i) const;
  long double sumAt(int64_t i) const;
  Measured normalizedAt(int64_t i, const MeasuredTensor &z) const;
  Measured affine(Measured a, int64_t i, bool isSecond) const;
  Measured modulated(Measured a, int64_t i) const;

  static Measured activated(Activation activation, Measured a);

  const NormSpec &spec;
  const FusedInputs &inputs;
  int64_t depth, count;
};

long double f32(long double value) { return roundTo(DType::F32, value); }

Measured add(Measured a, long double b) {
  return {a.value + b, a.magnitude + std::abs(b)};
}
Measured multiply(Measured a, Measured b) {
  return {a.value * b.value,
          a.magnitude * std::abs(b.value) + std::abs(a.value) * b.magnitude};
}
Measured exactly(long double value) { return {value, std::abs(value)}; }

} // namespace

Measured Model::activated(Activation activation, Measured a) {
  long double v = a.value, result = v;
  const long double pi = std::acos(-1.0L);
  switch (activation) {
  case Activation::None:
    return a;
  case Activation::Relu:
    return v > 0 ? a : Measured{0, a.magnitude};
  case Activation::Gelu:
    result = v / 2 * (1 + std::erf(v / std::sqrt(2.0L)));
    break;
  case Activation::GeluTanh:
    result = v / 2 *
             (1 + std::tanh(std::sqrt(2 / pi) * (v + 0.044715L * v * v * v)));
    break;
  case Activation::Silu:
    result = v / (1 + std::exp(-v));
    break;
  case Activation::Sigmoid:
    result = 1 / (1 + std::exp(-v));
    break;
  case Activation::Tanh:
    result = std::tanh(v);
    break;
  }
  // No slope of these is above 1.13.
  return {result, 1.2L * a.magnitude + std::abs(v) + std::abs(result)};
}

Measured Model::drop(Measured a, int64_t i) const {
  long double kept = 1 - (long double)spec.dropout->probability;
  return isKept(i) ? Measured{a.value / kept, a.magnitude / kept} : Measured{};
}

Measured Model::gated(Measured a, int64_t i) const {
  Measured z = exactly(at("gate", {0, 1, 2}, i));
  return multiply(a, activated(spec.gate->activation, z));
}

/// h, step by step in f32, as it is before it is stored.
long double Model::sumAt(int64_t i) const {
  long double value = at("x", {0, 1, 2}, i);
  if (spec.bias)
    value = f32(value + at("bias", spec.bias->axes, i));
  if (spec.dropout &&
      spec.dropout->placement == Dropout::Placement::BeforeResidual)
    value = isKept(i) ? f32(value / f32(1 - spec.dropout->probability)) : 0.0L;
  if (!spec.residual)
    return value;
  if (spec.residual->gate)
    value = f32(value * at("residual_gate", spec.residual->gate->axes, i));
  return f32(value + at("residual", {0, 1, 2}, i));
}

/// x-hat at i, from its group's elements.
Measured Model::normalizedAt(int64_t i, const MeasuredTensor &z) const {
  int64_t size = depth / spec.groups.value_or(1), first = i / size * size;
  bool isCentred = spec.statistic == Statistic::MeanVariance;
  long double mean = 0, meanMagnitude = 0;
  for (int64_t k = first; k < first + size && isCentred; ++k) {
    mean += z[k].value / size;
    meanMagnitude += z[k].magnitude / size;
  }
  long double square = 0, squareMagnitude = 0;
  for (int64_t k = first; k < first + size; ++k) {
    long double centred = z[k].value - mean;
    square += centred * centred / size;
    squareMagnitude +=
        std::abs(centred) * (z[k].magnitude + meanMagnitude) / size;
  }
  long double sum = square + (long double)spec.epsilon;
  long double rstd = 1 / std::sqrt(sum);
  long double value = (z[i].value - mean) * rstd;
  return {value, (z[i].magnitude + meanMagnitude) * rstd +
                     std::abs(value) * (1 + squareMagnitude / sum)};
}

Measured Model::affine(Measured a, int64_t i, bool isSecond) const {
  const auto &scale = isSecond ? spec.second->scale : spec.scale;
  const auto &shift = isSecond ? spec.second->shift : spec.shift;
  double offset = isSecond ? spec.second->scaleOffset : spec.scaleOffset;
  bool isRounded = spec.rounding == Rounding::Normalized;
  auto round = [&](DType type) {
    if (isRounded)
      a.value = roundTo(type, a.value);
  };
  round(spec.dtype);
  // Parameters have x's type here, which is what both hold.
  if (scale) {
    long double factor = at(isSecond ? "scale2" : "scale", scale->axes, i);
    a = multiply(a, exactly(factor + offset));
    round(spec.dtype);
  }
  if (shift) {
    a = add(a, at(isSecond ? "shift2" : "shift", shift->axes, i));
    round(spec.dtype);
  }
  return a;
}

Measured Model::modulated(Measured a, int64_t i) const {
  const Modulation &modulation = *spec.modulation;
  if (modulation.hasScale) {
    long double scale = at("modulation_scale", modulation.axes, i);
    a = multiply(a, {1 + scale, 1 + std::abs(scale)});
  }
  if (modulation.hasShift)
    a = add(a, at("modulation_shift", modulation.axes, i));
  return a;
}

FusedResults Model::evaluate() {
  FusedResults results;
  MeasuredTensor z;
  bool isBefore = spec.gate && spec.gate->placement == Gate::Placement::Before;
  for (int64_t i = 0; i < count; ++i) {
    long double sum = sumAt(i);
    if (spec.residual) {
      DType own = spec.residual->dtype.value_or(spec.dtype);
      results.sum.push_back(
          roundTo(spec.residual->sumDtype.value_or(own), sum));
      if (spec.residual->rounded)
        sum = results.sum.back();
    }
    Measured value = activated(spec.activationBefore, exactly(sum));
    z.push_back(isBefore ? gated(value, i) : value);
  }
  for (int64_t i = 0; i < count; ++i) {
    Measured normalized = normalizedAt(i, z);
    Measured y = affine(normalized, i, false);
    if (spec.modulation)
      y = modulated(y, i);
    y = activated(spec.activationAfter, y);
    if (spec.gate && !isBefore)
      y = gated(y, i);
    if (spec.dropout &&
        spec.dropout->placement == Dropout::Placement::AfterNorm)
      y = drop(y, i);
    results.y.push_back(y);
    if (spec.second)
      results.y2.push_back(affine(normalized, i, true));
  }
  return results;
}

FusedResults normc::numerics::evaluateFused(const NormSpec &spec,
                                            const FusedInputs &inputs) {
  return Model(spec, inputs).evaluate();
}
