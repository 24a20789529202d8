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

/// True if an instance reads back, in a later step, the point that it wrote.
static bool follows(LoadOp read, StoreOp write) {
  Operation *readStep = getStep(read), *writeStep = getStep(write);
  return read.getMap() == write.getMap() &&
         readStep->getBlock() == writeStep->getBlock() &&
         writeStep->isBeforeInBlock(readStep);
}

/// True if each read of `input` is in an earlier stage than the write; or in
/// the write's own, not in a later phase, and of the very point that its map
/// says.
static bool mayShare(Value input, StoreOp write) {
  if (input.getType() != write.getView().getType())
    return false;
  Operation *writeStep = getStep(write);
  auto writeStage = write->getParentOfType<StageOp>();
  for (Operation *user : input.getUsers()) {
    if (isa<SizeOp, PhaseOp>(user))
      continue; // Sizes and `keeps` read no element.
    auto load = dyn_cast<LoadOp>(user);
    auto stage = user->getParentOfType<StageOp>();
    if (load && stage != writeStage && stage->isBeforeInBlock(writeStage))
      continue;
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

bool normc::mayShareBuffer(ProgramOp program, unsigned input, unsigned output) {
  BlockArgument target = program.getBlock()->getArgument(output);
  StoreOp write;
  SmallVector<LoadOp> reads;
  for (Operation *user : target.getUsers()) {
    if (isa<SizeOp>(user))
      continue;
    if (isa<PhaseOp>(user))
      continue; // `keeps` reads no element.
    if (auto load = dyn_cast<LoadOp>(user)) {
      reads.push_back(load);
      continue;
    }
    // Written in one place.
    auto store = dyn_cast<StoreOp>(user);
    if (!store || write)
      return false;
    write = store;
  }
  return write &&
         llvm::all_of(reads,
                      [&](LoadOp read) { return follows(read, write); }) &&
         mayShare(program.getBlock()->getArgument(input), write);
}

void normc::markInPlace(ProgramOp program) {
  SmallVector<int64_t> pairs;
  unsigned numInputs = program.getNumInputs();
  for (unsigned output = numInputs;
       output < program.getBlock()->getNumArguments(); ++output)
    for (unsigned input = 0; input < numInputs; ++input)
      if (mayShareBuffer(program, input, output))
        pairs.append({int64_t(input), int64_t(output)});
  if (!pairs.empty())
    program.setInPlaceAttr(DenseI64ArrayAttr::get(program.getContext(), pairs));
}
