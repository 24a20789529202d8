//===- TuneSearch.cpp - a search for a better schedule --------------------===//

#include "TuneSearch.h"

#include "normc/ArtifactFile.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <functional>

using namespace normc;
using namespace normc::tool;
using llvm::StringRef;
using measure::Effort;
using measure::Lane;
using measure::RaceResult;
using Outcome = Trial::Outcome;

/// The part of the budget for the search; the rest is for the last race.
static constexpr double kSearchShare = 0.8;
/// A choice between a few values, and the one that is reported.
static constexpr Effort kChoice = {.minRounds = 9, .maxRounds = 81};
static constexpr Effort kFinal = {.minRounds = 15, .maxRounds = 101};

const char *normc::tool::toString(Outcome outcome) {
  switch (outcome) {
  case Outcome::Taken:
    return "taken";
  case Outcome::Slower:
    return "no gain";
  case Outcome::SameCode:
    return "same code";
  case Outcome::Refused:
    return "refused";
  case Outcome::OtherResults:
    return "other results";
  }
  return "";
}

std::vector<int64_t>
normc::tool::listNeighbours(const ScheduleParameter &parameter) {
  const int64_t value = parameter.value;
  std::vector<int64_t> all;
  int64_t least = 0, most = parameter.most;
  StringRef name = parameter.name;
  if (name == "rows") {
    all = {1, 2, 4, 8};
  } else if (name == "prefetch") {
    all = {0, 1, 2};
  } else if (name == "stream") {
    all = {0, 1}; // Never and always.
  } else if (name == "unroll") {
    all = {value / 2, value * 2};
    least = 1, most = std::min<int64_t>(most, 16);
  } else if (name == "width") {
    // 1 is for scalar code, which has another shape.
    all = {value / 2, value * 2};
    least = 2, most = value == 1 ? 1 : std::min<int64_t>(most, 64);
  } else if (name == "chunk") {
    all = {value / 4, value / 2, value * 2, value * 4};
    least = 1, most = std::min<int64_t>(most, int64_t(1) << 30);
  }
  llvm::erase_if(all, [&](int64_t other) {
    return other == value || other < least || other > most;
  });
  return all;
}

bool normc::tool::isGain(const Lane &lane) {
  constexpr double least = 0.01;
  return lane.gain() >= least && lane.gain() > lane.spread();
}

TuneSearch::TuneSearch(const std::string &start, const std::string &sourceName,
                       const std::string &circumstance, const Target &target,
                       ColdCalls &calls, double budget)
    : start(start), sourceName(sourceName), circumstance(circumstance),
      target(target), calls(calls), budget(budget),
      searchSeconds(kSearchShare * budget) {}

double TuneSearch::elapsed() const {
  return std::chrono::duration<double>(Clock::now() - startTime).count();
}

//===----------------------------------------------------------------------===//
// Variants
//===----------------------------------------------------------------------===//

Result<TuneSearch::Variant>
TuneSearch::build(std::span<const ScheduleChange> changes) const {
  Result<std::string> text = changeSchedules(start, changes, sourceName);
  if (!text)
    return text.error();
  Result<Artifact> artifact = compile(*text, target, sourceName);
  if (!artifact)
    return artifact.error();
  Result<Kernel> kernel = Kernel::load(*artifact);
  if (!kernel)
    return kernel.error();
  return Variant{serialize(*artifact), *std::move(kernel)};
}

/// "8.1% faster than 4 with x = 8x4096 on 2 threads"
std::string TuneSearch::reasonOf(const Trial &trial) const {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << llvm::format("%.1f%% faster than %lld ", 100 * trial.gain,
                         static_cast<long long>(trial.from))
         << circumstance;
  return text;
}

/// What is best so far, with `trial` in place of its number's value.
std::vector<ScheduleChange> TuneSearch::changedTo(const Trial &trial) const {
  std::vector<ScheduleChange> changes;
  for (const ScheduleChange &change : result.changes)
    if (change.stage != trial.stage || change.name != trial.parameter)
      changes.push_back(change);
  changes.push_back({trial.stage, trial.parameter, trial.to, ""});
  return changes;
}

