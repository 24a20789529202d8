//===- KernelStructure.cpp - collectives, levels, forced cuts -------------===//

#include "compiler/analysis/KernelStructure.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;
using llvm::SmallBitVector;

KernelStructure::KernelStructure(KernelOp kernel)
    : op(kernel), dims(kernel.getDims()), spaces(kernel) {
  collect();
  computeMemoryOrder();
  plan();
}

int KernelStructure::collectiveOf(Value value) const {
  Operation *def = value.getDefiningOp();
  for (auto [i, collective] : llvm::enumerate(collectiveList))
    if (collective.op == def)
      return int(i);
  return -1;
}

SmallBitVector KernelStructure::directNeeds(Value value) const {
  SmallBitVector needs(collectiveList.size());
  SmallVector<Value> worklist{value};
  llvm::SmallPtrSet<Operation *, 16> seen;
  while (!worklist.empty()) {
    Value next = worklist.pop_back_val();
    if (int c = collectiveOf(next); c >= 0) {
      needs.set(c);
      continue;
    }
    Operation *def = next.getDefiningOp();
    if (def && seen.insert(def).second)
      llvm::append_range(worklist, def->getOperands());
  }
  return needs;
}

SmallBitVector KernelStructure::allNeeds(Value value) const {
  SmallBitVector direct = directNeeds(value), all = direct;
  for (unsigned c : direct.set_bits())
    all |= collectiveList[c].needs;
  return all;
}

void KernelStructure::collect() {
  auto all = llvm::make_filter_range(
      *op.getBlock(), [](Operation &inner) { return isCollective(&inner); });
  size_t count = llvm::range_size(all);
  for (Operation &inner : all) {
    Collective collective;
    collective.op = &inner;
    collective.over = toDimSet(dims, getOver(&inner));
    collective.loop = collective.over;
    collective.needs.resize(count);
    collective.direct.resize(count);
    // The distances that moments are made of wait for a mean.
    collective.terminal = isa<ReduceOp>(inner);
    for (Value operand : inner.getOperands()) {
      collective.loop |= spaceOf(operand);
      SmallBitVector needs = allNeeds(operand), direct = directNeeds(operand);
      needs.resize(count);
      direct.resize(count);
      collective.needs |= needs;
      collective.direct |= direct;
    }
    collective.space = spaceOf(inner.getResult(0));
    for (unsigned c : collective.needs.set_bits())
      collectiveList[c].terminal = false;
    collectiveList.push_back(std::move(collective));
  }
  auto yield = cast<YieldOp>(op.getBlock()->back());
  for (auto [i, value] : llvm::enumerate(yield.getValues())) {
    KernelOutput output{value, toDimSet(dims, op.getOutputMap(i)),
                        allNeeds(value), directNeeds(value)};
    for (unsigned c : output.needs.set_bits())
      collectiveList[c].terminal &=
          collectiveList[c].space.contains(output.dims);
    outputList.push_back(std::move(output));
  }
}

StagePlan KernelStructure::planStage(const SmallBitVector &needed,
                                     const SmallBitVector &stored,
                                     const SmallBitVector &partials,
                                     const SmallBitVector &written) const {
  // The first collective that something wider waits for decides what is
  // parallel; it needs nothing that isn't stored, since what it needs would
  // come before it.
  int lead = -1;
  for (unsigned c : needed.set_bits())
    if (lead < 0 ||
        (collectiveList[lead].terminal && !collectiveList[c].terminal))
      lead = int(c);

  StagePlan stage;
  if (lead >= 0) {
    stage.parallel = collectiveList[lead].space;
  } else {
    for (auto [o, output] : llvm::enumerate(outputList))
      if (!written.test(o)) {
        stage.parallel = output.dims;
        break;
      }
  }
  DimSet parallel = stage.parallel;
  SmallBitVector available = stored;
  auto ready = [&](const SmallBitVector &direct) {
    return !direct.test(available); // All of them are available.
  };
  for (unsigned c : needed.set_bits()) {
    const Collective &collective = collectiveList[c];
    if (!parallel.contains(collective.space))
      continue;
    if (partials.test(c))
      stage.combine.push_back(c);
    else if (!collective.over.intersects(parallel) && ready(collective.direct))
      stage.complete.push_back(c);
    else
      continue;
    available.set(c);
  }
  for (unsigned c : needed.set_bits()) {
    const Collective &collective = collectiveList[c];
    // A partial takes one term per instance: the terms of other dims would make
    // its chain as long as they are. A scalar is combined in the instance
    // first.
    bool oneTerm = collective.over == parallel || collective.space.empty();
    if (!available.test(c) && !partials.test(c) && collective.terminal &&
        !parallel.empty() && collective.over.contains(parallel) && oneTerm &&
        ready(collective.direct))
      stage.partial.push_back(c);
  }
  for (auto [o, output] : llvm::enumerate(outputList))
    if (!written.test(o) && output.dims.contains(parallel) &&
        ready(output.direct))
      stage.outputs.push_back(o);
  return stage;
}

