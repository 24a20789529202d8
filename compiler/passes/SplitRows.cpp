//===- SplitRows.cpp - norm-split-rows ------------------------------------===//

#include "compiler/analysis/KernelStructure.h"
#include "compiler/passes/Passes.h"
#include "compiler/passes/norm/KernelParts.h"
#include "compiler/passes/norm/TileStatistics.h"
#include "dialects/norm/Norm.h"
#include "dialects/norm/Spaces.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace normc {
#define GEN_PASS_DEF_NORMSPLITROWS
#include "compiler/passes/Passes.h.inc"
} // namespace normc

using namespace mlir;
using namespace normc;
using namespace normc::norm;

namespace {

/// Takes one kernel apart.
class RowSplitter {
public:
  explicit RowSplitter(KernelOp kernel)
      : kernel(kernel), b(kernel.getLoc(), kernel), spaces(kernel) {}

  /// False, and nothing changed, where the kernel is better left whole.
  bool run(int64_t minLength, int64_t maxRows);

private:
  bool findStatistics();
  bool findRow();
  bool areFew(int64_t maxRows) const;
  bool chooseParts(int64_t minLength);
  MapAttr inParts(Attribute map) const;
  SmallVector<Value> buildParts();
  SmallVector<Value> mergeParts(ValueRange parts);
  void useStatistics(ValueRange merged);

  DimsAttr dimsOf(ArrayRef<StringAttr> names) const {
    return DimsAttr::get(b.getContext(), names);
  }
  /// Of what each row has one, or each part.
  MapAttr rowMap(bool ofParts) const {
    SmallVector<DimsAttr> axes;
    for (StringAttr name : kept)
      axes.push_back(dimsOf(name));
    if (ofParts)
      axes.push_back(dimsOf(outer));
    return MapAttr::get(b.getContext(), axes);
  }

  KernelOp kernel;
  ImplicitLocOpBuilder b;
  KernelSpaces spaces;
  SmallVector<Operation *> statistics; ///< Moments, or collectives of a value.
  StringAttr row;                      ///< The dim that they combine over.
  StringAttr outer, inner;             ///< What becomes of it.
  SmallVector<StringAttr> kept;        ///< The other dims.
  DimExtents extents;                  ///< Of all of them.
};

} // namespace

/// Collectives that wait for no other. One that runs only where they say so may
/// follow: it runs hardly ever.
bool RowSplitter::findStatistics() {
  for (Operation &op : *kernel.getBlock()) {
    if (isa<IndexOp, ExtentOp>(op))
      return false;
    if (!isCollective(&op))
      continue;
    DimsAttr over = getOver(&op);
    auto moments = dyn_cast<MomentsOp>(op);
    Value predicate =
        moments ? moments.getPredicate() : cast<ReduceOp>(op).getPredicate();
    if (over.size() != 1 || (row && over.getNames()[0] != row))
      return false;
    row = over.getNames()[0];
    if (predicate) {
      if (spaces.of(predicate).contains(kernel.getDims().indexOf(row)))
        return false;
      continue;
    }
    Value value = op.getOperand(0);
    bool isFirst =
        llvm::none_of(sliceOf(*kernel.getBlock(), value),
                      [](Operation *by) { return isCollective(by); });
    // Of f64 there is nothing wider to merge means in; and parts don't know
    // that their mean must be exact.
    bool isWide = moments && !value.getType().isF32();
    bool isExact = moments && value.getDefiningOp<arith::ExtFOp>() &&
                   showsMean(kernel, over);
    if (!isFirst || isWide || isExact)
      return false;
    statistics.push_back(&op);
  }
  return !statistics.empty();
}

/// Every statistic is one of each row, and rows lie in memory as rows.
bool RowSplitter::findRow() {
  SpaceAttr space = kernel.getDims();
  for (auto [name, extent] :
       llvm::zip_equal(space.getNames(), space.getExtents())) {
    extents.insert({name, extent});
    if (name != row)
      kept.push_back(name);
  }
  KernelStructure structure(kernel);
  ArrayRef<unsigned> order = structure.memoryOrder();
  uint32_t all = toDimSet(space, dimsOf(kept)).raw() |
                 DimSet::one(space.indexOf(row)).raw();
  return !kept.empty() && !order.empty() &&
         space.getNames()[order.back()] == row &&
         llvm::all_of(statistics, [&](Operation *op) {
           return spaces.of(op->getOperand(0)).raw() == all;
         });
}

/// Fewer rows than threads, probably.
bool RowSplitter::areFew(int64_t maxRows) const {
  int64_t rows = 1;
  for (StringAttr name : kept) {
    int64_t extent = extents.lookup(name);
    if (ShapedType::isDynamic(extent) || extent > maxRows)
      return false;
    rows *= extent;
  }
  return rows <= maxRows;
}

/// Parts of a row that are as long as each other, whole vectors, and some
/// microseconds of work.
bool RowSplitter::chooseParts(int64_t minLength) {
  constexpr int64_t most = 16384, least = 2048, vector = 64;
  int64_t length = extents.lookup(row);
  if (ShapedType::isDynamic(length) || length < minLength)
    return false;
  for (int64_t part = most; part >= least; part -= vector)
    if (length % part == 0) {
      auto name = [&](const char *suffix) {
        return b.getStringAttr(row.getValue() + suffix);
      };
      outer = name("o");
      inner = name("i");
      extents[outer] = length / part;
      extents[inner] = part;
      return true;
    }
  return false;
}

