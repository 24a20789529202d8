//===- Truths.cpp - norm-truths -------------------------------------------===//

#include "compiler/passes/Passes.h"
#include "dialects/norm/Norm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace normc {
#define GEN_PASS_DEF_NORMTRUTHS
#include "compiler/passes/Passes.h.inc"
} // namespace normc

using namespace mlir;
using namespace normc;
using namespace normc::norm;

/// The kernel yields bytes there.
static void writeByte(KernelOp kernel, OpResult result) {
  Operation *yield = kernel.getBlock()->getTerminator();
  OpBuilder b(yield);
  OpOperand &yielded = yield->getOpOperand(result.getResultNumber());
  yielded.set(
      arith::ExtUIOp::create(b, yield->getLoc(), b.getI8Type(), yielded.get()));
  auto type = cast<RankedTensorType>(result.getType());
  result.setType(type.clone(b.getI8Type()));
}

/// The kernel makes truths of the bytes that it reads.
static void readByte(KernelOp kernel, unsigned input) {
  BlockArgument byte = kernel.getBlock()->getArgument(input);
  OpBuilder b = OpBuilder::atBlockBegin(kernel.getBlock());
  byte.setType(b.getI8Type());
  auto truth = arith::TruncIOp::create(b, kernel.getLoc(), b.getI1Type(), byte);
  byte.replaceAllUsesExcept(truth, truth);
}

namespace {
struct NormTruths : normc::impl::NormTruthsBase<NormTruths> {
  void runOnOperation() override {
    for (auto kernel : getOperation().getBody().getOps<KernelOp>())
      for (OpResult result : kernel->getResults()) {
        bool isTruth = getElementTypeOrSelf(result.getType()).isInteger(1);
        bool isBetween =
            llvm::all_of(result.getUsers(), llvm::IsaPred<KernelOp>);
        if (!isTruth || !isBetween)
          continue; // As a result of the function, its type is the caller's.
        writeByte(kernel, result);
        for (OpOperand &use : result.getUses())
          readByte(cast<KernelOp>(use.getOwner()), use.getOperandNumber());
        ++numBytes;
      }
  }
};
} // namespace
