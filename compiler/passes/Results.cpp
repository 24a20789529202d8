//===- Results.cpp - norm-results -----------------------------------------===//

#include "compiler/passes/Passes.h"
#include "compiler/passes/norm/KernelParts.h"
#include "dialects/norm/Norm.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace normc {
#define GEN_PASS_DEF_NORMRESULTS
#include "compiler/passes/Passes.h.inc"
} // namespace normc

using namespace mlir;
using namespace normc;
using namespace normc::norm;

/// The same kernel, which writes what it writes to its output `number` once
/// more, as its last result.
static KernelOp repeatOutput(KernelOp kernel, unsigned number) {
  OpBuilder b(kernel);
  SmallVector<Type> types(kernel.getResultTypes());
  SmallVector<Attribute> maps(kernel.getOutputMaps().getValue());
  types.push_back(types[number]);
  maps.push_back(maps[number]);
  auto made = KernelOp::create(b, kernel.getLoc(), types, kernel.getInputs(),
                               kernel.getDims(), kernel.getInputMaps(),
                               b.getArrayAttr(maps), kernel.getScheduleAttr());
  made.getBody().takeBody(kernel.getBody());
  auto yield = cast<YieldOp>(made.getBlock()->getTerminator());
  yield->insertOperands(yield->getNumOperands(), yield.getOperand(number));
  kernel->replaceAllUsesWith(made.getResults().drop_back());
  kernel.erase();
  return made;
}

/// A kernel that copies an argument.
static Value copy(OpBuilder &builder, Value argument) {
  ImplicitLocOpBuilder b(argument.getLoc(), builder);
  auto type = cast<RankedTensorType>(argument.getType());
  DimExtents extents;
  SmallVector<DimsAttr> axes;
  for (auto [axis, extent] : llvm::enumerate(type.getShape())) {
    StringAttr name = b.getStringAttr("i" + Twine(axis));
    extents.insert({name, extent});
    axes.push_back(DimsAttr::get(b.getContext(), ArrayRef<StringAttr>{name}));
  }
  auto map = MapAttr::get(b.getContext(), axes);
  KernelInputs inputs;
  inputs.add(argument, map);
  KernelOp kernel = makeKernel(
      b, extents, inputs, map, type.getElementType(),
      [](ValueRange elements) { return SmallVector<Value>{elements.front()}; });
  return kernel.getResult(0);
}

namespace {
struct NormResults : normc::impl::NormResultsBase<NormResults> {
  void runOnOperation() override {
    if (!getOperation().getBody().hasOneBlock())
      return; // norm-phases says what it expects.
    Operation *ret = getOperation().getBody().front().getTerminator();
    llvm::SmallPtrSet<void *, 8> seen;
    for (OpOperand &operand : ret->getOpOperands()) {
      Value value = operand.get();
      auto kernel = value.getDefiningOp<KernelOp>();
      bool isNew = seen.insert(value.getAsOpaquePointer()).second;
      if (kernel && isNew)
        continue;
      if (kernel) {
        // Values keep their places among the results, not their addresses.
        KernelOp made =
            repeatOutput(kernel, cast<OpResult>(value).getResultNumber());
        operand.set(made.getResults().back());
        seen.clear();
        for (unsigned i = 0; i <= operand.getOperandNumber(); ++i)
          seen.insert(ret->getOperand(i).getAsOpaquePointer());
      } else if (isa<BlockArgument>(value) &&
                 isa<RankedTensorType>(value.getType())) {
        OpBuilder b(ret);
        operand.set(copy(b, value));
        seen.insert(operand.get().getAsOpaquePointer());
      } else {
        continue; // norm-phases says what it expects.
      }
      ++numAdded;
    }
  }
};
} // namespace
