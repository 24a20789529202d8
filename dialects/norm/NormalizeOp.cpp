//===- NormalizeOp.cpp - the verifier of norm.normalize -------------------===//

#include "dialects/norm/Norm.h"

#include "llvm/ADT/SmallSet.h"
#include <cmath>

using namespace mlir;
using namespace normc::norm;

Type NormalizeOp::getComputeType() {
  return getInputType().getElementType().isF64()
             ? Type(Float64Type::get(getContext()))
             : Type(Float32Type::get(getContext()));
}

/// Axes are within rank and not listed twice.
static LogicalResult verifyAxes(NormalizeOp op, StringRef what,
                                ArrayRef<int64_t> axes) {
  int64_t rank = op.getInputType().getRank();
  for (auto [i, axis] : llvm::enumerate(axes)) {
    if (rank == 0)
      return op.emitOpError() << "expected no " << what
                              << " of a tensor of rank 0, but got " << axis;
    if (axis < 0 || axis >= rank)
      return op.emitOpError() << "expected " << what << " between 0 and "
                              << rank - 1 << ", but got " << axis;
    if (llvm::is_contained(axes.take_front(i), axis))
      return op.emitOpError() << "expected each axis once in " << what
                              << ", but " << axis << " occurs again";
  }
  return success();
}

static LogicalResult verifyGroups(NormalizeOp op) { // C2
  if (op.getGroups().has_value() != op.getGroupAxis().has_value())
    return op.emitOpError("expected groups and their axis together: "
                          "groups G on A");
  if (!op.getGroups())
    return success();
  int64_t groups = *op.getGroups(), axis = *op.getGroupAxis();
  if (groups < 1)
    return op.emitOpError() << "expected at least 1 group, but got " << groups;
  if (!op.reduces(axis))
    return op.emitOpError() << "expected the group axis to be a reduced axis, "
                               "but got "
                            << axis;
  int64_t extent = op.getInputType().getDimSize(axis);
  if (!ShapedType::isDynamic(extent) && extent % groups != 0)
    return op.emitOpError()
           << "expected the number of groups to divide the extent " << extent
           << " of axis " << axis << ", but got " << groups;
  return success();
}

static LogicalResult
verifyParameter(NormalizeOp op, StringRef name, Value parameter,
                std::optional<ArrayRef<int64_t>> axes) { // C3
  if (!parameter)
    return axes ? op.emitOpError()
                      << "expected no axes of " << name << " without a " << name
                : success();
  if (!axes)
    return op.emitOpError() << "expected the axes that " << name << " is on";
  if (failed(verifyAxes(op, (name + " axes").str(), *axes)))
    return failure();
  auto type = cast<RankedTensorType>(parameter.getType());
  if (type.getRank() != int64_t(axes->size()))
    return op.emitOpError()
           << "expected " << name << " to have rank " << axes->size()
           << ", one axis per listed axis, "
              "but got "
           << type;
  for (auto [i, axis] : llvm::enumerate(*axes)) {
    int64_t expected = op.getInputType().getDimSize(axis);
    if (type.getDimSize(i) != expected)
      return op.emitOpError()
             << "expected extent "
             << (ShapedType::isDynamic(expected) ? "?"
                                                 : std::to_string(expected))
             << " along axis " << i << " of " << name << ", as along axis "
             << axis << " of the input, but got " << type;
  }
  return success();
}

static LogicalResult verifyEpsilon(NormalizeOp op) { // C5
  double epsilon = op.getEpsilon().convertToDouble();
  if (!std::isfinite(epsilon) || epsilon < 0)
    return op.emitOpError()
           << "expected a finite epsilon of at least 0, but got " << epsilon;
  bool isL2 = op.getStatistic() == Statistic::l2;
  EpsilonPlacement placement = op.getPlacement();
  if ((placement == EpsilonPlacement::clamp && !isL2) ||
      (placement == EpsilonPlacement::after_root && isL2))
    return op.emitOpError()
           << "expected epsilon placement add or "
           << (isL2 ? "clamp" : "after_root") << " with statistic "
           << stringifyStatistic(op.getStatistic()) << ", but got "
           << stringifyEpsilonPlacement(placement);
  return success();
}

static LogicalResult verifyElementTypes(NormalizeOp op) { // C6
  for (Type type :
       llvm::concat<const Type>(op->getOperandTypes(), op->getResultTypes())) {
    Type element = cast<RankedTensorType>(type).getElementType();
    if (!isa<Float16Type, BFloat16Type, Float32Type, Float64Type>(element))
      return op.emitOpError()
             << "expected element types f16, bf16, f32 or f64, but got "
             << element;
  }
  return success();
}

