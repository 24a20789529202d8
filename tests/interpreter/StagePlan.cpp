//===- StagePlan.cpp - a norm.stage as flat lists of instructions ---------===//

#include "tests/interpreter/StagePlan.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <optional>

using namespace mlir;
using namespace normc;
using namespace normc::interpreter;

namespace {

class StagePlanner {
public:
  StagePlanner(norm::StageOp stage, const Environment &environment)
      : stage(stage), environment(environment), space(stage.getDims()) {}

  llvm::Expected<StagePlan> run();

private:
  /// What is known where an op stands.
  struct Place {
    /// Dims with a coordinate.
    llvm::SmallVector<unsigned> fixed;
    int64_t laneDim = -1;
  };

  llvm::Error planExtents();
  llvm::Error planParallel();
  llvm::Error planChunks();
  llvm::Error planSteps(Block &block, bool inInstance,
                        std::vector<Step> &steps);
  llvm::Expected<PhasePlan> planPhase(norm::PhaseOp phase, const Place &outer,
                                      bool inInstance);
  llvm::Error planOp(Operation &op, const Place &place, Body &body);
  llvm::Error planScalar(Operation &op, Body &body);
  llvm::Error planAccess(Operation &op, const Place &place, Body &body);
  llvm::Expected<uint32_t> planAddress(Value view, norm::MapAttr map,
                                       const Place &place);
  llvm::Error planAxis(const BoundView &view, unsigned axis,
                       norm::DimsAttr names, const Place &place,
                       Address &address);

  Place getPlace(bool inInstance) const;
  std::optional<unsigned> getFixedDim(StringAttr name,
                                      const Place &place) const;
  bool isEmpty(const Place &place) const;
  uint32_t addSlot(Value value, Slot initial = {});
  llvm::Expected<uint32_t> getSlot(Value value);

  norm::StageOp stage;
  const Environment &environment;
  norm::SpaceAttr space;
  StagePlan plan;
  llvm::DenseMap<Value, uint32_t> slots;
};

} // namespace

static llvm::Error error(const llvm::Twine &text) {
  return llvm::createStringError(text);
}

/// The product of two extents; false where it does not fit.
static bool multiply(int64_t &product, int64_t factor) {
  return !__builtin_mul_overflow(product, factor, &product);
}

//===----------------------------------------------------------------------===//
// Slots and places
//===----------------------------------------------------------------------===//

uint32_t StagePlanner::addSlot(Value value, Slot initial) {
  slots[value] = plan.initial.size();
  plan.initial.push_back(initial);
  return plan.initial.size() - 1;
}

llvm::Expected<uint32_t> StagePlanner::getSlot(Value value) {
  if (auto it = slots.find(value); it != slots.end())
    return it->second;
  auto it = environment.integers.find(value);
  if (it == environment.integers.end())
    return error("a value of the stage is used before it is computed");
  Slot slot;
  slot.i = it->second;
  return addSlot(value, slot);
}

StagePlanner::Place StagePlanner::getPlace(bool inInstance) const {
  Place place;
  if (plan.chunkDim >= 0)
    place.fixed.push_back(plan.chunkDim);
  if (!inInstance)
    return place;
  llvm::append_range(place.fixed, plan.parallel);
  if (plan.blockDim >= 0)
    place.fixed.push_back(plan.blockDim);
  place.laneDim = plan.blockDim;
  return place;
}

std::optional<unsigned> StagePlanner::getFixedDim(StringAttr name,
                                                  const Place &place) const {
  int64_t dim = space.indexOf(name);
  if (dim < 0 || !llvm::is_contained(place.fixed, unsigned(dim)))
    return std::nullopt;
  return unsigned(dim);
}

/// True where no point ever gets to.
bool StagePlanner::isEmpty(const Place &place) const {
  return llvm::any_of(place.fixed,
                      [&](unsigned dim) { return plan.extents[dim] == 0; });
}

//===----------------------------------------------------------------------===//
// The stage
//===----------------------------------------------------------------------===//

llvm::Error StagePlanner::planExtents() {
  for (auto [dim, extent] : llvm::enumerate(space.getExtents())) {
    int64_t value = extent;
    if (Value size = stage.getSizeOf(dim)) {
      auto it = environment.integers.find(size);
      if (it == environment.integers.end())
        return error("a size of the stage is used before it is computed");
      value = it->second;
    }
    if (value < 0)
      return error("expected a non-negative extent of dim '" +
                   space.getNames()[dim].getValue() + "', but got " +
                   llvm::Twine(value));
    plan.extents.push_back(value);
  }
  return llvm::Error::success();
}

