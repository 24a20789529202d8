//===- Graph.h - a function on tensors as a test ----------------*- C++ -*-===//
//
// Takes the text of one function on tensors, makes arguments for it, and holds
// whatever executes it to what the evaluator says. All that a run depends on is
// in the text and the seed, so that a failure can be run again, or reduced.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_GRAPHS_GRAPH_H
#define NORMC_TESTS_GRAPHS_GRAPH_H

#include "compiler/Session.h"
#include "tests/graphs/Evaluator.h"
#include "tests/numerics/Buffers.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace normc::graphs {

/// Extents of dynamic axes, by argument: they replace the argument's `?`s in
/// order.
using DynamicExtents = std::map<std::string, std::vector<int64_t>>;

/// What a comparison found.
struct Findings {
  int64_t elements = 0;
  /// Of them, those whose range is so wide that being inside of it says little:
  /// a comparison or a rounding that could go either way, and all that follows.
  int64_t skipped = 0;
  int64_t failures = 0;
  std::string message = {}; ///< The first failure, or why nothing ran.
  /// Elements of 16-bit results that are not what they were with every norm and
  /// function rounded once, and how many there are.
  int64_t misrounded = 0, narrow = 0;

  void merge(const Findings &other);
};

/// A function, its arguments, and what it should give. Arguments are random
/// numbers around 0, or, where an argument says `graph.positive`, above 1/4;
/// i64 (seeds) are random positive ones. `graph.shape = array<i64: ...>` gives
/// the extents of a call, and `norm.strides` the layout; dynamic strides get a
/// gap.
class Graph {
public:
  /// The error is the parser's, or the evaluator's. Extents that neither the
  /// types, nor `graph.shape`, nor `extents` tell are an error.
  static llvm::Expected<std::unique_ptr<Graph>>
  make(const std::string &text, uint64_t seed,
       const DynamicExtents &extents = {});

  const std::string &text() const { return source; }

  /// Compiles for this machine and runs.
  Findings checkCompiled();
  /// Runs the phase form through the interpreter.
  Findings checkInterpreted();
  /// What the interpreter's accesses miss in the caches that the schedules
  /// claim, as a multiple of the bytes that must move. Adds a failure to
  /// `findings` where nothing ran.
  double replay(Findings &findings);

private:
  Graph() = default;
  llvm::Error makeArguments(uint64_t seed, const DynamicExtents &extents);
  llvm::Error makeResults();
  Findings judge() const;
  /// Judges one result, and adds what it finds.
  void judge(size_t result, Findings &findings) const;

  std::string source;
  std::unique_ptr<Session> session; ///< Outlives the module.
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::func::FuncOp function;
  std::vector<numerics::Buffer> inputs, outputs;
  std::vector<BoundedTensor> expected;
};

} // namespace normc::graphs

#endif // NORMC_TESTS_GRAPHS_GRAPH_H