/// The shape of a saved statistic: kept axes, and G for a grouped axis.
static SmallVector<int64_t> getSavedShape(NormalizeOp op) {
  SmallVector<int64_t> shape;
  for (auto [axis, extent] : llvm::enumerate(op.getInputType().getShape())) {
    if (op.getGroupAxis() == int64_t(axis))
      shape.push_back(*op.getGroups());
    else if (!op.reduces(axis))
      shape.push_back(extent);
  }
  return shape;
}

static LogicalResult verifyResults(NormalizeOp op) { // C4, C7
  SmallVector<StringRef> names;
  if (op.getSaved())
    for (StringRef name : op.getSaved()->getAsValueRange<StringAttr>())
      names.push_back(name);
  if (op.getNumResults() != names.size() + 1)
    return op.emitOpError()
           << "expected " << names.size() + 1
           << " results (y and the saved ones), but got " << op.getNumResults();
  auto y = cast<RankedTensorType>(op.getResult(0).getType());
  if (y.getShape() != op.getInputType().getShape())
    return op.emitOpError() << "expected a result of the input's shape ("
                            << op.getInputType() << "), but got " << y;
  for (auto [i, name] : llvm::enumerate(names)) {
    bool hasMean = op.getStatistic() == Statistic::mean_variance;
    if (name != "rstd" && !(name == "mean" && hasMean))
      return op.emitOpError() << "expected saved results "
                              << (hasMean ? "\"mean\" or \"rstd\"" : "\"rstd\"")
                              << ", but got \"" << name << "\"";
    if (llvm::is_contained(ArrayRef(names).take_front(i), name))
      return op.emitOpError() << "expected each saved result once, but \""
                              << name << "\" occurs again";
    auto expected =
        RankedTensorType::get(getSavedShape(op), op.getComputeType());
    if (op.getResult(i + 1).getType() != expected)
      return op.emitOpError()
             << "expected saved \"" << name << "\" to be " << expected
             << ", but got " << op.getResult(i + 1).getType();
  }
  return success();
}

static LogicalResult verifyOptions(NormalizeOp op) { // C8, C9
  int64_t correction = op.getCorrection();
  if (correction != 0 && correction != 1)
    return op.emitOpError()
           << "expected correction 0 or 1, but got " << correction;
  if (correction == 1 && op.getStatistic() != Statistic::mean_variance)
    return op.emitOpError() << "expected correction 1 only with statistic "
                               "mean_variance, but got "
                            << stringifyStatistic(op.getStatistic());
  if (correction == 1) {
    int64_t count = 1; // Of a group, as far as it is static.
    bool isStatic = true;
    for (int64_t axis : op.getAxes()) {
      int64_t extent = op.getInputType().getDimSize(axis);
      isStatic &= !ShapedType::isDynamic(extent);
      count *= op.getGroupAxis() == axis ? extent / *op.getGroups() : extent;
    }
    if (isStatic && count < 2)
      return op.emitOpError() << "expected groups of at least 2 elements with "
                                 "correction 1, but got "
                              << count;
  }
  double offset = op.getScaleOffset().convertToDouble();
  if (offset != 0 && offset != 1)
    return op.emitOpError()
           << "expected a scale offset of 0 or 1, but got " << offset;
  if (!op.getScale() && !op.getScaleOffset().isZero())
    return op.emitOpError("expected a scale where there is a scale offset");
  if (!op.getScale() && !op.getShift() && op.getRounding() != Rounding::once)
    return op.emitOpError("expected a scale or a shift where rounding is "
                          "normalized");
  return success();
}

LogicalResult NormalizeOp::verify() {
  if (getInputType().getRank() > 31) // A kernel has at most 32 dims.
    return emitOpError() << "expected an input of at most 31 axes, but got "
                         << getInputType().getRank();
  if (getAxes().empty()) // C1
    return emitOpError("expected at least one axis to normalize over");
  if (failed(verifyAxes(*this, "axes", getAxes())) ||
      failed(verifyGroups(*this)) ||
      failed(verifyParameter(*this, "scale", getScale(), getScaleAxes())) ||
      failed(verifyParameter(*this, "shift", getShift(), getShiftAxes())) ||
      failed(verifyEpsilon(*this)) || failed(verifyElementTypes(*this)) ||
      failed(verifyResults(*this)))
    return failure();
  return verifyOptions(*this);
}
