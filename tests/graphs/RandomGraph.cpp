//===- RandomGraph.cpp - random functions on tensors ----------------------===//
//
// Broadcasts, reshapes and choices are in RandomTensorOps.cpp, norms and
// collectives in RandomNorms.cpp.
//
//===----------------------------------------------------------------------===//

#include "tests/graphs/RandomGraph.h"

#include "tests/numerics/Dtype.h"

#include <algorithm>
#include <cmath>

using namespace normc;
using namespace normc::graphs;

std::string normc::graphs::randomGraph(uint64_t seed) {
  return GraphWriter(seed).text();
}

GraphWriter::GraphWriter(uint64_t seed) : random(seed) {
  chooseDims();
  Axes axes;
  for (unsigned dim = 0; dim < dims.size(); ++dim) {
    // At most one dynamic dim in an axis, or nothing would tell them apart.
    bool joins = !axes.empty() && axes.back().size() == 1 && chance(30) &&
                 !(dims[dim].isDynamic && dims[dim - 1].isDynamic);
    if (joins)
      axes.back().push_back(dim);
    else
      axes.push_back({dim});
  }
  addInput(axes, anyType(), chance(20));
  unsigned wanted = 2 + pick(11);
  for (unsigned tries = 0; operations < wanted && tries < 400; ++tries)
    addStep();
}

void GraphWriter::chooseDims() {
  const int64_t extents[] = {1, 2, 3, 5, 8, 17, 33, 64, 100};
  const unsigned ranks[] = {1, 2, 2, 2, 2, 3, 3, 3};
  unsigned rank = ranks[pick(8)];
  bool mayBeDynamic = chance(60);
  int64_t budget = 4000;
  for (unsigned dim = 0; dim < rank; ++dim) {
    int64_t extent = extents[pick(9)];
    while (extent > budget || (rank == 3 && extent > 40))
      extent = extents[pick(7)];
    dims.push_back({extent, mayBeDynamic && chance(50)});
    budget = std::max<int64_t>(budget / extent, 1);
  }
}

