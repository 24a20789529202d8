//===- EvaluatorTest.cpp - the evaluator on values worked out by hand -----===//

#include "tests/graphs/Evaluator.h"

#include "compiler/Session.h"

#include <gtest/gtest.h>

#include <limits>

using namespace normc;
using namespace normc::graphs;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

class EvaluatorTest : public testing::Test {
protected:
  /// The results of the function `body` of a text, with these arguments.
  std::vector<BoundedTensor> run(const std::string &text,
                                 const std::vector<BoundedTensor> &arguments) {
    auto results = tryRun(text, arguments);
    if (results)
      return std::move(*results);
    ADD_FAILURE() << llvm::toString(results.takeError());
    return {};
  }

  std::string errorOf(const std::string &text,
                      const std::vector<BoundedTensor> &arguments) {
    auto results = tryRun(text, arguments);
    return results ? "" : llvm::toString(results.takeError());
  }

  static BoundedTensor points(std::vector<int64_t> shape,
                              std::vector<double> numbers) {
    BoundedTensor tensor{std::move(shape)};
    for (double number : numbers)
      tensor.values.push_back(Bounded::exactly(number));
    return tensor;
  }

  static void expectPoint(const Bounded &b, double number) {
    EXPECT_TRUE(b.isPoint());
    EXPECT_EQ(b.value, number);
    EXPECT_EQ(b.low, number);
  }

private:
  llvm::Expected<std::vector<BoundedTensor>>
  tryRun(const std::string &text, const std::vector<BoundedTensor> &arguments) {
    module = {};
    session = std::make_unique<Session>();
    module = session->parse(text, "test");
    if (!module)
      return llvm::createStringError(session->takeError().message);
    return evaluate(*module->getOps<mlir::func::FuncOp>().begin(), arguments);
  }

  std::unique_ptr<Session> session;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

} // namespace

TEST_F(EvaluatorTest, ArithmeticRoundsToTheTypeAfterEachOperation) {
  // 256 + 1 is a tie of bf16 and goes to even; the sum with 1 again as well.
  auto results = run(R"(
    func.func @f(%x: tensor<2xbf16>, %y: tensor<2xbf16>) -> tensor<2xbf16> {
      %s = arith.addf %x, %y : tensor<2xbf16>
      %t = arith.addf %s, %y : tensor<2xbf16>
      return %t : tensor<2xbf16>
    })",
                     {points({2}, {256, 1}), points({2}, {1, 0.5})});
  ASSERT_EQ(results.size(), 1u);
  expectPoint(results[0].values[0], 256);
  expectPoint(results[0].values[1], 2);
  EXPECT_EQ(results[0].precision, 8);
}

TEST_F(EvaluatorTest, ProductsAreNotFusedIntoSums) {
  // In f32, (1 + 2^-12)^2 loses its last bit before 1 is taken away.
  double x = 1 + 0x1p-12;
  auto results = run(R"(
    func.func @f(%x: tensor<f32>, %m: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
      %p = arith.mulf %x, %x : tensor<f32>
      %s = arith.addf %p, %m : tensor<f32>
      %f = math.fma %x, %x, %m : tensor<f32>
      return %s, %f : tensor<f32>, tensor<f32>
    })",
                     {points({}, {x}), points({}, {-1})});
  ASSERT_EQ(results.size(), 2u);
  expectPoint(results[0].values[0], 0x1p-11);
  expectPoint(results[1].values[0], 0x1p-11 + 0x1p-24);
}

TEST_F(EvaluatorTest, FunctionsHaveTheirErrorAndRoundingsWidenIt) {
  auto results = run(R"(
    func.func @f(%x: tensor<1xf32>) -> (tensor<1xf32>, tensor<1xbf16>) {
      %e = math.exp %x : tensor<1xf32>
      %n = arith.truncf %e : tensor<1xf32> to tensor<1xbf16>
      return %e, %n : tensor<1xf32>, tensor<1xbf16>
    })",
                     {points({1}, {1})});
  ASSERT_EQ(results.size(), 2u);
  const Bounded &e = results[0].values[0];
  EXPECT_EQ(e.value, double(2.71828182845904523536f));
  // 1.25 ulp of 2^-22 on either side.
  EXPECT_LE(e.low, e.value - 0x1p-22);
  EXPECT_GE(e.low, e.value - 0x1p-21);
  EXPECT_GE(e.high, e.value + 0x1p-22);
  EXPECT_LE(e.high, e.value + 0x1p-21);
  expectPoint(results[1].values[0], 2.71875);
}

