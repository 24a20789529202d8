//===- PhaseOps.cpp - norm.instance, norm.phase and accesses --------------===//

#include "dialects/norm/Assembly.h"
#include "dialects/norm/Norm.h"
#include "dialects/norm/Spaces.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace normc::norm;

//===----------------------------------------------------------------------===//
// norm.instance, norm.phase, norm.contribute
//===----------------------------------------------------------------------===//

/// True for what the bodies of phases and instances compute with: scalar arith
/// and math without side effects, and the norm ops of one point.
static bool isPointOp(Operation &op) {
  if (isa<LoadOp, StoreOp, AccumulateOp, IndexOp, ExtentOp, PhiloxOp>(op))
    return true;
  StringRef dialect = op.getName().getDialectNamespace();
  return (dialect == "arith" || dialect == "math") && isMemoryEffectFree(&op) &&
         !isIntegerDivision(&op) &&
         llvm::all_of(op.getResultTypes(),
                      [](Type type) { return type.isIntOrIndexOrFloat(); });
}

LogicalResult InstanceOp::verifyRegions() {
  for (Operation &op : *getBlock()) // C1
    if (!isa<PhaseOp>(op) && !isPointOp(op))
      return op.emitOpError("is not allowed in a norm.instance; expected "
                            "phases, scalar arithmetic, or a norm op of one "
                            "point");
  return success();
}

ContributeOp PhaseOp::getContribute() {
  return cast<ContributeOp>(getBlock()->getTerminator());
}

StageOp PhaseOp::getStage() { return (*this)->getParentOfType<StageOp>(); }

LogicalResult PhaseOp::verifyRegions() {
  StageOp stage = getStage();
  DimsAttr parallel = stage.getSchedule().getParallel();
  if (getOver().empty()) // C1
    return emitOpError("expected at least one dim to run over");
  for (auto [i, name] : llvm::enumerate(getOver().getNames())) {
    if (!stage.getDims().contains(name) || parallel.contains(name) ||
        name == stage.getChunkDimAttr())
      return emitOpError() << "expected dims of the stage that are neither "
                              "parallel nor the chunk dim, but got '"
                           << name.getValue() << "'";
    if (llvm::is_contained(getOver().getNames().take_front(i), name))
      return emitOpError() << "expected each dim once, but '" << name.getValue()
                           << "' occurs again";
  }
  for (StringAttr lane : stage.getSchedule().getLanes().getNames())
    if (getOver().contains(lane) && getOver().getNames().back() != lane)
      return emitOpError() << "expected the lane dim '" << lane.getValue()
                           << "' to come last";
  ContributeOp contribute = getContribute(); // C2
  if (TypeRange(contribute.getOperandTypes()) != TypeRange(getResultTypes()))
    return emitOpError() << "expected one result per contribution, of its "
                            "type, but got "
                         << getNumResults() << " for "
                         << contribute.getNumOperands();
  for (Operation &op : getBlock()->without_terminator()) // C3
    if (!isPointOp(op))
      return op.emitOpError("is not allowed in a norm.phase; expected scalar "
                            "arithmetic or a norm op of one point");
  return success();
}

void ContributeOp::build(OpBuilder &builder, OperationState &state) {
  build(builder, state, builder.getArrayAttr({}), ValueRange{});
}

ParseResult ContributeOp::parse(OpAsmParser &parser, OperationState &result) {
  MLIRContext *context = parser.getContext();
  SmallVector<Attribute> kinds;
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  SmallVector<Type> types;
  SMLoc loc = parser.getCurrentLocation();
  auto parseOne = [&]() -> ParseResult {
    StringRef keyword;
    SMLoc kindLoc = parser.getCurrentLocation();
    if (parser.parseKeyword(&keyword))
      return failure();
    std::optional<ReduceKind> kind = symbolizeReduceKind(keyword);
    if (!kind)
      return parser.emitError(kindLoc)
             << "expected add, mul, max, min or mean, but got " << keyword;
    kinds.push_back(ReduceKindAttr::get(context, *kind));
    return parser.parseOperand(operands.emplace_back());
  };
  if (parser.parseCommaSeparatedList(parseOne) ||
      parser.parseOptionalAttrDict(result.attributes) ||
      parser.parseColonTypeList(types) ||
      parser.resolveOperands(operands, types, loc, result.operands))
    return failure();
  result.addAttribute("kinds", ArrayAttr::get(context, kinds));
  return success();
}

void ContributeOp::print(OpAsmPrinter &printer) {
  printer << " ";
  llvm::interleaveComma(
      llvm::seq<unsigned>(0, getNumOperands()), printer, [&](unsigned i) {
        printer << stringifyReduceKind(getKind(i)) << " " << getOperand(i);
      });
  printer.printOptionalAttrDict((*this)->getAttrs(), {"kinds"});
  printer << " : " << getOperandTypes();
}

LogicalResult ContributeOp::verify() {
  if (getKinds().size() != getNumOperands()) // C1
    return emitOpError() << "expected one kind per value, but got "
                         << getKinds().size() << " for " << getNumOperands();
  return success();
}

