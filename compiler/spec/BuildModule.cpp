//===- BuildModule.cpp - a NormSpec as IR ---------------------------------===//

#include "compiler/spec/BuildModule.h"

#include "dialects/norm/Norm.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
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
              int(Statistic::L2) == int(norm::Statistic::l2));
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
  Type typeOf(DType dtype) {
    switch (dtype) {
    case DType::F16:
      return b.getF16Type();
    case DType::BF16:
      return b.getBF16Type();
    case DType::F32:
      return b.getF32Type();
    case DType::F64:
      return b.getF64Type();
    }
    llvm_unreachable("all types are handled");
  }
  void addArgument(StringRef name, Type type,
                   const std::vector<int64_t> &strides = {}) {
    argumentTypes.push_back(type);
    argumentAttrs.push_back(attributes(name, strides));
  }
  void addResult(StringRef name, Type type,
                 const std::vector<int64_t> &strides = {}) {
    resultTypes.push_back(type);
    resultAttrs.push_back(attributes(name, strides));
  }
  DictionaryAttr attributes(StringRef name,
                            const std::vector<int64_t> &strides) {
    NamedAttrList list;
    list.set(norm::kNameAttr, b.getStringAttr(name));
    if (!strides.empty())
      list.set(norm::kStridesAttr, b.getDenseI64ArrayAttr(strides));
    return list.getDictionary(b.getContext());
  }
  Type parameterType(const Parameter &parameter);
  void addSaved();

  const NormSpec &spec;
  OpBuilder b;
  Location loc;
  SmallVector<Type> argumentTypes, resultTypes;
  SmallVector<DictionaryAttr> argumentAttrs, resultAttrs;
  SmallVector<Attribute> saved;
};

} // namespace

/// What would keep the IR from being built at all; the verifiers do the rest.
LogicalResult SpecBuilder::check() {
  int64_t rank = spec.shape.size();
  if (rank == 0)
    return emitError(loc,
                     "expected a shape of at least one axis, but got none");
  for (auto [axis, extent] : llvm::enumerate(spec.shape))
    if (extent < 0 && extent != kDynamic)
      return emitError(loc) << "expected a non-negative extent along axis "
                            << axis << ", but got " << extent;
  for (const auto *parameter : {&spec.scale, &spec.shift})
    if (*parameter)
      for (int64_t axis : (*parameter)->axes)
        if (axis < 0 || axis >= rank)
          return emitError(loc) << "expected parameter axes between 0 and "
                                << rank - 1 << ", but got " << axis;
  if (spec.saveMean && spec.statistic != Statistic::MeanVariance)
    return emitError(loc, "expected a mean to be saved only with statistic "
                          "mean_variance");
  return success();
}

Type SpecBuilder::parameterType(const Parameter &parameter) {
  SmallVector<int64_t> shape;
  for (int64_t axis : parameter.axes)
    shape.push_back(spec.shape[axis]);
  return RankedTensorType::get(shape,
                               typeOf(parameter.dtype.value_or(spec.dtype)));
}

/// Results for saved statistics: the kept axes, in the compute type.
void SpecBuilder::addSaved() {
  SmallVector<int64_t> shape;
  for (auto [axis, extent] : llvm::enumerate(spec.shape)) {
    if (spec.groups && spec.groupAxis == int64_t(axis))
      shape.push_back(spec.groups);
    else if (!llvm::is_contained(spec.axes, int64_t(axis)))
      shape.push_back(extent);
  }
  Type compute = spec.dtype == DType::F64 ? b.getF64Type() : b.getF32Type();
  for (auto [wanted, name] :
       {std::pair(spec.saveMean, "mean"), std::pair(spec.saveRstd, "rstd")}) {
    if (!wanted)
      continue;
    addResult(name, RankedTensorType::get(shape, compute));
    saved.push_back(b.getStringAttr(name));
  }
}

OwningOpRef<ModuleOp> SpecBuilder::build() {
  if (failed(check()))
    return {};
  addArgument("x", RankedTensorType::get(spec.shape, typeOf(spec.dtype)),
              spec.inputStrides);
  if (spec.scale)
    addArgument("scale", parameterType(*spec.scale));
  if (spec.shift)
    addArgument("shift", parameterType(*spec.shift));
  addResult("y",
            RankedTensorType::get(
                spec.shape, typeOf(spec.outputDtype.value_or(spec.dtype))),
            spec.outputStrides);
  addSaved();

  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  b.setInsertionPointToEnd(module->getBody());
  auto func = func::FuncOp::create(
      b, loc, spec.name, b.getFunctionType(argumentTypes, resultTypes));
  func.setAllArgAttrs(argumentAttrs);
  func.setAllResultAttrs(resultAttrs);
  Block *block = func.addEntryBlock();
  b.setInsertionPointToStart(block);
  unsigned next = 1;
  Value scale = spec.scale ? block->getArgument(next++) : Value();
  Value shift = spec.shift ? block->getArgument(next++) : Value();
  auto axesOf = [&](const std::optional<Parameter> &parameter) {
    return parameter ? b.getDenseI64ArrayAttr(parameter->axes)
                     : DenseI64ArrayAttr();
  };
  bool grouped = spec.groups != 0;
  auto op = norm::NormalizeOp::create(
      b, loc, resultTypes, norm::Statistic(spec.statistic),
      block->getArgument(0), scale, shift, spec.axes, APFloat(spec.epsilon),
      norm::EpsilonPlacement(spec.placement),
      grouped ? b.getI64IntegerAttr(spec.groups) : IntegerAttr(),
      grouped ? b.getI64IntegerAttr(spec.groupAxis) : IntegerAttr(),
      axesOf(spec.scale), axesOf(spec.shift), APFloat(spec.scaleOffset),
      norm::Rounding(spec.rounding), spec.correction,
      saved.empty() ? ArrayAttr() : b.getArrayAttr(saved));
  func::ReturnOp::create(b, loc, op.getResults());
  if (failed(verify(*module)))
    return {};
  return module;
}

OwningOpRef<ModuleOp> normc::buildModule(const NormSpec &spec,
                                         MLIRContext &context) {
  context.loadDialect<func::FuncDialect, norm::NormDialect>();
  return SpecBuilder(spec, context).build();
}
