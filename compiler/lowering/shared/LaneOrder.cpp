//===- LaneOrder.cpp - which lane has which element -----------------------===//

#include "compiler/lowering/shared/LaneOrder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

//===----------------------------------------------------------------------===//
// Which stages
//===----------------------------------------------------------------------===//

static StringAttr laneOf(StageOp stage) {
  ArrayRef<StringAttr> lanes = stage.getSchedule().getLanes().getNames();
  return lanes.size() == 1 ? lanes[0] : StringAttr();
}

/// Whether vectors of a phase often have lanes of two pieces, which takes a
/// mask of lanes each: images of a few vectors, or of unknown size.
static bool hasShortPieces(PhaseOp phase, SpaceAttr dims) {
  int64_t points = 1;
  for (StringAttr dim : phase.getOver().getNames().take_back(2)) {
    int64_t extent = dims.getExtents()[dims.indexOf(dim)];
    if (ShapedType::isDynamic(extent))
      return true;
    points *= extent;
  }
  return points < 4 * kBF16Lanes;
}

/// Whether the op knows no order but that of memory: it has narrow values other
/// than bf16 on their way from and to memory, or numbers of lanes.
static bool needsMemoryOrder(Operation &op, StringAttr lane, SpaceAttr dims) {
  if (auto index = dyn_cast<IndexOp>(op))
    return index.getDimAttr() == lane;
  if (isa<PhiloxOp>(op))
    return true;
  if (auto phase = dyn_cast<PhaseOp>(op))
    return phase.getOver().contains(lane) && phase.getOver().size() > 1 &&
           hasShortPieces(phase, dims);
  auto isNarrow = [](Type type) {
    return type.isIntOrFloat() && type.getIntOrFloatBitWidth() < 32 &&
           !type.isInteger(1);
  };
  auto isOther = [&](Type type) { return isNarrow(type) && !type.isBF16(); };
  if (llvm::any_of(op.getOperandTypes(), isOther) ||
      llvm::any_of(op.getResultTypes(), isOther))
    return true;
  if (auto widen = dyn_cast<arith::ExtFOp>(op))
    return isNarrow(widen.getIn().getType()) && !widen.getType().isF32();
  if (auto narrow = dyn_cast<arith::TruncFOp>(op))
    return isNarrow(narrow.getType()) && !narrow.getIn().getType().isF32();
  return !isa<LoadOp, StoreOp>(op) && !op.hasTrait<OpTrait::ConstantLike>() &&
         (llvm::any_of(op.getOperandTypes(), isNarrow) ||
          llvm::any_of(op.getResultTypes(), isNarrow));
}

/// Whether the stage's vectors may be split.
static bool canSplit(StageOp stage) {
  StringAttr lane = laneOf(stage);
  if (!lane || stage.getSchedule().getWidth() != kBF16Lanes)
    return false;
  return !stage
              .walk([&](Operation *op) {
                return needsMemoryOrder(*op, lane, stage.getDims())
                           ? WalkResult::interrupt()
                           : WalkResult::advance();
              })
              .wasInterrupted();
}

static bool hasWholeVectors(StageOp stage) {
  SpaceAttr dims = stage.getDims();
  int64_t extent = dims.getExtents()[dims.indexOf(laneOf(stage))];
  return ShapedType::isStatic(extent) && extent % kBF16Lanes == 0;
}

static bool isAlongLanes(MapAttr map, StringAttr lane) {
  return !map.getAxes().empty() &&
         map.getAxes().back().getNames() == ArrayRef(lane) &&
         llvm::count_if(map.getAxes(), [&](DimsAttr axis) {
           return axis.contains(lane);
         }) == 1;
}

/// Whether every access to a view is one of split vectors, at multiples of a
/// vector: a row that is written past the caches begins elsewhere.
static bool isKnownToSplitStagesOnly(Value view) {
  if (!view.getDefiningOp<ScratchOp>() ||
      !cast<ViewType>(view.getType()).getElementType().isF32())
    return false;
  return llvm::all_of(view.getUsers(), [&](Operation *user) {
    auto stage = user->getParentOfType<StageOp>();
    if (!stage || !canSplit(stage) || !hasWholeVectors(stage))
      return false;
    StringAttr lane = laneOf(stage);
    if (auto store = dyn_cast<StoreOp>(user)) // The same in all lanes.
      return matchPattern(store.getValue(), m_Constant());
    auto phase = dyn_cast<PhaseOp>(user->getParentOp());
    if (!phase || !phase.getBlock()->getOps<StoreOp>().empty())
      return false;
    if (auto load = dyn_cast<LoadOp>(user))
      return isAlongLanes(load.getMap(), lane);
    auto accumulate = dyn_cast<AccumulateOp>(user);
    return accumulate && isAlongLanes(accumulate.getMap(), lane);
  });
}

