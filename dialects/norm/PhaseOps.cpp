//===- PhaseOps.cpp - norm.program and what it is made of -----------------===//

#include "dialects/norm/Assembly.h"
#include "dialects/norm/Norm.h"
#include "dialects/norm/Spaces.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace normc::norm;

//===----------------------------------------------------------------------===//
// norm.program
//===----------------------------------------------------------------------===//

/// `(%x "x" : type, ...)`
static ParseResult
parseProgramArguments(OpAsmParser &parser,
                      SmallVectorImpl<OpAsmParser::Argument> &arguments,
                      SmallVectorImpl<Attribute> &names) {
  auto parseOne = [&]() -> ParseResult {
    OpAsmParser::Argument &argument = arguments.emplace_back();
    std::string name;
    if (parser.parseArgument(argument) || parser.parseString(&name) ||
        parser.parseColonType(argument.type))
      return failure();
    names.push_back(parser.getBuilder().getStringAttr(name));
    return success();
  };
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, parseOne);
}

ParseResult ProgramOp::parse(OpAsmParser &parser, OperationState &result) {
  Builder &builder = parser.getBuilder();
  StringAttr name;
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<Attribute> names;
  if (parser.parseSymbolName(name, "sym_name", result.attributes) ||
      parser.parseKeyword("inputs") ||
      parseProgramArguments(parser, arguments, names))
    return failure();
  int64_t numInputs = arguments.size();
  if (parser.parseKeyword("outputs") ||
      parseProgramArguments(parser, arguments, names) ||
      parser.parseOptionalAttrDictWithKeyword(result.attributes))
    return failure();
  result.addAttribute("arg_names", builder.getArrayAttr(names));
  result.addAttribute("num_inputs", builder.getI64IntegerAttr(numInputs));
  Region *body = result.addRegion();
  if (parser.parseRegion(*body, arguments))
    return failure();
  if (body->empty())
    body->emplaceBlock();
  return success();
}

