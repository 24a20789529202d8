//===- Facts.cpp - the Artifact's plain data from a program ---------------===//

#include "compiler/codegen/Facts.h"

#include "compiler/lowering/shared/ElementTypes.h"
#include "compiler/lowering/shared/ViewTable.h"
#include "compiler/lowering/shared/WordLayout.h"
#include "compiler/phases/InPlace.h"
#include "compiler/phases/StageBlocks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

namespace {

using Op = SizeExpr::Op;

/// Builds expressions, folding constants.
SizeExpr binary(Op op, SizeExpr a, const SizeExpr &b) {
  if (b.isConstant() && b.steps[0].operand == 1 && op != Op::Add)
    return a;
  if (a.isConstant() && a.steps[0].operand == (op == Op::Mul ? 1 : 0) &&
      (op == Op::Mul || op == Op::Add))
    return b;
  a.steps.insert(a.steps.end(), b.steps.begin(), b.steps.end());
  a.steps.push_back({op});
  if (a.steps.size() == 3 && b.isConstant() && a.steps[0].op == Op::Constant)
    if (Result<int64_t> value = a.evaluate({}))
      return SizeExpr::constant(*value);
  return a;
}

/// Collects the facts of one program.
class FactCollector {
public:
  explicit FactCollector(ProgramOp program)
      : program(program), layout(program) {}

  Result<Artifact> collect();
  SizeExpr extentOf(StageOp stage, unsigned dim);

private:
  Status addArgument(BlockArgument argument);
  Status addStage(StageOp stage, unsigned index);
  Status addAccess(StageOp stage, Value view, MapAttr map);
  SizeExpr scratchExtent(ScratchOp scratch, unsigned axis);
  void requireNonEmpty(Value view, MapAttr map, DimsAttr dims);
  bool addExtentFact(const SizeExpr &word, const SizeExpr &value);
  Status checkSizes();
  std::string describeSize(Value index);
  /// The name of an argument, in quotes.
  std::string quote(BlockArgument argument) {
    return ("'" + program.getArgName(argument.getArgNumber()) + "'").str();
  }
  void addDivisibility();
  Status addInPlace();
  void addBlocks();
  SizeExpr sizeOf(Value index);
  SizeExpr scratchBytes();

  ProgramOp program;
  WordLayout layout;
  Artifact artifact;
  /// Sizes that must be the same, such as what a scratch axis has and what a
  /// stage's dims make of it: to be compared when it is known how the
  /// arguments' extents depend on each other.
  struct EqualSizes {
    SizeExpr own, expected;
    Error error;
  };
  std::vector<EqualSizes> equalSizes;
};

} // namespace

/// An index value of the program as an expression.
SizeExpr FactCollector::sizeOf(Value index) {
  Operation *def = index.getDefiningOp();
  if (auto constant = dyn_cast<arith::ConstantIndexOp>(def))
    return SizeExpr::constant(constant.value());
  if (auto size = dyn_cast<SizeOp>(def)) {
    if (auto argument = dyn_cast<BlockArgument>(size.getView())) {
      int word = layout.find(argument.getArgNumber(), size.getAxis(), false);
      return word >= 0 ? SizeExpr::word(word)
                       : SizeExpr::constant(cast<ViewType>(argument.getType())
                                                .getShape()[size.getAxis()]);
    }
    return scratchExtent(size.getView().getDefiningOp<ScratchOp>(),
                         size.getAxis());
  }
  Op op = isa<arith::MulIOp>(def)        ? Op::Mul
          : isa<arith::AddIOp>(def)      ? Op::Add
          : isa<arith::CeilDivUIOp>(def) ? Op::CeilDiv
                                         : Op::FloorDiv;
  return binary(op, sizeOf(def->getOperand(0)), sizeOf(def->getOperand(1)));
}

SizeExpr FactCollector::extentOf(StageOp stage, unsigned dim) {
  if (Value size = stage.getSizeOf(dim))
    return sizeOf(size);
  return SizeExpr::constant(stage.getDims().getExtents()[dim]);
}

