//===- FusedSpecTest.cpp - specs with neighbours against their meaning ----===//
//
// Every field of Fusion.h in compiled code, alone and together, against the
// model that computes step by step: one kernel each.
//
//===----------------------------------------------------------------------===//

#include "normc/normc.h"
#include "tests/numerics/Dtype.h"
#include "tests/numerics/FusedModel.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

using namespace normc;
using namespace normc::numerics;

namespace {

constexpr uint64_t kSeed = 0x243F6A8885A308D3, kOffset = 0xFFFFFFFF;

/// The buffers of a call, and the operands that the model reads.
class FusedCall {
public:
  FusedCall(const Artifact &artifact, const NormSpec &spec,
            const std::vector<int64_t> &shape, long double scale = 1)
      : inputs{.shape = shape, .seed = kSeed, .offset = kOffset} {
    Generator random(7 + shape.back());
    for (const ArgumentFacts &facts : artifact.arguments) {
      buffers.emplace_back(facts.name, facts.dtype,
                           shapeOf(facts.name, spec, shape));
      if (facts.isOutput) {
        buffers.back().clear();
        continue;
      }
      bool isLarge = facts.name == "x" || facts.name == "residual";
      fill(buffers.back(), random, isLarge ? scale : 1);
    }
  }

  Status run(const Kernel &kernel) const {
    std::vector<NamedTensor> tensors;
    for (const Buffer &buffer : buffers)
      tensors.push_back({buffer.name(), buffer.ref()});
    return kernel.run(tensors);
  }

  const Buffer *find(std::string_view name) const {
    for (const Buffer &buffer : buffers)
      if (buffer.name() == name)
        return &buffer;
    return nullptr;
  }

  FusedInputs inputs;

private:
  static std::vector<int64_t> on(const std::vector<int64_t> &axes,
                                 const std::vector<int64_t> &shape) {
    std::vector<int64_t> extents;
    for (int64_t axis : axes)
      extents.push_back(shape[axis]);
    return extents;
  }

  static std::vector<int64_t> shapeOf(const std::string &name,
                                      const NormSpec &spec,
                                      const std::vector<int64_t> &shape) {
    if (name == "seed" || name == "offset")
      return {};
    if (name == "bias")
      return on(spec.bias->axes, shape);
    if (name == "residual_gate")
      return on(spec.residual->gate->axes, shape);
    if (name == "scale" || name == "shift")
      return on((name == "scale" ? spec.scale : spec.shift)->axes, shape);
    if (name == "scale2" || name == "shift2")
      return on(
          (name == "scale2" ? spec.second->scale : spec.second->shift)->axes,
          shape);
    if (name.starts_with("modulation"))
      return on(spec.modulation->axes, shape);
    return shape;
  }

  void fill(Buffer &buffer, Generator &random, long double scale) {
    std::vector<uint64_t> bits(buffer.elementCount());
    if (buffer.dtype() == DType::I64)
      bits = {buffer.name() == "seed" ? kSeed : kOffset};
    else
      for (uint64_t &each : bits)
        each = encode(buffer.dtype(), scale * (0.25 + random.normal()));
    buffer.fill(bits);
    inputs.tensors[buffer.name()] = buffer.read();
  }

  std::vector<Buffer> buffers;
};

int countKernels(const NormSpec &spec) {
  Result<std::string> text = toMlir(spec);
  if (text)
    text = emit(*text, Emit::Fused, Target::native());
  EXPECT_TRUE(text) << text.error().message;
  int kernels = 0;
  for (size_t at = 0;
       text && (at = text->find("norm.kernel", at)) != std::string::npos; ++at)
    ++kernels;
  return kernels;
}

/// The share of elements that are the model's value, correctly rounded.
/// `slack` is a further error, in units in the last place of the output.
double expectClose(const Buffer &buffer, const MeasuredTensor &expected,
                   long double slack = 0, DType compute = DType::F32) {
  std::vector<long double> got = buffer.read();
  EXPECT_EQ(got.size(), expected.size());
  size_t exact = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    auto [value, magnitude] = expected[i];
    long double bound = (0.5L + slack) * ulpAt(buffer.dtype(), value) +
                        16 * unitRoundoff(compute) * magnitude;
    exact += got[i] == roundTo(buffer.dtype(), value);
    EXPECT_LE(std::abs(got[i] - value), bound)
        << buffer.name() << " at " << i << ": expected " << value
        << ", but got " << got[i];
    if (!(std::abs(got[i] - value) <= bound))
      break;
  }
  return double(exact) / double(got.size());
}

