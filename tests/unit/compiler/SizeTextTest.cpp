//===- SizeTextTest.cpp - sizes as formulas for people --------------------===//

#include "normc/SizeText.h"

#include <gtest/gtest.h>

using namespace normc;
using Op = SizeExpr::Op;

static std::string format(std::vector<SizeExpr::Step> steps) {
  const std::string words[] = {"rows", "n"};
  return formatSize({std::move(steps)}, words);
}

TEST(SizeTextTest, Formulas) {
  SizeExpr::Step rows{Op::Word, 0}, n{Op::Word, 1}, two{Op::Constant, 2},
      add{Op::Add}, mul{Op::Mul}, div{Op::FloorDiv}, ceil{Op::CeilDiv};
  EXPECT_EQ(format({two}), "2");
  EXPECT_EQ(format({rows, n, mul, two, mul}), "rows * n * 2");
  EXPECT_EQ(format({rows, n, two, mul, mul}), "rows * (n * 2)");
  EXPECT_EQ(format({rows, n, add, two, mul}), "(rows + n) * 2");
  EXPECT_EQ(format({rows, n, two, mul, add}), "rows + n * 2");
  EXPECT_EQ(format({rows, n, two, div, div}), "rows / (n / 2)");
  EXPECT_EQ(format({rows, two, ceil, n, mul}), "ceil(rows / 2) * n");
  EXPECT_EQ(format({rows, n, add, {Op::AlignTo, 64}, two, add}),
            "align(rows + n, 64) + 2");
}

TEST(SizeTextTest, WhatIsNoFormula) {
  EXPECT_EQ(format({}), "?");
  EXPECT_EQ(format({{Op::Word, 7}}), "?");
  EXPECT_EQ(format({{Op::Mul}}), "?");
  EXPECT_EQ(format({{Op::AlignTo, 64}}), "?");
  EXPECT_EQ(format({{Op::Constant, 1}, {Op::Constant, 2}}), "?");
}
