//===- Facts.h - the Artifact's plain data from a program -------*- C++ -*-===//
//
// Reads off the phase form what a caller must know: arguments, words, checks,
// stages and scratch, with sizes as expressions over the words.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_CODEGEN_FACTS_H
#define NORMC_COMPILER_CODEGEN_FACTS_H

#include "normc/Artifact.h"

#include "dialects/norm/Norm.h"

namespace normc {

/// Everything of the Artifact but the code and its target.
Result<Artifact> collectFacts(norm::ProgramOp program);

} // namespace normc

#endif // NORMC_COMPILER_CODEGEN_FACTS_H
