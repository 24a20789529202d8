//===- RandomTensorOps.cpp - random broadcasts, reshapes and choices ------===//
//
// What moves elements, as upstream operations or as kernels.
//
//===----------------------------------------------------------------------===//

#include "tests/graphs/RandomGraph.h"

#include <algorithm>

using namespace normc;
using namespace normc::graphs;

//===----------------------------------------------------------------------===//
// Extents
//===----------------------------------------------------------------------===//

/// An index value for the extent of an axis: read off a tensor that has the
/// axis, or one in which the axis' one dim is joined with another.
std::string GraphWriter::extentValue(const std::vector<unsigned> &axis) {
  std::string number = std::to_string(extents++);
  std::string constant = "%i" + number, size = "%s" + number;
  auto isJoined = [&](const std::vector<unsigned> &other) {
    return axis.size() == 1 && std::count(other.begin(), other.end(), axis[0]);
  };
  for (const GraphValue &value : values)
    for (size_t i = 0; i < value.axes.size() && !value.isHidden; ++i) {
      const std::vector<unsigned> &other = value.axes[i];
      if (other != axis && !isJoined(other))
        continue;
      body += "  " + constant + " = arith.constant " + std::to_string(i) +
              " : index\n  " + size + " = tensor.dim " + value.name + ", " +
              constant + " : " + tensorType(value) + "\n";
      if (other == axis)
        return size;
      int64_t rest = extentOf(other) / extentOf(axis);
      body += "  %j" + number + " = arith.constant " + std::to_string(rest) +
              " : index\n  %q" + number + " = arith.divui " + size + ", %j" +
              number + " : index\n";
      return "%q" + number;
    }
  // An axis that was joined by nothing yet.
  std::string product = extentValue({axis[0]}), other = extentValue({axis[1]});
  body +=
      "  " + size + " = arith.muli " + product + ", " + other + " : index\n";
  return size;
}

/// The dynamic extents of a tensor, with commas.
std::string GraphWriter::extentValues(const Axes &axes) {
  std::string list;
  for (const std::vector<unsigned> &axis : axes)
    if (isDynamic(axis))
      list += (list.empty() ? "" : ", ") + extentValue(axis);
  return list;
}

//===----------------------------------------------------------------------===//
// Broadcasts and constants
//===----------------------------------------------------------------------===//

/// A tensor that only the next operation may read, if extents are not known: no
/// other operand would tell them.
size_t GraphWriter::defineRepeated(GraphValue value) {
  value.isConstantAlongDim = true;
  value.isHidden =
      std::any_of(value.axes.begin(), value.axes.end(),
                  [&](const auto &axis) { return isDynamic(axis); });
  return define(std::move(value));
}

/// linalg.broadcast of some of a tensor's axes, and something with it.
bool GraphWriter::addLinalgBroadcast() {
  std::optional<size_t> a = pickValue([](const GraphValue &value) {
    return value.size < 100 && !value.isConstantAlongDim;
  });
  if (!a)
    return false;
  Axes axes;
  std::string added;
  for (size_t i = 0; i < values[*a].axes.size(); ++i) {
    if (chance(50))
      axes.push_back(values[*a].axes[i]);
    else
      added += (added.empty() ? "" : ", ") + std::to_string(i);
  }
  if (added.empty())
    return false;
  DType type = values[*a].type;
  std::optional<size_t> b = pickValue([&](const GraphValue &value) {
    return value.axes == axes && value.type == type && value.size < 100;
  });
  if (!b || chance(40))
    b = addInput(axes, type, chance(20));
  GraphValue whole = values[*b];
  whole.axes = values[*a].axes;
  std::string shape = tensorType(whole);
  std::string init = "%init" + std::to_string(extents++);
  std::string sizes = extentValues(whole.axes);
  std::string source = use(*b), sourceType = tensorType(values[*b]);
  size_t made = defineRepeated(std::move(whole));
  body += "  " + init + " = tensor.empty(" + sizes + ") : " + shape + "\n  " +
          values[made].name + " = linalg.broadcast ins(" + source + " : " +
          sourceType + ") outs(" + init + " : " + shape + ") dimensions = [" +
          added + "]\n";
  addBeside(*a, made);
  return true;
}

/// Arithmetic with a repeated tensor.
void GraphWriter::addBeside(size_t a, size_t repeated) {
  const char *const ops[] = {"arith.addf", "arith.mulf", "arith.maximumf"};
  unsigned op = pick(3);
  GraphValue result = values[a];
  double size = values[repeated].size;
  result.size = op == 1 ? size * result.size : result.size + size;
  result.least = op == 2 ? std::max(result.least, values[repeated].least) : -1;
  if (result.size > largest(result.type))
    op = 2;
  addOp(ops[op], {a, repeated}, result, "");
}

