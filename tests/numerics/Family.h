//===- Family.h - every named norm as a problem -----------------*- C++ -*-===//
//
// The presets beside what they should mean: per named norm its kernel, made by
// the preset, and a problem whose axes, operands and statistic are stated here
// once more, from the contract's tables, for the oracle.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_NUMERICS_FAMILY_H
#define NORMC_TESTS_NUMERICS_FAMILY_H

#include "normc/Presets.h"
#include "tests/numerics/Problems.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace normc::numerics {

/// How a norm's tensors lie.
enum class Arrangement {
  Plain,        ///< Row-major; channels first where there are channels.
  ChannelsLast, ///< Row-major, channels last.
  Strided,      ///< Channels first, every stride given at the call.
};
const char *toString(Arrangement arrangement);

/// Where an operand of a norm lives, and what its values are.
struct FamilyOperand {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<int64_t> axes; ///< Of x; empty for statistics.
  double mean = 0, deviation = 1;
  bool isPositive = false;  ///< Values are squared and moved off 0.
  bool isStatistic = false; ///< In the compute type.
};

/// One named norm.
struct FamilyMember {
  std::string name; ///< Of the test; a preset may occur several times.
  std::string preset;
  bool hasChannels = false;
  /// The meaning, for x of `shape` with channels on `channelAxis`: fills in
  /// everything but the tensors.
  std::function<void(const std::vector<int64_t> &shape, int64_t channelAxis,
                     oracle::NormOptions &norm,
                     std::vector<FamilyOperand> &operands)>
      describe;
  /// What the preset is asked for beyond shape, type and layout.
  PresetOptions options = {};
  /// Whether axis 0 is reduced, so that it can't be empty.
  bool reducesSamples = false;
};

const std::vector<FamilyMember> &family();
const FamilyMember &familyMember(std::string_view name);

/// One named norm of one tensor.
struct FamilyCase {
  const FamilyMember &member;
  Arrangement arrangement = Arrangement::Plain;
  DType dtype = DType::F32, parameterDtype = DType::F32;
  std::vector<int64_t> shape; ///< Of x.
};

/// The shape of x with groups of about `size` elements.
std::vector<int64_t> familyShape(const FamilyMember &member,
                                 Arrangement arrangement, int64_t samples,
                                 int64_t size);

/// Elements of x by their channel (of norms of rows, their column).
using Elements = std::function<long double(int64_t channel)>;

/// Inputs from a seed, or x from `elements`; outputs from the oracle.
Problem makeFamilyProblem(const FamilyCase &family, uint64_t seed,
                          const Elements &elements = nullptr);

/// The preset's kernel as text; an error's message fails the test.
std::string familyText(const FamilyCase &family, Flavour flavour);

} // namespace normc::numerics

#endif // NORMC_TESTS_NUMERICS_FAMILY_H
