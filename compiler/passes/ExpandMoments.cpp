//===- ExpandMoments.cpp - norm-expand-moments ----------------------------===//

#include "compiler/analysis/KernelStructure.h"
#include "compiler/passes/Passes.h"
#include "compiler/passes/norm/KernelParts.h"
#include "dialects/norm/Norm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace normc {
#define GEN_PASS_DEF_NORMEXPANDMOMENTS
#include "compiler/passes/Passes.h.inc"
} // namespace normc

using namespace mlir;
using namespace normc;
using namespace normc::norm;

/// The number of points that `moments` combines, in its type.
static Value buildCount(ImplicitLocOpBuilder &b, MomentsOp moments, Type type) {
  if (Value predicate = moments.getPredicate()) {
    Value one = arith::ConstantOp::create(b, b.getFloatAttr(type, 1.0));
    return ReduceOp::create(b, type, ReduceKind::add, one, moments.getOver(),
                            predicate);
  }
  return buildPointCount(b, moments->getParentOfType<KernelOp>().getDims(),
                         moments.getOver(), type);
}

namespace {
/// A mean that one number of its type can't hold.
struct TwoPartMean {
  Value mean, delta;
};
} // namespace

/// The mean of `value` over the points of `moments`.
static Value buildReduce(ImplicitLocOpBuilder &b, MomentsOp moments,
                         Value value) {
  return ReduceOp::create(b, value.getType(), ReduceKind::mean, value,
                          moments.getOver(), moments.getPredicate());
}

/// The mean and what its rounding lost. A mean of roundings of v - mean would
/// not do: v and mean lie on grids, so those roundings share a sign.
static TwoPartMean buildMean(ImplicitLocOpBuilder &b, MomentsOp moments) {
  auto kernel = moments->getParentOfType<KernelOp>();
  Value value = moments.getValue();
  Type type = value.getType(), f64 = b.getF64Type();
  auto sub = [&](Value x, Value y) -> Value {
    return arith::SubFOp::create(b, x, y);
  };
  auto add = [&](Value x, Value y) -> Value {
    return arith::AddFOp::create(b, x, y);
  };
  if (type != f64) { // f64 holds it with bits to spare.
    Value wide = widenForMean(b, value, showsMean(kernel, moments.getOver()));
    Value mean = buildReduce(b, moments, wide);
    Value high = arith::TruncFOp::create(b, type, mean);
    Value rest = sub(mean, arith::ExtFOp::create(b, f64, high));
    return {high, arith::TruncFOp::create(b, type, rest)};
  }
  Value mean = buildReduce(b, moments, value);
  // And so it does here, but for results that show its last bits.
  if (value.getDefiningOp<arith::ExtFOp>() &&
      !showsMean(kernel, moments.getOver(), /*bits=*/32))
    return {mean, arith::ConstantOp::create(b, b.getF64FloatAttr(0.0))};
  // The exact distance is d + error (TwoSum, Knuth).
  Value d = sub(value, mean);
  Value part = sub(d, value);
  Value error = sub(sub(value, sub(d, part)), add(mean, part));
  return {mean,
          add(buildReduce(b, moments, d), buildReduce(b, moments, error))};
}

/// The first points of a group in memory: how many along each of its dims, from
/// the innermost, 32 in all or a few more.
static SmallVector<std::pair<StringAttr, int64_t>>
firstPoints(MomentsOp moments) {
  // A short tree; and a mean within σ/2 of the whole one, but for one row in
  // 200.
  int64_t left = 32;
  auto kernel = moments->getParentOfType<KernelOp>();
  SpaceAttr space = kernel.getDims();
  SmallVector<std::pair<StringAttr, int64_t>> counts;
  for (unsigned dim : llvm::reverse(KernelStructure(kernel).memoryOrder())) {
    StringAttr name = space.getNames()[dim];
    if (!llvm::is_contained(moments.getOver().getNames(), name))
      continue;
    int64_t extent = space.getExtents()[dim];
    int64_t count =
        ShapedType::isDynamic(extent) ? left : std::min(left, extent);
    counts.emplace_back(name, count);
    left = llvm::divideCeil(left, std::max<int64_t>(count, 1));
  }
  return counts;
}

