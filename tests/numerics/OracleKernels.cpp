//===- OracleKernels.cpp - what hand-written kernels should give ----------===//

#include "tests/numerics/Oracle.h"
#include "tests/numerics/OracleParts.h"

#include <cmath>

using namespace normc::oracle;

Judged normc::oracle::softmax(const OracleTensor &x) {
  Judged y{OracleTensor(x.shape), OracleTensor(x.shape)};
  int64_t n = x.shape.back();
  for (size_t row = 0; row < x.values.size(); row += n) {
    const long double *in = &x.values[row];
    long double top = in[0];
    for (int64_t j = 0; j < n; ++j) // std::max would drop a NaN
      top = std::isnan(in[j]) || in[j] > top ? in[j] : top;
    Sum sum;
    for (int64_t j = 0; j < n; ++j)
      sum.add(std::exp(in[j] - top));
    for (int64_t j = 0; j < n; ++j) {
      long double value = std::exp(in[j] - top) / sum.value();
      y.exact.values[row + j] = value;
      // An exponential of exactly 0 has no error to allow for.
      y.magnitude.values[row + j] =
          value == 0 ? 0 : value * (1 + std::fabs(in[j] - top) / 16);
    }
  }
  return y;
}

LayerNormGradients normc::oracle::layerNormBackward(const OracleTensor &x,
                                                    const OracleTensor &dy,
                                                    const OracleTensor &gamma,
                                                    const OracleTensor &mean,
                                                    const OracleTensor &rstd) {
  int64_t rows = x.shape[0], n = x.shape[1];
  LayerNormGradients out;
  out.dx = {OracleTensor(x.shape), OracleTensor(x.shape)};
  std::vector<Sum> dgamma(n), dgammaMagnitude(n), dbeta(n), dbetaMagnitude(n);
  for (int64_t i = 0; i < rows; ++i) {
    const long double *xs = &x.values[i * n], *dys = &dy.values[i * n];
    long double mu = mean.values[i], r = rstd.values[i];
    Sum sumG, sumGx, sizeG, sizeGx;
    for (int64_t j = 0; j < n; ++j) {
      long double g = dys[j] * gamma.values[j], xhat = (xs[j] - mu) * r;
      sumG.add(g);
      sumGx.add(g * xhat);
      sizeG.add(std::fabs(g));
      sizeGx.add(std::fabs(g * xhat));
      dgamma[j].add(dys[j] * xhat);
      dgammaMagnitude[j].add(std::fabs(dys[j] * xhat));
      dbeta[j].add(dys[j]);
      dbetaMagnitude[j].add(std::fabs(dys[j]));
    }
    long double meanG = sumG.value() / n, meanGx = sumGx.value() / n;
    for (int64_t j = 0; j < n; ++j) {
      long double g = dys[j] * gamma.values[j], xhat = (xs[j] - mu) * r;
      long double terms =
          std::fabs(g) + std::fabs(meanG) + std::fabs(xhat * meanGx);
      long double underMeans =
          (sizeG.value() + 4 * std::fabs(xhat) * sizeGx.value()) / n;
      out.dx.exact.values[i * n + j] = r * (g - meanG - xhat * meanGx);
      out.dx.magnitude.values[i * n + j] =
          std::fabs(r) * (terms + underMeans / 16);
    }
  }
  auto collect = [n](const std::vector<Sum> &sums) {
    OracleTensor tensor({n});
    for (int64_t j = 0; j < n; ++j)
      tensor.values[j] = sums[j].value();
    return tensor;
  };
  out.dgamma = {collect(dgamma), collect(dgammaMagnitude)};
  out.dbeta = {collect(dbeta), collect(dbetaMagnitude)};
  return out;
}

Judged normc::oracle::dynamicTanh(const OracleTensor &x, long double alpha,
                                  const OracleTensor &gamma,
                                  const OracleTensor &beta) {
  Judged y{OracleTensor(x.shape), OracleTensor(x.shape)};
  int64_t n = x.shape.back();
  for (size_t i = 0; i < x.values.size(); ++i) {
    long double scaled = gamma.values[i % n] * std::tanh(alpha * x.values[i]);
    y.exact.values[i] = scaled + beta.values[i % n];
    y.magnitude.values[i] = std::fabs(scaled) + std::fabs(beta.values[i % n]);
  }
  return y;
}

Judged normc::oracle::switchableNorm(const OracleTensor &x,
                                     const SwitchWeights &weights,
                                     const OracleTensor &scale,
                                     const OracleTensor &shift,
                                     long double epsilon) {
  auto statisticsOver = [&](std::vector<int64_t> axes) {
    NormOptions options;
    options.axes = std::move(axes);
    return normalize(x, options);
  };
  NormResult instance = statisticsOver({2}), layer = statisticsOver({1, 2}),
             batch = statisticsOver({0, 2});
  auto mix = [&](long double a, long double b, long double c) {
    return weights.instance * a + weights.layer * b + weights.batch * c;
  };
  Judged y{OracleTensor(x.shape), OracleTensor(x.shape)};
  Walk walk(x.shape);
  for (size_t i = 0; i < x.values.size(); ++i) {
    int64_t n = walk[0], c = walk[1], nc = n * x.shape[1] + c;
    long double a = instance.mean.values[nc], b = layer.mean.values[n],
                d = batch.mean.values[c];
    long double variance =
        mix(instance.statistic.values[nc], layer.statistic.values[n],
            batch.statistic.values[c]);
    long double factor = scale.values[c] / std::sqrt(variance + epsilon);
    y.exact.values[i] = (x.values[i] - mix(a, b, d)) * factor + shift.values[c];
    long double terms =
        std::fabs(x.values[i]) + mix(std::fabs(a), std::fabs(b), std::fabs(d));
    y.magnitude.values[i] =
        terms * std::fabs(factor) + std::fabs(shift.values[c]);
    walk.next();
  }
  return y;
}
