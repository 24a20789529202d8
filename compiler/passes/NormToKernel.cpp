//===- NormToKernel.cpp - norm-to-kernel ----------------------------------===//

#include "compiler/passes/Passes.h"
#include "dialects/norm/Norm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <cmath>

namespace normc {
#define GEN_PASS_DEF_NORMTOKERNEL
#include "compiler/passes/Passes.h.inc"
} // namespace normc

using namespace mlir;
using namespace normc;
using namespace normc::norm;

namespace {

/// Names a dim for every axis of a declared norm, two for a grouped axis.
struct NormDims {
  SpaceAttr space;
  SmallVector<DimsAttr> axes; ///< Per axis of the input.
  DimsAttr reduced;
  SmallVector<StringAttr> kept; ///< In axis order, groups in the axis' place.

  explicit NormDims(NormalizeOp op);
  MapAttr map(MLIRContext *context, ArrayRef<int64_t> which) const {
    SmallVector<DimsAttr> lists;
    for (int64_t axis : which)
      lists.push_back(axes[axis]);
    return MapAttr::get(context, lists);
  }
};

/// Writes the formula of one declared norm into a kernel's body.
class NormBody {
public:
  NormBody(NormalizeOp op, const NormDims &dims, ImplicitLocOpBuilder &builder,
           ValueRange elements)
      : op(op), dims(dims), b(builder), elements(elements),
        compute(op.getComputeType()) {
    // Squares of bf16 leave the range of f32.
    bool isBF16 = op.getInputType().getElementType().isBF16();
    statistic = isBF16 ? Type(builder.getF64Type()) : compute;
  }

  void build();

private:
  /// x̂, and the saved statistics by name.
  Value buildNormalized();
  Value buildRstd(Value value);
  Value applyAffine(Value normalized);

  /// In the type of the statistic.
  Value constant(double value) {
    return arith::ConstantOp::create(b, b.getFloatAttr(statistic, value));
  }
  Value cast(Value value, Type type);
  /// `value` rounded to `type`, in the compute type.
  Value roundTo(Value value, Type type) {
    return cast(cast(value, type), compute);
  }
  /// By position: one tensor may be several operands.
  Value inputElement() { return elements[0]; }
  Value scaleElement() { return elements[1]; }
  Value shiftElement() { return elements[op.getScale() ? 2 : 1]; }

  NormalizeOp op;
  const NormDims &dims;
  ImplicitLocOpBuilder &b;
  ValueRange elements;
  Type compute;
  Type statistic; ///< In which sums are taken, and rstd up to its rounding.
  Value mean, rstd;
};

} // namespace

NormDims::NormDims(NormalizeOp op) {
  MLIRContext *context = op.getContext();
  RankedTensorType type = op.getInputType();
  SmallVector<StringAttr> names, over;
  SmallVector<int64_t> extents;
  auto add = [&](const Twine &name, int64_t extent) {
    names.push_back(StringAttr::get(context, name));
    extents.push_back(extent);
    return names.back();
  };
  size_t numReduced = op.getAxes().size() - (op.getGroups() ? 1 : 0);
  size_t numKept = type.getRank() - op.getAxes().size();
  for (auto [axis, extent] : llvm::enumerate(type.getShape())) {
    if (op.getGroupAxis() == int64_t(axis)) {
      int64_t groups = *op.getGroups();
      StringAttr g = add("g", groups);
      StringAttr c =
          add("c", ShapedType::isDynamic(extent) ? extent : extent / groups);
      axes.push_back(DimsAttr::get(context, ArrayRef<StringAttr>{g, c}));
      kept.push_back(g);
      over.push_back(c);
      continue;
    }
    bool isReduced = op.reduces(axis);
    bool isOnly = (isReduced ? numReduced : numKept) == 1;
    StringAttr name = add(Twine(isReduced ? "j" : "i") +
                              (isOnly ? std::string() : std::to_string(axis)),
                          extent);
    axes.push_back(DimsAttr::get(context, ArrayRef<StringAttr>{name}));
    (isReduced ? over : kept).push_back(name);
  }
  space = SpaceAttr::get(context, names, extents);
  reduced = DimsAttr::get(context, over);
}

