//===- QuantizationTest.cpp - what specs may say of 8 bits ----------------===//

#include "tests/unit/compiler/SpecText.h"

#include "normc/Presets.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace normc;

static NormSpec quantized(const Quantization &q) {
  NormSpec spec = rmsNorm({.shape = {kDynamic, 256}, .dtype = DType::BF16});
  spec.quantization = q;
  return spec;
}

TEST(QuantizationSpecTest, ScalesAreBuffers) {
  std::string text = textOf(quantized({}));
  EXPECT_HAS(text, "tensor<?x256xf8E4M3FN> {norm.name = \"y\"}, tensor<?xf32> "
                   "{norm.name = \"y_scale\"})");
  EXPECT_HAS(text, "-> tensor<?x256xf32>"); // The norm's own result.
  text = textOf(quantized({.dtype = DType::I8,
                           .scope = ScaleScope::Block,
                           .block = 32,
                           .scaleType = ScaleType::E8M0,
                           .matchUnfused = true,
                           .scaleStrides = {1, kDynamic}}));
  EXPECT_HAS(text, "tensor<?x256xi8> {norm.name = \"y\"}, tensor<?x8xi8> "
                   "{norm.name = \"y_scale\", norm.strides = array<i64: 1, "
                   "-9223372036854775808>})");
  EXPECT_HAS(text, "-> tensor<?x256xbf16>");
  text = textOf(quantized({.scope = ScaleScope::Tensor, .inverse = true}));
  EXPECT_HAS(text, "%y_inverse_scale: tensor<f32> {norm.name = "
                   "\"y_inverse_scale\"})");
}

TEST(QuantizationSpecTest, InputsHaveScales) {
  NormSpec spec = layerNorm({.shape = {4, 256}, .dtype = DType::I8});
  spec.inputScale = {.scope = ScaleScope::Block, .block = 128};
  std::string text = textOf(spec);
  EXPECT_HAS(text, "%x: tensor<4x256xi8> {norm.name = \"x\"}, %x_scale: "
                   "tensor<4x2xf32> {norm.name = \"x_scale\"}");
  EXPECT_HAS(text, "tensor<256xf32> {norm.name = \"scale\"}");
  EXPECT_HAS(text, "tensor<4x256xf32> {norm.name = \"y\"}");
}

TEST(QuantizationSpecTest, OneKernelComesOut) {
  for (const NormSpec &norm :
       {rmsNorm({.shape = {kDynamic, 4096}, .dtype = DType::BF16}),
        layerNorm({.shape = {kDynamic, 4096}, .dtype = DType::BF16})})
    for (ScaleScope scope :
         {ScaleScope::Tensor, ScaleScope::Row, ScaleScope::Block})
      for (bool matches : {false, true}) {
        NormSpec spec = norm;
        spec.quantization = {.scope = scope, .matchUnfused = matches};
        Result<std::string> text =
            emit(textOf(spec), Emit::Fused, Target::native());
        ASSERT_TRUE(text) << text.error().message;
        size_t first = text->find("norm.kernel");
        EXPECT_NE(first, std::string::npos);
        EXPECT_EQ(text->find("norm.kernel", first + 1), std::string::npos)
            << *text;
      }
}

static void expectRefused(const NormSpec &spec, const char *words) {
  Result<Artifact> artifact = compile(spec, Target::native());
  ASSERT_FALSE(artifact) << words;
  EXPECT_EQ(artifact.error().kind, ErrorKind::InvalidSpec);
  EXPECT_HAS(artifact.error().message, words);
}

TEST(QuantizationSpecTest, WrongTypesAreSaid) {
  for (DType type : {DType::BF16, DType::F64, DType::I32})
    expectRefused(quantized({.dtype = type}),
                  "expected y of f8E4M3FN, f8E5M2 or i8 beside its scale, but "
                  "got ");
  expectRefused(quantized({.dtype = DType(77)}),
                "beside its scale, but got 77");
  expectRefused(quantized({.full = true}),
                "expected the full range of i8 only, but got f8E4M3FN");
  expectRefused(quantized({.scaleType = ScaleType(3)}),
                "expected a type of the scale of y, but got the number 3");
  expectRefused(quantized({.scope = ScaleScope::Tensor,
                           .scaleType = ScaleType::PowerOfTwo}),
                "expected the scale of y, an operand, to be f32 or E8M0, but "
                "got a power of two");
  NormSpec spec = quantized({});
  spec.dtype = DType::F64;
  expectRefused(spec, "expected x of f16, bf16, f32 or 8 bits beside a "
                      "quantized y, but got f64");
  spec = quantized({});
  spec.outputDtype = DType::F16;
  expectRefused(spec, "expected an output type beside a quantized y only where "
                      "it matches the unfused one, but got f16");
  spec = quantized({.matchUnfused = true});
  spec.outputDtype = DType::F64;
  expectRefused(spec, "expected an unfused y of f16, bf16 or f32, but got f64");
  spec = rmsNorm({.shape = {4, 64}, .dtype = DType::BF16});
  spec.inputScale.emplace();
  expectRefused(spec, "expected x of f8E4M3FN, f8E5M2 or i8 beside its scale, "
                      "but got bf16");
  spec.dtype = DType::I8;
  spec.scale->dtype = DType::F32;
  spec.inputScale->scaleType = ScaleType::PowerOfTwo;
  expectRefused(spec, "expected the scale of x, an operand, to be f32 or E8M0");
}

TEST(QuantizationSpecTest, WrongScopesAreSaid) {
  expectRefused(quantized({.scope = ScaleScope(9)}),
                "expected a scope of the scale of y, but got the number 9");
  expectRefused(quantized({.scope = ScaleScope::Block, .block = 48}),
                "expected blocks of 32, 64 or 128 elements of y, but got 48");
  NormSpec spec = rmsNorm({.shape = {4, 100}});
  spec.quantization = {.scope = ScaleScope::Block, .block = 32};
  expectRefused(spec,
                "expected blocks of 32 elements of y to divide the extent "
                "of its last axis, but got 100");
  spec = rmsNorm({.shape = {4, 100}, .dtype = DType::I8});
  spec.inputScale = {.scope = ScaleScope::Block, .block = 64};
  expectRefused(spec,
                "expected blocks of 64 elements of x to divide the extent "
                "of its last axis, but got 100");
}

TEST(QuantizationSpecTest, WrongBoundsAreSaid) {
  for (double bound : {0.0, -1.0, 1e300, double(NAN)})
    expectRefused(
        quantized({.upperBound = bound}),
        "expected an upper bound above 0 and finite in f32, but got ");
  for (double smallest : {0.0, 1e-40, 1e38, double(NAN)})
    expectRefused(quantized({.smallestScale = smallest}),
                  "expected a smallest scale from 2^-126 to 2^126, but got ");
  expectRefused(quantized({.scope = ScaleScope::Tensor, .upperBound = 2}),
                "expected no upper bound beside a scale that is given, but got "
                "2");
  expectRefused(quantized({.scope = ScaleScope::Tensor, .smallestScale = 2}),
                "expected no smallest scale beside a scale that is given, but "
                "got 2");
}
