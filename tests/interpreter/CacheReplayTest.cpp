//===- CacheReplayTest.cpp - the cache model, and that it can fail --------===//

#include "tests/interpreter/CacheReplay.h"
#include "tests/interpreter/TestProgram.h"

#include <algorithm>
#include <random>

using namespace normc::interpreter;

namespace {

/// The same model in the plainest way: a list in order of use.
class NaiveLru {
public:
  explicit NaiveLru(size_t capacity) : capacity(capacity) {}
  bool touch(uint64_t line) {
    auto it = std::find(lines.begin(), lines.end(), line);
    bool isHit = it != lines.end();
    if (isHit)
      lines.erase(it);
    else if (lines.size() == capacity)
      lines.pop_back();
    lines.insert(lines.begin(), line);
    return isHit;
  }

private:
  size_t capacity;
  std::vector<uint64_t> lines;
};

TEST(CacheReplayTest, AgreesWithTheNaiveModel) {
  std::mt19937 random(3);
  for (uint64_t capacity : {1, 2, 3, 8, 50, 200}) {
    LruCache cache;
    cache.reset(capacity);
    NaiveLru naive(capacity);
    // Hints that are often stale: a few streams that walk, repeat and jump.
    uint64_t lines[4] = {0, 1000, 5, 77};
    uint32_t hints[4] = {};
    for (int i = 0; i < 20000; ++i) {
      unsigned stream = random() % 4, move = random() % 8;
      if (move == 0)
        lines[stream] = random() % 100;
      else if (move < 4)
        ++lines[stream];
      ASSERT_EQ(cache.touch(lines[stream], hints[stream]),
                naive.touch(lines[stream]))
          << "capacity " << capacity << ", access " << i;
    }
  }
}

TEST(CacheReplayTest, ResetEmptiesAndStaleHintsDoNoHarm) {
  LruCache cache;
  cache.reset(2);
  uint32_t hint = 0;
  EXPECT_FALSE(cache.touch(5, hint));
  EXPECT_TRUE(cache.touch(5, hint));
  cache.reset(2);
  EXPECT_FALSE(cache.touch(5, hint));
  hint = 12345;
  EXPECT_TRUE(cache.touch(5, hint));
}

MemoryAccess access(uint64_t address, uint32_t bytes, bool isWrite = false,
                    uint32_t view = 0, bool isArgument = true) {
  MemoryAccess result;
  result.address = address;
  result.bytes = bytes;
  result.isWrite = isWrite;
  result.view = view;
  result.isArgument = isArgument;
  return result;
}

TEST(CacheReplayTest, CountsLinesPerStage) {
  CacheReplay replay(/*minimumBytes=*/0);
  replay.beginStage(0, 128);
  replay.access(access(60, 8));                   // Lines 0 and 1.
  replay.access(access(64, 4, /*isWrite=*/true)); // Line 1.
  replay.access(access(640, 4, true, 1));         // Line 10 replaces 0.
  replay.access(access(0, 4));                    // Line 0 again.
  replay.access(access(6400, 4, true, 2, false)); // Scratch.
  replay.beginStage(1, 1024);
  replay.access(access(0, 4));
  replay.access(access(4, 4, true, 3)); // Shares line 0.

  const CacheReplay::Stage &first = replay.getStages()[0];
  EXPECT_EQ(first.residentBytes, 128);
  EXPECT_EQ(first.accesses, 5u);
  EXPECT_EQ(first.readMisses, 3u);
  EXPECT_EQ(first.writeMisses, 2u);
  EXPECT_EQ(first.argumentLines, 3u);
  EXPECT_EQ(first.scratchLines, 1u);
  EXPECT_EQ(first.getMissBytes(), 5 * 64u);
  EXPECT_EQ(first.getMandatoryBytes(), 4 * 64u);
  const CacheReplay::Stage &second = replay.getStages()[1];
  EXPECT_EQ(second.readMisses, 1u);
  EXPECT_EQ(second.writeMisses, 0u);
  EXPECT_EQ(second.argumentLines, 1u);
  EXPECT_EQ(replay.getMissBytes(), 6 * 64u);
  EXPECT_EQ(replay.getMandatoryBytes(), 3 * 64u);
}

TEST(CacheReplayTest, TakesTheStackFromTheCache) {
  CacheReplay replay(/*minimumBytes=*/0);
  replay.beginStage(0, 128);
  MemoryAccess local = access(640, 4, /*isWrite=*/true, 1, false);
  local.isLocal = true;
  replay.access(local); // Line 10.
  local.isWrite = false;
  replay.access(local);
  EXPECT_EQ(replay.getMissBytes(), 0u);
  replay.access(access(0, 4)); // Lines 0 and 1, which leave it no room.
  replay.access(access(64, 4));
  replay.access(local);
  EXPECT_EQ(replay.getMissBytes(), 3 * 64u);
  EXPECT_EQ(replay.getStages()[0].scratchLines, 0u);
}

class ReplayTest : public ProgramTest {
protected:
  static constexpr int64_t kRows = 64, kColumns = 4096;

