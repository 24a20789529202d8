//===- GraphFuzzTest.cpp - random graphs, compiled and interpreted --------===//
//
// Random functions on tensors, compiled, against the evaluator. To run others,
// or more of them:
//
//   NORMC_GRAPH_SEED=7000 NORMC_GRAPH_COUNT=100000 normc-graph-tests
//       --gtest_filter=GraphFuzzTest.*
//
//===----------------------------------------------------------------------===//

#include "tests/graphs/Graph.h"
#include "tests/graphs/RandomGraph.h"

#include <gtest/gtest.h>

#include <cstdlib>

using namespace normc::graphs;

static uint64_t fromEnvironment(const char *name, uint64_t otherwise) {
  const char *text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// One graph; its findings, with the text and the seed where it fails.
static Findings check(uint64_t seed, bool isInterpreted) {
  std::string text = randomGraph(seed);
  llvm::Expected<std::unique_ptr<Graph>> graph = Graph::make(text, seed);
  Findings findings;
  if (graph) {
    findings = (*graph)->checkCompiled();
    if (isInterpreted)
      findings.merge((*graph)->checkInterpreted());
  } else {
    findings.failures = 1;
    findings.message = llvm::toString(graph.takeError());
  }
  EXPECT_EQ(findings.failures, 0)
      << "seed " << seed << ": " << findings.message << "\n"
      << text;
  return findings;
}

TEST(GraphFuzzTest, RandomGraphsAgreeWithTheEvaluator) {
  uint64_t first = fromEnvironment("NORMC_GRAPH_SEED", 1);
  uint64_t count = fromEnvironment("NORMC_GRAPH_COUNT", 1000);
  Findings all;
  uint64_t failed = 0;
  for (uint64_t seed = first; seed < first + count && failed < 10; ++seed) {
    Findings one = check(seed, /*isInterpreted=*/seed % 5 == 0);
    failed += one.failures != 0;
    all.merge(one);
  }
  RecordProperty("elements", std::to_string(all.elements));
  RecordProperty("skipped", std::to_string(all.skipped));
  EXPECT_GT(all.elements, int64_t(count));
  // What can't be decided must stay rare, or the comparison says nothing.
  EXPECT_LT(all.skipped * 100, all.elements)
      << all.skipped << " of " << all.elements << " elements were skipped";
}