/// The collectives that outputs not yet written still wait for.
SmallBitVector
KernelStructure::liveCollectives(const SmallBitVector &stored,
                                 const SmallBitVector &partials,
                                 const SmallBitVector &written) const {
  SmallBitVector live(collectiveList.size());
  SmallVector<Value> worklist;
  for (auto [o, output] : llvm::enumerate(outputList))
    if (!written.test(o))
      worklist.push_back(output.value);
  while (!worklist.empty()) {
    for (unsigned c : directNeeds(worklist.pop_back_val()).set_bits()) {
      if (stored.test(c) || live.test(c))
        continue;
      live.set(c);
      if (!partials.test(c))
        llvm::append_range(worklist, collectiveList[c].op->getOperands());
    }
  }
  return live;
}

void KernelStructure::plan() {
  SmallBitVector stored(collectiveList.size()), partials(collectiveList.size());
  SmallBitVector written(outputList.size());
  while (!written.all() && !outputList.empty()) {
    SmallBitVector needed = liveCollectives(stored, partials, written);
    StagePlan stage = planStage(needed, stored, partials, written);
    // A result that several instances share is not written by any of them: a
    // later stage that needs it computes it again.
    for (unsigned c : llvm::concat<unsigned>(stage.complete, stage.combine))
      if (collectiveList[c].space == stage.parallel)
        stored.set(c);
    for (unsigned c : stage.partial)
      partials.set(c);
    for (unsigned o : stage.outputs)
      written.set(o);
    stageList.push_back(std::move(stage));
  }
}

ArrayRef<int64_t> normc::getDeclaredStrides(Value tensor) {
  // norm-phases says what is wrong with strides of another length.
  auto checked = [&](DenseI64ArrayAttr strides) {
    auto type = dyn_cast<RankedTensorType>(tensor.getType());
    return strides && type && int64_t(strides.size()) == type.getRank()
               ? strides.asArrayRef()
               : ArrayRef<int64_t>();
  };
  if (auto argument = dyn_cast<BlockArgument>(tensor)) {
    auto func = dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp());
    if (!func)
      return {};
    return checked(func.getArgAttrOfType<DenseI64ArrayAttr>(
        argument.getArgNumber(), kStridesAttr));
  }
  for (OpOperand &use : tensor.getUses())
    if (auto ret = dyn_cast<func::ReturnOp>(use.getOwner())) {
      auto func = ret->getParentOfType<func::FuncOp>();
      return checked(func.getResultAttrOfType<DenseI64ArrayAttr>(
          use.getOperandNumber(), kStridesAttr));
    }
  return {};
}

/// Axes of a tensor from the largest stride to the smallest, as far as it is
/// known; axes of unknown stride keep their row-major places before the known.
static SmallVector<unsigned> sortAxes(size_t rank, ArrayRef<int64_t> strides) {
  auto axes = llvm::to_vector(llvm::seq<unsigned>(0, rank));
  if (!strides.empty())
    llvm::stable_sort(axes, [&](unsigned a, unsigned b) {
      auto size = [&](unsigned axis) {
        int64_t stride = strides[axis];
        return ShapedType::isDynamic(stride)
                   ? std::numeric_limits<int64_t>::max()
                   : std::abs(stride);
      };
      return size(a) > size(b);
    });
  return axes;
}

int KernelStructure::blockDim() const {
  if (order.empty() || order.front() == 0)
    return -1;
  StringAttr first = dims.getNames().front();
  auto isOuterPart = [&](Attribute map) {
    return llvm::any_of(cast<MapAttr>(map).getAxes(), [&](DimsAttr axis) {
      return axis.size() > 1 && axis.getNames().front() == first;
    });
  };
  return llvm::any_of(KernelOp(op).getInputMaps(), isOuterPart) ? 0 : -1;
}

void KernelStructure::computeMemoryOrder() {
  MapAttr best;
  Value bestTensor;
  auto consider = [&](MapAttr map, Value tensor) {
    auto count = [&](MapAttr m) {
      return llvm::popcount(toDimSet(dims, m).raw());
    };
    if (!best || count(map) > count(best)) {
      best = map;
      bestTensor = tensor;
    }
  };
  for (unsigned i = 0; i < op.getNumOperands(); ++i)
    consider(op.getInputMap(i), op.getOperand(i));
  for (unsigned i = 0; i < op.getNumResults(); ++i)
    consider(op.getOutputMap(i), op.getResult(i));

  DimSet placed = best ? toDimSet(dims, best) : DimSet();
  for (unsigned dim = 0; dim < dims.size(); ++dim)
    if (!placed.contains(dim))
      order.push_back(dim);
  if (!best)
    return;
  for (unsigned axis : sortAxes(best.getRank(), getDeclaredStrides(bestTensor)))
    for (StringAttr name : best.getAxes()[axis].getNames())
      order.push_back(dims.indexOf(name));
}
