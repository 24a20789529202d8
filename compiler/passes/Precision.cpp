//===- Precision.cpp - norm-precision -------------------------------------===//

#include "compiler/passes/Passes.h"
#include "dialects/norm/Norm.h"
#include "dialects/norm/Spaces.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

namespace normc {
#define GEN_PASS_DEF_NORMPRECISION
#include "compiler/passes/Passes.h.inc"
} // namespace normc

using namespace mlir;
using namespace normc;
using namespace normc::norm;

static bool isNarrow(Type type) {
  return isa<Float16Type, BFloat16Type, Float8E4M3FNType, Float8E5M2Type>(type);
}

/// Ops that move narrow values without computing with them.
static bool onlyMoves(Operation *op) {
  return isa<arith::ExtFOp, arith::TruncFOp, arith::SelectOp, arith::BitcastOp,
             arith::ConstantOp, YieldOp>(op);
}

namespace {
struct NormPrecision : normc::impl::NormPrecisionBase<NormPrecision> {
  void runOnOperation() override {
    getOperation().walk([&](KernelOp kernel) {
      for (Operation &op : llvm::make_early_inc_range(*kernel.getBlock()))
        if (!onlyMoves(&op))
          widen(&op);
    });
  }

  /// Computes `op` in f32 where it is narrow: operands extended, results
  /// rounded.
  void widen(Operation *op) {
    bool narrow = llvm::any_of(op->getOperandTypes(), isNarrow) ||
                  llvm::any_of(op->getResultTypes(), isNarrow);
    if (!narrow)
      return;
    OpBuilder builder(op);
    Type wide = builder.getF32Type();
    for (OpOperand &operand : op->getOpOperands())
      if (isNarrow(operand.get().getType()))
        operand.set(
            arith::ExtFOp::create(builder, op->getLoc(), wide, operand.get()));
    builder.setInsertionPointAfter(op);
    for (Value result : op->getResults()) {
      Type type = result.getType();
      if (!isNarrow(type))
        continue;
      result.setType(wide);
      auto rounded =
          arith::TruncFOp::create(builder, op->getLoc(), type, result);
      result.replaceAllUsesExcept(rounded, rounded);
    }
    ++numWidened;
  }
};
} // namespace