/// A number that the values of a group lie around: the mean of its first
/// points, however rounded.
static Value buildPivot(ImplicitLocOpBuilder &b, MomentsOp moments) {
  Type type = moments.getValue().getType();
  SpaceAttr space = moments->getParentOfType<KernelOp>().getDims();
  Value dynamic;
  int64_t points = 1;
  SmallVector<std::pair<StringAttr, int64_t>> parts;
  for (auto [dim, count] : firstPoints(moments)) {
    int64_t extent = space.getExtents()[space.indexOf(dim)];
    if (extent != count)
      parts.emplace_back(dim, count);
    if (!ShapedType::isDynamic(extent)) {
      points *= count;
      continue;
    }
    Value most = arith::ConstantIndexOp::create(b, count);
    Value known = arith::MinUIOp::create(b, ExtentOp::create(b, dim), most);
    dynamic =
        dynamic ? arith::MulIOp::create(b, dynamic, known).getResult() : known;
  }
  Value sum = ReduceOp::create(b, type, ReduceKind::add, moments.getValue(),
                               moments.getOver(), buildIsBelow(b, parts));
  Value count;
  if (dynamic) {
    if (points > 1)
      dynamic = arith::MulIOp::create(
          b, dynamic, arith::ConstantIndexOp::create(b, points));
    Value bits = arith::IndexCastOp::create(b, b.getI64Type(), dynamic);
    count = arith::SIToFPOp::create(b, type, bits);
  } else {
    count = arith::ConstantOp::create(b, b.getFloatAttr(type, double(points)));
  }
  return arith::DivFOp::create(b, sum, count);
}

/// The variance from distances to the mean, where `predicate` holds; zero
/// elsewhere.
static Value buildCentred(ImplicitLocOpBuilder &b, MomentsOp moments,
                          const TwoPartMean &mean, Value count,
                          Value predicate) {
  Value distance = arith::SubFOp::create(b, moments.getValue(), mean.mean);
  Value square = arith::MulFOp::create(b, distance, distance);
  Value average;
  if (predicate) {
    if (Value selected = moments.getPredicate())
      predicate = arith::AndIOp::create(b, predicate, selected);
    Value sum = ReduceOp::create(b, square.getType(), ReduceKind::add, square,
                                 moments.getOver(), predicate);
    average = arith::DivFOp::create(b, sum, count);
  } else {
    average = buildReduce(b, moments, square);
  }
  return buildVariance(b, average, mean.delta);
}

/// The variance from distances to a pivot, which no pass has to come before:
/// E[(v − p)²] − (μ − p)². The difference loses as many bits as μ is away from
/// p; where that is more than σ/2, distances to the mean are taken after all.
/// Without a `pivot`, p = 0.
static Value buildShifted(ImplicitLocOpBuilder &b, MomentsOp moments,
                          const TwoPartMean &mean, Value count, Value pivot) {
  Value distance = moments.getValue(), away = mean.mean;
  Type type = distance.getType();
  if (pivot) {
    distance = arith::SubFOp::create(b, distance, pivot);
    away = arith::AddFOp::create(b, arith::SubFOp::create(b, away, pivot),
                                 mean.delta);
  }
  Value second =
      buildReduce(b, moments, arith::MulFOp::create(b, distance, distance));
  Value squared = arith::MulFOp::create(b, away, away);
  Value variance = arith::SubFOp::create(b, second, squared);
  Value quarter = arith::ConstantOp::create(b, b.getFloatAttr(type, 0.25));
  // Also where anything is NaN.
  Value isFar =
      arith::CmpFOp::create(b, arith::CmpFPredicate::UGT, squared,
                            arith::MulFOp::create(b, variance, quarter));
  Value centred = buildCentred(b, moments, mean, count, isFar);
  return arith::SelectOp::create(b, isFar, centred, variance);
}

