//===- InterpreterTest.cpp - what programs mean ---------------------------===//

#include "tests/interpreter/TestProgram.h"

#include <cmath>
#include <limits>
#include <random>

using namespace normc::interpreter;

namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

class InterpreterTest : public ProgramTest {};

std::vector<float> randomFloats(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-2, 2);
  std::vector<float> values(count);
  for (float &value : values)
    value = uniform(random);
  return values;
}

TEST_F(InterpreterTest, RmsNormOnRows) {
  constexpr int64_t rows = 7, columns = 150; // Not a multiple of any batch.
  std::vector<float> x = randomFloats(rows * columns, 1);
  std::vector<float> g = randomFloats(columns, 2), y(x.size(), kNaN);
  ASSERT_EQ(run(rmsNormText(columns, 0),
                {viewOf(x, {rows, columns}), viewOf(g, {columns}),
                 viewOf(y, {rows, columns})}),
            "");
  for (int64_t i = 0; i < rows; ++i) {
    long double sum = 0;
    for (int64_t j = 0; j < columns; ++j)
      sum += float(x[i * columns + j] * x[i * columns + j]);
    float mean = float(sum / columns);
    float rstd = 1.0f / std::sqrt(mean + 1.0e-6f);
    for (int64_t j = 0; j < columns; ++j)
      ASSERT_EQ(y[i * columns + j], x[i * columns + j] * rstd * g[j])
          << i << ", " << j;
  }
}

TEST_F(InterpreterTest, ColumnSumInTwoStages) {
  constexpr int64_t rows = 10, columns = 70, chunks = 3;
  std::vector<float> x = countFrom(rows * columns),
                     part(chunks * columns, kNaN);
  std::vector<float> y(columns, kNaN);
  ASSERT_EQ(run(R"(
    norm.program @sum inputs(%x "x" : !norm.view<?x?xf32>)
                      outputs(%part "part" : !norm.view<?x?xf32>,
                              %y "y" : !norm.view<?xf32>) {
      %n = norm.size %x[0] : !norm.view<?x?xf32>
      %m = norm.size %x[1] : !norm.view<?x?xf32>
      %c4 = arith.constant 4 : index
      %k = arith.ceildivui %n, %c4 : index
      norm.stage dims(i = %n, j = %m, k = %k) chunks k
          schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j],
                                  width = 16, chunk = 4> {
        norm.phase over [j] {
          %zero = arith.constant 0.0 : f32
          norm.store %zero, %part by [[k], [j]] : !norm.view<?x?xf32>
        }
        norm.instance {
          norm.phase over [j] {
            %e = norm.load %x by [[i], [j]] : !norm.view<?x?xf32>
            norm.accumulate add %e, %part by [[k], [j]] : !norm.view<?x?xf32>
          }
        }
      }
      norm.stage dims(j = %m, k = %k)
          schedule #norm.schedule<target = cpu, parallel = [j], lanes = [j],
                                  width = 16, chunk = 2> {
        norm.instance {
          %s = norm.phase over [k] {
            %e = norm.load %part by [[k], [j]] : !norm.view<?x?xf32>
            norm.contribute add %e : f32
          } : f32
          norm.store %s, %y by [[j]] : !norm.view<?xf32>
        }
      }
    })",
                {viewOf(x, {rows, columns}), viewOf(part, {chunks, columns}),
                 viewOf(y, {columns})}),
            "");
  for (int64_t j = 0; j < columns; ++j) {
    float total = 0;
    for (int64_t k = 0; k < chunks; ++k) {
      float expected = 0;
      for (int64_t i = k * 4; i < std::min<int64_t>(rows, k * 4 + 4); ++i)
        expected += x[i * columns + j];
      EXPECT_EQ(part[k * columns + j], expected) << k << ", " << j;
      total += expected;
    }
    EXPECT_EQ(y[j], total) << j;
  }
}

