//===- BuildModule.cpp - a NormSpec as IR ---------------------------------===//

#include "compiler/spec/BuildModule.h"

#include "compiler/lowering/shared/ElementTypes.h"
#include "compiler/spec/Epilogue.h"
#include "compiler/spec/Prologue.h"
#include "compiler/spec/Quantization.h"
#include "compiler/spec/SpecChecks.h"
#include "dialects/norm/Norm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
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
      : spec(spec), facts{spec}, b(UnknownLoc::get(&context), &context) {}

  OwningOpRef<ModuleOp> build();

private:
  bool usesEpsilon() const {
    return spec.statistic != Statistic::None &&
           !(spec.statistic == Statistic::Given && spec.given.isRstd);
  }

  RankedTensorType tensorOf(ArrayRef<int64_t> shape, DType dtype) {
    return RankedTensorType::get(shape, toType(b.getContext(), dtype));
  }
  void addArgument(StringRef name, ArrayRef<int64_t> shape, DType dtype,
                   const std::vector<int64_t> &strides = {});
  void addParameter(StringRef name, const std::optional<Parameter> &parameter,
                    bool perGroup = false);
  void addGiven();
  void addModulation();
  void addDropout();
  void addArguments();
  void addResult(StringRef name, Value value,
                 const std::vector<int64_t> &strides = {});
  DictionaryAttr attributes(StringRef name,
                            const std::vector<int64_t> &strides);

  norm::NormalizeOp createNormalize(Value input, bool isSecond);
  Value createSecond(Value input, Value normalized);
  void buildBody();

  const NormSpec &spec;
  SpecFacts facts;
  ImplicitLocOpBuilder b;
  SpecOperands operands;
  SmallVector<StringRef> argumentNames;
  SmallVector<Type> argumentTypes;
  SmallVector<Value> results;
  SmallVector<DictionaryAttr> argumentAttrs, resultAttrs;
};

} // namespace

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
  argumentTypes.push_back(tensorOf(shape, dtype));
  argumentAttrs.push_back(attributes(name, strides));
}

void SpecBuilder::addResult(StringRef name, Value value,
                            const std::vector<int64_t> &strides) {
  results.push_back(value);
  resultAttrs.push_back(attributes(name, strides));
}

void SpecBuilder::addParameter(StringRef name,
                               const std::optional<Parameter> &parameter,
                               bool perGroup) {
  if (parameter)
    addArgument(name, facts.shapeOn(parameter->axes, perGroup),
                parameter->dtype.value_or(spec.dtype), parameter->strides);
}

void SpecBuilder::addGiven() {
  if (spec.statistic != Statistic::Given)
    return;
  DType dtype = spec.given.dtype.value_or(facts.statisticDtype());
  SmallVector<int64_t> shape = facts.statisticShape();
  if (spec.given.hasMean)
    addArgument("mean", shape, dtype, spec.given.strides);
  addArgument(spec.given.isRstd ? "rstd" : "variance", shape, dtype,
              spec.given.strides);
}

void SpecBuilder::addModulation() {
  if (!spec.modulation)
    return;
  Parameter each{spec.modulation->axes, spec.modulation->dtype,
                 spec.modulation->strides};
  if (spec.modulation->hasScale)
    addParameter("modulation_scale", each);
  if (spec.modulation->hasShift)
    addParameter("modulation_shift", each);
}

void SpecBuilder::addDropout() {
  if (!spec.dropout)
    return;
  addArgument("seed", {}, DType::I64);
  addArgument("offset", {}, DType::I64);
}

void SpecBuilder::addArguments() {
  addArgument("x", spec.shape, spec.dtype, spec.inputStrides);
  addParameter("bias", spec.bias);
  if (const auto &residual = spec.residual) {
    addArgument("residual", spec.shape, residual->dtype.value_or(spec.dtype),
                residual->strides);
    addParameter("residual_gate", residual->gate);
  }
  if (spec.gate)
    addArgument("gate", spec.shape, spec.gate->dtype.value_or(spec.dtype),
                spec.gate->strides);
  addGiven();
  addParameter("alpha", spec.alpha);
  addParameter("scale", spec.scale, spec.perGroup);
  addParameter("shift", spec.shift, spec.perGroup);
  addModulation();
  if (spec.second) {
    addParameter("scale2", spec.second->scale, spec.perGroup);
    addParameter("shift2", spec.second->shift, spec.perGroup);
  }
  addDropout();
}

//===----------------------------------------------------------------------===//
// The op
//===----------------------------------------------------------------------===//

