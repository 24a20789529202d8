//===- NormToKernel.cpp - norm-to-kernel ----------------------------------===//

#include "compiler/passes/Passes.h"
#include "compiler/passes/norm/NormFormula.h"
#include "dialects/norm/Norm.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

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
  /// The map of an operand that lives on `which` axes. With `perGroup` it has
  /// one element per group where the others have the grouped axis.
  MapAttr map(MLIRContext *context, ArrayRef<int64_t> which,
              bool perGroup = false) const {
    SmallVector<DimsAttr> lists;
    for (int64_t axis : which)
      lists.push_back(
          perGroup && axes[axis].size() == 2
              ? DimsAttr::get(context, axes[axis].getNames().take_front())
              : axes[axis]);
    return MapAttr::get(context, lists);
  }
  /// The map of a statistic.
  MapAttr keptMap(MLIRContext *context) const {
    SmallVector<DimsAttr> lists;
    for (StringAttr name : kept)
      lists.push_back(DimsAttr::get(context, ArrayRef<StringAttr>{name}));
    return MapAttr::get(context, lists);
  }
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

static void lowerNormalize(NormalizeOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  MLIRContext *context = op.getContext();
  NormDims dims(op);
  auto all =
      llvm::to_vector(llvm::seq<int64_t>(0, op.getInputType().getRank()));
  SmallVector<Attribute> inputMaps{dims.map(context, all)};
  // Given statistics, then what lives on axes of its own.
  for (Value given : {op.getMean(), op.getVariance(), op.getRstd()})
    if (given)
      inputMaps.push_back(dims.keptMap(context));
  if (op.getAlpha())
    inputMaps.push_back(dims.map(context, *op.getAlphaAxes()));
  for (auto axes : {op.getScaleAxes(), op.getShiftAxes()})
    if (axes)
      inputMaps.push_back(dims.map(context, *axes, op.getPerGroup()));

  SmallVector<Attribute> outputMaps{dims.map(context, all)};
  outputMaps.append(op.getNumResults() - 1, dims.keptMap(context));

  auto kernel = KernelOp::create(b, op.getResultTypes(), op.getOperands(),
                                 dims.space, b.getArrayAttr(inputMaps),
                                 b.getArrayAttr(outputMaps), ArrayAttr());
  Block *block = b.createBlock(&kernel.getBody());
  for (Value operand : op.getOperands())
    block->addArgument(getElementTypeOrSelf(operand.getType()), op.getLoc());
  b.setInsertionPointToStart(block);
  buildNormFormula(op, block->getArguments(), dims.reduced, b);
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