TEST_F(EvaluatorTest, ComparisonsThatCanGoEitherWayGiveEither) {
  // The second operand is within an ulp of exp(0.5): more is not known.
  auto results =
      run(R"(
    func.func @f(%x: tensor<2xf32>, %y: tensor<2xf32>) -> tensor<2xf32> {
      %r = norm.kernel dims(i = 2)
          ins(%a = %x by [[i]] : tensor<2xf32>, %b = %y by [[i]] : tensor<2xf32>)
          outs(by [[i]] : tensor<2xf32>) {
        %e = math.exp %a : f32
        %p = arith.cmpf ogt, %e, %b : f32
        %zero = arith.constant 0.0 : f32
        %o = arith.select %p, %a, %zero : f32
        norm.yield %o : f32
      }
      return %r : tensor<2xf32>
    })",
          {points({2}, {0.5, 0.5}), points({2}, {double(std::exp(0.5f)), 1})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].values[0].low, 0);
  EXPECT_EQ(results[0].values[0].high, 0.5);
  expectPoint(results[0].values[1], 0.5);
}

TEST_F(EvaluatorTest, NanIsCertainAndQuotientsByZeroAreNot) {
  auto results = run(R"(
    func.func @f(%x: tensor<3xf64>, %y: tensor<3xf64>) -> (tensor<3xf64>, tensor<3xf64>) {
      %m = arith.maximumf %x, %y : tensor<3xf64>
      %d = arith.divf %x, %y : tensor<3xf64>
      return %m, %d : tensor<3xf64>, tensor<3xf64>
    })",
                     {points({3}, {kNan, 1, 6}), points({3}, {1, 0, 3})});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_TRUE(results[0].values[0].isNan());
  EXPECT_FALSE(results[0].values[0].doubt);
  expectPoint(results[0].values[1], 1);
  EXPECT_TRUE(results[1].values[1].doubt);
  expectPoint(results[1].values[2], 2);
}

TEST_F(EvaluatorTest, KernelsJoinAndBroadcastDims) {
  // Rows of two groups of two; a factor per group, and the sum of each group.
  auto results =
      run(R"(
    func.func @f(%x: tensor<?x4xf64>, %g: tensor<2xf64>) -> (tensor<4x?xf64>, tensor<?x2xf64>) {
      %y, %s = norm.kernel dims(i = ?, g = 2, k = 2)
          ins(%e = %x by [[i], [g, k]] : tensor<?x4xf64>, %f = %g by [[g]] : tensor<2xf64>)
          outs(by [[g, k], [i]] : tensor<4x?xf64>, by [[i], [g]] : tensor<?x2xf64>) {
        %p = arith.mulf %e, %f : f64
        %t = norm.reduce max %p over [k] : f64
        norm.yield %p, %t : f64, f64
      }
      return %y, %s : tensor<4x?xf64>, tensor<?x2xf64>
    })",
          {points({2, 4}, {1, 2, 3, 4, 5, 6, 7, 8}), points({2}, {1, 10})});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].shape, (std::vector<int64_t>{4, 2}));
  const double transposed[] = {1, 5, 2, 6, 30, 70, 40, 80};
  for (int i = 0; i < 8; ++i)
    expectPoint(results[0].values[i], transposed[i]);
  EXPECT_EQ(results[1].shape, (std::vector<int64_t>{2, 2}));
  const double largest[] = {2, 40, 6, 80};
  for (int i = 0; i < 4; ++i)
    expectPoint(results[1].values[i], largest[i]);
}

