//===- FusionTest.cpp - the patterns that fusion exists for ---------------===//
//
// Every file of patterns/, in f32 and bf16, with static and dynamic rows, and
// with extents that leave a tail: one kernel, against the evaluator of unfused
// IR, and through the cache that its schedule claims.
//
//===----------------------------------------------------------------------===//

#include "normc/Compiler.h"
#include "tests/graphs/Graph.h"
#include "tests/graphs/Text.h"

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
  text = replaceAll(text, "bf16", variant.type);
  text = replaceAll(text, "1000", variant.channels);
  if (variant.isStatic)
    text = replaceAll(text, "?", std::to_string(variant.rows));
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

static const Variant kReplayed[] = {
    {"bf16", "1024", 6, false},
    {"f32", "1024", 6, false},
    {"bf16", "4096", 3, true},
    {"f32", "4096", 3, true},
};

/// Of narrow results at least 99% are what they are with every norm and
/// function rounded once; all of them count, those that cancel, too.
static void expectCorrectlyRounded(const Findings &findings) {
  EXPECT_LE(findings.misrounded * 100, findings.narrow)
      << findings.misrounded << " of " << findings.narrow;
}

TEST_P(FusionTest, IsOneKernel) {
  static const Target target = Target::native();
  for (const Variant &variant : {kVariants[0], kVariants[3]}) {
    Result<std::string> text =
        emit(textOf(GetParam(), variant), Emit::Fused, target);
    ASSERT_TRUE(text) << text.error().message;
    size_t first = text->find("norm.kernel");
    EXPECT_NE(first, std::string::npos);
    EXPECT_EQ(text->find("norm.kernel", first + 1), std::string::npos) << *text;
  }
}

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
    // One in a hundred of a few elements says little.
    if (findings.narrow >= 1000)
      expectCorrectlyRounded(findings);
    all.merge(findings);
  }
  EXPECT_LT(all.skipped * 100, all.elements);
  expectCorrectlyRounded(all);
}

TEST_P(FusionTest, TheInterpreterAgreesToo) {
  for (const Variant &variant : {kVariants[0], kVariants[3]})
    if (std::unique_ptr<Graph> graph = makeGraph(GetParam(), variant)) {
      Findings findings = graph->checkInterpreted();
      EXPECT_EQ(findings.failures, 0) << findings.message;
    }
}

// Rows enough for parameters to be read again, of sizes that a schedule keeps
// in registers, in the first cache and in the second. What passes through
// memory between kernels or between phases is no mandatory traffic.
TEST_P(FusionTest, MissesOnlyWhatItMust) {
  for (const Variant &variant : kReplayed) {
    SCOPED_TRACE(std::string(variant.type) + " x" + variant.channels);
    std::unique_ptr<Graph> graph = makeGraph(GetParam(), variant);
    if (!graph)
      continue;
    Findings findings;
    double ratio = graph->replay(findings);
    EXPECT_EQ(findings.failures, 0) << findings.message;
    EXPECT_LE(ratio, 1.02);
  }
}

INSTANTIATE_TEST_SUITE_P(Patterns, FusionTest,
                         testing::ValuesIn(listPatterns()),
                         [](const testing::TestParamInfo<std::string> &info) {
                           return info.param;
                         });
