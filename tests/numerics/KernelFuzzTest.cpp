//===- KernelFuzzTest.cpp - random kernels against plain evaluation -------===//
//
// Kernels of random structure: inputs over random sets of dims, arithmetic,
// collectives of every kind over random dims with and without predicates, and
// several outputs. The expectation comes from evaluating every value at every
// point of the whole space, which knows nothing of stages, phases or lanes.
//
//===----------------------------------------------------------------------===//

#include "normc/normc.h"
#include "tests/numerics/Buffers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

using namespace normc;
using namespace normc::numerics;

namespace {

/// One value of a kernel's body.
struct Node {
  enum Kind { Input, Add, Sub, Mul, Max, Choose, Reduce } kind = Input;
  int left = 0, right = 0;
  int predicate = -1; ///< Of a Reduce: points where this is positive.
  double other = 0;   ///< Of a Choose: its value where `left` isn't positive.
  std::string reduce; ///< add, mul, max, min or mean.
  unsigned over = 0;  ///< Dims that a Reduce combines, as bits.
  unsigned space = 0; ///< Dims that it varies over, as bits.
  std::vector<double> values = {}; ///< At every point of the whole space.
};

/// A kernel in the making, its text and its values.
class RandomKernel {
public:
  explicit RandomKernel(uint64_t seed);

  std::string text() const;
  /// Whether all values stay far from overflow, where the order of a product
  /// would matter.
  bool isTame() const;
  /// Compiles, runs and compares.
  void check();

private:
  unsigned pick(unsigned count) { return unsigned(random.next() % count); }
  void addInput(unsigned space);
  void addArithmetic();
  void addChoice();
  void addReduce();
  double evaluateReduce(const Node &node, int64_t point) const;
  int64_t indexOf(int64_t point, unsigned space) const;
  int64_t sizeOf(unsigned space) const;
  bool sameOutside(int64_t p, int64_t q, unsigned over) const;
  int64_t coordinate(int64_t point, unsigned dim) const;
  std::string typeOf(unsigned space) const;
  std::string mapOf(unsigned space) const;
  std::string dimsOf(unsigned over) const;
  std::vector<int64_t> shapeOf(unsigned space) const;
  std::string line(size_t node) const;

  Generator random;
  std::vector<int64_t> extents;
  bool isDynamic = false;
  std::vector<Node> nodes;
  struct Output {
    int node;
    unsigned space;
  };
  std::vector<Output> outputs;
};

} // namespace

RandomKernel::RandomKernel(uint64_t seed) : random(seed) {
  const int64_t choices[] = {1, 2, 3, 5, 8, 17, 33};
  unsigned rank = 1 + pick(3);
  for (unsigned dim = 0; dim < rank; ++dim)
    extents.push_back(choices[pick(rank == 3 ? 5 : 7)]);
  isDynamic = pick(2) != 0;
  unsigned all = (1u << rank) - 1;
  addInput(all); // Tells every extent.
  for (unsigned i = pick(3); i > 0; --i)
    addInput(random.next() & all);
  unsigned collectives = 1 + pick(4);
  for (unsigned i = 0; i < collectives; ++i) {
    for (unsigned k = pick(3); k > 0; --k)
      addArithmetic();
    addReduce();
  }
  for (unsigned k = 1 + pick(2); k > 0; --k)
    addArithmetic();
  for (unsigned i = 1 + pick(4); i > 0; --i) {
    int node = int(pick(unsigned(nodes.size())));
    unsigned wider = pick(3) == 0 ? unsigned(random.next()) & all : 0;
    outputs.push_back({node, nodes[node].space | wider});
  }
}

int64_t RandomKernel::sizeOf(unsigned space) const {
  int64_t size = 1;
  for (int64_t extent : shapeOf(space))
    size *= extent;
  return size;
}

int64_t RandomKernel::coordinate(int64_t point, unsigned dim) const {
  for (size_t d = extents.size() - 1; d > dim; --d)
    point /= extents[d];
  return point % extents[dim];
}

/// The row-major index, among the dims of `space`, of a point of the whole.
int64_t RandomKernel::indexOf(int64_t point, unsigned space) const {
  int64_t index = 0;
  for (unsigned dim = 0; dim < extents.size(); ++dim)
    if (space >> dim & 1)
      index = index * extents[dim] + coordinate(point, dim);
  return index;
}

bool RandomKernel::sameOutside(int64_t p, int64_t q, unsigned over) const {
  for (unsigned dim = 0; dim < extents.size(); ++dim)
    if (!(over >> dim & 1) && coordinate(p, dim) != coordinate(q, dim))
      return false;
  return true;
}

void RandomKernel::addInput(unsigned space) {
  Node node;
  node.space = space;
  std::vector<double> data(sizeOf(space));
  for (double &value : data)
    value = random.uniform() * 2 - 1;
  int64_t points = sizeOf((1u << extents.size()) - 1);
  for (int64_t point = 0; point < points; ++point)
    node.values.push_back(data[indexOf(point, space)]);
  nodes.push_back(std::move(node));
}

