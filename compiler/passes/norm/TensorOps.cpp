//===- TensorOps.cpp - upstream ops on tensors as kernels -----------------===//

#include "compiler/passes/norm/TensorOps.h"

#include "compiler/passes/norm/KernelParts.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

static RankedTensorType getTensorType(Value value) {
  return dyn_cast<RankedTensorType>(value.getType());
}

namespace {
/// A dim per axis, i0, i1, ...; none along an axis of extent 1.
struct AxisDims {
  DimExtents extents;
  SmallVector<DimsAttr> axes;

  explicit AxisDims(RankedTensorType type) {
    MLIRContext *context = type.getContext();
    for (auto [axis, extent] : llvm::enumerate(type.getShape())) {
      SmallVector<StringAttr> names;
      if (extent != 1) {
        names.push_back(StringAttr::get(context, "i" + Twine(axis)));
        extents.insert({names.back(), extent});
      }
      axes.push_back(DimsAttr::get(context, names));
    }
  }

  /// All axes, one after the other.
  MapAttr map(MLIRContext *context) const {
    return MapAttr::get(context, axes);
  }
  /// Axes joined in groups.
  MapAttr map(MLIRContext *context,
              ArrayRef<ReassociationIndices> groups) const {
    SmallVector<DimsAttr> joined;
    for (const ReassociationIndices &group : groups) {
      SmallVector<StringAttr> names;
      for (int64_t axis : group)
        llvm::append_range(names, axes[axis].getNames());
      joined.push_back(DimsAttr::get(context, names));
    }
    return MapAttr::get(context, joined);
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// Elementwise ops
//===----------------------------------------------------------------------===//

static bool isElementwise(Operation *op) {
  return op->hasTrait<OpTrait::Elementwise>() && op->getNumResults() == 1 &&
         getTensorType(op->getResult(0));
}

void TensorOpLowering::lowerElementwise(Operation *op) {
  Value result = op->getResult(0);
  RankedTensorType type = getTensorType(result);
  ImplicitLocOpBuilder b(op->getLoc(), op);
  AxisDims dims(type);
  MapAttr whole = dims.map(b.getContext());
  // Along axes that every operand repeats, so does the result.
  Broadcast repeated;
  llvm::append_range(repeated.added, llvm::seq<int64_t>(0, type.getRank()));
  KernelInputs inputs;
  SmallVector<Value> elements(op->getNumOperands());
  SmallVector<unsigned> read;
  for (OpOperand &operand : op->getOpOperands()) {
    Broadcast source = broadcastOf(operand.get());
    llvm::erase_if(repeated.added, [&](int64_t axis) {
      return !llvm::is_contained(source.added, axis);
    });
    if (source.constant)
      continue;
    inputs.add(source.source, source.narrow(whole));
    read.push_back(operand.getOperandNumber());
  }
  repeated.source = result; // For `narrow`: a tensor.
  Type element = type.getElementType();
  auto fill = [&](ValueRange arguments) -> SmallVector<Value> {
    for (auto [number, argument] : llvm::zip_equal(read, arguments))
      elements[number] = argument;
    for (auto [number, value] : llvm::enumerate(elements))
      if (!value)
        value = arith::ConstantOp::create(
            b, broadcastOf(op->getOperand(number)).constant);
    OperationState state(op->getLoc(), op->getName());
    state.addOperands(elements);
    state.addTypes(element);
    state.attributes = op->getAttrDictionary();
    return b.create(state)->getResults();
  };
  KernelOp kernel = makeKernel(b, dims.extents, inputs, repeated.narrow(whole),
                               element, fill);
  ++numElementwise;
  if (repeated.added.empty()) {
    result.replaceAllUsesWith(kernel.getResult(0));
    op->erase();
    return;
  }
  repeated.source = kernel.getResult(0);
  broadcasts[result] = repeated;
}

//===----------------------------------------------------------------------===//
// Reshapes
//===----------------------------------------------------------------------===//

/// A kernel that writes what it reads, elsewhere.
static KernelOp makeCopy(ImplicitLocOpBuilder &b, const DimExtents &extents,
                         Value from, MapAttr input, MapAttr output) {
  KernelInputs inputs;
  inputs.add(from, input);
  return makeKernel(
      b, extents, inputs, output, getElementTypeOrSelf(from.getType()),
      [](ValueRange elements) -> SmallVector<Value> { return elements; });
}

LogicalResult TensorOpLowering::lowerReshape(Operation *op) {
  ImplicitLocOpBuilder b(op->getLoc(), op);
  MLIRContext *context = b.getContext();
  KernelOp kernel;
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    AxisDims dims(collapse.getSrcType());
    kernel = makeCopy(b, dims.extents, collapse.getSrc(), dims.map(context),
                      dims.map(context, collapse.getReassociationIndices()));
  } else {
    auto expand = cast<tensor::ExpandShapeOp>(op);
    RankedTensorType type = expand.getResultType();
    for (const ReassociationIndices &group : expand.getReassociationIndices()) {
      auto count = llvm::count_if(
          group, [&](int64_t axis) { return type.isDynamicDim(axis); });
      if (count > 1)
        return op->emitError("expected at most one dynamic extent among the "
                             "axes that an axis becomes, but got ")
               << count << " in " << type;
    }
    AxisDims dims(type);
    kernel = makeCopy(b, dims.extents, expand.getSrc(),
                      dims.map(context, expand.getReassociationIndices()),
                      dims.map(context));
  }
  op->replaceAllUsesWith(kernel);
  op->erase();
  ++numReshapes;
  return foldInto(kernel);
}

//===----------------------------------------------------------------------===//
// Broadcasts
//===----------------------------------------------------------------------===//

MapAttr Broadcast::narrow(MapAttr map) const {
  SmallVector<DimsAttr> axes;
  if (source && getTensorType(source))
    for (auto [axis, dims] : llvm::enumerate(map.getAxes()))
      if (!llvm::is_contained(added, int64_t(axis)))
        axes.push_back(dims);
  return MapAttr::get(map.getContext(), axes);
}

/// What `value` repeats; itself, without axes, where it repeats nothing.
Broadcast TensorOpLowering::broadcastOf(Value value) const {
  if (auto it = broadcasts.find(value); it != broadcasts.end())
    return it->second;
  // A scalar beside tensors.
  Broadcast itself{value, {}, {}};
  if (!getTensorType(value))
    matchPattern(value, m_Constant(&itself.constant));
  return itself;
}

bool TensorOpLowering::noteBroadcast(Operation *op) {
  SplatElementsAttr splat;
  if (auto broadcast = dyn_cast<linalg::BroadcastOp>(op)) {
    Broadcast inner = broadcastOf(broadcast.getInput());
    ArrayRef<int64_t> outer = broadcast.getDimensions();
    // Axes that are repeated before lie between those that are now.
    SmallVector<int64_t> added;
    int64_t before = 0;
    for (int64_t axis = 0; axis < getTensorType(op->getResult(0)).getRank();
         ++axis)
      if (llvm::is_contained(outer, axis) ||
          llvm::is_contained(inner.added, before++))
        added.push_back(axis);
    inner.added = added;
    broadcasts[op->getResult(0)] = inner;
    return true;
  }
  Broadcast all;
  if (auto repeated = dyn_cast<tensor::SplatOp>(op))
    all = broadcastOf(repeated.getInput());
  else if (matchPattern(op, m_Constant(&splat)) &&
           splat.getElementType().isIntOrFloat())
    all.constant = cast<TypedAttr>(splat.getSplatValue<Attribute>());
  else
    return false;
  llvm::append_range(all.added,
                     llvm::seq(getTensorType(op->getResult(0)).getRank()));
  broadcasts[op->getResult(0)] = all;
  return true;
}

LogicalResult TensorOpLowering::lower(Operation *op) {
  if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
    return lowerReshape(op);
  if (isElementwise(op))
    lowerElementwise(op);
  else
    noteBroadcast(op);
  return success();
}

LogicalResult TensorOpLowering::foldInto(KernelOp kernel) {
  SmallVector<Attribute> maps(kernel.getInputMaps().getValue());
  Location where = kernel.getLoc();
  for (unsigned i = 0; i < kernel.getNumOperands(); ++i) {
    auto it = broadcasts.find(kernel.getOperand(i));
    if (it == broadcasts.end())
      continue;
    const Broadcast &broadcast = it->second;
    where = it->first.getLoc();
    ++numBroadcasts;
    if (broadcast.source && !broadcast.constant) {
      maps[i] = broadcast.narrow(cast<MapAttr>(maps[i]));
      kernel->setOperand(i, broadcast.source);
      continue;
    }
    BlockArgument argument = kernel.getBlock()->getArgument(i);
    auto b = OpBuilder::atBlockBegin(kernel.getBlock());
    argument.replaceAllUsesWith(
        arith::ConstantOp::create(b, where, broadcast.constant));
    maps.erase(maps.begin() + i);
    kernel->eraseOperand(i);
    kernel.getBlock()->eraseArgument(i--);
  }
  kernel.setInputMapsAttr(ArrayAttr::get(kernel.getContext(), maps));
  DimSet untold = findUntoldDims(kernel);
  if (untold.empty())
    return success();
  InFlightDiagnostic error =
      kernel.emitError("expected an operand that tells the extent of ")
      << toString(kernel.getDims(), untold)
      << ", but got only what is broadcast along it; in a norm.kernel, a "
         "broadcast is a map that leaves the dim out";
  error.attachNote(where) << "broadcast here";
  return error;
}

/// A kernel that writes a broadcast for those that are no kernels.
LogicalResult TensorOpLowering::writeOut(Value value) {
  RankedTensorType type = getTensorType(value);
  if (!type.hasStaticShape())
    return value.getDefiningOp()->emitError(
               "expected a broadcast that a kernel reads, or static extents, "
               "but "
               "got ")
           << type;
  ImplicitLocOpBuilder b(value.getLoc(), value.getDefiningOp());
  b.setInsertionPointAfterValue(value);
  AxisDims dims(type);
  MapAttr map = dims.map(b.getContext());
  KernelOp kernel = makeCopy(b, dims.extents, value, map, map);
  value.replaceAllUsesExcept(kernel.getResult(0), kernel);
  return foldInto(kernel);
}

LogicalResult TensorOpLowering::finish(func::FuncOp func) {
  for (Block &block : func.getBody())
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
      if (isa<KernelOp>(op) || op.getNumResults() != 1)
        continue;
      Value value = op.getResult(0);
      bool isBroadcast = broadcasts.contains(value);
      if (isBroadcast && !value.use_empty() && failed(writeOut(value)))
        return failure();
      // Also the sizes and the empty tensor that a broadcast went into.
      if (isOpTriviallyDead(&op)) {
        op.erase();
      } else if (isa<arith::ConstantOp>(op) && getTensorType(value)) {
        return op.emitError(
            "expected a constant of one value for all elements, "
            "but got one of several; pass it as an argument");
      }
    }
  return success();
}
