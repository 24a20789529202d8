//===- CompilerTest.cpp - the compiler's public surface -------------------===//

#include "normc/ArtifactFile.h"
#include "normc/normc.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

using namespace normc;

static const char *const rmsText = R"(
func.func @rms(%x: tensor<?x64xf32> {norm.name = "x"}) -> (tensor<?x64xf32> {norm.name = "y"}) {
  %y = norm.normalize rms %x over [1] epsilon 1.0e-6 : (tensor<?x64xf32>) -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}
)";

TEST(CompilerTest, EveryStageCanBeEmitted) {
  struct {
    Emit stage;
    const char *contains;
  } expected[] = {{Emit::Norm, "norm.normalize"},
                  {Emit::Kernel, "norm.kernel"},
                  {Emit::Precision, "norm.reduce mean"},
                  {Emit::Fused, "norm.reduce mean"},
                  {Emit::Scheduled, "#norm.schedule"},
                  {Emit::Phases, "norm.program @rms"},
                  {Emit::Vector, "scf.for"},
                  {Emit::LlvmDialect, "llvm.func @rms_stage0"},
                  {Emit::Llvm, "define i32 @rms_stage0"},
                  {Emit::Assembly, "rms_stage0:"},
                  {Emit::Object, "\x7f"
                                 "ELF"},
                  {Emit::Header, "static inline int rms("},
                  {Emit::Artifact, "rms_stage0"}};
  ASSERT_EQ(std::size(expected), listEmits().size());
  for (auto [stage, contains] : expected) {
    Result<std::string> text = emit(rmsText, stage, Target::native());
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_NE(text->find(contains), std::string::npos) << toString(stage);
    Result<Emit> parsed = parseEmit(toString(stage));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(*parsed, stage);
  }
  Result<Emit> unknown = parseEmit("fuse");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(
      unknown.error().message,
      "expected one of norm, kernel, precision, fused, scheduled, phases, "
      "vector, llvm-dialect, llvm, asm, obj, header, artifact to emit, but got "
      "'fuse'; did you mean 'fused'?");
}

TEST(CompilerTest, VerboseShowsStagesInOrder) {
  std::vector<std::string> stages;
  Result<Artifact> artifact =
      compileVerbose(rmsText, Target::native(),
                     [&](std::string_view stage, std::string_view ir) {
                       EXPECT_FALSE(ir.empty());
                       stages.emplace_back(stage);
                     });
  ASSERT_TRUE(artifact);
  EXPECT_EQ(stages, (std::vector<std::string>{
                        "norm", "kernel", "precision", "fused", "scheduled",
                        "phases", "vector", "llvm-dialect", "llvm"}));
}

static std::vector<std::string> stepsOf(const Timings &timings) {
  std::vector<std::string> steps;
  for (const StepTime &time : timings) {
    EXPECT_GE(time.milliseconds, 0) << time.step;
    steps.emplace_back(time.step);
  }
  return steps;
}

TEST(CompilerTest, StepsAreTimed) {
  std::vector<std::string> all = {
      "norm",   "kernel", "precision",    "fused", "scheduled",
      "phases", "vector", "llvm-dialect", "llvm",  "codegen"};
  Timings timings;
  ASSERT_TRUE(emit(rmsText, Emit::Assembly, Target::native(), "f", &timings));
  EXPECT_EQ(stepsOf(timings), all);
  timings.clear();
  ASSERT_TRUE(compile(rmsText, Target::native(), "f", &timings));
  EXPECT_EQ(stepsOf(timings), all);
  timings.clear();
  ASSERT_TRUE(emit(rmsText, Emit::Kernel, Target::native(), "f", &timings));
  EXPECT_EQ(stepsOf(timings), (std::vector<std::string>{"norm", "kernel"}));
  // Machine code is where the time goes.
  timings.clear();
  ASSERT_TRUE(emit(rmsText, Emit::Object, Target::native(), "f", &timings));
  EXPECT_GT(timings.back().milliseconds, timings[2].milliseconds);
}

TEST(CompilerTest, AGpuHasNoHeader) {
  Result<std::string> text =
      emit(rmsText, Emit::Header, *Target::named("sm_90"));
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().kind, ErrorKind::Unsupported);
  EXPECT_NE(text.error().message.find("a GPU has none"), std::string::npos);
}

TEST(CompilerTest, EntriesAreNamesThatCCanSay) {
  Result<Artifact> artifact = compile(R"(
func.func @"my norm.1"(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = norm.normalize rms %x over [0] epsilon 1.0e-6 : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
})",
                                      Target::native());
  ASSERT_TRUE(artifact) << artifact.error().message;
  EXPECT_EQ(artifact->name, "my norm.1");
  EXPECT_EQ(artifact->stages[0].entry, "my_norm_1_stage0");
  EXPECT_TRUE(Kernel::load(*artifact));
}

TEST(CompilerTest, SeveralTargetsGiveSeveralArtifacts) {
  std::vector<Target> targets = *Target::namedList("x86-64-v2,x86-64-v4");
  auto artifacts = compile(rmsText, targets);
  ASSERT_TRUE(artifacts) << artifacts.error().message;
  ASSERT_EQ(artifacts->size(), 2u);
  for (auto [i, name] : {std::pair(0, "x86-64-v4"), {1, "x86-64-v2"}}) {
    Result<Artifact> alone = compile(rmsText, *Target::named(name));
    ASSERT_TRUE(alone);
    EXPECT_EQ(serialize((*artifacts)[i]), serialize(*alone)) << name;
  }
  Result<std::string> bytes = emit(rmsText, Emit::Artifact, targets);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(*bytes, serialize(std::span<const Artifact>(*artifacts)));
}

