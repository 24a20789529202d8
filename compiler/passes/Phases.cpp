//===- Phases.cpp - norm-phases -------------------------------------------===//

#include "compiler/passes/Passes.h"
#include "compiler/phases/ExtentClasses.h"
#include "compiler/phases/InPlace.h"
#include "compiler/phases/ProgramBuilder.h"
#include "compiler/phases/SliceKernel.h"
#include "compiler/phases/StageBlocks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace normc {
#define GEN_PASS_DEF_NORMPHASES
#include "compiler/passes/Passes.h.inc"
} // namespace normc

using namespace mlir;
using namespace normc;
using namespace normc::norm;

/// The view type of a tensor argument or result with its attributes.
static FailureOr<ViewType> getViewType(func::FuncOp func, Type type,
                                       DictionaryAttr attributes,
                                       const Twine &what) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return func.emitError()
           << "expected " << what << " to be a ranked tensor, but got " << type
           << " (a scalar is a tensor of rank 0)";
  ArrayRef<int64_t> strides;
  if (Attribute attribute =
          attributes ? attributes.get(kStridesAttr) : Attribute()) {
    auto list = dyn_cast<DenseI64ArrayAttr>(attribute);
    if (!list || int64_t(list.size()) != tensor.getRank())
      return func.emitError() << "expected " << kStridesAttr << " of " << what
                              << " to be an array of " << tensor.getRank()
                              << " i64, one per axis, but got " << attribute;
    strides = list.asArrayRef();
  }
  auto emit = [&] { return func.emitError() << what << ": "; };
  auto view = ViewType::getChecked(emit, func.getContext(), tensor.getShape(),
                                   tensor.getElementType(), strides);
  if (!view)
    return failure();
  return view;
}

/// The name that callers use, or a default one.
static FailureOr<StringAttr> getName(func::FuncOp func,
                                     DictionaryAttr attributes,
                                     const Twine &what, const Twine &fallback) {
  Attribute attribute = attributes ? attributes.get(kNameAttr) : Attribute();
  if (!attribute)
    return StringAttr::get(func.getContext(), fallback);
  if (auto name = dyn_cast<StringAttr>(attribute); name && !name.empty())
    return name;
  return func.emitError() << "expected " << kNameAttr << " of " << what
                          << " to be a non-empty string, but got " << attribute;
}

namespace {

/// Types, names and alignments of a program's arguments.
struct Signature {
  SmallVector<Type> types;
  SmallVector<Attribute> names;
  SmallVector<int64_t> alignments;

  LogicalResult add(func::FuncOp func, Type type, DictionaryAttr attributes,
                    const Twine &what, const Twine &fallback) {
    FailureOr<ViewType> view = getViewType(func, type, attributes, what);
    FailureOr<StringAttr> name = getName(func, attributes, what, fallback);
    if (failed(view) || failed(name))
      return failure();
    if (llvm::is_contained(names, Attribute(*name)))
      return func.emitError() << "expected different names of arguments and "
                                 "results, but "
                              << *name << " occurs again";
    auto alignment = attributes ? attributes.getAs<IntegerAttr>(kAlignmentAttr)
                                : IntegerAttr();
    alignments.push_back(alignment ? alignment.getInt() : 1);
    if (!llvm::isPowerOf2_64(alignments.back()))
      return func.emitError()
             << "expected " << kAlignmentAttr << " of " << what
             << " to be a power of two, but got " << alignments.back();
    types.push_back(*view);
    names.push_back(*name);
    return success();
  }
};

struct NormPhases : normc::impl::NormPhasesBase<NormPhases> {
  void runOnOperation() override {
    for (auto func :
         llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      if (failed(convert(func)))
        return signalPassFailure();
      func.erase();
    }
  }

  LogicalResult checkBody(func::FuncOp func);
  FailureOr<ProgramOp> createProgram(func::FuncOp func);
  LogicalResult convert(func::FuncOp func);
};

} // namespace

/// An operation that is no kernel, or null: what uses a tensor.empty and not
/// the empty tensor itself, where there is such a one.
static Operation *findOther(Block &block) {
  Operation *other = nullptr;
  for (Operation &op : block) {
    bool isScalarConstant = isa<arith::ConstantOp>(op) &&
                            !isa<ShapedType>(op.getResult(0).getType());
    if (isa<KernelOp, func::ReturnOp>(op) || isScalarConstant)
      continue;
    if (!isa<tensor::EmptyOp>(op))
      return &op;
    other = &op;
  }
  return other;
}