//===----------------------------------------------------------------------===//
// norm.load, norm.store, norm.accumulate
//===----------------------------------------------------------------------===//

/// The dims whose coordinates are fixed where `op` stands.
static DimSet getFixedDims(Operation *op, StageOp stage) {
  SpaceAttr space = stage.getDims();
  DimSet fixed;
  if (StringAttr chunkDim = stage.getChunkDimAttr())
    if (int64_t dim = space.indexOf(chunkDim); dim >= 0)
      fixed |= DimSet::one(dim);
  if (op->getParentOfType<InstanceOp>())
    fixed |= toDimSet(space, stage.getSchedule().getParallel());
  if (auto phase = dyn_cast<PhaseOp>(op->getParentOp()))
    fixed |= toDimSet(space, phase.getOver());
  return fixed;
}

/// The dims of a static axis are static, and make its extent.
static LogicalResult verifyExtent(Operation *op, ViewType view, unsigned axis,
                                  DimsAttr names, SpaceAttr space) {
  int64_t product = 1;
  for (StringAttr name : names.getNames()) {
    int64_t extent = space.getExtents()[space.indexOf(name)];
    if (ShapedType::isDynamic(extent)) {
      if (ShapedType::isDynamic(view.getShape()[axis]))
        return success();
      return op->emitOpError()
             << "expected the dims of axis " << axis << " of " << view
             << " to be static, as its extent is, but '" << name.getValue()
             << "' is not";
    }
    if (llvm::MulOverflow(product, extent, product))
      return op->emitOpError() << "expected the extents joined in axis " << axis
                               << " to have a product below 2^63";
  }
  int64_t extent = view.getShape()[axis];
  if (!ShapedType::isDynamic(extent) && extent != product)
    return op->emitOpError()
           << "expected axis " << axis << " of " << view << " to have extent "
           << product << ", as its dims say";
  return success();
}

/// True if an instance has stored to a view before it comes to `load`.
static bool isStoredBefore(LoadOp load, InstanceOp instance) {
  Operation *step = instance.getBlock()->findAncestorOpInBlock(*load);
  return llvm::any_of(load.getView().getUsers(), [&](Operation *user) {
    if (!isa<StoreOp>(user))
      return false;
    Operation *other = instance.getBlock()->findAncestorOpInBlock(*user);
    if (other == step)
      return user->isBeforeInBlock(load);
    return other && other->isBeforeInBlock(step);
  });
}

/// Every instance has its own of local memory, whatever its coordinates, and
/// nothing in it at first (C4).
static LogicalResult verifyLocal(Operation *op, Value view, MapAttr map,
                                 StageOp stage) {
  auto scratch = view.getDefiningOp<ScratchOp>();
  if (!scratch || !scratch.isLocal())
    return success();
  auto instance = op->getParentOfType<InstanceOp>();
  if (!instance)
    return op->emitOpError("expected local memory to be used by an instance, "
                           "but got a use outside");
  ArrayRef<int64_t> strides = scratch.getView().getType().getStrides();
  DimsAttr parallel = stage.getSchedule().getParallel();
  for (StringAttr lane : stage.getSchedule().getLanes().getNames())
    if (parallel.contains(lane))
      return op->emitOpError()
             << "expected no local memory where the lane dim '"
             << lane.getValue() << "' is parallel";
  for (auto [axis, names] : llvm::enumerate(map.getAxes()))
    for (StringAttr name : names.getNames())
      if (parallel.contains(name) != (strides[axis] == 0))
        return op->emitOpError()
               << "expected axis " << axis << " of local memory to have "
               << (strides[axis] == 0 ? "parallel dims" : "no parallel dim")
               << ", but got '" << name.getValue() << "'";
  if (auto load = dyn_cast<LoadOp>(op); load && !isStoredBefore(load, instance))
    return op->emitOpError("expected the instance to have stored to local "
                           "memory before, but got no such store");
  return success();
}

static LogicalResult verifyAccess(Operation *op, Value viewValue, MapAttr map,
                                  Type element) { // C1
  auto view = cast<ViewType>(viewValue.getType());
  auto stage = op->getParentOfType<StageOp>();
  if (!stage)
    return op->emitOpError("expected to be inside a norm.stage");
  if (int64_t(map.getRank()) != view.getRank())
    return op->emitOpError() << "expected one list of dims per axis of " << view
                             << ", but got " << map.getRank();
  if (element != view.getElementType())
    return op->emitOpError()
           << "expected " << view.getElementType() << ", but got " << element;
  DimSet fixed = getFixedDims(op, stage), seen;
  for (auto [axis, names] : llvm::enumerate(map.getAxes())) {
    for (StringAttr name : names.getNames()) {
      int64_t dim = stage.getDims().indexOf(name);
      if (dim < 0 || !fixed.contains(unsigned(dim)))
        return op->emitOpError() << "expected dims that are fixed here, "
                                 << toString(stage.getDims(), fixed)
                                 << ", but got '" << name.getValue() << "'";
      if (seen.contains(unsigned(dim)))
        return op->emitOpError() << "expected each dim once, but '"
                                 << name.getValue() << "' occurs again";
      seen |= DimSet::one(unsigned(dim));
    }
    if (failed(verifyExtent(op, view, unsigned(axis), names, stage.getDims())))
      return failure();
  }
  return verifyLocal(op, viewValue, map, stage);
}