llvm::Error StagePlanner::planParallel() {
  norm::ScheduleAttr schedule = stage.getSchedule();
  ArrayRef<StringAttr> parallel = schedule.getParallel().getNames();
  int64_t laneDim = stage.getLaneDim();
  plan.numInstances = 1;
  for (auto [i, name] : llvm::enumerate(parallel)) {
    int64_t dim = space.indexOf(name), extent = plan.extents[dim];
    if (dim != laneDim) {
      plan.parallel.push_back(dim);
    } else if (i + 1 != parallel.size()) {
      return error("expected the lane dim '" + name.getValue() +
                   "' to be the last parallel dim");
    } else {
      plan.blockDim = dim;
      plan.blockWidth = schedule.getWidth();
      extent = extent / plan.blockWidth + (extent % plan.blockWidth != 0);
    }
    if (!multiply(plan.numInstances, extent))
      return error("the stage has more instances than 64 bits count");
  }
  plan.chunk = schedule.getChunk();
  return llvm::Error::success();
}

llvm::Error StagePlanner::planChunks() {
  StringAttr name = stage.getChunkDimAttr();
  if (!name)
    return llvm::Error::success();
  plan.chunkDim = space.indexOf(name);
  int64_t chunks =
      plan.numInstances / plan.chunk + (plan.numInstances % plan.chunk != 0);
  if (chunks > plan.extents[plan.chunkDim])
    return error("expected dim '" + name.getValue() +
                 "' to have a point for each of the stage's " +
                 llvm::Twine(chunks) + " chunks, but its extent is " +
                 llvm::Twine(plan.extents[plan.chunkDim]));
  return llvm::Error::success();
}

llvm::Expected<StagePlan> StagePlanner::run() {
  if (llvm::Error failed = planExtents())
    return failed;
  if (llvm::Error failed = planParallel())
    return failed;
  if (llvm::Error failed = planChunks())
    return failed;
  if (llvm::Error failed =
          planSteps(*stage.getBlock(), /*inInstance=*/false, plan.chunkSteps))
    return failed;
  if (llvm::Error failed = planSteps(*stage.getInstance().getBlock(),
                                     /*inInstance=*/true, plan.instanceSteps))
    return failed;
  return std::move(plan);
}

llvm::Error StagePlanner::planSteps(Block &block, bool inInstance,
                                    std::vector<Step> &steps) {
  Place place = getPlace(inInstance);
  for (Operation &op : block) {
    if (isa<norm::InstanceOp>(op))
      continue;
    Step step;
    if (auto phase = dyn_cast<norm::PhaseOp>(op)) {
      llvm::Expected<PhasePlan> planned = planPhase(phase, place, inInstance);
      if (!planned)
        return planned.takeError();
      step.isPhase = true;
      step.phase = std::move(*planned);
    } else {
      step.op.laneDim = place.laneDim;
      if (llvm::Error failed = planOp(op, place, step.op))
        return failed;
      if (step.op.instructions.empty())
        continue;
    }
    steps.push_back(std::move(step));
  }
  return llvm::Error::success();
}

llvm::Expected<PhasePlan> StagePlanner::planPhase(norm::PhaseOp phase,
                                                  const Place &outer,
                                                  bool inInstance) {
  PhasePlan planned;
  Place place = outer;
  for (StringAttr name : phase.getOver().getNames())
    planned.over.push_back(space.indexOf(name));
  llvm::append_range(place.fixed, planned.over);
  if (place.laneDim < 0)
    place.laneDim = planned.over.back();
  planned.body.laneDim = place.laneDim;
  for (Operation &op : phase.getBlock()->without_terminator())
    if (llvm::Error failed = planOp(op, place, planned.body))
      return failed;

  norm::ContributeOp contribute = phase.getContribute();
  for (auto [i, value] : llvm::enumerate(contribute.getOperands())) {
    llvm::Expected<uint32_t> slot = getSlot(value);
    if (!slot)
      return slot.takeError();
    std::optional<ScalarType> type = getScalarType(value.getType());
    if (!type)
      return error("unsupported type of a 'norm.contribute'");
    planned.contributions.push_back({contribute.getKind(i), type->kind, *slot,
                                     addSlot(phase.getResult(i))});
  }
  if (outer.laneDim < 0)
    planned.batch = chooseBatch(plan, planned);
  return planned;
}

//===----------------------------------------------------------------------===//
// One op
//===----------------------------------------------------------------------===//

llvm::Error StagePlanner::planOp(Operation &op, const Place &place,
                                 Body &body) {
  if (isa<norm::LoadOp, norm::StoreOp, norm::AccumulateOp>(op))
    return planAccess(op, place, body);
  if (auto extent = dyn_cast<norm::ExtentOp>(op)) {
    Slot slot;
    slot.i = plan.extents[space.indexOf(extent.getDimAttr())];
    addSlot(extent.getResult(), slot);
    return llvm::Error::success();
  }
  if (auto index = dyn_cast<norm::IndexOp>(op)) {
    std::optional<unsigned> dim = getFixedDim(index.getDimAttr(), place);
    if (!dim)
      return error("expected norm.index of a dim that is fixed there, but got "
                   "'" +
                   index.getDim() + "'");
    Instruction instruction;
    instruction.kind = Instruction::Kind::Index;
    instruction.number = *dim;
    instruction.result = addSlot(index.getResult());
    body.instructions.push_back(instruction);
    return llvm::Error::success();
  }
  if (op.hasTrait<OpTrait::ConstantLike>()) {
    llvm::Expected<Slot> value = getConstant(&op);
    if (!value)
      return value.takeError();
    addSlot(op.getResult(0), *value);
    return llvm::Error::success();
  }
  return planScalar(op, body);
}