// A chunk counts blocks of `width` lanes, not points: 2 blocks of 8 of 29
// columns and 2 images make 4 chunks of 2 blocks.
TEST_F(InterpreterTest, ParallelLaneDimRunsInBlocks) {
  constexpr int64_t images = 2, rows = 3, columns = 29;
  std::vector<float> x = countFrom(images * rows * columns), points(4, 0);
  std::vector<float> y(images * columns, kNaN);
  ASSERT_EQ(run(R"(
    norm.program @f inputs(%x "x" : !norm.view<2x3x29xf32>)
                    outputs(%y "y" : !norm.view<2x29xf32>,
                            %points "points" : !norm.view<4xf32>) {
      norm.stage dims(b = 2, i = 3, j = 29, k = 4) chunks k
          schedule #norm.schedule<target = cpu, parallel = [b, j], lanes = [j],
                                  width = 8, chunk = 2> {
        norm.instance {
          %s = norm.phase over [i] {
            %e = norm.load %x by [[b], [i], [j]] : !norm.view<2x3x29xf32>
            norm.contribute add %e : f32
          } : f32
          %j = norm.index j
          %ji = arith.index_cast %j : index to i32
          %jf = arith.sitofp %ji : i32 to f32
          %r = arith.addf %s, %jf : f32
          norm.store %r, %y by [[b], [j]] : !norm.view<2x29xf32>
          %one = arith.constant 1.0 : f32
          norm.accumulate add %one, %points by [[k]] : !norm.view<4xf32>
        }
      }
    })",
                {viewOf(x, {images, rows, columns}),
                 viewOf(y, {images, columns}), viewOf(points, {4})}),
            "");
  for (int64_t b = 0; b < images; ++b)
    for (int64_t j = 0; j < columns; ++j) {
      float expected = float(j);
      for (int64_t i = 0; i < rows; ++i)
        expected += x[(b * rows + i) * columns + j];
      EXPECT_EQ(y[b * columns + j], expected) << b << ", " << j;
    }
  EXPECT_EQ(points, (std::vector<float>{16, 13, 16, 13}));
}

TEST_F(InterpreterTest, MapsJoinDimsRowMajor) {
  constexpr int64_t n = 2, groups = 3, channels = 4, size = 5;
  std::vector<float> x = countFrom(n * groups * channels * size);
  std::vector<float> scale = countFrom(groups * channels, 1);
  std::vector<float> y(n * groups, kNaN), z(n * groups * channels, kNaN);
  ASSERT_EQ(run(R"(
    norm.program @f inputs(%x "x" : !norm.view<?x12x?xf32>,
                           %scale "scale" : !norm.view<12xf32>)
                    outputs(%y "y" : !norm.view<?x3x1xf32>,
                            %z "z" : !norm.view<?xf32>) {
      %n = norm.size %x[0] : !norm.view<?x12x?xf32>
      %s = norm.size %x[2] : !norm.view<?x12x?xf32>
      norm.stage dims(n = %n, g = 3, c = 4, s = %s)
          schedule #norm.schedule<target = cpu, parallel = [n, g], lanes = [s],
                                  width = 4> {
        norm.instance {
          %t = norm.phase over [c, s] {
            %e = norm.load %x by [[n], [g, c], [s]] : !norm.view<?x12x?xf32>
            %w = norm.load %scale by [[g, c]] : !norm.view<12xf32>
            %p = arith.mulf %e, %w : f32
            norm.contribute add %p : f32
          } : f32
          norm.store %t, %y by [[n], [g], []] : !norm.view<?x3x1xf32>
          norm.phase over [c] {
            %w = norm.load %scale by [[g, c]] : !norm.view<12xf32>
            norm.store %w, %z by [[n, g, c]] : !norm.view<?xf32>
          }
        }
      }
    })",
                {viewOf(x, {n, 12, size}), viewOf(scale, {12}),
                 viewOf(y, {n, groups, 1}), viewOf(z, {n * 12})}),
            "");
  for (int64_t i = 0; i < n * groups; ++i) {
    float expected = 0;
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t s = 0; s < size; ++s)
        expected +=
            x[(i * channels + c) * size + s] * scale[i % groups * channels + c];
    EXPECT_EQ(y[i], expected) << i;
  }
  for (int64_t i = 0; i < n * 12; ++i)
    EXPECT_EQ(z[i], scale[i % 12]) << i;
}

