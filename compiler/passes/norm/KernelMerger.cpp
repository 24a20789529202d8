//===- KernelMerger.cpp - two kernels as one ------------------------------===//

#include "compiler/passes/norm/KernelMerger.h"

#include "compiler/passes/norm/KernelParts.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

static bool hasCollectives(KernelOp kernel) {
  return llvm::any_of(*kernel.getBlock(),
                      [](Operation &op) { return isCollective(&op); });
}

KernelMerger::KernelMerger(KernelOp first, KernelOp second)
    : sides{{first, {}, {}, {}, {}}, {second, {}, {}, {}, {}}},
      b(hasCollectives(second)
            ? FusedLoc::get(first.getContext(),
                            {second.getLoc(), first.getLoc()})
            : FusedLoc::get(first.getContext(),
                            {first.getLoc(), second.getLoc()}),
        second) {}

//===----------------------------------------------------------------------===//
// The common space
//===----------------------------------------------------------------------===//

/// Dims along what lies between the two must agree; those along a tensor that
/// both read may, so that it is read once. Siblings have nothing but that.
bool KernelMerger::unifyDims(bool siblings) {
  KernelOp first = sides[0].kernel, second = sides[1].kernel;
  DimUnifier unifier(first, second);
  for (OpOperand &operand : second->getOpOperands()) {
    if (operand.get().getDefiningOp() != first)
      continue;
    unsigned result = cast<OpResult>(operand.get()).getResultNumber();
    if (!unifier.unify(first.getOutputMap(result),
                       second.getInputMap(operand.getOperandNumber()))) {
      reason = unifier.getReason().str();
      return false;
    }
  }
  for (OpOperand &one : first->getOpOperands())
    for (OpOperand &other : second->getOpOperands()) {
      if (one.get() != other.get())
        continue;
      DimUnifier trial = unifier;
      if (trial.unify(first.getInputMap(one.getOperandNumber()),
                      second.getInputMap(other.getOperandNumber())))
        unifier = std::move(trial);
    }
  if (siblings && !unifier.haveEqualSpaces()) {
    reason =
        "expected two readers of one tensor to run over the same dims, but "
        "got (" +
        first.getDims().listNames() + ") and (" + second.getDims().listNames() +
        ")";
    return false;
  }
  // Names that say more than those of elementwise ops.
  dims =
      unifier.finish(hasCollectives(first) && !hasCollectives(second) ? 0 : 1);
  constexpr size_t mostDims = 32; // C6
  if (dims.space.size() > mostDims) {
    reason = "expected at most 32 dims in one kernel, but got " +
             std::to_string(dims.space.size());
    return false;
  }
  return true;
}

MapAttr KernelMerger::mapOf(unsigned side, MapAttr map) const {
  MLIRContext *context = map.getContext();
  SmallVector<DimsAttr> axes;
  for (DimsAttr axis : map.getAxes()) {
    SmallVector<StringAttr> names;
    for (StringAttr name : axis.getNames())
      llvm::append_range(names, dims.parts[side].lookup(name).getNames());
    axes.push_back(DimsAttr::get(context, names));
  }
  return MapAttr::get(context, axes);
}

//===----------------------------------------------------------------------===//
// What goes into it
//===----------------------------------------------------------------------===//

/// Results that anything but the other kernel reads.
void KernelMerger::selectResults() {
  for (Side &side : sides)
    for (OpResult result : side.kernel->getResults()) {
      auto isOutside = [&](Operation *user) { return user != sides[1].kernel; };
      if (llvm::any_of(result.getUsers(), isOutside))
        side.results.push_back(result.getResultNumber());
    }
}

Value KernelMerger::yieldedTo(BlockArgument argument) {
  Value read = sides[1].kernel.getOperand(argument.getArgNumber());
  if (read.getDefiningOp() != sides[0].kernel)
    return {};
  return sides[0].kernel.getBlock()->getTerminator()->getOperand(
      cast<OpResult>(read).getResultNumber());
}

/// The ops behind those, and of the first kernel those behind what the second
/// one reads.
void KernelMerger::selectOps() {
  for (Side &side : sides)
    for (unsigned result : side.results)
      side.wanted.push_back(
          side.kernel.getBlock()->getTerminator()->getOperand(result));
  sides[1].ops = sliceOf(*sides[1].kernel.getBlock(), sides[1].wanted);
  for (BlockArgument argument : sides[1].kernel.getBlock()->getArguments())
    if (Value yielded = yieldedTo(argument);
        yielded && isRead(sides[1], argument))
      sides[0].wanted.push_back(yielded);
  sides[0].ops = sliceOf(*sides[0].kernel.getBlock(), sides[0].wanted);
}

