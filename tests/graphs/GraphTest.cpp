//===- GraphTest.cpp - a graph's check can fail, and what it has found ----===//

#include "tests/graphs/Graph.h"
#include "tests/graphs/RandomGraph.h"
#include "tests/graphs/Text.h"

#include <gtest/gtest.h>

#include <set>

using namespace normc::graphs;

static std::string errorOf(const std::string &text,
                           const DynamicExtents &extents = {}) {
  llvm::Expected<std::unique_ptr<Graph>> graph = Graph::make(text, 1, extents);
  return graph ? "" : llvm::toString(graph.takeError());
}

static const char kNegate[] = R"(
  func.func @f(%x: tensor<?x3xf32> {norm.name = "x"}) -> tensor<?x3xf32> {
    %y = arith.negf %x : tensor<?x3xf32>
    return %y : tensor<?x3xf32>
  })";

TEST(GraphTest, SaysWhatIsMissing) {
  EXPECT_EQ(errorOf(kNegate), "expected the extent of axis 0 of x");
  EXPECT_EQ(errorOf(kNegate, {{"x", {4}}}), "");
  EXPECT_EQ(errorOf("module {}"), "expected a function");
  EXPECT_EQ(errorOf("func.func @f(%x: tensor<2xi32>) -> tensor<2xi32> { return "
                    "%x : tensor<2xi32> }"),
            "expected arguments to be tensors of floats or i64");
}

TEST(GraphTest, BothExecutorsAgreeWithTheEvaluator) {
  auto graph = llvm::cantFail(Graph::make(kNegate, 1, {{"x", {5}}}));
  for (Findings findings :
       {graph->checkCompiled(), graph->checkInterpreted()}) {
    EXPECT_EQ(findings.failures, 0) << findings.message;
    EXPECT_EQ(findings.elements, 15);
    EXPECT_EQ(findings.skipped, 0);
  }
}

// e - e is 0, but the evaluator knows only the range of each: a quotient by it
// is skipped, and counted.
TEST(GraphTest, WhatCannotBeDecidedIsCounted) {
  auto graph = llvm::cantFail(Graph::make(R"(
    func.func @f(%x: tensor<8xf32> {norm.name = "x", graph.positive}) -> tensor<8xf32> {
      %e = math.exp %x : tensor<8xf32>
      %d = arith.subf %e, %e : tensor<8xf32>
      %q = arith.divf %x, %d : tensor<8xf32>
      return %q : tensor<8xf32>
    })",
                                          1));
  Findings findings = graph->checkCompiled();
  EXPECT_EQ(findings.skipped, 8);
  EXPECT_EQ(findings.failures, 0) << findings.message;
}

// A norm of columns waits for all rows: what lies between goes through memory.
TEST(GraphTest, WhatPassesThroughMemoryShows) {
  auto replay = [](const char *axis) {
    std::string text = R"(
      func.func @f(%x: tensor<64x512xf32> {norm.name = "x"}) -> tensor<64x512xf32> {
        %h = norm.normalize rms %x over [1] epsilon 1.0e-6 : (tensor<64x512xf32>) -> tensor<64x512xf32>
        %y = norm.normalize rms %h over [AXIS] epsilon 1.0e-6 : (tensor<64x512xf32>) -> tensor<64x512xf32>
        return %y : tensor<64x512xf32>
      })";
    text.replace(text.find("AXIS"), 4, axis);
    auto graph = llvm::cantFail(Graph::make(text, 1));
    Findings findings;
    double ratio = graph->replay(findings);
    EXPECT_EQ(findings.failures, 0) << findings.message;
    return ratio;
  };
  EXPECT_LE(replay("1"), 1.02);
  EXPECT_GT(replay("0"), 1.4);
}

TEST(GraphTest, RandomGraphsDifferAndRepeat) {
  std::set<std::string> texts;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    texts.insert(randomGraph(seed));
    EXPECT_EQ(texts.count(randomGraph(seed)), 1u);
  }
  EXPECT_EQ(texts.size(), 50u);
}