void ProgramOp::print(OpAsmPrinter &printer) {
  auto printArguments = [&](unsigned begin, unsigned end) {
    printer << "(";
    llvm::interleaveComma(llvm::seq(begin, end), printer, [&](unsigned i) {
      BlockArgument argument = getBlock()->getArgument(i);
      printer << argument << " \"" << getArgName(i)
              << "\" : " << argument.getType();
    });
    printer << ")";
  };
  printer << " ";
  printer.printSymbolName(getSymName());
  printer << " inputs";
  printArguments(0, getNumInputs());
  printer.printNewline();
  printer << "      outputs";
  printArguments(getNumInputs(), getBlock()->getNumArguments());
  printer.printOptionalAttrDictWithKeyword(
      (*this)->getAttrs(), {"sym_name", "arg_names", "num_inputs"});
  printer << " ";
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

static LogicalResult verifyAlignments(ProgramOp program) {
  if (!program.getAlignments())
    return success();
  ArrayRef<int64_t> alignments = *program.getAlignments();
  unsigned arguments = program.getBlock()->getNumArguments();
  if (alignments.size() != arguments)
    return program.emitOpError()
           << "expected one alignment per argument, but got "
           << alignments.size() << " for " << arguments;
  for (int64_t alignment : alignments)
    if (alignment < 1 || !llvm::isPowerOf2_64(alignment))
      return program.emitOpError()
             << "expected alignments to be powers of two, but got "
             << alignment;
  return success();
}

LogicalResult ProgramOp::verifyRegions() {
  Block *block = getBlock();
  if (block->getNumArguments() != getArgNames().size())
    return emitOpError() << "expected one name per argument, but got "
                         << getArgNames().size() << " for "
                         << block->getNumArguments();
  int64_t numInputs = getNumInputs();
  if (numInputs < 0 || numInputs > int64_t(block->getNumArguments()))
    return emitOpError() << "expected between 0 and "
                         << block->getNumArguments() << " inputs, but got "
                         << numInputs;
  for (unsigned i = 0; i < block->getNumArguments(); ++i) { // C1
    if (!isa<ViewType>(block->getArgument(i).getType()))
      return emitOpError() << "expected arguments to be views, but got "
                           << block->getArgument(i).getType();
    for (unsigned k = 0; k < i; ++k)
      if (getArgName(i) == getArgName(k))
        return emitOpError() << "expected different argument names, but \""
                             << getArgName(i) << "\" occurs again";
  }
  for (Operation &op : *block) // C2
    if (!isa<SizeOp, ScratchOp, StageOp>(op) &&
        !(op.getName().getDialectNamespace() == "arith" &&
          llvm::all_of(op.getResultTypes(),
                       [](Type type) { return type.isIndex(); })))
      return op.emitOpError("is not allowed in a norm.program; expected "
                            "norm.size, norm.scratch, norm.stage or index "
                            "arithmetic");
  if (failed(verifyAlignments(*this))) // C4
    return failure();
  if (!getInPlace())
    return success();
  ArrayRef<int64_t> pairs = *getInPlace(); // C3
  if (pairs.size() % 2 != 0)
    return emitOpError("expected in_place to hold pairs (input, output)");
  for (size_t i = 0; i < pairs.size(); i += 2) {
    int64_t in = pairs[i], out = pairs[i + 1], count = block->getNumArguments();
    if (in < 0 || in >= int64_t(getNumInputs()) ||
        out < int64_t(getNumInputs()) || out >= count ||
        block->getArgument(in).getType() != block->getArgument(out).getType())
      return emitOpError() << "expected in_place to pair an input with an "
                              "output of its type, but got ("
                           << in << ", " << out << ")";
  }
  return success();
}

//===----------------------------------------------------------------------===//
// norm.size, norm.scratch
//===----------------------------------------------------------------------===//

LogicalResult SizeOp::verify() {
  int64_t axis = getAxis();
  if (axis < 0 || axis >= getView().getType().getRank()) // C1
    return emitOpError() << "expected an axis below the rank of "
                         << getView().getType() << ", but got " << axis;
  return success();
}

LogicalResult ScratchOp::verify() {
  ViewType type = getView().getType(); // C1
  size_t dynamic = llvm::count_if(type.getShape(), ShapedType::isDynamic);
  if (dynamic != getSizes().size())
    return emitOpError() << "expected " << dynamic
                         << " sizes, one per '?', but got "
                         << getSizes().size();
  if (!type.isContiguous())
    return emitOpError() << "expected a contiguous view, but got " << type;
  return success();
}

//===----------------------------------------------------------------------===//
// norm.stage
//===----------------------------------------------------------------------===//

Value StageOp::getSizeOf(unsigned dim) {
  ArrayRef<int64_t> extents = getDims().getExtents();
  if (!ShapedType::isDynamic(extents[dim]))
    return {};
  return getSizes()[llvm::count_if(extents.take_front(dim),
                                   ShapedType::isDynamic)];
}

int64_t StageOp::getLaneDim() {
  ArrayRef<StringAttr> lanes = getSchedule().getLanes().getNames();
  return lanes.empty() ? -1 : getDims().indexOf(lanes.front());
}

InstanceOp StageOp::getInstance() {
  return cast<InstanceOp>(getBlock()->back());
}

ParseResult StageOp::parse(OpAsmParser &parser, OperationState &result) {
  Builder &builder = parser.getBuilder();
  SmallVector<StringAttr> names;
  SmallVector<int64_t> extents;
  SmallVector<OpAsmParser::UnresolvedOperand> sizes;
  auto parseDim = [&]() -> ParseResult {
    if (parseDimName(parser, names.emplace_back()) || parser.parseEqual())
      return failure();
    OpAsmParser::UnresolvedOperand size;
    OptionalParseResult hasSize = parser.parseOptionalOperand(size);
    if (!hasSize.has_value())
      return parser.parseInteger(extents.emplace_back());
    extents.push_back(ShapedType::kDynamic);
    sizes.push_back(size);
    return *hasSize;
  };
  if (parser.parseKeyword("dims") ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, parseDim))
    return failure();
  auto dims = parser.getChecked<SpaceAttr>(builder.getContext(),
                                           ArrayRef(names), ArrayRef(extents));
  if (!dims)
    return failure();
  result.addAttribute("dims", dims);
  if (succeeded(parser.parseOptionalKeyword("chunks"))) {
    StringAttr chunkDim;
    if (parseDimName(parser, chunkDim))
      return failure();
    result.addAttribute("chunk_dim", chunkDim);
  }
  Attribute schedule;
  if (parser.parseKeyword("schedule") ||
      parser.parseAttribute(schedule, "schedule", result.attributes) ||
      parser.parseOptionalAttrDictWithKeyword(result.attributes))
    return failure();
  Region *body = result.addRegion();
  return failure(
      parser.parseRegion(*body) ||
      parser.resolveOperands(sizes, builder.getIndexType(), result.operands));
}