  /// RMSNorm with a claim of `resident` bytes.
  CacheReplay replayRmsNorm(int64_t resident) {
    std::vector<float> x(kRows * kColumns, 1), g(kColumns, 1), y(x.size());
    CacheReplay replay;
    EXPECT_EQ(run(rmsNormText(kColumns, resident),
                  {viewOf(x, {kRows, kColumns}), viewOf(g, {kColumns}),
                   viewOf(y, {kRows, kColumns})},
                  &replay),
              "");
    return replay;
  }
};

// A row of x is read twice; scale is read for every row; y is written once. Two
// rows of x and y and the scale fit in 5 rows.
TEST_F(ReplayTest, RmsNormFetchesEachLineOnceIfTheClaimSuffices) {
  CacheReplay replay = replayRmsNorm(5 * kColumns * 4 + 1024);
  uint64_t mandatory = (2 * kRows + 1) * kColumns * 4;
  EXPECT_GE(replay.getMandatoryBytes(), mandatory);
  EXPECT_LE(replay.getMandatoryBytes(), mandatory + 3 * 64);
  EXPECT_LE(double(replay.getMissBytes()),
            double(replay.getMandatoryBytes()) * 1.02);
  EXPECT_GE(replay.getMissBytes(), replay.getMandatoryBytes());
  ASSERT_EQ(replay.getStages().size(), 1u);
  EXPECT_EQ(replay.getStages()[0].accesses, uint64_t(4 * kRows * kColumns));
}

// Half a row: x comes twice and scale every time, 4 rows instead of 2.
TEST_F(ReplayTest, RmsNormFetchesMoreIfTheClaimIsTooSmall) {
  CacheReplay replay = replayRmsNorm(kColumns * 2);
  EXPECT_GE(double(replay.getMissBytes()),
            double(replay.getMandatoryBytes()) * 1.9);
}

// The columns of a block go through a phase together, so a line of 16 floats is
// fetched once although the stage claims nothing.
TEST_F(ReplayTest, ParallelLanesShareTheirLines) {
  std::vector<float> x(4096 * 64 + 16, 1), y(64 + 16);
  auto aligned = [](std::vector<float> &buffer) {
    auto address = reinterpret_cast<uintptr_t>(buffer.data());
    return int64_t((64 - address % 64) % 64 / 4);
  };
  CacheReplay replay;
  ASSERT_EQ(run(R"(
    norm.program @sum inputs(%x "x" : !norm.view<4096x64xf32>)
                      outputs(%y "y" : !norm.view<64xf32>) {
      norm.stage dims(i = 4096, j = 64)
          schedule #norm.schedule<target = cpu, parallel = [j], lanes = [j],
                                  width = 16> {
        norm.instance {
          %s = norm.phase over [i] {
            %e = norm.load %x by [[i], [j]] : !norm.view<4096x64xf32>
            norm.contribute add %e : f32
          } : f32
          norm.store %s, %y by [[j]] : !norm.view<64xf32>
        }
      }
    })",
                {viewOf(x, {4096, 64}, {}, aligned(x)),
                 viewOf(y, {64}, {}, aligned(y))},
                &replay),
            "");
  EXPECT_EQ(y[aligned(y)], 4096);
  EXPECT_EQ(replay.getMandatoryBytes(), (4096 * 64 + 64) * 4u);
  EXPECT_EQ(replay.getMissBytes(), replay.getMandatoryBytes());
}

} // namespace
