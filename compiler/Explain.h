//===- Explain.h - a program in plain words ---------------------*- C++ -*-===//
//
// Reads stages, phases and schedules off the phase form, for Explanation.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_EXPLAIN_H
#define NORMC_COMPILER_EXPLAIN_H

#include "normc/Compiler.h"

#include "dialects/norm/Norm.h"

#include <vector>

namespace normc {

/// The program's stages, in order.
std::vector<Explanation::Stage> explainStages(norm::ProgramOp program);

} // namespace normc

#endif // NORMC_COMPILER_EXPLAIN_H
