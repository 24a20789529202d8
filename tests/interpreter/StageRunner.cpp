//===- StageRunner.cpp - runs the plan of a stage -------------------------===//

#include "tests/interpreter/StageRunner.h"

#include <algorithm>

using namespace normc;
using namespace normc::interpreter;

StageRunner::StageRunner(const StagePlan &plan, unsigned stage,
                         AccessSink *sink)
    : plan(plan), stage(stage), sink(sink),
      slots(plan.initial.size() * kMaxLanes), coordinates(plan.extents.size()) {
  for (size_t slot = 0; slot < plan.initial.size(); ++slot)
    std::fill_n(getSlot(slot), kMaxLanes, plan.initial[slot]);
}

void StageRunner::broadcast(uint32_t slot) {
  Slot *values = getSlot(slot);
  std::fill_n(values + 1, kMaxLanes - 1, values[0]);
}

//===----------------------------------------------------------------------===//
// Chunks and instances
//===----------------------------------------------------------------------===//

llvm::Error StageRunner::run() {
  int64_t chunk = 0;
  for (int64_t begin = 0; begin < plan.numInstances; ++chunk) {
    // Written so that a chunk of INT64_MAX instances does not overflow.
    int64_t end = begin + std::min(plan.chunk, plan.numInstances - begin);
    if (plan.chunkDim >= 0)
      coordinates[plan.chunkDim] = chunk;
    runSteps(plan.chunkSteps, 1);
    for (int64_t instance = begin; instance < end; ++instance) {
      unsigned lanes = enterInstance(instance);
      runSteps(plan.instanceSteps, lanes);
      if (fault)
        return llvm::createStringError(fault);
    }
    begin = end;
  }
  return llvm::Error::success();
}

/// Sets the coordinates of the parallel dims; returns the points of a block.
unsigned StageRunner::enterInstance(int64_t instance) {
  unsigned lanes = 1;
  if (plan.blockDim >= 0) {
    int64_t extent = plan.extents[plan.blockDim], width = plan.blockWidth;
    int64_t blocks = extent / width + (extent % width != 0);
    int64_t first = instance % blocks * width;
    instance /= blocks;
    coordinates[plan.blockDim] = first;
    lanes = std::min(width, extent - first);
  }
  for (unsigned dim : llvm::reverse(plan.parallel)) {
    coordinates[dim] = instance % plan.extents[dim];
    instance /= plan.extents[dim];
  }
  return lanes;
}

void StageRunner::runSteps(const std::vector<Step> &steps, unsigned lanes) {
  for (const Step &step : steps) {
    if (step.isPhase) {
      runPhase(step.phase, lanes);
      continue;
    }
    runBody(step.op, lanes);
    // A phase reads what is uniform over the instance in every lane.
    if (step.op.laneDim < 0)
      for (const Instruction &instruction : step.op.instructions)
        if (instruction.hasResult())
          broadcast(instruction.result);
  }
}

//===----------------------------------------------------------------------===//
// Phases
//===----------------------------------------------------------------------===//

void StageRunner::runPhase(const PhasePlan &phase, unsigned lanes) {
  reducers.clear();
  for (const Contribution &contribution : phase.contributions)
    reducers.insert(reducers.end(), lanes, Reducer(contribution.kind));
  runNest(phase, 0, lanes);
  finishPhase(phase, lanes);
}

/// All dims but a lane dim, one point at a time.
void StageRunner::runNest(const PhasePlan &phase, size_t depth,
                          unsigned lanes) {
  if (depth == phase.over.size() ||
      int64_t(phase.over[depth]) == phase.body.laneDim)
    return runRow(phase, lanes);
  unsigned dim = phase.over[depth];
  for (int64_t i = 0; i < plan.extents[dim]; ++i) {
    coordinates[dim] = i;
    runNest(phase, depth + 1, lanes);
  }
}

/// The lanes of a block, or the points of the innermost dim in batches.
void StageRunner::runRow(const PhasePlan &phase, unsigned lanes) {
  int64_t dim = phase.body.laneDim;
  size_t count = phase.contributions.size();
  if (dim == plan.blockDim) {
    runBody(phase.body, lanes);
    for (size_t i = 0; i < count; ++i)
      for (unsigned l = 0; l < lanes; ++l)
        reducers[i * lanes + l].add(getSlot(phase.contributions[i].value) + l,
                                    1);
    return;
  }
  for (int64_t i = 0; i < plan.extents[dim]; i += phase.batch) {
    coordinates[dim] = i;
    unsigned batch = std::min<int64_t>(phase.batch, plan.extents[dim] - i);
    runBody(phase.body, batch);
    for (size_t k = 0; k < count; ++k)
      reducers[k].add(getSlot(phase.contributions[k].value), batch);
  }
}

