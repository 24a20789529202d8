//===- TileStatistics.cpp - statistics of groups, by tiles ----------------===//

#include "compiler/passes/norm/TileStatistics.h"

#include "compiler/passes/norm/KernelParts.h"
#include "dialects/norm/Spaces.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

/// Of f32 of 256 channels one thread reads, in GB/s, where it reads 21 at most:
/// by tiles of 48 to 96 KB 18.6, of 192 KB 19.5, of 384 KB 16.9. (Two passes
/// over tiles of 24 rows, which the nearest cache seldom holds where rows are
/// powers of two apart, reach 9 to 16.)
int64_t normc::wantedTilePoints(int64_t pointBytes,
                                ArrayRef<int64_t> channels) {
  constexpr int64_t tileBytes = 160 << 10, fewest = 24;
  int64_t rowBytes = pointBytes;
  for (int64_t extent : channels) {
    if (ShapedType::isDynamic(extent) || extent >= tileBytes)
      return fewest;
    rowBytes = std::min(tileBytes, rowBytes * extent);
  }
  return std::max(tileBytes / rowBytes, fewest);
}

int64_t normc::nearestDivisor(int64_t extent, int64_t points, int64_t wanted) {
  auto distance = [&](int64_t divisor) {
    double ratio = double(points) * double(divisor) / double(wanted);
    return std::max(ratio, 1 / ratio);
  };
  int64_t best = 1;
  auto consider = [&](int64_t divisor) {
    if (distance(divisor) < distance(best))
      best = divisor;
  };
  for (int64_t divisor = 2; divisor <= extent / divisor; ++divisor)
    if (extent % divisor == 0) {
      consider(divisor);
      consider(extent / divisor);
    }
  consider(extent);
  return best;
}

std::optional<TilePrefix>
normc::findTilePrefix(ArrayRef<std::pair<StringAttr, int64_t>> tile) {
  TilePrefix prefix;
  prefix.of = 1;
  for (auto [dim, extent] : tile) {
    if (ShapedType::isDynamic(extent))
      return {};
    prefix.of *= extent;
  }
  int64_t enough = prefix.of <= 64 ? 8 : 16;
  if (prefix.of <= enough)
    return {};
  for (auto [dim, extent] : tile) {
    int64_t count = std::min<int64_t>(llvm::bit_floor<uint64_t>(extent),
                                      enough / prefix.points);
    prefix.points *= count;
    if (count < extent)
      prefix.counts.emplace_back(dim, count);
  }
  return prefix;
}

/// A number of f64 as two of f32.
static std::pair<Value, Value> splitNumber(ImplicitLocOpBuilder &b,
                                           Value both) {
  Value high = arith::TruncFOp::create(b, b.getF32Type(), both);
  Value wide = arith::ExtFOp::create(b, b.getF64Type(), high);
  Value rest = arith::SubFOp::create(b, both, wide);
  return {high, arith::TruncFOp::create(b, b.getF32Type(), rest)};
}

SmallVector<Value>
normc::buildTileMoments(ImplicitLocOpBuilder &b, Value point, bool isExact,
                        llvm::function_ref<Value(Value)> mean) {
  Value both = mean(widenForMean(b, point, isExact));
  auto [high, low] = splitNumber(b, both);
  Value distance = arith::SubFOp::create(b, point, high);
  Value square = mean(arith::MulFOp::create(b, distance, distance));
  return {high, low, buildVariance(b, square, low)};
}

/// A number that a tile's points lie around: the mean of its first ones. That
/// of equal points is just them, since so many have a sum without rounding.
static Value buildPivot(ImplicitLocOpBuilder &b, Value point, DimsAttr over,
                        const TilePrefix &prefix) {
  Type f32 = b.getF32Type();
  Value sum = ReduceOp::create(b, f32, ReduceKind::add, point, over,
                               buildIsBelow(b, prefix.counts));
  Value part = arith::ConstantOp::create(
      b, b.getFloatAttr(f32, 1.0 / double(prefix.points)));
  return arith::MulFOp::create(b, sum, part);
}

