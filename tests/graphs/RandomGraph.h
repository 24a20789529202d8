//===- RandomGraph.h - random functions on tensors --------------*- C++ -*-===//
//
// Writes functions of 2 to 12 tensor operations as text: elementwise arithmetic
// and functions, casts, constants, broadcasts, joined and permuted axes, norms
// of every statistic over any axes, kernels with collectives, in any types,
// with static and dynamic extents and strides. Nothing is evaluated here; a
// rough size of every value keeps it away from overflow and from division by
// zero.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_GRAPHS_RANDOMGRAPH_H
#define NORMC_TESTS_GRAPHS_RANDOMGRAPH_H

#include "tests/numerics/Buffers.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace normc::graphs {

/// The text of a random function, the same for the same seed on every machine.
std::string randomGraph(uint64_t seed);

/// Numbers up to this are far from overflow, whatever one operation does.
double largest(DType type);

/// A tensor of a graph in the making.
struct GraphValue {
  std::string name;
  /// Per axis the dims joined in it, the first outermost.
  std::vector<std::vector<unsigned>> axes;
  DType type = DType::F32;
  double size = 4;   ///< About the largest magnitude.
  double least = -1; ///< About the smallest value; -1 where any sign may be.
  /// The same along some dim, where a norm would only see rounding errors.
  bool isConstantAlongDim = false;
  bool isInput = false, isUsed = false;
  bool isHidden = false; ///< Neither a result nor anybody's operand any more.
};

/// A graph in the making.
class GraphWriter {
public:
  explicit GraphWriter(uint64_t seed);
  std::string text();

private:
  using Axes = std::vector<std::vector<unsigned>>;
  struct Norm; ///< A norm.normalize in the making.
  /// A result of a kernel.
  struct Yield {
    std::string value;
    GraphValue made; ///< Without a name.
  };

  unsigned pick(size_t count) { return unsigned(random.next() % count); }
  bool chance(unsigned percent) { return pick(100) < percent; }
  DType anyType();
  /// One that fits; the last ones are taken more often, so that chains grow.
  std::optional<size_t>
  pickValue(const std::function<bool(const GraphValue &)> &isFit);

  // Steps: each adds one or two operations, or says that nothing fits.
  bool addStep();
  bool addUnary();
  bool addBinary();
  bool addFma();
  bool addCast();
  bool addNormalize();
  bool addBroadcast();
  bool addLinalgBroadcast();
  bool addConstant();
  bool addPosition();
  bool addChoice();
  bool addRelayout();
  bool addCollective();

  // Parts.
  void chooseDims();
  size_t addInput(Axes axes, DType type, bool isPositive);
  size_t define(GraphValue value);
  bool isFitForStatistics(const GraphValue &value);
  size_t addOp(const std::string &op, const std::vector<size_t> &operands,
               GraphValue result, const std::string &types);
  void addKernel(std::vector<size_t> operands, const std::string &body,
                 std::vector<Yield> results);
  std::string use(size_t value);
  void chooseAxes(Norm &norm);
  void chooseStatistic(Norm &norm);
  void chooseGiven(Norm &norm);
  void chooseAffine(Norm &norm);
  void writeNorm(const Norm &norm, std::string text, GraphValue result);
  void addReshape(size_t x, GraphValue result, size_t at, bool joins);
  size_t defineRepeated(GraphValue value);
  void addBeside(size_t a, size_t repeated);
  std::string extentValue(const std::vector<unsigned> &axis);
  std::string extentValues(const Axes &axes);
  std::vector<unsigned> dimsOf(const Axes &axes) const;
  int64_t extentOf(const std::vector<unsigned> &axis) const;
  bool isDynamic(const std::vector<unsigned> &axis) const;
  std::string tensorType(const Axes &axes, DType type) const;
  std::string tensorType(const GraphValue &value) const {
    return tensorType(value.axes, value.type);
  }
  std::string mapText(const Axes &axes) const;
  std::string attributesOf(const GraphValue &value, bool isPositive);

  numerics::Generator random;
  struct Dim {
    int64_t extent;
    bool isDynamic;
  };
  std::vector<Dim> dims;
  std::vector<GraphValue> values;
  std::string arguments, body;
  unsigned operations = 0;
  unsigned extents = 0; ///< Names of what is no tensor of the graph.
};

} // namespace normc::graphs

#endif // NORMC_TESTS_GRAPHS_RANDOMGRAPH_H