void StageOp::print(OpAsmPrinter &printer) {
  printer << " dims(";
  unsigned next = 0;
  llvm::interleaveComma(
      llvm::zip_equal(getDims().getNames(), getDims().getExtents()), printer,
      [&](auto dim) {
        auto [name, extent] = dim;
        printer << name.getValue() << " = ";
        if (ShapedType::isDynamic(extent))
          printer << getSizes()[next++];
        else
          printer << extent;
      });
  printer << ")";
  if (StringAttr chunkDim = getChunkDimAttr())
    printer << " chunks " << chunkDim.getValue();
  printer.printNewline();
  printer << "        schedule " << getSchedule();
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs(),
                                           {"dims", "chunk_dim", "schedule"});
  printer << " ";
  printer.printRegion(getBody());
}

LogicalResult StageOp::verifyRegions() {
  SpaceAttr space = getDims(); // C1
  size_t dynamic = llvm::count_if(space.getExtents(), ShapedType::isDynamic);
  if (dynamic != getSizes().size())
    return emitOpError() << "expected " << dynamic
                         << " sizes, one per '?', but got "
                         << getSizes().size();
  ScheduleAttr schedule = getSchedule(); // C2
  for (DimsAttr dims : {schedule.getParallel(), schedule.getLanes()})
    for (StringAttr name : dims.getNames())
      if (!space.contains(name))
        return emitOpError()
               << "expected the schedule to name dims among ("
               << space.listNames() << "), but got '" << name.getValue() << "'";
  if (StringAttr chunkDim = getChunkDimAttr())
    if (!space.contains(chunkDim) || schedule.getParallel().contains(chunkDim))
      return emitOpError() << "expected the chunk dim to be a dim of the stage "
                              "that is not parallel, but got '"
                           << chunkDim.getValue() << "'";
  Block *block = getBlock(); // C3
  if (block->empty() || !isa<InstanceOp>(block->back()))
    return emitOpError("expected the stage to end with its norm.instance");
  for (Operation &op : llvm::drop_end(*block)) {
    auto phase = dyn_cast<PhaseOp>(op);
    bool isStore = isa<StoreOp>(op);
    if (!phase && !isStore && !op.hasTrait<OpTrait::ConstantLike>())
      return op.emitOpError("is not allowed in a norm.stage; expected phases "
                            "and then one norm.instance");
    if ((phase || isStore) &&
        (!getChunkDimAttr() || (phase && phase.getNumResults() != 0)))
      return op.emitOpError("expected what is outside the instance to have no "
                            "results, in a stage with chunks");
  }
  return success();
}

//===----------------------------------------------------------------------===//
// norm.instance, norm.phase, norm.contribute
//===----------------------------------------------------------------------===//

/// True for what the bodies of phases and instances compute with: scalar arith
/// and math without side effects, and the norm ops of one point.
static bool isPointOp(Operation &op) {
  if (isa<LoadOp, StoreOp, AccumulateOp, IndexOp, ExtentOp>(op))
    return true;
  StringRef dialect = op.getName().getDialectNamespace();
  return (dialect == "arith" || dialect == "math") && isMemoryEffectFree(&op) &&
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

/// An axis' static extent is that of its dims, where they have one.
static LogicalResult verifyExtent(Operation *op, ViewType view, unsigned axis,
                                  DimsAttr names, SpaceAttr space) {
  int64_t product = 1;
  for (StringAttr name : names.getNames()) {
    int64_t extent = space.getExtents()[space.indexOf(name)];
    if (ShapedType::isDynamic(extent))
      return success();
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

static LogicalResult verifyAccess(Operation *op, ViewType view, MapAttr map,
                                  Type element) { // C1
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
  return success();
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
  return verifyAccess(*this, getView().getType(), getMap(),
                      getResult().getType());
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

LogicalResult StoreOp::verify() {
  return verifyAccess(*this, getView().getType(), getMap(),
                      getValue().getType());
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
  if (getKind() == ReduceKind::mean) // C2
    return emitOpError("expected add, mul, max or min, but got mean");
  return verifyAccess(*this, getView().getType(), getMap(),
                      getValue().getType());
}
