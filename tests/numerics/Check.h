//===- Check.h - a result against the bounds of the contract ----*- C++ -*-===//
//
// Compares what a kernel gave with what is exact, by the bounds that the
// contract states, and says where and by how much they are missed. Knows
// nothing of any test framework.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_NUMERICS_CHECK_H
#define NORMC_TESTS_NUMERICS_CHECK_H

#include "normc/Artifact.h"
#include "tests/numerics/Oracle.h"

#include <cstdint>
#include <span>
#include <string>

namespace normc::numerics {

/// How far a result may be from the exact value: `halfUlps` / 2 ulp of the
/// output's type, and `factor` * u * T, where u is the unit roundoff of the
/// compute type and T the sum of magnitudes.
struct Bound {
  DType out = DType::F32;
  DType compute = DType::F32;
  long double halfUlps = 1;
  long double factor = 16;

  /// |y - exact| <= ulp_out(y) / 2 + 16 u T.
  static Bound elementwise(DType out, DType compute) {
    return {out, compute, 1, 16};
  }
  /// |error| <= (c + log2 M) u sum|term| of a sum over M rows. c = 260: a chain
  /// of 255 additions in a chunk of at most 256 rows, and five roundings of a
  /// term dy * ((x - mean) * rstd) and of the store.
  static Bound columnSum(DType out, DType compute, int64_t rows);
};

/// What a comparison found.
struct Comparison {
  int64_t failures = 0;
  /// The worst failure: index, value got, value expected, bound.
  std::string message;
  /// Largest error as a share of what is allowed.
  long double worstShare = 0;
  /// Largest error in ulp of the output's type.
  long double worstUlps = 0;
  /// Finite elements with |y| >= 2^-6 T, and those among them that are not the
  /// exact value correctly rounded.
  int64_t eligible = 0, misrounded = 0;

  /// Takes over another part's findings; its message where this has none.
  void merge(const Comparison &other);
  /// Whether at least 99% of the eligible elements are correctly rounded. Only
  /// an output narrower than the compute type can be held to it.
  bool isMostlyCorrectlyRounded() const { return misrounded * 100 <= eligible; }
};

/// Compares element by element, all in row-major order. Where the exact value
/// is NaN or infinite the result must be the same; an infinite result stands
/// for a finite exact value only where that overflows within the bound.
Comparison compare(std::span<const long double> got,
                   const oracle::OracleTensor &exact,
                   const oracle::OracleTensor &magnitude, const Bound &bound);

/// A saved rstd = 1 / sqrt(s + epsilon) in the compute type: s is a positive
/// sum, right to 4 eps (eps = 2u) relative; the sum with epsilon, the root and
/// the division round once each.
Comparison compareRstd(std::span<const long double> got,
                       const oracle::NormResult &exact, long double epsilon,
                       DType compute);

/// A saved variance, a positive sum: 4 eps relative, and half an ulp.
Comparison compareVariance(std::span<const long double> got,
                           const oracle::NormResult &exact, DType compute);

/// A saved mean: 4 eps (max - min) + ulp(mean) / 2.
Comparison compareMean(std::span<const long double> got,
                       const oracle::NormResult &exact, DType compute);

} // namespace normc::numerics

#endif // NORMC_TESTS_NUMERICS_CHECK_H
