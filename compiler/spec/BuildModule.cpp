//===- BuildModule.cpp - a NormSpec as IR ---------------------------------===//

#include "compiler/spec/BuildModule.h"

#include "compiler/lowering/shared/ElementTypes.h"
#include "compiler/spec/Quantization.h"
#include "dialects/norm/Norm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;
using namespace normc;

static_assert(kDynamic == ShapedType::kDynamic,
              "the public spelling of a dynamic extent is MLIR's");

// The public enums are cast to the dialect's.
static_assert(int(Statistic::MeanVariance) ==
                  int(norm::Statistic::mean_variance) &&
              int(Statistic::Rms) == int(norm::Statistic::rms) &&
              int(Statistic::L2) == int(norm::Statistic::l2) &&
              int(Statistic::Lp) == int(norm::Statistic::lp) &&
              int(Statistic::Max) == int(norm::Statistic::max) &&
              int(Statistic::Given) == int(norm::Statistic::given) &&
              int(Statistic::None) == int(norm::Statistic::none));
static_assert(int(EpsilonPlacement::Add) == int(norm::EpsilonPlacement::add) &&
              int(EpsilonPlacement::AfterRoot) ==
                  int(norm::EpsilonPlacement::after_root) &&
              int(EpsilonPlacement::Clamp) ==
                  int(norm::EpsilonPlacement::clamp));
static_assert(int(Rounding::Once) == int(norm::Rounding::once) &&
              int(Rounding::Normalized) == int(norm::Rounding::normalized));

namespace {

/// Builds the function argument by argument.
class SpecBuilder {
public:
  SpecBuilder(const NormSpec &spec, MLIRContext &context)
      : spec(spec), b(&context), loc(b.getUnknownLoc()) {}

  OwningOpRef<ModuleOp> build();

private:
  LogicalResult check();
  LogicalResult checkTypes();
  LogicalResult checkEnums();
  bool usesEpsilon() const {
    return spec.statistic != Statistic::None &&
           !(spec.statistic == Statistic::Given && spec.given.isRstd);
  }

  DType computeType() const {
    return spec.dtype == DType::F64 ? DType::F64 : DType::F32;
  }
  /// The kept axes, and the number of groups for a grouped one.
  SmallVector<int64_t> statisticShape() const;

  void addArgument(StringRef name, ArrayRef<int64_t> shape, DType dtype,
                   const std::vector<int64_t> &strides = {});
  void addParameter(StringRef name, const std::optional<Parameter> &parameter);
  void addGiven();
  void addResult(StringRef name, ArrayRef<int64_t> shape, DType dtype,
                 const std::vector<int64_t> &strides = {});
  void addSaved();
  DictionaryAttr attributes(StringRef name,
                            const std::vector<int64_t> &strides);
  norm::NormalizeOp createNormalize(Block &block);

  const NormSpec &spec;
  OpBuilder b;
  Location loc;
  SmallVector<StringRef> argumentNames;
  SmallVector<Type> argumentTypes, resultTypes;
  SmallVector<DictionaryAttr> argumentAttrs, resultAttrs;
  SmallVector<Attribute> saved;
};

} // namespace

//===----------------------------------------------------------------------===//
// What would keep the IR from being built at all; the verifiers do the rest
//===----------------------------------------------------------------------===//

LogicalResult SpecBuilder::checkTypes() {
  std::vector<DType> types = {spec.dtype, spec.outputDtype.value_or(spec.dtype),
                              spec.given.dtype.value_or(spec.dtype)};
  for (const auto *parameter : {&spec.alpha, &spec.scale, &spec.shift})
    if (*parameter)
      types.push_back((*parameter)->dtype.value_or(spec.dtype));
  for (DType type : types)
    if (!toType(b.getContext(), type))
      return emitError(loc)
             << "expected an element type, but got the number " << int(type);
  return success();
}

LogicalResult SpecBuilder::checkEnums() {
  if (!norm::symbolizeStatistic(uint32_t(spec.statistic)))
    return emitError(loc) << "expected a statistic, but got the number "
                          << int(spec.statistic);
  if (!norm::symbolizeEpsilonPlacement(uint32_t(spec.placement)))
    return emitError(loc) << "expected an epsilon placement, but got the "
                             "number "
                          << int(spec.placement);
  if (!norm::symbolizeRounding(uint32_t(spec.rounding)))
    return emitError(loc) << "expected a rounding, but got the number "
                          << int(spec.rounding);
  return checkTypes();
}

