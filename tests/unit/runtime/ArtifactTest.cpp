//===- ArtifactTest.cpp ---------------------------------------------------===//

#include "normc/Artifact.h"

#include "runtime/SizeProgram.h"

#include <gtest/gtest.h>

#include <limits>

using namespace normc;
using Op = SizeExpr::Op;

static constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

static Result<int64_t> evaluate(std::vector<SizeExpr::Step> steps,
                                std::vector<int64_t> words = {}) {
  return SizeExpr{std::move(steps)}.evaluate(words);
}

static Result<int64_t> binary(Op op, int64_t a, int64_t b) {
  return evaluate({{Op::Constant, a}, {Op::Constant, b}, {op, 0}});
}

static void expectError(const Result<int64_t> &result, ErrorKind kind,
                        const std::string &message) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, kind);
  EXPECT_EQ(result.error().message, message);
}

static void expectOverflow(const Result<int64_t> &result) {
  expectError(result, ErrorKind::InvalidArgument,
              "expected a size that fits in 63 bits, but it overflows");
}

TEST(SizeExprTest, ConstantsAndWords) {
  EXPECT_EQ(*SizeExpr::constant(12).evaluate({}), 12);
  std::vector<int64_t> words = {3, 5};
  EXPECT_EQ(*SizeExpr::word(1).evaluate(words), 5);
  EXPECT_TRUE(SizeExpr::constant(12).isConstant());
  EXPECT_FALSE(SizeExpr::word(0).isConstant());
}

TEST(SizeExprTest, Arithmetic) {
  EXPECT_EQ(*binary(Op::Mul, 6, 7), 42);
  EXPECT_EQ(*binary(Op::Add, 6, 7), 13);
  EXPECT_EQ(*binary(Op::FloorDiv, 20, 7), 2);
  EXPECT_EQ(*binary(Op::CeilDiv, 20, 7), 3);
  EXPECT_EQ(*binary(Op::CeilDiv, 21, 7), 3);
  EXPECT_EQ(*binary(Op::CeilDiv, 0, 7), 0);
  EXPECT_EQ(*evaluate({{Op::Constant, 65}, {Op::AlignTo, 64}}), 128);
  EXPECT_EQ(*evaluate({{Op::Constant, 64}, {Op::AlignTo, 64}}), 64);
}

TEST(SizeExprTest, OperandOrderAndNesting) {
  // ceil(words[0] / 32) * words[1] * 4, aligned to 64.
  EXPECT_EQ(*evaluate({{Op::Word, 0},
                       {Op::Constant, 32},
                       {Op::CeilDiv, 0},
                       {Op::Word, 1},
                       {Op::Mul, 0},
                       {Op::Constant, 4},
                       {Op::Mul, 0},
                       {Op::AlignTo, 64}},
                      {33, 10}),
            128);
}

TEST(SizeExprTest, LargeValuesThatFit) {
  EXPECT_EQ(*binary(Op::CeilDiv, kMax, 2), kMax / 2 + 1);
  EXPECT_EQ(*binary(Op::Add, kMax - 1, 1), kMax);
}

TEST(SizeExprTest, Overflow) {
  expectOverflow(binary(Op::Mul, int64_t(1) << 32, int64_t(1) << 31));
  expectOverflow(binary(Op::Add, kMax, 1));
  expectOverflow(evaluate({{Op::Constant, kMax}, {Op::AlignTo, 64}}));
}

TEST(SizeExprTest, DivisionByZero) {
  std::string message =
      "expected a divisor other than 0, but got a division by zero";
  for (Op op : {Op::FloorDiv, Op::CeilDiv})
    expectError(binary(op, 5, 0), ErrorKind::InvalidArgument, message);
  expectError(evaluate({{Op::Constant, 5}, {Op::AlignTo, 0}}),
              ErrorKind::InvalidArgument, message);
}

TEST(SizeExprTest, NegativeValues) {
  std::string message = "expected sizes of at least 0, but got a negative one";
  expectError(evaluate({{Op::Word, 0}}, {-4}), ErrorKind::InvalidArgument,
              message);
  expectError(binary(Op::Mul, -1, -1), ErrorKind::InvalidArgument, message);
}

TEST(SizeExprTest, MalformedPrograms) {
  std::vector<std::vector<SizeExpr::Step>> programs = {
      {},
      {{Op::Mul, 0}},
      {{Op::AlignTo, 8}},
      {{Op::Constant, 1}, {Op::Add, 0}},
      {{Op::Constant, 1}, {Op::Constant, 1}},
      {{Op::Word, 2}},
      {{Op::Word, -1}},
      {{Op::Word, 2}, {Op::AlignTo, 8}},
      std::vector<SizeExpr::Step>(kMaxSizeStack + 1, {Op::Constant, 1}),
  };
  for (const auto &program : programs) {
    expectError(evaluate(program, {1, 1}), ErrorKind::Internal,
                "malformed size expression");
    EXPECT_FALSE(isWellFormed({program}, 2));
  }
  EXPECT_FALSE(isWellFormed({{{static_cast<Op>(99), 0}}}, 2));
  EXPECT_FALSE(isWellFormed({{{Op::Constant, -1}}}, 2));
  EXPECT_FALSE(isWellFormed({{{Op::Constant, 1}, {Op::AlignTo, 0}}}, 2));
}

TEST(SizeExprTest, WellFormedPrograms) {
  EXPECT_TRUE(isWellFormed(SizeExpr::constant(0), 0));
  EXPECT_TRUE(isWellFormed(SizeExpr::word(1), 2));
  EXPECT_TRUE(isWellFormed({{{Op::Word, 0}, {Op::Word, 1}, {Op::Mul, 0}}}, 2));
}

TEST(ArtifactTest, TypesAreListedByTheirNumbers) {
  std::string names;
  for (size_t i = 0; i < std::size(kDTypes); ++i) {
    EXPECT_EQ(size_t(kDTypes[i]), i);
    names += i == 0 ? "" : i + 1 < std::size(kDTypes) ? ", " : " or ";
    names += toString(kDTypes[i]);
  }
  EXPECT_EQ(names, kDTypeNames);
  EXPECT_EQ(byteSize(DType(std::size(kDTypes))), 0);
}

TEST(ArtifactTest, NamesAndSizesOfTypes) {
  EXPECT_STREQ(toString(DType::F16), "f16");
  EXPECT_STREQ(toString(DType::BF16), "bf16");
  EXPECT_STREQ(toString(DType::F32), "f32");
  EXPECT_STREQ(toString(DType::F64), "f64");
  EXPECT_STREQ(toString(DType::F8E4M3FN), "f8E4M3FN");
  EXPECT_STREQ(toString(DType::F8E5M2), "f8E5M2");
  EXPECT_STREQ(toString(DType::I8), "i8");
  EXPECT_STREQ(toString(DType::I32), "i32");
  EXPECT_STREQ(toString(DType::I64), "i64");
  EXPECT_EQ(byteSize(DType::F8E4M3FN), 1);
  EXPECT_EQ(byteSize(DType::F8E5M2), 1);
  EXPECT_EQ(byteSize(DType::I8), 1);
  EXPECT_EQ(byteSize(DType::I32), 4);
  EXPECT_EQ(byteSize(DType::I64), 8);
  EXPECT_EQ(byteSize(DType(9)), 0);
  EXPECT_EQ(byteSize(DType::F16), 2);
  EXPECT_EQ(byteSize(DType::BF16), 2);
  EXPECT_EQ(byteSize(DType::F32), 4);
  EXPECT_EQ(byteSize(DType::F64), 8);
}
