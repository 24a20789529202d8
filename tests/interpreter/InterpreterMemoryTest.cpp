//===- InterpreterMemoryTest.cpp - accumulation, overlap, scratch, log ----===//

#include "tests/interpreter/TestProgram.h"

#include <cmath>

using namespace normc::interpreter;

namespace {

class InterpreterMemoryTest : public ProgramTest {};

// Plain f32 accumulation is what `accumulate` means: 2^24 + 1 stays 2^24.
TEST_F(InterpreterMemoryTest, AccumulateRoundsEveryTime) {
  std::vector<float> x = {0x1p24f, 1, 1, 3}, y = {0, 1, -5, 5};
  ASSERT_EQ(run(R"(
    norm.program @f inputs(%x "x" : !norm.view<4xf32>)
                    outputs(%a "a" : !norm.view<1xf32>,
                            %b "b" : !norm.view<1xf32>,
                            %c "c" : !norm.view<1xf32>,
                            %d "d" : !norm.view<1xf32>) {
      norm.stage dims(j = 4)
          schedule #norm.schedule<target = cpu, parallel = [], lanes = []> {
        norm.instance {
          norm.phase over [j] {
            %e = norm.load %x by [[j]] : !norm.view<4xf32>
            norm.accumulate add %e, %a by [[]] : !norm.view<1xf32>
            norm.accumulate mul %e, %b by [[]] : !norm.view<1xf32>
            norm.accumulate max %e, %c by [[]] : !norm.view<1xf32>
            norm.accumulate min %e, %d by [[]] : !norm.view<1xf32>
          }
        }
      }
    })",
                {viewOf(x, {4}), viewOf(y, {1}), viewOf(y, {1}, {}, 1),
                 viewOf(y, {1}, {}, 2), viewOf(y, {1}, {}, 3)}),
            "");
  EXPECT_EQ(y, (std::vector<float>{0x1p24f + 4, 0x3p24f, 0x1p24f, 1}));
}

TEST_F(InterpreterMemoryTest, UnwrittenScratchReadsAsNaN) {
  std::string text = R"(
    norm.program @f inputs() outputs(%y "y" : !norm.view<f64>) {
      %c3 = arith.constant 3 : index
      %p = norm.scratch(%c3) : !norm.view<?xTYPE>
      norm.stage dims(j = %c3)
          schedule #norm.schedule<target = cpu, parallel = [], lanes = []> {
        norm.instance {
          %s = norm.phase over [j] {
            %e = norm.load %p by [[j]] : !norm.view<?xTYPE>
            %v = WIDEN
            norm.contribute add %v : f64
          } : f64
          norm.store %s, %y by [] : !norm.view<f64>
        }
      }
    })";
  for (std::string type : {"f16", "bf16", "f32", "f64"}) {
    std::vector<double> y(1, 0);
    std::string widen =
        type == "f64" ? "arith.negf %e : f64" : "arith.extf %e : TYPE to f64";
    ASSERT_EQ(run(replace(replace(text, "WIDEN", widen), "TYPE", type),
                  {viewOf(y, {})}),
              "");
    EXPECT_TRUE(std::isnan(y[0])) << type;
  }
}

// What stands outside the instance runs once per chunk, here a store.
TEST_F(InterpreterMemoryTest, ChunkStoresComeBeforeInstances) {
  std::vector<float> x = countFrom(7, 1), part(3, -1);
  ASSERT_EQ(run(R"(
    norm.program @f inputs(%x "x" : !norm.view<7xf32>)
                    outputs(%part "part" : !norm.view<3xf32>) {
      norm.stage dims(i = 7, k = 3) chunks k
          schedule #norm.schedule<target = cpu, parallel = [i], lanes = [],
                                  chunk = 3> {
        %zero = arith.constant 0.0 : f32
        norm.store %zero, %part by [[k]] : !norm.view<3xf32>
        norm.instance {
          %e = norm.load %x by [[i]] : !norm.view<7xf32>
          norm.accumulate add %e, %part by [[k]] : !norm.view<3xf32>
        }
      }
    })",
                {viewOf(x, {7}), viewOf(part, {3})}),
            "");
  EXPECT_EQ(part, (std::vector<float>{6, 15, 7}));
}

// bf16 in, i8 and f16 out.
TEST_F(InterpreterMemoryTest, NarrowElements) {
  std::vector<uint16_t> x = {0x3f80, 0xc020, 0x4330}; // 1, -2.5, 176
  std::vector<int8_t> q(3);
  std::vector<uint16_t> h(3);
  ASSERT_EQ(run(R"(
    norm.program @f inputs(%x "x" : !norm.view<3xbf16>)
                    outputs(%q "q" : !norm.view<3xi8>,
                            %h "h" : !norm.view<3xf16>) {
      norm.stage dims(j = 3)
          schedule #norm.schedule<target = cpu, parallel = [], lanes = []> {
        norm.instance {
          norm.phase over [j] {
            %e = norm.load %x by [[j]] : !norm.view<3xbf16>
            %i = arith.fptosi %e : bf16 to i8
            norm.store %i, %q by [[j]] : !norm.view<3xi8>
            %w = arith.extf %e : bf16 to f32
            %t = arith.truncf %w : f32 to f16
            norm.store %t, %h by [[j]] : !norm.view<3xf16>
          }
        }
      }
    })",
                {viewOf(x, {3}), viewOf(q, {3}), viewOf(h, {3})}),
            "");
  EXPECT_EQ(q, (std::vector<int8_t>{1, -2, 127}));
  EXPECT_EQ(h, (std::vector<uint16_t>{0x3c00, 0xc100, 0x5980}));
}

