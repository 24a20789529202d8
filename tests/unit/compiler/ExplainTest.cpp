//===- ExplainTest.cpp - a program in plain words -------------------------===//

#include "normc/Compiler.h"
#include "normc/SizeText.h"

#include <gtest/gtest.h>

using namespace normc;
using Names = std::vector<std::string>;

/// Row sums that the rows wait for, and column sums in partials.
static const char *const kText = R"(
func.func @f(%x: tensor<?x64xf32> {norm.name = "x"})
    -> (tensor<?x64xf32> {norm.name = "y"}, tensor<64xf32> {norm.name = "s"}) {
  %y, %s = norm.kernel dims(i = ?, j = 64) ins(%e = %x by [[i], [j]] : tensor<?x64xf32>)
      outs(by [[i], [j]] : tensor<?x64xf32>, by [[j]] : tensor<64xf32>) {
    %m = norm.reduce mean %e over [j] : f32
    %d = arith.subf %e, %m : f32
    %t = norm.reduce add %e over [i] : f32
    norm.yield %d, %t : f32, f32
  }
  return %y, %s : tensor<?x64xf32>, tensor<64xf32>
})";

TEST(ExplainTest, WhatStaysApart) {
  const char *const text = R"(
func.func @f(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %h = norm.normalize rms %x over [1] epsilon 1.0e-6 : (tensor<?x64xf32>) -> tensor<?x64xf32>
  %y = norm.normalize rms %h over [0] epsilon 1.0e-6 : (tensor<?x64xf32>) -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
})";
  Result<Explanation> explained =
      explain(text, *Target::named("x86-64-v3"), "file");
  ASSERT_TRUE(explained) << explained.error().message;
  ASSERT_EQ(explained->apart.size(), 1u);
  EXPECT_EQ(explained->apart[0],
            "file:4:8: stays apart: expected one kernel of fewer than 2 "
            "stages, but got 2, since collectives of one wait for the other's\n"
            "file:3:8: note: from the kernel that it reads");
  EXPECT_TRUE(explain(kText, *Target::named("x86-64-v3"))->apart.empty());
}

TEST(ExplainTest, StagesAndPhases) {
  Result<Explanation> explained = explain(kText, *Target::named("x86-64-v3"));
  ASSERT_TRUE(explained) << explained.error().message;
  EXPECT_TRUE(explained->facts.image.empty());
  EXPECT_EQ(explained->facts.arguments.size(), 3u);
  ASSERT_EQ(explained->stages.size(), 2u);

  const Explanation::Stage &rows = explained->stages[0];
  EXPECT_EQ(rows.entry, "f_stage0");
  EXPECT_EQ(rows.parallel, (Names{"i"}));
  EXPECT_EQ(rows.lanes, "j");
  EXPECT_EQ(rows.width, 8);
  ASSERT_GE(rows.dims.size(), 2u);
  const std::string words[] = {"rows", "y rows"};
  EXPECT_EQ(rows.dims[0].first, "i");
  EXPECT_EQ(formatSize(rows.dims[0].second, words), "rows");
  EXPECT_EQ(formatSize(rows.dims[1].second, words), "64");
  ASSERT_EQ(rows.phases.size(), 3u);
  EXPECT_TRUE(rows.phases[0].perChunk);
  EXPECT_EQ(rows.phases[0].writes, (Names{"scratch 0"}));
  EXPECT_FALSE(rows.phases[1].perChunk);
  EXPECT_EQ(rows.phases[1].over, (Names{"j"}));
  EXPECT_EQ(rows.phases[1].reads, (Names{"x"}));
  EXPECT_EQ(rows.phases[1].keeps, (Names{"x"}));
  EXPECT_EQ(rows.phases[1].combines, (Names{"mean"}));
  EXPECT_EQ(rows.phases[1].accumulates, (Names{"scratch 0"}));
  EXPECT_EQ(rows.phases[2].writes, (Names{"y"}));

  const Explanation::Stage &columns = explained->stages[1];
  EXPECT_EQ(columns.parallel, (Names{"j"}));
  ASSERT_EQ(columns.phases.size(), 2u);
  EXPECT_EQ(columns.phases[0].combines, (Names{"add"}));
  EXPECT_EQ(columns.phases[1].over, (Names{}));
  EXPECT_EQ(columns.phases[1].writes, (Names{"s"}));
}

TEST(ExplainTest, ReasonsStandBesideTheNumbers) {
  Result<Explanation> explained = explain(kText, *Target::named("x86-64-v4"));
  ASSERT_TRUE(explained);
  std::string width;
  for (const auto &[parameter, reason] : explained->stages[0].reasons)
    if (parameter == "width")
      width = reason;
  EXPECT_EQ(width, "512-bit vectors of 32-bit values");
}

TEST(ExplainTest, AGpuHasThreads) {
  Result<Explanation> explained = explain(R"(
func.func @rms(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %y = norm.normalize rms %x over [1] epsilon 1.0e-6 : (tensor<?x64xf32>) -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
})",
                                          *Target::named("sm_90"));
  ASSERT_TRUE(explained) << explained.error().message;
  EXPECT_EQ(explained->stages[0].threads, 32);
}

TEST(ExplainTest, BrokenTextIsRefusedWithItsPlace) {
  Result<Explanation> explained = explain("x", Target::native(), "f.mlir");
  ASSERT_FALSE(explained);
  EXPECT_EQ(explained.error().kind, ErrorKind::InvalidSpec);
  EXPECT_EQ(explained.error().message.rfind("f.mlir:1:1: ", 0), 0u);
}
