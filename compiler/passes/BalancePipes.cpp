//===- BalancePipes.cpp - norm-balance-pipes ------------------------------===//

#include "compiler/passes/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace normc {
#define GEN_PASS_DEF_NORMBALANCEPIPES
#include "compiler/passes/Passes.h.inc"
} // namespace normc

using namespace mlir;
using namespace normc;

/// Bits of a vector of floats that an add or a multiply-add takes; 0 of any
/// other type.
static int64_t vectorBits(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  if (!vector || vector.getNumElements() == 1 ||
      !(vector.getElementType().isF32() || vector.getElementType().isF64()))
    return 0;
  return vector.getNumElements() * vector.getElementTypeBitWidth();
}

static int64_t widestBits(Operation *op) {
  int64_t bits = 0;
  for (Type type : op->getResultTypes())
    bits = std::max(bits, vectorBits(type));
  for (Value operand : op->getOperands())
    bits = std::max(bits, vectorBits(operand.getType()));
  return bits;
}

namespace {

/// Bits that pass through the pipes that add, and through those that multiply.
struct Load {
  int64_t adders = 0;
  int64_t multipliers = 0;

  /// By the tables of Zen 4 (llvm-mca): conversions take two turns of the
  /// adders, dot products of bf16 three.
  void count(Operation *op) {
    if (isa<arith::AddFOp, arith::SubFOp>(op))
      adders += widestBits(op);
    else if (isa<arith::ExtFOp, arith::TruncFOp>(op))
      adders += 2 * widestBits(op);
    else if (isa<arith::MulFOp, math::FmaOp>(op))
      multipliers += widestBits(op);
    else if (auto call = dyn_cast<LLVM::CallIntrinsicOp>(op))
      adders += (call.getIntrin().contains("dpbf16") ? 3 : 2) * widestBits(op);
  }
};

class Balancer {
public:
  explicit Balancer(func::FuncOp function) : function(function) {}

  /// Makes FMAs of adds while more passes through the adders.
  void balance(Block &block);
  int64_t numFused() const { return fused; }

private:
  Value makeOne(VectorType type);

  func::FuncOp function;
  DenseMap<Type, Value> ones;
  int64_t fused = 0;
};

} // namespace

/// 1 in every lane, behind a fence: what is known to be 1 becomes an add again
/// in LLVM.
Value Balancer::makeOne(VectorType type) {
  Value &one = ones[type];
  if (one)
    return one;
  auto b = OpBuilder::atBlockBegin(&function.front());
  Location loc = function.getLoc();
  Attribute value = b.getFloatAttr(type.getElementType(), 1);
  Value known = arith::ConstantOp::create(
      b, loc, DenseElementsAttr::get(type, ArrayRef<Attribute>(value)));
  one = LLVM::CallIntrinsicOp::create(b, loc, type,
                                      b.getStringAttr("llvm.arithmetic.fence"),
                                      ValueRange{known})
            .getResult(0);
  return one;
}

void Balancer::balance(Block &block) {
  Load load;
  for (Operation &op : block)
    load.count(&op);
  for (Operation &op : llvm::make_early_inc_range(block)) {
    bool isSub = isa<arith::SubFOp>(op);
    int64_t bits = widestBits(&op);
    if (!(isSub || isa<arith::AddFOp>(op)) || bits == 0 ||
        load.adders - load.multipliers < 2 * bits)
      continue;
    OpBuilder b(&op);
    Value one = makeOne(cast<VectorType>(op.getResult(0).getType()));
    Value term = op.getOperand(1);
    if (isSub)
      term = arith::NegFOp::create(b, op.getLoc(), term);
    op.getResult(0).replaceAllUsesWith(
        math::FmaOp::create(b, op.getLoc(), op.getOperand(0), one, term));
    op.erase();
    load.adders -= bits;
    load.multipliers += bits;
    ++fused;
  }
}

static bool hasLoops(Operation *op) {
  return op
      ->walk([op](LoopLikeOpInterface loop) {
        return loop == op ? WalkResult::advance() : WalkResult::interrupt();
      })
      .wasInterrupted();
}

namespace {
struct NormBalancePipes : normc::impl::NormBalancePipesBase<NormBalancePipes> {
  void runOnOperation() override {
    Balancer balancer(getOperation());
    getOperation().walk([&](LoopLikeOpInterface loop) {
      if (!hasLoops(loop))
        for (Region *region : loop.getLoopRegions())
          for (Block &block : *region)
            balancer.balance(block);
    });
    numFused += balancer.numFused();
  }
};
} // namespace
