//===- HeldValues.cpp - wide values that a narrow type holds --------------===//

#include "compiler/passes/math/HeldValues.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;

namespace normc {

bool isHeldBy(Value wide, Type narrow) {
  Operation *op = wide.getDefiningOp();
  while (isa_and_nonnull<arith::NegFOp, math::AbsFOp>(op))
    op = op->getOperand(0).getDefiningOp();
  auto extension = dyn_cast_or_null<arith::ExtFOp>(op);
  return extension &&
         getElementTypeOrSelf(extension.getIn().getType()) == narrow;
}

/// A constant that was perhaps extended, and made a vector of.
static bool isLargeConstant(Value value) {
  if (auto broadcast = value.getDefiningOp<vector::BroadcastOp>())
    value = broadcast.getSource();
  if (auto extension = value.getDefiningOp<arith::ExtFOp>())
    value = extension.getIn();
  APFloat constant(0.0);
  return matchPattern(value, m_ConstantFloat(&constant)) &&
         std::fabs(constant.convertToDouble()) >= 0x1p-100;
}

bool isNeverSubnormal(Value wide) {
  auto sum = wide.getDefiningOp<arith::AddFOp>();
  if (!sum || !getElementTypeOrSelf(wide).isF32())
    return false;
  Type bf16 = BFloat16Type::get(wide.getContext());
  Value x = sum.getLhs(), y = sum.getRhs();
  return (isHeldBy(x, bf16) && isLargeConstant(y)) ||
         (isHeldBy(y, bf16) && isLargeConstant(x));
}

} // namespace normc