void StageRunner::finishPhase(const PhasePlan &phase, unsigned lanes) {
  int64_t points = 1;
  for (unsigned dim : phase.over)
    points *= plan.extents[dim];
  for (size_t i = 0; i < phase.contributions.size(); ++i) {
    const Contribution &contribution = phase.contributions[i];
    Slot *out = getSlot(contribution.result);
    for (unsigned l = 0; l < lanes; ++l)
      out[l].f = reducers[i * lanes + l].finish(contribution.type, points);
    if (phase.body.laneDim != plan.blockDim)
      broadcast(contribution.result);
  }
}

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

void StageRunner::runBody(const Body &body, unsigned lanes) {
  for (const Instruction &instruction : body.instructions) {
    switch (instruction.kind) {
    case Instruction::Kind::Scalar:
      runScalar(instruction, lanes);
      break;
    case Instruction::Kind::Index:
      runIndex(instruction, body, lanes);
      break;
    default:
      runAccess(instruction, lanes);
      break;
    }
  }
}

void StageRunner::runScalar(const Instruction &instruction, unsigned lanes) {
  LaneArgs args;
  args.out = getSlot(instruction.result);
  for (unsigned i = 0; i < 3; ++i)
    args.operands[i] = getSlot(instruction.operands[i]);
  args.lanes = lanes;
  args.from = instruction.op.from;
  args.to = instruction.op.to;
  args.predicate = instruction.op.predicate;
  args.fault = &fault;
  instruction.op.kernel(args);
}

void StageRunner::runIndex(const Instruction &instruction, const Body &body,
                           unsigned lanes) {
  Slot *out = getSlot(instruction.result);
  int64_t step = int64_t(instruction.number) == body.laneDim ? 1 : 0;
  for (unsigned l = 0; l < lanes; ++l)
    out[l].i = coordinates[instruction.number] + l * step;
}

void StageRunner::runAccess(const Instruction &instruction, unsigned lanes) {
  const Address &address = plan.addresses[instruction.number];
  std::byte *memory = address.base;
  for (auto [dim, bytes] : address.terms)
    memory += coordinates[dim] * bytes;
  switch (instruction.kind) {
  case Instruction::Kind::Load:
    if (sink)
      log(address, memory, lanes, /*isWrite=*/false);
    return loadLanes(address.element, memory, address.laneStride,
                     getSlot(instruction.result), lanes);
  case Instruction::Kind::Store:
    if (sink)
      log(address, memory, lanes, /*isWrite=*/true);
    return storeLanes(address.element, memory, address.laneStride,
                      getSlot(instruction.operands[0]), lanes);
  default:
    return accumulate(instruction, address, memory, lanes);
  }
}

/// One lane after the other, since several may go to one element.
void StageRunner::accumulate(const Instruction &instruction,
                             const Address &address, std::byte *memory,
                             unsigned lanes) {
  const Slot *values = getSlot(instruction.operands[0]);
  for (unsigned l = 0; l < lanes; ++l, memory += address.laneStride) {
    if (sink) {
      log(address, memory, 1, /*isWrite=*/false);
      log(address, memory, 1, /*isWrite=*/true);
    }
    Slot slot;
    loadLanes(address.element, memory, 0, &slot, 1);
    double value = values[l].f;
    switch (instruction.reduce) {
    case norm::ReduceKind::mul:
      slot.f = roundDouble(address.element.kind, slot.f * value);
      break;
    case norm::ReduceKind::max:
      slot.f = maximum(slot.f, value);
      break;
    case norm::ReduceKind::min:
      slot.f = minimum(slot.f, value);
      break;
    default:
      slot.f = roundDouble(address.element.kind, slot.f + value);
      break;
    }
    storeLanes(address.element, memory, 0, &slot, 1);
  }
}

void StageRunner::log(const Address &address, const std::byte *memory,
                      unsigned lanes, bool isWrite) {
  MemoryAccess access;
  access.bytes = address.element.getBytes();
  access.stage = stage;
  access.view = address.view;
  access.isArgument = address.isArgument;
  access.isLocal = address.isLocal;
  access.isWrite = isWrite;
  for (unsigned l = 0; l < lanes; ++l, memory += address.laneStride) {
    access.address = reinterpret_cast<uintptr_t>(memory);
    sink->access(access);
  }
}
