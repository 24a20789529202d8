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

  /// As measured on Zen 4, in turns of 512 bits: a conversion takes one turn of
  /// the adders for each result, and shuffles beside; a dot product of bf16 is
  /// a product; the rounding to bf16 takes 1.3.
  void count(Operation *op) {
    auto call = dyn_cast<LLVM::CallIntrinsicOp>(op);
    bool isDot = call && call.getIntrin().contains("dpbf16");
    if (isa<arith::MulFOp, math::FmaOp>(op) || isDot)
      multipliers += widestBits(op);
    else if (call ||
             isa<arith::AddFOp, arith::SubFOp, arith::ExtFOp, arith::TruncFOp,
                 arith::MaximumFOp, arith::MinimumFOp>(op))
      adders += widestBits(op);
  }
};

class Balancer {
public:
  explicit Balancer(func::FuncOp function) : function(function) {}

  /// Makes FMAs of adds while more passes through the adders.
  void balance(Block &block);
  int64_t numFused() const { return fused; }

private:
  Value makeFactor(VectorType type, double value);

  func::FuncOp function;
  DenseMap<std::pair<Type, int>, Value> factors; ///< By sign.
  int64_t fused = 0;
};

} // namespace

static Value makeFence(OpBuilder &b, Location loc, Value value) {
  return LLVM::CallIntrinsicOp::create(b, loc, value.getType(),
                                       b.getStringAttr("llvm.arithmetic.fence"),
                                       ValueRange{value})
      .getResult(0);
}

/// 1 or -1 in every lane, behind a fence: a product with what is known to be 1
/// becomes an add again in LLVM.
Value Balancer::makeFactor(VectorType type, double factor) {
  Value &made = factors[{type, factor > 0 ? 1 : -1}];
  if (made)
    return made;
  auto b = OpBuilder::atBlockBegin(&function.front());
  Location loc = function.getLoc();
  Attribute value = b.getFloatAttr(type.getElementType(), factor);
  Value known = arith::ConstantOp::create(
      b, loc, DenseElementsAttr::get(type, ArrayRef<Attribute>(value)));
  made = makeFence(b, loc, known);
  return made;
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
    auto type = cast<VectorType>(op.getResult(0).getType());
    // x - y is -1 · y + x: a NaN of y keeps its sign.
    Value factor = makeFactor(type, isSub ? -1 : 1);
    Value x = op.getOperand(isSub), y = op.getOperand(!isSub);
    op.getResult(0).replaceAllUsesWith(
        math::FmaOp::create(b, op.getLoc(), x, factor, y));
    op.erase();
    load.adders -= bits;
    load.multipliers += bits;
    ++fused;
  }
}

/// A vector that is widened whole is loaded whole: LLVM would load and convert
/// each half from memory, which takes 1.3 times as long as a LayerNorm's first
/// pass does otherwise.
static int64_t loadWhole(Block &block) {
  int64_t count = 0;
  for (auto load : block.getOps<LLVM::LoadOp>()) {
    if (!vectorBits(load.getType()) ||
        llvm::none_of(load->getUsers(), llvm::IsaPred<arith::ExtFOp>))
      continue;
    OpBuilder b(load->getContext());
    b.setInsertionPointAfter(load);
    Value fence = makeFence(b, load.getLoc(), load);
    load.getResult().replaceAllUsesExcept(fence, fence.getDefiningOp());
    ++count;
  }
  return count;
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
          for (Block &block : *region) {
            balancer.balance(block);
            numWhole += loadWhole(block);
          }
    });
    numFused += balancer.numFused();
  }
};
} // namespace
