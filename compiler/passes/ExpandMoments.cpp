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
    Type type = moments.getValue().getType();
    auto mean = [&](Value value) -> Value {
      return ReduceOp::create(b, type, ReduceKind::mean, value,
                              moments.getOver(), moments.getPredicate());
    };
    Value count = buildCount(b, moments, type);
    Value center = mean(moments.getValue());
    Value distance = arith::SubFOp::create(b, moments.getValue(), center);
    Value delta = mean(distance);
    Value square = mean(arith::MulFOp::create(b, distance, distance));
    Value deltaSquare = arith::MulFOp::create(b, delta, delta);
    Value variance = arith::SubFOp::create(b, square, deltaSquare);
    Value m2 = arith::MulFOp::create(b, variance, count);
    moments.replaceAllUsesWith(ValueRange{count, center, delta, m2});
    moments.erase();
  }
};
} // namespace
