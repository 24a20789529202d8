//===- CHeaderTest.cpp - a C header for an object file --------------------===//
//
// That headers compile, and what the functions in them do, is tested in
// tests/lit/tools/normc-compile-header.test and by examples/aot_c.
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/CHeader.h"
#include "compiler/codegen/CFeatures.h"
#include "compiler/codegen/CSizes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace normc;
using testing::HasSubstr;
using testing::Not;
using Op = SizeExpr::Op;

/// x [w0, 8] -> y [w1 = w0 / 2], which has a word of its own.
static Artifact makeArtifact() {
  Artifact artifact;
  artifact.name = "half";
  artifact.triple = "x86_64-unknown-linux-gnu";
  ArgumentFacts x{.name = "x", .dtype = DType::BF16, .axes = {{}, {}}};
  x.axes[0] = {SizeExpr::word(0), SizeExpr::constant(8), true};
  x.axes[1] = {SizeExpr::constant(8), SizeExpr::constant(1), true};
  ArgumentFacts y{.name = "y", .isOutput = true, .axes = {{}}, .alignment = 16};
  y.axes[0] = {{{{Op::Word, 0}, {Op::Constant, 2}, {Op::FloorDiv}}}, {}, false};
  artifact.arguments = {x, y};
  artifact.words = {{0, 0, false}, {1, 0, false}, {1, 0, true}};
  artifact.divisibility = {{SizeExpr::word(0), 2, "extent of 'x'"}};
  artifact.stages = {{"half_stage0", SizeExpr::word(0)}};
  return artifact;
}

static std::string write(const Artifact &artifact) {
  Result<std::string> text = writeCHeader(CVersion{"x86-64-v3", artifact});
  EXPECT_TRUE(text) << text.error().message;
  return text ? *text : "";
}

TEST(CHeaderTest, PointersThenSizesThenScratch) {
  EXPECT_THAT(write(makeArtifact()),
              HasSubstr("static inline int half(\n"
                        "    const uint16_t *x, float *y,\n"
                        "    int64_t x_extent0, int64_t y_stride0,\n"
                        "    void *scratch) {\n"));
}

TEST(CHeaderTest, TypesThatCHasAndBits) {
  Artifact artifact = makeArtifact();
  for (auto [dtype, pointer, comment] :
       {std::tuple(DType::F8E4M3FN, "const uint8_t *x",
                   "x: f8E4M3FN (its bits) ["),
        {DType::F8E5M2, "const uint8_t *x", "x: f8E5M2 (its bits) ["},
        {DType::F16, "const uint16_t *x", "x: f16 (its bits) ["},
        {DType::F64, "const double *x", "x: f64 ["},
        {DType::I8, "const int8_t *x", "x: i8 ["},
        {DType::I32, "const int32_t *x", "x: i32 ["},
        {DType::I64, "const int64_t *x", "x: i64 ["}}) {
    artifact.arguments[0].dtype = dtype;
    std::string text = write(artifact);
    EXPECT_THAT(text, HasSubstr(pointer));
    EXPECT_THAT(text, HasSubstr(comment));
  }
}

TEST(CHeaderTest, SizesThatFollowAreComputed) {
  std::string text = write(makeArtifact());
  EXPECT_THAT(text, HasSubstr("  words[1] = normc_c_floor_div(words[0], 2, "
                              "&fault);\n"
                              "  if (words[0] % 2 != 0)\n"
                              "    return NORMC_C_DIVISIBILITY;\n"
                              "  words[2] = normc_c_floor_div(words[0], 2, "
                              "&fault) > 1 ? y_stride0 : 0;\n"));
  EXPECT_THAT(text, HasSubstr("  status = normc_c_check(y, bytes, 16);\n"));
}

TEST(CHeaderTest, TheCommentTellsWhatACallMustKeep) {
  std::string text = write(makeArtifact());
  EXPECT_THAT(text, HasSubstr(" *   x: bf16 (its bits) [x_extent0, 8], strides "
                              "[8, 1], aligned to 2 bytes; read\n"));
  EXPECT_THAT(text, HasSubstr(" *   y: f32 [x_extent0 / 2], strides "
                              "[y_stride0], aligned to 16 bytes; written\n"));
  EXPECT_THAT(text, HasSubstr(" * x_extent0 must be divisible by 2.\n"));
  EXPECT_THAT(text, HasSubstr(" * x_extent0 must be at least 1.\n"));
  EXPECT_THAT(text, HasSubstr("floating-point control word must be the "
                              "default"));
}

TEST(CHeaderTest, NamesThatCCannotSay) {
  Artifact artifact = makeArtifact();
  artifact.name = "exp";
  artifact.stages[0].entry = "exp__stage0";
  artifact.arguments[0].name = "scratch";
  artifact.arguments[1].name = "a*/b";
  std::string text = write(artifact);
  EXPECT_THAT(text, HasSubstr("static inline int exp_(\n"
                              "    const uint16_t *scratch_2, float *a__b,\n"
                              "    int64_t scratch_2_extent0,"));
  EXPECT_THAT(text, HasSubstr("(the kernel's 'a__b')"));
  EXPECT_THAT(text, Not(HasSubstr("a*/b")));
}