LogicalResult SpecBuilder::check() {
  int64_t rank = spec.shape.size();
  if (rank == 0)
    return emitError(loc,
                     "expected a shape of at least one axis, but got none");
  for (auto [axis, extent] : llvm::enumerate(spec.shape))
    if (extent < 0 && extent != kDynamic)
      return emitError(loc) << "expected a non-negative extent along axis "
                            << axis << ", but got " << extent;
  for (int64_t axis : spec.axes)
    if (axis < 0 || axis >= rank)
      return emitError(loc) << "expected axes between 0 and " << rank - 1
                            << ", but got " << axis;
  for (auto [parameter, name] :
       {std::pair(&spec.alpha, "alpha"), std::pair(&spec.scale, "scale"),
        std::pair(&spec.shift, "shift")}) {
    if (!*parameter)
      continue;
    for (int64_t axis : (*parameter)->axes)
      if (axis < 0 || axis >= rank)
        return emitError(loc) << "expected " << name << " axes between 0 and "
                              << rank - 1 << ", but got " << axis;
  }
  return checkEnums();
}

//===----------------------------------------------------------------------===//
// Arguments and results
//===----------------------------------------------------------------------===//

DictionaryAttr SpecBuilder::attributes(StringRef name,
                                       const std::vector<int64_t> &strides) {
  NamedAttrList list;
  list.set(norm::kNameAttr, b.getStringAttr(name));
  if (!strides.empty())
    list.set(norm::kStridesAttr, b.getDenseI64ArrayAttr(strides));
  return list.getDictionary(b.getContext());
}

void SpecBuilder::addArgument(StringRef name, ArrayRef<int64_t> shape,
                              DType dtype,
                              const std::vector<int64_t> &strides) {
  argumentNames.push_back(name);
  argumentTypes.push_back(
      RankedTensorType::get(shape, toType(b.getContext(), dtype)));
  argumentAttrs.push_back(attributes(name, strides));
}

void SpecBuilder::addResult(StringRef name, ArrayRef<int64_t> shape,
                            DType dtype, const std::vector<int64_t> &strides) {
  resultTypes.push_back(
      RankedTensorType::get(shape, toType(b.getContext(), dtype)));
  resultAttrs.push_back(attributes(name, strides));
}

void SpecBuilder::addParameter(StringRef name,
                               const std::optional<Parameter> &parameter) {
  if (!parameter)
    return;
  SmallVector<int64_t> shape;
  for (int64_t axis : parameter->axes) {
    bool isPerGroup = spec.perGroup && spec.groups && axis == spec.groupAxis;
    shape.push_back(isPerGroup ? *spec.groups : spec.shape[axis]);
  }
  addArgument(name, shape, parameter->dtype.value_or(spec.dtype),
              parameter->strides);
}

SmallVector<int64_t> SpecBuilder::statisticShape() const {
  SmallVector<int64_t> shape;
  for (auto [axis, extent] : llvm::enumerate(spec.shape)) {
    if (spec.groups && spec.groupAxis == int64_t(axis))
      shape.push_back(*spec.groups);
    else if (!llvm::is_contained(spec.axes, int64_t(axis)))
      shape.push_back(extent);
  }
  return shape;
}

void SpecBuilder::addGiven() {
  if (spec.statistic != Statistic::Given)
    return;
  DType dtype = spec.given.dtype.value_or(computeType());
  if (spec.given.hasMean)
    addArgument("mean", statisticShape(), dtype, spec.given.strides);
  addArgument(spec.given.isRstd ? "rstd" : "variance", statisticShape(), dtype,
              spec.given.strides);
}

void SpecBuilder::addSaved() {
  for (auto [wanted, name] : {std::pair(spec.saveMean, "mean"),
                              std::pair(spec.saveVariance, "variance"),
                              std::pair(spec.saveRstd, "rstd")}) {
    if (!wanted)
      continue;
    addResult(name, statisticShape(), computeType());
    saved.push_back(b.getStringAttr(name));
  }
}

//===----------------------------------------------------------------------===//
// The op
//===----------------------------------------------------------------------===//

