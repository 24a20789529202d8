//===- HeldValues.cpp - wide values that a narrow type holds --------------===//

#include "compiler/passes/math/HeldValues.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"

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

/// The values of which `op` gives one, perhaps with another sign; none where it
/// may give something else.
static ValueRange chosenBy(Operation *op) {
  if (isa_and_nonnull<arith::NegFOp, math::AbsFOp, arith::MaximumFOp,
                      arith::MinimumFOp>(op))
    return op->getOperands();
  if (isa_and_nonnull<arith::SelectOp>(op))
    return op->getOperands().drop_front();
  return {};
}

bool isHeldBy(Value wide, Type narrow) {
  llvm::SetVector<Value> values;
  values.insert(wide);
  for (size_t i = 0; i < values.size(); ++i) {
    Value value = values[i];
    if (ValueRange chosen = chosenBy(value.getDefiningOp()); !chosen.empty())
      values.insert_range(chosen);
    else if (std::optional<double> number = findNumber(value)) {
      if (!isNumberOf(*number, narrow))
        return false;
    } else if (auto extension = value.getDefiningOp<arith::ExtFOp>()) {
      if (getElementTypeOrSelf(extension.getIn().getType()) != narrow)
        return false;
    } else if (!narrow.isBF16() || !areUpperWords(value)) {
      return false;
    }
  }
  return true;
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