Value NormBody::cast(Value value, Type type) {
  unsigned from = value.getType().getIntOrFloatBitWidth();
  unsigned to = type.getIntOrFloatBitWidth();
  if (value.getType() == type)
    return value;
  if (from < to)
    return arith::ExtFOp::create(b, type, value);
  if (from > to)
    return arith::TruncFOp::create(b, type, value);
  // f16 and bf16: neither holds the other, so through f32.
  return cast(arith::ExtFOp::create(b, b.getF32Type(), value), type);
}

/// 1 / √(statistic + ε), 1 / (root + ε) or 1 / max(root, ε); 0 where ε = 0 and
/// the statistic is 0, so that a zero group normalizes to zero.
Value NormBody::buildRstd(Value value) {
  double epsilon = op.getEpsilon().convertToDouble();
  Value eps = constant(epsilon), result;
  if (op.getPlacement() == EpsilonPlacement::add) {
    result = math::RsqrtOp::create(
        b, arith::AddFOp::create(b, value, eps).getResult());
  } else {
    Value root = math::SqrtOp::create(b, value);
    Value divisor = op.getPlacement() == EpsilonPlacement::clamp
                        ? arith::MaximumFOp::create(b, root, eps).getResult()
                        : arith::AddFOp::create(b, root, eps).getResult();
    result = arith::DivFOp::create(b, constant(1), divisor);
  }
  // An epsilon may be too small for the statistic's type, or its reciprocal too
  // large.
  bool vanishes = statistic.isF64() ? std::isinf(1 / epsilon)
                                    : std::isinf(1 / float(epsilon));
  if (vanishes) {
    Value zero = constant(0);
    Value isZero =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, value, zero);
    result = arith::SelectOp::create(b, isZero, zero, result);
  }
  return cast(result, compute);
}

Value NormBody::buildNormalized() {
  Value x = cast(inputElement(), compute), wide = cast(x, statistic);
  if (op.getStatistic() != Statistic::mean_variance) {
    Value square = arith::MulFOp::create(b, wide, wide);
    ReduceKind kind = op.getStatistic() == Statistic::rms ? ReduceKind::mean
                                                          : ReduceKind::add;
    rstd = buildRstd(
        ReduceOp::create(b, statistic, kind, square, dims.reduced, Value()));
    return arith::MulFOp::create(b, x, rstd);
  }
  auto moments = MomentsOp::create(b, statistic, statistic, statistic,
                                   statistic, wide, dims.reduced, Value());
  Value count = moments.getCount();
  if (op.getCorrection() == 1)
    count = arith::SubFOp::create(b, count, constant(1));
  rstd = buildRstd(arith::DivFOp::create(b, moments.getM2(), count));
  Value both = arith::AddFOp::create(b, moments.getMean(), moments.getDelta());
  mean = cast(both, compute);
  Value high = moments.getMean(), delta = moments.getDelta();
  if (statistic != compute) { // One number of f64 is two of f32.
    high = mean;
    delta =
        cast(arith::SubFOp::create(b, both, cast(mean, statistic)).getResult(),
             compute);
  }
  Value centred = arith::SubFOp::create(b, x, high);
  centred = arith::SubFOp::create(b, centred, delta);
  return arith::MulFOp::create(b, centred, rstd);
}

/// The type that both hold: the wider one, or f32 for f16 with bf16.
static Type promote(Type a, Type b) {
  if (a == b)
    return a;
  unsigned wa = a.getIntOrFloatBitWidth(), wb = b.getIntOrFloatBitWidth();
  if (wa == wb)
    return Float32Type::get(a.getContext());
  return wa > wb ? a : b;
}

Value NormBody::applyAffine(Value y) {
  Type input = op.getInputType().getElementType();
  bool normalized = op.getRounding() == Rounding::normalized;
  if (normalized)
    y = roundTo(y, input);
  Value scale, shift;
  Type type = input;
  if (op.getScale()) {
    Value parameter = scaleElement();
    type = promote(type, parameter.getType());
    scale = cast(parameter, compute);
    if (!op.getScaleOffset().isZero())
      scale = arith::AddFOp::create(
          b, scale,
          arith::ConstantOp::create(
              b,
              b.getFloatAttr(compute, op.getScaleOffset().convertToDouble())));
  }
  if (op.getShift())
    shift = cast(shiftElement(), compute);
  if (scale && shift && !normalized)
    return math::FmaOp::create(b, y, scale, shift);
  if (scale)
    y = arith::MulFOp::create(b, y, scale);
  if (scale && normalized)
    y = roundTo(y, type);
  if (shift) {
    type = promote(type, shiftElement().getType());
    y = arith::AddFOp::create(b, y, shift);
    if (normalized)
      y = roundTo(y, type);
  }
  return y;
}

