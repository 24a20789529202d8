//===- SpecChecksTest.cpp - what a spec may not be ------------------------===//
//
// The rejections of what is computed along with a norm; SpecTest.cpp has those
// of the norm itself.
//
//===----------------------------------------------------------------------===//

#include "normc/Compiler.h"

#include <gtest/gtest.h>

#include <functional>

using namespace normc;

/// What is said of a LayerNorm of 2x3x8 elements with `change`.
static void expectRefused(const char *words,
                          const std::function<void(NormSpec &)> &change) {
  NormSpec spec = layerNorm({.shape = {2, 3, 8}});
  ASSERT_TRUE(toMlir(spec));
  change(spec);
  Result<Artifact> artifact = compile(spec, Target::native());
  ASSERT_FALSE(artifact) << words;
  EXPECT_EQ(artifact.error().kind, ErrorKind::InvalidSpec);
  EXPECT_NE(artifact.error().message.find(words), std::string::npos)
      << artifact.error().message;
}

TEST(SpecChecksTest, Name) {
  expectRefused("expected a name of the kernel, but got an empty one",
                [](NormSpec &s) { s.name = ""; });
}

TEST(SpecChecksTest, Axes) {
  expectRefused("expected bias axes between 0 and 2, but got 3",
                [](NormSpec &s) { s.bias = Parameter{{3}}; });
  expectRefused("expected each axis once in bias axes, but 2 occurs again",
                [](NormSpec &s) { s.bias = Parameter{{2, 2}}; });
  expectRefused("expected residual gate axes between 0 and 2, but got -1",
                [](NormSpec &s) { s.residual = {.gate = Parameter{{-1}}}; });
  expectRefused("expected second scale axes between 0 and 2, but got 4",
                [](NormSpec &s) { s.second = {.scale = Parameter{{4}}}; });
  expectRefused("expected second shift axes between 0 and 2, but got 4",
                [](NormSpec &s) { s.second = {.shift = Parameter{{4}}}; });
  expectRefused("expected modulation axes between 0 and 2, but got 5",
                [](NormSpec &s) { s.modulation = {.axes = {0, 5}}; });
}

TEST(SpecChecksTest, Modulation) {
  expectRefused("expected a kept axis among modulation axes, but got 2, which "
                "are reduced",
                [](NormSpec &s) { s.modulation = {.axes = {2}}; });
  expectRefused("expected a kept axis among modulation axes, but got none",
                [](NormSpec &s) { s.modulation = Modulation(); });
  expectRefused("expected a modulation to have a scale or a shift, but got "
                "neither",
                [](NormSpec &s) {
                  s.modulation = {
                      .axes = {0}, .hasScale = false, .hasShift = false};
                });
}

TEST(SpecChecksTest, Dropout) {
  expectRefused("expected a dropout probability of at least 0 and below 1, but "
                "got 1",
                [](NormSpec &s) { s.dropout = {.probability = 1}; });
  expectRefused("expected a dropout probability of at least 0 and below 1, but "
                "got -1",
                [](NormSpec &s) { s.dropout = {.probability = -1}; });
  expectRefused("expected a residual where dropout stands before it, but got "
                "none",
                [](NormSpec &s) {
                  s.dropout = {.placement = Dropout::Placement::BeforeResidual};
                });
  expectRefused(
      "expected a dropout placement, but got the number 7",
      [](NormSpec &s) { s.dropout = {.placement = Dropout::Placement(7)}; });
}

TEST(SpecChecksTest, Types) {
  auto expectFloat = [](const char *name,
                        const std::function<void(NormSpec &)> &change) {
    std::string words = std::string("expected ") + name +
                        " to be of f16, bf16, f32 or f64, but got i8";
    expectRefused(words.c_str(), change);
  };
  expectFloat("x", [](NormSpec &s) {
    s.dtype = DType::I8;
    s.gate = Gate();
  });
  expectFloat("y", [](NormSpec &s) {
    s.outputDtype = DType::I8;
    s.gate = Gate();
  });
  expectFloat("bias", [](NormSpec &s) { s.bias = Parameter{{2}, DType::I8}; });
  expectFloat("residual",
              [](NormSpec &s) { s.residual = {.dtype = DType::I8}; });
  expectFloat("the residual's sum",
              [](NormSpec &s) { s.residual = {.sumDtype = DType::I8}; });
  expectFloat("residual gate", [](NormSpec &s) {
    s.residual = {.gate = Parameter{{2}, DType::I8}};
  });
  expectFloat("gate", [](NormSpec &s) { s.gate = {.dtype = DType::I8}; });
  expectFloat("modulation", [](NormSpec &s) {
    s.modulation = {.axes = {0}, .dtype = DType::I8};
  });
  expectFloat("the second output",
              [](NormSpec &s) { s.second = {.dtype = DType::I8}; });
  for (auto change : std::initializer_list<std::function<void(NormSpec &)>>{
           [](NormSpec &s) { s.residual = {.dtype = DType(77)}; },
           [](NormSpec &s) { s.residual = {.sumDtype = DType(77)}; },
           [](NormSpec &s) { s.gate = {.dtype = DType(77)}; },
           [](NormSpec &s) { s.second = {.dtype = DType(77)}; },
           [](NormSpec &s) { s.bias = Parameter{{2}, DType(77)}; }})
    expectRefused("expected an element type, but got the number 77", change);
}

TEST(SpecChecksTest, Enums) {
  expectRefused("expected an activation, but got the number 9",
                [](NormSpec &s) { s.activationBefore = Activation(9); });
  expectRefused("expected an activation, but got the number -1",
                [](NormSpec &s) { s.activationAfter = Activation(-1); });
  expectRefused("expected an activation, but got the number 8",
                [](NormSpec &s) { s.gate = {.activation = Activation(8)}; });
  expectRefused(
      "expected a gate placement, but got the number 2",
      [](NormSpec &s) { s.gate = {.placement = Gate::Placement(2)}; });
}

TEST(SpecChecksTest, Rounding) {
  expectRefused("expected a second scale where there is a scale offset",
                [](NormSpec &s) { s.second = {.scaleOffset = 1}; });
  expectRefused("expected a second scale offset of 0 or 1, but got 2",
                [](NormSpec &s) {
                  s.second = {.scale = Parameter{{2}}, .scaleOffset = 2};
                });
  expectRefused("expected a second scale or a second shift where rounding is "
                "normalized",
                [](NormSpec &s) {
                  s.rounding = Rounding::Normalized;
                  s.second = SecondOutput();
                });
  expectRefused("expected a scale or a shift where rounding is normalized, "
                "but got neither",
                [](NormSpec &s) {
                  s.rounding = Rounding::Normalized;
                  s.scale = s.shift = std::nullopt;
                });
}

TEST(SpecChecksTest, Strides) {
  expectRefused("to be an array of 3 i64, one per axis",
                [](NormSpec &s) { s.residual = {.strides = {1}}; });
  expectRefused("to be an array of 3 i64, one per axis",
                [](NormSpec &s) { s.gate = {.strides = {1}}; });
}
