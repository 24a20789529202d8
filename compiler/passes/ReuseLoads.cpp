//===- ReuseLoads.cpp - norm-reuse-loads ----------------------------------===//

#include "compiler/passes/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

namespace normc {
#define GEN_PASS_DEF_NORMREUSELOADS
#include "compiler/passes/Passes.h.inc"
} // namespace normc

using namespace mlir;
using namespace normc;

/// The buffer that an address lies in, as the stage's function loads it from
/// its argument; null for scratch, the stack and the words.
static Value findBuffer(Value address) {
  while (auto gep = address.getDefiningOp<LLVM::GEPOp>())
    address = gep.getBase();
  return address.getDefiningOp<LLVM::LoadOp>() ? address : Value();
}

static Value getAddress(Operation &op) {
  if (auto store = dyn_cast<LLVM::StoreOp>(op))
    return store.getAddr();
  if (auto store = dyn_cast<LLVM::MaskedStoreOp>(op))
    return store.getData();
  return {};
}

namespace {
struct NormReuseLoads : normc::impl::NormReuseLoadsBase<NormReuseLoads> {
  void runOnOperation() override {
    written.clear();
    getOperation().walk([&](Operation *op) {
      if (Value address = getAddress(*op))
        written.insert(findBuffer(address));
    });
    for (Block &block : getOperation().getBody())
      runOn(block, Loads());
  }

  /// The loads of a function so far, by address and type.
  using Loads = DenseMap<std::pair<Value, Type>, Value>;

  /// Nothing but a store to its own buffer, or to one that it shares, changes
  /// what an operand holds; and no point of it is read after that (K8).
  void runOn(Block &block, Loads known) {
    for (Operation &op : llvm::make_early_inc_range(block)) {
      for (Region &region : op.getRegions())
        for (Block &inner : region)
          runOn(inner, known);
      auto load = dyn_cast<LLVM::LoadOp>(op);
      if (!load || load.getVolatile_())
        continue;
      Value buffer = findBuffer(load.getAddr());
      if (!buffer || written.contains(buffer))
        continue;
      auto [before, isFirst] =
          known.try_emplace({load.getAddr(), load.getType()}, load.getResult());
      if (isFirst)
        continue;
      load.replaceAllUsesWith(before->second);
      load.erase();
      ++numReused;
    }
  }

  DenseSet<Value> written; ///< Buffers.
};
} // namespace
