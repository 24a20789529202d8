//===- FusedModel.h - what a fused spec means, unfused ----------*- C++ -*-===//
//
// The oracle of specs with neighbours: every step of the contract's formulas by
// itself, over whole tensors in long double, for x of three axes that is
// normalized over the last. Shares nothing with normc but the struct that it is
// given.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_NUMERICS_FUSEDMODEL_H
#define NORMC_TESTS_NUMERICS_FUSEDMODEL_H

#include "normc/NormSpec.h"
#include "tests/numerics/Buffers.h"

#include <map>
#include <string>
#include <vector>

namespace normc::numerics {

/// A number, and the magnitudes that rounding errors on the way to it are in
/// proportion to.
struct Measured {
  long double value = 0, magnitude = 0;
};

/// A tensor of x's shape.
using MeasuredTensor = std::vector<Measured>;

/// What comes out, in long double but for the roundings that are part of the
/// meaning.
struct FusedResults {
  MeasuredTensor y, y2;
  /// The sum as it is stored: its bits are known, since its steps are those of
  /// f32, each correctly rounded.
  std::vector<long double> sum;
};

/// Operands by name, row-major, and the extents of x.
struct FusedInputs {
  std::vector<int64_t> shape;
  std::map<std::string, std::vector<long double>> tensors;
  uint64_t seed = 0, offset = 0;
};

/// `spec` computes in f32.
FusedResults evaluateFused(const NormSpec &spec, const FusedInputs &inputs);

} // namespace normc::numerics

#endif // NORMC_TESTS_NUMERICS_FUSEDMODEL_H
