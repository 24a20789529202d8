//===- SliceKernel.cpp - one kernel becomes stages ------------------------===//

#include "compiler/phases/SliceKernel.h"

#include "compiler/phases/StageSlicer.h"
#include "dialects/norm/DimSources.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

SmallVector<OpFoldResult> KernelContext::extentsOf(DimSet dims) const {
  SmallVector<OpFoldResult> sizes;
  for (unsigned dim = 0; dim < structure.space().size(); ++dim)
    if (dims.contains(dim))
      sizes.push_back(extents[dim]);
  return sizes;
}

/// A schedule must have the stages that the collectives force, with their
/// parallel dims; the rest of it is free.
static LogicalResult checkSchedule(KernelOp kernel,
                                   const KernelStructure &structure) {
  ArrayAttr schedules = kernel.getScheduleAttr();
  if (!schedules)
    return kernel.emitOpError("expected a schedule (run norm-schedule first)");
  if (schedules.size() != structure.stages().size())
    return kernel.emitOpError()
           << "expected one schedule per stage, " << structure.stages().size()
           << ", but got " << schedules.size();
  for (auto [i, stage] : llvm::enumerate(structure.stages())) {
    auto schedule = cast<ScheduleAttr>(schedules[i]);
    SpaceAttr space = structure.space();
    DimSet parallel = toDimSet(space, schedule.getParallel());
    bool isFree = !stage.hasCollectives() && stage.parallel.contains(parallel);
    if (!isFree && !(parallel == stage.parallel))
      return kernel.emitOpError()
             << "expected stage " << i << " to be parallel over "
             << toString(space, stage.parallel)
             << ", as its collectives need, but the schedule says "
             << toString(space, parallel);
    DimsAttr lanes = schedule.getLanes();
    if (!lanes.empty() &&
        schedule.getParallel().contains(lanes.getNames()[0]) &&
        schedule.getParallel().getNames().back() != lanes.getNames()[0])
      return kernel.emitOpError()
             << "expected the lane dim '" << lanes.getNames()[0].getValue()
             << "' to come last among the parallel dims of stage " << i;
  }
  return success();
}

/// The extents of all dims of the kernel, read off the operands' views.
static SmallVector<OpFoldResult> resolveExtents(KernelOp kernel,
                                                ProgramBuilder &program) {
  SpaceAttr space = kernel.getDims();
  SmallVector<OpFoldResult> extents(space.size());
  OpBuilder &b = program.builder();
  for (auto [dim, extent] : llvm::enumerate(space.getExtents()))
    if (!ShapedType::isDynamic(extent))
      extents[dim] = b.getIndexAttr(extent);
  for (const DimSource &source : findDimSources(kernel)) {
    OpFoldResult size = program.extentOf(
        program.viewOf(kernel.getOperand(source.input)), source.axis);
    OpFoldResult others = b.getIndexAttr(1);
    for (unsigned other : source.others)
      others = program.multiply(kernel.getLoc(), others, extents[other]);
    extents[source.dim] = program.divide(kernel.getLoc(), size, others);
  }
  return extents;
}

LogicalResult normc::sliceKernel(KernelOp kernel, ProgramBuilder &program) {
  KernelContext context(kernel, program);
  if (failed(checkSchedule(kernel, context.structure)))
    return failure();
  context.extents = resolveExtents(kernel, program);
  // Results that have no view yet are read by other kernels only. Extents come
  // from inputs in any case, never from an output's own buffer.
  for (auto [i, result] : llvm::enumerate(kernel.getResults())) {
    SmallVector<OpFoldResult> sizes;
    for (DimsAttr axis : kernel.getOutputMap(i).getAxes()) {
      OpFoldResult size = program.builder().getIndexAttr(1);
      for (StringAttr name : axis.getNames())
        size =
            program.multiply(kernel.getLoc(), size,
                             context.extents[kernel.getDims().indexOf(name)]);
      sizes.push_back(size);
    }
    if (Value view = program.viewOf(result))
      program.setExtents(view, sizes);
    else
      program.setView(
          result, program.makeScratch(kernel.getLoc(), sizes,
                                      getElementTypeOrSelf(result.getType())));
  }
  for (auto [stage, schedule] :
       llvm::zip_equal(context.structure.stages(),
                       kernel.getScheduleAttr().getAsRange<ScheduleAttr>()))
    StageSlicer(context, stage, schedule).build();
  return success();
}
