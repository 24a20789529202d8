//===- QuantizedAgreementTest.cpp - 8 bits, interpreted and compiled ------===//
//
// Specs whose x or y has 8 bits, by the interpreter and by compiled code. Sums
// are of small integers, and so exact: both give the same bits.
//
//===----------------------------------------------------------------------===//

#include "normc/Compiler.h"
#include "normc/Presets.h"
#include "tests/interpreter/Interpreter.h"
#include "tests/interpreter/PhaseForm.h"
#include "tests/numerics/Dtype.h"
#include "tests/numerics/Harness.h"

#include <gtest/gtest.h>

using namespace normc;
using namespace normc::interpreter;
using namespace normc::numerics;

static constexpr int64_t kRows = 7, kColumns = 192;

static void expectSameBits(const NormSpec &spec, std::vector<Buffer> inputs,
                           std::vector<Buffer> outputs) {
  Result<std::string> text = toMlir(spec);
  ASSERT_TRUE(text) << text.error().message;
  SCOPED_TRACE(*text);
  const Kernel *kernel = kernelFor(*text);
  ASSERT_TRUE(kernel);
  std::vector<NamedTensor> named;
  std::vector<BufferView> views;
  for (auto *list : {&inputs, &outputs})
    for (Buffer &buffer : *list) {
      if (list == &outputs)
        buffer.clear();
      named.push_back({buffer.name(), buffer.ref()});
      views.push_back({buffer.ref().data, buffer.shape(), buffer.strides()});
    }
  Status status = kernel->run(std::span<const NamedTensor>(named));
  ASSERT_TRUE(status) << status.error().message;
  std::vector<std::vector<uint64_t>> compiled;
  for (Buffer &output : outputs) {
    compiled.push_back(output.bits());
    output.clear();
  }
  PhaseForm form(*text);
  ASSERT_EQ(form.error(), "");
  llvm::Error error = interpret(form.program(), views);
  ASSERT_FALSE(error) << llvm::toString(std::move(error));
  for (auto [output, bits] : llvm::zip_equal(outputs, compiled))
    EXPECT_EQ(output.bits(), bits) << output.name();
}

static Buffer integers(const char *name, DType type,
                       std::vector<int64_t> shape) {
  Buffer buffer(name, type, std::move(shape));
  Generator generator(5);
  std::vector<uint64_t> bits;
  for (int64_t i = 0; i < buffer.elementCount(); ++i)
    bits.push_back(encode(type, int64_t(generator.next() % 31) - 15));
  buffer.fill(bits);
  return buffer;
}

TEST(QuantizedAgreementTest, Outputs) {
  for (DType dtype : {DType::F8E4M3FN, DType::F8E5M2, DType::I8})
    for (ScaleScope scope : {ScaleScope::Row, ScaleScope::Block})
      for (ScaleType type : {ScaleType::F32, ScaleType::E8M0})
        for (bool matches : {false, true}) {
          NormSpec spec =
              rmsNorm({.shape = {kDynamic, kColumns}, .dtype = DType::BF16});
          spec.quantization = {.dtype = dtype,
                               .scope = scope,
                               .scaleType = type,
                               .matchUnfused = matches};
          std::vector<int64_t> scales = {kRows};
          if (scope == ScaleScope::Block)
            scales.push_back(kColumns / 64);
          DType stored = type == ScaleType::F32 ? DType::F32 : DType::I8;
          expectSameBits(
              spec,
              {integers("x", DType::BF16, {kRows, kColumns}),
               integers("scale", DType::BF16, {kColumns})},
              {{"y", dtype, {kRows, kColumns}}, {"y_scale", stored, scales}});
        }
}

TEST(QuantizedAgreementTest, InputsAndStaticScales) {
  for (DType dtype : {DType::F8E4M3FN, DType::F8E5M2, DType::I8})
    for (ScaleType type : {ScaleType::F32, ScaleType::E8M0}) {
      NormSpec spec = rmsNorm({.shape = {kDynamic, kColumns}, .dtype = dtype});
      spec.inputScale = {.scope = ScaleScope::Row, .scaleType = type};
      spec.quantization = {
          .dtype = dtype, .scope = ScaleScope::Tensor, .scaleType = type};
      Buffer xScale("x_scale", type == ScaleType::F32 ? DType::F32 : DType::I8,
                    {kRows}),
          yScale("y_scale", xScale.dtype(), {});
      uint64_t half = type == ScaleType::F32 ? 0x3f000000 : 126;
      xScale.fill(std::vector<uint64_t>(kRows, half));
      yScale.fill({half});
      expectSameBits(spec,
                     {integers("x", dtype, {kRows, kColumns}), xScale,
                      integers("scale", DType::F32, {kColumns}), yScale},
                     {{"y", dtype, {kRows, kColumns}}});
    }
}
