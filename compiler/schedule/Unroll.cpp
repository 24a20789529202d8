//===- Unroll.cpp - vectors that are taken side by side -------------------===//

#include "compiler/schedule/Chooser.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

/// Whether all inputs of which an instance reads its own rows are of 32 bits.
bool Chooser::readsFloats() const {
  KernelOp kernel = structure.kernel();
  auto inputs = llvm::seq(kernel.getNumOperands());
  return llvm::all_of(inputs, [&](unsigned i) {
    Type element = getElementTypeOrSelf(kernel.getOperand(i).getType());
    return !isRowInput(i) || element.getIntOrFloatBitWidth() == 32;
  });
}

/// Whether the loop of an instance's collectives reads rows of several inputs,
/// and along the lanes nothing else.
bool Chooser::reducesSeveralRows() const {
  llvm::SetVector<Value> behind;
  for (unsigned number : stage.complete)
    behind.insert_range(structure.collectives()[number].op->getOperands());
  for (size_t i = 0; i < behind.size(); ++i)
    if (Operation *op = behind[i].getDefiningOp();
        op && structure.collectiveOf(behind[i]) < 0)
      behind.insert_range(op->getOperands());
  KernelOp kernel = structure.kernel();
  int64_t rows = 0;
  for (unsigned i = 0; i < kernel.getNumOperands(); ++i) {
    Value element = kernel.getBlock()->getArgument(i);
    if (!behind.contains(element) ||
        !structure.spaceOf(element).contains(unsigned(lane)))
      continue;
    if (!isRowInput(i))
      return false;
    ++rows;
  }
  return rows > 1;
}

int64_t Chooser::chooseUnroll(int64_t width) {
  if (machine.kind == TargetKind::gpu || !stage.hasCollectives())
    return 1;
  if (isDouble()) {
    because("unroll", "every vector's rounding error is carried: there is "
                      "nothing wider than f64 to carry totals in");
    return 1;
  }
  bool inColumns = lane >= 0 && parallel.contains(unsigned(lane));
  bool isLong = stage.complete.size() > 1 && !inColumns;
  // Statistics by tiles, bf16 of 14x14x1024: 0.8 of the time by eight.
  bool isSplit = takesPairs() && !reducesColumns();
  // Rows that are written while others are read, 256 bytes of each in turn:
  // RMSNorm f32 of 4096 from memory 85% of a copy, by eight vectors of 64 bytes
  // 79%, in the caches 1 to 4% slower; two threads 92 and 83%. With results of
  // bf16 by two of 128 bytes 74 and 87%, by four 62 and 78%.
  constexpr int64_t turnBytes = 256, floatBytes = 4;
  int64_t row = isRow() ? findRun().points : ShapedType::kDynamic;
  bool hasTurns = !ShapedType::isDynamic(row) && row % width == 0 &&
                  !writtenAlongLanes().empty();
  bool arePairsOfFloats = takesPairs() && !drawsNumbers() && readsFloats();
  int64_t vectorsInTurn = turnBytes / (width * floatBytes);
  bool isInTurn = hasTurns && row * floatBytes >= kLongRowBytes && !isLong &&
                  (!takesPairs() || arePairsOfFloats) && vectorsInTurn < 8;
  // Of each of two inputs half as much. One thread, LayerNorm of a sum of 4096
  // 88% of a copy, by four 68%, of 768 79 and 67%; RMSNorm 84 and 75%. Not with
  // sums over rows (LayerNorm's backward loses 10%), nor where the loop reads
  // more than its rows (AdaLN-Zero, whose gate it needs, 66% and 74%).
  bool areInputsInTurn = hasTurns && !takesPairs() && (isLong || isInTurn) &&
                         stage.partial.empty() && !takesFunctions() &&
                         reducesSeveralRows();
  const int64_t most = areInputsInTurn     ? 2
                       : isInTurn          ? vectorsInTurn
                       : isSplit || isLong ? 4
                                           : 8;
  because("unroll",
          Twine(most) +
              (takesPairs() ? " vectors of two registers" : " vectors") +
              " added as a tree hide the latency of adds, and cost one carry "
              "in f64" +
              (areInputsInTurn
                   ? "; memory is busier with fewer of each input in turn"
               : isLong   ? "; several sums hide it with fewer"
               : isInTurn ? "; memory is busier with fewer of a row in turn"
                          : ""));
  // With the lanes along a parallel dim the loop is over another one, whose
  // extent is seldom known to be short.
  if (lane < 0 || parallel.contains(unsigned(lane)) ||
      ShapedType::isDynamic(runLength()))
    return most;
  int64_t points = isRow() ? findRun().points : runLength();
  // What is left of a run, part of a vector included, is a block of its own.
  uint64_t vectors = std::max<int64_t>(llvm::divideCeil(points, width), 1);
  if (vectors < uint64_t(most))
    because("unroll", "no more vectors than there are along the lanes");
  return std::min<int64_t>(most, llvm::bit_floor(vectors));
}
