//===- FusionTest.cpp - the patterns that fusion exists for ---------------===//
//
// Every file of patterns/, in f32 and bf16, with static and dynamic rows, and
// with extents that leave a tail, against the evaluator of unfused IR.
//
//===----------------------------------------------------------------------===//

#include "tests/graphs/Graph.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

using namespace normc;
using namespace normc::graphs;

namespace {

std::vector<std::string> listPatterns() {
  std::vector<std::string> names;
  for (const auto &entry : std::filesystem::directory_iterator(NORMC_PATTERNS))
    if (entry.path().extension() == ".mlir")
      names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::string readPattern(const std::string &name) {
  std::ifstream file(std::string(NORMC_PATTERNS) + "/" + name + ".mlir");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void replaceAll(std::string &text, const std::string &from,
                const std::string &to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;
       at += to.size())
    text.replace(at, from.size(), to);
}

/// A call of a pattern. The files say bf16, 1000 channels and `?` rows.
struct Variant {
  const char *type;
  const char *channels;
  int64_t rows;
  bool isStatic;
};

class FusionTest : public testing::TestWithParam<std::string> {};

} // namespace

static std::string textOf(const std::string &name, const Variant &variant) {
  std::string text = readPattern(name);
  replaceAll(text, "bf16", variant.type);
  replaceAll(text, "1000", variant.channels);
  if (variant.isStatic)
    replaceAll(text, "?", std::to_string(variant.rows));
  return text;
}

/// Every argument with open rows has as many.
static DynamicExtents rowsOf(const std::string &text, int64_t rows) {
  DynamicExtents extents;
  const std::string key = "norm.name = \"";
  for (size_t at = 0; (at = text.find(key, at)) != std::string::npos;) {
    at += key.size();
    extents[text.substr(at, text.find('"', at) - at)] = {rows};
  }
  return extents;
}

static std::unique_ptr<Graph> makeGraph(const std::string &name,
                                        const Variant &variant) {
  std::string text = textOf(name, variant);
  llvm::Expected<std::unique_ptr<Graph>> graph =
      Graph::make(text, /*seed=*/7, rowsOf(text, variant.rows));
  if (graph)
    return std::move(*graph);
  ADD_FAILURE() << llvm::toString(graph.takeError());
  return nullptr;
}

static const Variant kVariants[] = {
    {"bf16", "1000", 5, false}, {"bf16", "1000", 5, true},
    {"f32", "1000", 5, false},  {"f32", "1000", 5, true},
    {"bf16", "1000", 1, false}, {"f32", "1000", 37, false},
    {"bf16", "264", 6, true},   {"f32", "264", 6, false},
    {"bf16", "8", 3, false},    {"f32", "8", 33, true},
};

TEST_P(FusionTest, AgreesWithTheUnfusedMeaning) {
  Findings all;
  for (const Variant &variant : kVariants) {
    SCOPED_TRACE(std::string(variant.type) + " x" + variant.channels + ", " +
                 std::to_string(variant.rows) +
                 (variant.isStatic ? " static rows" : " rows"));
    std::unique_ptr<Graph> graph = makeGraph(GetParam(), variant);
    if (!graph)
      continue;
    Findings findings = graph->checkCompiled();
    EXPECT_EQ(findings.failures, 0) << findings.message;
    all.merge(findings);
  }
  EXPECT_LT(all.skipped * 100, all.elements);
  // Of results of 16 bits at least 99% are what one rounding each would give.
  EXPECT_LE(all.misrounded * 100, all.narrow)
      << all.misrounded << " of " << all.narrow;
}

TEST_P(FusionTest, TheInterpreterAgreesToo) {
  for (const Variant &variant : {kVariants[0], kVariants[3]})
    if (std::unique_ptr<Graph> graph = makeGraph(GetParam(), variant)) {
      Findings findings = graph->checkInterpreted();
      EXPECT_EQ(findings.failures, 0) << findings.message;
    }
}

INSTANTIATE_TEST_SUITE_P(Patterns, FusionTest,
                         testing::ValuesIn(listPatterns()),
                         [](const testing::TestParamInfo<std::string> &info) {
                           return info.param;
                         });
