//===- Hoist.cpp - norm-hoist ---------------------------------------------===//

#include "compiler/analysis/KernelStructure.h"
#include "compiler/lowering/shared/ElementTypes.h"
#include "compiler/passes/Passes.h"
#include "compiler/passes/norm/KernelParts.h"
#include "dialects/norm/Norm.h"
#include "dialects/norm/Spaces.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/SetVector.h"

namespace normc {
#define GEN_PASS_DEF_NORMHOIST
#include "compiler/passes/Passes.h.inc"
} // namespace normc

using namespace mlir;
using namespace normc;
using namespace normc::norm;

namespace {

/// Moves values of one kernel, all of one space, to a kernel of their own.
class Hoister {
public:
  explicit Hoister(KernelOp kernel);

  /// Returns how many values were moved; there may be some of other spaces.
  unsigned run();

private:
  bool isCostly(Operation &op) const;
  bool isFrontier(Value value) const;
  bool hasShortRuns(DimSet space) const;
  bool hoist(ArrayRef<Value> values);

  mutable KernelOp kernel;
  KernelSpaces spaces;
  SmallVector<unsigned> order; ///< Of dims in memory, from the outermost.
  DimSet innermost;            ///< The dim that innermost loops run along.
  /// Values that need no collective, and something that costs.
  llvm::DenseSet<Value> costly;
};

} // namespace

Hoister::Hoister(KernelOp kernel) : kernel(kernel), spaces(kernel) {
  llvm::append_range(order, KernelStructure(kernel).memoryOrder());
  if (!order.empty())
    innermost = DimSet::one(order.back());
}

/// What takes many times as long as a load from the first-level cache.
bool Hoister::isCostly(Operation &op) const {
  return isa<arith::DivFOp>(op) ||
         (op.getDialect() && isa<math::MathDialect>(op.getDialect()) &&
          !isa<math::FmaOp, math::AbsFOp>(op));
}

/// Whether points of one value of `space` lie in short runs, which are best
/// walked together, and further runs lie elsewhere.
bool Hoister::hasShortRuns(DimSet space) const {
  constexpr int64_t most = 1024; // Below it, a root for each of them counts.
  int64_t points = 1;
  for (unsigned dim : llvm::reverse(order)) {
    if (space.contains(dim))
      return points > 1 && !space.contains(order.front());
    int64_t size = kernel.getDims().getExtents()[dim];
    if (ShapedType::isDynamic(size) || points * size > most)
      return false;
    points *= size;
  }
  return false;
}

/// A costly value of a narrow space that something wider uses, and that a loop
/// over that would compute again. (What doesn't vary along an innermost loop
/// of some length is computed outside of it.) It must be something that memory
/// holds; norm-truths sees to truths.
bool Hoister::isFrontier(Value value) const {
  DimSet space = spaces.of(value);
  if (!costly.contains(value) || innermost.empty() ||
      !(space.contains(innermost) || hasShortRuns(space)))
    return false;
  Type type = value.getType();
  if (!toDType(type) && !type.isInteger(1))
    return false;
  return llvm::any_of(value.getUses(), [&](OpOperand &use) {
    DimSet wider;
    if (auto yield = dyn_cast<YieldOp>(use.getOwner()))
      wider = toDimSet(kernel.getDims(),
                       kernel.getOutputMap(use.getOperandNumber()));
    else if (isCollective(use.getOwner()))
      return false; // What feeds a collective alone stays with it.
    else
      wider = spaces.of(use.getOwner()->getResult(0));
    return wider.contains(space) && !(wider == space);
  });
}

