//===- StageBlocksTest.cpp - which stages go block by block ---------------===//

#include "tests/unit/compiler/Compiled.h"

#include <regex>

using namespace normc;

static std::string normOf(const std::string &x, const std::string &over) {
  return "func.func @norm(%x: tensor<" + x + R"(xf32> {norm.name = "x"}) ->
      (tensor<)" +
         x + R"(xf32> {norm.name = "y"}) {
  %y = norm.normalize mean_variance %x over )" +
         over + " epsilon 1.0e-5 : (tensor<" + x + "xf32>) -> tensor<" + x +
         "xf32>\n  return %y : tensor<" + x + "xf32>\n}";
}

TEST(StageBlocksTest, StagesOverSamplesHaveBlocks) {
  for (const char *shape : {"8x28x28x64", "?x28x28x64"}) {
    Artifact artifact = compiled(normOf(shape, "[1, 2]").c_str());
    ASSERT_GT(artifact.stages.size(), 1u);
    for (const StageFacts &stage : artifact.stages) {
      ASSERT_GT(stage.chunksPerBlock, 0) << shape << " " << stage.entry;
      EXPECT_EQ(valueOf(stage.chunkCount, {8, 8}), 8 * stage.chunksPerBlock)
          << shape << " " << stage.entry;
    }
  }
}

TEST(StageBlocksTest, BlocksOfFewBytesHaveSeveralSamples) {
  Artifact artifact = compiled(normOf("256x7x7x64", "[1, 2]").c_str());
  for (const StageFacts &stage : artifact.stages) { // 128 KB are 11 samples.
    ASSERT_GT(stage.chunksPerBlock, 0);
    EXPECT_EQ((valueOf(stage.chunkCount, {}) + stage.chunksPerBlock - 1) /
                  stage.chunksPerBlock,
              24)
        << stage.entry;
  }
}

// Of BatchNorm, channels with short planes: 32 of 7x7 are 200 KB over all
// samples.
TEST(StageBlocksTest, ChannelsHaveBlocks) {
  Artifact artifact = compiled(normOf("32x256x7x7", "[0, 2, 3]").c_str());
  ASSERT_EQ(artifact.stages.size(), 3u);
  for (const StageFacts &stage : artifact.stages) {
    ASSERT_GT(stage.chunksPerBlock, 0);
    EXPECT_EQ(valueOf(stage.chunkCount, {}), 8 * stage.chunksPerBlock)
        << stage.entry;
  }
}

// Rows whose blocks of 64 have a scale each: a stage of its own finds the row
// in the caches.
TEST(StageBlocksTest, RowsOfBlocksGoSeveralAtATime) {
  Artifact artifact = compiled(R"(
func.func @f(%x: tensor<?x4096xf32> {norm.name = "x"}) -> (tensor<?x4096xi8> {norm.name = "y"}) {
  %n = norm.normalize rms %x over [1] epsilon 1.0e-5 : (tensor<?x4096xf32>) -> tensor<?x4096xf32>
  %y = norm.kernel dims(i = ?, b = 64, k = 64) ins(%e = %n by [[i], [b, k]] : tensor<?x4096xf32>)
      outs(by [[i], [b, k]] : tensor<?x4096xi8>) {
    %a = math.absf %e : f32
    %m = norm.reduce max %a over [k] : f32
    %d = arith.divf %e, %m : f32
    %o = arith.fptosi %d : f32 to i8
    norm.yield %o : i8
  }
  return %y : tensor<?x4096xi8>
})");
  ASSERT_EQ(artifact.stages.size(), 2u);
  for (const StageFacts &stage : artifact.stages) { // 128 KB are 8 rows.
    ASSERT_GT(stage.chunksPerBlock, 0);
    EXPECT_EQ(valueOf(stage.chunkCount, {32, 32}), 4 * stage.chunksPerBlock);
  }
}

TEST(StageBlocksTest, OtherStagesHaveNoBlocks) {
  auto expectNone = [](const std::string &text) {
    Artifact artifact = compiled(text.c_str());
    for (const StageFacts &stage : artifact.stages)
      EXPECT_EQ(stage.chunksPerBlock, 0) << text;
  };
  expectNone(normOf("8x28x28x64", "[0, 1, 2]")); // No sample is apart.
  expectNone(normOf("2x512x512x64", "[1, 2]"));  // More than caches hold.
  expectNone(normOf("1x128x128x64", "[1, 2]"));  // One sample.
}