void RandomKernel::addArithmetic() {
  Node node;
  node.kind = Node::Kind(Node::Add + pick(4));
  node.left = int(pick(nodes.size()));
  node.right = int(pick(nodes.size()));
  node.space = nodes[node.left].space | nodes[node.right].space;
  for (size_t i = 0; i < nodes[0].values.size(); ++i) {
    double x = nodes[node.left].values[i], y = nodes[node.right].values[i];
    node.values.push_back(node.kind == Node::Add   ? x + y
                          : node.kind == Node::Sub ? x - y
                          : node.kind == Node::Mul ? x * y
                                                   : std::max(x, y));
  }
  nodes.push_back(std::move(node));
}

double RandomKernel::evaluateReduce(const Node &node, int64_t point) const {
  bool isProduct = node.reduce == "mul";
  bool isMax = node.reduce == "max", isMin = node.reduce == "min";
  long double total = isProduct ? 1 : isMax ? -INFINITY : isMin ? INFINITY : 0;
  int64_t count = 0;
  for (size_t q = 0; q < nodes[0].values.size(); ++q) {
    if (!sameOutside(point, int64_t(q), node.over))
      continue;
    if (node.predicate >= 0 && !(nodes[node.predicate].values[q] > 0))
      continue;
    long double value = nodes[node.left].values[q];
    ++count;
    total = isProduct ? total * value
            : isMax   ? std::max(total, value)
            : isMin   ? std::min(total, value)
                      : total + value;
  }
  return double(node.reduce == "mean" ? total / count : total);
}

/// left > 0 ? right : a constant, which may be what a sum or product starts
/// from.
void RandomKernel::addChoice() {
  const double others[] = {0, 0.5, 1};
  Node node;
  node.kind = Node::Choose;
  node.left = int(pick(nodes.size()));
  node.right = int(pick(nodes.size()));
  node.other = others[pick(3)];
  node.space = nodes[node.left].space | nodes[node.right].space;
  for (size_t i = 0; i < nodes[0].values.size(); ++i)
    node.values.push_back(nodes[node.left].values[i] > 0
                              ? nodes[node.right].values[i]
                              : node.other);
  nodes.push_back(std::move(node));
}

void RandomKernel::addReduce() {
  static const char *const kinds[] = {"add", "mean", "max", "min", "mul"};
  Node node;
  node.kind = Node::Reduce;
  bool isChosen = pick(2) == 0;
  if (isChosen)
    addChoice();
  node.left = int(isChosen ? nodes.size() - 1 : pick(nodes.size()));
  node.reduce = kinds[pick(5)];
  while (node.over == 0)
    node.over = unsigned(random.next()) & ((1u << extents.size()) - 1);
  node.space = nodes[node.left].space;
  // A maximum of no points is infinite, and what follows would be NaN.
  if (pick(2) == 0 && (node.reduce == "add" || node.reduce == "mul")) {
    node.predicate = int(pick(nodes.size()));
    node.space |= nodes[node.predicate].space;
  }
  node.space &= ~node.over;
  for (size_t point = 0; point < nodes[0].values.size(); ++point)
    node.values.push_back(evaluateReduce(node, int64_t(point)));
  nodes.push_back(std::move(node));
}

std::vector<int64_t> RandomKernel::shapeOf(unsigned space) const {
  std::vector<int64_t> shape;
  for (unsigned dim = 0; dim < extents.size(); ++dim)
    if (space >> dim & 1)
      shape.push_back(extents[dim]);
  return shape;
}

std::string RandomKernel::typeOf(unsigned space) const {
  std::string text = "tensor<";
  for (int64_t extent : shapeOf(space))
    text += (isDynamic ? "?" : std::to_string(extent)) + "x";
  return text + "f64>";
}

std::string RandomKernel::dimsOf(unsigned over) const {
  std::string text;
  for (unsigned dim = 0; dim < extents.size(); ++dim)
    if (over >> dim & 1)
      text += (text.empty() ? "d" : ", d") + std::to_string(dim);
  return "[" + text + "]";
}

std::string RandomKernel::mapOf(unsigned space) const {
  std::string text;
  for (unsigned dim = 0; dim < extents.size(); ++dim)
    if (space >> dim & 1)
      text += (text.empty() ? "[d" : ", [d") + std::to_string(dim) + "]";
  return "[" + text + "]";
}

std::string RandomKernel::line(size_t number) const {
  const Node &node = nodes[number];
  std::string name = "%v" + std::to_string(number);
  auto operand = [](int i) { return "%v" + std::to_string(i); };
  static const char *const ops[] = {"", "addf", "subf", "mulf", "maximumf"};
  if (node.kind == Node::Choose) {
    std::string id = std::to_string(number);
    return "    %c" + id + " = arith.cmpf ogt, " + operand(node.left) +
           ", %zero : f64\n    %o" + id + " = arith.constant " +
           std::to_string(node.other) + " : f64\n    " + name +
           " = arith.select %c" + id + ", " + operand(node.right) + ", %o" +
           id + " : f64\n";
  }
  if (node.kind != Node::Reduce)
    return "    " + name + " = arith." + ops[node.kind] + " " +
           operand(node.left) + ", " + operand(node.right) + " : f64\n";
  std::string where;
  std::string text;
  if (node.predicate >= 0) {
    text = "    %p" + std::to_string(number) + " = arith.cmpf ogt, " +
           operand(node.predicate) + ", %zero : f64\n";
    where = " where %p" + std::to_string(number);
  }
  return text + "    " + name + " = norm.reduce " + node.reduce + " " +
         operand(node.left) + " over " + dimsOf(node.over) + where + " : f64\n";
}