/// True if what is left of a kernel uses an argument.
bool KernelMerger::isRead(const Side &side, BlockArgument argument) const {
  return llvm::is_contained(side.wanted, argument) ||
         llvm::any_of(argument.getUsers(),
                      [&](Operation *user) { return side.ops.contains(user); });
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

KernelOp KernelMerger::createKernel() {
  struct Output {
    Value value;
    MapAttr map;
    size_t numDims;
  };
  SmallVector<Output> outputs;
  for (auto [number, side] : llvm::enumerate(sides))
    for (unsigned result : side.results) {
      MapAttr map = mapOf(number, side.kernel.getOutputMap(result));
      outputs.push_back(
          {side.kernel.getResult(result), map,
           size_t(llvm::popcount(toDimSet(dims.space, map).raw()))});
    }
  // A stage takes its parallel dims from the first output: wider ones can be
  // written beside a narrow one.
  llvm::stable_sort(outputs, [](const Output &one, const Output &other) {
    return one.numDims < other.numDims;
  });
  SmallVector<Type> types;
  SmallVector<Attribute> maps;
  for (const Output &output : outputs) {
    replaced.push_back(output.value);
    types.push_back(output.value.getType());
    maps.push_back(output.map);
  }
  auto kernel =
      KernelOp::create(b, types, ValueRange(), dims.space, b.getArrayAttr({}),
                       b.getArrayAttr(maps), ArrayAttr());
  b.createBlock(&kernel.getBody());
  return kernel;
}

/// The argument for an operand of one of the two; operands that are one tensor
/// by one map are one.
Value KernelMerger::addOperand(unsigned side, unsigned number) {
  KernelOp kernel = sides[side].kernel;
  Value operand = kernel.getOperand(number);
  MapAttr map = mapOf(side, kernel.getInputMap(number));
  for (unsigned i = 0; i < merged.getNumOperands(); ++i)
    if (merged.getOperand(i) == operand && merged.getInputMap(i) == map)
      return merged.getBlock()->getArgument(i);
  SmallVector<Attribute> maps(merged.getInputMaps().getValue());
  maps.push_back(map);
  merged->insertOperands(merged.getNumOperands(), operand);
  merged.setInputMapsAttr(b.getArrayAttr(maps));
  return merged.getBlock()->addArgument(
      kernel.getBlock()->getArgument(number).getType(), b.getLoc());
}

void KernelMerger::addOperands() {
  for (unsigned side : {0, 1}) {
    KernelOp kernel = sides[side].kernel;
    for (BlockArgument argument : kernel.getBlock()->getArguments()) {
      unsigned number = argument.getArgNumber();
      if (kernel.getOperand(number).getDefiningOp() != sides[0].kernel &&
          isRead(sides[side], argument))
        sides[side].mapping.map(argument, addOperand(side, number));
    }
  }
}

/// Operands that nothing reads, but that tell how large a dim is.
void KernelMerger::addExtents() {
  DimSet missing = findUntoldDims(merged);
  for (unsigned side : {0, 1}) {
    KernelOp kernel = sides[side].kernel;
    for (unsigned i = 0; i < kernel.getNumOperands() && !missing.empty(); ++i) {
      DimSet told = toDimSet(dims.space, mapOf(side, kernel.getInputMap(i)));
      if (kernel.getOperand(i).getDefiningOp() == sides[0].kernel ||
          !told.intersects(missing))
        continue;
      addOperand(side, i);
      missing = findUntoldDims(merged);
    }
  }
}

/// The product of extents.
Value KernelMerger::multiplyExtents(DimsAttr parts) {
  Value product;
  for (StringAttr part : parts.getNames()) {
    Value extent = query<ExtentOp>(part);
    product = product ? arith::MulIOp::create(b, product, extent).getResult()
                      : extent;
  }
  return product ? product : arith::ConstantIndexOp::create(b, 1).getResult();
}

/// The coordinate along joined dims.
Value KernelMerger::linearize(DimsAttr parts) {
  Value position;
  for (StringAttr part : parts.getNames()) {
    Value index = query<IndexOp>(part);
    if (position) {
      position = arith::MulIOp::create(b, position, query<ExtentOp>(part));
      position = arith::AddIOp::create(b, position, index);
    } else {
      position = index;
    }
  }
  return position ? position : arith::ConstantIndexOp::create(b, 0).getResult();
}

/// An op before `op` that computes the same.
Operation *KernelMerger::findEqual(Operation *op) const {
  for (Operation &other : *op->getBlock()) {
    if (&other == op)
      return nullptr;
    if (other.getName() == op->getName() &&
        OperationEquivalence::isEquivalentTo(
            op, &other, OperationEquivalence::IgnoreLocations))
      return &other;
  }
  return nullptr;
}

/// Clones an op of a body in terms of the common dims. False where a collective
/// would be left without any.
bool KernelMerger::cloneOp(Side &side, const DimParts &parts, Operation &op) {
  auto index = dyn_cast<IndexOp>(op);
  auto extent = dyn_cast<ExtentOp>(op);
  if (index || extent) {
    DimsAttr dim =
        parts.lookup(index ? index.getDimAttr() : extent.getDimAttr());
    side.mapping.map(op.getResult(0),
                     index ? linearize(dim) : multiplyExtents(dim));
    return true;
  }
  Operation *copy = b.clone(op, side.mapping);
  if (isCollective(copy)) {
    SmallVector<StringAttr> names;
    for (StringAttr name : getOver(&op).getNames())
      llvm::append_range(names, parts.lookup(name).getNames());
    auto over = DimsAttr::get(b.getContext(), names);
    setOver(copy, over);
    if (over.empty())
      return false;
  }
  if (Operation *equal = findEqual(copy)) {
    side.mapping.map(op.getResults(), equal->getResults());
    copy->erase();
  }
  return true;
}

/// What the second kernel read of the first one it has beside it now.
void KernelMerger::readFirst() {
  for (BlockArgument argument : sides[1].kernel.getBlock()->getArguments())
    if (Value yielded = yieldedTo(argument);
        yielded && isRead(sides[1], argument))
      sides[1].mapping.map(argument, sides[0].mapping.lookup(yielded));
}

bool KernelMerger::fillBody() {
  for (unsigned at : {0, 1}) {
    Side &side = sides[at];
    if (at == 1)
      readFirst();
    for (Operation *op : side.ops)
      if (!cloneOp(side, dims.parts[at], *op)) {
        reason = "expected a collective over more than one point, but its dims "
                 "have extent 1";
        return false;
      }
  }
  SmallVector<Value> yielded;
  for (Value output : replaced) {
    auto result = cast<OpResult>(output);
    Side &side = sides[result.getOwner() == sides[0].kernel ? 0 : 1];
    yielded.push_back(
        side.mapping.lookup(side.kernel.getBlock()->getTerminator()->getOperand(
            result.getResultNumber())));
  }
  YieldOp::create(b, yielded);
  return true;
}

/// Dims of operands and outputs that are no longer there.
void KernelMerger::dropUnusedDims() {
  auto ops = llvm::map_to_vector(*merged.getBlock(),
                                 [](Operation &op) { return &op; });
  llvm::SetVector<StringAttr> named = namedDims(ops);
  auto isUsed = [&](StringAttr name) {
    auto uses = [&](Attribute map) { return cast<MapAttr>(map).uses(name); };
    return llvm::any_of(merged.getInputMaps(), uses) ||
           llvm::any_of(merged.getOutputMaps(), uses) || named.contains(name);
  };
  SmallVector<StringAttr> names;
  SmallVector<int64_t> extents;
  for (auto [name, extent] :
       llvm::zip_equal(dims.space.getNames(), dims.space.getExtents()))
    if (isUsed(name)) {
      names.push_back(name);
      extents.push_back(extent);
    }
  merged.setDimsAttr(SpaceAttr::get(merged.getContext(), names, extents));
}

KernelOp KernelMerger::build(bool siblings) {
  if (!unifyDims(siblings))
    return {};
  selectResults();
  selectOps();
  OpBuilder::InsertionGuard guard(b);
  merged = createKernel();
  addOperands();
  addExtents();
  if (!fillBody()) {
    merged.erase();
    return {};
  }
  dropUnusedDims();
  return merged;
}

void KernelMerger::commit() {
  for (auto [result, value] : llvm::zip_equal(replaced, merged.getResults()))
    Value(result).replaceAllUsesWith(value);
  sides[1].kernel.erase();
  sides[0].kernel.erase();
}
