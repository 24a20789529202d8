//===- KernelOps.cpp - norm.kernel and its collectives --------------------===//

#include "dialects/norm/DimSources.h"
#include "dialects/norm/Norm.h"
#include "dialects/norm/Spaces.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace normc::norm;

//===----------------------------------------------------------------------===//
// norm.kernel: assembly
//===----------------------------------------------------------------------===//

void KernelOp::getAsmBlockArgumentNames(Region &region,
                                        OpAsmSetValueNameFn setName) {
  for (BlockArgument argument : region.getArguments())
    setName(argument, ("e" + Twine(argument.getArgNumber())).str());
}

/// The type of a body argument for an operand of this type.
static Type getPointType(Type type) {
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    return tensor.getElementType();
  return type;
}

/// `by [[i], [j]] : type`
static ParseResult parseMapAndType(OpAsmParser &parser,
                                   SmallVectorImpl<Attribute> &maps,
                                   SmallVectorImpl<Type> &types) {
  if (parser.parseKeyword("by"))
    return failure();
  Attribute map = MapAttr::parse(parser, {});
  if (!map || parser.parseColonType(types.emplace_back()))
    return failure();
  maps.push_back(map);
  return success();
}

ParseResult KernelOp::parse(OpAsmParser &parser, OperationState &result) {
  MLIRContext *context = parser.getContext();
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  SmallVector<Attribute> inputMaps, outputMaps;
  SmallVector<Type> inputTypes, outputTypes;

  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseKeyword("dims"))
    return failure();
  Attribute dims = SpaceAttr::parse(parser, {});
  if (!dims)
    return failure();
  auto parseInput = [&]() -> ParseResult {
    if (parser.parseArgument(arguments.emplace_back()) || parser.parseEqual() ||
        parser.parseOperand(operands.emplace_back()) ||
        parseMapAndType(parser, inputMaps, inputTypes))
      return failure();
    arguments.back().type = getPointType(inputTypes.back());
    return success();
  };
  auto parseOutput = [&] {
    return parseMapAndType(parser, outputMaps, outputTypes);
  };
  if (parser.parseKeyword("ins") ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, parseInput) ||
      parser.parseKeyword("outs") ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, parseOutput))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("schedule"))) {
    ArrayAttr schedule;
    if (parser.parseAttribute(schedule, "schedule", result.attributes))
      return failure();
  }
  if (parser.parseOptionalAttrDictWithKeyword(result.attributes) ||
      parser.parseRegion(*result.addRegion(), arguments) ||
      parser.resolveOperands(operands, inputTypes, loc, result.operands))
    return failure();
  result.addTypes(outputTypes);
  result.addAttribute("dims", dims);
  result.addAttribute("input_maps", ArrayAttr::get(context, inputMaps));
  result.addAttribute("output_maps", ArrayAttr::get(context, outputMaps));
  return success();
}