TEST(CHeaderTest, ExtentsThatNeedEachOther) {
  Artifact artifact = makeArtifact();
  artifact.arguments[0].axes[0].extent = SizeExpr::word(1);
  Result<std::string> text = writeCHeader(CVersion{"native", artifact});
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().kind, ErrorKind::Internal);
  EXPECT_EQ(text.error().message,
            "expected extents that follow from the call's, but got extents "
            "that need each other");
}

TEST(CHeaderTest, SizesInC) {
  EXPECT_EQ(writeCSize({{{Op::Word, 0},
                         {Op::Constant, int64_t(1) << 40},
                         {Op::Mul},
                         {Op::AlignTo, 64},
                         {Op::Word, 1},
                         {Op::Add},
                         {Op::Constant, 3},
                         {Op::CeilDiv}}}),
            "normc_c_ceil_div(normc_c_add(normc_c_align(normc_c_mul(words[0], "
            "INT64_C(1099511627776), &fault), 64, &fault), words[1], &fault), "
            "3, &fault)");
}

TEST(CHeaderTest, FeaturesInC) {
  EXPECT_EQ(writeCFeatureTest("x86_64", {}), "1");
  EXPECT_EQ(writeCFeatureTest("x86_64", {"aes", "avx2"}),
            "(__builtin_cpu_supports(\"avx2\"))");
  EXPECT_THAT(writeCFeatureTest("x86_64", {"avx512f", "f16c"}),
              HasSubstr("normc_c_cpuid(1, 0, 2) >> 29 & 1"));
  // Its code has registers that the system may not save.
  EXPECT_THAT(writeCFeatureTest("x86_64", {"avx", "egpr"}),
              HasSubstr("normc_c_xcr0() >> 19 & 1"));
}

TEST(CHeaderTest, AArch64AsksLinux) {
  Artifact artifact = makeArtifact();
  artifact.triple = "aarch64-unknown-linux-gnu";
  artifact.requiredFeatures = {"neon", "sve", "sve256"};
  std::string text = write(artifact);
  EXPECT_THAT(text, HasSubstr("#if defined(__GNUC__) && defined(__aarch64__) "
                              "&& defined(__linux__)\n"
                              "  return (normc_c_hwcap(1, 1)) &&\n"));
  EXPECT_THAT(text, HasSubstr("(normc_c_sve_bits() == 256);\n"));
  EXPECT_THAT(text, Not(HasSubstr("cpuid")));
  EXPECT_THAT(text, Not(HasSubstr("__builtin_cpu_init")));
}

/// The kernel for two processors: the second has one stage more, and takes
/// other chunks and scratch.
static std::vector<CVersion> makeVersions() {
  std::vector<CVersion> versions{{"x86-64-v3", makeArtifact()},
                                 {"x86-64-v2", makeArtifact()}};
  versions[0].facts.requiredFeatures = {"avx2", "sse4.2"};
  versions[0].facts.stages[0].entry = "half_stage0_x86_64_v3";
  versions[0].facts.inPlace = {{0, 1}};
  versions[1].facts.requiredFeatures = {"sse4.2"};
  versions[1].facts.stages = {{"half_stage0_x86_64_v2", SizeExpr::constant(3)},
                              {"half_stage1_x86_64_v2", SizeExpr::constant(4)}};
  versions[1].facts.scratchBytes = SizeExpr::constant(640);
  return versions;
}

TEST(CHeaderTest, VersionsAreChosenOnce) {
  Result<std::string> text = writeCHeader(makeVersions());
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_THAT(*text, HasSubstr(" *   version 0: x86-64-v3 ("));
  EXPECT_THAT(*text,
              HasSubstr("  if ((__builtin_cpu_supports(\"sse4.2\")) &&\n"
                        "         (__builtin_cpu_supports(\"avx2\")))\n"
                        "    found = 2;\n"
                        "  else if ((__builtin_cpu_supports(\"sse4.2\")))\n"
                        "    found = 3;\n"
                        "  else\n"
                        "    found = 1;\n"));
  EXPECT_THAT(*text, HasSubstr("  case 1:\n    return \"x86-64-v2\";\n"));
  EXPECT_THAT(*text, HasSubstr("bytes, chunks[2];\n"));
  EXPECT_THAT(*text, HasSubstr("  case 1:\n    bytes = 640;\n    break;\n"
                               "  default:\n    return -1;\n"));
  EXPECT_THAT(*text, HasSubstr("    chunks[0] = 3;\n    chunks[1] = 4;\n"));
  EXPECT_THAT(*text, HasSubstr("    if (half_stage1_x86_64_v2(buffers, words, "
                               "scratch, 0, chunks[1]) != 0)\n"
                               "      return NORMC_C_FAILED;\n"));
  EXPECT_THAT(*text, HasSubstr("    return NORMC_C_UNSUPPORTED;\n"));
  // Only one of the two allows it.
  EXPECT_THAT(*text, Not(HasSubstr("may be the same buffer")));
}

TEST(CHeaderTest, VersionsTakeTheSameCall) {
  std::vector<CVersion> versions = makeVersions();
  versions[1].facts.arguments[0].alignment = 32;
  Result<std::string> text = writeCHeader(versions);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().kind, ErrorKind::Internal);
  EXPECT_EQ(text.error().message,
            "expected versions that are called in one way, but 'x86-64-v2' "
            "differs from 'x86-64-v3'");
}