TEST(CompilerTest, SeveralTargetsAreForCode) {
  std::vector<Target> targets = *Target::namedList("x86-64-v2,x86-64-v3");
  for (const EmitInfo &info : listEmits()) {
    Result<std::string> text = emit(rmsText, info.stage, targets);
    EXPECT_EQ(bool(text), info.stage >= Emit::Llvm) << info.name;
    if (!text) {
      EXPECT_EQ(text.error().kind, ErrorKind::InvalidSpec);
      EXPECT_EQ(text.error().message, "expected one target to emit '" +
                                          std::string(info.name) +
                                          "', but got 2");
    }
    // One of them is as it always was.
    Result<std::string> one =
        emit(rmsText, info.stage, std::span<const Target>(targets).first(1));
    EXPECT_EQ(*one, *emit(rmsText, info.stage, targets[0])) << info.name;
  }
  std::vector<Target> mixed = *Target::namedList("x86-64-v2,aarch64");
  for (Emit stage : {Emit::Object, Emit::Header, Emit::Artifact})
    EXPECT_EQ(emit(rmsText, stage, mixed).error().message,
              orderVersions(mixed).error().message);
  EXPECT_EQ(compile("nonsense", targets).error().message,
            compile("nonsense", targets[0]).error().message);
}

TEST(CompilerTest, ThePhaseFormCompilesAsWell) {
  Result<std::string> phases = emit(rmsText, Emit::Phases, Target::native());
  ASSERT_TRUE(phases);
  EXPECT_TRUE(compile(*phases, Target::native()));
}

/// Text that is refused, with a part of what is said.
static void expectRefused(const char *text, const char *words,
                          ErrorKind kind = ErrorKind::InvalidSpec) {
  Result<Artifact> artifact = compile(text, Target::native(), "f.mlir");
  ASSERT_FALSE(artifact) << words;
  EXPECT_EQ(artifact.error().kind, kind) << artifact.error().message;
  EXPECT_NE(artifact.error().message.find(words), std::string::npos)
      << artifact.error().message;
}

TEST(CompilerTest, BrokenTextIsRefusedWithItsPlace) {
  expectRefused("", "expected one func.func or norm.program in the module, but "
                    "got 0");
  expectRefused("garbage", "f.mlir:1:1: ");
  expectRefused("func.func @f(", "f.mlir:1:13: ");
  expectRefused("\"norm.kernel\"() : () -> ()", "f.mlir:1:1: ");
  expectRefused("func.func private @f(tensor<4xf32>) -> tensor<4xf32>",
                "expected a function with a body");
  expectRefused("module { module {} }", "but got builtin.module");
  expectRefused("func.func @f(%x: tensor<4xf32>) { return }\n"
                "func.func @g(%x: tensor<4xf32>) { return }",
                "in the module, but got 2");
  expectRefused("func.func @f(%x: tensor<*xf32>) { return }",
                "expected argument 0 to be a ranked tensor");
  expectRefused("func.func @f(%x: f32) { return }",
                "(a scalar is a tensor of rank 0)");
}

TEST(CompilerTest, WhatHasNoCodeIsRefused) {
  expectRefused(
      R"(
func.func @f(%x: tensor<4xi16>) -> tensor<4xi16> {
  %y = norm.kernel dims(i = 4) ins(%e = %x by [[i]] : tensor<4xi16>) outs(by [[i]] : tensor<4xi16>) {
    %s = arith.addi %e, %e : i16
    norm.yield %s : i16
  }
  return %y : tensor<4xi16>
})",
      "to hold f16, bf16, f32, f64, f8E4M3FN, f8E5M2, i8, i32 or i64, "
      "but got i16",
      ErrorKind::Unsupported);
  expectRefused(R"(
func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = norm.kernel dims(i = 4) ins(%e = %x by [[i]] : tensor<4xf32>) outs(by [[i]] : tensor<4xf32>) {
    %s = math.sin %e : f32
    norm.yield %s : f32
  }
  return %y : tensor<4xf32>
})",
                "no vector expansion of math.sin");
}

TEST(CompilerTest, WhatNoCallTakesIsRefused) {
  expectRefused(R"(
func.func @f(%x: tensor<1x2x1x2x1x2x1x2x?xf32> {norm.name = "x"}) -> tensor<1x2x1x2x1x2x1x2x?xf32> {
  %y = math.absf %x : tensor<1x2x1x2x1x2x1x2x?xf32>
  return %y : tensor<1x2x1x2x1x2x1x2x?xf32>
})",
                "expected at most 8 axes of argument 'x', but got 9",
                ErrorKind::Unsupported);
}

TEST(CompilerTest, AGpuKernelIsEmittedButNotCompiledToRun) {
  Target gpu = *Target::named("sm_90");
  EXPECT_TRUE(emit(rmsText, Emit::Assembly, gpu));
  Result<Artifact> artifact = compile(rmsText, gpu);
  ASSERT_FALSE(artifact);
  EXPECT_EQ(artifact.error().kind, ErrorKind::Unsupported);
}

TEST(CompilerTest, ThreadsCompileAtOnce) {
  std::vector<std::thread> threads;
  std::vector<int> ok(8);
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, i] {
      auto kernel = jit(layerNorm({.shape = {kDynamic, 16 + i}}));
      ok[i] = bool(kernel);
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(ok, std::vector<int>(8, 1));
}

TEST(CompilerTest, TheSameSpecGivesTheSameBytes) {
  NormSpec spec = layerNorm({.shape = {kDynamic, 257}});
  Result<Artifact> first = compile(spec, Target::native());
  Result<Artifact> second = compile(spec, Target::native());
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->image, second->image);
}