MapAttr RowSplitter::inParts(Attribute map) const {
  return replaceDim(cast<MapAttr>(map), row, {outer, inner});
}

/// The statistics of every part.
SmallVector<Value> RowSplitter::buildParts() {
  SmallVector<Value> values;
  for (Operation *op : statistics)
    values.push_back(op->getOperand(0));
  llvm::SetVector<Operation *> slice = sliceOf(*kernel.getBlock(), values);
  KernelInputs inputs;
  SmallVector<BlockArgument> read;
  for (BlockArgument argument : kernel.getBlock()->getArguments()) {
    auto isNeeded = [&](Operation *user) { return slice.contains(user); };
    if (!llvm::is_contained(values, argument) &&
        !llvm::any_of(argument.getUsers(), isNeeded))
      continue;
    unsigned number = argument.getArgNumber();
    read.push_back(argument);
    inputs.add(kernel.getOperand(number), inParts(kernel.getInputMap(number)));
  }
  SmallVector<Type> types;
  for (Operation *op : statistics)
    types.append(isa<MomentsOp>(op) ? 3 : 1, op->getResult(0).getType());
  auto fill = [&](ValueRange arguments) {
    IRMapping mapping;
    for (auto [from, to] : llvm::zip_equal(read, arguments))
      mapping.map(from, to);
    for (Operation *op : slice)
      b.clone(*op, mapping);
    SmallVector<Value> yielded;
    for (Operation *op : statistics) {
      Operation *part = b.clone(*op, mapping);
      part->setAttr("over", dimsOf(inner));
      if (auto moments = dyn_cast<MomentsOp>(part))
        llvm::append_values(
            yielded, moments.getMean(), moments.getDelta(),
            arith::DivFOp::create(b, moments.getM2(), moments.getCount()));
      else
        yielded.push_back(part->getResult(0));
    }
    return yielded;
  };
  SmallVector<MapAttr> maps(types.size(), rowMap(/*ofParts=*/true));
  return makeKernel(b, extents, inputs, maps, types, fill).getResults();
}

/// Those of rows.
SmallVector<Value> RowSplitter::mergeParts(ValueRange parts) {
  KernelInputs inputs;
  SmallVector<Type> types;
  for (Value part : parts) {
    inputs.add(part, rowMap(/*ofParts=*/true));
    types.push_back(getElementTypeOrSelf(part.getType()));
  }
  auto fill = [&](ValueRange arguments) {
    SmallVector<Value> merged;
    for (Operation *op : statistics) {
      if (isa<MomentsOp>(op)) {
        llvm::append_range(
            merged,
            buildMergedMoments(b, arguments.take_front(3), dimsOf(outer)));
        arguments = arguments.drop_front(3);
        continue;
      }
      merged.push_back(ReduceOp::create(b, arguments[0].getType(),
                                        cast<ReduceOp>(op).getKind(),
                                        arguments[0], dimsOf(outer), Value()));
      arguments = arguments.drop_front();
    }
    return merged;
  };
  SmallVector<MapAttr> maps(types.size(), rowMap(/*ofParts=*/false));
  return makeKernel(b, extents, inputs, maps, types, fill).getResults();
}

/// The kernel reads its rows' statistics.
void RowSplitter::useStatistics(ValueRange merged) {
  for (Operation *op : statistics) {
    b.setInsertionPoint(op);
    auto next = [&]() -> Value {
      Value tensor = merged.front();
      merged = merged.drop_front();
      return addInput(kernel, tensor, rowMap(/*ofParts=*/false));
    };
    if (auto moments = dyn_cast<MomentsOp>(op)) {
      Value mean = next(), delta = next(), variance = next();
      replaceMoments(b, moments, mean, delta, variance);
      continue;
    }
    op->getResult(0).replaceAllUsesWith(next());
    op->erase();
  }
}

bool RowSplitter::run(int64_t minLength, int64_t maxRows) {
  if (!findStatistics() || !findRow() || !areFew(maxRows) ||
      !chooseParts(minLength))
    return false;
  SmallVector<Value> merged = mergeParts(buildParts());
  useStatistics(merged);
  b.setInsertionPoint(kernel);
  MapAttr map = rowMap(/*ofParts=*/false);
  if (KernelOp rest = cutElementwise(b, kernel, map, map, merged.size()))
    splitDim(rest, row, outer, inner, extents); // An instance is a part.
  return true;
}

namespace {
struct NormSplitRows : normc::impl::NormSplitRowsBase<NormSplitRows> {
  using NormSplitRowsBase::NormSplitRowsBase;

  void runOnOperation() override {
    SmallVector<KernelOp> kernels(getOperation().getBody().getOps<KernelOp>());
    for (KernelOp kernel : kernels)
      if (!kernel.getSchedule() && RowSplitter(kernel).run(minLength, maxRows))
        ++numSplit;
  }
};
} // namespace
