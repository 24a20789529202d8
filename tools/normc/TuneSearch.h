//===- TuneSearch.h - a search for a better schedule ------------*- C++ -*-===//
//
// Varies the numbers of a kernel's schedules one after the other, and keeps
// what is faster by more than measurements scatter.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TOOLS_NORMC_TUNESEARCH_H
#define NORMC_TOOLS_NORMC_TUNESEARCH_H

#include "ColdCalls.h"

#include "normc/ScheduleEdit.h"
#include "normc/normc.h"
#include "tools/measure/Race.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace normc::tool {

/// One other value of one number, and what became of it.
struct Trial {
  enum class Outcome {
    Taken,        ///< Faster than what was best before.
    Slower,       ///< Or not faster by more than the spread.
    SameCode,     ///< It makes no difference to this kernel.
    Refused,      ///< Does not compile, load or run.
    OtherResults, ///< Differs from the start by more than rounding explains.
  };
  size_t stage = 0;
  std::string parameter;
  int64_t from = 0, to = 0;
  Outcome outcome = Outcome::Slower;
  std::string why; ///< Where it is Refused or has OtherResults.
  /// Over `from`; where it was timed, that is Taken or Slower.
  double gain = 0, spread = 0;
};

/// The word that people see.
const char *toString(Trial::Outcome outcome);

/// What a search came to.
struct TuneResult {
  std::string text; ///< The .mlir text to keep.
  /// How `text` differs from the start; empty where the start stands.
  std::vector<ScheduleChange> changes;
  std::vector<Trial> trials;
  std::vector<std::string> untried; ///< "chunk of stage 0": no time was left.
  /// Of the last race, the start first; one lane where nothing was taken.
  measure::RaceResult final;
  double seconds = 0; ///< That the search took.
};

/// The numbers that are worth trying beside `parameter.value`: no others than a
/// schedule takes, and none that gives up accuracy.
std::vector<int64_t> listNeighbours(const ScheduleParameter &parameter);

/// True for a gain over a start that is worth having: at least 1%, and more
/// than its spread.
bool isGain(const measure::Lane &lane);

/// Searches from a scheduled text on.
class TuneSearch {
public:
  /// All but the budget must outlive it. `start` is scheduled text;
  /// `sourceName` is what messages call it, and `circumstance` ("with x =
  /// 8x4096 on 2 threads") what the reasons of changes do. The search takes
  /// about `budget` seconds.
  TuneSearch(const std::string &start, const std::string &sourceName,
             const std::string &circumstance, const Target &target,
             ColdCalls &calls, double budget);

  /// Searches, once. Fails where `start` has no number to vary, or does not
  /// compile or run.
  Result<TuneResult> run();

private:
  using Clock = std::chrono::steady_clock;
  /// A text in machine code.
  struct Variant {
    std::string code; ///< The serialized artifact: equal code, equal bytes.
    Kernel kernel;
  };

  Result<Variant> build(std::span<const ScheduleChange> changes) const;
  Status begin();
  Status runPass(std::span<const ScheduleParameter> parameters, bool isFirst);
  Status climb(ScheduleParameter parameter, double slice, bool isFirst);
  Status vary(const ScheduleParameter &parameter,
              std::span<const int64_t> values, double slice);
  double leastSeconds(size_t values) const;
  /// The variant, or nothing after it has said why not in `trial`.
  std::optional<Variant> tryOne(Trial &trial, Sameness sameness,
                                std::span<const Variant> others);
  Result<measure::RaceResult> measureAll(std::span<const Variant> variants,
                                         const measure::Effort &effort);
  Status finish();
  std::string reasonOf(const Trial &trial) const;
  std::vector<ScheduleChange> changedTo(const Trial &trial) const;
  int64_t valueOf(const ScheduleParameter &parameter) const;
  double elapsed() const;
  double left() const { return searchSeconds - elapsed(); }

  const std::string &start;
  const std::string &sourceName;
  const std::string &circumstance;
  const Target &target;
  ColdCalls &calls;
  const double budget, searchSeconds;
  Clock::time_point startTime = Clock::now();
  std::vector<Variant> model; ///< Of `start`: one, once it is built.
  std::vector<Variant> best;  ///< As `model`.
  double seconds = 0;         ///< One call of the start.
  TuneResult result;
};

} // namespace normc::tool

#endif // NORMC_TOOLS_NORMC_TUNESEARCH_H
