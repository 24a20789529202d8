//===- Reducer.h - accurate contributions of a phase ------------*- C++ -*-===//
//
// Private to the interpreter: combines the contributions of a phase's points so
// accurately that the one rounding at the end is the only one that shows.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_INTERPRETER_REDUCER_H
#define NORMC_TESTS_INTERPRETER_REDUCER_H

#include "dialects/norm/Norm.h"
#include "tests/interpreter/Scalars.h"

#include <cmath>
#include <limits>

namespace normc::interpreter {

class Reducer {
public:
  explicit Reducer(norm::ReduceKind kind) : kind(kind) {
    if (kind == norm::ReduceKind::max)
      sum = -std::numeric_limits<double>::infinity();
    if (kind == norm::ReduceKind::min)
      sum = std::numeric_limits<double>::infinity();
  }

  void add(const Slot *values, unsigned lanes) {
    switch (kind) {
    case norm::ReduceKind::add:
    case norm::ReduceKind::mean:
      for (unsigned l = 0; l < lanes; ++l)
        addTerm(values[l].f);
      break;
    case norm::ReduceKind::mul:
      for (unsigned l = 0; l < lanes; ++l)
        product *= values[l].f;
      break;
    case norm::ReduceKind::max:
      for (unsigned l = 0; l < lanes; ++l)
        sum = maximum(sum, values[l].f);
      break;
    case norm::ReduceKind::min:
      for (unsigned l = 0; l < lanes; ++l)
        sum = minimum(sum, values[l].f);
      break;
    }
  }

  /// What `points` contributions make, rounded once. No points: the identity,
  /// and NaN for a mean.
  double finish(ScalarKind type, int64_t points) const {
    switch (kind) {
    case norm::ReduceKind::add:
      return roundTo(type, getSum());
    case norm::ReduceKind::mean:
      return roundTo(type, getSum() / static_cast<long double>(points));
    case norm::ReduceKind::mul:
      return roundTo(type, product);
    default:
      return sum;
    }
  }

private:
  /// Knuth's two-sum: `error` collects exactly what `sum` loses.
  void addTerm(double term) {
    double next = sum + term;
    double kept = next - sum;
    error += (sum - (next - kept)) + (term - kept);
    sum = next;
  }

  /// An infinite sum makes its error NaN.
  long double getSum() const {
    return std::isfinite(sum) ? static_cast<long double>(sum) + error : sum;
  }

  norm::ReduceKind kind;
  double sum = 0, error = 0;
  long double product = 1;
};

} // namespace normc::interpreter

#endif // NORMC_TESTS_INTERPRETER_REDUCER_H
