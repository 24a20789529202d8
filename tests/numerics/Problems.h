//===- Problems.h - one computation: data, exact results, bounds *- C++ -*-===//
//
// A kernel's computation apart from any compiled code: input values, what the
// oracle says about them, and how outputs are judged. One problem serves all
// layouts, flavours and executors.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_NUMERICS_PROBLEMS_H
#define NORMC_TESTS_NUMERICS_PROBLEMS_H

#include "tests/numerics/Buffers.h"
#include "tests/numerics/Cases.h"
#include "tests/numerics/Check.h"
#include "tests/numerics/Oracle.h"

#include <string>
#include <string_view>
#include <vector>

namespace normc::numerics {

/// The kernels of Cases.h.
enum class Extreme {
  RmsNorm,
  LayerNorm,
  L2Norm,
  Softmax,
  LayerNormBackward,
  DynamicTanh,
  GroupNorm,
  GroupNormChannelsFirst,
  SwitchableNorm,
};
const char *toString(Extreme extreme);

/// Which of a kernel's extents are known when it is compiled.
enum class Flavour {
  Static,  ///< All.
  Inner,   ///< All but the outermost, which is where rows or samples are.
  Dynamic, ///< None.
};
const char *toString(Flavour flavour);

/// An input's values, and their bits in its type, which `solve` sets.
struct Values {
  std::string name;
  DType dtype = DType::F32;
  oracle::OracleTensor tensor;
  std::vector<uint64_t> bits = {};
};

/// An output and its judgement.
struct Expected {
  std::string name;
  DType dtype = DType::F32;
  oracle::OracleTensor exact, magnitude;
  Bound bound;
};

/// What is computed.
struct Problem {
  Extreme extreme = Extreme::RmsNorm;
  DType dtype = DType::F32;
  /// [rows, n]; [N, S, C] of GroupNorm; [N, C, S] of the other two.
  std::vector<int64_t> shape;
  int64_t groups = 1; ///< Of the two GroupNorms.
  double epsilon = 1e-5;
  bool saved = false; ///< With statistics as outputs (RMS, LayerNorm, L2).
  std::vector<Values> inputs = {};
  std::vector<Expected> outputs = {};
  /// What `saved` outputs are judged by; y and its magnitude are moved out.
  oracle::NormResult norm = {};

  Values &input(std::string_view name);
  const Expected &output(std::string_view name) const;
};

/// A problem with inputs from a seed: x, dy, scale and shift normal, the saved
/// statistics of LayerNorm's backward those of x, rounded. The outputs are
/// solved.
Problem makeProblem(Extreme extreme, DType dtype,
                    const std::vector<int64_t> &shape, int64_t groups,
                    uint64_t seed);

/// Rounds the inputs to their types, and asks the oracle for the outputs: after
/// a change of inputs or options.
void solve(Problem &problem);

/// The kernel as text. `inputStrides` and `outputStrides` are those of the
/// tensors that have the problem's shape (see RowCase).
std::string textOf(const Problem &problem, Flavour flavour,
                   const std::vector<int64_t> &inputStrides = {},
                   const std::vector<int64_t> &outputStrides = {});

/// Judges an output's elements, row-major; `saved` ones by their own bounds.
Comparison judge(const Problem &problem, const Expected &expected,
                 const std::vector<long double> &got);

} // namespace normc::numerics

#endif // NORMC_TESTS_NUMERICS_PROBLEMS_H
