//===- ExpandMoments.cpp - norm-expand-moments ----------------------------===//

#include "compiler/passes/Passes.h"
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
  SpaceAttr space = moments->getParentOfType<KernelOp>().getDims();
  int64_t known = 1;
  Value count;
  for (StringAttr dim : moments.getOver().getNames()) {
    int64_t extent = space.getExtents()[space.indexOf(dim)];
    if (!ShapedType::isDynamic(extent)) {
      known *= extent;
      continue;
    }
    Value size = ExtentOp::create(b, dim);
    count = count ? arith::MulIOp::create(b, count, size).getResult() : size;
  }
  if (!count)
    return arith::ConstantOp::create(b, b.getFloatAttr(type, double(known)));
  if (known != 1)
    count = arith::MulIOp::create(b, count,
                                  arith::ConstantIndexOp::create(b, known));
  Value bits = arith::IndexCastOp::create(b, b.getI64Type(), count);
  return arith::SIToFPOp::create(b, type, bits);
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
  Value value = moments.getValue();
  Type type = value.getType(), f64 = b.getF64Type();
  auto sub = [&](Value x, Value y) -> Value {
    return arith::SubFOp::create(b, x, y);
  };
  auto add = [&](Value x, Value y) -> Value {
    return arith::AddFOp::create(b, x, y);
  };
  if (type != f64) { // f64 holds it with bits to spare.
    Value wide = arith::ExtFOp::create(b, f64, value);
    Value mean = buildReduce(b, moments, wide);
    Value high = arith::TruncFOp::create(b, type, mean);
    Value rest = sub(mean, arith::ExtFOp::create(b, f64, high));
    return {high, arith::TruncFOp::create(b, type, rest)};
  }
  Value mean = buildReduce(b, moments, value);
  if (value.getDefiningOp<arith::ExtFOp>()) // And so it does here.
    return {mean, arith::ConstantOp::create(b, b.getF64FloatAttr(0.0))};
  // The exact distance is d + error (TwoSum, Knuth).
  Value d = sub(value, mean);
  Value part = sub(d, value);
  Value error = sub(sub(value, sub(d, part)), add(mean, part));
  return {mean,
          add(buildReduce(b, moments, d), buildReduce(b, moments, error))};
}

namespace {
struct NormExpandMoments
    : normc::impl::NormExpandMomentsBase<NormExpandMoments> {
  void runOnOperation() override {
    getOperation().walk([&](MomentsOp moments) {
      expand(moments);
      ++numExpanded;
    });
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

  void expand(MomentsOp moments) {
    ImplicitLocOpBuilder b(moments.getLoc(), moments);
    Value count = buildCount(b, moments, moments.getValue().getType());
    TwoPartMean mean = buildMean(b, moments);
    Value distance = arith::SubFOp::create(b, moments.getValue(), mean.mean);
    Value square = arith::MulFOp::create(b, distance, distance);
    Value variance =
        arith::SubFOp::create(b, buildReduce(b, moments, square),
                              arith::MulFOp::create(b, mean.delta, mean.delta));
    Value m2 = arith::MulFOp::create(b, variance, count);
    moments.replaceAllUsesWith(ValueRange{count, mean.mean, mean.delta, m2});
    moments.erase();
  }
};
} // namespace