namespace {
struct NormExpandMoments
    : normc::impl::NormExpandMomentsBase<NormExpandMoments> {
  using NormExpandMomentsBase::NormExpandMomentsBase;

  void runOnOperation() override {
    // Collected first: the op behind one may go with it.
    SmallVector<MomentsOp> all;
    getOperation().walk([&](MomentsOp moments) { all.push_back(moments); });
    for (MomentsOp moments : all)
      expand(moments);
    numExpanded += all.size();
    getOperation().walk([&](ReduceOp reduce) {
      if (reduce.getKind() == ReduceKind::mean && reduce.getPredicate())
        expandMaskedMean(reduce);
    });
  }

  /// The mean of selected points is their sum by their number.
  void expandMaskedMean(ReduceOp reduce) {
    ImplicitLocOpBuilder b(reduce.getLoc(), reduce);
    Type type = reduce.getValue().getType();
    auto sum = [&](Value value) -> Value {
      return ReduceOp::create(b, type, ReduceKind::add, value, reduce.getOver(),
                              reduce.getPredicate());
    };
    Value one = arith::ConstantOp::create(b, b.getFloatAttr(type, 1.0));
    Value total = sum(reduce.getValue());
    Value mean = arith::DivFOp::create(b, total, sum(one));
    reduce.replaceAllUsesWith(mean);
    reduce.erase();
  }

  /// Distances to what is known before the mean. Of f64 there is nothing wider
  /// to take the mean in; and of columns side by side, some mean would be far
  /// from it.
  enum class Shift { none, toPivot, toZero };

  Shift chooseShift(MomentsOp moments) {
    Value value = moments.getValue();
    if (!shifted || value.getType().isF64() || !isInnermost(moments))
      return Shift::none;
    // Squares of 16-bit numbers are exact in f32, so that their sum has error
    // to spare; and of bf16 there are dot products.
    auto narrow = value.getDefiningOp<arith::ExtFOp>();
    bool isExact =
        narrow && narrow.getIn().getType().getIntOrFloatBitWidth() == 16;
    if (isExact)
      return Shift::toZero;
    return moments.getOver().size() == 1 || isLarge(moments) || isApart(moments)
               ? Shift::toPivot
               : Shift::none;
  }

  /// True for a group of several dims that a second pass would read from
  /// further away than the nearest cache.
  static bool isLarge(MomentsOp moments) {
    constexpr int64_t least = 8192;
    SpaceAttr space = moments->getParentOfType<KernelOp>().getDims();
    int64_t points = 1;
    for (StringAttr dim : moments.getOver().getNames()) {
      int64_t extent = space.getExtents()[space.indexOf(dim)];
      if (ShapedType::isDynamic(extent))
        return true;
      points = std::min(least, points * std::min(least, extent));
    }
    return points >= least;
  }

  /// True for a group in several runs with other groups between them.
  static bool isApart(MomentsOp moments) {
    KernelStructure structure(moments->getParentOfType<KernelOp>());
    SpaceAttr space = structure.space();
    bool isReduced = false;
    for (unsigned dim : structure.memoryOrder()) {
      bool wasReduced = isReduced;
      isReduced |= space.getExtents()[dim] != 1 &&
                   moments.getOver().contains(space.getNames()[dim]);
      if (wasReduced && space.getExtents()[dim] != 1 &&
          !moments.getOver().contains(space.getNames()[dim]))
        return true;
    }
    return false;
  }

  /// True if the group of `moments` lies along the innermost dim in memory.
  static bool isInnermost(MomentsOp moments) {
    auto kernel = moments->getParentOfType<KernelOp>();
    ArrayRef<unsigned> order = KernelStructure(kernel).memoryOrder();
    StringAttr inner = kernel.getDims().getNames()[order.back()];
    return llvm::is_contained(moments.getOver().getNames(), inner);
  }

  void expand(MomentsOp moments) {
    ImplicitLocOpBuilder b(moments.getLoc(), moments);
    Value count = buildCount(b, moments, moments.getValue().getType());
    Shift shift = chooseShift(moments);
    Value pivot = shift == Shift::toPivot ? buildPivot(b, moments) : Value();
    TwoPartMean mean = buildMean(b, moments);
    Value variance =
        shift == Shift::none
            ? buildCentred(b, moments, mean, count, /*predicate=*/Value())
            : buildShifted(b, moments, mean, count, pivot);
    // Most divide the sum by the count at once.
    for (Operation *user : llvm::to_vector(moments.getM2().getUsers()))
      if (auto quotient = dyn_cast<arith::DivFOp>(user);
          quotient && quotient.getRhs() == moments.getCount()) {
        quotient.replaceAllUsesWith(variance);
        quotient.erase();
      }
    Value m2 = arith::MulFOp::create(b, variance, count);
    moments.replaceAllUsesWith(ValueRange{count, mean.mean, mean.delta, m2});
    moments.erase();
  }
};
} // namespace