/// `%view by [[i], [j]] : type`
static ParseResult parseAccess(OpAsmParser &parser, OperationState &result,
                               OpAsmParser::UnresolvedOperand &view,
                               ViewType &type) {
  if (parser.parseOperand(view) || parser.parseKeyword("by"))
    return failure();
  Attribute map = MapAttr::parse(parser, {});
  if (!map || parser.parseOptionalAttrDict(result.attributes) ||
      parser.parseColonType(type))
    return failure();
  result.addAttribute("map", map);
  return success();
}

static void printAccess(OpAsmPrinter &printer, Operation *op, Value view,
                        MapAttr map) {
  printer << view << " by ";
  map.print(printer);
  printer.printOptionalAttrDict(op->getAttrs(), {"map", "kind"});
  printer << " : " << view.getType();
}

void LoadOp::build(OpBuilder &builder, OperationState &state, Value view,
                   MapAttr map) {
  build(builder, state, cast<ViewType>(view.getType()).getElementType(), view,
        map);
}

ParseResult LoadOp::parse(OpAsmParser &parser, OperationState &result) {
  OpAsmParser::UnresolvedOperand view;
  ViewType type;
  if (parseAccess(parser, result, view, type) ||
      parser.resolveOperand(view, type, result.operands))
    return failure();
  result.addTypes(type.getElementType());
  return success();
}

void LoadOp::print(OpAsmPrinter &printer) {
  printer << " ";
  printAccess(printer, *this, getView(), getMap());
}

LogicalResult LoadOp::verify() {
  return verifyAccess(*this, getView(), getMap(), getResult().getType());
}

/// `%value, %view by [[i], [j]] : type`
static ParseResult parseWrite(OpAsmParser &parser, OperationState &result) {
  OpAsmParser::UnresolvedOperand value, view;
  ViewType type;
  return failure(
      parser.parseOperand(value) || parser.parseComma() ||
      parseAccess(parser, result, view, type) ||
      parser.resolveOperand(value, type.getElementType(), result.operands) ||
      parser.resolveOperand(view, type, result.operands));
}

ParseResult StoreOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseWrite(parser, result);
}

void StoreOp::print(OpAsmPrinter &printer) {
  printer << " " << getValue() << ", ";
  printAccess(printer, *this, getView(), getMap());
}

/// A program does not write its inputs.
static LogicalResult verifyWritable(Operation *op, Value view) {
  auto argument = dyn_cast<BlockArgument>(view);
  auto program = argument
                     ? dyn_cast<ProgramOp>(argument.getOwner()->getParentOp())
                     : ProgramOp();
  if (program && !program.isOutput(argument.getArgNumber()))
    return op->emitOpError()
           << "expected to write an output or scratch, but \""
           << program.getArgName(argument.getArgNumber()) << "\" is an input";
  return success();
}

LogicalResult StoreOp::verify() {
  if (failed(verifyWritable(*this, getView()))) // C3
    return failure();
  if (failed(verifyAccess(*this, getView(), getMap(), getValue().getType())))
    return failure();
  auto stage = (*this)->getParentOfType<StageOp>(); // C2
  SpaceAttr space = stage.getDims();
  DimSet needed = getFixedDims(*this, stage);
  if (StringAttr chunkDim = stage.getChunkDimAttr();
      chunkDim && (*this)->getParentOfType<InstanceOp>())
    needed = needed - DimSet::one(space.indexOf(chunkDim));
  DimSet missing = needed - toDimSet(space, getMap());
  if (!missing.empty())
    return emitOpError() << "expected a map that uses every dim that is fixed "
                            "here, but it lacks "
                         << toString(space, missing);
  return success();
}

ParseResult AccumulateOp::parse(OpAsmParser &parser, OperationState &result) {
  StringRef keyword;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseKeyword(&keyword))
    return failure();
  std::optional<ReduceKind> kind = symbolizeReduceKind(keyword);
  if (!kind)
    return parser.emitError(loc)
           << "expected add, mul, max or min, but got " << keyword;
  result.addAttribute("kind", ReduceKindAttr::get(parser.getContext(), *kind));
  return parseWrite(parser, result);
}

void AccumulateOp::print(OpAsmPrinter &printer) {
  printer << " " << stringifyReduceKind(getKind()) << " " << getValue() << ", ";
  printAccess(printer, *this, getView(), getMap());
}

LogicalResult AccumulateOp::verify() {
  if (failed(verifyWritable(*this, getView()))) // C3
    return failure();
  if (auto scratch = getView().getDefiningOp<ScratchOp>();
      scratch && scratch.isLocal())
    return emitOpError("expected an output or scratch of the call, but got "
                       "local memory");
  if (getKind() == ReduceKind::mean) // C2
    return emitOpError("expected add, mul, max or min, but got mean");
  return verifyAccess(*this, getView(), getMap(), getValue().getType());
}
