//===- Explain.cpp - normc explain ----------------------------------------===//

#include "Call.h"
#include "Commands.h"
#include "Files.h"
#include "Shapes.h"

#include "normc/SizeText.h"
#include "tools/measure/Measure.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace normc;
using namespace normc::tool;
using Phase = Explanation::Phase;
using Stage = Explanation::Stage;

namespace {

/// Writes an explanation, with numbers for sizes where they are known.
class Report {
public:
  Report(const Explanation &explanation, const Target &target)
      : explanation(explanation), facts(explanation.facts), target(target),
        stream(text) {
    for (const WordSource &source : facts.words)
      wordNames.push_back(facts.arguments[source.argument].name +
                          (source.isStride ? ".stride" : ".extent") +
                          std::to_string(source.axis));
  }

  void setShapes(std::vector<Dims> given) {
    shapes = std::move(given);
    words = extentWords(facts, shapes);
  }
  /// 0 where sizes are not known.
  int64_t bytes() const {
    return shapes.empty() ? 0 : mandatoryBytes(facts, shapes);
  }

  void writeHead();
  void writeStages();
  void writeApart();
  void writeFacts();
  void writeCost(std::optional<double> rate, const std::string &source);
  std::string take() { return std::move(text); }

private:
  void writeStage(size_t number, const Stage &stage);
  void writePhase(const Phase &phase);
  void writeSchedule(const Stage &stage);
  void writeArgument(const ArgumentFacts &argument);
  std::string size(const SizeExpr &expr) const;

  const Explanation &explanation;
  const Artifact &facts;
  const Target &target;
  std::vector<std::string> wordNames;
  std::vector<Dims> shapes;   ///< Empty where sizes are not known.
  std::vector<int64_t> words; ///< As `shapes`.
  std::string text;
  llvm::raw_string_ostream stream;
};

} // namespace

/// A number where it is known, with the formula where that says more.
std::string Report::size(const SizeExpr &expr) const {
  std::string formula = formatSize(expr, wordNames);
  if (shapes.empty() || expr.isConstant())
    return formula;
  Result<int64_t> value = expr.evaluate(words);
  return value ? std::to_string(*value) : formula;
}

static std::string list(const std::vector<std::string> &names) {
  return llvm::join(names, ", ");
}

void Report::writeHead() {
  stream << facts.name << " for " << target.name << " (" << target.cpu << ", "
         << target.vectorBits << "-bit vectors): " << explanation.stages.size()
         << (explanation.stages.size() == 1 ? " stage\n" : " stages\n");
}

void Report::writeSchedule(const Stage &stage) {
  auto row = [&](const char *parameter, const std::string &value) {
    std::string why;
    for (const auto &[name, reason] : stage.reasons)
      if (name == parameter)
        why = reason;
    stream << llvm::format("    %-9s ", parameter);
    if (why.empty())
      stream << value << "\n";
    else
      stream << llvm::format("%-8s (", value.c_str()) << why << ")\n";
  };
  stream << "  schedule\n";
  row("parallel", list(stage.parallel));
  row("lanes", stage.lanes.empty() ? "none" : stage.lanes);
  row("width", std::to_string(stage.width));
  row("unroll", std::to_string(stage.unroll));
  if (stage.threads > 0)
    row("threads", std::to_string(stage.threads));
  else
    row("chunk", std::to_string(stage.chunk));
  // What is switched off is only of interest where there is a reason.
  auto rowUnless = [&](const char *parameter, int64_t value, int64_t off) {
    auto isIts = [&](const auto &reason) { return reason.first == parameter; };
    if (value != off || llvm::any_of(stage.reasons, isIts))
      row(parameter, std::to_string(value));
  };
  rowUnless("resident", stage.resident, 0);
  rowUnless("stream", stage.stream, 0);
  rowUnless("prefetch", stage.prefetch, 0);
  rowUnless("rows", stage.rows, 1);
}

void Report::writePhase(const Phase &phase) {
  stream << (phase.perChunk ? "    per chunk: " : "    ");
  if (phase.over.empty())
    stream << "once";
  else
    stream << "loop over " << list(phase.over);
  auto part = [&](const char *verb, const std::vector<std::string> &names) {
    if (!names.empty())
      stream << "; " << verb << " " << list(names);
  };
  part("reads", phase.reads);
  part("combines", phase.combines);
  part("adds to", phase.accumulates);
  part("writes", phase.writes);
  part("relies on the cache to keep", phase.keeps);
  stream << "\n";
}

void Report::writeStage(size_t number, const Stage &stage) {
  std::vector<std::string> dims;
  for (const auto &[name, extent] : stage.dims)
    dims.push_back(name + " = " + size(extent));
  stream << "\nstage " << number << ": " << stage.entry << ", dims "
         << list(dims) << "\n";
  // A GPU's blocks are not chunks.
  if (stage.threads == 0)
    stream << "  chunks    " << size(facts.stages[number].chunkCount)
           << ", which threads share\n";
  writeSchedule(stage);
  stream << "  phases, for each instance (point of the parallel dims"
         << (llvm::is_contained(stage.parallel, stage.lanes)
                 ? "; a vector of them along the lanes)\n"
                 : ")\n");
  for (const Phase &phase : stage.phases)
    writePhase(phase);
}

