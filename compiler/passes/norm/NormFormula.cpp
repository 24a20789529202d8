//===- NormFormula.cpp - the formula of a declared norm -------------------===//

#include "compiler/passes/norm/NormFormula.h"

#include "compiler/passes/norm/KernelParts.h"
#include "compiler/passes/norm/RoundedAffine.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;
using namespace normc;
using namespace normc::norm;

/// Whether a kernel made `value` from bf16 tensors of its shape, whose squares
/// leave the range of f32: a sum of such tensors, say. (What it reads along
/// fewer dims are factors and terms of some other size.)
static bool comesFromBF16(Value value) {
  if (getElementTypeOrSelf(value).isBF16())
    return true;
  auto kernel = value.getDefiningOp<KernelOp>();
  if (!kernel || !getElementTypeOrSelf(value).isF32())
    return false;
  unsigned number = cast<OpResult>(value).getResultNumber();
  auto yield = cast<YieldOp>(kernel.getBlock()->getTerminator());
  llvm::SetVector<Operation *> slice =
      sliceOf(*kernel.getBlock(), {yield.getOperand(number)});
  return llvm::any_of(kernel.getBlock()->getArguments(), [&](BlockArgument a) {
    unsigned input = a.getArgNumber();
    return kernel.getInputMap(input) == kernel.getOutputMap(number) &&
           llvm::any_of(
               a.getUsers(),
               [&](Operation *user) { return slice.contains(user); }) &&
           comesFromBF16(kernel.getOperand(input));
  });
}

/// Squares in f32 are right to 2^-150, and sums of 2^22 of them to 2^-128:
/// beside an epsilon (or the square of one that stands by a root) as large as
/// this, that is nothing.
static constexpr double kSafeEpsilon = 1e-25;

namespace {

class FormulaBuilder {
public:
  FormulaBuilder(NormalizeOp op, ValueRange elements, DimsAttr over,
                 ImplicitLocOpBuilder &builder);

  void build();

private:
  // x̂ by kind of statistic; they set mean, variance and rstd.
  Value buildNormalized();
  Value buildCentred();
  Value buildRootMeanSquare();
  Value buildPNorm();
  Value buildMaximum();
  Value buildActivated();
  Value buildPartialPredicate();

  /// What x is multiplied by: see the placements of norm.normalize. `statistic`
  /// is the variance, mean square or sum of squares.
  Value buildRstd(Value statistic);
  /// 1 / max(root, ε).
  Value buildClamped(Value root);
  /// `result` in the compute type; 0 where ε vanishes and `statistic` is 0, so
  /// that a zero group normalizes to zero.
  Value guardZero(Value statistic, Value result);

  /// Sets mean and rstd to the given ones.
  void readGiven();
  /// y from given statistics, without an x̂ of its own.
  Value buildGiven();
  Value applyAffine(Value normalized);
  Affine affine() {
    return {scale, shift, op.getScaleOffset().convertToDouble()};
  }
  Value buildScale(Type type) { return normc::buildScale(b, affine(), type); }

  Value constant(double value, Type type) {
    return arith::ConstantOp::create(b, b.getFloatAttr(type, value));
  }
  Value cast(Value value, Type type) { return castFloat(b, value, type); }
  /// Whether sums are taken in the compute type first, and in the wide one only
  /// in groups where that overflows.
  bool sumsTwice() {
    bool isInside = op.getPlacement() == EpsilonPlacement::add;
    double beside = isInside ? epsilon() : epsilon() * epsilon();
    return wide != compute && beside >= kSafeEpsilon;
  }
  /// True of a sum that left the range of its type, or is NaN.
  Value overflows(Value sum) {
    return arith::CmpFOp::create(b, arith::CmpFPredicate::UGE, sum,
                                 constant(INFINITY, sum.getType()));
  }
  Value select(Value condition, Value a, Value c) {
    return arith::SelectOp::create(b, condition, a, c);
  }
  Value both(Value a, Value c) {
    return !a ? c : arith::AndIOp::create(b, a, c).getResult();
  }
  Value add(Value a, Value c) { return arith::AddFOp::create(b, a, c); }
  Value sub(Value a, Value c) { return arith::SubFOp::create(b, a, c); }
  Value mul(Value a, Value c) { return arith::MulFOp::create(b, a, c); }
  Value div(Value a, Value c) { return arith::DivFOp::create(b, a, c); }
  Value reduce(ReduceKind kind, Value value, Value predicate = {}) {
    return ReduceOp::create(b, value.getType(), kind, value, over, predicate);
  }
  double epsilon() { return op.getEpsilon()->convertToDouble(); }