void KernelOp::print(OpAsmPrinter &printer) {
  printer << " dims";
  getDims().print(printer);
  printer.printNewline();
  printer << "      ins(";
  llvm::interleaveComma(llvm::seq<unsigned>(0, getNumOperands()), printer,
                        [&](unsigned i) {
                          printer << getBlock()->getArgument(i) << " = "
                                  << getOperand(i) << " by ";
                          getInputMap(i).print(printer);
                          printer << " : " << getOperand(i).getType();
                        });
  printer << ")";
  printer.printNewline();
  printer << "      outs(";
  llvm::interleaveComma(llvm::seq<unsigned>(0, getNumResults()), printer,
                        [&](unsigned i) {
                          printer << "by ";
                          getOutputMap(i).print(printer);
                          printer << " : " << getResult(i).getType();
                        });
  printer << ")";
  if (ArrayAttr schedule = getScheduleAttr()) {
    printer << " schedule ";
    printer.printAttribute(schedule);
  }
  printer.printOptionalAttrDictWithKeyword(
      (*this)->getAttrs(), {"dims", "input_maps", "output_maps", "schedule"});
  printer << " ";
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

//===----------------------------------------------------------------------===//
// norm.kernel: verifier
//===----------------------------------------------------------------------===//

SmallVector<DimSource> normc::norm::findDimSources(KernelOp kernel) {
  SpaceAttr space = kernel.getDims();
  SmallVector<DimSource> sources;
  DimSet known, dynamic;
  for (auto [dim, extent] : llvm::enumerate(space.getExtents()))
    (ShapedType::isDynamic(extent) ? dynamic : known) |= DimSet::one(dim);
  // A join may become solvable only after another operand has been read.
  for (bool changed = true; changed;) {
    changed = false;
    for (unsigned i = 0; i < kernel.getNumOperands(); ++i) {
      for (auto [axis, names] :
           llvm::enumerate(kernel.getInputMap(i).getAxes())) {
        // A divisor is static, so that it can be checked at a call.
        DimSet all = toDimSet(space, names), unknown = all - known;
        if (llvm::popcount(unknown.raw()) != 1 || (all & dynamic) != unknown)
          continue;
        DimSource source{
            unsigned(llvm::countr_zero(unknown.raw())), i, unsigned(axis), {}};
        for (StringAttr name : names.getNames())
          if (unsigned dim = space.indexOf(name); dim != source.dim)
            source.others.push_back(dim);
        sources.push_back(source);
        known |= unknown;
        changed = true;
      }
    }
  }
  return sources;
}

/// C2 and C4 for one operand or output. `what` is "input 0" or "output 1".
static LogicalResult verifyMap(KernelOp kernel, const Twine &what, Type type,
                               MapAttr map) {
  SpaceAttr space = kernel.getDims();
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor && !type.isIntOrIndexOrFloat())
    return kernel.emitOpError() << "expected " << what
                                << " to be a ranked tensor or a scalar, but "
                                   "got "
                                << type;
  if (tensor && !tensor.getElementType().isIntOrFloat())
    return kernel.emitOpError() << "expected " << what
                                << " to have integers or floats as elements, "
                                   "but got "
                                << type;
  int64_t rank = tensor ? tensor.getRank() : 0;
  if (int64_t(map.getRank()) != rank)
    return kernel.emitOpError()
           << "expected one list of dims per axis of " << what << " (rank "
           << rank << "), but got " << map.getRank();
  DimSet seen;
  for (auto [axis, names] : llvm::enumerate(map.getAxes())) {
    int64_t product = 1;
    for (StringAttr name : names.getNames()) {
      int64_t dim = space.indexOf(name);
      if (dim < 0)
        return kernel.emitOpError()
               << "expected the map of " << what << " to use dims among ("
               << space.listNames() << "), but axis " << axis << " has '"
               << name.getValue() << "'";
      if (seen.contains(unsigned(dim)))
        return kernel.emitOpError()
               << "expected each dim once in the map of " << what << ", but '"
               << name.getValue() << "' occurs again";
      seen |= DimSet::one(dim);
      int64_t extent = space.getExtents()[dim];
      if (ShapedType::isDynamic(extent) &&
          !ShapedType::isDynamic(tensor.getDimSize(axis)))
        return kernel.emitOpError()
               << "expected the dims of axis " << axis << " of " << what
               << " to be static, as its extent " << tensor.getDimSize(axis)
               << " is, but '" << name.getValue() << "' is not";
      if (!ShapedType::isDynamic(extent) &&
          llvm::MulOverflow(product, extent, product))
        return kernel.emitOpError()
               << "expected the extents joined in axis " << axis << " of "
               << what << " to have a product below 2^63";
    }
    int64_t extent = tensor.getDimSize(axis);
    if (ShapedType::isDynamic(extent))
      continue;
    if (extent != product)
      return kernel.emitOpError()
             << "expected axis " << axis << " of " << what << " to have extent "
             << product << ", as its dims say, but got " << extent;
  }
  return success();
}