int64_t TuneSearch::valueOf(const ScheduleParameter &parameter) const {
  for (const ScheduleChange &change : result.changes)
    if (change.stage == parameter.stage && change.name == parameter.name)
      return change.value;
  return parameter.value;
}

static std::string firstLine(StringRef message) {
  return message.split('\n').first.str();
}

std::optional<TuneSearch::Variant>
TuneSearch::tryOne(Trial &trial, Sameness sameness,
                   std::span<const Variant> others) {
  Result<Variant> variant = build(changedTo(trial));
  if (!variant) {
    trial.outcome = Outcome::Refused;
    trial.why = firstLine(variant.error().message);
    return std::nullopt;
  }
  for (const Variant &other : others)
    if (other.code == variant->code) {
      trial.outcome = Outcome::SameCode;
      return std::nullopt;
    }
  Result<std::string> difference = calls.compare(variant->kernel, sameness);
  if (!difference || !difference->empty()) {
    trial.outcome = difference ? Outcome::OtherResults : Outcome::Refused;
    trial.why =
        difference ? *difference : firstLine(difference.error().message);
    return std::nullopt;
  }
  return *std::move(variant);
}

Result<RaceResult> TuneSearch::measureAll(std::span<const Variant> variants,
                                          const Effort &effort) {
  Status failure;
  std::vector<std::function<void()>> runs;
  for (const Variant &variant : variants)
    runs.push_back([&, kernel = variant.kernel] {
      if (Status status = calls.run(kernel); !status)
        failure = status;
    });
  RaceResult race = measure::race(runs, calls.callsPerSample(seconds), effort);
  if (!failure)
    return failure.error();
  return race;
}

//===----------------------------------------------------------------------===//
// The search
//===----------------------------------------------------------------------===//

/// Builds the start, and sees that it runs and how long it takes.
Status TuneSearch::begin() {
  Result<Variant> built = build({});
  if (!built)
    return built.error();
  model = {*built};
  best = model;
  if (Status status = calls.setReference(model[0].kernel); !status)
    return status;
  constexpr int tries = 3;
  for (int i = 0; i < tries; ++i) {
    double before = elapsed();
    if (Status status = calls.run(model[0].kernel); !status)
      return status;
    double now = elapsed() - before;
    seconds = i == 0 ? now : std::min(seconds, now);
  }
  return {};
}

/// Tries other values of one number, side by side with its own.
Status TuneSearch::vary(const ScheduleParameter &parameter,
                        std::span<const int64_t> values, double slice) {
  // Where sums change, by rounding from the start; else by nothing at all from
  // what may have changed sums already.
  const bool rounds = parameter.changesRounding;
  Sameness sameness = rounds ? Sameness::Rounding : Sameness::Bits;
  const Variant &reference = rounds ? model[0] : best[0];
  if (Status status = calls.setReference(reference.kernel); !status)
    return status;
  std::vector<Variant> runners = best;
  std::vector<size_t> trialOf = {0}; // By runner; the first is no trial.
  std::vector<Trial> trials;
  for (int64_t value : values) {
    Trial trial;
    trial.stage = parameter.stage;
    trial.parameter = parameter.name;
    trial.from = parameter.value;
    trial.to = value;
    if (auto variant = tryOne(trial, sameness, runners)) {
      runners.push_back(*std::move(variant));
      trialOf.push_back(trials.size());
    }
    trials.push_back(std::move(trial));
  }
  if (runners.size() > 1) {
    Effort effort = kChoice;
    effort.seconds = slice;
    Result<RaceResult> race = measureAll(runners, effort);
    if (!race)
      return race.error();
    size_t winner = 0;
    for (size_t i = 1; i < runners.size(); ++i) {
      const Lane &lane = race->lanes[i];
      trials[trialOf[i]].gain = lane.gain();
      trials[trialOf[i]].spread = lane.spread();
      if (isGain(lane) && lane.gain() > race->lanes[winner].gain())
        winner = i;
    }
    if (winner > 0) {
      Trial &taken = trials[trialOf[winner]];
      taken.outcome = Outcome::Taken;
      result.changes = changedTo(taken);
      result.changes.back().reason = reasonOf(taken);
      best = {runners[winner]};
    }
  }
  llvm::append_range(result.trials, std::move(trials));
  return {};
}