  NormalizeOp op;
  DimsAttr over;
  ImplicitLocOpBuilder &b;
  Type compute;
  /// In which statistics are handed on, and rstd up to its rounding: f64 where
  /// sums may leave the range of the compute type.
  Type wide;
  /// The operands' elements; null where op lacks the operand.
  Value input, givenMean, givenVariance, givenRstd, alpha, scale, shift;
  /// Of the group; null where the statistic has none.
  Value mean, variance, rstd;
};

} // namespace

FormulaBuilder::FormulaBuilder(NormalizeOp op, ValueRange elements,
                               DimsAttr over, ImplicitLocOpBuilder &builder)
    : op(op), over(over), b(builder), compute(op.getComputeType()) {
  bool isBF16 = comesFromBF16(op.getInput());
  wide = isBF16 ? Type(builder.getF64Type()) : compute;
  // By position: one tensor may be several operands.
  auto next = elements.begin();
  for (auto [operand, element] :
       {std::pair<Value, Value *>(op.getInput(), &input),
        {op.getMean(), &givenMean},
        {op.getVariance(), &givenVariance},
        {op.getRstd(), &givenRstd},
        {op.getAlpha(), &alpha},
        {op.getScale(), &scale},
        {op.getShift(), &shift}})
    if (operand)
      *element = *next++;
}

//===----------------------------------------------------------------------===//
// What x is multiplied by
//===----------------------------------------------------------------------===//

Value FormulaBuilder::guardZero(Value statistic, Value result) {
  // An epsilon may be too small for the statistic's type, or its reciprocal too
  // large.
  Type type = statistic.getType();
  bool vanishes = type.isF64() ? std::isinf(1 / epsilon())
                               : std::isinf(1 / float(epsilon()));
  if (vanishes) {
    Value zero = constant(0, type);
    Value isZero =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, statistic, zero);
    result = arith::SelectOp::create(b, isZero, zero, result);
  }
  return cast(result, compute);
}

Value FormulaBuilder::buildClamped(Value root) {
  Type type = root.getType();
  Value divisor = arith::MaximumFOp::create(b, root, constant(epsilon(), type));
  return guardZero(root, div(constant(1, type), divisor));
}

Value FormulaBuilder::buildRstd(Value statistic) {
  if (op.getPlacement() == EpsilonPlacement::clamp)
    return buildClamped(math::SqrtOp::create(b, statistic));
  Type type = statistic.getType();
  Value eps = constant(epsilon(), type);
  if (op.getPlacement() == EpsilonPlacement::add)
    return guardZero(statistic, math::RsqrtOp::create(b, add(statistic, eps)));
  Value root = math::SqrtOp::create(b, statistic);
  return guardZero(statistic, div(constant(1, type), add(root, eps)));
}

//===----------------------------------------------------------------------===//
// The statistics
//===----------------------------------------------------------------------===//

