//===- ChannelBlocks.h - channels that go together ------------*- C++ -*-===//
//
// Of statistics per channel whose points are short runs, one in every sample:
// how many neighbouring channels make a block that stays in the cache between
// the statistics and the result, and the cut of a kernel in such blocks.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_PASSES_NORM_CHANNELBLOCKS_H
#define NORMC_COMPILER_PASSES_NORM_CHANNELBLOCKS_H

#include "dialects/norm/Norm.h"

namespace normc {

/// Channels of a block, two or more, a divisor of `channels`: as many as stay
/// in a quarter of the second-level cache, the next block beside them, with
/// runs of whole cache lines and a length that makes a row. A channel has `run`
/// points, of `pointBytes` each, in each sample; `samples` are the extents of
/// their dims. 0 where there is no such divisor, something is unknown, or so
/// few bytes that all of them stay there.
int64_t findChannelBlock(int64_t channels, int64_t run,
                         llvm::ArrayRef<int64_t> samples, int64_t pointBytes);

/// Makes blocks of `size` points of a dim that no op names. The dim that counts
/// them is the first that the kernel names (`KernelStructure::blockDim`).
void cutChannelBlocks(norm::KernelOp kernel, mlir::StringAttr channel,
                      int64_t size);

} // namespace normc

#endif // NORMC_COMPILER_PASSES_NORM_CHANNELBLOCKS_H