SmallVector<Value> normc::buildShiftedTileMoments(ImplicitLocOpBuilder &b,
                                                  Value point, bool isExact,
                                                  DimsAttr over,
                                                  const TilePrefix &prefix) {
  Type f32 = b.getF32Type(), f64 = b.getF64Type();
  auto reduce = [&](ReduceKind kind, Value of, Value where = Value()) -> Value {
    return ReduceOp::create(b, of.getType(), kind, of, over, where);
  };
  auto wide = [&](Value of) -> Value {
    return arith::ExtFOp::create(b, f64, of);
  };
  auto squareTo = [&](Value centre) -> Value {
    Value distance = arith::SubFOp::create(b, point, centre);
    return arith::MulFOp::create(b, distance, distance);
  };
  Value pivot = buildPivot(b, point, over, prefix);
  // Of the points, not of their distances, which are rounded: elements near the
  // mean see its error.
  Value whole = reduce(ReduceKind::mean, widenForMean(b, point, isExact));
  Value square = wide(reduce(ReduceKind::mean, squareTo(pivot)));
  auto [high, low] = splitNumber(b, whole);
  Value away = arith::SubFOp::create(b, whole, wide(pivot));
  Value squared = arith::MulFOp::create(b, away, away);
  Value near = arith::SubFOp::create(b, square, squared);
  // Also where anything is NaN.
  Value isFar =
      arith::CmpFOp::create(b, arith::CmpFPredicate::UGT, squared, near);
  Value sum = reduce(ReduceKind::add, squareTo(high), isFar);
  Value count =
      arith::ConstantOp::create(b, b.getFloatAttr(f32, double(prefix.of)));
  Value centred = buildVariance(b, arith::DivFOp::create(b, sum, count), low);
  Value variance = arith::SelectOp::create(
      b, isFar, centred, arith::TruncFOp::create(b, f32, near));
  return {high, low, variance};
}

SmallVector<Value> normc::buildMergedMoments(ImplicitLocOpBuilder &b,
                                             ValueRange tiles, DimsAttr over) {
  auto mean = [&](Value of) -> Value {
    return ReduceOp::create(b, of.getType(), ReduceKind::mean, of, over,
                            Value());
  };
  auto wide = [&](Value of) -> Value {
    return arith::ExtFOp::create(b, b.getF64Type(), of);
  };
  // Apart, since sums of f32 in f64 need no care.
  Value both =
      arith::AddFOp::create(b, mean(wide(tiles[0])), wide(mean(tiles[1])));
  auto [high, low] = splitNumber(b, both);
  Value apart =
      arith::AddFOp::create(b, arith::SubFOp::create(b, tiles[0], high),
                            arith::SubFOp::create(b, tiles[1], low));
  Value square = arith::MulFOp::create(b, apart, apart);
  return {high, low, mean(arith::AddFOp::create(b, tiles[2], square))};
}

void normc::replaceMoments(ImplicitLocOpBuilder &b, MomentsOp moments,
                           Value mean, Value delta, Value variance) {
  SpaceAttr space = moments->getParentOfType<KernelOp>().getDims();
  Value count =
      buildPointCount(b, space, moments.getOver(), variance.getType());
  Value m2 = arith::MulFOp::create(b, variance, count);
  moments.replaceAllUsesWith(ValueRange{count, mean, delta, m2});
  moments.erase();
}

BlockArgument normc::addInput(KernelOp kernel, Value tensor, MapAttr map) {
  SmallVector<Attribute> maps(kernel.getInputMaps().getValue());
  maps.push_back(map);
  kernel->insertOperands(kernel->getNumOperands(), tensor);
  kernel.setInputMapsAttr(ArrayAttr::get(kernel.getContext(), maps));
  return kernel.getBlock()->addArgument(getElementTypeOrSelf(tensor.getType()),
                                        kernel.getLoc());
}