norm::NormalizeOp SpecBuilder::createNormalize(Block &block) {
  auto operand = [&](StringRef name) {
    auto found = llvm::find(argumentNames, name);
    return found == argumentNames.end()
               ? Value()
               : block.getArgument(found - argumentNames.begin());
  };
  auto axesOf = [&](const std::optional<Parameter> &parameter) {
    return parameter ? b.getDenseI64ArrayAttr(parameter->axes)
                     : DenseI64ArrayAttr();
  };
  auto number = [&](std::optional<double> value) {
    return value ? b.getF64FloatAttr(*value) : FloatAttr();
  };
  bool isLp = spec.statistic == Statistic::Lp;
  bool isGrouped = spec.groups.has_value();
  bool isFolded = spec.statistic == Statistic::Given && spec.given.folded &&
                  spec.rounding == Rounding::Once;
  return norm::NormalizeOp::create(
      b, NameLoc::get(b.getStringAttr("y")), resultTypes,
      norm::StatisticAttr::get(b.getContext(), norm::Statistic(spec.statistic)),
      operand("x"), operand("mean"), operand("variance"), operand("rstd"),
      operand("alpha"), operand("scale"), operand("shift"),
      b.getDenseI64ArrayAttr(spec.axes),
      number(usesEpsilon() ? std::optional(spec.epsilon) : std::nullopt),
      norm::EpsilonPlacementAttr::get(b.getContext(),
                                      norm::EpsilonPlacement(spec.placement)),
      number(isLp ? std::optional(spec.p) : std::nullopt), number(spec.partial),
      isGrouped ? b.getI64IntegerAttr(*spec.groups) : IntegerAttr(),
      isGrouped ? b.getI64IntegerAttr(spec.groupAxis) : IntegerAttr(),
      spec.perGroup ? b.getUnitAttr() : UnitAttr(), axesOf(spec.alpha),
      axesOf(spec.scale), axesOf(spec.shift),
      b.getF64FloatAttr(spec.scaleOffset),
      norm::RoundingAttr::get(b.getContext(), norm::Rounding(spec.rounding)),
      b.getI64IntegerAttr(spec.correction),
      isFolded ? b.getUnitAttr() : UnitAttr(),
      saved.empty() ? ArrayAttr() : b.getArrayAttr(saved));
}

OwningOpRef<ModuleOp> SpecBuilder::build() {
  if (failed(check()))
    return {};
  addArgument("x", spec.shape, spec.dtype, spec.inputStrides);
  addGiven();
  addParameter("alpha", spec.alpha);
  addParameter("scale", spec.scale);
  addParameter("shift", spec.shift);
  addResult("y", spec.shape, spec.outputDtype.value_or(spec.dtype),
            spec.outputStrides);
  addSaved();

  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  b.setInsertionPointToEnd(module->getBody());
  auto func = func::FuncOp::create(
      b, loc, spec.name, b.getFunctionType(argumentTypes, resultTypes));
  func.setAllArgAttrs(argumentAttrs);
  func.setAllResultAttrs(resultAttrs);
  Block *block = func.addEntryBlock();
  // The names of values, where IR is printed with them.
  for (auto [argument, name] :
       llvm::zip_equal(block->getArguments(), argumentNames))
    argument.setLoc(NameLoc::get(b.getStringAttr(name)));
  b.setInsertionPointToStart(block);
  func::ReturnOp::create(b, loc, createNormalize(*block).getResults());
  if (failed(verify(*module)))
    return {};
  return module;
}

/// The norm alone, and then what is around it.
static OwningOpRef<ModuleOp> buildQuantizedModule(const NormSpec &spec,
                                                  MLIRContext &context) {
  context.loadDialect<arith::ArithDialect, math::MathDialect>();
  const NormSpec inner = withoutQuantization(spec);
  OwningOpRef<ModuleOp> module = SpecBuilder(inner, context).build();
  if (!module || failed(checkQuantization(spec, module->getLoc())))
    return {};
  addQuantization(spec, *module->getOps<func::FuncOp>().begin());
  if (failed(verify(*module)))
    return {};
  return module;
}

OwningOpRef<ModuleOp> normc::buildModule(const NormSpec &spec,
                                         MLIRContext &context) {
  context.loadDialect<func::FuncDialect, norm::NormDialect>();
  if (spec.quantization || spec.inputScale)
    return buildQuantizedModule(spec, context);
  return SpecBuilder(spec, context).build();
}
