//===- TensorBounds.cpp - what moves elements, and makes tensors ----------===//
//
// Constants, broadcasts, reshapes, and the sizes that they are given.
//
//===----------------------------------------------------------------------===//

#include "tests/graphs/Evaluator.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace normc::graphs;

llvm::Expected<BoundedTensor>
normc::graphs::evaluateConstant(arith::ConstantOp op) {
  Attribute value = op.getValue();
  BoundedTensor tensor;
  if (auto splat = dyn_cast<SplatElementsAttr>(value)) {
    tensor.shape = splat.getType().getShape().vec();
    value = splat.getSplatValue<Attribute>();
  }
  double number;
  if (auto floating = dyn_cast<FloatAttr>(value)) {
    APFloat wide = floating.getValue();
    bool loses; // Nothing: a double holds every type.
    wide.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &loses);
    number = wide.convertToDouble();
  } else if (auto integer = dyn_cast<IntegerAttr>(value)) {
    number = integer.getType().isInteger(1) ? !integer.getValue().isZero()
                                            : double(integer.getInt());
  } else {
    return llvm::createStringError("expected a number or a splat of one as a "
                                   "constant");
  }
  tensor.values.assign(countElements(tensor.shape), Bounded::exactly(number));
  return tensor;
}

/// A static shape, with dynamic extents from `sizes` in their order.
static std::vector<int64_t> fillShape(ArrayRef<int64_t> shape,
                                      ArrayRef<const BoundedTensor *> sizes) {
  std::vector<int64_t> filled = shape.vec();
  for (int64_t &extent : filled)
    if (ShapedType::isDynamic(extent)) {
      extent = int64_t(sizes.front()->values.front().value);
      sizes = sizes.drop_front();
    }
  return filled;
}

static BoundedTensor broadcast(linalg::BroadcastOp op,
                               const BoundedTensor &source,
                               std::vector<int64_t> shape) {
  BoundedTensor result{std::move(shape)};
  int64_t count = countElements(result.shape);
  for (int64_t i = 0; i < count; ++i) {
    int64_t rest = i, index = 0, step = 1;
    for (int64_t axis = int64_t(result.shape.size()); axis-- > 0;) {
      int64_t at = rest % result.shape[axis];
      rest /= result.shape[axis];
      if (llvm::is_contained(op.getDimensions(), axis))
        continue;
      index += at * step;
      step *= result.shape[axis];
    }
    result.values.push_back(source.values[index]);
  }
  return result;
}

static BoundedTensor filled(std::vector<int64_t> shape, const Bounded &value) {
  BoundedTensor result{std::move(shape)};
  result.values.assign(countElements(result.shape), value);
  return result;
}

std::optional<llvm::Expected<BoundedTensor>> normc::graphs::evaluateTensorOp(
    Operation &op, const std::vector<const BoundedTensor *> &operands) {
  ArrayRef<const BoundedTensor *> rest = operands;
  auto type = op.getNumResults() == 1
                  ? dyn_cast<RankedTensorType>(op.getResult(0).getType())
                  : RankedTensorType();
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return evaluateConstant(constant);
  if (isa<tensor::DimOp>(op)) {
    auto axis = size_t(operands[1]->values[0].value);
    return filled({}, Bounded::exactly(double(operands[0]->shape[axis])));
  }
  if (isa<tensor::EmptyOp>(op))
    return filled(fillShape(type.getShape(), rest), Bounded::unknown());
  if (isa<tensor::SplatOp>(op))
    return filled(fillShape(type.getShape(), rest.drop_front()),
                  operands[0]->values[0]);
  if (auto spread = dyn_cast<linalg::BroadcastOp>(op))
    return broadcast(spread, *operands[0], operands[1]->shape);
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    BoundedTensor result = *operands[0];
    result.shape.clear();
    for (const ReassociationIndices &group :
         collapse.getReassociationIndices()) {
      result.shape.push_back(1);
      for (int64_t axis : group)
        result.shape.back() *= operands[0]->shape[axis];
    }
    return result;
  }
  if (isa<tensor::ExpandShapeOp>(op)) {
    BoundedTensor result = *operands[0];
    result.shape = fillShape(type.getShape(), rest.drop_front());
    if (countElements(result.shape) != countElements(operands[0]->shape))
      return llvm::createStringError("expected tensor.expand_shape to keep all "
                                     "elements");
    return result;
  }
  return std::nullopt;
}