namespace {
/// What of a kernel is the same for a whole group.
class GroupCut {
public:
  GroupCut(KernelOp kernel, MapAttr groupMap, size_t count)
      : kernel(kernel), group(toDimSet(kernel.getDims(), groupMap)) {
    KernelSpaces all(kernel);
    Block *body = kernel.getBlock();
    for (BlockArgument argument : body->getArguments().take_back(count))
      narrow.insert(argument);
    for (Operation &op : body->without_terminator())
      for (Value result : op.getResults())
        if (group.contains(all.of(result)) &&
            llvm::any_of(op.getOperands(),
                         [&](Value v) { return narrow.contains(v); }))
          narrow.insert(result);
    for (Value value : narrow)
      if (llvm::any_of(value.getUses(),
                       [&](OpOperand &use) { return isWide(use); }))
        frontier.insert(value);
  }

  bool isPossible() const {
    return llvm::all_of(frontier,
                        [](Value v) { return isa<FloatType>(v.getType()); });
  }
  KernelOp cut(ImplicitLocOpBuilder &b, MapAttr perGroup);

private:
  bool isWide(OpOperand &use) {
    if (!isa<YieldOp>(use.getOwner()))
      return !narrow.contains(use.getOwner()->getResult(0));
    MapAttr map = kernel.getOutputMap(use.getOperandNumber());
    return !group.contains(toDimSet(kernel.getDims(), map));
  }
  KernelOp cutRest(ImplicitLocOpBuilder &b, MapAttr perGroup, KernelOp first,
                   MutableArrayRef<KernelResult> results);

  KernelOp kernel;
  DimSet group;
  llvm::SetVector<Value> narrow;
  llvm::SetVector<Value> frontier; ///< What the rest needs.
};
} // namespace

KernelOp GroupCut::cutRest(ImplicitLocOpBuilder &b, MapAttr perGroup,
                           KernelOp first,
                           MutableArrayRef<KernelResult> results) {
  for (auto [value, tensor] : llvm::zip(frontier, first.getResults())) {
    BlockArgument argument = addInput(kernel, tensor, perGroup);
    Value(value).replaceUsesWithIf(argument,
                                   [&](OpOperand &use) { return isWide(use); });
    for (KernelResult &result : results)
      if (result.value == value)
        result.value = argument;
  }
  return cloneParts(b, kernel, results);
}

KernelOp GroupCut::cut(ImplicitLocOpBuilder &b, MapAttr perGroup) {
  // The group's values, and the outputs that are made of nothing else.
  SmallVector<KernelResult> uniform, elementwise;
  SmallVector<Value> uniformOutputs, wideOutputs;
  for (Value value : frontier)
    uniform.push_back({value, perGroup});
  Operation *yield = kernel.getBlock()->getTerminator();
  for (OpOperand &use : yield->getOpOperands()) {
    Value output = kernel.getResult(use.getOperandNumber());
    bool isOfGroup = narrow.contains(use.get()) && !isWide(use);
    (isOfGroup ? uniformOutputs : wideOutputs).push_back(output);
    (isOfGroup ? uniform : elementwise)
        .push_back({use.get(), kernel.getOutputMap(use.getOperandNumber())});
  }
  KernelOp first = cloneParts(b, kernel, uniform), rest;
  for (auto [from, to] : llvm::zip_equal(
           uniformOutputs, first.getResults().drop_front(frontier.size())))
    Value(from).replaceAllUsesWith(to);
  if (!elementwise.empty()) {
    rest = cutRest(b, perGroup, first, elementwise);
    for (auto [from, to] : llvm::zip_equal(wideOutputs, rest.getResults()))
      Value(from).replaceAllUsesWith(to);
  }
  kernel.erase();
  return rest;
}

KernelOp normc::cutElementwise(ImplicitLocOpBuilder &b, KernelOp kernel,
                               MapAttr group, MapAttr perGroup, size_t count) {
  GroupCut parts(kernel, group, count);
  return parts.isPossible() ? parts.cut(b, perGroup) : KernelOp();
}
