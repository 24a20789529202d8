//===- Activations.cpp - activations, gates and dropout in scalars --------===//

#include "compiler/spec/Activations.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>
#include <numbers>

using namespace mlir;
using namespace normc;

namespace {

/// Arithmetic at the end of a kernel's program.
struct Arithmetic {
  PointwiseKernel &kernel;
  ImplicitLocOpBuilder &b = kernel.b;

  Value constant(double value) { return kernel.buildConstant(value); }
  Value add(Value a, Value c) { return arith::AddFOp::create(b, a, c); }
  Value mul(Value a, Value c) { return arith::MulFOp::create(b, a, c); }
  Value div(Value a, Value c) { return arith::DivFOp::create(b, a, c); }

  /// value / 2 (1 + inner)
  Value halfOf(Value value, Value inner) {
    return mul(mul(value, constant(0.5)), add(inner, constant(1)));
  }
  Value gelu(Value value) {
    Value scaled = mul(value, constant(1 / std::numbers::sqrt2));
    return halfOf(value, math::ErfOp::create(b, scaled));
  }
  Value geluTanh(Value value) {
    Value square = mul(value, value);
    Value factor = add(mul(square, constant(0.044715)), constant(1));
    Value root = constant(std::sqrt(2 * std::numbers::inv_pi));
    Value inner = mul(mul(value, root), factor);
    return halfOf(value, math::TanhOp::create(b, inner));
  }
  /// 1 + exp(-value)
  Value onePlusExp(Value value) {
    Value negated = arith::NegFOp::create(b, value);
    return add(math::ExpOp::create(b, negated), constant(1));
  }
};

} // namespace

Value normc::buildActivation(PointwiseKernel &kernel, Activation activation,
                             Value value) {
  Arithmetic a{kernel};
  switch (activation) {
  case Activation::None:
    return value;
  case Activation::Relu:
    return arith::MaximumFOp::create(a.b, value, a.constant(0));
  case Activation::Gelu:
    return a.gelu(value);
  case Activation::GeluTanh:
    return a.geluTanh(value);
  case Activation::Silu:
    return a.div(value, a.onePlusExp(value));
  case Activation::Sigmoid:
    return a.div(a.constant(1), a.onePlusExp(value));
  case Activation::Tanh:
    return math::TanhOp::create(a.b, value);
  }
  llvm_unreachable("all activations are handled");
}

Value normc::buildGate(PointwiseKernel &kernel, const Gate &gate,
                       const SpecOperands &operands, Value value) {
  Value z = kernel.read(operands.lookup("gate"));
  Value factor = buildActivation(kernel, gate.activation, z);
  return arith::MulFOp::create(kernel.b, value, factor);
}

Value normc::buildDropout(PointwiseKernel &kernel, const Dropout &dropout,
                          const SpecOperands &operands, Value value) {
  ImplicitLocOpBuilder &b = kernel.b;
  Value seed = kernel.load(operands.lookup("seed"), {});
  Value offset = kernel.load(operands.lookup("offset"), {});
  Value word = norm::PhiloxOp::create(b, b.getI32Type(), seed, offset,
                                      kernel.buildLinearIndex());
  auto least = uint32_t(std::floor(std::ldexp(dropout.probability, 32)));
  Value threshold = arith::ConstantOp::create(
      b, b.getIntegerAttr(b.getI32Type(), APInt(32, least)));
  Value keep =
      arith::CmpIOp::create(b, arith::CmpIPredicate::uge, word, threshold);
  Value kept = arith::DivFOp::create(
      b, value, kernel.buildConstant(1 - dropout.probability));
  return arith::SelectOp::create(b, keep, kept, kernel.buildConstant(0));
}