/// C3: a body op is a scalar arith or math op without side effects, or one of
/// the norm body ops.
static LogicalResult verifyBodyOp(Operation &op) {
  if (isa<ReduceOp, MomentsOp, IndexOp, ExtentOp, PhiloxOp, YieldOp>(op))
    return success();
  StringRef dialect = op.getName().getDialectNamespace();
  if ((dialect != "arith" && dialect != "math") || !isMemoryEffectFree(&op))
    return op.emitOpError("is not allowed in a norm.kernel body; expected a "
                          "scalar arith or math op, or a norm body op");
  if (isIntegerDivision(&op))
    return op.emitOpError(
        "is not allowed in a norm.kernel body: the lanes that "
        "a mask leaves out would divide by zero");
  for (Type type : op.getResultTypes())
    if (!type.isIntOrIndexOrFloat())
      return op.emitOpError() << "expected a scalar result in a norm.kernel "
                                 "body, but got "
                              << type;
  auto fast = dyn_cast<arith::ArithFastMathInterface>(op);
  auto trunc = dyn_cast<arith::TruncFOp>(op);
  if (trunc &&
      trunc.getRoundingmode().value_or(arith::RoundingMode::to_nearest_even) !=
          arith::RoundingMode::to_nearest_even)
    return op.emitOpError("expected a cast that rounds to nearest even");
  if (isa<arith::ExtFOp, arith::TruncFOp>(op) && fast &&
      fast.getFastMathFlagsAttr() &&
      fast.getFastMathFlagsAttr().getValue() != arith::FastMathFlags::none)
    return op.emitOpError("expected a cast without fastmath flags: they let "
                          "roundings disappear");
  return success();
}

/// C1: one block, whose arguments are the operands' elements.
static LogicalResult verifyBlock(KernelOp kernel) {
  Block *block = kernel.getBlock();
  if (block->getNumArguments() != kernel.getNumOperands())
    return kernel.emitOpError()
           << "expected one body argument per input, but got "
           << block->getNumArguments() << " for " << kernel.getNumOperands();
  for (auto [i, argument] : llvm::enumerate(block->getArguments())) {
    Type expected = getPointType(kernel.getOperand(i).getType());
    if (argument.getType() != expected)
      return kernel.emitOpError()
             << "expected body argument " << i << " to be " << expected
             << ", but got " << argument.getType();
  }
  if (block->empty() || !isa<YieldOp>(block->back()))
    return kernel.emitOpError("expected the body to end with norm.yield");
  return success();
}

/// C7: what is yielded varies only over the output's dims.
static LogicalResult verifyYield(KernelOp kernel, YieldOp yield) {
  SpaceAttr space = kernel.getDims();
  if (yield.getNumOperands() != kernel.getNumResults())
    return yield.emitOpError()
           << "expected " << kernel.getNumResults()
           << " values, one per output, but got " << yield.getNumOperands();
  KernelSpaces spaces(kernel);
  for (auto [i, value] : llvm::enumerate(yield.getOperands())) {
    Type expected = getPointType(kernel.getResult(i).getType());
    if (value.getType() != expected)
      return yield.emitOpError() << "expected value " << i << " to be "
                                 << expected << ", but got " << value.getType();
    DimSet lost = spaces.of(value) - toDimSet(space, kernel.getOutputMap(i));
    if (!lost.empty())
      return yield.emitOpError()
             << "expected value " << i << " to vary only over the dims of "
             << "output " << i << ", but it also varies over "
             << toString(space, lost);
  }
  return success();
}

static LogicalResult verifyScheduleDims(KernelOp kernel) {
  if (!kernel.getScheduleAttr())
    return success();
  for (auto schedule : kernel.getScheduleAttr().getAsRange<ScheduleAttr>())
    for (DimsAttr dims : {schedule.getParallel(), schedule.getLanes()})
      for (StringAttr name : dims.getNames())
        if (!kernel.getDims().contains(name))
          return kernel.emitOpError()
                 << "expected the schedule to name dims among ("
                 << kernel.getDims().listNames() << "), but got '"
                 << name.getValue() << "'";
  return success();
}

