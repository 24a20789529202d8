//===- Fetching.h - what is fetched for the next instance -------*- C++ -*-===//
//
// Memory answers late: while one instance is at work, some of its phases ask
// for what the next one will read.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_LOWERING_SHARED_FETCHING_H
#define NORMC_COMPILER_LOWERING_SHARED_FETCHING_H

#include "compiler/lowering/shared/BodyEmitter.h"

namespace normc {

/// The phase in whose time the next instance's operands are fetched: one in the
/// middle that computes functions meanwhile, or else the last.
norm::PhaseOp findFetching(norm::InstanceOp instance);

/// True for a phase that fetches what the next instance will read:
/// `findFetching`; and where a phase is many runs, which nothing else fetches
/// ahead, those before it that read all of it, if two instances stay in the
/// cache.
bool fetchesAhead(norm::PhaseOp phase, const StageContext &context);

/// The loads along the lanes that another instance has elsewhere.
llvm::SmallVector<norm::LoadOp> findPrefetched(norm::PhaseOp phase,
                                               const StageContext &context);

} // namespace normc

#endif // NORMC_COMPILER_LOWERING_SHARED_FETCHING_H