/// A kernel over the space of `values` that yields them; this one then reads
/// them. False, and nothing changed, where no operand tells an extent, or where
/// the values depend on that of another dim.
bool Hoister::hoist(ArrayRef<Value> values) {
  SpaceAttr all = kernel.getDims();
  DimSet space = spaces.of(values.front());
  llvm::SetVector<Operation *> slice =
      sliceOf(*kernel.getBody().begin(), values);
  for (StringAttr name : namedDims(slice.getArrayRef()))
    if (!space.contains(unsigned(all.indexOf(name))))
      return false;
  Block &body = kernel.getBody().front();
  SmallVector<unsigned> inputs;
  DimSet known;
  for (BlockArgument argument : body.getArguments())
    if (llvm::any_of(argument.getUsers(),
                     [&](Operation *user) { return slice.contains(user); })) {
      inputs.push_back(argument.getArgNumber());
      known |= spaces.of(argument);
    }
  if (!known.contains(space))
    return false;

  ImplicitLocOpBuilder b(kernel.getLoc(), kernel);
  MLIRContext *context = b.getContext();
  SmallVector<StringAttr> names;
  SmallVector<int64_t> extents;
  SmallVector<DimsAttr> axes;
  for (StringAttr name : toDims(all, space).getNames()) {
    names.push_back(name);
    extents.push_back(all.getExtents()[all.indexOf(name)]);
    axes.push_back(DimsAttr::get(context, ArrayRef<StringAttr>{name}));
  }
  Attribute map = MapAttr::get(context, axes);
  SmallVector<Value> operands;
  SmallVector<Attribute> inputMaps, outputMaps(values.size(), map);
  for (unsigned input : inputs) {
    operands.push_back(kernel.getOperand(input));
    inputMaps.push_back(kernel.getInputMap(input));
  }
  SmallVector<Type> types;
  for (Value value : values)
    types.push_back(RankedTensorType::get(extents, value.getType()));
  auto hoisted = KernelOp::create(
      b, types, operands, SpaceAttr::get(context, names, extents),
      b.getArrayAttr(inputMaps), b.getArrayAttr(outputMaps), ArrayAttr());
  Block *inner = b.createBlock(&hoisted.getBody());
  IRMapping mapping;
  for (unsigned input : inputs) {
    BlockArgument argument = body.getArgument(input);
    mapping.map(argument, inner->addArgument(argument.getType(), b.getLoc()));
  }
  b.setInsertionPointToStart(inner);
  for (Operation *op : slice)
    b.clone(*op, mapping);
  SmallVector<Value> yielded;
  for (Value value : values)
    yielded.push_back(mapping.lookup(value));
  YieldOp::create(b, yielded);

  // The kernel reads the results where it computed the values.
  SmallVector<Attribute> maps(kernel.getInputMaps().getValue());
  for (auto [constant, result] :
       llvm::zip_equal(values, hoisted.getResults())) {
    Value value = constant;
    maps.push_back(map);
    kernel->insertOperands(kernel->getNumOperands(), result);
    value.replaceAllUsesWith(
        body.addArgument(value.getType(), kernel.getLoc()));
  }
  kernel.setInputMapsAttr(ArrayAttr::get(context, maps));
  return true;
}

unsigned Hoister::run() {
  Block &body = kernel.getBody().front();
  llvm::DenseSet<Value> waiting; // For a collective.
  llvm::MapVector<uint32_t, SmallVector<Value>> frontiers;
  for (Operation &op : body.without_terminator()) {
    bool waits = isCollective(&op) ||
                 llvm::any_of(op.getOperands(),
                              [&](Value v) { return waiting.contains(v); });
    bool costs = isCostly(op) || llvm::any_of(op.getOperands(), [&](Value v) {
                   return costly.contains(v);
                 });
    for (Value result : op.getResults()) {
      if (waits)
        waiting.insert(result);
      else if (costs)
        costly.insert(result);
    }
  }
  for (Operation &op : body.without_terminator())
    for (Value result : op.getResults())
      if (isFrontier(result))
        frontiers[spaces.of(result).raw()].push_back(result);
  for (auto &[space, values] : frontiers)
    if (hoist(values)) {
      for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
        if (isOpTriviallyDead(&op))
          op.erase();
      return values.size();
    }
  return 0;
}

namespace {
struct NormHoist : normc::impl::NormHoistBase<NormHoist> {
  void runOnOperation() override {
    SmallVector<KernelOp> kernels(getOperation().getBody().getOps<KernelOp>());
    for (KernelOp kernel : kernels)
      while (unsigned moved = Hoister(kernel).run())
        numHoisted += moved;
  }
};
} // namespace