/// A tensor of one number, and something with it.
bool GraphWriter::addConstant() {
  const char *const numbers[] = {"0.5", "1.0", "3.0"};
  std::optional<size_t> a = pickValue([](const GraphValue &value) {
    return value.size < 100 && !value.isConstantAlongDim;
  });
  if (!a)
    return false;
  unsigned number = pick(3);
  GraphValue constant = values[*a];
  constant.size = constant.least = number == 2 ? 3 : 1;
  std::string sizes = extentValues(constant.axes);
  std::string type = tensorType(constant), element = toString(constant.type);
  size_t made = defineRepeated(std::move(constant));
  if (sizes.empty() && chance(50)) {
    body += "  " + values[made].name + " = arith.constant dense<" +
            numbers[number] + "> : " + type + "\n";
  } else {
    std::string scalar = "%scalar" + std::to_string(extents++);
    body += "  " + scalar + " = arith.constant " + numbers[number] + " : " +
            element + "\n  " + values[made].name + " = tensor.splat " + scalar +
            (sizes.empty() ? "" : "[" + sizes + "]") + " : " + type + "\n";
  }
  addBeside(*a, made);
  return true;
}

/// A tensor with fewer dims beside one with more, by itself or with arithmetic,
/// in one kernel.
bool GraphWriter::addBroadcast() {
  size_t a = *pickValue([&](const GraphValue &value) {
    return dimsOf(value.axes).size() == dims.size();
  });
  DType type = values[a].type;
  std::optional<size_t> b = pickValue([&](const GraphValue &value) {
    return dimsOf(value.axes).size() < dims.size() && value.type == type;
  });
  if (!b || chance(40)) {
    Axes axes;
    for (unsigned dim = 0; dim < dims.size(); ++dim)
      if (chance(50) && axes.size() + 1 < dims.size())
        axes.push_back({dim});
    b = addInput(axes, type, chance(20));
  }
  GraphValue result = values[a];
  const GraphValue small = values[*b];
  unsigned op = pick(4);
  if (op == 0) {
    result.size = small.size;
    result.least = small.least;
    result.isConstantAlongDim = true;
    addKernel({a, *b}, "", {{"%e1", result}});
    return true;
  }
  static const char *const ops[] = {"", "addf", "mulf", "maximumf"};
  result.size = op == 2 ? result.size * small.size : result.size + small.size;
  result.least = -1;
  if (result.size > largest(type))
    return false;
  std::string text = std::string("    %r = arith.") + ops[op] +
                     " %e0, %e1 : " + toString(type) + "\n";
  addKernel({a, *b}, text, {{"%r", result}});
  return true;
}

/// A position is added to each element, in a kernel that knows joined dims as
/// one.
bool GraphWriter::addPosition() {
  std::optional<size_t> x = pickValue([](const GraphValue &value) {
    return !value.axes.empty() && byteSize(value.type) > 2;
  });
  if (!x)
    return false;
  GraphValue result = values[*x];
  std::string space, map, type = toString(result.type);
  for (size_t i = 0; i < result.axes.size(); ++i) {
    const std::vector<unsigned> &axis = result.axes[i];
    std::string name = "a" + std::to_string(i), comma = i ? ", " : "";
    space += comma + name + " = " +
             (isDynamic(axis) ? "?" : std::to_string(extentOf(axis)));
    map += comma + "[" + name + "]";
  }
  size_t at = pick(result.axes.size());
  result.size += double(extentOf(result.axes[at])) / 16;
  if (result.size > largest(result.type))
    return false;
  std::string tensor = tensorType(result), source = use(*x);
  size_t made = define(std::move(result));
  body +=
      "  " + values[made].name + " = norm.kernel dims(" + space +
      ")\n      ins(%e0 = " + source + " by [" + map + "] : " + tensor +
      ")\n      outs(by [" + map + "] : " + tensor +
      ") {\n    %i = norm.index a" + std::to_string(at) +
      "\n    %n = arith.index_cast %i : index to i64\n    %p = arith.sitofp "
      "%n : i64 to " +
      type + "\n    %c = arith.constant 0.0625 : " + type +
      "\n    %s = arith.mulf %p, %c : " + type +
      "\n    %r = arith.addf %e0, %s : " + type +
      "\n    norm.yield %r : " + type + "\n  }\n";
  ++operations;
  return true;
}

