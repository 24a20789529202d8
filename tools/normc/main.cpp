//===- main.cpp - the normc command ---------------------------------------===//
//
// `normc compile` shows what a norm is lowered to, or writes an object file;
// `normc run` runs it on arrays; `normc bench` times it, `normc tune` searches
// for a faster schedule, and `normc explain` tells what it became. `normc
// --help` has the rest. Exit codes: 0, or 1 where the input or the machine is
// at fault, 2 for a wrong command line, 3 for a defect in normc.
//
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "Files.h"

#include <cstdio>

using namespace normc;
using namespace normc::tool;

static int report(const char *kind, const Error &error, int exitCode) {
  std::fprintf(stderr, "normc: %s: %s\n", kind, error.message.c_str());
  return exitCode;
}

static Status act(const Options &options) {
  switch (options.action) {
  case Options::Action::Print:
    return OutputFiles().add("-", {options.text});
  case Options::Action::Preset:
    return presetCommand(options);
  case Options::Action::Compile:
    return compileCommand(options);
  case Options::Action::Run:
    return runCommand(options);
  case Options::Action::Bench:
    return benchCommand(options);
  case Options::Action::Tune:
    return tuneCommand(options);
  case Options::Action::Explain:
    return explainCommand(options);
  case Options::Action::Targets:
    return targetsCommand();
  }
  return Error{ErrorKind::Internal, "no such action"};
}

int main(int argc, char **argv) {
  llvm::ArrayRef<const char *> arguments(argv, argc);
  Result<Options> options = parseOptions(arguments.drop_front());
  if (!options)
    return report("usage", options.error(), 2);
  Status status = act(*options);
  if (status)
    return 0;
  return report(toString(status.error().kind), status.error(),
                status.error().kind == ErrorKind::Internal ? 3 : 1);
}
