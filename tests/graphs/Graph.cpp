//===- Graph.cpp - a function on tensors as a test ------------------------===//

#include "tests/graphs/Graph.h"

#include "compiler/Pipeline.h"
#include "normc/normc.h"
#include "tests/graphs/ScalarBounds.h"
#include "tests/interpreter/CacheReplay.h"
#include "tests/interpreter/Interpreter.h"
#include "tests/interpreter/PhaseForm.h"

#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace normc;
using namespace normc::graphs;
using numerics::Buffer;

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

llvm::Expected<std::unique_ptr<Graph>>
Graph::make(const std::string &text, uint64_t seed,
            const DynamicExtents &extents) {
  std::unique_ptr<Graph> graph(new Graph);
  graph->source = text;
  graph->session = std::make_unique<Session>();
  graph->module = graph->session->parse(text, "graph");
  if (!graph->module)
    return llvm::createStringError(graph->session->takeError().message);
  auto functions = graph->module->getOps<func::FuncOp>();
  if (functions.empty())
    return llvm::createStringError("expected a function");
  graph->function = *functions.begin();
  if (llvm::Error error = graph->makeArguments(seed, extents))
    return error;
  if (llvm::Error error = graph->makeResults())
    return error;
  return graph;
}

/// The type of an argument or result; nothing for those that no test makes.
static std::optional<DType> elementTypeOf(Type type) {
  if (getElementTypeOrSelf(type).isInteger(64))
    return DType::I64; // A seed.
  return floatTypeOf(type);
}

/// A number for an argument. Integers keep to 31 bits, which doubles hold.
static double randomNumber(numerics::Generator &generator, DType type,
                           bool isPositive) {
  if (type == DType::I64)
    return double(generator.next() >> 33);
  double number = generator.normal();
  return isPositive ? std::fabs(number) + 0.25 : number;
}

static std::string nameOf(StringAttr name, const char *kind, unsigned number) {
  return name ? name.str() : kind + std::to_string(number);
}

/// The extents that a type leaves open come from `shape`, if it has all, or
/// from `open`, one after the other.
static llvm::Expected<std::vector<int64_t>>
resolveShape(RankedTensorType type, DenseI64ArrayAttr shape,
             const std::vector<int64_t> &open, const std::string &name) {
  std::vector<int64_t> extents = type.getShape().vec();
  size_t next = 0;
  for (auto [axis, extent] : llvm::enumerate(extents)) {
    if (!ShapedType::isDynamic(extent))
      continue;
    if (shape && axis < size_t(shape.size()))
      extent = shape[axis];
    else if (next < open.size())
      extent = open[next++];
    else
      return llvm::createStringError("expected the extent of axis " +
                                     Twine(axis) + " of " + name);
  }
  return extents;
}

/// A layout for strides as they are declared, each dynamic one larger by a gap
/// than it need be.
static numerics::Layout layoutOf(DenseI64ArrayAttr strides,
                                 const std::vector<int64_t> &shape) {
  numerics::Layout layout;
  if (!strides)
    return layout;
  layout.strides = strides.asArrayRef().vec();
  int64_t next = 1;
  for (size_t axis = shape.size(); axis-- > 0;) {
    int64_t &stride = layout.strides[axis];
    if (ShapedType::isDynamic(stride))
      stride = next;
    next = std::max(next, stride * std::max<int64_t>(shape[axis], 1)) + 3;
  }
  return layout;
}

/// The same for the same name, whatever arguments there are.
static uint64_t seedOf(uint64_t seed, const std::string &name) {
  for (char c : name)
    seed = (seed ^ uint64_t(c)) * 0x100000001b3;
  return seed;
}

llvm::Error Graph::makeArguments(uint64_t seed, const DynamicExtents &extents) {
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    auto type = dyn_cast<RankedTensorType>(function.getArgument(i).getType());
    std::optional<DType> dtype;
    if (!type || !(dtype = elementTypeOf(type)))
      return llvm::createStringError("expected arguments to be tensors of "
                                     "floats or i64");
    std::string name = nameOf(
        function.getArgAttrOfType<StringAttr>(i, norm::kNameAttr), "arg", i);
    auto found = extents.find(name);
    llvm::Expected<std::vector<int64_t>> shape = resolveShape(
        type, function.getArgAttrOfType<DenseI64ArrayAttr>(i, "graph.shape"),
        found == extents.end() ? std::vector<int64_t>() : found->second, name);
    if (!shape)
      return shape.takeError();
    inputs.emplace_back(name, *dtype, *shape,
                        layoutOf(function.getArgAttrOfType<DenseI64ArrayAttr>(
                                     i, norm::kStridesAttr),
                                 *shape));
    numerics::Generator generator(seedOf(seed, name));
    bool isPositive = bool(function.getArgAttr(i, "graph.positive"));
    std::vector<uint64_t> bits;
    for (int64_t left = inputs.back().elementCount(); left > 0; --left)
      bits.push_back(numerics::encode(
          *dtype, randomNumber(generator, *dtype, isPositive)));
    inputs.back().fill(bits);
  }
  return llvm::Error::success();
}

