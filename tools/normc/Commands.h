//===- Commands.h - what normc does -----------------------------*- C++ -*-===//
//
// One function per command. They write their results, and report failures
// without printing them.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TOOLS_NORMC_COMMANDS_H
#define NORMC_TOOLS_NORMC_COMMANDS_H

#include "Options.h"

namespace normc::tool {

/// `normc compile`: writes one stage of the pipeline.
Status compileCommand(const Options &options);

/// `normc run`: compiles for this machine and runs on .npy files.
Status runCommand(const Options &options);

/// `normc bench`: times a kernel beside a streaming copy.
Status benchCommand(const Options &options);

/// `normc tune`: searches for a faster schedule.
Status tuneCommand(const Options &options);

/// `normc explain`: tells what a norm becomes.
Status explainCommand(const Options &options);

/// `normc targets`: lists the targets.
Status targetsCommand();

/// `normc preset`: writes a named norm as .mlir text, or lists the presets.
Status presetCommand(const Options &options);

} // namespace normc::tool

#endif // NORMC_TOOLS_NORMC_COMMANDS_H
