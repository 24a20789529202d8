//===- KernelParts.h - kernels made of parts of others ----------*- C++ -*-===//
//
// What passes that cut a kernel in several share: the ops behind a value, a new
// kernel around some of them, the number of points, and dims that became one.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_PASSES_NORM_KERNELPARTS_H
#define NORMC_COMPILER_PASSES_NORM_KERNELPARTS_H

#include "dialects/norm/Norm.h"
#include "dialects/norm/Spaces.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace normc {

/// Dims by name, outermost first, with their extents.
using DimExtents = llvm::MapVector<mlir::StringAttr, int64_t>;

/// A value of a body, and where it goes.
struct KernelResult {
  mlir::Value value;
  norm::MapAttr map;
};

/// The operands of a kernel to be, and where they lie.
struct KernelInputs {
  llvm::SmallVector<mlir::Value> operands;
  llvm::SmallVector<mlir::Attribute> maps;

  void add(mlir::Value operand, norm::MapAttr map) {
    operands.push_back(operand);
    maps.push_back(map);
  }
};

/// The ops behind `values`, in the order of their block.
llvm::SetVector<mlir::Operation *> sliceOf(mlir::Block &body,
                                           llvm::ArrayRef<mlir::Value> values);

/// A kernel over those of `extents` that its maps name, or that `alsoUsed` has.
/// `fill` gets its block arguments and returns what it yields.
norm::KernelOp makeKernel(
    mlir::ImplicitLocOpBuilder &b, const DimExtents &extents,
    const KernelInputs &inputs, llvm::ArrayRef<norm::MapAttr> outputMaps,
    llvm::ArrayRef<mlir::Type> elements,
    llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::ValueRange)> fill,
    const llvm::SetVector<mlir::StringAttr> &alsoUsed = {});

/// A kernel at `b` that computes `results` of `kernel`, and reads no more than
/// they need.
norm::KernelOp cloneParts(mlir::ImplicitLocOpBuilder &b, norm::KernelOp kernel,
                          llvm::ArrayRef<KernelResult> results);

/// The number of points of `over`, in `type`: a constant where all of its
/// extents are known.
mlir::Value buildPointCount(mlir::ImplicitLocOpBuilder &b,
                            norm::SpaceAttr space, norm::DimsAttr over,
                            mlir::Type type);

/// The variance, from the mean square of the distances to a mean and what that
/// mean is off by. Where numbers are equal, roundings would leave it below 0,
/// and its root NaN; NaN itself stays.
mlir::Value buildVariance(mlir::ImplicitLocOpBuilder &b, mlir::Value meanSquare,
                          mlir::Value delta);

/// True if a result of more than `bits` is made of each point of a group whose
/// mean is taken: where such a point lies near the mean, the result shows the
/// last bits of the mean, which a narrower one rounds away.
bool showsMean(norm::KernelOp kernel, norm::DimsAttr over, unsigned bits = 16);

/// `value` in f64, to be added up for a mean. An f32 that holds a number of 16
/// bits may first be added to a few others in f32, unless the mean must be
/// `exact`: what says so is its conversion in one step.
mlir::Value widenForMean(mlir::ImplicitLocOpBuilder &b, mlir::Value value,
                         bool exact);

/// Holds at the points that lie below a count along each of some dims; null for
/// no dims.
mlir::Value
buildIsBelow(mlir::ImplicitLocOpBuilder &b,
             llvm::ArrayRef<std::pair<mlir::StringAttr, int64_t>> counts);

/// The `?` dims of a kernel whose extent none of its operands tells.
norm::DimSet findUntoldDims(norm::KernelOp kernel);

/// The dims that ops name by themselves: what collectives combine over, and
/// whose coordinate or extent is asked for.
llvm::SetVector<mlir::StringAttr>
namedDims(llvm::ArrayRef<mlir::Operation *> ops);

/// Makes a collective combine over other dims.
void setOver(mlir::Operation *collective, norm::DimsAttr over);

/// `map` with `parts`, outermost first, where it has `dim`.
norm::MapAttr replaceDim(norm::MapAttr map, mlir::StringAttr dim,
                         llvm::ArrayRef<mlir::StringAttr> parts);

/// Makes two dims of one that no op names: blocks, `outer`, of as many points
/// as `inner` has in `extents`.
void splitDim(norm::KernelOp kernel, mlir::StringAttr dim,
              mlir::StringAttr outer, mlir::StringAttr inner,
              const DimExtents &extents);

/// Makes one dim of neighbours of known extent that only occur together, one
/// after the other in one axis, and over which nothing combines but over both.
/// (Of an open extent another kernel may have to know that it divides.) Returns
/// how many vanished.
unsigned mergeJoinedDims(norm::KernelOp kernel);

} // namespace normc

#endif // NORMC_COMPILER_PASSES_NORM_KERNELPARTS_H
