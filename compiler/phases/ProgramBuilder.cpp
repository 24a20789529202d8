//===- ProgramBuilder.cpp - a norm.program under construction -------------===//

#include "compiler/phases/ProgramBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

ProgramBuilder::ProgramBuilder(ProgramOp program)
    : op(program), b(OpBuilder::atBlockEnd(program.getBlock())) {}

OpFoldResult ProgramBuilder::extentOf(Value view, unsigned axis) {
  if (auto same = sameExtents.find({view, axis}); same != sameExtents.end())
    return extentOf(same->second.first, same->second.second);
  auto type = cast<ViewType>(view.getType());
  SmallVector<OpFoldResult> &known = extents[view];
  known.resize(type.getRank());
  if (!known[axis]) {
    int64_t extent = type.getShape()[axis];
    if (ShapedType::isDynamic(extent))
      known[axis] =
          SizeOp::create(b, view.getLoc(), view, int64_t(axis)).getResult();
    else
      known[axis] = b.getIndexAttr(extent);
  }
  return known[axis];
}

Value ProgramBuilder::materialize(Location loc, OpFoldResult size) {
  if (auto value = dyn_cast<Value>(size))
    return value;
  return arith::ConstantIndexOp::create(b, loc, *getConstantIntValue(size));
}

/// The static shape of these extents; others, in order, go to `dynamic`.
static SmallVector<int64_t> toShape(ArrayRef<OpFoldResult> sizes,
                                    SmallVectorImpl<Value> &dynamic) {
  SmallVector<int64_t> shape;
  for (OpFoldResult size : sizes) {
    std::optional<int64_t> known = getConstantIntValue(size);
    shape.push_back(known.value_or(ShapedType::kDynamic));
    if (!known)
      dynamic.push_back(cast<Value>(size));
  }
  return shape;
}

Value ProgramBuilder::makeScratch(Location loc, ArrayRef<OpFoldResult> sizes,
                                  Type elementType) {
  SmallVector<Value> dynamic;
  SmallVector<int64_t> shape = toShape(sizes, dynamic);
  auto type = ViewType::get(b.getContext(), shape, elementType, {});
  Value view = ScratchOp::create(b, loc, type, dynamic, IntegerAttr());
  extents[view] = SmallVector<OpFoldResult>(sizes);
  return view;
}

Value ProgramBuilder::makeLocal(Location loc, ArrayRef<OpFoldResult> shared,
                                ArrayRef<OpFoldResult> own, Type elementType,
                                int64_t places) {
  SmallVector<OpFoldResult> sizes(shared);
  llvm::append_range(sizes, own);
  SmallVector<Value> dynamic;
  SmallVector<int64_t> shape = toShape(sizes, dynamic), strides(sizes.size());
  int64_t stride = 1;
  for (size_t axis = sizes.size(); axis-- > shared.size();
       stride *= shape[axis])
    strides[axis] = stride;
  auto type = ViewType::get(b.getContext(), shape, elementType, strides);
  return ScratchOp::create(b, loc, type, dynamic, b.getI64IntegerAttr(places));
}

/// What is divided in `size`, if it is a quotient by `by` (or what is
/// multiplied in a product); null if not. A quotient leaves nothing over: that
/// is a fact of the call.
template <typename OpT>
static OpFoldResult undo(OpFoldResult size, std::optional<int64_t> by) {
  auto value = dyn_cast<Value>(size);
  auto op = value ? value.getDefiningOp<OpT>() : OpT();
  if (op && by && getConstantIntValue(op.getRhs()) == by)
    return op.getLhs();
  return {};
}

OpFoldResult ProgramBuilder::multiply(Location loc, OpFoldResult x,
                                      OpFoldResult y) {
  std::optional<int64_t> a = getConstantIntValue(x), c = getConstantIntValue(y);
  if (a && c)
    return b.getIndexAttr(*a * *c);
  if (a == 1)
    return y;
  if (c == 1)
    return x;
  if (OpFoldResult whole = undo<arith::DivUIOp>(x, c))
    return whole;
  if (OpFoldResult whole = undo<arith::DivUIOp>(y, a))
    return whole;
  return arith::MulIOp::create(b, loc, materialize(loc, x), materialize(loc, y))
      .getResult();
}

OpFoldResult ProgramBuilder::divide(Location loc, OpFoldResult x,
                                    OpFoldResult y, bool roundUp) {
  std::optional<int64_t> a = getConstantIntValue(x), c = getConstantIntValue(y);
  if (a && c && *c != 0)
    return b.getIndexAttr((*a + (roundUp ? *c - 1 : 0)) / *c);
  if (c == 1)
    return x;
  if (OpFoldResult part = undo<arith::MulIOp>(x, c))
    return part;
  Value numerator = materialize(loc, x), denominator = materialize(loc, y);
  if (roundUp)
    return arith::CeilDivUIOp::create(b, loc, numerator, denominator)
        .getResult();
  return arith::DivUIOp::create(b, loc, numerator, denominator).getResult();
}