void expectFused(const NormSpec &spec, const std::vector<int64_t> &shape,
                 long double scale = 1) {
  SCOPED_TRACE(std::string(toString(spec.dtype)) + " x of " +
               std::to_string(shape.back()) +
               (spec.shape[1] == kDynamic ? ", dynamic" : ""));
  Result<Kernel> kernel = jit(spec);
  ASSERT_TRUE(kernel) << kernel.error().message;
  FusedCall call(kernel->artifact(), spec, shape, scale);
  Status status = call.run(*kernel);
  ASSERT_TRUE(status) << status.error().message;
  FusedResults expected = evaluateFused(spec, call.inputs);
  // Where x-hat is rounded, an error may carry it past the middle of two.
  bool isRounded = spec.rounding == Rounding::Normalized;
  long double slack = isRounded ? 4 : 0;
  double share = expectClose(*call.find("y"), expected.y, slack);
  if (call.find("y")->dtype() != DType::F32)
    EXPECT_GE(share, 0.99);
  if (const Buffer *y2 = call.find("y2")) {
    double share2 = expectClose(*y2, expected.y2, slack);
    if (y2->dtype() != DType::F32)
      EXPECT_GE(share2, 0.99);
  }
  if (const Buffer *sum = call.find("residual_out")) {
    EXPECT_EQ(sum->read(), expected.sum);
  }
}

using Change = std::function<void(NormSpec &)>;

/// LayerNorm and RMSNorm with `change`, of both element types, static and
/// dynamic, in vectors and with tails: right, and in one kernel.
void expectRight(const Change &change) {
  for (DType dtype : {DType::F32, DType::BF16})
    for (int64_t depth : {16, 37, 1000})
      for (bool isDynamic : {false, true}) {
        RowNormOptions options{.shape = {3, 5, depth}, .dtype = dtype};
        if (isDynamic)
          options.shape = {kDynamic, kDynamic, depth == 37 ? kDynamic : depth};
        NormSpec spec = depth == 16 ? rmsNorm(options) : layerNorm(options);
        change(spec);
        expectFused(spec, {3, 5, depth});
        EXPECT_EQ(countKernels(spec), 1);
      }
}

} // namespace

TEST(FusedSpecTest, Residual) {
  expectRight([](NormSpec &s) { s.residual = {.emitSum = true}; });
  expectRight([](NormSpec &s) { s.residual = Residual(); });
  expectRight([](NormSpec &s) {
    s.residual = {.rounded = true, .emitSum = true, .sumDtype = DType::BF16};
  });
  expectRight(
      [](NormSpec &s) { s.residual = {.dtype = DType::F32, .emitSum = true}; });
  expectRight([](NormSpec &s) {
    s.residual = {.dtype = DType::F32, .emitSum = true, .sumDtype = DType::F16};
  });
}

// An f64 x is normalized in f64, whatever the sum is stored as.
TEST(FusedSpecTest, ARoundedSumOfF64) {
  for (DType sum : {DType::F32, DType::BF16}) {
    NormSpec spec = layerNorm({.shape = {3, 5, 37}, .dtype = DType::F64});
    spec.residual = {.dtype = sum, .rounded = true, .emitSum = true};
    Result<Kernel> kernel = jit(spec);
    ASSERT_TRUE(kernel) << kernel.error().message;
    FusedCall call(kernel->artifact(), spec, {3, 5, 37}, 1);
    Status status = call.run(*kernel);
    ASSERT_TRUE(status) << status.error().message;
    FusedResults expected = evaluateFused(spec, call.inputs);
    expectClose(*call.find("y"), expected.y, 0, DType::F64);
    EXPECT_EQ(call.find("residual_out")->read(), expected.sum);
  }
}

