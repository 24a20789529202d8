//===- OracleParts.h - sums and indices of the oracle -----------*- C++ -*-===//
//
// What the oracle's files share, and other oracles use: a sum that is nearly
// exact, a walk through the indices of a tensor, and the groups of a norm.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_NUMERICS_ORACLEPARTS_H
#define NORMC_TESTS_NUMERICS_ORACLEPARTS_H

#include "tests/numerics/Oracle.h"

#include <cmath>
#include <cstdint>
#include <vector>

namespace normc::oracle {

/// A sum with Neumaier's correction: without it, constant rows of 2^18 terms
/// drift by more than an f64 kernel is allowed to be wrong.
class Sum {
public:
  void add(long double term) {
    long double next = total + term;
    rest += std::fabs(total) >= std::fabs(term) ? (total - next) + term
                                                : (term - next) + total;
    total = next;
  }
  /// An infinite or NaN total is IEEE's; the correction means nothing then.
  long double value() const {
    return std::isfinite(total) ? total + rest : total;
  }

private:
  long double total = 0, rest = 0;
};

/// Walks the multi-indices of a shape in row-major order.
class Walk {
public:
  explicit Walk(const std::vector<int64_t> &shape)
      : shape(shape), index(shape.size(), 0) {}
  int64_t operator[](size_t axis) const { return index[axis]; }
  void next() {
    for (size_t axis = shape.size(); axis-- > 0;) {
      if (++index[axis] < shape[axis])
        return;
      index[axis] = 0;
    }
  }

private:
  const std::vector<int64_t> &shape;
  std::vector<int64_t> index;
};

/// Which group every element of x belongs to, and the groups' shape: that of
/// the statistics.
struct Grouping {
  std::vector<int64_t> groupOf;
  std::vector<int64_t> shape;
  int64_t count = 1; ///< Number of groups.
  int64_t size = 1;  ///< Elements of a group.
};
Grouping findGroups(const OracleTensor &x, const NormOptions &options);

} // namespace normc::oracle

#endif // NORMC_TESTS_NUMERICS_ORACLEPARTS_H
