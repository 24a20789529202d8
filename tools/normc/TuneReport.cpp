//===- TuneReport.cpp - what a search for a schedule found ----------------===//

#include "TuneReport.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace normc;
using namespace normc::tool;
using measure::Lane;
using Outcome = Trial::Outcome;

static std::string countThreads(int threads) {
  return std::to_string(threads) + (threads == 1 ? " thread" : " threads");
}

std::string Tuning::circumstance() const {
  return "with " + argument + " = " + shape + " on " + countThreads(threads);
}

static bool isTimed(const Trial &trial) {
  return trial.outcome == Outcome::Taken || trial.outcome == Outcome::Slower;
}

static void writeTrial(llvm::raw_ostream &stream, const Trial &trial) {
  stream << llvm::format(
      "%5zu  %-9s  %8lld  %8lld  ", trial.stage, trial.parameter.c_str(),
      static_cast<long long>(trial.from), static_cast<long long>(trial.to));
  if (isTimed(trial))
    stream << llvm::format("%+6.1f%%  %5.1f%%  ", 100 * trial.gain,
                           100 * trial.spread);
  else
    stream << "      -       -  ";
  stream << toString(trial.outcome);
  if (!trial.why.empty())
    stream << ": " << trial.why;
  stream << "\n";
}

/// "x 12.3 us (quartiles 11.1 to 13.0) 26.1 GB/s"
static void writeTime(llvm::raw_ostream &stream, const char *what,
                      const Lane &lane, int64_t bytes) {
  const measure::Spread &seconds = lane.seconds;
  stream << llvm::format(
      "%-6s %11.1f us  (quartiles %.1f to %.1f)  %7.1f GB/s\n", what,
      1e6 * seconds.median, 1e6 * seconds.low, 1e6 * seconds.high,
      seconds.median > 0 ? 1e-9 * double(bytes) / seconds.median : 0);
}

/// What the last race came to, in a line.
static std::string conclude(const Tuning &tuning) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  const TuneResult &result = tuning.result;
  if (!result.changes.empty()) {
    const Lane &tuned = result.final.lanes[1];
    stream << llvm::format("%.1f%%", 100 * tuned.gain()) << " over "
           << tuning.start
           << llvm::format(" (spread %.1f%%)", 100 * tuned.spread());
    return text;
  }
  stream << tuning.start << " stands";
  if (result.final.lanes.size() > 1)
    stream << llvm::format(": in the last race, what was taken gained %.1f%%, "
                           "with a spread of %.1f%%",
                           100 * result.final.lanes[1].gain(),
                           100 * result.final.lanes[1].spread());
  return text;
}

std::string normc::tool::writeTable(const Tuning &tuning) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  const TuneResult &result = tuning.result;
  stream << tuning.name << " " << tuning.dtype << " " << tuning.shape << " on "
         << tuning.target << ", " << countThreads(tuning.threads)
         << (tuning.areCold ? ", cold caches\n" : "\n");
  if (!tuning.areCold)
    stream << "warning: calls of " << tuning.bytes
           << " bytes find their arrays in the caches; give a larger --shape\n";
  stream << "\nstage  parameter      from        to     gain  spread\n";
  for (const Trial &trial : result.trials)
    writeTrial(stream, trial);
  if (!result.untried.empty())
    stream << "not tried, for which the budget is too small: "
           << llvm::join(result.untried, ", ") << "\n";
  stream << "\n";
  writeTime(stream, "start", result.final.lanes[0], tuning.bytes);
  if (!result.changes.empty())
    writeTime(stream, "tuned", result.final.lanes[1], tuning.bytes);
  stream << "gain   " << conclude(tuning) << "\n"
         << llvm::format("       medians of %d rounds; %.1f s of %.1f s\n",
                         result.final.rounds, result.seconds, tuning.budget);
  return text;
}

static void writeTrials(llvm::json::OStream &json, const TuneResult &result) {
  json.attributeArray("tried", [&] {
    for (const Trial &trial : result.trials)
      json.object([&] {
        json.attribute("stage", int64_t(trial.stage));
        json.attribute("parameter", trial.parameter);
        json.attribute("from", trial.from);
        json.attribute("to", trial.to);
        json.attribute("outcome", toString(trial.outcome));
        if (isTimed(trial)) {
          json.attribute("gain", trial.gain);
          json.attribute("spread", trial.spread);
        }
        if (!trial.why.empty())
          json.attribute("why", llvm::json::fixUTF8(trial.why));
      });
  });
  json.attributeArray("not_tried", [&] {
    for (const std::string &name : result.untried)
      json.value(name);
  });
  json.attributeArray("changes", [&] {
    for (const ScheduleChange &change : result.changes)
      json.object([&] {
        json.attribute("stage", int64_t(change.stage));
        json.attribute("parameter", change.name);
        json.attribute("to", change.value);
      });
  });
}

std::string normc::tool::writeJson(const Tuning &tuning) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::json::OStream json(stream, /*IndentSize=*/2);
  const TuneResult &result = tuning.result;
  bool hasGain = !result.changes.empty();
  const Lane &kept = result.final.lanes[hasGain ? 1 : 0];
  json.object([&] {
    json.attribute("name", llvm::json::fixUTF8(tuning.name));
    json.attribute("target", tuning.target);
    json.attribute("dtype", tuning.dtype);
    json.attribute("shape", tuning.shape);
    json.attribute("threads", tuning.threads);
    json.attribute("bytes", tuning.bytes);
    json.attribute("cold", tuning.areCold);
    json.attribute("budget_s", tuning.budget);
    json.attribute("spent_s", result.seconds);
    writeTrials(json, result);
    json.attribute("start_us", 1e6 * result.final.lanes[0].seconds.median);
    json.attribute("tuned_us", 1e6 * kept.seconds.median);
    json.attribute("gain", kept.gain());
    json.attribute("spread", kept.spread());
    json.attribute("rounds", result.final.rounds);
  });
  stream << "\n";
  return text;
}

std::string normc::tool::writeFile(const Tuning &tuning) {
  return "// Tuned for " + tuning.target + " " + tuning.circumstance() + ": " +
         conclude(tuning) + ".\n" + tuning.result.text;
}
