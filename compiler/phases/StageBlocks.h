//===- StageBlocks.h - stages that run block by block -----------*- C++ -*-===//
//
// The order in which stages take their instances, so that the later ones find
// in the caches what the first one read: the stages at the end of a program
// that can take a few samples after the other, and those that best begin at the
// end.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_PHASES_STAGEBLOCKS_H
#define NORMC_COMPILER_PHASES_STAGEBLOCKS_H

#include "dialects/norm/Norm.h"

namespace normc {

/// One number per stage: the instances of a block, or 0 for a stage that runs
/// as a whole. The other stages come last, number their instances by the same
/// outermost dim (samples, or blocks of channels), and keep what they write,
/// and read of it, to that dim's point; a block is one point, or as many as
/// make work for a call.
llvm::SmallVector<int64_t> findStageBlocks(norm::ProgramOp program);

/// One per stage: true where its instances are best taken from the last one to
/// the first. Such a stage is elementwise, runs as a whole, and reads an
/// argument that an earlier stage has read, whose end is what the caches still
/// have.
llvm::SmallVector<bool> findBackwardStages(norm::ProgramOp program);

/// Chooses the chunks of stages in blocks so that none is part of two blocks,
/// nor rows that go together of two chunks.
void fitChunksToBlocks(norm::ProgramOp program);

} // namespace normc

#endif // NORMC_COMPILER_PHASES_STAGEBLOCKS_H
