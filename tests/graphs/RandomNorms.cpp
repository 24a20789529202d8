//===- RandomNorms.cpp - random norms and collectives ---------------------===//

#include "tests/graphs/RandomGraph.h"

#include "tests/numerics/Dtype.h"

#include <algorithm>
#include <cmath>

using namespace normc;
using namespace normc::graphs;

static std::string listText(const std::vector<int64_t> &list) {
  std::string text;
  for (int64_t number : list)
    text += (text.empty() ? "" : ", ") + std::to_string(number);
  return "[" + text + "]";
}

//===----------------------------------------------------------------------===//
// norm.normalize
//===----------------------------------------------------------------------===//

struct GraphWriter::Norm {
  GraphValue x;
  std::vector<int64_t> axes;
  int64_t groups = 0, groupAxis = 0;
  bool perGroup = false;
  std::vector<size_t> operands;
  std::string statistic, options, given, epsilon, affine;
  double size = 1; ///< Of what comes out, before the affine part.

  bool reduces(int64_t axis) const {
    return std::count(axes.begin(), axes.end(), axis) > 0;
  }
};

/// The axes of a statistic, with the groups in the place of a grouped one:
/// groups are the first dim of an axis that joins two.
static std::vector<std::vector<unsigned>>
keptAxes(const GraphValue &x, const std::vector<int64_t> &axes,
         std::optional<int64_t> groupAxis) {
  std::vector<std::vector<unsigned>> kept;
  for (int64_t axis = 0; axis < int64_t(x.axes.size()); ++axis) {
    if (axis == groupAxis)
      kept.push_back({x.axes[axis].front()});
    else if (!std::count(axes.begin(), axes.end(), axis))
      kept.push_back(x.axes[axis]);
  }
  return kept;
}

void GraphWriter::chooseAxes(Norm &norm) {
  int64_t rank = int64_t(norm.x.axes.size());
  for (int64_t axis = 0; axis < rank; ++axis)
    if (chance(axis + 1 == rank ? 75 : 35))
      norm.axes.push_back(axis);
  if (norm.axes.empty())
    norm.axes.push_back(pick(rank));
  for (int64_t axis : norm.axes) {
    const std::vector<unsigned> &joined = norm.x.axes[axis];
    if (joined.size() < 2 || dims[joined.front()].isDynamic || chance(40))
      continue;
    norm.groups = dims[joined.front()].extent;
    norm.groupAxis = axis;
    norm.perGroup = chance(20);
  }
}

/// Statistics that are operands.
void GraphWriter::chooseGiven(Norm &norm) {
  norm.statistic = "given";
  norm.size = 4 * (norm.x.size + 4);
  DType compute = numerics::computeType(norm.x.type);
  Axes shape =
      keptAxes(norm.x, norm.axes,
               norm.groups ? std::optional(norm.groupAxis) : std::nullopt);
  auto addOperand = [&](const char *what, bool isPositive) {
    norm.operands.push_back(addInput(shape, compute, isPositive));
    norm.given += std::string(" ") + what + " " + use(norm.operands.back());
  };
  if (chance(60))
    addOperand("mean", false);
  bool isRstd = chance(40);
  addOperand(isRstd ? "rstd" : "variance", true);
  if (isRstd)
    norm.epsilon.clear();
}

void GraphWriter::chooseStatistic(Norm &norm) {
  const char *const epsilons[] = {"1.0e-05", "1.0e-03", "1.0e-06"};
  norm.epsilon = std::string(" epsilon ") + epsilons[pick(3)];
  double n = 1;
  for (int64_t axis : norm.axes)
    n *= double(extentOf(norm.x.axes[axis]));
  unsigned kind = pick(8);
  if (kind < 3)
    norm.statistic = "mean_variance";
  else if (kind < 5)
    norm.statistic = "rms";
  else if (kind == 5)
    norm.statistic = "l2";
  else if (kind == 6)
    norm.statistic = chance(50) ? "max" : "lp";
  else
    return chooseGiven(norm);
  norm.size = kind < 5 ? std::min(std::sqrt(n), 5.0) : 1;
  if (kind == 6 || (kind == 5 && chance(50)))
    norm.epsilon += " clamp";
  else if (kind < 5 && chance(25))
    norm.epsilon += " after_root";
  if (norm.statistic == "lp")
    norm.options = chance(50) ? " p 1.5" : " p 3.0";
  else if (kind >= 3 && kind < 5 && norm.axes.size() == 1 && !norm.groups &&
           chance(25))
    norm.options = " partial 0.4";
}

