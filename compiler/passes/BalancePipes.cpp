//===- BalancePipes.cpp - norm-balance-pipes ------------------------------===//

#include "compiler/passes/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/TypeSwitch.h"

namespace normc {
#define GEN_PASS_DEF_NORMBALANCEPIPES
#include "compiler/passes/Passes.h.inc"
} // namespace normc

using namespace mlir;
using namespace normc;

/// Bits of a vector whose elements have 32 bits or more; 0 of any other type.
static int64_t vectorBits(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  if (!vector || vector.getNumElements() == 1 ||
      !vector.getElementType().isIntOrFloat() ||
      vector.getElementTypeBitWidth() < 32)
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

/// Whether a comparison and the selects of what it compares are a minimum or a
/// maximum.
static bool isMinOrMax(arith::CmpFOp compare) {
  auto isOperand = [&](Value value) {
    return value == compare.getLhs() || value == compare.getRhs();
  };
  return llvm::all_of(compare->getUsers(), [&](Operation *user) {
    auto select = dyn_cast<arith::SelectOp>(user);
    return select && isOperand(select.getTrueValue()) &&
           isOperand(select.getFalseValue());
  });
}

namespace {

/// What passes through the pipes that add, and through those that multiply: in
/// quarters of a turn for an operation, in bits for a loop.
struct Load {
  int64_t adders = 0;
  int64_t multipliers = 0;
};

} // namespace

static Load ofCall(LLVM::CallIntrinsicOp call) {
  StringRef name = call.getIntrin();
  if (name.contains("dpbf16") || name.contains("fpclass"))
    return {0, 4};
  if (name.contains("permvar"))
    return {2, 2};
  if (name.contains("scalef") || name.contains("mask.reduce"))
    return {8, 0};
  if (name.contains("cvtne2ps2bf16"))
    return {6, 0};
  return {};
}

/// As measured on Zen 4 with operands of 512 bits: a comparison whose result is
/// a mask is a product's neighbour, a minimum an add's; a division leaves room
/// for four products while it runs. What any pipe does is not counted.
static Load ofOperation(Operation *op) {
  return llvm::TypeSwitch<Operation *, Load>(op)
      .Case<arith::MulFOp, math::FmaOp, arith::MulIOp, arith::CmpIOp>(
          [](auto) { return Load{0, 4}; })
      .Case<arith::DivFOp>([](auto) { return Load{1, 8}; })
      .Case<arith::AddFOp, arith::SubFOp, arith::ExtFOp, arith::TruncFOp,
            arith::MaximumFOp, arith::MinimumFOp, arith::ShLIOp,
            arith::ShRUIOp>([](auto) { return Load{4, 0}; })
      .Case<arith::CmpFOp>([](arith::CmpFOp compare) {
        return isMinOrMax(compare) ? Load{4, 0} : Load{0, 4};
      })
      .Case<LLVM::CallIntrinsicOp>(ofCall)
      .Default([](Operation *) { return Load{}; });
}

namespace {

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
  return made = LLVM::CallIntrinsicOp::create(
                    b, loc, type, b.getStringAttr("llvm.arithmetic.fence"),
                    ValueRange{known})
                    .getResult(0);
}

void Balancer::balance(Block &block) {
  Load load;
  for (Operation &op : block) {
    Load turns = ofOperation(&op);
    int64_t bits = widestBits(&op);
    load.adders += turns.adders * bits / 4;
    load.multipliers += turns.multipliers * bits / 4;
  }
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