llvm::Error Graph::makeResults() {
  std::vector<BoundedTensor> arguments;
  for (const Buffer &input : inputs) {
    BoundedTensor tensor{input.shape()};
    if (input.dtype() != DType::I64)
      tensor.precision = numerics::precisionOf(input.dtype());
    for (long double number : input.read())
      tensor.values.push_back(Bounded::exactly(double(number)));
    arguments.push_back(std::move(tensor));
  }
  llvm::Expected<std::vector<BoundedTensor>> results =
      evaluate(function, arguments);
  if (!results)
    return results.takeError();
  expected = std::move(*results);
  for (auto [i, tensor] : llvm::enumerate(expected)) {
    std::optional<DType> type = floatTypeOf(function.getResultTypes()[i]);
    if (!type)
      return llvm::createStringError("expected results to be tensors of "
                                     "floats");
    outputs.emplace_back(
        nameOf(function.getResultAttrOfType<StringAttr>(i, norm::kNameAttr),
               "result", i),
        *type, tensor.shape,
        layoutOf(function.getResultAttrOfType<DenseI64ArrayAttr>(
                     i, norm::kStridesAttr),
                 tensor.shape));
  }
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Judgement
//===----------------------------------------------------------------------===//

void Findings::merge(const Findings &other) {
  elements += other.elements;
  skipped += other.skipped;
  failures += other.failures;
  if (message.empty())
    message = other.message;
  misrounded += other.misrounded;
  narrow += other.narrow;
}

/// How wide a range may be to be worth a look: beside numbers of size `size`, a
/// few units of a 16-bit type that a rounding went through, or what errors of
/// f32 and f64 grow to in a chain of norms.
static long double usefulWidth(int precision, long double size) {
  return std::scalbn(size, precision >= 24 ? 14 - precision : 4 - precision);
}

/// The root of the mean square of what is known.
static long double sizeOf(const BoundedTensor &tensor) {
  long double sum = 0, count = 0;
  for (const Bounded &b : tensor.values) {
    if (b.doubt || !std::isfinite(b.value))
      continue;
    sum += static_cast<long double>(b.value) * b.value;
    ++count;
  }
  return count == 0 ? 0 : std::sqrt(sum / count);
}

static std::string describe(const Bounded &b) {
  char text[160];
  std::snprintf(text, sizeof text, "%.17g in [%.17g, %.17g]", b.value, b.low,
                b.high);
  return text;
}

void Graph::judge(size_t result, Findings &findings) const {
  const Buffer &output = outputs[result];
  const BoundedTensor &tensor = expected[result];
  bool isNarrow = numerics::precisionOf(output.dtype()) < 24;
  long double size = sizeOf(tensor);
  std::vector<long double> got = output.read();
  for (size_t i = 0; i < got.size(); ++i) {
    const Bounded &b = tensor.values[i];
    ++findings.elements;
    if (b.doubt) {
      ++findings.skipped;
      continue;
    }
    long double scale = std::max(size, std::fabs((long double)b.value));
    findings.skipped += static_cast<long double>(b.high) - b.low >
                        usefulWidth(tensor.precision, scale);
    findings.narrow += isNarrow;
    findings.misrounded += isNarrow && got[i] != b.value && !b.isNan();
    bool agrees =
        b.isNan() ? std::isnan(got[i]) : got[i] >= b.low && got[i] <= b.high;
    if (agrees)
      continue;
    ++findings.failures;
    if (findings.message.empty())
      findings.message = output.name() + "[" + std::to_string(i) +
                         "]: expected " + describe(b) + ", but got " +
                         std::to_string(double(got[i])) + " = " +
                         describe(Bounded::exactly(double(got[i])));
  }
}

Findings Graph::judge() const {
  Findings findings;
  for (size_t i = 0; i < outputs.size(); ++i) {
    judge(i, findings);
    if (!outputs[i].areGapsUnchanged()) {
      ++findings.failures;
      findings.message += "bytes around " + outputs[i].name() + " were written";
    }
  }
  for (const Buffer &input : inputs)
    if (!input.isUnchanged()) {
      ++findings.failures;
      findings.message += "input " + input.name() + " was written";
    }
  return findings;
}

//===----------------------------------------------------------------------===//
// Executors
//===----------------------------------------------------------------------===//

static Findings failure(std::string message) {
  Findings findings;
  findings.failures = 1;
  findings.message = std::move(message);
  return findings;
}

Findings Graph::checkCompiled() {
  static const Target target = Target::native();
  Result<Kernel> kernel = compileAndLoad(source, target);
  if (!kernel)
    return failure("compile: " + kernel.error().message);
  std::vector<TensorRef> arguments;
  for (const Buffer &input : inputs) {
    arguments.push_back(input.ref());
    arguments.back().readOnly = true;
  }
  for (Buffer &output : outputs) {
    output.clear();
    arguments.push_back(output.ref());
  }
  Status status = kernel->run(arguments, serialExecutor());
  return status ? judge() : failure("run: " + status.error().message);
}

/// Runs on cleared outputs; what went wrong, if anything.
static std::string interpretOn(const std::string &source,
                               std::vector<Buffer> &inputs,
                               std::vector<Buffer> &outputs,
                               interpreter::AccessSink *sink) {
  interpreter::PhaseForm form(source);
  if (!form.error().empty())
    return form.error();
  std::vector<interpreter::BufferView> views;
  auto add = [&](Buffer &buffer) {
    views.push_back({buffer.ref().data, buffer.shape(), buffer.strides()});
  };
  for (Buffer &input : inputs)
    add(input);
  for (Buffer &output : outputs) {
    output.clear();
    add(output);
  }
  return llvm::toString(interpreter::interpret(form.program(), views, sink));
}

Findings Graph::checkInterpreted() {
  std::string error = interpretOn(source, inputs, outputs, nullptr);
  return error.empty() ? judge() : failure("interpreter: " + error);
}

double Graph::replay(Findings &findings) {
  interpreter::CacheReplay cache;
  std::string error = interpretOn(source, inputs, outputs, &cache);
  findings.merge(error.empty() ? judge() : failure("interpreter: " + error));
  return double(cache.getMissBytes()) / double(cache.getMandatoryBytes());
}