/// Whether a stage gains: its phases widen more than they narrow, read or write
/// as f32, and what it adds up for each column is split in memory.
static bool gains(StageOp stage) {
  StringAttr lane = laneOf(stage);
  int64_t saved = 0;
  bool areSumsSplit = true;
  auto movesWide = [&](MapAttr map, Value value) {
    return map.uses(lane) && !value.getType().isBF16() &&
           !matchPattern(value, m_Constant()); // The same in all lanes.
  };
  stage.walk([&](Operation *op) {
    if (auto sum = dyn_cast<AccumulateOp>(op))
      areSumsSplit &= isKnownToSplitStagesOnly(sum.getView());
    if (!isa<PhaseOp>(op->getParentOp()))
      return;
    if (auto widen = dyn_cast<arith::ExtFOp>(op)) {
      auto load = widen.getIn().getDefiningOp<LoadOp>();
      saved += load && load.getMap().uses(lane);
    } else if (auto narrow = dyn_cast<arith::TruncFOp>(op)) {
      saved -= narrow.getType().isBF16();
    } else if (auto load = dyn_cast<LoadOp>(op)) {
      saved -= 2 * movesWide(load.getMap(), load);
    } else if (auto store = dyn_cast<StoreOp>(op)) {
      saved -= 2 * movesWide(store.getMap(), store.getValue());
    }
  });
  return areSumsSplit && saved > 0;
}

/// Whether vectors of a view are split in memory.
static bool isSplitInMemory(Value view) {
  return isKnownToSplitStagesOnly(view) &&
         llvm::any_of(view.getUsers(), [](Operation *user) {
           return isa<AccumulateOp>(user) &&
                  gains(user->getParentOfType<StageOp>());
         });
}

LaneOrder::LaneOrder(StageOp stage, Instructions instructions) {
  if (!instructions.hasBF16Dot || !canSplit(stage))
    return;
  stage.walk([&](Operation *op) {
    for (Value operand : op->getOperands())
      if (isa<ViewType>(operand.getType()) && isSplitInMemory(operand))
        views.insert(operand);
  });
  splits = !views.empty() || gains(stage);
}

bool LaneOrder::reorders(Value view) const {
  Type type = cast<ViewType>(view.getType()).getElementType();
  return splits && !type.isBF16() && !views.contains(view);
}

//===----------------------------------------------------------------------===//
// Vectors
//===----------------------------------------------------------------------===//

Value LaneOrder::split(ImplicitLocOpBuilder &b, Value vector) const {
  SmallVector<int64_t> lanes;
  for (int64_t first : {0, 1})
    for (int64_t lane = first; lane < kBF16Lanes; lane += 2)
      lanes.push_back(lane);
  return vector::ShuffleOp::create(b, vector, vector, lanes);
}

Value LaneOrder::join(ImplicitLocOpBuilder &b, Value vector) const {
  SmallVector<int64_t> lanes;
  for (int64_t lane = 0; lane < kBF16Lanes / 2; ++lane)
    llvm::append_values(lanes, lane, lane + kBF16Lanes / 2);
  return vector::ShuffleOp::create(b, vector, vector, lanes);
}

Value LaneOrder::maskFor(Type element, ImplicitLocOpBuilder &b,
                         Value mask) const {
  return splits && !element.isBF16() ? split(b, mask) : mask;
}

Value LaneOrder::widen(ImplicitLocOpBuilder &b, Value narrow) const {
  auto words = VectorType::get(kBF16Lanes, b.getI16Type());
  auto pairs = VectorType::get(kBF16Lanes / 2, b.getI32Type());
  auto floats = VectorType::get(kBF16Lanes / 2, b.getF32Type());
  Value bits = vector::BitCastOp::create(
      b, pairs, arith::BitcastOp::create(b, words, narrow).getResult());
  auto constant = [&](uint32_t value) -> Value {
    return arith::ConstantOp::create(
        b, DenseElementsAttr::get(pairs, llvm::APInt(32, value)));
  };
  Value even = arith::ShLIOp::create(b, bits, constant(16));
  Value odd = arith::AndIOp::create(b, bits, constant(0xffff0000));
  auto all = llvm::to_vector(llvm::seq<int64_t>(0, kBF16Lanes));
  return vector::ShuffleOp::create(
      b, arith::BitcastOp::create(b, floats, even).getResult(),
      arith::BitcastOp::create(b, floats, odd).getResult(), all);
}

Value LaneOrder::round(ImplicitLocOpBuilder &b, Value wide) const {
  auto narrow = VectorType::get(kBF16Lanes, b.getBF16Type());
  return arith::TruncFOp::create(b, narrow, wide);
}

Value LaneOrder::asInMemory(ImplicitLocOpBuilder &b, Value rounded) const {
  if (!splits)
    return rounded;
  auto words = VectorType::get(kBF16Lanes, b.getI16Type());
  Value bits = arith::BitcastOp::create(b, words, rounded);
  return arith::BitcastOp::create(b, rounded.getType(), join(b, bits));
}
