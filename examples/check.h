//===- check.h - what the examples share: errors, data, a comparison -*- C++
//-*-===//
//
// Ends an example that fails with a message and status 1, fills buffers with
// numbers, and compares a kernel's result with a plain loop in double.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_EXAMPLES_CHECK_H
#define NORMC_EXAMPLES_CHECK_H

#include "normc/Result.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace example {

[[noreturn]] inline void fail(const std::string &message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::exit(1);
}

[[noreturn]] inline void fail(const normc::Error &error) {
  fail(std::string(normc::toString(error.kind)) + ": " + error.message);
}

/// The value of a result; a failed one ends the program.
template <typename T> T orFail(normc::Result<T> result) {
  if (!result)
    fail(result.error());
  return std::move(*result);
}
inline void orFail(const normc::Status &status) {
  if (!status)
    fail(status.error());
}

/// `count` numbers around `mean`: others in every call, the same in every run.
inline std::vector<float> numbers(int64_t count, float mean = 0,
                                  float deviation = 1) {
  static unsigned calls = 0;
  std::mt19937 generator(++calls);
  std::normal_distribution<float> distribution(mean, deviation);
  std::vector<float> values(count);
  for (float &value : values)
    value = distribution(generator);
  return values;
}

/// Half the distance from `y` to the next f32: what rounding it can cost.
inline double halfUlp(float y) {
  y = std::fabs(y);
  return 0.5 * (double(std::nextafter(y, INFINITY)) - double(y));
}

/// u, half the distance from 1 to the next f32.
inline constexpr double kUnitRoundoff = 0x1p-24;

/// The exact value of an element, and T, the sum of the magnitudes that are
/// added up to it: rounding errors are in proportion to these.
struct Expected {
  double value = 0;
  double magnitude = 0;
};

/// Holds every element to what normc promises: |y - exact| <= ulp(y)/2 + 16 u
/// T. Ends the program where it is off; else prints the largest error as a
/// share of what is allowed.
inline void check(const std::string &what, const std::vector<float> &y,
                  const std::vector<Expected> &expected) {
  if (y.size() != expected.size())
    fail(what + ": expected " + std::to_string(expected.size()) +
         " elements, but got " + std::to_string(y.size()));
  double worst = 0;
  for (size_t i = 0; i < y.size(); ++i) {
    auto [value, magnitude] = expected[i];
    double bound = halfUlp(y[i]) + 16 * kUnitRoundoff * magnitude;
    double error = std::fabs(y[i] - value);
    if (!(error <= bound)) { // NaN fails, too
      char text[160];
      std::snprintf(text, sizeof text,
                    ": expected %.9g within %.3g at element %zu, but got %.9g",
                    value, bound, i, double(y[i]));
      fail(what + text);
    }
    worst = std::max(worst, error / bound);
  }
  std::printf("%-44s %7zu elements, error %3.0f%% of its bound\n", what.c_str(),
              y.size(), 100 * worst);
}

} // namespace example

#endif // NORMC_EXAMPLES_CHECK_H
