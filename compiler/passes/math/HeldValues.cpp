//===- HeldValues.cpp - wide values that a narrow type holds --------------===//

#include "compiler/passes/math/HeldValues.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;

namespace normc {

/// Whether values of f32 are words of 16 bits moved up, or masked: bf16, whose
/// even and odd lanes are apart.
static bool areUpperWords(Value wide) {
  if (auto shuffle = wide.getDefiningOp<vector::ShuffleOp>())
    return areUpperWords(shuffle.getV1()) && areUpperWords(shuffle.getV2());
  auto cast = wide.getDefiningOp<arith::BitcastOp>();
  if (!cast || !getElementTypeOrSelf(wide).isF32())
    return false;
  APInt constant;
  auto hasConstant = [&](Operation *op) {
    return op && matchPattern(op->getOperand(1), m_ConstantInt(&constant));
  };
  if (auto shift = cast.getIn().getDefiningOp<arith::ShLIOp>())
    return hasConstant(shift) && constant.uge(16);
  auto mask = cast.getIn().getDefiningOp<arith::AndIOp>();
  return hasConstant(mask) && constant.countr_zero() >= 16;
}

std::optional<double> findNumber(Value value) {
  if (auto broadcast = value.getDefiningOp<vector::BroadcastOp>())
    value = broadcast.getSource();
  if (auto extension = value.getDefiningOp<arith::ExtFOp>())
    value = extension.getIn();
  APFloat constant(0.0);
  if (!matchPattern(value, m_ConstantFloat(&constant)))
    return std::nullopt;
  return constant.convertToDouble();
}

static bool isNumberOf(double number, Type narrow) {
  APFloat rounded(number);
  bool losesInfo = false;
  rounded.convert(cast<FloatType>(narrow).getFloatSemantics(),
                  APFloat::rmNearestTiesToEven, &losesInfo);
  return !losesInfo;
}

bool isHeldBy(Value wide, Type narrow) {
  Operation *op = wide.getDefiningOp();
  while (isa_and_nonnull<arith::NegFOp, math::AbsFOp>(op)) {
    wide = op->getOperand(0);
    op = wide.getDefiningOp();
  }
  auto isHeld = [&](Value value) { return isHeldBy(value, narrow); };
  if (isa_and_nonnull<arith::MaximumFOp, arith::MinimumFOp>(op))
    return llvm::all_of(op->getOperands(), isHeld);
  if (auto select = dyn_cast_or_null<arith::SelectOp>(op))
    return isHeld(select.getTrueValue()) && isHeld(select.getFalseValue());
  if (std::optional<double> number = findNumber(wide))
    return isNumberOf(*number, narrow);
  if (auto extension = dyn_cast_or_null<arith::ExtFOp>(op))
    return getElementTypeOrSelf(extension.getIn().getType()) == narrow;
  return narrow.isBF16() && areUpperWords(wide);
}

static bool isLargeNumber(Value value) {
  std::optional<double> number = findNumber(value);
  return number && std::fabs(*number) >= 0x1p-100;
}

bool isNeverSubnormal(Value wide) {
  auto sum = wide.getDefiningOp<arith::AddFOp>();
  if (!sum || !getElementTypeOrSelf(wide).isF32())
    return false;
  Type bf16 = BFloat16Type::get(wide.getContext());
  Value x = sum.getLhs(), y = sum.getRhs();
  return (isHeldBy(x, bf16) && isLargeNumber(y)) ||
         (isHeldBy(y, bf16) && isLargeNumber(x));
}

} // namespace normc
