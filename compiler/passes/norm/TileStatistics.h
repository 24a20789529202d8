//===- TileStatistics.h - statistics of groups, by tiles --------*- C++ -*-===//
//
// What passes that take a group's statistics by tiles share: how large a tile
// of rows of channels is, moments of a tile, moments of tiles merged, and the
// cut between what a whole group has in common and what is elementwise.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_PASSES_NORM_TILESTATISTICS_H
#define NORMC_COMPILER_PASSES_NORM_TILESTATISTICS_H

#include "dialects/norm/Norm.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <optional>

namespace normc {

/// The mean of `point`, an f32, in two parts, and the mean square of the
/// distances to it; `mean` builds means over the tile, `isExact` as for
/// widenForMean.
llvm::SmallVector<mlir::Value>
buildTileMoments(mlir::ImplicitLocOpBuilder &b, mlir::Value point, bool isExact,
                 llvm::function_ref<mlir::Value(mlir::Value)> mean);

/// Points that a tile should have of rows of channels, from the bytes that are
/// read for a point and the extents of the channels' dims. Its results are then
/// little beside it, and the second-level cache holds it and the next one.
int64_t wantedTilePoints(int64_t pointBytes, llvm::ArrayRef<int64_t> channels);

/// The divisor of `extent`, known, by which `points` come nearest to `wanted`.
int64_t nearestDivisor(int64_t extent, int64_t points, int64_t wanted);

/// The first points of a tile: those below a count along each of its dims. The
/// dims of which these are all points are left out.
struct TilePrefix {
  llvm::SmallVector<std::pair<mlir::StringAttr, int64_t>> counts;
  int64_t points = 1; ///< A power of two.
  int64_t of = 0;     ///< Points of the tile.
};

/// The first points of a tile with these dims and extents, the innermost first;
/// none where they would be all of it, or its size is unknown. They are so many
/// that of random data their mean is seldom more than a standard deviation away
/// from that of all: in one vector of 25 to 120 (tiles of 64 and 24 points),
/// and in one of 1,000 or more of larger tiles.
std::optional<TilePrefix>
findTilePrefix(llvm::ArrayRef<std::pair<mlir::StringAttr, int64_t>> tile);

/// The same results for a tile over the dims `over`, which is read once: the
/// variance from distances to the mean of its first points. Where that is more
/// than a standard deviation from the mean, so that the variance would lose
/// more than one bit, the tile is read again, by distances to the mean.
llvm::SmallVector<mlir::Value>
buildShiftedTileMoments(mlir::ImplicitLocOpBuilder &b, mlir::Value point,
                        bool isExact, norm::DimsAttr over,
                        const TilePrefix &prefix);

/// The same of tiles that are one but for `over` and have as many points each
/// (Chan, Golub and LeVeque), from the three of each tile.
llvm::SmallVector<mlir::Value> buildMergedMoments(mlir::ImplicitLocOpBuilder &b,
                                                  mlir::ValueRange tiles,
                                                  norm::DimsAttr over);

/// Puts the three in the place of `moments`, which vanishes.
void replaceMoments(mlir::ImplicitLocOpBuilder &b, norm::MomentsOp moments,
                    mlir::Value mean, mlir::Value delta, mlir::Value variance);

/// Adds an operand to a kernel; returns the argument of its body.
mlir::BlockArgument addInput(norm::KernelOp kernel, mlir::Value tensor,
                             norm::MapAttr map);

/// Cuts a kernel whose last `count` arguments are a group's statistics, by
/// `group`: what is the same for a whole group becomes a kernel's results, by
/// `perGroup`, which may tell apart what groups don't; the rest is elementwise.
/// Returns the kernel of the rest, or null where there is none, or where a
/// value that the rest needs has no place in a tensor and nothing was cut.
norm::KernelOp cutElementwise(mlir::ImplicitLocOpBuilder &b,
                              norm::KernelOp kernel, norm::MapAttr group,
                              norm::MapAttr perGroup, size_t count);

} // namespace normc

#endif // NORMC_COMPILER_PASSES_NORM_TILESTATISTICS_H