//===----------------------------------------------------------------------===//
// Choices
//===----------------------------------------------------------------------===//

/// A comparison and a select, on tensors or in one kernel.
bool GraphWriter::addChoice() {
  static const char *const predicates[] = {"ogt", "olt", "oge", "ule", "une"};
  size_t a = *pickValue([](const GraphValue &) { return true; });
  auto alike = [&](const GraphValue &value) {
    return value.axes == values[a].axes && value.type == values[a].type;
  };
  size_t b = *pickValue(alike), c = *pickValue(alike);
  GraphValue result = values[a];
  result.size = std::max(values[b].size, values[c].size);
  result.least = std::min(values[b].least, values[c].least);
  result.isConstantAlongDim =
      values[b].isConstantAlongDim || values[c].isConstantAlongDim;
  std::string predicate = predicates[pick(5)];
  // What is compared with itself, or chosen from itself, says nothing.
  if (a != b && b != c && chance(60)) {
    std::string type = tensorType(result),
                truth = "%p" + values[a].name.substr(1) + "_" +
                        std::to_string(extents++);
    body += "  " + truth + " = arith.cmpf " + predicate + ", " + use(a) + ", " +
            use(b) + " : " + type + "\n";
    std::string ones = type;
    ones.replace(ones.rfind(toString(result.type)),
                 std::string(toString(result.type)).size(), "i1");
    addOp("arith.select " + truth + ",", {b, c}, result, ones + ", " + type);
    return true;
  }
  std::string type = toString(values[a].type);
  std::string text = "    %c0 = arith.constant 0.5 : " + type +
                     "\n    %p = arith.cmpf " + predicate +
                     ", %e0, %c0 : " + type +
                     "\n    %r = arith.select %p, %e1, %e2 : " + type + "\n";
  addKernel({a, b, c}, text, {{"%r", result}});
  return true;
}

//===----------------------------------------------------------------------===//
// Reshapes
//===----------------------------------------------------------------------===//

/// Groups of one axis each, but for the axes at `at`: "[[0], [1, 2]]".
static std::string reassociation(size_t rank, size_t at) {
  std::string text = "[";
  for (size_t axis = 0; axis < rank; ++axis) {
    text += text.size() > 1 ? ", [" : "[";
    text += std::to_string(axis);
    if (axis == at)
      text += ", " + std::to_string(++axis);
    text += "]";
  }
  return text + "]";
}

void GraphWriter::addReshape(size_t x, GraphValue result, size_t at,
                             bool joins) {
  if (chance(50))
    return addKernel({x}, "", {{"%e0", result}});
  std::string from = tensorType(values[x]), to = tensorType(result);
  size_t rank = std::max(values[x].axes.size(), result.axes.size());
  std::string text = reassociation(rank, at);
  if (!joins) {
    std::string sizes;
    for (const std::vector<unsigned> &axis : result.axes)
      sizes += (sizes.empty() ? "" : ", ") +
               (isDynamic(axis) ? extentValue(axis)
                                : std::to_string(extentOf(axis)));
    text += " output_shape [" + sizes + "]";
  }
  std::string source = use(x);
  size_t made = define(std::move(result));
  body += "  " + values[made].name +
          (joins ? " = tensor.collapse_shape " : " = tensor.expand_shape ") +
          source + " " + text + " : " + from + " into " + to + "\n";
  ++operations;
}

/// Axes joined, taken apart, or in another order.
bool GraphWriter::addRelayout() {
  std::optional<size_t> x = pickValue([](const GraphValue &value) {
    return value.axes.size() > 1 ||
           (!value.axes.empty() && value.axes[0].size() > 1);
  });
  if (!x)
    return false;
  GraphValue result = values[*x];
  Axes &axes = result.axes;
  size_t at = pick(axes.size());
  if (axes[at].size() > 1) {
    std::vector<unsigned> parts = axes[at];
    axes.erase(axes.begin() + at);
    for (size_t i = 0; i < parts.size(); ++i)
      axes.insert(axes.begin() + at + i, {parts[i]});
    addReshape(*x, result, at, /*joins=*/false);
  } else if (at + 1 < axes.size() && axes[at + 1].size() == 1 && chance(60) &&
             !(isDynamic(axes[at]) && isDynamic(axes[at + 1]))) {
    axes[at].push_back(axes[at + 1][0]);
    axes.erase(axes.begin() + at + 1);
    addReshape(*x, result, at, /*joins=*/true);
  } else {
    std::swap(axes.front(), axes.back());
    addKernel({*x}, "", {{"%e0", result}});
  }
  return true;
}
