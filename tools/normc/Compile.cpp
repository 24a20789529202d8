//===- Compile.cpp - normc compile ----------------------------------------===//

#include "Call.h"
#include "Commands.h"
#include "Files.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

using namespace normc;
using namespace normc::tool;

static void printTimings(const Timings &timings) {
  double total = 0;
  for (const StepTime &time : timings)
    total += time.milliseconds;
  auto row = [&](std::string_view step, double milliseconds) {
    llvm::errs() << llvm::format("%-14s %9.3f %7.1f%%\n",
                                 std::string(step).c_str(), milliseconds,
                                 total > 0 ? 100 * milliseconds / total : 0);
  };
  llvm::errs() << llvm::format("%-14s %9s %8s\n", "step", "ms", "share");
  for (const StepTime &time : timings)
    row(time.step, time.milliseconds);
  row("total", total);
}

Status normc::tool::compileCommand(const Options &options) {
  if (Status apart = checkApart(options.output, {options.file}); !apart)
    return apart;
  bool isBinary =
      *options.emit == Emit::Object || *options.emit == Emit::Artifact;
  if (isBinary && options.output == "-" &&
      llvm::sys::Process::StandardOutIsDisplayed())
    return Error{ErrorKind::InvalidArgument,
                 "expected -o OUT: '" + std::string(toString(*options.emit)) +
                     "' is not for a terminal"};
  Result<std::vector<Target>> targets = Target::namedList(options.target);
  if (!targets)
    return targets.error();
  auto source = readText(options);
  if (!source)
    return source.error();

  Timings timings;
  Result<std::string> text =
      emit(std::string_view((*source)->getBuffer()), *options.emit,
           std::span<const Target>(*targets), sourceName(options),
           options.timing ? &timings : nullptr);
  if (!text)
    return text.error();
  OutputFiles files;
  if (Status written = files.add(options.output, {*text}); !written)
    return written;
  if (Status written = files.commit(); !written)
    return written;
  if (options.timing)
    printTimings(timings);
  return {};
}
