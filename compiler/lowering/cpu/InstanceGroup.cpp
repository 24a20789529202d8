//===- InstanceGroup.cpp - short instances, a lane each -------------------===//

#include "compiler/lowering/cpu/InstanceGroup.h"

#include "compiler/lowering/shared/ElementTypes.h"
#include "compiler/lowering/shared/PhaseTraits.h"
#include "compiler/schedule/Schedule.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

static constexpr int64_t kGroup = kInstancesTogether;

//===----------------------------------------------------------------------===//
// Which stages
//===----------------------------------------------------------------------===//

/// Whether a phase runs along the lanes, and carries one value for each sum.
static bool isSuited(PhaseOp phase, const StageContext &context) {
  StringAttr lane = context.space().getNames()[context.lane];
  if (phase.getOver().empty() || phase.getOver().getNames().back() != lane ||
      !phase.getBlock()->getOps<AccumulateOp>().empty())
    return false;
  return findGuard(phase) ||
         llvm::all_of(phase.getContribute().getValues(), [](Value value) {
           return value.getType().isF32() || isWidened(value);
         });
}

/// Whether an op between phases can have a lane for each point of `dim`.
static bool isSuited(Operation &op, StringAttr dim) {
  if (!llvm::all_of(op.getResultTypes(),
                    [](Type type) { return type.isIntOrFloat(); }))
    return false;
  if (auto store = dyn_cast<StoreOp>(op))
    return store.getMap().uses(dim);
  return isa<LoadOp>(op) || (isPure(&op) && !isa<PhiloxOp>(op));
}

/// Whether the instances of a group are so short that it pays.
static bool areShort(StageOp stage, const StageContext &context) {
  constexpr int64_t mostBytes = kTogetherBytes;
  ArrayRef<StringAttr> parallel = stage.getSchedule().getParallel().getNames();
  int64_t points = 1, width = 1;
  for (auto [name, extent] :
       llvm::zip_equal(context.space().getNames(), context.extents))
    if (!llvm::is_contained(parallel, name) && points <= mostBytes)
      points *= constantOf(extent).value_or(mostBytes + 1);
  StringAttr lane = context.space().getNames()[context.lane];
  stage.walk([&](LoadOp load) {
    if (load.getMap().uses(lane))
      width = std::max(width, bytesOf(load.getResult().getType()));
  });
  return points * width <= mostBytes;
}

bool InstanceGroup::isPossible(StageOp stage, const StageContext &context) {
  ScheduleAttr schedule = stage.getSchedule();
  ArrayRef<StringAttr> parallel = schedule.getParallel().getNames();
  if (context.lane < 0 || parallel.empty() || stage.getChunkDimAttr() ||
      countLocalPlaces(stage) < kGroup || schedule.getChunk() % kGroup != 0 ||
      llvm::is_contained(parallel, context.space().getNames()[context.lane]) ||
      !areShort(stage, context))
    return false;
  std::optional<int64_t> neighbours =
      constantOf(context.extents[context.space().indexOf(parallel.back())]);
  if (!neighbours || *neighbours % kGroup != 0)
    return false;
  bool reduces = false;
  for (Operation &op : *stage.getInstance().getBlock()) {
    auto phase = dyn_cast<PhaseOp>(op);
    reduces |= phase && phase.getNumResults() > 0;
    if (phase ? !isSuited(phase, context) : !isSuited(op, parallel.back()))
      return false;
  }
  return reduces;
}

InstanceGroup::InstanceGroup(const StageContext &context,
                             ImplicitLocOpBuilder &b, PhaseEmitter &emitter,
                             const Instances &instances,
                             const IRMapping &outside)
    : context(context), b(b), emitter(emitter), instances(instances),
      outside(outside), stack(b) {
  StageOp stage = context.stage;
  this->context.lane = context.space().indexOf(
      stage.getSchedule().getParallel().getNames().back());
  this->context.width = kGroup;
  this->context.order = LaneOrder(); // Lanes are instances.
}

//===----------------------------------------------------------------------===//
// Values of a group
//===----------------------------------------------------------------------===//

/// i1 has no place of its own in memory.
static Type typeInMemory(Type type) {
  return type.isInteger(1) ? IntegerType::get(type.getContext(), 8)
                           : getStorageType(type);
}

static Value toMemory(ImplicitLocOpBuilder &b, Value value) {
  Type element = getElementTypeOrSelf(value.getType());
  Type type = typeInMemory(element);
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    type = vector.cloneWith({}, type);
  if (element.isInteger(1))
    return arith::ExtUIOp::create(b, type, value);
  return bitcastTo(b, value, type);
}

static Value fromMemory(ImplicitLocOpBuilder &b, Value value, Type type) {
  if (type.isInteger(1))
    return arith::TruncIOp::create(b, type, value);
  return bitcastTo(b, value, type);
}

/// Memory that has a value of each instance.
Value InstanceGroup::slotsOf(Value value) {
  Value &base = slots[value];
  if (!base) {
    base = stack.allocate(typeInMemory(value.getType()), kGroup);
    LLVM::StoreOp::create(b, toMemory(b, values.lookup(value)), base);
  }
  return base;
}

Position InstanceGroup::shift(Position position, Value k) const {
  Value &coordinate = position.coordinates[context.lane];
  coordinate = addI64(b, coordinate, k);
  position.hasLanes = false;
  return position;
}