// Two views of one buffer, one element apart: what a point writes, the next one
// reads, so points must not go through the body in batches.
TEST_F(InterpreterMemoryTest, OverlappingViewsRunPointByPoint) {
  constexpr llvm::StringLiteral text = R"(
    norm.program @f inputs(%x "x" : !norm.view<?xf32>)
                    outputs(%y "y" : !norm.view<?xf32>) {
      %n = norm.size %x[0] : !norm.view<?xf32>
      norm.stage dims(j = %n)
          schedule #norm.schedule<target = cpu, parallel = [], lanes = []> {
        norm.instance {
          norm.phase over [j] {
            %e = norm.load %x by [[j]] : !norm.view<?xf32>
            %one = arith.constant 1.0 : f32
            %r = arith.addf %e, %one : f32
            norm.store %r, %y by [[j]] : !norm.view<?xf32>
          }
        }
      }
    })";
  std::vector<float> buffer(201, 0);
  ASSERT_EQ(run(text, {viewOf(buffer, {200}), viewOf(buffer, {200}, {}, 1)}),
            "");
  EXPECT_EQ(buffer, countFrom(201));
  // In place: every point reads what it then writes.
  ASSERT_EQ(run(text, {viewOf(buffer, {201}), viewOf(buffer, {201})}), "");
  EXPECT_EQ(buffer, countFrom(201, 1));
}

struct Recorder : AccessSink {
  std::vector<MemoryAccess> log;
  std::vector<std::pair<unsigned, int64_t>> stages;
  void beginStage(unsigned stage, int64_t resident) override {
    stages.push_back({stage, resident});
  }
  void access(const MemoryAccess &access) override { log.push_back(access); }
};

TEST_F(InterpreterMemoryTest, LogsEveryAccess) {
  std::vector<float> x = countFrom(6);
  std::vector<double> y(2, 0);
  Recorder recorder;
  ASSERT_EQ(run(R"(
    norm.program @f inputs(%x "x" : !norm.view<2x3xf32>)
                    outputs(%y "y" : !norm.view<2xf64>) {
      %p = norm.scratch() : !norm.view<2xf32>
      norm.stage dims(i = 2, j = 3)
          schedule #norm.schedule<target = cpu, parallel = [i], lanes = [],
                                  resident = 12> {
        norm.instance {
          %s = norm.phase over [j] {
            %e = norm.load %x by [[i], [j]] : !norm.view<2x3xf32>
            norm.contribute add %e : f32
          } : f32
          norm.store %s, %p by [[i]] : !norm.view<2xf32>
        }
      }
      norm.stage dims(i = 2)
          schedule #norm.schedule<target = cpu, parallel = [], lanes = []> {
        norm.instance {
          norm.phase over [i] {
            %e = norm.load %p by [[i]] : !norm.view<2xf32>
            %w = arith.extf %e : f32 to f64
            norm.accumulate add %w, %y by [[i]] : !norm.view<2xf64>
          }
        }
      }
    })",
                {viewOf(x, {2, 3}), viewOf(y, {2})}, &recorder),
            "");
  EXPECT_EQ(y, (std::vector<double>{3, 12}));
  EXPECT_EQ(recorder.stages,
            (std::vector<std::pair<unsigned, int64_t>>{{0, 12}, {1, 0}}));
  ASSERT_EQ(recorder.log.size(), 2 * 4 + 2 + 2 * 2u);
  for (unsigned i = 0; i < 8; ++i) {
    const MemoryAccess &access = recorder.log[i];
    bool isStore = i % 4 == 3;
    EXPECT_EQ(access.isWrite, isStore) << i;
    EXPECT_EQ(access.view, isStore ? 2u : 0u) << i;
    EXPECT_EQ(access.isArgument, !isStore) << i;
    EXPECT_EQ(access.bytes, 4u);
    EXPECT_EQ(access.stage, 0u);
    if (isStore)
      continue;
    EXPECT_EQ(access.address,
              reinterpret_cast<uintptr_t>(&x[i / 4 * 3 + i % 4]));
  }
  EXPECT_EQ(recorder.log[7].address - recorder.log[3].address, 4u);
  EXPECT_EQ(recorder.log[8].address, recorder.log[3].address);
  for (unsigned i = 10; i < 14; ++i) {
    const MemoryAccess &access = recorder.log[i];
    EXPECT_EQ(access.isWrite, i % 2 == 1) << i;
    EXPECT_EQ(access.bytes, 8u);
    EXPECT_EQ(access.stage, 1u);
    EXPECT_EQ(access.address, reinterpret_cast<uintptr_t>(&y[(i - 10) / 2]));
  }
}

} // namespace