static std::string print(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

Status FactCollector::addArgument(BlockArgument argument) {
  unsigned number = argument.getArgNumber();
  auto type = cast<ViewType>(argument.getType());
  ArgumentFacts facts;
  facts.name = program.getArgName(number).str();
  std::optional<DType> dtype = toDType(type.getElementType());
  if (!dtype)
    return Error{ErrorKind::Unsupported,
                 "expected argument '" + facts.name + "' to hold " +
                     kDTypeNames + ", but got " + print(type.getElementType())};
  facts.dtype = *dtype;
  facts.isOutput = program.isOutput(number);
  facts.alignment = byteSize(*dtype);
  if (std::optional<ArrayRef<int64_t>> alignments = program.getAlignments())
    facts.alignment = std::max(facts.alignment, (*alignments)[number]);
  for (auto [axis, extent] : llvm::enumerate(type.getShape())) {
    int word = layout.find(number, axis, false);
    facts.axes.push_back(
        {word >= 0 ? SizeExpr::word(word) : SizeExpr::constant(extent),
         {},
         false});
  }
  SizeExpr stride = SizeExpr::constant(1);
  for (size_t axis = facts.axes.size(); axis-- > 0;) {
    if (type.isContiguous()) {
      facts.axes[axis].stride = stride;
      stride = binary(Op::Mul, facts.axes[axis].extent, stride);
    } else if (!ShapedType::isDynamic(type.getStrides()[axis])) {
      facts.axes[axis].stride = SizeExpr::constant(type.getStrides()[axis]);
    }
  }
  artifact.arguments.push_back(std::move(facts));
  return {};
}

/// True if both have one value for these words (or neither has).
static bool agree(const SizeExpr &a, const SizeExpr &b,
                  ArrayRef<int64_t> words) {
  Result<int64_t> x = a.evaluate(words), y = b.evaluate(words);
  return x && y && *x == *y;
}

/// Words to try expressions on: `unit`, or multiples of it that differ.
static SmallVector<SmallVector<int64_t>> trialWords(size_t count,
                                                    int64_t unit) {
  SmallVector<SmallVector<int64_t>> trials;
  for (int64_t factor : {1, 3, 8, 35}) {
    SmallVector<int64_t> words;
    for (size_t i = 0; i < count; ++i)
      words.push_back(unit * (factor + int64_t(i)));
    trials.push_back(words);
  }
  return trials;
}

/// True if both have one value for all words that a call may have: wherever
/// they divide what they divide (a fact of its own), and, where `lawful`
/// changes the words, for those that it leaves.
static bool agreeWhereDivisible(
    const SizeExpr &a, const SizeExpr &b, size_t numWords,
    llvm::function_ref<void(MutableArrayRef<int64_t>)> lawful = {}) {
  int64_t unit = 1;
  for (const SizeExpr *expression : {&a, &b})
    for (const SizeExpr::Step &step : expression->steps)
      if (step.op == SizeExpr::Op::Constant && step.operand > 0 &&
          step.operand < 1 << 16)
        unit *= step.operand;
  return llvm::all_of(trialWords(numWords, unit),
                      [&](SmallVector<int64_t> words) {
                        if (lawful)
                          lawful(words);
                        return agree(a, b, words);
                      });
}

/// `expression`, or the one word in it where it is that word, such as w / 5 * 5
/// of a w that 5 divides.
static SizeExpr simplify(const SizeExpr &expression, size_t numWords) {
  SmallVector<int64_t> words;
  for (const SizeExpr::Step &step : expression.steps)
    if (step.op == SizeExpr::Op::Word)
      words.push_back(step.operand);
  if (words.size() != 1)
    return expression;
  SizeExpr word = SizeExpr::word(words.front());
  return agreeWhereDivisible(expression, word, numWords) ? word : expression;
}

/// An axis that a stage visits has the extent that the stage's dims say.
Status FactCollector::addAccess(StageOp stage, Value view, MapAttr map) {
  auto argument = dyn_cast<BlockArgument>(view);
  size_t numWords = layout.words().size();
  for (auto [axis, names] : llvm::enumerate(map.getAxes())) {
    SizeExpr expected = SizeExpr::constant(1);
    for (StringAttr name : names.getNames())
      expected = binary(Op::Mul, expected,
                        extentOf(stage, stage.getDims().indexOf(name)));
    auto disagrees = [&]() {
      std::string message = "expected axis " + std::to_string(axis) + " of ";
      message += argument ? quote(argument) : "scratch";
      message += " to have the extent that the dims of its map make";
      return Error{ErrorKind::InvalidSpec, std::move(message)};
    };
    if (!argument) {
      equalSizes.push_back(
          {scratchExtent(view.getDefiningOp<ScratchOp>(), axis), expected,
           disagrees()});
      continue;
    }
    int word = layout.find(argument.getArgNumber(), axis, false);
    SizeExpr &extent =
        artifact.arguments[argument.getArgNumber()].axes[axis].extent;
    if (word < 0)
      continue; // The verifier compares static extents.
    SizeExpr own = SizeExpr::word(word);
    if (!llvm::is_contained(expected.steps, own.steps[0])) {
      if (extent == own)
        extent = expected;
      continue;
    }
    // The axis tells a dim's extent, which must make its own again.
    if (!agreeWhereDivisible(own, expected, numWords))
      return disagrees();
  }
  return {};
}

/// Where `word` is an argument's extent that nothing is known of, it must be
/// `value`.
bool FactCollector::addExtentFact(const SizeExpr &word, const SizeExpr &value) {
  if (word.steps.size() != 1 || word.isConstant() ||
      llvm::is_contained(value.steps, word.steps[0]))
    return false;
  const WordLayout::Word &place = layout.words()[word.steps[0].operand];
  SizeExpr &extent = artifact.arguments[place.argument].axes[place.axis].extent;
  if (!(extent == word))
    return false;
  extent = value;
  return true;
}

/// Scratch is as large as every stage takes it for, and so are chunk dims, in
/// calls whose extents are such as the facts say.
Status FactCollector::checkSizes() {
  auto lawful = [&](MutableArrayRef<int64_t> words) {
    // Facts may build on each other, in any order.
    for (size_t round = 0; round < words.size(); ++round)
      for (auto [number, argument] : llvm::enumerate(artifact.arguments))
        for (auto [axis, facts] : llvm::enumerate(argument.axes)) {
          int word = layout.find(number, axis, false);
          if (word < 0)
            continue;
          if (Result<int64_t> value = facts.extent.evaluate(words))
            words[word] = *value;
        }
  };
  size_t numWords = layout.words().size();
  for (const EqualSizes &extent : equalSizes) {
    SizeExpr own = simplify(extent.own, numWords),
             expected = simplify(extent.expected, numWords);
    if (!agreeWhereDivisible(own, expected, numWords, lawful) &&
        !addExtentFact(own, expected) && !addExtentFact(expected, own))
      return extent.error;
  }
  return {};
}

SizeExpr FactCollector::scratchExtent(ScratchOp scratch, unsigned axis) {
  ArrayRef<int64_t> shape = scratch.getView().getType().getShape();
  if (!ShapedType::isDynamic(shape[axis]))
    return SizeExpr::constant(shape[axis]);
  return sizeOf(scratch.getSizes()[llvm::count_if(shape.take_front(axis),
                                                  ShapedType::isDynamic)]);
}

/// Every axis that a dim of `dims` is in must have some extent.
void FactCollector::requireNonEmpty(Value view, MapAttr map, DimsAttr dims) {
  auto argument = dyn_cast<BlockArgument>(view);
  if (!argument)
    return;
  ArgumentFacts &facts = artifact.arguments[argument.getArgNumber()];
  for (auto [axis, names] : llvm::enumerate(map.getAxes()))
    for (StringAttr name : names.getNames())
      facts.axes[axis].mustBeNonEmpty |= dims.contains(name);
}

Status FactCollector::addStage(StageOp stage, unsigned index) {
  ScheduleAttr schedule = stage.getSchedule();
  SizeExpr instances = SizeExpr::constant(1);
  for (StringAttr name : schedule.getParallel().getNames()) {
    SizeExpr extent = extentOf(stage, stage.getDims().indexOf(name));
    if (schedule.getLanes().contains(name))
      extent =
          binary(Op::CeilDiv, extent, SizeExpr::constant(schedule.getWidth()));
    instances = binary(Op::Mul, instances, extent);
  }
  SizeExpr chunks =
      binary(Op::CeilDiv, instances, SizeExpr::constant(schedule.getChunk()));
  artifact.stages.push_back({getStageEntry(program, index), chunks});
  if (StringAttr dim = stage.getChunkDimAttr())
    equalSizes.push_back(
        {extentOf(stage, stage.getDims().indexOf(dim)), chunks,
         Error{ErrorKind::InvalidSpec,
               "expected the chunk dim '" + dim.str() + "' of stage " +
                   std::to_string(index) +
                   " to have one point per chunk of its schedule, of " +
                   std::to_string(schedule.getChunk()) + " instances"}});
  DimsAttr nonEmpty = stage.getNonEmptyAttr();
  Status status;
  auto visit = [&](Value view, MapAttr map) {
    if (status)
      status = addAccess(stage, view, map);
    if (nonEmpty)
      requireNonEmpty(view, map, nonEmpty);
  };
  stage.walk([&](Operation *op) {
    if (auto load = dyn_cast<LoadOp>(op))
      visit(load.getView(), load.getMap());
    else if (auto store = dyn_cast<StoreOp>(op))
      visit(store.getView(), store.getMap());
    else if (auto accumulate = dyn_cast<AccumulateOp>(op))
      visit(accumulate.getView(), accumulate.getMap());
  });
  return status;
}

SizeExpr FactCollector::scratchBytes() {
  SizeExpr total = SizeExpr::constant(0);
  for (auto scratch : program.getBlock()->getOps<ScratchOp>()) {
    if (scratch.isLocal())
      continue;
    ViewType type = scratch.getView().getType();
    SizeExpr bytes =
        SizeExpr::constant(type.getElementType().getIntOrFloatBitWidth() / 8);
    unsigned next = 0;
    for (int64_t extent : type.getShape())
      bytes = binary(Op::Mul, bytes,
                     ShapedType::isDynamic(extent)
                         ? sizeOf(scratch.getSizes()[next++])
                         : SizeExpr::constant(extent));
    bytes.steps.push_back({Op::AlignTo, kScratchAlignment});
    total = binary(Op::Add, total, bytes);
  }
  return total;
}

/// "extent of 'x' along axis 1", for messages.
std::string FactCollector::describeSize(Value index) {
  auto size = index.getDefiningOp<SizeOp>();
  auto argument =
      size ? dyn_cast<BlockArgument>(size.getView()) : BlockArgument();
  if (!argument)
    return "an extent of an intermediate value";
  return "extent of " + quote(argument) + " along axis " +
         std::to_string(size.getAxis());
}

/// A size divided by a constant must be a multiple of it.
void FactCollector::addDivisibility() {
  for (auto division : program.getBlock()->getOps<arith::DivUIOp>()) {
    SizeExpr divisor = sizeOf(division.getRhs());
    SizeExpr value = sizeOf(division.getLhs());
    if (!divisor.isConstant() || value.isConstant())
      continue;
    int64_t by = divisor.steps[0].operand;
    // Several kernels may ask for the same.
    if (llvm::any_of(artifact.divisibility, [&](const DivisibilityFact &known) {
          return known.value == value && known.divisor == by;
        }))
      continue;
    artifact.divisibility.push_back(
        {value, by, describeSize(division.getLhs())});
  }
}

/// Pairs that the program names must be such as K8 allows.
Status FactCollector::addInPlace() {
  std::optional<ArrayRef<int64_t>> pairs = program.getInPlace();
  for (size_t i = 0; pairs && i + 1 < pairs->size(); i += 2) {
    int64_t input = (*pairs)[i], output = (*pairs)[i + 1];
    if (!mayShareBuffer(program, input, output))
      return Error{
          ErrorKind::InvalidSpec,
          "expected in_place to name buffers that can be shared, but '" +
              program.getArgName(input).str() + "' may be read after '" +
              program.getArgName(output).str() +
              "' is written, or that before"};
    artifact.inPlace.push_back({int32_t(input), int32_t(output)});
  }
  return {};
}

/// Blocks are whole chunks in every stage, or there are none.
void FactCollector::addBlocks() {
  SmallVector<int64_t> blocks = findStageBlocks(program);
  auto stages = program.getBlock()->getOps<StageOp>();
  for (auto [stage, block] : llvm::zip_equal(stages, blocks))
    if (block % stage.getSchedule().getChunk() != 0)
      return;
  for (auto [facts, stage, block] :
       llvm::zip_equal(artifact.stages, stages, blocks))
    facts.chunksPerBlock = block / stage.getSchedule().getChunk();
}

Result<Artifact> FactCollector::collect() {
  for (auto scratch : program.getBlock()->getOps<ScratchOp>())
    if (!toDType(scratch.getView().getType().getElementType()))
      return Error{ErrorKind::Unsupported,
                   std::string("expected intermediate values to be ") +
                       kDTypeNames + ", but got " +
                       print(scratch.getView().getType().getElementType())};
  artifact.name = program.getSymName().str();
  for (BlockArgument argument : program.getBlock()->getArguments())
    if (Status status = addArgument(argument); !status)
      return status.error();
  for (const WordLayout::Word &word : layout.words())
    artifact.words.push_back(
        {int32_t(word.argument), int32_t(word.axis), word.isStride});
  unsigned index = 0;
  for (auto stage : program.getBlock()->getOps<StageOp>())
    if (Status status = addStage(stage, index++); !status)
      return status.error();
  addBlocks();
  if (Status status = checkSizes(); !status)
    return status.error();
  if (Status status = addInPlace(); !status)
    return status.error();
  addDivisibility();
  artifact.scratchBytes = scratchBytes();
  if (Status status = checkLimits(artifact); !status)
    return status.error();
  return std::move(artifact);
}

Result<Artifact> normc::collectFacts(ProgramOp program) {
  return FactCollector(program).collect();
}

std::vector<std::vector<SizeExpr>>
normc::collectStageExtents(ProgramOp program) {
  FactCollector collector(program);
  std::vector<std::vector<SizeExpr>> extents;
  for (auto stage : program.getBlock()->getOps<StageOp>()) {
    extents.emplace_back();
    for (unsigned dim = 0; dim < stage.getDims().size(); ++dim)
      extents.back().push_back(collector.extentOf(stage, dim));
  }
  return extents;
}