/// Calls `body` with each instance's number in the group, its position, and the
/// values that `phase` needs.
void InstanceGroup::forEach(PhaseOp phase, Each body) {
  llvm::SetVector<Value> needed;
  phase->walk([&](Operation *op) {
    for (Value operand : op->getOperands())
      if (Value emitted = values.lookupOrNull(operand);
          emitted && isVector(emitted))
        needed.insert(operand);
  });
  for (Value value : needed)
    slotsOf(value);
  emitter.forLoop(
      makeI64(b, 0), makeI64(b, kGroup), 1, {}, [&](Value k, ValueRange) {
        Position position = shift(here, k);
        position.place = k;
        if (!ahead.coordinates.empty())
          position.ahead = shift(ahead, k).coordinates;
        IRMapping own = values;
        for (Value value : needed) {
          Type type = typeInMemory(value.getType());
          Value address = addressOnStack(b, slots.lookup(value), type, k);
          own.map(value, fromMemory(b, LLVM::LoadOp::create(b, type, address),
                                    value.getType()));
        }
        body(k, position, own);
        return Values();
      });
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

void InstanceGroup::emit(Value number) {
  StageOp stage = context.stage;
  here = instances.locate(b, number);
  here.hasLanes = true;
  if (int64_t next = stage.getSchedule().getPrefetch())
    ahead = instances.locate(
        b, addI64(b, number, makeI64(b, std::max(next, kGroup))));
  values = outside;
  for (Operation &op : *stage.getInstance().getBlock()) {
    if (auto phase = dyn_cast<PhaseOp>(op))
      emitPhase(phase);
    else
      BodyEmitter(context, b, here, values).emit(op);
  }
}

void InstanceGroup::emitPhase(PhaseOp phase) {
  auto emitOne = [&](const Position &position, IRMapping &own) {
    emitter.emitOp(*phase, position, own);
  };
  if (phase.getNumResults() == 0)
    return forEach(phase, [&](Value, const Position &position, IRMapping &own) {
      emitOne(position, own);
    });
  Value guard = findGuard(phase);
  if (!guard)
    return emitReduction(phase);
  Values identities;
  ContributeOp contribute = phase.getContribute();
  for (auto [i, type] : llvm::enumerate(phase.getResultTypes()))
    identities.push_back(
        toVector(makeIdentity(b, contribute.getKind(i), type)));
  emitWhere(phase, toVector(values.lookup(guard)), identities, emitOne);
}

/// The results of `emitOne` where `condition` holds, and `otherwise` elsewhere.
/// It hardly ever does: then everything is one branch.
void InstanceGroup::emitWhere(
    PhaseOp phase, Value condition, ValueRange otherwise,
    llvm::function_ref<void(const Position &, IRMapping &)> emitOne) {
  Value any =
      vector::ReductionOp::create(b, vector::CombiningKind::OR, condition);
  auto branch = scf::IfOp::create(b, otherwise.getTypes(), any,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(b, otherwise);
  b.setInsertionPointToStart(branch.thenBlock());
  llvm::DenseMap<Value, Value> before = slots; // What is stored in here is not.
  Values bases, results;
  for (Type type : phase.getResultTypes())
    bases.push_back(stack.allocate(typeInMemory(type), kGroup));
  forEach(phase, [&](Value k, const Position &position, IRMapping &own) {
    emitOne(position, own);
    for (auto [result, base] : llvm::zip_equal(phase.getResults(), bases))
      LLVM::StoreOp::create(
          b, toMemory(b, own.lookup(result)),
          addressOnStack(b, base, typeInMemory(result.getType()), k));
  });
  for (auto [base, other] : llvm::zip_equal(bases, otherwise))
    results.push_back(arith::SelectOp::create(
        b, condition, LLVM::LoadOp::create(b, other.getType(), base), other));
  scf::YieldOp::create(b, results);
  slots = std::move(before);
  values.map(phase.getResults(), branch.getResults());
}

/// Sums of all instances: their lanes are added as one tree.
void InstanceGroup::emitReduction(PhaseOp phase) {
  SmallVector<Carry> carries;
  SmallVector<Dot> dots;
  Values bases;
  SmallVector<Type> types;
  forEach(phase, [&](Value k, const Position &position, IRMapping &own) {
    PhaseLoops loops = emitter.begin(phase, position, own);
    Values sums = emitter.reduce(loops, position);
    carries = loops.carries;
    dots = loops.dots;
    for (auto [carry, sum] : llvm::zip_equal(carries, sums)) {
      sum = carry.foldTo(b, sum, Carry::kRegister / 2);
      types.push_back(sum.getType());
      bases.push_back(stack.allocate(sum.getType(), kGroup));
      LLVM::StoreOp::create(b, sum,
                            addressOnStack(b, bases.back(), sum.getType(), k));
    }
  });
  Value points = emitter.countPoints(phase);
  for (auto [i, carry] : llvm::enumerate(carries)) {
    Values sums;
    for (int64_t k = 0; k < kGroup; ++k)
      sums.push_back(LLVM::LoadOp::create(
          b, types[i], addressOnStack(b, bases[i], types[i], makeI64(b, k))));
    values.map(phase.getResult(i),
               carry.finish(b, carry.combineEach(b, sums), points));
  }
  Value isSmall = emitter.findSmall(phase, dots, values);
  if (!isSmall)
    return;
  Values found;
  for (Value result : phase.getResults())
    found.push_back(values.lookup(result));
  emitWhere(phase, isSmall, found,
            [&](const Position &position, IRMapping &own) {
              emitter.emitExactly(phase, position, own);
            });
}