TEST(FusedSpecTest, BiasAndGateOfTheResidual) {
  expectRight([](NormSpec &s) { s.bias = Parameter{{2}}; });
  expectRight([](NormSpec &s) {
    s.bias = Parameter{{0, 2}, DType::F32};
    s.residual = {.emitSum = true, .gate = Parameter{{0, 2}}};
  });
}

TEST(FusedSpecTest, Activations) {
  for (Activation activation :
       {Activation::Relu, Activation::Gelu, Activation::GeluTanh,
        Activation::Silu, Activation::Sigmoid, Activation::Tanh}) {
    expectRight([=](NormSpec &s) { s.activationAfter = activation; });
    expectRight([=](NormSpec &s) { s.activationBefore = activation; });
  }
}

TEST(FusedSpecTest, Gates) {
  expectRight([](NormSpec &s) { s.gate = Gate(); });
  expectRight([](NormSpec &s) {
    s.gate = {.activation = Activation::None, .dtype = DType::F32};
  });
  expectRight([](NormSpec &s) {
    s.gate = {.placement = Gate::Placement::Before};
    s.activationBefore = Activation::Tanh;
  });
}

TEST(FusedSpecTest, GateBeforeGroups) {
  for (int64_t depth : {64, 96})
    for (bool isDynamic : {false, true}) {
      NormSpec spec = rmsNorm(
          {.shape = {isDynamic ? kDynamic : 3, 5, isDynamic ? kDynamic : depth},
           .dtype = DType::BF16});
      spec.groups = 8;
      spec.groupAxis = 2;
      spec.gate = {.placement = Gate::Placement::Before};
      expectFused(spec, {3, 5, depth});
      EXPECT_EQ(countKernels(spec), 1);
    }
}

TEST(FusedSpecTest, Modulation) {
  expectRight([](NormSpec &s) { s.modulation = {.axes = {0, 2}}; });
  expectRight([](NormSpec &s) {
    s.modulation = {.axes = {0, 2}, .dtype = DType::F32, .hasShift = false};
    s.scaleOffset = 1;
  });
  expectRight(
      [](NormSpec &s) { s.modulation = {.axes = {0}, .hasScale = false}; });
}

TEST(FusedSpecTest, AdaptiveLayerNormZero) {
  for (DType dtype : {DType::F32, DType::BF16}) {
    NormSpec spec = adaptiveLayerNormZero(
        {.shape = {kDynamic, kDynamic, 72}, .dtype = dtype});
    expectFused(spec, {3, 5, 72});
    EXPECT_EQ(countKernels(spec), 1);
  }
}

TEST(FusedSpecTest, Dropout) {
  expectRight([](NormSpec &s) { s.dropout = {.probability = 0.3}; });
  expectRight([](NormSpec &s) {
    s.dropout = {.probability = 0.1,
                 .placement = Dropout::Placement::BeforeResidual};
    s.residual = {.emitSum = true};
    s.bias = Parameter{{2}};
  });
}

TEST(FusedSpecTest, SecondOutput) {
  expectRight([](NormSpec &s) {
    s.second = {.scale = Parameter{{2}}, .shift = Parameter{{2}}};
    s.residual = {.emitSum = true};
  });
  expectRight([](NormSpec &s) {
    s.second = {.scale = Parameter{{2}}, .scaleOffset = 1, .dtype = DType::F32};
    s.activationAfter = Activation::Silu;
  });
}

TEST(FusedSpecTest, OutputCast) {
  expectRight([](NormSpec &s) {
    s.outputDtype = DType::F16;
    s.gate = Gate();
  });
}

// x-hat rounds to x's type, though the norm is given the sum in f32.
TEST(FusedSpecTest, RoundingOrder) {
  expectRight([](NormSpec &s) {
    s.rounding = Rounding::Normalized;
    s.residual = {.emitSum = true};
    s.second = {.scale = Parameter{{2}}, .scaleOffset = 1};
  });
  expectRight([](NormSpec &s) {
    s.rounding = Rounding::Normalized;
    s.residual = {.rounded = true};
  });
}