constexpr llvm::StringLiteral kCopyText = R"(
  norm.program @f
      inputs(%x "x" : !norm.view<?x?xf32, strides [?, ?]>)
      outputs(%y "y" : !norm.view<?x?xf32, strides [?, 1]>) {
    %n = norm.size %x[0] : !norm.view<?x?xf32, strides [?, ?]>
    %m = norm.size %x[1] : !norm.view<?x?xf32, strides [?, ?]>
    norm.stage dims(i = %n, j = %m)
        schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
      norm.instance {
        norm.phase over [j] {
          %e = norm.load %x by [[i], [j]]
            : !norm.view<?x?xf32, strides [?, ?]>
          norm.store %e, %y by [[i], [j]]
            : !norm.view<?x?xf32, strides [?, 1]>
        }
      }
    }
  })";

TEST_F(InterpreterTest, StridesMayBeAnything) {
  constexpr int64_t rows = 3, columns = 4;
  std::vector<float> x = countFrom(100), y(rows * 10, -1);
  // x goes back from element 99: rows 20 apart, columns 3 apart.
  ASSERT_EQ(run(kCopyText, {viewOf(x, {rows, columns}, {-20, -3}, 99),
                            viewOf(y, {rows, columns}, {10, 1})}),
            "");
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < 10; ++j)
      EXPECT_EQ(y[i * 10 + j], j < columns ? x[99 - 20 * i - 3 * j] : -1);
  // A stride of 0 repeats a row; a column of stride 1 transposes.
  ASSERT_EQ(run(kCopyText, {viewOf(x, {rows, columns}, {0, 5}, 1),
                            viewOf(y, {rows, columns}, {10, 1})}),
            "");
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      EXPECT_EQ(y[i * 10 + j], 1 + 5 * j);
}

TEST_F(InterpreterTest, EmptyExtentsTouchNothing) {
  std::vector<float> x(1, 0), y(1, -1);
  EXPECT_EQ(run(kCopyText, {viewOf(x, {0, 5}, {5, 1}), {nullptr, {0, 5}, {}}}),
            "");
  EXPECT_EQ(run(kCopyText, {viewOf(x, {5, 0}, {0, 1}), {nullptr, {5, 0}, {}}}),
            "");
  EXPECT_EQ(y[0], -1);
}

// Sizes are program-level arithmetic; a stage without parallel dims has one
// instance; norm.index and norm.extent in every place.
TEST_F(InterpreterTest, SizesAndIndices) {
  std::vector<float> x = countFrom(24), y(6, kNaN), facts(1, 0);
  ASSERT_EQ(run(R"(
    norm.program @f inputs(%x "x" : !norm.view<?xf32>)
                    outputs(%y "y" : !norm.view<?xf32>,
                            %facts "facts" : !norm.view<1xf32>) {
      %n = norm.size %x[0] : !norm.view<?xf32>
      %c4 = arith.constant 4 : index
      %g = arith.divui %n, %c4 : index
      norm.stage dims(g = %g, c = 4)
          schedule #norm.schedule<target = cpu, parallel = [], lanes = []> {
        norm.instance {
          norm.phase over [g] {
            %i = norm.index g
            %e = norm.extent g
            %p = arith.muli %i, %e : index
            %q = arith.addi %p, %n : index
            %qi = arith.index_cast %q : index to i64
            %qf = arith.uitofp %qi : i64 to f32
            norm.store %qf, %y by [[g]] : !norm.view<?xf32>
          }
          %last, %count = norm.phase over [g, c] {
            %e = norm.load %x by [[g, c]] : !norm.view<?xf32>
            %one = arith.constant 1.0 : f32
            norm.contribute max %e, add %one : f32, f32
          } : f32, f32
          %t = arith.mulf %last, %count : f32
          norm.phase over [c] {
            %i = norm.index c
            %ii = arith.index_cast %i : index to i32
            %f = arith.sitofp %ii : i32 to f32
            %u = arith.addf %f, %t : f32
            norm.accumulate max %u, %facts by [[]] : !norm.view<1xf32>
          }
        }
      }
    })",
                {viewOf(x, {24}), viewOf(y, {6}), viewOf(facts, {1})}),
            "");
  for (int64_t i = 0; i < 6; ++i)
    EXPECT_EQ(y[i], i * 6 + 24);
  EXPECT_EQ(facts[0], 23 * 24 + 3);
}

