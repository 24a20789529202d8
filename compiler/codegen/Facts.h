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

#include <vector>

namespace normc {

/// Everything of the Artifact but the code and its target.
Result<Artifact> collectFacts(norm::ProgramOp program);

/// The extents of the dims of every stage, over the same words.
std::vector<std::vector<SizeExpr>> collectStageExtents(norm::ProgramOp program);

} // namespace normc

#endif // NORMC_COMPILER_CODEGEN_FACTS_H
