//===- RoundedAffine.cpp - casts, scale and shift in scalars --------------===//

#include "compiler/passes/norm/RoundedAffine.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace normc;

Value normc::castFloat(ImplicitLocOpBuilder &b, Value value, Type type) {
  unsigned from = value.getType().getIntOrFloatBitWidth();
  unsigned to = type.getIntOrFloatBitWidth();
  if (value.getType() == type)
    return value;
  if (from < to)
    return arith::ExtFOp::create(b, type, value);
  if (from > to)
    return arith::TruncFOp::create(b, type, value);
  // f16 and bf16: neither holds the other, so through f32.
  return castFloat(b, arith::ExtFOp::create(b, b.getF32Type(), value), type);
}

/// The type that both hold: the wider one, or f32 for f16 with bf16.
static Type promote(Type a, Type b) {
  if (a == b)
    return a;
  unsigned wa = a.getIntOrFloatBitWidth(), wb = b.getIntOrFloatBitWidth();
  if (wa == wb)
    return Float32Type::get(a.getContext());
  return wa > wb ? a : b;
}

static Type wider(Type a, Type b) {
  return a.getIntOrFloatBitWidth() < b.getIntOrFloatBitWidth() ? b : a;
}

Value normc::buildScale(ImplicitLocOpBuilder &b, const Affine &affine,
                        Type type) {
  Value value = affine.scale;
  Type widest = wider(type, value.getType());
  value = castFloat(b, value, widest);
  if (affine.scaleOffset != 0)
    value = arith::AddFOp::create(
        b, value,
        arith::ConstantOp::create(b,
                                  b.getFloatAttr(widest, affine.scaleOffset)));
  return castFloat(b, value, type);
}

Value normc::buildRoundedAffine(ImplicitLocOpBuilder &b, Value y,
                                const Affine &affine, Type type, Type compute) {
  y = castFloat(b, y, type);
  auto step = [&](Type operand) {
    type = promote(type, operand);
    y = castFloat(b, y, wider(compute, type));
    return y.getType();
  };
  if (affine.scale) {
    Type work = step(affine.scale.getType());
    y = arith::MulFOp::create(b, y, buildScale(b, affine, work));
    y = castFloat(b, y, type);
  }
  if (affine.shift) {
    Type work = step(affine.shift.getType());
    y = arith::AddFOp::create(b, y, castFloat(b, affine.shift, work));
    y = castFloat(b, y, type);
  }
  return y;
}