// A result of f32 near the mean shows bits that a sum of numbers of bf16 far
// apart loses in f32; one of bf16 would not. Columns by tiles, columns in one,
// rows.
TEST(GraphTest, WideResultsNearTheMeanOfNarrowNumbers) {
  for (const char *over : {"[1]", "[0]", "[2]"}) {
    std::string text = R"(
    func.func @f(%x: tensor<40x16x256xbf16> {norm.name = "x"}) -> tensor<40x16x256xf32> {
      %s = arith.mulf %x, %x : tensor<40x16x256xbf16>
      %y = norm.normalize mean_variance %s over OVER epsilon 1.0e-3 : (tensor<40x16x256xbf16>) -> tensor<40x16x256xf32>
      return %y : tensor<40x16x256xf32>
    })";
    text.replace(text.find("OVER"), 4, over);
    auto graph = llvm::cantFail(Graph::make(text, 1));
    Findings findings = graph->checkCompiled();
    EXPECT_EQ(findings.failures, 0) << over << findings.message;
    EXPECT_EQ(findings.skipped, 0);
  }
}

static void expectRight(const std::string &text) {
  auto graph = llvm::cantFail(Graph::make(text, 1));
  for (Findings findings :
       {graph->checkCompiled(), graph->checkInterpreted()}) {
    EXPECT_EQ(findings.failures, 0) << findings.message << text;
    EXPECT_GT(findings.elements, 0);
  }
}

// Kernels that fusion makes equal become one, whose result two outputs hold.
TEST(GraphTest, ResultsThatBecomeEqual) {
  for (const char *text : {R"(
    func.func @f(%x: tensor<6xf32> {norm.name = "x"}, %g: tensor<3xf32> {norm.name = "g"})
        -> (tensor<6xf32>, tensor<6xf32>) {
      %a = math.erf %x : tensor<6xf32>
      %y = norm.kernel dims(i = 2, j = 3)
          ins(%e = %a by [[i, j]] : tensor<6xf32>, %s = %g by [[j]] : tensor<3xf32>)
          outs(by [[i, j]] : tensor<6xf32>) {
        norm.yield %s : f32
      }
      %b = math.absf %x : tensor<6xf32>
      %z = norm.kernel dims(i = 2, j = 3)
          ins(%e = %b by [[i, j]] : tensor<6xf32>, %s = %g by [[j]] : tensor<3xf32>)
          outs(by [[i, j]] : tensor<6xf32>) {
        norm.yield %s : f32
      }
      return %y, %z : tensor<6xf32>, tensor<6xf32>
    })",
                           R"(
    func.func @f(%x: tensor<6xf32> {norm.name = "x"}) -> (tensor<6xf32>, tensor<6xf32>) {
      return %x, %x : tensor<6xf32>, tensor<6xf32>
    })"}) {
    expectRight(text);
  }
}

// Vectors have lanes of two rows, each of which is one value: products and sums
// of what is widened take what both rows have.
TEST(GraphTest, SumsOfWhatRowsRepeat) {
  const std::string text = R"(
    func.func @f(%x: tensor<8xTYPE> {norm.name = "x"}) -> (tensor<8xLENGTHxTYPE>, tensor<f32>) {
      %y, %q = norm.kernel dims(i = 8, j = LENGTH)
          ins(%e = %x by [[i]] : tensor<8xTYPE>)
          outs(by [[i], [j]] : tensor<8xLENGTHxTYPE>, by [] : tensor<f32>) {
        %n, %m, %d, %m2 = norm.moments %e over [i, j] : TYPE
        %c = arith.subf %e, %m : TYPE
        %w = WIDEN
        %s = arith.mulf %w, %w : f32
        %t = norm.reduce add %s over [i, j] : f32
        norm.yield %c, %t : TYPE, f32
      }
      return %y, %q : tensor<8xLENGTHxTYPE>, tensor<f32>
    })";
  for (const char *type : {"f32", "bf16", "f16"})
    for (const char *n : {"3", "17", "40", "100", "1000"}) {
      std::string widen = std::string(type) == "f32"
                              ? "arith.negf %e : f32"
                              : "arith.extf %e : TYPE to f32";
      expectRight(
          replaceAll(replaceAll(replaceAll(text, "WIDEN", widen), "TYPE", type),
                     "LENGTH", n));
    }
}