static std::string describe(const ScheduleParameter &parameter) {
  return parameter.name + " of stage " + std::to_string(parameter.stage);
}

/// What trying so many values takes at least.
double TuneSearch::leastSeconds(size_t values) const {
  double sample = 2 * seconds * calls.callsPerSample(seconds);
  return sample * double(values + 1) * kChoice.minRounds;
}

/// Goes on from a value that was taken to its neighbours, as far as they win
/// and time is left. In the first pass, what is never tried is noted.
Status TuneSearch::climb(ScheduleParameter parameter, double slice,
                         bool isFirst) {
  std::vector<int64_t> tried;
  while (true) {
    parameter.value = valueOf(parameter);
    std::vector<int64_t> values = listNeighbours(parameter);
    llvm::erase_if(values, [&](int64_t value) {
      return llvm::is_contained(tried, value);
    });
    if (values.empty())
      return {};
    if (left() < leastSeconds(values.size())) {
      if (isFirst && tried.empty())
        result.untried.push_back(describe(parameter));
      return {};
    }
    if (Status status = vary(parameter, values, slice); !status)
      return status;
    if (valueOf(parameter) == parameter.value)
      return {};
    tried.push_back(parameter.value);
    llvm::append_range(tried, values);
  }
}

/// Each number once.
Status TuneSearch::runPass(std::span<const ScheduleParameter> parameters,
                           bool isFirst) {
  for (size_t i = 0; i < parameters.size(); ++i) {
    // A part more than numbers are left, for those that climb.
    double slice = left() / double(parameters.size() - i + 1);
    if (Status status = climb(parameters[i], slice, isFirst); !status)
      return status;
  }
  return {};
}

/// Those that are searched, in the order in which they matter most.
static std::vector<ScheduleParameter>
choose(const std::vector<ScheduleParameter> &all) {
  std::vector<ScheduleParameter> chosen;
  for (StringRef name :
       {"rows", "prefetch", "stream", "unroll", "width", "chunk"})
    for (const ScheduleParameter &parameter : all)
      if (parameter.name == name && !listNeighbours(parameter).empty())
        chosen.push_back(parameter);
  return chosen;
}

/// The last race, on which what is reported and kept depends: a winner among
/// many is partly one of chance.
Status TuneSearch::finish() {
  std::vector<Variant> variants = model;
  if (!result.changes.empty())
    variants.push_back(best[0]);
  Effort effort = kFinal;
  effort.seconds = std::max(budget - elapsed(), 0.0);
  Result<RaceResult> race = measureAll(variants, effort);
  if (!race)
    return race.error();
  result.final = *std::move(race);
  if (variants.size() > 1 && !isGain(result.final.lanes[1]))
    result.changes.clear();
  Result<std::string> text = changeSchedules(start, result.changes, sourceName);
  if (!text)
    return text.error();
  result.text = *std::move(text);
  result.seconds = elapsed();
  return {};
}

Result<TuneResult> TuneSearch::run() {
  Result<std::vector<ScheduleParameter>> all = listSchedules(start, sourceName);
  if (!all)
    return all.error();
  std::vector<ScheduleParameter> parameters = choose(*all);
  if (parameters.empty())
    return Error{ErrorKind::InvalidSpec,
                 "expected norms or kernels on tensors in '" + sourceName +
                     "', whose schedules can vary, but got none"};
  if (Status status = begin(); !status)
    return status.error();
  // Another pass may find more once the numbers fit each other.
  constexpr int mostPasses = 3;
  for (int pass = 0; pass < mostPasses; ++pass) {
    std::vector<ScheduleChange> before = result.changes;
    if (Status status = runPass(parameters, pass == 0); !status)
      return status.error();
    auto isSame = [](const ScheduleChange &a, const ScheduleChange &b) {
      return a.stage == b.stage && a.name == b.name && a.value == b.value;
    };
    if (!result.untried.empty() || llvm::equal(before, result.changes, isSame))
      break;
  }
  if (Status status = finish(); !status)
    return status.error();
  return std::move(result);
}