LogicalResult KernelOp::verifyRegions() {
  if (failed(verifyBlock(*this))) // C1
    return failure();
  if (getInputMaps().size() != getNumOperands() ||
      getOutputMaps().size() != getNumResults()) // C2
    return emitOpError() << "expected one map per operand and output, but got "
                         << getInputMaps().size() << " and "
                         << getOutputMaps().size() << " for "
                         << getNumOperands() << " and " << getNumResults();
  for (unsigned i = 0; i < getNumOperands(); ++i) // C2, C4
    if (failed(verifyMap(*this, "input " + Twine(i), getOperand(i).getType(),
                         getInputMap(i))))
      return failure();
  for (unsigned i = 0; i < getNumResults(); ++i)
    if (failed(verifyMap(*this, "output " + Twine(i), getResult(i).getType(),
                         getOutputMap(i))))
      return failure();
  for (Operation &op : *getBlock()) // C3
    if (failed(verifyBodyOp(op)))
      return failure();
  DimSet known; // C5
  for (const DimSource &source : findDimSources(*this))
    known |= DimSet::one(source.dim);
  for (auto [dim, extent] : llvm::enumerate(getDims().getExtents()))
    if (ShapedType::isDynamic(extent) && !known.contains(unsigned(dim)))
      return emitOpError() << "expected an input that tells the extent of dim '"
                           << getDims().getNames()[dim].getValue()
                           << "', but none has it alone or joined with known "
                              "dims";
  if (failed(verifyScheduleDims(*this))) // C8
    return failure();
  return verifyYield(*this, cast<YieldOp>(getBlock()->back())); // C7
}

//===----------------------------------------------------------------------===//
// Collectives and dim queries
//===----------------------------------------------------------------------===//

/// The dims that names in the body of `op`'s parent refer to; null outside.
static SpaceAttr getEnclosingSpace(Operation *op) {
  for (Operation *parent = op->getParentOp(); parent;
       parent = parent->getParentOp()) {
    if (auto kernel = dyn_cast<KernelOp>(parent))
      return kernel.getDims();
    if (auto stage = dyn_cast<StageOp>(parent))
      return stage.getDims();
  }
  return {};
}

static LogicalResult verifyCollective(Operation *op, DimsAttr over, Type type) {
  SpaceAttr space = getEnclosingSpace(op);
  if (over.empty()) // C1
    return op->emitOpError("expected at least one dim to combine over");
  for (auto [i, name] : llvm::enumerate(over.getNames())) {
    if (!space.contains(name))
      return op->emitOpError() << "expected dims among (" << space.listNames()
                               << "), but got '" << name.getValue() << "'";
    if (llvm::is_contained(over.getNames().take_front(i), name))
      return op->emitOpError() << "expected each dim once, but '"
                               << name.getValue() << "' occurs again";
  }
  if (!isa<Float16Type, BFloat16Type, Float32Type, Float64Type>(type)) // C2
    return op->emitOpError()
           << "expected f16, bf16, f32 or f64, but got " << type;
  return success();
}

LogicalResult ReduceOp::verify() {
  return verifyCollective(*this, getOver(), getValue().getType());
}

LogicalResult MomentsOp::verify() {
  return verifyCollective(*this, getOver(), getValue().getType());
}

static LogicalResult verifyDimQuery(Operation *op, StringAttr dim) {
  SpaceAttr space = getEnclosingSpace(op); // C1
  if (!space)
    return op->emitOpError("expected to be inside a norm.kernel or norm.stage");
  if (!space.contains(dim))
    return op->emitOpError() << "expected a dim among (" << space.listNames()
                             << "), but got '" << dim.getValue() << "'";
  return success();
}

LogicalResult IndexOp::verify() { return verifyDimQuery(*this, getDimAttr()); }
LogicalResult ExtentOp::verify() { return verifyDimQuery(*this, getDimAttr()); }
