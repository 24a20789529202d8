//===- ScalarOpsTest.cpp - what scalar float ops compute ------------------===//

#include "tests/interpreter/ScalarOpsTest.h"

using namespace normc::interpreter;

namespace {

TEST_F(ScalarOpsTest, ArithmeticRoundsToItsType) {
  EXPECT_EQ(binary("arith.addf", "f32", 1, 0x1p-24), 1);
  EXPECT_EQ(binary("arith.addf", "f64", 1, 0x1p-24), 1 + 0x1p-24);
  EXPECT_EQ(binary("arith.addf", "f16", 1, 0x1p-11), 1);
  EXPECT_EQ(binary("arith.addf", "f16", 1 + 0x1p-10, 0x1p-11), 1 + 0x1p-9);
  EXPECT_EQ(binary("arith.addf", "bf16", 256, 1), 256);
  EXPECT_EQ(binary("arith.subf", "bf16", 258, 1), 256);
  EXPECT_EQ(binary("arith.mulf", "f16", 300, 300), kInfinity);
  EXPECT_EQ(binary("arith.mulf", "f32", 0.1f, 0.1f), 0.1f * 0.1f);
  EXPECT_EQ(binary("arith.mulf", "f32", 0x1p-100, 0x1p-49), 0x1p-149);
  EXPECT_EQ(binary("arith.divf", "f32", 1, 3), 1.0f / 3.0f);
  EXPECT_EQ(binary("arith.divf", "bf16", 1, 3), 0x1.56p-2);
  EXPECT_EQ(binary("arith.divf", "f64", 1, 0), kInfinity);
  EXPECT_TRUE(std::signbit(unary("arith.negf", "f32", 0)));
}

TEST_F(ScalarOpsTest, ArithmeticOnEightBits) {
  EXPECT_EQ(binary("arith.addf", "f8E4M3FN", 16, 1), 16);
  EXPECT_EQ(binary("arith.addf", "f8E4M3FN", 18, 1), 20);
  EXPECT_EQ(binary("arith.mulf", "f8E4M3FN", 16, 28), 448);
  EXPECT_TRUE(std::isnan(binary("arith.mulf", "f8E4M3FN", 32, 28)));
  EXPECT_EQ(binary("arith.mulf", "f8E5M2", 256, 256), kInfinity);
  EXPECT_EQ(evaluate("math.fma %0, %1, %2 : f8E5M2",
                     {"f8E5M2", "f8E5M2", "f8E5M2"},
                     {number(1.25), number(1.25), number(0x1p-16)})
                .f,
            1.5);
}

TEST_F(ScalarOpsTest, MaximaAndNaN) {
  for (std::string type : {"f16", "bf16", "f32", "f64"}) {
    EXPECT_EQ(binary("arith.maximumf", type, 1, 2), 2);
    EXPECT_EQ(binary("arith.minimumf", type, 1, 2), 1);
    EXPECT_EQ(binary("arith.maxnumf", type, 3, 2), 3);
    EXPECT_EQ(binary("arith.minnumf", type, 3, 2), 2);
    EXPECT_TRUE(std::isnan(binary("arith.maximumf", type, NAN, 2)));
    EXPECT_TRUE(std::isnan(binary("arith.minimumf", type, 2, NAN)));
    EXPECT_EQ(binary("arith.maxnumf", type, NAN, 2), 2);
    EXPECT_EQ(binary("arith.maxnumf", type, 2, NAN), 2);
    EXPECT_EQ(binary("arith.minnumf", type, NAN, 2), 2);
    EXPECT_EQ(binary("arith.minnumf", type, 2, NAN), 2);
  }
}

TEST_F(ScalarOpsTest, MathFunctions) {
  struct Case {
    const char *op;
    long double (*expected)(long double);
  };
  for (auto [op, expected] :
       std::initializer_list<Case>{{"math.exp", std::exp},
                                   {"math.exp2", std::exp2},
                                   {"math.expm1", std::expm1},
                                   {"math.log", std::log},
                                   {"math.log1p", std::log1p},
                                   {"math.log2", std::log2},
                                   {"math.tanh", std::tanh},
                                   {"math.erf", std::erf},
                                   {"math.sin", std::sin},
                                   {"math.cos", std::cos},
                                   {"math.sqrt", std::sqrt},
                                   {"math.absf", std::fabs},
                                   {"math.floor", std::floor},
                                   {"math.ceil", std::ceil},
                                   {"math.trunc", std::trunc},
                                   {"math.round", std::round},
                                   {"math.roundeven", std::nearbyint}})
    for (double x : {0.25, 1.5, 2.5, 3.75}) {
      EXPECT_EQ(unary(op, "f32", x), double(float(expected(x)))) << op << x;
      EXPECT_EQ(unary(op, "f64", x), double(expected(x))) << op << x;
      EXPECT_EQ(unary(op, "f16", x), roundTo(ScalarKind::F16, expected(x)))
          << op << x;
      EXPECT_EQ(unary(op, "bf16", x), roundTo(ScalarKind::BF16, expected(x)))
          << op << x;
    }
  EXPECT_EQ(unary("math.absf", "f32", -2), 2);
  EXPECT_EQ(unary("math.floor", "f32", -1.5), -2);
  EXPECT_EQ(unary("math.roundeven", "f32", -2.5), -2);
  EXPECT_EQ(unary("math.round", "f32", -2.5), -3);
  EXPECT_EQ(binary("math.powf", "f32", 2, 0.5), double(std::sqrt(2.0f)));
  EXPECT_EQ(binary("math.powf", "f64", 3, 4), 81);
  EXPECT_EQ(binary("math.copysign", "f16", 3, -0.0), -3);
}

TEST_F(ScalarOpsTest, RsqrtRoundsTwice) {
  for (float x : {0.1f, 2.0f, 3.0f, 7.0f, 1e-38f, 12345.678f}) {
    EXPECT_EQ(unary("math.rsqrt", "f32", x), 1.0f / std::sqrt(x));
    EXPECT_EQ(unary("math.rsqrt", "f64", x), 1.0 / std::sqrt(double(x)));
  }
  double root = roundTo(ScalarKind::BF16, std::sqrt(3.0L));
  EXPECT_EQ(unary("math.rsqrt", "bf16", 3),
            roundTo(ScalarKind::BF16, 1.0L / root));
  EXPECT_EQ(unary("math.rsqrt", "f32", 0), kInfinity);
}

TEST_F(ScalarOpsTest, FmaRoundsOnce) {
  auto fma = [&](llvm::StringRef type, double a, double b, double c) {
    return evaluate(("math.fma %0, %1, %2 : " + type).str(), {type, type, type},
                    {number(a), number(b), number(c)})
        .f;
  };
  float a = 1 + 0x1p-12f;
  EXPECT_EQ(fma("f32", a, a, -1), double(std::fma(a, a, -1.0f)));
  EXPECT_EQ(fma("f64", 1 + 0x1p-30, 1 + 0x1p-30, -1), 0x1p-29 + 0x1p-60);
  // 1 + 2^-8 is a tie of bf16; the 2^-100 above it is lost in a double.
  EXPECT_EQ(fma("bf16", 1 + 0x1p-4, 1 - 0x1p-4, 0x1p-8), 1);
  EXPECT_EQ(fma("bf16", 0x1p-50, 0x1p-50, 1), 1);
  EXPECT_EQ(fma("bf16", 1 + 0x1p-7, 1.5, 0x1p-100), 1.5 + 0x1p-6);
  EXPECT_EQ(fma("f16", 1 + 0x1p-10, 1 + 0x1p-10, -1 - 0x1p-9), 0x1p-20);
}

TEST_F(ScalarOpsTest, FloatComparisons) {
  struct Case {
    const char *predicate;
    bool less, equal, greater, unordered;
  };
  for (auto [predicate, less, equal, greater, unordered] :
       std::initializer_list<Case>{{"false", 0, 0, 0, 0},
                                   {"oeq", 0, 1, 0, 0},
                                   {"ogt", 0, 0, 1, 0},
                                   {"oge", 0, 1, 1, 0},
                                   {"olt", 1, 0, 0, 0},
                                   {"ole", 1, 1, 0, 0},
                                   {"one", 1, 0, 1, 0},
                                   {"ord", 1, 1, 1, 0},
                                   {"ueq", 0, 1, 0, 1},
                                   {"ugt", 0, 0, 1, 1},
                                   {"uge", 0, 1, 1, 1},
                                   {"ult", 1, 0, 0, 1},
                                   {"ule", 1, 1, 0, 1},
                                   {"une", 1, 0, 1, 1},
                                   {"uno", 0, 0, 0, 1},
                                   {"true", 1, 1, 1, 1}}) {
    auto compare = [&](double a, double b) {
      int64_t result =
          evaluate("arith.cmpf " + std::string(predicate) + ", %0, %1 : f32",
                   {"f32", "f32"}, {number(a), number(b)})
              .i;
      EXPECT_TRUE(result == 0 || result == -1);
      return result != 0;
    };
    EXPECT_EQ(compare(1, 2), less) << predicate;
    EXPECT_EQ(compare(0.0, -0.0), equal) << predicate;
    EXPECT_EQ(compare(2, 1), greater) << predicate;
    EXPECT_EQ(compare(NAN, 1), unordered) << predicate;
  }
}

TEST_F(ScalarOpsTest, Constants) {
  auto constant = [&](llvm::StringRef text) -> Slot {
    llvm::Expected<Slot> value = getConstant(parse(text, {}));
    EXPECT_TRUE(bool(value));
    return value ? *value : integer(77);
  };
  EXPECT_EQ(constant("arith.constant 1.5 : bf16").f, 1.5);
  EXPECT_EQ(constant("arith.constant 0.1 : f32").f, double(0.1f));
  EXPECT_EQ(constant("arith.constant 0xFF800000 : f32").f, -kInfinity);
  EXPECT_EQ(constant("arith.constant -3 : i8").i, -3);
  EXPECT_EQ(constant("arith.constant true").i, -1);
  EXPECT_EQ(constant("arith.constant 7 : index").i, 7);
  llvm::Expected<Slot> vector =
      getConstant(parse("arith.constant dense<1.0> : vector<2xf32>", {}));
  ASSERT_FALSE(bool(vector));
  EXPECT_EQ(llvm::toString(vector.takeError()),
            "unsupported type vector<2xf32> of 'arith.constant'");
}

TEST_F(ScalarOpsTest, RefusalsNameTheOpOrTheType) {
  EXPECT_EQ(refusal("math.atan %0 : f32", {"f32"}),
            "unsupported operation 'math.atan'");
  EXPECT_EQ(refusal("arith.addf %0, %0 : f128", {"f128"}),
            "unsupported type f128 of 'arith.addf'");
  EXPECT_EQ(refusal("arith.addf %0, %0 : vector<4xf32>", {"vector<4xf32>"}),
            "unsupported type vector<4xf32> of 'arith.addf'");
  EXPECT_EQ(refusal("arith.truncf %0 : f32 to f8E4M3FNUZ", {"f32"}),
            "unsupported type f8E4M3FNUZ of 'arith.truncf'");
  EXPECT_EQ(refusal("arith.truncf %0 toward_zero : f32 to bf16", {"f32"}),
            "unsupported rounding mode of 'arith.truncf'");
}

} // namespace