Value FormulaBuilder::buildCentred() {
  Value x = cast(input, compute);
  Type narrow = sumsTwice() ? compute : wide;
  auto moments = MomentsOp::create(b, narrow, narrow, narrow, narrow,
                                   cast(x, narrow), over, Value());
  Value count = cast(moments.getCount(), wide);
  Value high = moments.getMean(), delta = moments.getDelta();
  // An infinite mean has no rest: infinity less infinity is NaN.
  auto join = [&](Value high, Value rest) {
    Value isNone =
        arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, rest, rest);
    return select(isNone, high, add(high, rest));
  };
  Value whole = join(cast(high, wide), cast(delta, wide));
  Value spread = cast(moments.getM2(), wide);
  if (sumsTwice()) {
    Value isLarge = overflows(moments.getM2());
    auto again = MomentsOp::create(b, wide, wide, wide, wide, cast(x, wide),
                                   over, isLarge);
    whole = select(isLarge, join(again.getMean(), again.getDelta()), whole);
    spread = select(isLarge, again.getM2(), spread);
  }
  if (op.getCorrection() == 1)
    count = sub(count, constant(1, wide));
  spread = div(spread, count);
  variance = cast(spread, compute);
  rstd = buildRstd(spread);
  mean = cast(whole, compute);
  if (wide != compute) { // One number of f64 is two of f32.
    high = mean;
    delta = cast(sub(whole, cast(mean, wide)), compute);
  }
  // (x - high - delta) rstd, with one rounding less.
  Value moved = arith::NegFOp::create(b, mul(delta, rstd));
  return math::FmaOp::create(b, sub(x, high), rstd, moved);
}

/// Selects the first max(⌊partial · D⌋, 1) elements of the reduced dim, of D.
Value FormulaBuilder::buildPartialPredicate() {
  if (!op.getPartial())
    return {};
  double part = op.getPartial()->convertToDouble();
  StringAttr dim = over.getNames().front();
  Value index = IndexOp::create(b, b.getIndexType(), dim);
  int64_t extent = op.getInputType().getDimSize(op.getAxes().front());
  Value count;
  if (!ShapedType::isDynamic(extent)) {
    auto selected = int64_t(std::floor(part * double(extent)));
    count = arith::ConstantIndexOp::create(b, std::max<int64_t>(selected, 1));
  } else {
    Type i64 = b.getI64Type(), f64 = b.getF64Type();
    Value all = arith::IndexCastOp::create(
        b, i64, ExtentOp::create(b, b.getIndexType(), dim));
    Value share =
        mul(arith::SIToFPOp::create(b, f64, all), constant(part, f64));
    Value whole = arith::FPToSIOp::create(b, i64, share);
    Value one = arith::ConstantOp::create(b, b.getI64IntegerAttr(1));
    count = arith::IndexCastOp::create(b, b.getIndexType(),
                                       arith::MaxSIOp::create(b, whole, one));
  }
  return arith::CmpIOp::create(b, arith::CmpIPredicate::slt, index, count);
}

/// RMS and L2.
Value FormulaBuilder::buildRootMeanSquare() {
  Value x = cast(input, compute);
  ReduceKind kind =
      op.getStatistic() == Statistic::rms ? ReduceKind::mean : ReduceKind::add;
  Value predicate = buildPartialPredicate();
  auto combine = [&](Type type, Value selected) {
    Value value = cast(x, type);
    return reduce(kind, mul(value, value), selected);
  };
  Value statistic;
  if (sumsTwice()) {
    Value sum = combine(compute, predicate), isLarge = overflows(sum);
    Value again = combine(wide, both(predicate, isLarge));
    statistic = select(isLarge, again, cast(sum, wide));
  } else {
    statistic = combine(wide, predicate);
  }
  rstd = buildRstd(statistic);
  return mul(x, rstd);
}

