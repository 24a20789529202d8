//===- Interpreter.cpp - executes the phase form --------------------------===//

#include "tests/interpreter/Interpreter.h"
#include "tests/interpreter/StagePlan.h"
#include "tests/interpreter/StageRunner.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"

#include <cstring>
#include <memory>
#include <new>

using namespace mlir;
using namespace normc;
using namespace normc::interpreter;

static llvm::Error error(const llvm::Twine &text) {
  return llvm::createStringError(text);
}

static std::string printType(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

namespace {

constexpr std::align_val_t kScratchAlignment{64};
/// More than any test wants, and less than a wrong size gives.
constexpr int64_t kMaxScratchBytes = int64_t(1) << 36;

struct FreeScratch {
  void operator()(std::byte *memory) const {
    ::operator delete(memory, kScratchAlignment);
  }
};

class Interpreter {
public:
  Interpreter(norm::ProgramOp program, AccessSink *sink)
      : program(program), sink(sink) {}

  llvm::Error run(ArrayRef<BufferView> arguments);

private:
  llvm::Error bindArgument(unsigned number, const BufferView &buffer);
  llvm::Error runOp(Operation &op);
  llvm::Error runScratch(norm::ScratchOp op);
  llvm::Error runStage(norm::StageOp op);
  llvm::Error runArithmetic(Operation &op);
  llvm::Expected<int64_t> getInteger(Value value) const;

  norm::ProgramOp program;
  AccessSink *sink;
  Environment environment;
  std::vector<std::unique_ptr<std::byte, FreeScratch>> scratch;
  unsigned numStages = 0;
};

} // namespace

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

/// Row-major without gaps, in elements; nothing where 64 bits don't hold them.
static std::optional<std::vector<int64_t>>
getContiguousStrides(ArrayRef<int64_t> shape) {
  std::vector<int64_t> strides(shape.size());
  int64_t stride = 1;
  for (size_t axis = shape.size(); axis-- > 0;) {
    strides[axis] = stride;
    if (__builtin_mul_overflow(stride, shape[axis], &stride))
      return std::nullopt;
  }
  return strides;
}

static llvm::Error checkShape(norm::ViewType type, const BoundView &view) {
  if (int64_t(view.shape.size()) != type.getRank())
    return error("expected " + view.name + " to have rank " +
                 llvm::Twine(type.getRank()) + ", but got " +
                 llvm::Twine(view.shape.size()));
  for (auto [axis, extent] : llvm::enumerate(type.getShape())) {
    if (view.shape[axis] < 0)
      return error("expected axis " + llvm::Twine(axis) + " of " + view.name +
                   " to have a non-negative extent, but got " +
                   llvm::Twine(view.shape[axis]));
    if (!ShapedType::isDynamic(extent) && extent != view.shape[axis])
      return error("expected axis " + llvm::Twine(axis) + " of " + view.name +
                   " to have extent " + llvm::Twine(extent) + ", but got " +
                   llvm::Twine(view.shape[axis]));
  }
  return llvm::Error::success();
}

/// The stride of an axis with one element or none is never used.
static llvm::Error checkStrides(norm::ViewType type,
                                ArrayRef<int64_t> contiguous,
                                const BoundView &view) {
  if (view.strides.size() != view.shape.size())
    return error("expected " + view.name + " to have " +
                 llvm::Twine(view.shape.size()) + " strides, but got " +
                 llvm::Twine(view.strides.size()));
  if (llvm::is_contained(view.shape, 0))
    return llvm::Error::success();
  for (size_t axis = 0; axis < view.shape.size(); ++axis) {
    int64_t expected =
        type.isContiguous() ? contiguous[axis] : type.getStrides()[axis];
    if (view.shape[axis] > 1 && !ShapedType::isDynamic(expected) &&
        view.strides[axis] != expected)
      return error("expected axis " + llvm::Twine(axis) + " of " + view.name +
                   " to have stride " + llvm::Twine(expected) + ", but got " +
                   llvm::Twine(view.strides[axis]));
  }
  return llvm::Error::success();
}

llvm::Error Interpreter::bindArgument(unsigned number,
                                      const BufferView &buffer) {
  BlockArgument argument = program.getBlock()->getArgument(number);
  auto type = cast<norm::ViewType>(argument.getType());
  BoundView view;
  view.name = ("argument '" + program.getArgName(number) + "'").str();
  view.base = static_cast<std::byte *>(buffer.data);
  view.shape = buffer.shape;
  view.isArgument = true;
  std::optional<ScalarType> element = getScalarType(type.getElementType());
  if (!element)
    return error("unsupported element type " +
                 printType(type.getElementType()) + " of " + view.name);
  view.element = *element;
  if (llvm::Error failed = checkShape(type, view))
    return failed;
  auto contiguous = getContiguousStrides(view.shape);
  if (!contiguous)
    return error(view.name + " has more elements than 64 bits count");
  view.strides = buffer.strides.empty() ? *contiguous : buffer.strides;
  if (llvm::Error failed = checkStrides(type, *contiguous, view))
    return failed;
  if (!buffer.data && !llvm::is_contained(view.shape, 0))
    return error("expected " + view.name + " to have data, but got null");
  environment.viewNumbers[argument] = environment.views.size();
  environment.views.push_back(std::move(view));
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// The ops of a program
//===----------------------------------------------------------------------===//

llvm::Expected<int64_t> Interpreter::getInteger(Value value) const {
  auto it = environment.integers.find(value);
  if (it == environment.integers.end())
    return error("a value of the program is used before it is computed");
  return it->second;
}

llvm::Error Interpreter::runScratch(norm::ScratchOp op) {
  norm::ViewType type = op.getView().getType();
  BoundView view;
  view.name = "scratch " + std::to_string(scratch.size());
  std::optional<ScalarType> element = getScalarType(type.getElementType());
  if (!element)
    return error("unsupported element type " +
                 printType(type.getElementType()) + " of " + view.name);
  view.element = *element;
  int64_t bytes = element->getBytes();
  auto size = op.getSizes().begin();
  SmallVector<int64_t> allocated;
  for (auto [axis, extent] : llvm::enumerate(type.getShape())) {
    if (ShapedType::isDynamic(extent)) {
      llvm::Expected<int64_t> given = getInteger(*size++);
      if (!given)
        return given.takeError();
      view.shape.push_back(*given);
    } else {
      view.shape.push_back(extent);
    }
    if (view.shape.back() < 0)
      return error("expected non-negative sizes of " + view.name +
                   ", but got " + llvm::Twine(view.shape.back()));
    // Instances come one after the other here: local memory is there once.
    bool isShared = op.isLocal() && type.getStrides()[axis] == 0;
    allocated.push_back(isShared ? 1 : view.shape.back());
    if (__builtin_mul_overflow(bytes, allocated.back(), &bytes) ||
        bytes > kMaxScratchBytes)
      return error("expected " + view.name + " to have at most " +
                   llvm::Twine(kMaxScratchBytes) + " bytes");
  }
  view.isLocal = op.isLocal();
  view.strides = *getContiguousStrides(allocated);
  for (size_t axis = 0; op.isLocal() && axis < view.strides.size(); ++axis)
    if (type.getStrides()[axis] == 0)
      view.strides[axis] = 0;
  scratch.emplace_back(static_cast<std::byte *>(
      ::operator new(bytes, kScratchAlignment, std::nothrow)));
  if (!scratch.back())
    return error("no memory for the " + llvm::Twine(bytes) + " bytes of " +
                 view.name);
  view.base = scratch.back().get();
  std::memset(view.base, 0xFF, bytes);
  environment.viewNumbers[op.getView()] = environment.views.size();
  environment.views.push_back(std::move(view));
  return llvm::Error::success();
}

llvm::Error Interpreter::runStage(norm::StageOp op) {
  llvm::Expected<StagePlan> plan = planStage(op, environment);
  if (!plan)
    return plan.takeError();
  if (sink)
    sink->beginStage(numStages, op.getSchedule().getResident());
  return StageRunner(*plan, numStages++, sink).run();
}

llvm::Error Interpreter::runArithmetic(Operation &op) {
  if (op.hasTrait<OpTrait::ConstantLike>()) {
    llvm::Expected<Slot> value = getConstant(&op);
    if (!value)
      return value.takeError();
    environment.integers[op.getResult(0)] = value->i;
    return llvm::Error::success();
  }
  llvm::Expected<ScalarOp> compiled = compileScalarOp(&op);
  if (!compiled)
    return compiled.takeError();
  Slot operands[3], result;
  LaneArgs args;
  const char *fault = nullptr;
  for (auto [i, operand] : llvm::enumerate(op.getOperands())) {
    llvm::Expected<int64_t> value = getInteger(operand);
    if (!value)
      return value.takeError();
    operands[i].i = *value;
    args.operands[i] = &operands[i];
  }
  args.out = &result;
  args.lanes = 1;
  args.from = compiled->from;
  args.to = compiled->to;
  args.predicate = compiled->predicate;
  args.fault = &fault;
  compiled->kernel(args);
  if (fault)
    return error(fault);
  environment.integers[op.getResult(0)] = result.i;
  return llvm::Error::success();
}

llvm::Error Interpreter::runOp(Operation &op) {
  if (auto scratchOp = dyn_cast<norm::ScratchOp>(op))
    return runScratch(scratchOp);
  if (auto stageOp = dyn_cast<norm::StageOp>(op))
    return runStage(stageOp);
  auto size = dyn_cast<norm::SizeOp>(op);
  if (!size)
    return runArithmetic(op);
  auto it = environment.viewNumbers.find(size.getView());
  if (it == environment.viewNumbers.end())
    return error("a view is used before it is allocated");
  environment.integers[size.getResult()] =
      environment.views[it->second].shape[size.getAxis()];
  return llvm::Error::success();
}

llvm::Error Interpreter::run(ArrayRef<BufferView> arguments) {
  if (arguments.size() != program.getBlock()->getNumArguments())
    return error("expected " +
                 llvm::Twine(program.getBlock()->getNumArguments()) +
                 " arguments, but got " + llvm::Twine(arguments.size()));
  for (auto [number, buffer] : llvm::enumerate(arguments))
    if (llvm::Error failed = bindArgument(number, buffer))
      return failed;
  for (Operation &op : *program.getBlock())
    if (llvm::Error failed = runOp(op))
      return failed;
  return llvm::Error::success();
}

llvm::Error normc::interpreter::interpret(norm::ProgramOp program,
                                          ArrayRef<BufferView> arguments,
                                          AccessSink *sink) {
  std::string diagnostics;
  bool verified;
  { // A verifier's message belongs to the caller, not on stderr.
    ScopedDiagnosticHandler handler(program.getContext(), [&](Diagnostic &d) {
      diagnostics += (diagnostics.empty() ? "" : "; ") + d.str();
      return success();
    });
    verified = succeeded(verify(program));
  }
  if (!verified)
    return error("expected a valid program: " + diagnostics);
  return Interpreter(program, sink).run(arguments);
}
