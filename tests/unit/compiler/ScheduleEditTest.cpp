//===- ScheduleEditTest.cpp - the schedules of a text, as numbers ---------===//

#include "normc/ScheduleEdit.h"

#include "normc/normc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

using namespace normc;
using testing::HasSubstr;
using testing::Not;

/// Row sums that the rows wait for, and column sums in partials: two stages.
static const char *const kText = R"(
func.func @f(%x: tensor<?x64xf32> {norm.name = "x"})
    -> (tensor<?x64xf32> {norm.name = "y"}, tensor<64xf32> {norm.name = "s"}) {
  %y, %s = norm.kernel dims(i = ?, j = 64) ins(%e = %x by [[i], [j]] : tensor<?x64xf32>)
      outs(by [[i], [j]] : tensor<?x64xf32>, by [[j]] : tensor<64xf32>) {
    %m = norm.reduce mean %e over [j] : f32
    %d = arith.subf %e, %m : f32
    %t = norm.reduce add %e over [i] : f32
    norm.yield %d, %t : f32, f32
  }
  return %y, %s : tensor<?x64xf32>, tensor<64xf32>
})";

static const int64_t kAny = std::numeric_limits<int64_t>::max();

static std::string scheduled(std::string_view text,
                             const char *target = "x86-64-v3") {
  Result<std::string> emitted =
      emit(text, Emit::Scheduled, *Target::named(target));
  EXPECT_TRUE(emitted) << emitted.error().message;
  return emitted ? *emitted : "";
}

static ScheduleParameter find(std::string_view mlir, size_t stage,
                              std::string_view name) {
  auto parameters = listSchedules(mlir);
  EXPECT_TRUE(parameters) << parameters.error().message;
  for (const ScheduleParameter &parameter : *parameters)
    if (parameter.stage == stage && parameter.name == name)
      return parameter;
  ADD_FAILURE() << "no " << name << " in stage " << stage;
  return {};
}

static std::string messageOf(std::string_view mlir, ScheduleChange change) {
  Result<std::string> changed = changeSchedules(mlir, {&change, 1}, "f.mlir");
  EXPECT_FALSE(changed);
  if (changed)
    return "";
  EXPECT_EQ(changed.error().kind, ErrorKind::InvalidSpec);
  return changed.error().message;
}

TEST(ScheduleEditTest, ListsEveryStage) {
  auto parameters = listSchedules(scheduled(kText));
  ASSERT_TRUE(parameters) << parameters.error().message;
  ASSERT_EQ(parameters->size(), 14u);
  const char *const names[] = {"width",  "unroll",   "chunk", "resident",
                               "stream", "prefetch", "rows"};
  for (size_t i = 0; i < 14; ++i) {
    EXPECT_EQ((*parameters)[i].stage, i / 7);
    EXPECT_EQ((*parameters)[i].name, names[i % 7]);
  }
  EXPECT_EQ((*parameters)[0].value, 8);
}

TEST(ScheduleEditTest, SaysWhatChangesRoundingAndHowFarItMay) {
  std::string text = scheduled(kText);
  for (const char *name : {"width", "unroll", "chunk"})
    EXPECT_TRUE(find(text, 0, name).changesRounding) << name;
  for (const char *name : {"resident", "stream", "prefetch", "rows"})
    EXPECT_FALSE(find(text, 0, name).changesRounding) << name;
  EXPECT_FALSE(find(text, 1, "chunk").changesRounding);
  EXPECT_EQ(find(text, 0, "unroll").most, 8);
  EXPECT_EQ(find(text, 0, "chunk").most, 256);
  EXPECT_EQ(find(text, 1, "chunk").most, kAny);
  EXPECT_EQ(find(text, 0, "width").most, kAny);
}

TEST(ScheduleEditTest, NothingCarriesLongerSumsOfF64) {
  std::string text = scheduled(R"(
func.func @rms(%x: tensor<?x64xf64>) -> tensor<?x64xf64> {
  %y = norm.normalize rms %x over [1] epsilon 1.0e-6 : (tensor<?x64xf64>) -> tensor<?x64xf64>
  return %y : tensor<?x64xf64>
})");
  EXPECT_EQ(find(text, 0, "unroll").value, 1);
  EXPECT_EQ(find(text, 0, "unroll").most, 1);
}

TEST(ScheduleEditTest, AGpuHasThreads) {
  std::string text = scheduled(R"(
func.func @rms(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %y = norm.normalize rms %x over [1] epsilon 1.0e-6 : (tensor<?x64xf32>) -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
})",
                               "sm_90");
  auto parameters = listSchedules(text);
  ASSERT_TRUE(parameters);
  ASSERT_EQ(parameters->size(), 3u);
  EXPECT_EQ((*parameters)[2].name, "threads");
  EXPECT_EQ((*parameters)[2].value, 32);
}

TEST(ScheduleEditTest, ATextWithoutSchedulesHasNoParameters) {
  auto parameters = listSchedules(kText);
  ASSERT_TRUE(parameters);
  EXPECT_TRUE(parameters->empty());
}

