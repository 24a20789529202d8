//===- check_graph.cpp - one graph, compiled, against the evaluator -------===//
//
//   normc-check-graph [--seed=N] [--shape=NAME=8x64 ...] [--interpret] FILE
//
// Exits with 1 where a result is outside of its range, and says which; with 0
// where all agree, or where the file is no graph (so that reductions of a
// failing file stay graphs). --write=SEED prints the random graph of a seed.
//
//===----------------------------------------------------------------------===//

#include "tests/graphs/Graph.h"
#include "tests/graphs/RandomGraph.h"

#include <cstdio>
#include <fstream>
#include <sstream>

using namespace normc::graphs;

/// What stands behind "--name=", or null.
static const char *valueOf(const char *argument, const std::string &name) {
  std::string prefix = "--" + name + "=";
  return std::string(argument).starts_with(prefix) ? argument + prefix.size()
                                                   : nullptr;
}

/// "x=8x64".
static void addShape(const std::string &text, DynamicExtents &extents) {
  size_t equals = text.find('=');
  std::istringstream numbers(text.substr(equals + 1));
  std::vector<int64_t> &shape = extents[text.substr(0, equals)];
  for (std::string number; std::getline(numbers, number, 'x');)
    shape.push_back(std::stoll(number));
}

int main(int argc, char **argv) {
  uint64_t seed = 1;
  bool isInterpreted = false;
  std::string path;
  DynamicExtents extents;
  for (int i = 1; i < argc; ++i) {
    if (const char *value = valueOf(argv[i], "seed"))
      seed = std::stoull(value);
    else if (const char *value = valueOf(argv[i], "shape"))
      addShape(value, extents);
    else if (const char *value = valueOf(argv[i], "write"))
      return std::fputs(randomGraph(std::stoull(value)).c_str(), stdout) < 0;
    else if (std::string(argv[i]) == "--interpret")
      isInterpreted = true;
    else
      path = argv[i];
  }
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  llvm::Expected<std::unique_ptr<Graph>> graph =
      Graph::make(text.str(), seed, extents);
  if (!graph) {
    std::printf("no graph: %s\n", llvm::toString(graph.takeError()).c_str());
    return 0;
  }
  Findings findings =
      isInterpreted ? (*graph)->checkInterpreted() : (*graph)->checkCompiled();
  std::printf("%lld of %lld elements fail, %lld were skipped\n%s\n",
              (long long)findings.failures, (long long)findings.elements,
              (long long)findings.skipped, findings.message.c_str());
  return findings.failures != 0;
}