// Rounding only at the end is something else, by the same measure.
TEST(FusedSpecTest, RoundingOrderShows) {
  NormSpec spec = rmsNorm({.shape = {3, 5, 1000}, .dtype = DType::BF16});
  spec.residual = Residual();
  spec.rounding = Rounding::Normalized;
  Result<Kernel> kernel = jit(spec);
  ASSERT_TRUE(kernel);
  FusedCall call(kernel->artifact(), spec, {3, 5, 1000});
  ASSERT_TRUE(call.run(*kernel));
  spec.rounding = Rounding::Once;
  FusedResults once = evaluateFused(spec, call.inputs);
  EXPECT_LT(expectClose(*call.find("y"), once.y, 4), 0.9);
}

// Squares of bf16 leave the range of f32; so do those of their sums, which are
// f32 themselves.
TEST(FusedSpecTest, LargeSums) {
  for (bool isCentred : {false, true}) {
    RowNormOptions options{.shape = {3, 5, 100}, .dtype = DType::BF16};
    NormSpec spec = isCentred ? layerNorm(options) : rmsNorm(options);
    spec.residual = {.emitSum = true};
    expectFused(spec, {3, 5, 100}, 1e30L);
    spec.bias = Parameter{{2}};
    expectFused(spec, {3, 5, 100}, 1e30L);
  }
}

TEST(FusedSpecTest, AllTogether) {
  expectRight([](NormSpec &s) {
    s.bias = Parameter{{2}};
    s.residual = {
        .dtype = DType::F32, .emitSum = true, .gate = Parameter{{0, 2}}};
    s.dropout = {.probability = 0.25,
                 .placement = Dropout::Placement::BeforeResidual};
    s.activationBefore = Activation::Tanh;
    s.modulation = {.axes = {0, 2}};
    s.activationAfter = Activation::Gelu;
    s.gate = {.dtype = DType::F32};
    s.second = {.scale = Parameter{{2}}};
    s.outputDtype = DType::F32;
  });
}

// The residual's buffer takes the sum, as decoders do it.
TEST(FusedSpecTest, SumInPlace) {
  for (DType dtype : {DType::F32, DType::BF16}) {
    NormSpec spec = rmsNorm({.shape = {kDynamic, 5, 1000}, .dtype = dtype});
    spec.residual = {.emitSum = true};
    Result<Kernel> kernel = jit(spec);
    ASSERT_TRUE(kernel);
    FusedCall call(kernel->artifact(), spec, {3, 5, 1000});
    FusedResults expected = evaluateFused(spec, call.inputs);
    const Buffer &residual = *call.find("residual");
    Status status = kernel->run({{"x", call.find("x")->ref()},
                                 {"residual", residual.ref()},
                                 {"scale", call.find("scale")->ref()},
                                 {"y", call.find("y")->ref()},
                                 {"residual_out", residual.ref()}});
    ASSERT_TRUE(status) << status.error().message;
    EXPECT_EQ(residual.read(), expected.sum);
    expectClose(*call.find("y"), expected.y);
  }
}

TEST(FusedSpecTest, WrongShapesAreRefusedAtTheCall) {
  NormSpec spec = rmsNorm({.shape = {kDynamic, 5, 64}});
  spec.residual = {.emitSum = true};
  spec.gate = Gate();
  Result<Kernel> kernel = jit(spec);
  ASSERT_TRUE(kernel);
  FusedCall call(kernel->artifact(), spec, {3, 5, 64});
  for (const char *name : {"residual", "gate", "residual_out"}) {
    Buffer wrong(name, DType::F32, {4, 5, 64});
    wrong.clear();
    std::vector<NamedTensor> tensors;
    for (const ArgumentFacts &facts : kernel->artifact().arguments) {
      bool isWrong = facts.name == name;
      tensors.push_back(
          {facts.name, isWrong ? wrong.ref() : call.find(facts.name)->ref()});
    }
    Status status = kernel->run(tensors);
    ASSERT_FALSE(status);
    EXPECT_NE(status.error().message.find(name), std::string::npos)
        << status.error().message;
  }
}