/// (Σ|x|ᵖ)^(1/p) as m·(Σ(|x|/m)ᵖ)^(1/p) with m = max|x|: powers of values
/// beyond 1 would leave the range of any type.
Value FormulaBuilder::buildPNorm() {
  Value x = cast(input, compute);
  Value magnitude = math::AbsFOp::create(b, cast(x, wide));
  double p = op.getP()->convertToDouble();
  if (p == 1) {
    rstd = buildClamped(reduce(ReduceKind::add, magnitude));
    return mul(x, rstd);
  }
  Value largest = reduce(ReduceKind::max, magnitude);
  // 0 and ∞ divide badly; without a divisor the sum is 0 and ∞ by itself.
  auto is = [&](double value) {
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, largest,
                                 constant(value, wide));
  };
  Value one = constant(1, wide);
  Value unit = arith::SelectOp::create(b, is(0), one, largest);
  unit = arith::SelectOp::create(b, is(INFINITY), one, unit);
  Value power =
      math::PowFOp::create(b, div(magnitude, unit), constant(p, wide));
  Value sum = reduce(ReduceKind::add, power);
  Value root = math::PowFOp::create(b, sum, constant(1 / p, wide));
  rstd = buildClamped(mul(unit, root));
  return mul(x, rstd);
}

Value FormulaBuilder::buildMaximum() {
  Value x = cast(input, compute);
  rstd = buildClamped(reduce(ReduceKind::max, math::AbsFOp::create(b, x)));
  return mul(x, rstd);
}

Value FormulaBuilder::buildActivated() {
  Value x = cast(input, compute);
  if (!op.getAlpha())
    return x;
  return math::TanhOp::create(b, mul(cast(alpha, compute), x));
}

Value FormulaBuilder::buildNormalized() {
  switch (op.getStatistic()) {
  case Statistic::mean_variance:
    return buildCentred();
  case Statistic::rms:
  case Statistic::l2:
    return buildRootMeanSquare();
  case Statistic::lp:
    return buildPNorm();
  case Statistic::max:
    return buildMaximum();
  case Statistic::given: {
    readGiven();
    Value x = cast(input, compute);
    return mul(mean ? sub(x, mean) : x, rstd);
  }
  case Statistic::none:
    return buildActivated();
  }
  llvm_unreachable("all statistics are handled");
}

//===----------------------------------------------------------------------===//
// Scale and shift
//===----------------------------------------------------------------------===//

void FormulaBuilder::readGiven() {
  if (givenMean)
    mean = cast(givenMean, compute);
  rstd = givenRstd ? cast(givenRstd, compute)
                   : buildRstd(cast(givenVariance, compute));
}

Value FormulaBuilder::buildGiven() {
  readGiven();
  Value x = cast(input, compute);
  Value factor = op.getScale() ? mul(buildScale(compute), rstd) : rstd;
  Value term = op.getShift() ? cast(shift, compute) : Value();
  if (mean && op.getFolded()) {
    Value moved = mul(mean, factor);
    term = term ? sub(term, moved) : arith::NegFOp::create(b, moved);
  } else if (mean) {
    x = sub(x, mean);
  }
  return term ? math::FmaOp::create(b, x, factor, term) : mul(x, factor);
}

Value FormulaBuilder::applyAffine(Value y) {
  if (op.getRounding() == Rounding::normalized)
    return buildRoundedAffine(b, y, affine(),
                              op.getInputType().getElementType(), compute);
  if (scale && shift)
    return math::FmaOp::create(b, y, buildScale(compute), cast(shift, compute));
  if (scale)
    return mul(y, buildScale(compute));
  return shift ? add(y, cast(shift, compute)) : y;
}

void FormulaBuilder::build() {
  bool isGiven = op.getStatistic() == Statistic::given;
  Value y = isGiven && op.getRounding() == Rounding::once
                ? buildGiven()
                : applyAffine(buildNormalized());
  auto type = ::cast<RankedTensorType>(op.getResult(0).getType());
  SmallVector<Value> results{cast(y, type.getElementType())};
  if (op.getSaved())
    for (StringRef name : op.getSaved()->getAsValueRange<StringAttr>())
      results.push_back(name == "mean"       ? mean
                        : name == "variance" ? variance
                                             : rstd);
  YieldOp::create(b, results);
}

void normc::buildNormFormula(NormalizeOp op, ValueRange elements, DimsAttr over,
                             ImplicitLocOpBuilder &builder) {
  FormulaBuilder(op, elements, over, builder).build();
}
