//===- ColdCallsTest.cpp - calls that find nothing in the caches ----------===//

#include "tools/normc/ColdCalls.h"

#include "tools/normc/Call.h"

#include <gtest/gtest.h>

using namespace normc;
using namespace normc::tool;

/// y = x * factor
static Artifact scaling(const char *factor) {
  std::string text = std::string(R"(
func.func @f(%x: tensor<?x64xf32> {norm.name = "x"}) -> (tensor<?x64xf32> {norm.name = "y"}) {
  %y = norm.kernel dims(i = ?, j = 64) ins(%e = %x by [[i], [j]] : tensor<?x64xf32>)
      outs(by [[i], [j]] : tensor<?x64xf32>) {
    %c = arith.constant )") +
                     factor + R"( : f32
    %o = arith.mulf %e, %c : f32
    norm.yield %o : f32
  }
  return %y : tensor<?x64xf32>
})";
  Result<Artifact> artifact = compile(text, Target::native());
  EXPECT_TRUE(artifact) << artifact.error().message;
  return *std::move(artifact);
}

static constexpr int64_t kBytes = 2 * 8 * 64 * 4;

static ColdCalls makeCalls(const Artifact &artifact, int64_t cacheBytes) {
  Options options;
  options.shapes.push_back({"x", Dims{8, 64}});
  Result<std::vector<Array>> arrays = makeArrays(artifact, options, 0);
  EXPECT_TRUE(arrays) << arrays.error().message;
  Result<ColdCalls> calls = ColdCalls::make(
      artifact, *std::move(arrays), kBytes, cacheBytes, serialExecutor());
  EXPECT_TRUE(calls) << calls.error().message;
  return *std::move(calls);
}

TEST(ColdCallsTest, ResultsAreCompared) {
  Artifact half = scaling("5.000000e-01"), near = scaling("5.000001e-01"),
           other = scaling("7.500000e-01");
  ColdCalls calls = makeCalls(half, 1 << 16);
  ASSERT_TRUE(calls.setReference(*Kernel::load(half)));
  auto compare = [&](const Artifact &artifact, Sameness sameness) {
    Result<std::string> difference =
        calls.compare(*Kernel::load(artifact), sameness);
    EXPECT_TRUE(difference);
    return difference ? *difference : "";
  };
  EXPECT_EQ(compare(half, Sameness::Bits), "");
  EXPECT_EQ(compare(near, Sameness::Bits).rfind("'y': expected ", 0), 0u);
  EXPECT_EQ(compare(near, Sameness::Rounding), "");
  EXPECT_EQ(compare(other, Sameness::Rounding).rfind("'y': expected ", 0), 0u);
}

TEST(ColdCallsTest, ManyCallsFillTheCache) {
  Artifact half = scaling("5.000000e-01");
  ColdCalls calls = makeCalls(half, 10 * kBytes);
  EXPECT_EQ(calls.bytesPerCall(), kBytes);
  EXPECT_TRUE(calls.areCold());
  EXPECT_EQ(calls.callsPerSample(1e-6), 10);
  EXPECT_EQ(calls.callsPerSample(1e-3), 5); // Of 5 ms in all.
  EXPECT_EQ(calls.callsPerSample(1), 1);
  for (int i = 0; i < 100; ++i) // More than there are arrays.
    ASSERT_TRUE(calls.run(*Kernel::load(half)));
}

TEST(ColdCallsTest, SmallCallsStayWarm) {
  EXPECT_FALSE(makeCalls(scaling("5.000000e-01"), int64_t(1) << 30).areCold());
}
