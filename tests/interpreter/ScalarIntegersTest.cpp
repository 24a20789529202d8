//===- ScalarIntegersTest.cpp - integer ops and casts ---------------------===//

#include "tests/interpreter/Philox.h"
#include "tests/interpreter/ScalarOpsTest.h"

using namespace normc::interpreter;

namespace {

// Random123's known answers (kat_vectors).
TEST(Philox, KnownAnswers) {
  using Block = std::array<uint32_t, 4>;
  EXPECT_EQ(philoxBlock({0, 0, 0, 0}, {0, 0}),
            (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr uint32_t ones = 0xffffffff;
  EXPECT_EQ(philoxBlock({ones, ones, ones, ones}, {ones, ones}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philoxBlock({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                        {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST_F(ScalarOpsTest, Philox) {
  // The op refers to no kernel here.
  context.allowUnregisteredDialects();
  auto word = [&](int64_t seed, int64_t offset, int64_t index) {
    return evaluate("\"norm.philox\"(%0, %1, %2) : (i64, i64, i64) -> i32",
                    {"i64", "i64", "i64"},
                    {integer(seed), integer(offset), integer(index)})
        .i;
  };
  EXPECT_EQ(word(0, 0, 0), 0x6627e8d5);
  EXPECT_EQ(word(0, 0, 3), int32_t(0x9b00dbd8)); // Sign-extended.
  EXPECT_EQ(word(5, 7, 4 * 9 + 1), word(5, 16, 1));
  EXPECT_EQ(word(5, -1, 4), word(5, 0, 0)); // Counters wrap.
  EXPECT_EQ(word(5, 0, -4),
            int32_t(philoxBlock({0xffffffff, 0x3fffffff, 0, 0}, {5, 0})[0]));
}

TEST_F(ScalarOpsTest, IntegerComparisons) {
  struct Case {
    const char *predicate;
    bool minusOneToOne, equal, oneToMinusOne;
  };
  for (auto [predicate, low, equal, high] :
       std::initializer_list<Case>{{"eq", 0, 1, 0},
                                   {"ne", 1, 0, 1},
                                   {"slt", 1, 0, 0},
                                   {"sle", 1, 1, 0},
                                   {"sgt", 0, 0, 1},
                                   {"sge", 0, 1, 1},
                                   {"ult", 0, 0, 1},
                                   {"ule", 0, 1, 1},
                                   {"ugt", 1, 0, 0},
                                   {"uge", 1, 1, 0}}) {
    std::string op = "arith.cmpi " + std::string(predicate) + ",";
    for (std::string type : {"i8", "i32", "i64", "index"}) {
      EXPECT_EQ(ints(op, type, -1, 1) != 0, low) << predicate;
      EXPECT_EQ(ints(op, type, 5, 5) != 0, equal) << predicate;
      EXPECT_EQ(ints(op, type, 1, -1) != 0, high) << predicate;
    }
  }
}

TEST_F(ScalarOpsTest, IntegerArithmeticWraps) {
  EXPECT_EQ(ints("arith.addi", "i8", 127, 1), -128);
  EXPECT_EQ(ints("arith.subi", "i16", -32768, 1), 32767);
  EXPECT_EQ(ints("arith.muli", "i32", 65536, 65536), 0);
  EXPECT_EQ(ints("arith.addi", "i64", INT64_MAX, 1), INT64_MIN);
  EXPECT_EQ(ints("arith.andi", "i32", 12, 10), 8);
  EXPECT_EQ(ints("arith.ori", "i32", 12, 10), 14);
  EXPECT_EQ(ints("arith.xori", "i32", 12, 10), 6);
  EXPECT_EQ(ints("arith.xori", "i1", -1, -1), 0);
  EXPECT_EQ(ints("arith.maxsi", "i8", -1, 1), 1);
  EXPECT_EQ(ints("arith.minsi", "i8", -1, 1), -1);
  EXPECT_EQ(ints("arith.maxui", "i8", -1, 1), -1);
  EXPECT_EQ(ints("arith.minui", "i8", -1, 1), 1);
  EXPECT_EQ(ints("arith.shli", "i8", 3, 7), -128);
  EXPECT_EQ(ints("arith.shrui", "i8", -128, 7), 1);
  EXPECT_EQ(ints("arith.shrsi", "i8", -128, 7), -1);
  EXPECT_EQ(ints("arith.shli", "i32", 1, 32), 0);
  EXPECT_EQ(ints("arith.shrui", "i32", -1, 32), 0);
  EXPECT_EQ(ints("arith.shrsi", "i32", -1, 32), -1);
}

TEST_F(ScalarOpsTest, Divisions) {
  EXPECT_EQ(ints("arith.divsi", "i32", -7, 2), -3);
  EXPECT_EQ(ints("arith.remsi", "i32", -7, 2), -1);
  EXPECT_EQ(ints("arith.floordivsi", "i32", -7, 2), -4);
  EXPECT_EQ(ints("arith.floordivsi", "i32", 7, 2), 3);
  EXPECT_EQ(ints("arith.ceildivsi", "i32", -7, 2), -3);
  EXPECT_EQ(ints("arith.ceildivsi", "i32", 7, 2), 4);
  EXPECT_EQ(ints("arith.divui", "i8", -1, 2), 127);
  EXPECT_EQ(ints("arith.remui", "i8", -1, 16), 15);
  EXPECT_EQ(ints("arith.ceildivui", "index", 9, 4), 3);
  EXPECT_EQ(ints("arith.ceildivui", "index", 8, 4), 2);
  EXPECT_EQ(fault, nullptr);
  for (std::string op : {"divsi", "remsi", "floordivsi", "ceildivsi", "divui",
                         "remui", "ceildivui"}) {
    fault = nullptr;
    EXPECT_EQ(ints("arith." + op, "i32", 1, 0), 0);
    EXPECT_STREQ(fault, "division by zero") << op;
  }
  fault = nullptr;
  ints("arith.divsi", "i8", -128, -1);
  EXPECT_STREQ(fault, "overflow of a signed division");
}

TEST_F(ScalarOpsTest, Casts) {
  EXPECT_EQ(cast("arith.extf", "bf16", "f32", number(1.5)).f, 1.5);
  EXPECT_EQ(cast("arith.truncf", "f64", "f32", number(0.1)).f, 0.1f);
  EXPECT_EQ(cast("arith.truncf", "f64", "bf16", number(1 + 0x1p-8 + 0x1p-40)).f,
            1 + 0x1p-7);
  EXPECT_EQ(cast("arith.truncf", "f32", "f16", number(65520)).f, kInfinity);
  EXPECT_EQ(cast("arith.bitcast", "f32", "i32", number(-0.0)).i, INT32_MIN);
  EXPECT_EQ(cast("arith.bitcast", "i32", "f32", integer(0x3f800000)).f, 1);
  EXPECT_EQ(cast("arith.bitcast", "bf16", "i16", number(1)).i, 0x3f80);
  EXPECT_EQ(cast("arith.bitcast", "i16", "f16", integer(0x3c00)).f, 1);
  EXPECT_EQ(cast("arith.bitcast", "i64", "f64", integer(1LL << 62)).f, 2);
  EXPECT_EQ(cast("arith.extsi", "i8", "i32", integer(-1)).i, -1);
  EXPECT_EQ(cast("arith.extui", "i8", "i32", integer(-1)).i, 255);
  EXPECT_EQ(cast("arith.extui", "i1", "i8", integer(-1)).i, 1);
  EXPECT_EQ(cast("arith.trunci", "i32", "i8", integer(0x1ff)).i, -1);
  EXPECT_EQ(cast("arith.index_cast", "i32", "index", integer(-1)).i, -1);
  EXPECT_EQ(cast("arith.index_cast", "index", "i8", integer(255)).i, -1);
  EXPECT_EQ(cast("arith.index_castui", "i8", "index", integer(-1)).i, 255);
  EXPECT_EQ(evaluate("arith.select %0, %1, %2 : f32", {"i1", "f32", "f32"},
                     {integer(-1), number(2), number(3)})
                .f,
            2);
  EXPECT_EQ(evaluate("arith.select %0, %1, %2 : i32", {"i1", "i32", "i32"},
                     {integer(0), integer(2), integer(3)})
                .i,
            3);
}

TEST_F(ScalarOpsTest, IntegersToFloatsRoundOnce) {
  EXPECT_EQ(cast("arith.sitofp", "i32", "f32", integer(-5)).f, -5);
  EXPECT_EQ(cast("arith.uitofp", "i8", "f32", integer(-1)).f, 255);
  EXPECT_EQ(cast("arith.uitofp", "i1", "f32", integer(-1)).f, 1);
  EXPECT_EQ(cast("arith.uitofp", "i64", "f64", integer(-1)).f, 0x1p64);
  // A double would round this to the tie 2^62 + 2^38, and f32 then down.
  int64_t value = (1LL << 62) + (1LL << 38) + 1;
  EXPECT_EQ(cast("arith.sitofp", "i64", "f32", integer(value)).f,
            0x1p62 + 0x1p39);
  EXPECT_EQ(cast("arith.sitofp", "i64", "bf16",
                 integer((1LL << 62) + (1LL << 54) + 1))
                .f,
            0x1p62 + 0x1p55);
}

TEST_F(ScalarOpsTest, FloatsToIntegersSaturate) {
  EXPECT_EQ(cast("arith.fptosi", "f32", "i32", number(-2.7)).i, -2);
  EXPECT_EQ(cast("arith.fptosi", "f32", "i8", number(300)).i, 127);
  EXPECT_EQ(cast("arith.fptosi", "f32", "i8", number(-300)).i, -128);
  EXPECT_EQ(cast("arith.fptosi", "f64", "i64", number(kInfinity)).i, INT64_MAX);
  EXPECT_EQ(cast("arith.fptosi", "f64", "i64", number(-kInfinity)).i,
            INT64_MIN);
  EXPECT_EQ(cast("arith.fptosi", "f32", "i32", number(NAN)).i, 0);
  EXPECT_EQ(cast("arith.fptoui", "f32", "i8", number(200.9)).i, int8_t(200));
  EXPECT_EQ(cast("arith.fptoui", "f32", "i8", number(-3)).i, 0);
  EXPECT_EQ(cast("arith.fptoui", "f64", "i64", number(1e30)).i, -1);
}

} // namespace