TEST(ScheduleEditTest, ChangesOneNumberAndItsReason) {
  std::string text = scheduled(kText);
  const ScheduleChange changes[] = {{1, "chunk", 7, "since it is prime"},
                                    {0, "unroll", 2, ""}};
  Result<std::string> changed = changeSchedules(text, changes);
  ASSERT_TRUE(changed) << changed.error().message;
  auto before = *listSchedules(text), after = *listSchedules(*changed);
  ASSERT_EQ(before.size(), after.size());
  for (size_t i = 0; i < before.size(); ++i) {
    const ScheduleParameter &parameter = before[i];
    bool isChunk = parameter.stage == 1 && parameter.name == "chunk";
    bool isUnroll = parameter.stage == 0 && parameter.name == "unroll";
    EXPECT_EQ(after[i].value, isChunk    ? 7
                              : isUnroll ? 2
                                         : parameter.value)
        << parameter.stage << " " << parameter.name;
  }
  EXPECT_THAT(*changed, HasSubstr("chunk = \"since it is prime\""));
  // An old reason does not stand beside a new value.
  EXPECT_THAT(text, HasSubstr("unroll = \"8 vectors"));
  std::string stage0 = changed->substr(0, changed->find(">, #norm.schedule"));
  EXPECT_THAT(stage0, Not(HasSubstr("unroll = \"")));
}

TEST(ScheduleEditTest, NoChangeGivesTheSameText) {
  std::string text = scheduled(kText);
  EXPECT_EQ(*changeSchedules(text, {}), text);
}

// A tuned text is what it was before: compiling it repeats no pass.
TEST(ScheduleEditTest, AScheduledTextStaysAsItIs) {
  for (const PresetInfo &info : presets()) {
    PresetOptions options;
    options.shape.assign(size_t(info.rank), kDynamic);
    Result<NormSpec> spec = makePreset(info.name, options);
    ASSERT_TRUE(spec) << spec.error().message;
    std::string text = scheduled(*toMlir(*spec));
    EXPECT_EQ(scheduled(text), text) << info.name;
  }
}

/// What `text` computes of 300 rows: the rows without their means.
static std::vector<float> run(std::string_view text) {
  constexpr int64_t rows = 300;
  std::vector<float> x(rows * 64), y(rows * 64), s(64);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = float(i * 7919 % 1009) * 0.01f;
  Result<Kernel> kernel = jit(text);
  EXPECT_TRUE(kernel) << kernel.error().message;
  if (!kernel)
    return {};
  Status status =
      kernel->run({TensorRef::contiguous(x.data(), DType::F32, {rows, 64}),
                   TensorRef::contiguous(y.data(), DType::F32, {rows, 64}),
                   TensorRef::contiguous(s.data(), DType::F32, {64})});
  EXPECT_TRUE(status) << status.error().message;
  return y;
}

TEST(ScheduleEditTest, ChangedTextsComputeTheSame) {
  std::string text = scheduled(kText, "native");
  std::vector<float> expected = run(kText);
  const ScheduleChange changes[] = {
      {0, "chunk", 16, ""}, {0, "rows", 2, ""}, {1, "width", 2, ""}};
  Result<std::string> changed = changeSchedules(text, changes);
  ASSERT_TRUE(changed) << changed.error().message;
  ASSERT_FALSE(expected.empty());
  EXPECT_GT(expected[1], 0);
  EXPECT_EQ(run(*changed), expected);
}

TEST(ScheduleEditTest, WrongChangesAreRefused) {
  std::string text = scheduled(kText);
  EXPECT_EQ(messageOf(text, {2, "chunk", 1, ""}),
            "expected a stage from 0 to 1, but got 2");
  EXPECT_EQ(messageOf(kText, {0, "chunk", 1, ""}),
            "expected a kernel with a schedule, but got none (emit the text at "
            "'scheduled' first)");
  EXPECT_EQ(messageOf(text, {0, "unrol", 1, ""}),
            "expected a parameter among width, unroll, chunk, resident, "
            "stream, prefetch, rows, but got 'unrol'; did you mean 'unroll'?");
  EXPECT_THAT(messageOf(text, {0, "width", 3, ""}),
              HasSubstr("expected width to be a power of two up to 64, but got "
                        "3"));
  EXPECT_THAT(messageOf(text, {1, "chunk", 0, ""}),
              HasSubstr("expected a chunk of at least 1, but got 0"));
  EXPECT_THAT(messageOf("x", {}), HasSubstr("f.mlir:1:1: "));
}

TEST(ScheduleEditTest, AScheduleOfTooFewStagesIsRefused) {
  std::string text = scheduled(kText);
  size_t second = text.find(">, #norm.schedule");
  size_t end = text.find(">]", second);
  ASSERT_NE(end, std::string::npos);
  text.erase(second, end - second);
  auto parameters = listSchedules(text, "f.mlir");
  ASSERT_FALSE(parameters);
  EXPECT_THAT(parameters.error().message,
              HasSubstr("expected one schedule per stage, 2, but got 1"));
}