// All of a row is one value, which the instance knows before its sums.
TEST(GraphTest, NormsOfWhatRowsRepeat) {
  for (const char *type : {"f32", "bf16", "f16"})
    for (const char *n : {"3", "17", "100"})
      expectRight(replaceAll(replaceAll(R"(
    func.func @f(%x: tensor<64xTYPE> {norm.name = "x"}) -> tensor<64xLENGTHxTYPE> {
      %e = tensor.empty() : tensor<64xLENGTHxTYPE>
      %b = linalg.broadcast ins(%x : tensor<64xTYPE>) outs(%e : tensor<64xLENGTHxTYPE>) dimensions = [1]
      %y = norm.normalize mean_variance %b over [1] epsilon 1.0e-03 : (tensor<64xLENGTHxTYPE>) -> tensor<64xLENGTHxTYPE>
      return %y : tensor<64xLENGTHxTYPE>
    })",
                                        "TYPE", type),
                             "LENGTH", n));
}

// A root that one stage leaves for the next is costly to compute, but is there.
TEST(GraphTest, NormOfARootThatAnEarlierStageLeaves) {
  expectRight(R"(
    func.func @f(%x: tensor<5x8x2xf32> {norm.name = "x"}, %g: tensor<5x8xf32> {norm.name = "g"}) -> tensor<5x8xf32> {
      %m = norm.kernel dims(i = 5, j = 8, k = 2)
          ins(%e = %x by [[i], [j], [k]] : tensor<5x8x2xf32>)
          outs(by [[i], [j]] : tensor<5x8xf32>) {
        %t = norm.reduce max %e over [k] : f32
        norm.yield %t : f32
      }
      %n:3 = norm.normalize mean_variance %x over [2] epsilon 1.0e-05 saved ["mean", "rstd"] : (tensor<5x8x2xf32>) -> (tensor<5x8x2xf32>, tensor<5x8xf32>, tensor<5x8xf32>)
      %r = norm.normalize rms %n#2 over [1] epsilon 1.0e-06 scale %g on [0, 1] shift %g on [0, 1] : (tensor<5x8xf32>, tensor<5x8xf32>, tensor<5x8xf32>) -> tensor<5x8xf32>
      %c = arith.cmpf olt, %r, %n#2 : tensor<5x8xf32>
      %y = arith.select %c, %n#2, %m : tensor<5x8xi1>, tensor<5x8xf32>
      return %y : tensor<5x8xf32>
    })");
}

// Of all that the fuzzer is for, some occurs in a few hundred graphs.
TEST(GraphTest, RandomGraphsHaveEverything) {
  std::string all;
  for (uint64_t seed = 0; seed < 300; ++seed)
    all += randomGraph(seed);
  for (const char *part : {"arith.addf",
                           "arith.divf",
                           "math.fma",
                           "arith.select",
                           "arith.truncf",
                           "arith.extf",
                           "math.rsqrt",
                           "math.erf",
                           "mean_variance",
                           " rms ",
                           " l2 ",
                           " lp ",
                           " max ",
                           " given ",
                           " groups ",
                           "per_group",
                           "after_root",
                           " clamp",
                           " partial ",
                           " folded",
                           "offset 1.0",
                           "rounding normal",
                           "saved [",
                           "norm.reduce add",
                           "norm.reduce max",
                           "norm.moments",
                           "norm.index",
                           " where ",
                           "norm.strides",
                           "f64",
                           "f16",
                           "bf16",
                           "tensor<?x",
                           "linalg.broadcast",
                           "tensor.splat",
                           "collapse_shape",
                           "expand_shape",
                           "dense<",
                           "f8E4M3FN",
                           "f8E5M2",
                           "i1>, ",
                           "[[d0, d1]",
                           "tensor<f32>"})
    EXPECT_NE(all.find(part), std::string::npos) << part;
}
