//===- Tune.cpp - normc tune ----------------------------------------------===//

#include "Call.h"
#include "Commands.h"
#include "Files.h"
#include "Shapes.h"
#include "TuneReport.h"

using namespace normc;
using namespace normc::tool;

/// Arrays for calls of the artifact, and what `tuning` says of them.
static Result<ColdCalls> makeCalls(const Artifact &artifact,
                                   const Options &options, Executor &executor,
                                   Tuning &tuning) {
  Result<std::vector<Array>> arrays = makeArrays(artifact, options, 0);
  if (!arrays)
    return arrays.error();
  std::vector<Dims> shapes;
  for (const Array &array : *arrays)
    shapes.push_back(array.shape);
  tuning.name = artifact.name;
  tuning.target = options.target == "native" ? artifact.cpu : options.target;
  tuning.dtype = toString(artifact.arguments[0].dtype);
  tuning.argument = artifact.arguments[0].name;
  tuning.shape = describeShape(shapes[0]);
  tuning.threads = executor.concurrency();
  tuning.budget = options.budget;
  Result<int64_t> bytes = timedBytes(artifact, shapes);
  if (!bytes)
    return bytes.error();
  tuning.bytes = *bytes;
  Result<ColdCalls> calls =
      ColdCalls::make(artifact, *std::move(arrays), tuning.bytes,
                      Target::native().llcBytes, executor);
  if (calls)
    tuning.areCold = calls->areCold();
  return calls;
}

static Status tune(std::string_view source, const Target &target,
                   const Options &options, Tuning &tuning) {
  const std::string name = sourceName(options);
  // Of FILE itself: its declarations tell which inputs are variances.
  Result<Artifact> artifact = compile(source, target, name);
  if (!artifact)
    return artifact.error();
  Result<std::string> start = emit(source, Emit::Scheduled, target, name);
  if (!start)
    return start.error();
  auto own = listSchedules(source, name);
  tuning.start =
      own && own->empty() ? "the model's choice" : "the file's choice";
  Threads threads(options);
  Result<ColdCalls> calls =
      makeCalls(*artifact, options, threads.executor(), tuning);
  if (!calls)
    return calls.error();
  const std::string circumstance = tuning.circumstance();
  Result<TuneResult> result =
      TuneSearch(*start, name, circumstance, target, *calls, options.budget)
          .run();
  if (!result)
    return result.error();
  tuning.result = *std::move(result);
  return {};
}

Status normc::tool::tuneCommand(const Options &options) {
  const bool saves = options.output != "-";
  if (saves) {
    if (Status apart = checkApart(options.output, {options.file}); !apart)
      return apart;
    // What can't be saved is known before the search, not after it.
    if (Status writable = checkWritable(options.output); !writable)
      return writable;
  }
  Result<Target> target = Target::named(options.target);
  if (!target)
    return target.error();
  auto source = readText(options);
  if (!source)
    return source.error();
  Tuning tuning;
  if (Status status = tune(std::string_view((*source)->getBuffer()), *target,
                           options, tuning);
      !status)
    return status;
  OutputFiles files;
  if (saves)
    if (Status written = files.add(options.output, {writeFile(tuning)});
        !written)
      return written;
  if (Status written = files.commit(); !written)
    return written;
  return OutputFiles().add(
      "-", {options.json ? writeJson(tuning) : writeTable(tuning)});
}
