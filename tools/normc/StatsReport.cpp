//===- StatsReport.cpp - the text of normc run --stats --------------------===//

#include "Stats.h"

#include "Shapes.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace normc;
using namespace normc::tool;

static void writeOutputs(const Artifact &artifact,
                         const std::vector<Array> &arrays,
                         llvm::raw_ostream &stream) {
  stream << llvm::format("%-12s %-5s %-18s %12s %12s %12s %12s %8s\n", "result",
                         "type", "shape", "min", "max", "mean", "rms", "NaN");
  for (auto [facts, array] : llvm::zip_equal(artifact.arguments, arrays)) {
    if (!facts.isOutput)
      continue;
    ArrayStats stats = summarize(array);
    stream << llvm::format("%-12s %-5s %-18s %12.5g %12.5g %12.5g %12.5g %8lld",
                           facts.name.c_str(), toString(facts.dtype),
                           describeShape(array.shape).c_str(), stats.min,
                           stats.max, stats.mean, stats.rms,
                           static_cast<long long>(stats.nans))
           << "\n";
  }
}

static std::string nameOfStatistic(const DeclaredNorm &norm) {
  return norm.statistic == "rms"  ? "mean of squares"
         : norm.statistic == "l2" ? "sum of squares"
                                  : "variance";
}

static void writeNorm(const Artifact &artifact,
                      const std::vector<Array> &arrays,
                      const DeclaredNorm &norm, llvm::raw_ostream &stream) {
  std::vector<std::string> axes;
  for (int64_t axis : norm.axes)
    axes.push_back(std::to_string(axis));
  stream << "\nnorm " << norm.statistic << " over [" << llvm::join(axes, ", ")
         << "]";
  if (norm.groups > 0)
    stream << " in " << norm.groups << " groups on " << norm.groupAxis;
  if (norm.input < 0) {
    stream << ": its input is computed; nothing is known of it\n";
    return;
  }
  const Array &input = arrays[size_t(norm.input)];
  NormStats stats = computeNormStats(norm, input);
  stream << " of " << artifact.arguments[size_t(norm.input)].name << "\n";
  stream << llvm::format("  %-34s %lld\n", "n, elements per statistic",
                         static_cast<long long>(stats.n));
  stream << llvm::format("  %-34s %lld\n", "statistics",
                         static_cast<long long>(stats.groups));
  if (stats.statistic.empty() && stats.n > 0)
    return;
  std::string share = (norm.placement == "add" ? "" : "root of ") +
                      nameOfStatistic(norm) + " below epsilon";
  stream << llvm::format("  %-34s %.3g%% (epsilon %g)\n", share.c_str(),
                         100 * stats.belowEpsilon, norm.epsilon);
  const Array *given =
      norm.variance < 0 ? nullptr : &arrays[size_t(norm.variance)];
  for (const std::string &warning : listWarnings(norm, input, stats, given))
    stream << "  warning: " << warning << "\n";
}

std::string normc::tool::writeStats(const Artifact &artifact,
                                    const std::vector<Array> &arrays) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  writeOutputs(artifact, arrays, stream);
  for (const DeclaredNorm &norm : artifact.norms)
    writeNorm(artifact, arrays, norm, stream);
  return text;
}