void GraphWriter::chooseAffine(Norm &norm) {
  bool isOffset = false, isOnGroup = false;
  for (const char *what : {"scale", "shift"}) {
    if (chance(40))
      continue;
    std::vector<int64_t> on;
    for (int64_t axis = 0; axis < int64_t(norm.x.axes.size()); ++axis)
      if (chance(norm.reduces(axis) ? 80 : 20))
        on.insert(chance(85) ? on.end() : on.begin(), axis);
    isOnGroup |= std::count(on.begin(), on.end(), norm.groupAxis) > 0;
    Axes shape;
    for (int64_t axis : on)
      shape.push_back(norm.perGroup && axis == norm.groupAxis
                          ? Axes::value_type{norm.x.axes[axis].front()}
                          : norm.x.axes[axis]);
    // Sometimes something that the graph computes.
    std::optional<size_t> parameter = pickValue([&](const GraphValue &value) {
      return value.axes == shape && value.size < 20 && byteSize(value.type) > 1;
    });
    if (!parameter || chance(50))
      parameter = addInput(shape, anyType(), false);
    norm.operands.push_back(*parameter);
    norm.affine +=
        std::string(" ") + what + " " + use(*parameter) + " on " + listText(on);
    bool isScale = what[1] == 'c';
    norm.size = isScale ? norm.size * 5 : norm.size + 5;
    if (isScale && chance(15)) {
      norm.affine += " offset 1.0";
      isOffset = true;
    }
  }
  if (norm.statistic == "given" && chance(40))
    norm.affine += " folded";
  else if (!norm.affine.empty() && !isOffset && chance(25))
    norm.affine += " rounding normalized";
  norm.perGroup = norm.perGroup && isOnGroup;
}

bool GraphWriter::addNormalize() {
  std::optional<size_t> input = pickValue([&](const GraphValue &value) {
    return isFitForStatistics(value) && value.size < 1e4;
  });
  if (!input)
    return false;
  Norm norm;
  norm.x = values[*input];
  norm.operands.push_back(*input);
  chooseAxes(norm);
  chooseStatistic(norm);
  GraphValue result = norm.x;
  result.type = chance(70) ? norm.x.type : anyType();
  if (norm.size > 100 && result.type == DType::F16)
    result.type = DType::F32;
  chooseAffine(norm);
  result.size = norm.size;
  result.least = -1;
  std::string text =
      norm.statistic + " " + use(*input) + " over " + listText(norm.axes);
  if (norm.groups)
    text += " groups " + std::to_string(norm.groups) + " on " +
            std::to_string(norm.groupAxis);
  if (norm.perGroup)
    text += " per_group";
  text += norm.options + norm.given + norm.epsilon + norm.affine;
  writeNorm(norm, text, result);
  return true;
}

void GraphWriter::writeNorm(const Norm &norm, std::string text,
                            GraphValue result) {
  std::string types, names, outs = tensorType(result);
  for (size_t operand : norm.operands)
    types += (types.empty() ? "" : ", ") + tensorType(values[operand]);
  GraphValue saved = result;
  saved.axes =
      keptAxes(norm.x, norm.axes,
               norm.groups ? std::optional(norm.groupAxis) : std::nullopt);
  saved.type = numerics::computeType(norm.x.type);
  names = values[define(std::move(result))].name;
  bool isMoments = norm.statistic == "mean_variance";
  if ((isMoments || norm.statistic == "rms") && chance(20)) {
    text += isMoments ? " saved [\"mean\", \"rstd\"]" : " saved [\"rstd\"]";
    for (int left = isMoments ? 2 : 1; left > 0; --left) {
      saved.size = left == 2 ? norm.x.size : 1000;
      saved.least = left == 2 ? -1 : 0;
      outs += ", " + tensorType(saved);
      names += ", " + values[define(saved)].name;
    }
  }
  body += "  " + names + " = norm.normalize " + text + "\n      : (" + types +
          ") -> " +
          (outs.find(", ") == std::string::npos ? outs : "(" + outs + ")") +
          "\n";
  ++operations;
}

//===----------------------------------------------------------------------===//
// Kernels with collectives
//===----------------------------------------------------------------------===//

namespace {

/// The body of a kernel in the making.
class Body {
public:
  explicit Body(std::string type) : type(std::move(type)) {}
  std::string line(const std::string &op, const std::string &operands) {
    std::string name = "%t" + std::to_string(count++);
    text += "    " + name + " = " + op + " " + operands + " : " + type + "\n";
    return name;
  }
  std::string cast(const char *op, const std::string &value,
                   const std::string &to) {
    std::string name = "%t" + std::to_string(count++);
    text += "    " + name + " = " + op + " " + value + " : " + type + " to " +
            to + "\n";
    type = to;
    return name;
  }
  std::string reduce(const std::string &kind, const std::string &value,
                     const std::string &over) {
    return line("norm.reduce " + kind, value + " over [" + over + "]");
  }

