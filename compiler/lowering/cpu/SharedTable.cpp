//===- SharedTable.cpp - what rows have in common, computed once ----------===//

#include "compiler/lowering/cpu/SharedTable.h"

#include "compiler/lowering/shared/PhaseTraits.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

SharedTable::SharedTable(PhaseOp phase, const StageContext &context,
                         ImplicitLocOpBuilder &b, Stack &stack, int64_t length)
    : context(context), b(b) {
  ArrayRef<StringAttr> rows =
      phase.getStage().getSchedule().getParallel().getNames();
  for (Operation &op : phase.getBlock()->without_terminator()) {
    bool isUsed = llvm::any_of(
        op.getUsers(), [&](Operation *user) { return !isShared(*user, rows); });
    bool isConstant = op.hasTrait<OpTrait::ConstantLike>();
    if (!isShared(op, rows) || !isUsed || isConstant)
      continue;
    if (isa<LoadOp>(op)) {
      loads.push_back(&op);
      continue;
    }
    Type type = op.getNumResults() == 1 ? op.getResult(0).getType() : Type();
    if (!type || !(type.isF32() || type.isF64())) {
      columns.clear(); // As it is: code generators have no other floats.
      return;
    }
    columns.push_back(
        {op.getResult(0),
         stack.allocate(type, llvm::alignTo(length, context.width))});
  }
}

Value SharedTable::addressOf(const Column &column, Value offset) {
  return addressOnStack(b, column.base, column.value.getType(), offset);
}

VectorType SharedTable::typeOf(const Column &column) const {
  return VectorType::get(context.width, column.value.getType());
}

void SharedTable::fill(PhaseEmitter &emitter, PhaseLoops &loops,
                       const Position &position, Value from, Value length,
                       int64_t count) {
  begin = from;
  int64_t step = count * context.width;
  emitter.forLoop(makeI64(b, 0), length, step, {}, [&](Value at, ValueRange) {
    SmallVector<IRMapping> shared =
        emitter.emitShared(loops, position, addI64(b, begin, at), count);
    for (auto [i, values] : llvm::enumerate(shared)) {
      Value offset = addI64(b, at, makeI64(b, int64_t(i) * context.width));
      BodyEmitter body(context, b, position, values);
      for (const Column &column : columns)
        LLVM::StoreOp::create(b, body.toVector(body.lookup(column.value)),
                              addressOf(column, offset));
    }
    return PhaseEmitter::Values();
  });
}

SmallVector<IRMapping> SharedTable::read(const Position &position, Value place,
                                         int64_t count) {
  Value offset = b.createOrFold<arith::SubIOp>(place, begin);
  Position here = position;
  here.hasLanes = true;
  SmallVector<IRMapping> copies(count);
  for (auto [i, copy] : llvm::enumerate(copies)) {
    Value distance = makeI64(b, int64_t(i) * context.width);
    here.coordinates[context.lane] = addI64(b, place, distance);
    BodyEmitter emitter(context, b, here, copy);
    for (Operation *load : loads)
      emitter.emit(*load);
    for (const Column &column : columns)
      copy.map(
          column.value,
          LLVM::LoadOp::create(b, typeOf(column),
                               addressOf(column, addI64(b, offset, distance))));
  }
  return copies;
}