llvm::Error StagePlanner::planScalar(Operation &op, Body &body) {
  llvm::Expected<ScalarOp> compiled = compileScalarOp(&op);
  if (!compiled)
    return compiled.takeError();
  Instruction instruction;
  instruction.op = *compiled;
  for (auto [i, operand] : llvm::enumerate(op.getOperands())) {
    llvm::Expected<uint32_t> slot = getSlot(operand);
    if (!slot)
      return slot.takeError();
    instruction.operands[i] = *slot;
  }
  instruction.result = addSlot(op.getResult(0));
  body.instructions.push_back(instruction);
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Loads, stores, accumulations
//===----------------------------------------------------------------------===//

llvm::Error StagePlanner::planAccess(Operation &op, const Place &place,
                                     Body &body) {
  Instruction instruction;
  Value view, value;
  norm::MapAttr map;
  if (auto load = dyn_cast<norm::LoadOp>(op)) {
    instruction.kind = Instruction::Kind::Load;
    std::tie(view, map) = std::pair(load.getView(), load.getMap());
  } else if (auto store = dyn_cast<norm::StoreOp>(op)) {
    instruction.kind = Instruction::Kind::Store;
    std::tie(value, view, map) =
        std::tuple(store.getValue(), store.getView(), store.getMap());
  } else {
    auto accumulate = cast<norm::AccumulateOp>(op);
    instruction.kind = Instruction::Kind::Accumulate;
    instruction.reduce = accumulate.getKind();
    std::tie(value, view, map) = std::tuple(
        accumulate.getValue(), accumulate.getView(), accumulate.getMap());
  }
  llvm::Expected<uint32_t> address = planAddress(view, map, place);
  if (!address)
    return address.takeError();
  instruction.number = *address;
  if (value) {
    llvm::Expected<uint32_t> slot = getSlot(value);
    if (!slot)
      return slot.takeError();
    instruction.operands[0] = *slot;
  } else {
    instruction.result = addSlot(op.getResult(0));
  }
  body.instructions.push_back(instruction);
  return llvm::Error::success();
}

llvm::Expected<uint32_t>
StagePlanner::planAddress(Value value, norm::MapAttr map, const Place &place) {
  auto it = environment.viewNumbers.find(value);
  if (it == environment.viewNumbers.end())
    return error("a view is used before it is allocated");
  const BoundView &view = environment.views[it->second];
  Address address;
  address.base = view.base;
  address.element = view.element;
  address.view = it->second;
  address.isArgument = view.isArgument;
  address.isLocal = view.isLocal;
  for (auto [axis, names] : llvm::enumerate(map.getAxes()))
    if (llvm::Error failed = planAxis(view, axis, names, place, address))
      return failed;
  for (auto [dim, bytes] : address.terms)
    if (int64_t(dim) == place.laneDim)
      address.laneStride += bytes;
  plan.addresses.push_back(address);
  return plan.addresses.size() - 1;
}

/// Adds the terms of one axis, whose dims are joined row-major, and checks once
/// that no coordinates lead out of the view.
llvm::Error StagePlanner::planAxis(const BoundView &view, unsigned axis,
                                   norm::DimsAttr names, const Place &place,
                                   Address &address) {
  int64_t points = 1;
  int64_t bytes = view.strides[axis] * int64_t(view.element.getBytes());
  for (StringAttr name : llvm::reverse(names.getNames())) {
    std::optional<unsigned> dim = getFixedDim(name, place);
    if (!dim)
      return error("expected dims that are fixed there, but got '" +
                   name.getValue() + "' in a map of " + view.name);
    address.terms.push_back({*dim, bytes * points});
    if (!multiply(points, plan.extents[*dim]))
      return error("the dims of axis " + llvm::Twine(axis) + " of " +
                   view.name + " have more points than 64 bits count");
  }
  if (points > view.shape[axis] && !isEmpty(place))
    return error("expected axis " + llvm::Twine(axis) + " of " + view.name +
                 " to have the " + llvm::Twine(points) +
                 " elements that the stage goes over, but got " +
                 llvm::Twine(view.shape[axis]));
  return llvm::Error::success();
}

llvm::Expected<StagePlan>
normc::interpreter::planStage(norm::StageOp stage,
                              const Environment &environment) {
  return StagePlanner(stage, environment).run();
}
