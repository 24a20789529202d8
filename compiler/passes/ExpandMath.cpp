//===- ExpandMath.cpp - math functions as vector code ---------------------===//

#include "compiler/passes/Passes.h"
#include "compiler/passes/math/Expansions.h"
#include "compiler/passes/math/HeldValues.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;

namespace normc {
#define GEN_PASS_DEF_EXPANDMATH
#include "compiler/passes/Passes.h.inc"

namespace {

struct ExpandMath : impl::ExpandMathBase<ExpandMath> {
  using ExpandMathBase::ExpandMathBase;

  void runOnOperation() override;

private:
  bool isKept(Operation *op);
  LogicalResult replace(Operation *op);
};

} // namespace

/// f32, f64, or a fixed vector of them.
static bool isExpandable(Type type) {
  if (auto vector = dyn_cast<VectorType>(type)) {
    if (vector.isScalable())
      return false;
    type = vector.getElementType();
  }
  return type.isF32() || type.isF64();
}

/// True where every target has instructions, or LLVM short inline code.
bool ExpandMath::isKept(Operation *op) {
  if (isa<math::FmaOp>(op))
    return hasFma;
  if (isa<math::CopySignOp>(op))
    return !isExpandable(op->getResult(0).getType());
  return isa<math::AbsFOp, math::CeilOp, math::FloorOp, math::IsFiniteOp,
             math::IsNaNOp, math::RoundEvenOp, math::RoundOp, math::SqrtOp,
             math::TruncOp>(op);
}

/// Whether `op` is a function of bf16 values whose result becomes bf16.
static bool isRoundedToBF16(Operation *op) {
  Type bf16 = BFloat16Type::get(op->getContext());
  return op->getNumOperands() == 1 && isHeldBy(op->getOperand(0), bf16) &&
         llvm::all_of(op->getUsers(), [&](Operation *user) {
           return isa<arith::TruncFOp>(user) &&
                  getElementTypeOrSelf(user->getResult(0)) == bf16;
         });
}

/// The short expansion of `op`, where there is one.
static Value expandRounded(FloatBuilder &f, Operation *op) {
  if (!f.element.isF32() || !isRoundedToBF16(op))
    return {};
  Value x = op->getOperand(0);
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case<math::ErfOp>([&](auto) { return erfToBF16(f, x); })
      .Case<math::ExpOp>([&](auto) { return expToBF16(f, x); })
      .Case<math::TanhOp>([&](auto) { return tanhToBF16(f, x); })
      .Default(Value());
}

/// The expansion of `op` at the place of `f`.
static Value expand(FloatBuilder &f, Operation *op) {
  auto arg = [&](unsigned i) { return op->getOperand(i); };
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case<math::CopySignOp>([&](auto) { return f.copysign(arg(0), arg(1)); })
      .Case<math::ErfOp>([&](auto) { return expandErf(f, arg(0)); })
      .Case<math::ExpOp>([&](auto) { return expandExp(f, arg(0)); })
      .Case<math::Exp2Op>([&](auto) { return expandExp2(f, arg(0)); })
      .Case<math::ExpM1Op>([&](auto) { return expandExpM1(f, arg(0)); })
      .Case<math::FmaOp>(
          [&](auto) { return expandFma(f, arg(0), arg(1), arg(2)); })
      .Case<math::LogOp>([&](auto) { return expandLog(f, arg(0)); })
      .Case<math::Log1pOp>([&](auto) { return expandLog1p(f, arg(0)); })
      .Case<math::PowFOp>([&](auto) { return expandPow(f, arg(0), arg(1)); })
      .Case<math::RsqrtOp>([&](auto) { return expandRsqrt(f, arg(0)); })
      .Case<math::TanhOp>([&](auto) { return expandTanh(f, arg(0)); });
}

/// Whether an op is a maximum or minimum with a number that a comparison tells:
/// x where it is beyond the number, or NaN, and the number elsewhere. Of two
/// zeros the maximum is the positive one, the minimum the negative one.
static bool isLimit(Operation *op) {
  if (!isa<arith::MaximumFOp, arith::MinimumFOp>(op) ||
      !isExpandable(op->getResult(0).getType()))
    return false;
  std::optional<double> number = findNumber(op->getOperand(1));
  return number && !std::isnan(*number) &&
         (*number != 0 || std::signbit(*number) == isa<arith::MinimumFOp>(op));
}

static void replaceLimit(Operation *op) {
  OpBuilder builder(op);
  Value x = op->getOperand(0), number = op->getOperand(1);
  ElementwiseBuilder e(builder, op->getLoc(), x.getType());
  auto beyond = isa<arith::MaximumFOp>(op) ? arith::CmpFPredicate::UGT
                                           : arith::CmpFPredicate::ULT;
  op->getResult(0).replaceAllUsesWith(
      e.select(e.cmp(beyond, x, number), x, number));
  op->erase();
}

LogicalResult ExpandMath::replace(Operation *op) {
  if (!isa<math::CopySignOp, math::ErfOp, math::ExpOp, math::Exp2Op,
           math::ExpM1Op, math::FmaOp, math::LogOp, math::Log1pOp, math::PowFOp,
           math::RsqrtOp, math::TanhOp>(op))
    return op->emitError("no vector expansion of ")
           << op->getName()
           << "; expected one of math.erf, math.exp, math.exp2, math.expm1, "
              "math.fma, math.log, math.log1p, math.powf, math.rsqrt, "
              "math.tanh, or an operation that targets have themselves, such "
              "as math.sqrt";
  Type type = op->getResult(0).getType();
  if (!isExpandable(type))
    return op->emitError("no vector expansion of ")
           << op->getName() << " on " << type
           << "; expected f32, f64 or a fixed vector of them";
  OpBuilder builder(op);
  FloatBuilder f(builder, op->getLoc(), type, hasFma);
  f.hasScale = hasScale;
  f.hasLookup = hasLookup;
  Value expansion = expandRounded(f, op);
  numRounded += bool(expansion);
  op->getResult(0).replaceAllUsesWith(expansion ? expansion : expand(f, op));
  op->erase();
  ++numExpanded;
  return success();
}

void ExpandMath::runOnOperation() {
  SmallVector<Operation *> ops, limits;
  getOperation()->walk([&](Operation *op) {
    bool onFloats = llvm::any_of(op->getOperandTypes(), [](Type type) {
      return isa<FloatType>(getElementTypeOrSelf(type));
    });
    if (isa_and_nonnull<math::MathDialect>(op->getDialect()) && onFloats &&
        !isKept(op))
      ops.push_back(op);
    if (!hasMaximum && isLimit(op))
      limits.push_back(op);
  });
  for (Operation *op : ops)
    if (failed(replace(op)))
      return signalPassFailure();
  for (Operation *op : limits)
    replaceLimit(op);
}

} // namespace normc