void Report::writeStages() {
  for (auto [number, stage] : llvm::enumerate(explanation.stages))
    writeStage(number, stage);
}

void Report::writeApart() {
  if (!explanation.apart.empty())
    stream << "\nkernels that are not one\n";
  for (const std::string &remark : explanation.apart)
    for (llvm::StringRef line : llvm::split(remark, '\n'))
      stream << "  " << line << "\n";
}

void Report::writeArgument(const ArgumentFacts &argument) {
  std::vector<std::string> shape, strides;
  for (const AxisFacts &axis : argument.axes) {
    shape.push_back(size(axis.extent));
    if (axis.mustBeNonEmpty && shapes.empty() && !axis.extent.isConstant())
      shape.back() += " >= 1";
    strides.push_back(axis.stride.steps.empty() ? "any" : size(axis.stride));
  }
  stream << llvm::format("  %-10s %-4s", argument.name.c_str(),
                         toString(argument.dtype))
         << " [" << list(shape) << "] strides [" << list(strides)
         << "] aligned to " << argument.alignment << ", "
         << (argument.isOutput ? "written" : "read") << "\n";
}

void Report::writeFacts() {
  stream << "\nfacts that a call is checked for\n";
  for (const ArgumentFacts &argument : facts.arguments)
    writeArgument(argument);
  for (const DivisibilityFact &fact : facts.divisibility)
    stream << "  " << size(fact.value) << " (" << fact.description
           << ") is a multiple of " << fact.divisor << "\n";
  for (const MinimumFact &fact : facts.minimums)
    stream << "  " << size(fact.value) << " (" << fact.description
           << ") is at least " << fact.minimum << "\n";
  for (const InPlacePair &pair : facts.inPlace)
    stream << "  " << facts.arguments[pair.output].name
           << " may be the buffer of " << facts.arguments[pair.input].name
           << "\n";
  stream << "  scratch memory: " << size(facts.scratchBytes) << " bytes\n";
}

void Report::writeCost(std::optional<double> rate, const std::string &source) {
  stream << "\ncost\n  mandatory bytes, each argument once: ";
  if (shapes.empty()) {
    std::vector<std::string> parts;
    for (const ArgumentFacts &argument : facts.arguments) {
      std::string part;
      for (const AxisFacts &axis : argument.axes)
        part += size(axis.extent) + " * ";
      parts.push_back(part + std::to_string(byteSize(argument.dtype)));
    }
    stream << llvm::join(parts, " + ") << "\n";
    stream << "  the time needs sizes: give --shape " << facts.arguments[0].name
           << "=...\n";
    return;
  }
  stream << bytes() << "\n";
  if (rate)
    stream << llvm::format("  at the ceiling of %.1f GB/s (", *rate) << source
           << llvm::format("): %.1f us\n", 1e-3 * double(bytes()) / *rate);
  else if (bytes() > 0)
    stream << "  the time needs the speed of this target's memory: give "
              "--ceiling\n";
}

/// The shapes of a call, or none where sizes are open and no --shape is given.
static Result<std::vector<Dims>> findShapes(const Artifact &artifact,
                                            const Options &options) {
  auto given = placeShapes(artifact, options.shapes);
  if (!given)
    return given.error();
  Result<std::vector<Dims>> shapes = computeShapes(artifact, *given);
  if (!shapes && options.shapes.empty())
    return std::vector<Dims>();
  if (shapes)
    if (Status status = checkShapes(artifact, *shapes); !status)
      return status.error();
  return shapes;
}

Status normc::tool::explainCommand(const Options &options) {
  Result<Target> target = Target::named(options.target);
  if (!target)
    return target.error();
  auto source = readText(options);
  if (!source)
    return source.error();
  Result<Explanation> explanation = explain(
      std::string_view((*source)->getBuffer()), *target, sourceName(options));
  if (!explanation)
    return explanation.error();
  Result<std::vector<Dims>> shapes = findShapes(explanation->facts, options);
  if (!shapes)
    return shapes.error();

  Report report(*explanation, *target);
  if (!shapes->empty())
    report.setShapes(*std::move(shapes));
  std::optional<double> rate = options.ceiling;
  std::string origin = "as given";
  bool isCpu = target->kind == Target::Kind::Cpu;
  int64_t bytes = report.bytes();
  if (!rate && isCpu && bytes > 0) {
    Threads threads(options);
    auto copy = measure::timeCopy(bytes, threads.executor(), {.seconds = 0.3});
    if (!copy)
      return copy.error();
    rate = copy->copyRate;
    int count = threads.executor().concurrency();
    origin = "a streaming copy of as many bytes, measured now on " +
             std::to_string(count) + (count == 1 ? " thread" : " threads");
  }
  report.writeHead();
  report.writeStages();
  report.writeApart();
  report.writeFacts();
  report.writeCost(rate, origin);
  return OutputFiles().add("-", {report.take()});
}