DType GraphWriter::anyType() {
  const DType types[] = {DType::F32,  DType::F32,  DType::F32, DType::BF16,
                         DType::BF16, DType::BF16, DType::F16, DType::F64};
  return types[pick(8)];
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

std::vector<unsigned> GraphWriter::dimsOf(const Axes &axes) const {
  std::vector<unsigned> all;
  for (const std::vector<unsigned> &axis : axes)
    all.insert(all.end(), axis.begin(), axis.end());
  std::sort(all.begin(), all.end());
  return all;
}

int64_t GraphWriter::extentOf(const std::vector<unsigned> &axis) const {
  int64_t extent = 1;
  for (unsigned dim : axis)
    extent *= dims[dim].extent;
  return extent;
}

bool GraphWriter::isDynamic(const std::vector<unsigned> &axis) const {
  return std::any_of(axis.begin(), axis.end(),
                     [&](unsigned dim) { return dims[dim].isDynamic; });
}

std::string GraphWriter::tensorType(const Axes &axes, DType type) const {
  std::string text = "tensor<";
  for (const std::vector<unsigned> &axis : axes)
    text += (isDynamic(axis) ? "?" : std::to_string(extentOf(axis))) + "x";
  return text + toString(type) + ">";
}

std::string GraphWriter::mapText(const Axes &axes) const {
  std::string text = "[";
  for (const std::vector<unsigned> &axis : axes) {
    text += text.size() > 1 ? ", [" : "[";
    for (size_t i = 0; i < axis.size(); ++i)
      text += (i ? ", d" : "d") + std::to_string(axis[i]);
    text += "]";
  }
  return text + "]";
}

std::string GraphWriter::attributesOf(const GraphValue &value,
                                      bool isPositive) {
  std::string shape, strides;
  int64_t stride = 1;
  bool isAny = chance(40);
  for (size_t i = value.axes.size(); i-- > 0;) {
    int64_t extent = extentOf(value.axes[i]);
    shape = std::to_string(extent) + (shape.empty() ? "" : ", ") + shape;
    strides = std::to_string(isAny ? INT64_MIN : stride) +
              (strides.empty() ? "" : ", ") + strides;
    stride = stride * extent + pick(4);
  }
  std::string text = "{norm.name = \"" + value.name.substr(1) + "\"";
  if (value.isInput && !value.axes.empty())
    text += ", graph.shape = array<i64: " + shape + ">";
  if (isPositive)
    text += ", graph.positive";
  if (!value.axes.empty() && chance(15))
    text += ", norm.strides = array<i64: " + strides + ">";
  return text + "}";
}

std::string GraphWriter::text() {
  std::string results, names, types;
  for (GraphValue &value : values) {
    if (value.isInput || value.isHidden || (value.isUsed && !chance(15)))
      continue;
    std::string comma = names.empty() ? "" : ", ";
    results += comma + tensorType(value) + " " + attributesOf(value, false);
    names += comma + value.name;
    types += comma + tensorType(value);
  }
  return "func.func @graph(" + arguments + ") -> (" + results + ") {\n" + body +
         "  return " + names + " : " + types + "\n}\n";
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

std::optional<size_t>
GraphWriter::pickValue(const std::function<bool(const GraphValue &)> &isFit) {
  std::vector<size_t> fitting;
  for (size_t i = 0; i < values.size(); ++i)
    if (!values[i].isHidden && isFit(values[i]))
      fitting.push_back(i);
  if (fitting.empty())
    return std::nullopt;
  return chance(50) ? fitting.back() : fitting[pick(fitting.size())];
}

size_t GraphWriter::addInput(Axes axes, DType type, bool isPositive) {
  GraphValue value;
  value.name = "%x" + std::to_string(values.size());
  value.axes = std::move(axes);
  value.type = type;
  value.least = isPositive ? 0.25 : -1;
  value.isInput = true;
  arguments += (arguments.empty() ? "" : ",\n                 ") + value.name +
               ": " + tensorType(value) + " " + attributesOf(value, isPositive);
  values.push_back(std::move(value));
  return values.size() - 1;
}

size_t GraphWriter::define(GraphValue value) {
  value.name = "%v" + std::to_string(values.size());
  value.isInput = value.isUsed = false;
  values.push_back(std::move(value));
  return values.size() - 1;
}

std::string GraphWriter::use(size_t value) {
  values[value].isUsed = true;
  return values[value].name;
}

/// `types` is what stands behind the colon; empty for the result's type.
size_t GraphWriter::addOp(const std::string &op,
                          const std::vector<size_t> &operands,
                          GraphValue result, const std::string &types) {
  result.isConstantAlongDim =
      std::all_of(operands.begin(), operands.end(),
                  [&](size_t i) { return values[i].isConstantAlongDim; });
  std::string text;
  for (size_t operand : operands)
    text += (text.empty() ? "" : ", ") + use(operand);
  std::string type = types.empty() ? tensorType(result) : types;
  size_t made = define(std::move(result));
  body +=
      "  " + values[made].name + " = " + op + " " + text + " : " + type + "\n";
  ++operations;
  return made;
}

/// A kernel over all dims that its operands and results have; in its body, the
/// operands' elements are %e0, %e1, ... Dims that nothing else tells come from
/// the first input, which has all of them.
void GraphWriter::addKernel(std::vector<size_t> operands,
                            const std::string &kernelBody,
                            std::vector<Yield> results) {
  std::vector<bool> isThere(dims.size()), isTold(dims.size());
  for (size_t operand : operands)
    for (unsigned dim : dimsOf(values[operand].axes))
      isThere[dim] = isTold[dim] = true;
  for (const Yield &result : results)
    for (unsigned dim : dimsOf(result.made.axes))
      isThere[dim] = true;
  for (unsigned dim = 0; dim < dims.size(); ++dim)
    if (isThere[dim] && !isTold[dim] && dims[dim].isDynamic) {
      operands.push_back(0);
      isThere.assign(dims.size(), true);
      break;
    }
  std::string space, ins, outs, names, yields, yieldTypes;
  for (unsigned dim = 0; dim < dims.size(); ++dim)
    if (isThere[dim])
      space += (space.empty() ? "d" : ", d") + std::to_string(dim) + " = " +
               (dims[dim].isDynamic ? "?" : std::to_string(dims[dim].extent));
  for (size_t i = 0; i < operands.size(); ++i) {
    const GraphValue &operand = values[operands[i]];
    ins += (i ? ", %e" : "%e") + std::to_string(i) + " = " + operand.name +
           " by " + mapText(operand.axes) + " : " + tensorType(operand);
    use(operands[i]);
  }
  for (Yield &result : results) {
    std::string comma = names.empty() ? "" : ", ";
    outs += comma + "by " + mapText(result.made.axes) + " : " +
            tensorType(result.made);
    yields += comma + result.value;
    yieldTypes += comma + toString(result.made.type);
    names += comma + values[define(std::move(result.made))].name;
  }
  body += "  " + names + " = norm.kernel dims(" + space + ")\n      ins(" +
          ins + ")\n      outs(" + outs + ") {\n" + kernelBody +
          "    norm.yield " + yields + " : " + yieldTypes + "\n  }\n";
  ++operations;
}

/// Of a type that norms take, and its groups differ by more than rounding
/// errors, but for a few graphs.
bool GraphWriter::isFitForStatistics(const GraphValue &value) {
  return !value.axes.empty() && byteSize(value.type) > 1 &&
         (!value.isConstantAlongDim || chance(3));
}

//===----------------------------------------------------------------------===//
// Elementwise steps
//===----------------------------------------------------------------------===//

bool GraphWriter::addStep() {
  unsigned step = pick(100);
  return step < 18   ? addUnary()
         : step < 40 ? addBinary()
         : step < 44 ? addFma()
         : step < 52 ? addCast()
         : step < 54 ? addPosition()
         : step < 70 ? addNormalize()
         : step < 76 ? addBroadcast()
         : step < 80 ? addLinalgBroadcast()
         : step < 84 ? addConstant()
         : step < 88 ? addChoice()
         : step < 92 ? addRelayout()
                     : addCollective();
}

double normc::graphs::largest(DType type) {
  switch (type) {
  case DType::F16:
  case DType::F8E5M2:
    return 500;
  case DType::F8E4M3FN:
    return 50;
  default:
    return 1e5;
  }
}

bool GraphWriter::addUnary() {
  static const char *const ops[] = {"arith.negf", "math.absf", "math.exp",
                                    "math.tanh",  "math.erf",  "math.sqrt",
                                    "math.rsqrt", "math.exp2"};
  unsigned op = pick(8);
  std::optional<size_t> x = pickValue([&](const GraphValue &value) {
    bool isPower = op == 2 || op == 7;
    return (!isPower || value.size <= 6) && (op != 5 || value.least >= 0) &&
           (op != 6 || value.least >= 1e-2);
  });
  if (!x)
    return false;
  GraphValue result = values[*x];
  double size = result.size, least = result.least;
  switch (op) {
  case 0:
    result.least = -1;
    break;
  case 1:
    result.least = std::max(least, 0.0);
    break;
  case 3:
  case 4:
    result.size = std::min(size, 1.0);
    result.least = std::min(least, 0.1);
    break;
  case 5:
    result.size = std::sqrt(size);
    result.least = std::sqrt(least);
    break;
  case 6:
    result.size = 1 / std::sqrt(least);
    result.least = 1 / std::sqrt(size);
    break;
  default:
    result.size = std::exp(size);
    result.least = std::exp(-size);
  }
  addOp(ops[op], {*x}, result, "");
  return true;
}

bool GraphWriter::addBinary() {
  static const char *const ops[] = {"arith.addf",     "arith.subf",
                                    "arith.mulf",     "arith.divf",
                                    "arith.maximumf", "arith.minimumf"};
  unsigned op = pick(6);
  size_t a = *pickValue([](const GraphValue &) { return true; });
  // x - x and x / x say nothing.
  bool needsOther = op == 1 || op >= 3;
  std::optional<size_t> b = pickValue([&](const GraphValue &value) {
    return value.axes == values[a].axes && value.type == values[a].type &&
           (op != 3 || value.least > 0.05) &&
           !(needsOther && value.name == values[a].name);
  });
  if (!b && op != 3 && chance(60))
    b = addInput(values[a].axes, values[a].type, chance(20));
  if (!b)
    return false;
  GraphValue x = values[a], y = values[*b], result = x;
  bool isPositive = x.least >= 0 && y.least >= 0;
  switch (op) {
  case 0:
  case 1:
    result.size = x.size + y.size;
    result.least = op == 0 && isPositive ? x.least + y.least : -1;
    break;
  case 2:
    result.size = x.size * y.size;
    result.least = isPositive ? x.least * y.least : -1;
    break;
  case 3:
    result.size = x.size / y.least;
    result.least = x.least >= 0 ? x.least / y.size : -1;
    break;
  case 4:
    result.size = std::max(x.size, y.size);
    result.least = std::max(x.least, y.least);
    break;
  case 5:
    result.size = std::max(x.size, y.size);
    result.least = std::min(x.least, y.least);
    break;
  }
  if (result.size > largest(x.type))
    return false;
  addOp(ops[op], {a, *b}, result, "");
  return true;
}

bool GraphWriter::addFma() {
  size_t a = *pickValue([](const GraphValue &) { return true; });
  auto alike = [&](const GraphValue &value) {
    return value.axes == values[a].axes && value.type == values[a].type;
  };
  size_t b = *pickValue(alike), c = *pickValue(alike);
  GraphValue result = values[a];
  result.size = result.size * values[b].size + values[c].size;
  result.least = -1;
  if (result.size > largest(result.type))
    return false;
  addOp("math.fma", {a, b, c}, result, "");
  return true;
}

bool GraphWriter::addCast() {
  DType type = chance(85)   ? anyType()
               : chance(50) ? DType::F8E4M3FN
                            : DType::F8E5M2;
  // Types of one size have no cast to each other.
  std::optional<size_t> x = pickValue([&](const GraphValue &value) {
    return byteSize(value.type) != byteSize(type) && value.size < largest(type);
  });
  if (!x)
    return false;
  GraphValue result = values[*x];
  result.type = type;
  bool widens = byteSize(type) > byteSize(values[*x].type);
  std::string from = tensorType(values[*x]);
  addOp(widens ? "arith.extf" : "arith.truncf", {*x}, result,
        from + " to " + tensorType(result));
  return true;
}
