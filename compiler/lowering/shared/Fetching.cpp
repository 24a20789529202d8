//===- Fetching.cpp - what is fetched for the next instance ---------------===//

#include "compiler/lowering/shared/Fetching.h"

#include "compiler/lowering/shared/PhaseTraits.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

/// True if every point takes a function, a division or a random word.
static bool computesFunctions(PhaseOp phase) {
  return llvm::any_of(*phase.getBlock(), [](Operation &op) {
    bool isFunction = isa_and_nonnull<math::MathDialect>(op.getDialect()) &&
                      !isa<math::FmaOp, math::AbsFOp>(op);
    return isFunction || isa<arith::DivFOp, PhiloxOp>(op);
  });
}

PhaseOp normc::findFetching(InstanceOp instance) {
  PhaseOp found;
  for (auto phase : instance.getBlock()->getOps<PhaseOp>()) {
    if (findGuard(phase))
      continue;
    if (found && computesFunctions(phase))
      return phase;
    found = phase;
  }
  return found;
}

/// Whether what a phase reads along the lanes stays in the part of a cache that
/// the schedule counts on; false where its size is unknown.
static bool staysResident(PhaseOp phase, const StageContext &context) {
  int64_t limit = phase.getStage().getSchedule().getResident(), bytes = 0;
  for (LoadOp load : findPrefetched(phase, context))
    bytes += bytesOf(load.getResult().getType());
  for (StringAttr name : phase.getOver().getNames()) {
    auto known = constantOf(context.extents[context.space().indexOf(name)]);
    if (!known || bytes > limit)
      return false;
    bytes *= *known;
  }
  return bytes <= limit;
}

bool normc::fetchesAhead(PhaseOp phase, const StageContext &context) {
  auto instance = dyn_cast<InstanceOp>(phase->getParentOp());
  if (!instance)
    return false;
  return phase == findFetching(instance) ||
         (context.lane >= 0 && !phase.getOver().empty() &&
          context.space().indexOf(phase.getOver().getNames().back()) ==
              context.lane &&
          !isRun(phase, context) && !findGuard(phase) &&
          !findPrefix(phase, context) && staysResident(phase, context));
}

SmallVector<LoadOp> normc::findPrefetched(PhaseOp phase,
                                          const StageContext &context) {
  SmallVector<LoadOp> found;
  StringAttr lane = context.space().getNames()[context.lane];
  for (auto load : phase.getBlock()->getOps<LoadOp>())
    if (load.getMap().uses(lane) && !isLocal(load.getView()) &&
        llvm::any_of(phase.getStage().getSchedule().getParallel().getNames(),
                     [&](StringAttr dim) { return load.getMap().uses(dim); }))
      found.push_back(load);
  return found;
}