TEST_F(EvaluatorTest, SumsHoldWhateverTheirOrder) {
  // 1 + 2^-24 + 2^-24 in f32 is 1 or 1 + 2^-23, by the order; dims that the
  // value doesn't have multiply.
  auto results =
      run(R"(
    func.func @f(%x: tensor<3xf32>, %w: tensor<5xf32>) -> (tensor<f32>, tensor<f32>) {
      %s, %t = norm.kernel dims(i = 3, j = 5)
          ins(%e = %x by [[i]] : tensor<3xf32>, %f = %w by [[j]] : tensor<5xf32>)
          outs(by [] : tensor<f32>, by [] : tensor<f32>) {
        %a = norm.reduce add %e over [i] : f32
        %one = arith.constant 1.0 : f32
        %b = norm.reduce add %one over [i, j] : f32
        norm.yield %a, %b : f32, f32
      }
      return %s, %t : tensor<f32>, tensor<f32>
    })",
          {points({3}, {1, 0x1p-24, 0x1p-24}), points({5}, {0, 0, 0, 0, 0})});
  ASSERT_EQ(results.size(), 2u);
  const Bounded &sum = results[0].values[0];
  EXPECT_LE(sum.low, 1);
  EXPECT_GE(sum.high, 1 + 0x1p-23);
  EXPECT_LE(sum.radius(), 5 * 0x1p-23);
  EXPECT_EQ(results[1].values[0].value, 15);
}

TEST_F(EvaluatorTest, RandomWordsAreThoseOfTheDefinition) {
  // Random123's known answers: the block of counter 0 and key 0.
  auto results = run(R"(
    func.func @f(%x: tensor<4xf64>) -> tensor<4xf64> {
      %y = norm.kernel dims(i = 4) ins(%e = %x by [[i]] : tensor<4xf64>)
          outs(by [[i]] : tensor<4xf64>) {
        %zero = arith.constant 0 : i64
        %i = norm.index i
        %w = norm.philox(%zero, %zero, %i) : index
        %n = arith.sitofp %w : i32 to f64
        norm.yield %n : f64
      }
      return %y : tensor<4xf64>
    })",
                     {points({4}, {0, 0, 0, 0})});
  ASSERT_EQ(results.size(), 1u);
  const uint32_t words[] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
  for (int i = 0; i < 4; ++i)
    expectPoint(results[0].values[i], int32_t(words[i]));
}

TEST_F(EvaluatorTest, NormsOfExactRowsAreWithinTheContract) {
  // Mean 0, variance 1.
  auto results = run(R"(
    func.func @f(%x: tensor<1x4xf32>, %g: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<1x4xf32> {
      %y = norm.normalize mean_variance %x over [1] epsilon 0.0 scale %g on [1] shift %b on [1]
        : (tensor<1x4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4xf32>
      return %y : tensor<1x4xf32>
    })",
                     {points({1, 4}, {-1, 1, -1, 1}), points({4}, {1, 2, 3, 4}),
                      points({4}, {0, 0, 8, 0})});
  ASSERT_EQ(results.size(), 1u);
  const double exact[] = {-1, 2, 5, 4}, magnitudes[] = {1, 2, 11, 4};
  for (int i = 0; i < 4; ++i) {
    const Bounded &y = results[0].values[i];
    EXPECT_EQ(y.value, exact[i]);
    EXPECT_LE(y.radius(), 17 * 0x1p-24 * magnitudes[i]);
    EXPECT_GE(y.radius(), 15 * 0x1p-24 * magnitudes[i]);
  }
}

// In f64 the mean may be off by 4 epsilon times the spread, which a value near
// the mean shows; f32 is summed in f64.
TEST_F(EvaluatorTest, MeansOfF64AreAllowedTheirError) {
  auto radiusOf = [&](const std::string &type) {
    std::string row = "tensor<4x" + type + ">";
    auto results = run("func.func @f(%x: " + row + ") -> " + row +
                           " {\n%y = norm.normalize mean_variance %x over [0] "
                           "epsilon 0.0 : (" +
                           row + ") -> " + row + "\nreturn %y : " + row + "\n}",
                       {points({4}, {-1, 1, 0x1p-20, -0x1p-20})});
    // The spread is 2, and rstd the square root of 2.
    return results[0].values[2].radius() / std::sqrt(8.0L);
  };
  EXPECT_NEAR(double(radiusOf("f64") * 0x1p53L), 8, 0.5);
  EXPECT_LT(double(radiusOf("f32") * 0x1p24L), 1e-3);
}

TEST_F(EvaluatorTest, NormsOfRangesHoldEveryChoice) {
  // exp's error in f32 is a range; both of its ends must be inside after a
  // norm.
  auto results = run(R"(
    func.func @f(%x: tensor<1x3xf32>) -> (tensor<1x3xf32>, tensor<1x3xf32>) {
      %e = math.exp %x : tensor<1x3xf32>
      %y = norm.normalize rms %e over [1] epsilon 0.0 : (tensor<1x3xf32>) -> tensor<1x3xf32>
      return %e, %y : tensor<1x3xf32>, tensor<1x3xf32>
    })",
                     {points({1, 3}, {0.1, 0.2, 0.3})});
  ASSERT_EQ(results.size(), 2u);
  for (unsigned corner = 0; corner < 8; ++corner) {
    double x[3], squares = 0;
    for (int i = 0; i < 3; ++i) {
      const Bounded &e = results[0].values[i];
      x[i] = corner >> i & 1 ? e.high : e.low;
      squares += x[i] * x[i];
    }
    for (int i = 0; i < 3; ++i) {
      const Bounded &y = results[1].values[i];
      double normalized = x[i] / std::sqrt(squares / 3);
      EXPECT_GE(normalized, y.low);
      EXPECT_LE(normalized, y.high);
    }
  }
}

