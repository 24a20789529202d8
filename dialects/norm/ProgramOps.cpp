//===- ProgramOps.cpp - norm.program, its sizes, scratch and stages -------===//

#include "dialects/norm/Assembly.h"
#include "dialects/norm/Norm.h"
#include "dialects/norm/Spaces.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/ADT/SetVector.h"
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
        !(isa<arith::ConstantOp, arith::AddIOp, arith::MulIOp, arith::DivUIOp,
              arith::CeilDivUIOp>(op) &&
          op.getResult(0).getType().isIndex()))
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

/// The axes that count in local memory: not those of stride 0.
static SmallVector<int64_t> getOwnShape(ViewType type) {
  SmallVector<int64_t> shape;
  for (auto [extent, stride] :
       llvm::zip_equal(type.getShape(), type.getStrides()))
    if (stride != 0)
      shape.push_back(extent);
  return shape;
}

int64_t ScratchOp::getLocalBytes() {
  ViewType type = getView().getType();
  int64_t bytes = type.getElementType().getIntOrFloatBitWidth() / 8;
  for (int64_t extent : getOwnShape(type))
    bytes *= extent;
  return llvm::alignTo(bytes, 64);
}

/// Row-major without the axes of stride 0, and static.
static bool isContiguousForOne(ViewType type) {
  if (type.isContiguous())
    return false;
  int64_t expected = 1;
  for (auto [extent, stride] : llvm::zip_equal(
           llvm::reverse(type.getShape()), llvm::reverse(type.getStrides()))) {
    if (stride == 0)
      continue;
    if (ShapedType::isDynamic(extent) || stride != expected ||
        llvm::MulOverflow(expected, extent, expected))
      return false;
  }
  return true;
}

LogicalResult ScratchOp::verify() {
  ViewType type = getView().getType();
  size_t dynamic = llvm::count_if(type.getShape(), ShapedType::isDynamic);
  if (dynamic != getSizes().size()) // C1
    return emitOpError() << "expected " << dynamic
                         << " sizes, one per '?', but got "
                         << getSizes().size();
  if (!isLocal()) { // C2
    if (!type.isContiguous())
      return emitOpError() << "expected a contiguous view, but got " << type;
    return success();
  }
  if (!isContiguousForOne(type))
    return emitOpError() << "expected local memory to be contiguous and static "
                            "but for axes of stride 0, but got "
                         << type;
  int64_t bytes = 0, copies = *getLocal(); // C3
  bool isMore = llvm::product_of(getOwnShape(type)) > kLocalBytes ||
                llvm::MulOverflow(getLocalBytes(), copies, bytes) ||
                bytes > kLocalBytes;
  if (isMore)
    return emitOpError() << "expected at most " << kLocalBytes
                         << " bytes of local memory, but got " << copies
                         << " times " << type;
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
  if (succeeded(parser.parseOptionalKeyword("non_empty"))) {
    Attribute dims = DimsAttr::parse(parser, {});
    if (!dims)
      return failure();
    result.addAttribute("non_empty", dims);
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
  if (DimsAttr nonEmpty = getNonEmptyAttr()) {
    printer << " non_empty ";
    nonEmpty.print(printer);
  }
  printer.printNewline();
  printer << "        schedule " << getSchedule();
  printer.printOptionalAttrDictWithKeyword(
      (*this)->getAttrs(), {"dims", "chunk_dim", "non_empty", "schedule"});
  printer << " ";
  printer.printRegion(getBody());
}

static LogicalResult verifyLocalBytes(StageOp stage) { // C5
  llvm::SmallSetVector<ScratchOp, 4> used;
  stage.walk([&](Operation *op) {
    for (Value operand : op->getOperands())
      if (auto scratch = operand.getDefiningOp<ScratchOp>();
          scratch && scratch.isLocal())
        used.insert(scratch);
  });
  int64_t bytes = 0;
  for (ScratchOp scratch : used)
    bytes += *scratch.getLocal() * scratch.getLocalBytes();
  if (bytes > ScratchOp::kLocalBytes)
    return stage.emitOpError()
           << "expected at most " << ScratchOp::kLocalBytes
           << " bytes of local memory in all, but got " << bytes;
  return success();
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
  if (DimsAttr nonEmpty = getNonEmptyAttr()) // C4
    for (StringAttr name : nonEmpty.getNames())
      if (!space.contains(name))
        return emitOpError()
               << "expected non_empty to name dims among (" << space.listNames()
               << "), but got '" << name.getValue() << "'";
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
  return verifyLocalBytes(*this);
}
