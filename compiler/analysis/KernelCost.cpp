//===- KernelCost.cpp - what a kernel must move ---------------------------===//

#include "compiler/analysis/KernelCost.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

/// Elements of a tensor; a scalar is none, since nothing is moved for it.
static double countElements(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return 0;
  double count = 1;
  for (int64_t extent : tensor.getShape())
    count *= double(ShapedType::isDynamic(extent) ? kAssumedExtent : extent);
  return count;
}

namespace {

/// The cost of one stage.
class StageCost {
public:
  StageCost(const KernelStructure &structure, const StagePlan &stage)
      : structure(structure), stage(stage), kernel(structure.kernel()) {}

  void addTo(KernelCost &cost);

private:
  void read(Value value);
  void add(Type type);
  bool walksColumns() const;
  bool isOneInstance() const;

  const KernelStructure &structure;
  const StagePlan &stage;
  mutable KernelOp kernel;
  llvm::SetVector<Value> seen; ///< Values computed or read in this stage.
  SmallVector<double> sizes;   ///< Elements of each tensor that is visited.
  double bytes = 0;
};

} // namespace

/// Values behind `value` up to collectives, which are targets of their own.
void StageCost::read(Value value) {
  if (!seen.insert(value))
    return;
  if (auto argument = dyn_cast<BlockArgument>(value))
    return add(kernel.getOperand(argument.getArgNumber()).getType());
  if (!isCollective(value.getDefiningOp()))
    for (Value operand : value.getDefiningOp()->getOperands())
      read(operand);
}

void StageCost::add(Type type) {
  double count = countElements(type);
  if (count == 0)
    return;
  sizes.push_back(count);
  bytes += count * getElementTypeOrSelf(type).getIntOrFloatBitWidth() / 8;
}

/// True where an instance is a few columns: a cache line of every row, far
/// apart. It reaches a fraction of the speed of memory (6 to 12% of a copy,
/// where tiles reach 50 to 60%), but for moments, which norm-split-reductions
/// takes by tiles.
bool StageCost::walksColumns() const {
  DimSet visited = stage.parallel;
  unsigned plain = 0, moments = 0;
  for (unsigned c :
       llvm::concat<const unsigned>(stage.complete, stage.partial)) {
    const Collective &collective = structure.collectives()[c];
    visited |= collective.loop;
    // What has a predicate beside moments runs hardly ever.
    bool isSelected = collective.op->getNumOperands() > 1;
    if (isa<MomentsOp>(collective.op) && !isSelected)
      ++moments;
    else
      plain += !isSelected;
  }
  for (unsigned o : stage.outputs)
    visited |= structure.outputs()[o].dims;
  if (visited == stage.parallel || (moments == 1 && plain == 0))
    return false;
  ArrayRef<int64_t> extents = structure.space().getExtents();
  for (unsigned dim : llvm::reverse(structure.memoryOrder()))
    if (visited.contains(dim) && extents[dim] != 1)
      return stage.parallel.contains(dim);
  return false;
}

/// True where one thread has all of the work, and that is more than a second
/// one would take long to wake for.
bool StageCost::isOneInstance() const {
  constexpr double small = 1 << 20;
  ArrayRef<int64_t> extents = structure.space().getExtents();
  for (unsigned dim = 0; dim < extents.size(); ++dim)
    if (stage.parallel.contains(dim) && extents[dim] != 1)
      return false;
  return bytes > small;
}

void StageCost::addTo(KernelCost &cost) {
  for (unsigned c : llvm::concat<const unsigned>(stage.complete, stage.partial))
    for (Value operand : structure.collectives()[c].op->getOperands())
      read(operand);
  for (unsigned o : stage.outputs) {
    read(structure.outputs()[o].value);
    add(kernel.getResult(o).getType());
  }
  cost.bytes += walksColumns() || isOneInstance() ? kSlowFactor * bytes : bytes;
  double largest = sizes.empty() ? 0 : *llvm::max_element(sizes);
  cost.streams = std::max<unsigned>(cost.streams, llvm::count(sizes, largest));
}

KernelCost normc::estimateCost(const KernelStructure &structure) {
  KernelCost cost;
  cost.stages = structure.stages().size();
  for (const StagePlan &stage : structure.stages())
    StageCost(structure, stage).addTo(cost);
  return cost;
}