constexpr llvm::StringLiteral kReduceText = R"(
    norm.program @f inputs(%x "x" : !norm.view<?xf64>)
                    outputs(%y "y" : !norm.view<5xf64>) {
      %n = norm.size %x[0] : !norm.view<?xf64>
      norm.stage dims(j = %n, e = 5)
          schedule #norm.schedule<target = cpu, parallel = [], lanes = []> {
        norm.instance {
          %sum, %product, %max, %min, %mean = norm.phase over [j] {
            %v = norm.load %x by [[j]] : !norm.view<?xf64>
            norm.contribute add %v, mul %v, max %v, min %v, mean %v
              : f64, f64, f64, f64, f64
          } : f64, f64, f64, f64, f64
          norm.phase over [e] {
            %e = norm.index e
            %c1 = arith.constant 1 : index
            %c2 = arith.constant 2 : index
            %c3 = arith.constant 3 : index
            %c4 = arith.constant 4 : index
            %is1 = arith.cmpi eq, %e, %c1 : index
            %is2 = arith.cmpi eq, %e, %c2 : index
            %is3 = arith.cmpi eq, %e, %c3 : index
            %is4 = arith.cmpi eq, %e, %c4 : index
            %s1 = arith.select %is1, %product, %sum : f64
            %s2 = arith.select %is2, %max, %s1 : f64
            %s3 = arith.select %is3, %min, %s2 : f64
            %s4 = arith.select %is4, %mean, %s3 : f64
            norm.store %s4, %y by [[e]] : !norm.view<5xf64>
          }
        }
      }
    })";

TEST_F(InterpreterTest, ContributionsCombine) {
  std::vector<double> y(5);
  auto reduce = [&](std::vector<double> x) {
    EXPECT_EQ(
        run(kReduceText, {viewOf(x, {int64_t(x.size())}), viewOf(y, {5})}), "");
  };
  reduce({2, -3, 4, 0.5});
  EXPECT_EQ(y, (std::vector<double>{3.5, -12, 4, -3, 0.875}));
  reduce({});
  EXPECT_EQ(y[0], 0);
  EXPECT_EQ(y[1], 1);
  EXPECT_EQ(y[2], -kInfinity);
  EXPECT_EQ(y[3], kInfinity);
  EXPECT_TRUE(std::isnan(y[4]));
  reduce({1, kNaN, 2});
  for (double value : y)
    EXPECT_TRUE(std::isnan(value));
  reduce({1, kInfinity, 2});
  EXPECT_EQ(
      y, (std::vector<double>{kInfinity, kInfinity, kInfinity, 1, kInfinity}));
  reduce({kInfinity, -kInfinity});
  EXPECT_TRUE(std::isnan(y[0]));
  // A plain sum is 1, also in long double.
  reduce({1e30, 1, -1e30, 1});
  EXPECT_EQ(y[0], 2);
  EXPECT_EQ(y[4], 0.5);
}

} // namespace
