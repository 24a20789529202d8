//===- NormToKernel.cpp - norm-to-kernel ----------------------------------===//

#include "compiler/passes/Passes.h"
#include "compiler/passes/norm/NormFormula.h"
#include "compiler/passes/norm/TensorOps.h"
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

static KernelOp lowerNormalize(NormalizeOp op) {
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
  return kernel;
}

namespace {
struct NormToKernel : normc::impl::NormToKernelBase<NormToKernel> {
  void runOnOperation() override {
    TensorOpLowering tensors;
    auto lower = [&](Operation &op) -> LogicalResult {
      if (auto kernel = dyn_cast<KernelOp>(op))
        return tensors.foldInto(kernel);
      auto normalize = dyn_cast<NormalizeOp>(op);
      if (!normalize)
        return tensors.lower(&op);
      ++numNorms;
      return tensors.foldInto(lowerNormalize(normalize));
    };
    for (Operation &op :
         llvm::make_early_inc_range(getOperation().getBody().getOps()))
      if (failed(lower(op)))
        return signalPassFailure();
    if (failed(tensors.finish(getOperation())))
      return signalPassFailure();
    numElementwise += tensors.numElementwise;
    numReshapes += tensors.numReshapes;
    numBroadcasts += tensors.numBroadcasts;
  }
};
} // namespace
