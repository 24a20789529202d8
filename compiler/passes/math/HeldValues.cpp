//===- HeldValues.cpp - wide values that a narrow type holds --------------===//

#include "compiler/passes/math/HeldValues.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

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

} // namespace normc
