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

/// An input's values, and their bits in its type, set by roundInputs.
struct Values {
  std::string name;
  DType dtype = DType::F32;
  oracle::OracleTensor tensor;
  std::vector<uint64_t> bits = {};
  bool isStatistic = false; ///< Not laid out as x, even if it has x's shape.
};

/// By which bound of the contract an output is judged.
enum class Judgement { Elementwise, Mean, Variance, Rstd };

/// An output and its judgement.
struct Expected {
  std::string name;
  DType dtype = DType::F32;
  oracle::OracleTensor exact, magnitude;
  Bound bound; ///< Of Elementwise.
  Judgement judgement = Judgement::Elementwise;
};

/// What is computed: of one main input x, whose layout is what varies.
struct Problem {
  std::vector<int64_t> shape; ///< Of x.
  DType dtype = DType::F32;   ///< Of x.
  double epsilon = 1e-5;
  std::vector<Values> inputs = {};
  std::vector<Expected> outputs = {};
  /// What saved statistics are judged by; y and its magnitude are moved out.
  oracle::NormResult norm = {};

  Values &input(std::string_view name);
  const Expected &output(std::string_view name) const;

  /// Rounds the inputs' values to their types, and sets their bits.
  void roundInputs();
  /// Adds an output that is judged element by element.
  void expect(const std::string &name, DType type, oracle::OracleTensor exact,
              oracle::OracleTensor magnitude);
  /// Adds a saved statistic of `norm`, in the compute type.
  void expectSaved(const std::string &name);
};

/// A kernel of Cases.h at work. The shape is [rows, n]; [N, S, C] of GroupNorm;
/// [N, C, S] of the other two with channels.
struct ExtremeProblem : Problem {
  Extreme extreme = Extreme::RmsNorm;
  int64_t groups = 1; ///< Of the two GroupNorms.
  bool saved = false; ///< With statistics as outputs (RMS, LayerNorm, L2).
};

/// A problem with inputs from a seed: x, dy, scale and shift normal, the saved
/// statistics of LayerNorm's backward those of x, rounded. The outputs are
/// solved.
ExtremeProblem makeProblem(Extreme extreme, DType dtype,
                           const std::vector<int64_t> &shape, int64_t groups,
                           uint64_t seed);

/// Rounds the inputs to their types, and asks the oracle for the outputs: after
/// a change of inputs or options.
void solve(ExtremeProblem &problem);

/// The kernel as text. `inputStrides` and `outputStrides` are those of the
/// tensors that have the problem's shape (see RowCase).
std::string textOf(const ExtremeProblem &problem, Flavour flavour,
                   const std::vector<int64_t> &inputStrides = {},
                   const std::vector<int64_t> &outputStrides = {});

/// Judges an output's elements, row-major.
Comparison judge(const Problem &problem, const Expected &expected,
                 const std::vector<long double> &got);

} // namespace normc::numerics

#endif // NORMC_TESTS_NUMERICS_PROBLEMS_H