/// The norm that y comes from, with the saved statistics; or that y2 does.
norm::NormalizeOp SpecBuilder::createNormalize(Value input, bool isSecond) {
  const std::optional<Parameter> none;
  bool isApart = facts.isAffineApart();
  const auto &scale = isApart    ? none
                      : isSecond ? spec.second->scale
                                 : spec.scale;
  const auto &shift = isApart    ? none
                      : isSecond ? spec.second->shift
                                 : spec.shift;
  double offset = isSecond ? spec.second->scaleOffset : spec.scaleOffset;
  DType dtype = isSecond ? spec.second->dtype.value_or(spec.dtype)
                         : facts.normOutputDtype();
  SmallVector<Type> types{tensorOf(spec.shape, dtype)};
  SmallVector<Attribute> saved;
  for (auto [wanted, name] : {std::pair(spec.saveMean, "mean"),
                              std::pair(spec.saveVariance, "variance"),
                              std::pair(spec.saveRstd, "rstd")})
    if (wanted && !isSecond) {
      types.push_back(tensorOf(facts.statisticShape(), facts.statisticDtype()));
      saved.push_back(b.getStringAttr(name));
    }
  auto axesOf = [&](const std::optional<Parameter> &parameter) {
    return parameter ? b.getDenseI64ArrayAttr(parameter->axes)
                     : DenseI64ArrayAttr();
  };
  auto number = [&](std::optional<double> value) {
    return value ? b.getF64FloatAttr(*value) : FloatAttr();
  };
  auto unit = [&](bool isSet) { return isSet ? b.getUnitAttr() : UnitAttr(); };
  auto operandOf = [&](const std::optional<Parameter> &parameter,
                       StringRef name, StringRef second) {
    return parameter ? operands.lookup(isSecond ? second : name) : Value();
  };
  bool isLp = spec.statistic == Statistic::Lp;
  bool isGrouped = spec.groups.has_value();
  Rounding rounding = isApart ? Rounding::Once : spec.rounding;
  bool isFolded = spec.statistic == Statistic::Given && spec.given.folded &&
                  spec.rounding == Rounding::Once;
  auto name = b.getStringAttr(isSecond ? "y2" : "y");
  return norm::NormalizeOp::create(
      b, NameLoc::get(name), types,
      norm::StatisticAttr::get(b.getContext(), norm::Statistic(spec.statistic)),
      input, operands.lookup("mean"), operands.lookup("variance"),
      operands.lookup("rstd"), operands.lookup("alpha"),
      operandOf(scale, "scale", "scale2"), operandOf(shift, "shift", "shift2"),
      b.getDenseI64ArrayAttr(spec.axes),
      number(usesEpsilon() ? std::optional(spec.epsilon) : std::nullopt),
      norm::EpsilonPlacementAttr::get(b.getContext(),
                                      norm::EpsilonPlacement(spec.placement)),
      number(isLp ? std::optional(spec.p) : std::nullopt), number(spec.partial),
      isGrouped ? b.getI64IntegerAttr(*spec.groups) : IntegerAttr(),
      isGrouped ? b.getI64IntegerAttr(spec.groupAxis) : IntegerAttr(),
      unit(spec.perGroup && !isApart), axesOf(spec.alpha), axesOf(scale),
      axesOf(shift), b.getF64FloatAttr(scale ? offset : 0),
      norm::RoundingAttr::get(b.getContext(), norm::Rounding(rounding)),
      b.getI64IntegerAttr(spec.correction), unit(isFolded),
      saved.empty() ? ArrayAttr() : b.getArrayAttr(saved));
}

/// y2 of what is normalized, `input`, or of its x-hat.
Value SpecBuilder::createSecond(Value input, Value normalized) {
  if (facts.isAffineApart())
    return buildSecondAffine(facts, operands, b, normalized);
  return createNormalize(input, true).getResult(0);
}

void SpecBuilder::buildBody() {
  Prologue prologue = buildPrologue(facts, operands, b);
  norm::NormalizeOp normalize = createNormalize(prologue.normalized, false);
  addResult("y", buildEpilogue(facts, operands, b, normalize.getResult(0)),
            spec.outputStrides);
  if (prologue.sum)
    addResult("residual_out", prologue.sum, spec.residual->sumStrides);
  if (spec.second)
    addResult("y2", createSecond(prologue.normalized, normalize.getResult(0)),
              spec.second->strides);
  if (normalize.getSaved())
    for (auto [name, value] :
         llvm::zip_equal(normalize.getSaved()->getAsValueRange<StringAttr>(),
                         normalize.getResults().drop_front()))
      addResult(name, value);
  func::ReturnOp::create(b, results);
}

OwningOpRef<ModuleOp> SpecBuilder::build() {
  if (failed(checkSpec(spec, b.getLoc())))
    return {};
  addArguments();
  OwningOpRef<ModuleOp> module = ModuleOp::create(b.getLoc());
  b.setInsertionPointToEnd(module->getBody());
  auto func =
      func::FuncOp::create(b, spec.name, b.getFunctionType(argumentTypes, {}));
  func.setAllArgAttrs(argumentAttrs);
  Block *block = func.addEntryBlock();
  for (auto [argument, name] :
       llvm::zip_equal(block->getArguments(), argumentNames)) {
    // The names of values, where IR is printed with them.
    argument.setLoc(NameLoc::get(b.getStringAttr(name)));
    operands[name] = argument;
  }
  b.setInsertionPointToStart(block);
  buildBody();
  func.setType(
      b.getFunctionType(argumentTypes, ValueRange(results).getTypes()));
  func.setAllResultAttrs(resultAttrs);
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
  context.loadDialect<arith::ArithDialect, func::FuncDialect, math::MathDialect,
                      norm::NormDialect>();
  if (spec.quantization || spec.inputScale)
    return buildQuantizedModule(spec, context);
  return SpecBuilder(spec, context).build();
}
