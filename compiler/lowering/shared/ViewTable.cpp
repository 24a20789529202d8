//===- ViewTable.cpp - views as pointers, extents and strides -------------===//

#include "compiler/lowering/shared/ViewTable.h"

#include "compiler/lowering/shared/ElementTypes.h"
#include "compiler/lowering/shared/WordLayout.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

Value normc::makeI64(ImplicitLocOpBuilder &b, int64_t value) {
  return arith::ConstantOp::create(b, b.getI64IntegerAttr(value));
}

std::optional<int64_t> normc::constantOf(Value value) {
  return getConstantIntValue(value);
}

Value normc::addI64(ImplicitLocOpBuilder &b, Value x, Value y) {
  return b.createOrFold<arith::AddIOp>(x, y, arith::IntegerOverflowFlags::nsw);
}

Value normc::mulI64(ImplicitLocOpBuilder &b, Value x, Value y) {
  return b.createOrFold<arith::MulIOp>(x, y, arith::IntegerOverflowFlags::nsw);
}

static bool usesView(StageOp stage, ScratchOp scratch) {
  return llvm::any_of(scratch.getView().getUsers(),
                      [&](Operation *user) { return stage->isAncestor(user); });
}

ViewTable::ViewTable(StageOp stage, ImplicitLocOpBuilder &builder,
                     ValueRange pointers, ValueRange words, Value scratch,
                     int64_t minAlignment)
    : b(builder), minAlignment(minAlignment) {
  auto program = stage->getParentOfType<ProgramOp>();
  for (BlockArgument argument : program.getBlock()->getArguments())
    addArgument(argument, pointers[argument.getArgNumber()], words);
  Value offset = makeI64(b, 0);
  for (Operation &op : *program.getBlock()) {
    if (auto scratchOp = dyn_cast<ScratchOp>(op))
      addScratch(scratchOp, stage, offset, scratch);
    else if (!isa<StageOp>(op))
      addSize(op);
  }
}

/// Row-major strides of these extents.
static SmallVector<Value> rowMajor(ImplicitLocOpBuilder &b,
                                   ArrayRef<Value> extents) {
  SmallVector<Value> strides(extents.size());
  Value stride = makeI64(b, 1);
  for (int64_t axis = int64_t(extents.size()) - 1; axis >= 0; --axis) {
    strides[axis] = stride;
    if (axis > 0)
      stride = mulI64(b, stride, extents[axis]);
  }
  return strides;
}

void ViewTable::addArgument(BlockArgument argument, Value pointer,
                            ValueRange words) {
  auto program = cast<ProgramOp>(argument.getOwner()->getParentOp());
  WordLayout layout(program);
  auto type = cast<ViewType>(argument.getType());
  unsigned number = argument.getArgNumber();
  int64_t alignment = std::max<int64_t>(
      minAlignment, type.getElementType().getIntOrFloatBitWidth() / 8);
  if (std::optional<ArrayRef<int64_t>> declared = program.getAlignments())
    alignment = std::max(alignment, (*declared)[number]);
  LoweredView view{pointer, type.getElementType(), alignment, {}, {}};
  for (auto [axis, extent] : llvm::enumerate(type.getShape()))
    view.extents.push_back(ShapedType::isDynamic(extent)
                               ? words[layout.find(number, axis, false)]
                               : makeI64(b, extent));
  if (type.isContiguous())
    view.strides = rowMajor(b, view.extents);
  for (auto [axis, stride] : llvm::enumerate(type.getStrides()))
    view.strides.push_back(ShapedType::isDynamic(stride)
                               ? words[layout.find(number, axis, true)]
                               : makeI64(b, stride));
  views.try_emplace(argument, std::move(view));
}

void ViewTable::addScratch(ScratchOp op, StageOp stage, Value &offset,
                           Value scratch) {
  ViewType type = op.getView().getType();
  LoweredView view{Value(), type.getElementType(), kScratchAlignment, {}, {}};
  unsigned next = 0;
  for (int64_t extent : type.getShape())
    view.extents.push_back(ShapedType::isDynamic(extent)
                               ? sizes.lookup(op.getSizes()[next++])
                               : makeI64(b, extent));
  if (op.isLocal())
    return addLocal(op, stage, std::move(view));
  view.strides = rowMajor(b, view.extents);
  view.pointer = LLVM::GEPOp::create(b, scratch.getType(), b.getI8Type(),
                                     scratch, ArrayRef<LLVM::GEPArg>{offset},
                                     LLVM::GEPNoWrapFlags::inbounds);
  Value bytes = makeI64(b, type.getElementType().getIntOrFloatBitWidth() / 8);
  for (Value extent : view.extents)
    bytes = mulI64(b, bytes, extent);
  // The next one starts at the next multiple of the alignment.
  bytes = addI64(b, bytes, makeI64(b, kScratchAlignment - 1));
  Value units = arith::DivUIOp::create(b, bytes, makeI64(b, kScratchAlignment));
  offset = addI64(b, offset, mulI64(b, units, makeI64(b, kScratchAlignment)));
  views.try_emplace(op.getView(), std::move(view));
}

void ViewTable::addLocal(ScratchOp op, StageOp stage, LoweredView view) {
  for (int64_t stride : op.getView().getType().getStrides())
    view.strides.push_back(makeI64(b, stride));
  view.localElements =
      op.getLocalBytes() / (view.elementType.getIntOrFloatBitWidth() / 8);
  if (usesView(stage, op)) // Of others there may be sizes, but no memory.
    view.pointer = LLVM::AllocaOp::create(
        b, LLVM::LLVMPointerType::get(b.getContext()),
        getStorageType(view.elementType),
        makeI64(b, *op.getLocal() * view.localElements), kScratchAlignment);
  views.try_emplace(op.getView(), std::move(view));
}

void ViewTable::addSize(Operation &op) {
  if (auto size = dyn_cast<SizeOp>(op)) {
    sizes[size] = views.find(size.getView())->second.extents[size.getAxis()];
    return;
  }
  if (auto constant = dyn_cast<arith::ConstantIndexOp>(op)) {
    sizes[constant] = makeI64(b, constant.value());
    return;
  }
  SmallVector<Value> operands;
  for (Value operand : op.getOperands())
    operands.push_back(sizes.lookup(operand));
  if (isa<arith::CeilDivUIOp>(op)) { // No target has it.
    Value below = addI64(b, operands[1], makeI64(b, -1));
    sizes[op.getResult(0)] = b.createOrFold<arith::DivUIOp>(
        addI64(b, operands[0], below), operands[1]);
    return;
  }
  // Index arithmetic becomes the same arithmetic on i64.
  OperationState state(b.getLoc(), op.getName());
  state.addOperands(operands);
  state.addTypes(SmallVector<Type>(op.getNumResults(), b.getI64Type()));
  Operation *copy = b.create(state);
  for (auto [from, to] : llvm::zip_equal(op.getResults(), copy->getResults()))
    sizes[from] = to;
}

LogicalResult normc::verifyElementTypes(ProgramOp program) {
  auto verify = [&](Value view) -> LogicalResult {
    Type type = cast<ViewType>(view.getType()).getElementType();
    if (toDType(type))
      return success();
    return emitError(view.getLoc()) << "expected views of " << kDTypeNames
                                    << ", but got " << view.getType();
  };
  for (BlockArgument argument : program.getBlock()->getArguments())
    if (failed(verify(argument)))
      return failure();
  for (auto scratch : program.getBlock()->getOps<ScratchOp>())
    if (failed(verify(scratch.getView())))
      return failure();
  return success();
}
