//===- NormalizeOp.cpp - the verifier of norm.normalize -------------------===//

#include "dialects/norm/Norm.h"

#include "llvm/ADT/StringExtras.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace normc::norm;

Type NormalizeOp::getComputeType() {
  return getInputType().getElementType().isF64()
             ? Type(Float64Type::get(getContext()))
             : Type(Float32Type::get(getContext()));
}

SmallVector<int64_t> NormalizeOp::getStatisticShape() {
  SmallVector<int64_t> shape;
  for (auto [axis, extent] : llvm::enumerate(getInputType().getShape())) {
    if (getGroupAxis() == int64_t(axis))
      shape.push_back(*getGroups());
    else if (!reduces(axis))
      shape.push_back(extent);
  }
  return shape;
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
  if (groups > std::numeric_limits<int32_t>::max())
    return op.emitOpError()
           << "expected at most " << std::numeric_limits<int32_t>::max()
           << " groups, but got " << groups;
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

/// The extent along one axis of an operand that lives on axes of the input.
static LogicalResult verifyExtent(NormalizeOp op, StringRef name, unsigned i,
                                  RankedTensorType type, int64_t axis) {
  bool isPerGroup = op.getPerGroup() && op.getGroupAxis() == axis;
  int64_t expected =
      isPerGroup ? *op.getGroups() : op.getInputType().getDimSize(axis);
  if (type.getDimSize(i) == expected)
    return success();
  InFlightDiagnostic diagnostic = op.emitOpError();
  diagnostic << "expected extent "
             << (ShapedType::isDynamic(expected) ? "?"
                                                 : std::to_string(expected))
             << " along axis " << i << " of " << name << ", ";
  if (isPerGroup)
    diagnostic << "one per group";
  else
    diagnostic << "as along axis " << axis << " of the input";
  return diagnostic << ", but got " << type;
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
  for (auto [i, axis] : llvm::enumerate(*axes))
    if (failed(verifyExtent(op, name, i, type, axis)))
      return failure();
  return success();
}

static LogicalResult verifyPerGroup(NormalizeOp op) { // C14
  if (!op.getPerGroup())
    return success();
  auto isOnGroups = [&](std::optional<ArrayRef<int64_t>> axes) {
    return axes && llvm::is_contained(*axes, *op.getGroupAxis());
  };
  if (!op.getGroups())
    return op.emitOpError("expected groups where parameters are per_group");
  if (!isOnGroups(op.getScaleAxes()) && !isOnGroups(op.getShiftAxes()))
    return op.emitOpError()
           << "expected a scale or shift on the group axis "
           << *op.getGroupAxis() << " where parameters are per_group";
  return success();
}

/// Where epsilon may enter a statistic.
static ArrayRef<EpsilonPlacement> getPlacements(Statistic statistic) {
  static const EpsilonPlacement roots[] = {EpsilonPlacement::add,
                                           EpsilonPlacement::after_root};
  static const EpsilonPlacement norms[] = {EpsilonPlacement::add,
                                           EpsilonPlacement::clamp};
  switch (statistic) {
  case Statistic::mean_variance:
  case Statistic::rms:
  case Statistic::given:
    return roots;
  case Statistic::l2:
    return norms;
  case Statistic::lp:
  case Statistic::max:
    return ArrayRef(norms).drop_front();
  case Statistic::none:
    return ArrayRef(roots).take_front();
  }
  llvm_unreachable("all statistics are handled");
}

static LogicalResult verifyEpsilon(NormalizeOp op) { // C5
  Statistic statistic = op.getStatistic();
  bool divides =
      statistic != Statistic::none &&
      !(statistic == Statistic::given && op.getRstd() && !op.getVariance());
  if (op.getEpsilon().has_value() != divides)
    return op.emitOpError()
           << "expected " << (divides ? "an" : "no") << " epsilon with "
           << (statistic == Statistic::given && !divides
                   ? "a given rstd"
                   : "statistic " + stringifyStatistic(statistic).str());
  if (divides) {
    double epsilon = op.getEpsilon()->convertToDouble();
    if (!std::isfinite(epsilon) || epsilon < 0)
      return op.emitOpError()
             << "expected a finite epsilon of at least 0, but got " << epsilon;
  }
  ArrayRef<EpsilonPlacement> placements = getPlacements(statistic);
  EpsilonPlacement placement = op.getPlacement();
  if (llvm::is_contained(placements, placement))
    return success();
  std::string expected;
  for (EpsilonPlacement one : placements)
    expected +=
        (expected.empty() ? "" : " or ") + stringifyEpsilonPlacement(one).str();
  return op.emitOpError() << "expected epsilon placement " << expected
                          << " with statistic " << stringifyStatistic(statistic)
                          << ", but got "
                          << stringifyEpsilonPlacement(placement);
}

static LogicalResult verifyLp(NormalizeOp op) { // C10
  bool isLp = op.getStatistic() == Statistic::lp;
  if (op.getP().has_value() != isLp)
    return op.emitOpError()
           << "expected " << (isLp ? "a" : "no") << " p with statistic "
           << stringifyStatistic(op.getStatistic());
  if (!isLp)
    return success();
  double p = op.getP()->convertToDouble();
  if (!std::isfinite(p) || p < 1)
    return op.emitOpError()
           << "expected a finite p of at least 1, but got " << p;
  return success();
}

static LogicalResult verifyGiven(NormalizeOp op) { // C11
  bool isGiven = op.getStatistic() == Statistic::given;
  if (isGiven && bool(op.getVariance()) == bool(op.getRstd()))
    return op.emitOpError() << "expected either a variance or an rstd with "
                               "statistic given, but got "
                            << (op.getRstd() ? "both" : "none");
  for (auto [value, name] : {std::pair(op.getMean(), "mean"),
                             std::pair(op.getVariance(), "variance"),
                             std::pair(op.getRstd(), "rstd")}) {
    if (!value)
      continue;
    if (!isGiven)
      return op.emitOpError()
             << "expected no " << name << " with statistic "
             << stringifyStatistic(op.getStatistic()) << ", only with given";
    auto type = cast<RankedTensorType>(value.getType());
    auto expected =
        RankedTensorType::get(op.getStatisticShape(), type.getElementType());
    if (type.getShape() != expected.getShape())
      return op.emitOpError() << "expected " << name << " to be " << expected
                              << ", shaped as the kept axes, but got " << type;
  }
  if (op.getFolded() && !isGiven)
    return op.emitOpError() << "expected folded only with statistic given, but "
                               "got "
                            << stringifyStatistic(op.getStatistic());
  if (op.getFolded() && op.getRounding() != Rounding::once)
    return op.emitOpError("expected rounding once where the statistic is "
                          "folded, but got normalized");
  return success();
}

static LogicalResult verifyTanh(NormalizeOp op) { // C12
  if (op.getAlpha() && op.getStatistic() != Statistic::none)
    return op.emitOpError()
           << "expected tanh only with statistic none, but got "
           << stringifyStatistic(op.getStatistic());
  return verifyParameter(op, "alpha", op.getAlpha(), op.getAlphaAxes());
}

static LogicalResult verifyPartial(NormalizeOp op) { // C13
  if (!op.getPartial())
    return success();
  if (op.getStatistic() != Statistic::rms || op.getAxes().size() != 1 ||
      op.getGroups())
    return op.emitOpError("expected partial only with statistic rms over one "
                          "axis without groups");
  double part = op.getPartial()->convertToDouble();
  if (!(part > 0 && part <= 1))
    return op.emitOpError()
           << "expected partial above 0 and at most 1, but got " << part;
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
  SmallVector<StringRef> known;
  if (op.getStatistic() == Statistic::mean_variance)
    known = {"mean", "variance"};
  if (op.computesStatistic())
    known.push_back("rstd");
  for (auto [i, name] : llvm::enumerate(names)) {
    if (!llvm::is_contained(known, name))
      return op.emitOpError()
             << "expected saved results of statistic "
             << stringifyStatistic(op.getStatistic()) << " among ["
             << llvm::join(known, ", ") << "], but got \"" << name << "\"";
    if (llvm::is_contained(ArrayRef(names).take_front(i), name))
      return op.emitOpError() << "expected each saved result once, but \""
                              << name << "\" occurs again";
    auto expected =
        RankedTensorType::get(op.getStatisticShape(), op.getComputeType());
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
                          "normalized, but got neither");
  return success();
}

LogicalResult NormalizeOp::verify() {
  if (getInputType().getRank() > 31) // A kernel has at most 32 dims.
    return emitOpError() << "expected an input of at most 31 axes, but got "
                         << getInputType().getRank();
  if (getAxes().empty() != (getStatistic() == Statistic::none)) // C1
    return emitOpError() << "expected "
                         << (getAxes().empty() ? "at least one axis"
                                               : "no axes")
                         << " to normalize over with statistic "
                         << stringifyStatistic(getStatistic());
  if (failed(verifyAxes(*this, "axes", getAxes())) ||
      failed(verifyGroups(*this)) || failed(verifyPerGroup(*this)) ||
      failed(verifyParameter(*this, "scale", getScale(), getScaleAxes())) ||
      failed(verifyParameter(*this, "shift", getShift(), getShiftAxes())) ||
      failed(verifyTanh(*this)) || failed(verifyLp(*this)) ||
      failed(verifyGiven(*this)) || failed(verifyPartial(*this)) ||
      failed(verifyEpsilon(*this)) || failed(verifyElementTypes(*this)) ||
      failed(verifyResults(*this)))
    return failure();
  return verifyOptions(*this);
}
