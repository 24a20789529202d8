//===- InPlace.cpp - which outputs may share an input's buffer ------------===//

#include "compiler/phases/InPlace.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

/// The op in the instance's block that holds `access`.
static Operation *getStep(Operation *access) {
  Operation *parent = access->getParentOp();
  return isa<PhaseOp>(parent) ? parent : access;
}

/// True if each read of `input` is in the stage of the write, not in a later
/// phase, and of the very point that the write's map says.
static bool mayShare(Value input, StoreOp write) {
  if (input.getType() != write.getView().getType())
    return false;
  Operation *writeStep = getStep(write);
  for (Operation *user : input.getUsers()) {
    if (isa<SizeOp, PhaseOp>(user))
      continue; // Sizes and `keeps` read no element.
    auto load = dyn_cast<LoadOp>(user);
    if (!load || load.getMap() != write.getMap())
      return false;
    Operation *step = getStep(load);
    if (step->getBlock() != writeStep->getBlock() ||
        writeStep->isBeforeInBlock(step))
      return false;
    if (step == writeStep && write->isBeforeInBlock(load))
      return false;
  }
  return true;
}

void normc::markInPlace(ProgramOp program) {
  SmallVector<int64_t> pairs;
  Block *block = program.getBlock();
  int64_t numInputs = program.getNumInputs();
  for (BlockArgument output : block->getArguments().drop_front(numInputs)) {
    SmallVector<StoreOp> writes;
    bool isRead = false;
    for (Operation *user : output.getUsers()) {
      if (auto store = dyn_cast<StoreOp>(user))
        writes.push_back(store);
      else
        isRead |= isa<LoadOp>(user);
    }
    if (writes.size() != 1 || isRead)
      continue;
    for (BlockArgument input : block->getArguments().take_front(numInputs))
      if (mayShare(input, writes.front()))
        pairs.append(
            {int64_t(input.getArgNumber()), int64_t(output.getArgNumber())});
  }
  if (!pairs.empty())
    program.setInPlaceAttr(DenseI64ArrayAttr::get(program.getContext(), pairs));
}
