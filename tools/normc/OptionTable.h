//===- OptionTable.h - commands and options as data -------------*- C++ -*-===//
//
// One row per command and one per option. A new command is a row of `commands`,
// its bit in the options that it takes, and a case in main.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TOOLS_NORMC_OPTIONTABLE_H
#define NORMC_TOOLS_NORMC_OPTIONTABLE_H

#include "Options.h"

namespace normc::tool {

/// What normc can be told to do.
struct CommandInfo {
  Options::Action action;
  const char *name;
  const char *summary; ///< Half a line, after the name.
  const char *operand; ///< "FILE", "NAME" (of a preset), or "".
  const char *details; ///< Paragraphs at the end of the help text, or "".
};

/// An option and what it does to `Options`.
struct OptionInfo {
  const char *name;      ///< With its dashes.
  const char *shortName; ///< "-o", or "".
  const char *value;     ///< Placeholder of the value; "" for a flag.
  unsigned commands;     ///< Sum of `bit`s of those that take it.
  enum Count { Required, Once, Repeated } count;
  const char *help;
  /// Reads the value (empty for a flag); a usage error where it is wrong.
  Status (*read)(llvm::StringRef value, Options &options);
  /// What the value may be, one per line of the help text; may be null.
  std::string (*listValues)() = nullptr;
  /// The option without which this one means nothing; null for none.
  const char *beside = nullptr;
};

constexpr unsigned bit(Options::Action action) {
  return 1u << static_cast<unsigned>(action);
}

llvm::ArrayRef<CommandInfo> listCommands();
llvm::ArrayRef<OptionInfo> listOptions();

inline bool takes(const CommandInfo &command, const OptionInfo &option) {
  return (option.commands & bit(command.action)) != 0;
}

} // namespace normc::tool

#endif // NORMC_TOOLS_NORMC_OPTIONTABLE_H