std::string RandomKernel::text() const {
  std::string arguments, results, names, dims, ins, outs, body, yields;
  for (size_t i = 0; i < extents.size(); ++i)
    dims += (i ? ", d" : "d") + std::to_string(i) + " = " +
            (isDynamic ? "?" : std::to_string(extents[i]));
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].kind != Node::Input) {
      body += line(i);
      continue;
    }
    std::string number = std::to_string(i), type = typeOf(nodes[i].space);
    std::string comma = i ? ", " : "";
    arguments += comma + "%x" + number + ": " + type + " {norm.name = \"x" +
                 number + "\"}";
    ins += comma + "%v" + number + " = %x" + number + " by " +
           mapOf(nodes[i].space) + " : " + type;
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    std::string number = std::to_string(i), type = typeOf(outputs[i].space);
    std::string comma = i ? ", " : "";
    results += comma + type + " {norm.name = \"y" + number + "\"}";
    names += comma + "%y" + number;
    outs += comma + "by " + mapOf(outputs[i].space) + " : " + type;
    yields += comma + "%v" + std::to_string(outputs[i].node);
  }
  std::string yieldTypes, resultTypes;
  for (size_t i = 0; i < outputs.size(); ++i) {
    yieldTypes += i ? ", f64" : "f64";
    resultTypes += (i ? ", " : "") + typeOf(outputs[i].space);
  }
  return "func.func @fuzz(" + arguments + ") -> (" + results + ") {\n  " +
         names + " = norm.kernel dims(" + dims + ")\n    ins(" + ins +
         ")\n    outs(" + outs + ") {\n    %zero = arith.constant 0.0 : f64\n" +
         body + "    norm.yield " + yields + " : " + yieldTypes +
         "\n  }\n  return " + names + " : " + resultTypes + "\n}\n";
}

bool RandomKernel::isTame() const {
  for (const Node &node : nodes)
    for (double value : node.values)
      if (!(std::fabs(value) < 1e60))
        return false;
  return true;
}

void RandomKernel::check() {
  Result<Kernel> kernel = jit(text());
  ASSERT_TRUE(kernel) << kernel.error().message;
  std::vector<std::vector<double>> buffers;
  std::vector<TensorRef> arguments;
  size_t points = nodes[0].values.size();
  auto add = [&](unsigned space) -> std::vector<double> & {
    buffers.emplace_back(sizeOf(space), NAN);
    std::vector<int64_t> shape = shapeOf(space);
    arguments.push_back(
        TensorRef::contiguous(buffers.back().data(), DType::F64, Dims(shape)));
    return buffers.back();
  };
  buffers.reserve(nodes.size() + outputs.size());
  for (const Node &node : nodes)
    if (node.kind == Node::Input) {
      std::vector<double> &data = add(node.space);
      for (size_t p = 0; p < points; ++p)
        data[indexOf(int64_t(p), node.space)] = node.values[p];
    }
  size_t first = buffers.size();
  for (const Output &output : outputs)
    add(output.space);
  Status status = kernel->run(arguments);
  ASSERT_TRUE(status) << status.error().message;

  double scale = 1; // Rounding errors are of the size of what was added.
  for (const Node &node : nodes)
    for (double value : node.values)
      if (std::isfinite(value))
        scale = std::max(scale, std::fabs(value));
  for (size_t i = 0; i < outputs.size(); ++i)
    for (size_t p = 0; p < points; ++p) {
      double expected = nodes[outputs[i].node].values[p];
      double got = buffers[first + i][indexOf(int64_t(p), outputs[i].space)];
      if (std::isnan(expected))
        ASSERT_TRUE(std::isnan(got)) << "y" << i << " at point " << p;
      else
        ASSERT_LE(std::fabs(got - expected), 1e-11 * scale)
            << "y" << i << " at point " << p << ": expected " << expected
            << ", but got " << got;
    }
}

TEST(KernelFuzzTest, RandomKernelsAgreeWithPlainEvaluation) {
  int checked = 0;
  for (uint64_t seed = 0; seed < 500; ++seed) {
    RandomKernel kernel(seed);
    if (!kernel.isTame())
      continue;
    ++checked;
    kernel.check();
    if (::testing::Test::HasFailure()) {
      ADD_FAILURE() << "seed " << seed << "\n" << kernel.text();
      return;
    }
  }
  EXPECT_GE(checked, 350);
}
