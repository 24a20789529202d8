//===- Help.h - help texts --------------------------------------*- C++ -*-===//
//
// Help texts as the tables of OptionTable.h make them.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TOOLS_NORMC_HELP_H
#define NORMC_TOOLS_NORMC_HELP_H

#include "OptionTable.h"

#include <string>

namespace normc::tool {

/// `normc --help`: every command with its options.
std::string overview();

/// `normc COMMAND --help`.
std::string helpOf(const CommandInfo &command);

} // namespace normc::tool

#endif // NORMC_TOOLS_NORMC_HELP_H