  std::string text, type;

private:
  unsigned count = 0;
};

} // namespace

/// What a kernel with a collective gives in every point, and per group.
static std::pair<std::string, std::string>
writeCollective(Body &b, unsigned kind, const std::string &e,
                const std::string &over) {
  switch (kind) {
  case 0: { // Softmax.
    std::string most = b.reduce("max", e, over);
    std::string p = b.line("math.exp", b.line("arith.subf", e + ", " + most));
    std::string sum = b.reduce("add", p, over);
    return {b.line("arith.divf", p + ", " + sum), most};
  }
  case 1: { // What is left without the mean.
    std::string mean = b.reduce("mean", e, over);
    return {b.line("arith.subf", e + ", " + mean), mean};
  }
  case 2: { // By the largest magnitude.
    std::string size = b.line("math.absf", e);
    std::string most = b.reduce("max", size, over);
    std::string tiny = b.line("arith.constant", "1.0e-03");
    std::string scale = b.line("arith.maximumf", most + ", " + tiny);
    return {b.line("arith.divf", e + ", " + scale), scale};
  }
  case 3: { // The sum of what is positive.
    std::string zero = b.line("arith.constant", "0.0");
    std::string isLarge = b.line("arith.cmpf ogt,", e + ", " + zero);
    std::string sum =
        b.line("norm.reduce add", e + " over [" + over + "] where " + isLarge);
    return {b.line("arith.addf", e + ", " + sum), sum};
  }
  case 4: { // Moments by hand.
    std::string outs = b.line("norm.moments", e + " over [" + over + "]");
    // Four results, named together.
    size_t at = b.text.rfind(outs + " =");
    b.text.replace(at, outs.size(),
                   outs + "n, " + outs + "m, " + outs + "d, " + outs + "q");
    std::string var = b.line("arith.divf", outs + "q, " + outs + "n");
    std::string one = b.line("arith.constant", "1.0");
    std::string root =
        b.line("math.rsqrt", b.line("arith.addf", var + ", " + one));
    std::string rest = b.line("arith.subf", e + ", " + outs + "m");
    rest = b.line("arith.subf", rest + ", " + outs + "d");
    return {b.line("arith.mulf", rest + ", " + root), var};
  }
  default: { // The span.
    std::string most = b.reduce("max", e, over),
                least = b.reduce("min", e, over);
    return {b.line("arith.addf", e + ", " + least),
            b.line("arith.subf", most + ", " + least)};
  }
  }
}

bool GraphWriter::addCollective() {
  std::optional<size_t> x = pickValue([&](const GraphValue &value) {
    return isFitForStatistics(value) && value.size < 1000;
  });
  if (!x)
    return false;
  GraphValue full = values[*x], reduced = full;
  std::vector<unsigned> all = dimsOf(full.axes), over;
  for (unsigned dim : all)
    if (chance(dim == all.back() ? 75 : 35))
      over.push_back(dim);
  if (over.empty())
    over.push_back(all[pick(all.size())]);
  std::string overText;
  double n = 1;
  for (unsigned dim : over) {
    overText += (overText.empty() ? "d" : ", d") + std::to_string(dim);
    n *= double(dims[dim].extent);
  }
  reduced.axes.clear();
  for (unsigned dim : all)
    if (!std::count(over.begin(), over.end(), dim))
      reduced.axes.push_back({dim});
  unsigned kind = pick(6);
  if (kind == 3 && n * full.size > 500)
    kind = 0;
  full.size = kind == 0 || kind == 2 ? 1
              : kind == 3            ? (n + 1) * full.size
              : kind == 4            ? 5
                                     : 2 * full.size;
  full.least = -1;
  reduced.size = std::max(full.size, reduced.size * (kind == 4 ? 10 : 2));
  reduced.least = kind == 2 ? 1e-3 : -1;
  DType type = full.type;
  bool widens = byteSize(type) == 2 && chance(70);
  Body b(toString(type));
  std::string e = "%e0";
  if (widens)
    e = b.cast("arith.extf", e, "f32");
  auto [y, statistic] = writeCollective(b, kind, e, overText);
  if (widens)
    reduced.type = DType::F32;
  if (widens && chance(70))
    y = b.cast("arith.truncf", y, toString(type));
  else if (widens)
    full.type = DType::F32;
  std::vector<Yield> yields;
  bool givesBoth = chance(40), givesFull = givesBoth || chance(70);
  if (givesFull)
    yields.push_back({y, full});
  if (givesBoth || !givesFull)
    yields.push_back({statistic, reduced});
  addKernel({*x}, b.text, yields);
  return true;
}
