//===- Stack.cpp - memory on a function's stack ---------------------------===//

#include "compiler/lowering/cpu/Stack.h"

#include "compiler/lowering/shared/ViewTable.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace normc;

Stack::Stack(ImplicitLocOpBuilder &b) : b(b) {
  Operation *around = b.getInsertionBlock()->getParentOp();
  while (!isa<func::FuncOp>(around))
    around = around->getParentOp();
  entry = &cast<func::FuncOp>(around).front();
}

Value Stack::allocate(Type element, int64_t count) {
  constexpr unsigned alignment = 64;
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(entry);
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  return LLVM::AllocaOp::create(b, pointer, element, makeI64(b, count),
                                alignment);
}

Value normc::addressOnStack(ImplicitLocOpBuilder &b, Value base, Type element,
                            Value number) {
  return LLVM::GEPOp::create(b, base.getType(), element, base,
                             ArrayRef<LLVM::GEPArg>{number},
                             LLVM::GEPNoWrapFlags::inbounds);
}