void NormBody::build() {
  Value normalized = buildNormalized();
  Value y = applyAffine(normalized);
  SmallVector<Value> results{cast(
      y, ::cast<RankedTensorType>(op.getResult(0).getType()).getElementType())};
  if (op.getSaved())
    for (StringRef name : op.getSaved()->getAsValueRange<StringAttr>())
      results.push_back(name == "mean" ? mean : rstd);
  YieldOp::create(b, results);
}

static void lowerNormalize(NormalizeOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  MLIRContext *context = op.getContext();
  NormDims dims(op);
  auto all =
      llvm::to_vector(llvm::seq<int64_t>(0, op.getInputType().getRank()));
  SmallVector<Attribute> inputMaps{dims.map(context, all)};
  if (op.getScale())
    inputMaps.push_back(dims.map(context, *op.getScaleAxes()));
  if (op.getShift())
    inputMaps.push_back(dims.map(context, *op.getShiftAxes()));

  SmallVector<Attribute> outputMaps{dims.map(context, all)};
  SmallVector<DimsAttr> keptAxes;
  for (StringAttr name : dims.kept)
    keptAxes.push_back(DimsAttr::get(context, ArrayRef<StringAttr>{name}));
  for (unsigned i = 1; i < op.getNumResults(); ++i)
    outputMaps.push_back(MapAttr::get(context, keptAxes));

  auto kernel = KernelOp::create(b, op.getResultTypes(), op.getOperands(),
                                 dims.space, b.getArrayAttr(inputMaps),
                                 b.getArrayAttr(outputMaps), ArrayAttr());
  Block *block = b.createBlock(&kernel.getBody());
  for (Value operand : op.getOperands())
    block->addArgument(getElementTypeOrSelf(operand.getType()), op.getLoc());
  b.setInsertionPointToStart(block);
  NormBody(op, dims, b, block->getArguments()).build();
  op->replaceAllUsesWith(kernel);
  op.erase();
}

/// An elementwise op on tensors of one shape becomes a kernel of that op.
static void lowerElementwise(Operation *op) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  ImplicitLocOpBuilder b(op->getLoc(), op);
  SmallVector<StringAttr> names;
  SmallVector<DimsAttr> axes;
  for (int64_t axis = 0; axis < type.getRank(); ++axis) {
    names.push_back(b.getStringAttr("i" + Twine(axis)));
    axes.push_back(
        DimsAttr::get(b.getContext(), ArrayRef<StringAttr>{names.back()}));
  }
  MapAttr map = MapAttr::get(b.getContext(), axes);
  SmallVector<Attribute> inputMaps;
  for (Value operand : op->getOperands())
    inputMaps.push_back(isa<RankedTensorType>(operand.getType())
                            ? map
                            : MapAttr::get(b.getContext(), {}));
  auto kernel = KernelOp::create(
      b, TypeRange(type), op->getOperands(),
      SpaceAttr::get(b.getContext(), names, type.getShape()),
      b.getArrayAttr(inputMaps), b.getArrayAttr({map}), ArrayAttr());
  Block *block = b.createBlock(&kernel.getBody());
  for (Value operand : op->getOperands())
    block->addArgument(getElementTypeOrSelf(operand.getType()), op->getLoc());
  b.setInsertionPointToStart(block);
  OperationState state(op->getLoc(), op->getName());
  state.addOperands(ValueRange(block->getArguments()));
  state.addTypes(type.getElementType());
  state.attributes = op->getAttrDictionary();
  YieldOp::create(b, b.create(state)->getResults());
  op->replaceAllUsesWith(kernel);
  op->erase();
}

namespace {
struct NormToKernel : normc::impl::NormToKernelBase<NormToKernel> {
  void runOnOperation() override {
    for (Operation &op :
         llvm::make_early_inc_range(getOperation().getBody().getOps())) {
      if (auto normalize = dyn_cast<NormalizeOp>(op)) {
        lowerNormalize(normalize);
        ++numNorms;
      } else if (op.hasTrait<OpTrait::Elementwise>() &&
                 op.getNumResults() == 1 &&
                 isa<RankedTensorType>(op.getResult(0).getType())) {
        lowerElementwise(&op);
        ++numElementwise;
      }
    }
  }
};
} // namespace