// A row of a transposed result is a part of all rows.
TEST(StageBlocksTest, StagesThatReadAcrossSamplesHaveNoBlocks) {
  Artifact artifact = compiled(R"(
func.func @f(%x: tensor<512x512xf32> {norm.name = "x"}) -> (tensor<512x512xf32> {norm.name = "y"}) {
  %t = norm.kernel dims(i = 512, j = 512) ins(%e = %x by [[i], [j]] : tensor<512x512xf32>)
      outs(by [[i], [j]] : tensor<512x512xf32>) {
    %m = norm.reduce mean %e over [j] : f32
    %c = arith.subf %e, %m : f32
    norm.yield %c : f32
  }
  %y = norm.kernel dims(i = 512, j = 512) ins(%e = %x by [[i], [j]] : tensor<512x512xf32>,
      %d = %t by [[j], [i]] : tensor<512x512xf32>) outs(by [[i], [j]] : tensor<512x512xf32>) {
    %m = norm.reduce max %d over [j] : f32
    %o = arith.mulf %e, %m : f32
    norm.yield %o : f32
  }
  return %y : tensor<512x512xf32>
})");
  ASSERT_EQ(artifact.stages.size(), 2u);
  for (const StageFacts &stage : artifact.stages)
    EXPECT_EQ(stage.chunksPerBlock, 0);
}

// Columns that are read for a block of rows have a part of rows that a result
// in their place has overwritten.
TEST(StageBlocksTest, StagesThatReadAcrossWhatIsOverwrittenHaveNoBlocks) {
  std::string text = R"(
func.func @f(%x: tensor<512x512xf32> {norm.name = "x"}) -> (tensor<512x512xf32> {norm.name = "y"}) {
  %m = norm.kernel dims(i = 512, j = 512) ins(%e = %x by [[j], [i]] : tensor<512x512xf32>)
      outs(by [[i]] : tensor<512xf32>) schedule [SCHEDULE] {
    %s = norm.reduce max %e over [j] : f32
    norm.yield %s : f32
  }
  %y = norm.kernel dims(i = 512, j = 512) ins(%e = %x by [[i], [j]] : tensor<512x512xf32>,
      %s = %m by [[i]] : tensor<512xf32>) outs(by [[i], [j]] : tensor<512x512xf32>)
      schedule [SCHEDULE] {
    %o = arith.mulf %e, %s : f32
    norm.yield %o : f32
  }
  return %y : tensor<512x512xf32>
})";
  const std::string schedule =
      "#norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 16, "
      "resident = 524288>";
  for (size_t at; (at = text.find("SCHEDULE")) != std::string::npos;)
    text.replace(at, 8, schedule);
  Artifact artifact = compiled(text.c_str());
  ASSERT_EQ(artifact.inPlace.size(), 1u);
  ASSERT_EQ(artifact.stages.size(), 2u);
  for (const StageFacts &stage : artifact.stages)
    EXPECT_EQ(stage.chunksPerBlock, 0);
}

// Where nothing goes past the caches by the schedule, all is in them.
TEST(StageBlocksTest, ResultsThatNeverStreamLeaveTheCachesToBlocks) {
  Result<std::string> scheduled =
      emit(normOf("8x28x28x64", "[1, 2]"), Emit::Scheduled,
           *Target::named("x86-64-v4"));
  ASSERT_TRUE(scheduled) << scheduled.error().message;
  std::string text = std::regex_replace(
      *scheduled, std::regex("(stream) = \\d+"), "$1 = 9223372036854775807");
  text = std::regex_replace(text, std::regex("(resident) = \\d+"), "$1 = 0");
  Artifact artifact = compiled(text.c_str());
  ASSERT_GT(artifact.stages.size(), 1u);
  for (const StageFacts &stage : artifact.stages)
    EXPECT_GT(stage.chunksPerBlock, 0) << stage.entry;
}