TEST_F(EvaluatorTest, ANanSpoilsItsGroupOnly) {
  auto results = run(R"(
    func.func @f(%x: tensor<2x2xf32>) -> tensor<2x2xf32> {
      %y = norm.normalize l2 %x over [1] epsilon 1.0e-6 clamp : (tensor<2x2xf32>) -> tensor<2x2xf32>
      return %y : tensor<2x2xf32>
    })",
                     {points({2, 2}, {kNan, 1, 3, 4})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_TRUE(results[0].values[0].isNan());
  EXPECT_TRUE(results[0].values[1].isNan());
  EXPECT_NEAR(results[0].values[2].value, 0.6, 1e-6);
}

TEST_F(EvaluatorTest, InfinitiesInAGroupAreNotJudged) {
  auto results = run(R"(
    func.func @f(%x: tensor<2xf32>) -> tensor<2xf32> {
      %y = norm.normalize rms %x over [0] epsilon 1.0e-6 : (tensor<2xf32>) -> tensor<2xf32>
      return %y : tensor<2xf32>
    })",
                     {points({2}, {kInfinity, 1})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_TRUE(results[0].values[1].doubt);
}

TEST_F(EvaluatorTest, SaysWhatItDoesNotKnow) {
  EXPECT_EQ(errorOf(R"(
    func.func @f(%x: tensor<2xf32>) -> tensor<2xf32> {
      %y = math.cos %x : tensor<2xf32>
      return %y : tensor<2xf32>
    })",
                    {points({2}, {1, 2})}),
            "expected an operation that the evaluator knows, but got math.cos");
  EXPECT_EQ(errorOf(R"(
    func.func @f(%x: tensor<2xf32>) -> tensor<2xf32> {
      %c = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
      %y = arith.addf %x, %c : tensor<2xf32>
      return %y : tensor<2xf32>
    })",
                    {points({2}, {1, 2})}),
            "expected a number or a splat of one as a constant");
}

TEST_F(EvaluatorTest, ShapesMustAgree) {
  std::string sum = R"(
    func.func @f(%x: tensor<?xf32>, %y: tensor<?xf32>) -> tensor<?xf32> {
      %s = arith.addf %x, %y : tensor<?xf32>
      return %s : tensor<?xf32>
    })";
  EXPECT_EQ(errorOf(sum, {points({2}, {1, 2}), points({1}, {1})}),
            "expected operands of one shape of arith.addf");
  std::string kernel = R"(
    func.func @f(%x: tensor<?xf32>, %y: tensor<?xf32>) -> tensor<?xf32> {
      %s = norm.kernel dims(i = ?) ins(%a = %x by [[i]] : tensor<?xf32>, %b = %y by [[i]] : tensor<?xf32>)
          outs(by [[i]] : tensor<?xf32>) {
        norm.yield %b : f32
      }
      return %s : tensor<?xf32>
    })";
  EXPECT_EQ(errorOf(kernel, {points({2}, {1, 2}), points({1}, {1})}),
            "expected axis 0 of operand 1 of a kernel to be 2, but got 1");
}