/// The function holds kernels, constants that they take, and a return of their
/// results.
LogicalResult NormPhases::checkBody(func::FuncOp func) {
  if (!func.getBody().hasOneBlock())
    return func.emitError("expected a function with one block, but got ")
           << func.getBody().getBlocks().size();
  for (auto [i, type] : llvm::enumerate(func.getResultTypes()))
    if (!isa<RankedTensorType>(type))
      return func.emitError("expected result ")
             << i << " to be a ranked tensor, but got " << type;
  if (Operation *other = findOther(func.getBody().front()))
    return other->emitError()
           << "expected kernels and scalar constants in the function, but got "
           << other->getName()
           << ", which no pass before norm-phases turned into a kernel (those "
              "that do take elementwise arith and math ops, "
              "tensor.expand_shape, tensor.collapse_shape, linalg.broadcast, "
              "tensor.splat and norm ops)";
  for (Operation &op : func.getBody().front()) {
    auto kernel = dyn_cast<KernelOp>(op);
    for (Value operand : op.getOperands())
      if (kernel && !isa<RankedTensorType>(operand.getType()) &&
          !operand.getDefiningOp<arith::ConstantOp>())
        return op.emitError() << "expected scalar operands to be constants "
                                 "(pass others as tensors of rank 0)";
  }
  auto ret = cast<func::ReturnOp>(func.getBody().front().getTerminator());
  llvm::SmallPtrSet<void *, 4> seen;
  for (auto [i, value] : llvm::enumerate(ret.getOperands()))
    if (!value.getDefiningOp<KernelOp>() ||
        !seen.insert(value.getAsOpaquePointer()).second)
      return ret.emitError() << "expected result " << i
                             << " to be a kernel's, and returned once";
  return success();
}

FailureOr<ProgramOp> NormPhases::createProgram(func::FuncOp func) {
  Signature signature;
  for (unsigned i = 0; i < func.getNumArguments(); ++i)
    if (failed(signature.add(func, func.getArgumentTypes()[i],
                             func.getArgAttrDict(i), "argument " + Twine(i),
                             "arg" + Twine(i))))
      return failure();
  for (unsigned i = 0; i < func.getNumResults(); ++i)
    if (failed(signature.add(func, func.getResultTypes()[i],
                             func.getResultAttrDict(i), "result " + Twine(i),
                             "result" + Twine(i))))
      return failure();
  OpBuilder b(func);
  bool anyAligned =
      llvm::any_of(signature.alignments, [](int64_t a) { return a > 1; });
  auto program = ProgramOp::create(
      b, func.getLoc(), func.getSymName(), b.getArrayAttr(signature.names),
      func.getNumArguments(),
      anyAligned ? b.getDenseI64ArrayAttr(signature.alignments)
                 : DenseI64ArrayAttr(),
      DenseI64ArrayAttr());
  Block *block = b.createBlock(&program.getBody());
  for (Type type : signature.types)
    block->addArgument(type, func.getLoc());
  return program;
}

/// Of axes that must have one extent, the program reads the first.
static void shareExtents(func::FuncOp func, ProgramBuilder &builder) {
  ExtentClasses classes(func);
  for (BlockArgument argument : func.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    for (unsigned axis = 0; type && axis < type.getRank(); ++axis) {
      ArgumentAxis first = classes.first(argument.getArgNumber(), axis);
      if (first.argument != argument.getArgNumber() || first.axis != axis)
        builder.setSameExtent(builder.viewOf(argument), axis,
                              builder.viewOf(func.getArgument(first.argument)),
                              first.axis);
    }
  }
}

LogicalResult NormPhases::convert(func::FuncOp func) {
  if (func.isExternal())
    return func.emitError("expected a function with a body");
  if (failed(checkBody(func)))
    return failure();
  FailureOr<ProgramOp> program = createProgram(func);
  if (failed(program))
    return failure();
  ProgramBuilder builder(*program);
  Block *block = program->getBlock();
  for (BlockArgument argument : func.getArguments())
    builder.setView(argument, block->getArgument(argument.getArgNumber()));
  shareExtents(func, builder);
  Operation *ret = func.getBody().front().getTerminator();
  for (auto [i, value] : llvm::enumerate(ret->getOperands()))
    builder.setView(value, block->getArgument(func.getNumArguments() + i));
  for (auto kernel : func.getBody().front().getOps<KernelOp>())
    if (failed(sliceKernel(kernel, builder)))
      return failure();
  markInPlace(*program);
  fitChunksToBlocks(*program);
  program->walk([&](StageOp) { ++numStages; });
  program->walk([&](PhaseOp) { ++numPhases; });
  return success();
}
