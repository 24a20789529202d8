//===- AgreementTest.cpp - interpreter and compiled code agree ------------===//
//
// Runs the phase form of the structural extremes through the interpreter and
// through compiled code, on the same data; and replays the addresses through
// the cache that the schedules claim.
//
//===----------------------------------------------------------------------===//

#include "tests/interpreter/CacheReplay.h"
#include "tests/interpreter/Interpreter.h"
#include "tests/interpreter/PhaseForm.h"
#include "tests/numerics/Dtype.h"
#include "tests/numerics/Harness.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace normc;
using namespace normc::interpreter;
using namespace normc::numerics;

namespace {

/// A problem's buffers for the interpreter.
struct Interpretation {
  explicit Interpretation(const ExtremeProblem &problem) {
    for (const Values &input : problem.inputs) {
      buffers.emplace_back(input.name, input.dtype, input.tensor.shape);
      buffers.back().fill(input.bits);
    }
    for (const Expected &output : problem.outputs) {
      buffers.emplace_back(output.name, output.dtype, output.exact.shape);
      buffers.back().clear();
    }
  }

  void run(norm::ProgramOp program, AccessSink *sink = nullptr) {
    std::vector<BufferView> views;
    for (Buffer &buffer : buffers)
      views.push_back({buffer.ref().data, buffer.shape(), buffer.strides()});
    llvm::Error error = interpret(program, views, sink);
    if (error)
      ADD_FAILURE() << llvm::toString(std::move(error));
  }

  const Buffer &output(const ExtremeProblem &problem, size_t i) const {
    return buffers[problem.inputs.size() + i];
  }

  std::vector<Buffer> buffers;
};

struct Case {
  Extreme extreme;
  std::vector<int64_t> shape;
  int64_t groups = 1;
};

const Case cases[] = {
    {Extreme::RmsNorm, {5, 257}},
    {Extreme::RmsNorm, {3, 4096}},
    {Extreme::LayerNorm, {4, 1000}},
    {Extreme::Softmax, {7, 127}},
    {Extreme::LayerNormBackward, {300, 65}},
    {Extreme::GroupNorm, {2, 49, 32}, 4},
    {Extreme::GroupNormChannelsFirst, {2, 24, 30}, 3},
    {Extreme::SwitchableNorm, {3, 6, 33}},
    {Extreme::DynamicTanh, {9, 100}},
};

} // namespace

/// Both differ from each other by no more than their two errors may be.
static void expectAgreement(const ExtremeProblem &problem, Flavour flavour) {
  std::string text = textOf(problem, flavour);
  PhaseForm form(text);
  ASSERT_EQ(form.error(), "");
  Interpretation interpreted(problem);
  interpreted.run(form.program());
  const Kernel *kernel = kernelFor(text);
  ASSERT_TRUE(kernel);
  Call call(problem);
  ASSERT_TRUE(call.run(*kernel));
  for (size_t i = 0; i < problem.outputs.size(); ++i) {
    const Expected &expected = problem.outputs[i];
    std::vector<long double> ours = call.buffer(expected.name).read();
    std::vector<long double> theirs = interpreted.output(problem, i).read();
    Comparison judged = judge(problem, expected, theirs);
    EXPECT_EQ(judged.failures, 0) << "interpreted " << expected.name;
    for (size_t k = 0; k < ours.size(); ++k) {
      long double magnitude = expected.magnitude.values[k];
      long double unit = problem.dtype == DType::F64 ? 0x1p-53L : 0x1p-24L;
      long double allowed =
          2 * ulpAt(expected.dtype, ours[k]) + 16 * unit * magnitude;
      ASSERT_LE(std::fabs(ours[k] - theirs[k]), allowed)
          << expected.name << "[" << k << "]";
    }
  }
}

TEST(AgreementTest, CompiledAndInterpretedValues) {
  for (const Case &test : cases)
    for (DType dtype : kAllDtypes)
      for (Flavour flavour : {Flavour::Static, Flavour::Dynamic}) {
        SCOPED_TRACE(std::string(numerics::toString(test.extreme)) + " " +
                     normc::toString(dtype) + " " +
                     numerics::toString(flavour));
        expectAgreement(
            makeProblem(test.extreme, dtype, test.shape, test.groups, 7),
            flavour);
      }
}

/// Misses in the claimed cache, as a multiple of the mandatory bytes.
static double replayRatio(Extreme extreme, DType dtype, int64_t rows,
                          int64_t n) {
  ExtremeProblem problem = makeProblem(extreme, dtype, {rows, n}, 1, 3);
  PhaseForm form(textOf(problem, Flavour::Static));
  if (!form.error().empty()) {
    ADD_FAILURE() << form.error();
    return INFINITY;
  }
  Interpretation interpretation(problem);
  CacheReplay replay;
  interpretation.run(form.program(), &replay);
  return double(replay.getMissBytes()) / double(replay.getMandatoryBytes());
}

TEST(AgreementTest, RmsNormMissesOnlyWhatItMust) {
  for (DType dtype : {DType::F32, DType::BF16})
    for (int64_t n = 256; n <= 16384; n *= 2) {
      double ratio = replayRatio(Extreme::RmsNorm, dtype, 64, n);
      EXPECT_LE(ratio, 1.02) << normc::toString(dtype) << " N = " << n;
    }
}

TEST(AgreementTest, LayerNormBackwardMissesOnlyWhatItMust) {
  // Rows enough for two partial sums, which are no mandatory traffic.
  for (DType dtype : {DType::F32, DType::BF16})
    for (int64_t n : {256, 1024, 4096, 16384}) {
      double ratio = replayRatio(Extreme::LayerNormBackward, dtype, 512, n);
      EXPECT_LE(ratio, 1.02) << normc::toString(dtype) << " N = " << n;
    }
}

// Bit for bit: nothing is summed. Vectors of 8-bit results, and blocks of
// random numbers that lanes share.
TEST(AgreementTest, QuantizedDropout) {
  const std::string text = R"(
func.func @f(%x: tensor<?x?xf32> {norm.name = "x"}, %s: tensor<i64> {norm.name = "seed"})
    -> (tensor<?x?xf8E4M3FN> {norm.name = "y"}) {
  %y = norm.kernel dims(i = ?, j = ?)
      ins(%e = %x by [[i], [j]] : tensor<?x?xf32>, %seed = %s by [] : tensor<i64>)
      outs(by [[i], [j]] : tensor<?x?xf8E4M3FN>) {
    %i = norm.index i
    %j = norm.index j
    %n = norm.extent j
    %r = arith.muli %i, %n : index
    %k = arith.addi %j, %r : index
    %zero = arith.constant 0 : i64
    %w = norm.philox(%seed, %zero, %k) : index
    %threshold = arith.constant 0x1999999a : i32
    %keep = arith.cmpi uge, %w, %threshold : i32
    %none = arith.constant 0.0 : f32
    %v = arith.select %keep, %e, %none : f32
    %q = arith.truncf %v : f32 to f8E4M3FN
    norm.yield %q : f8E4M3FN
  }
  return %y : tensor<?x?xf8E4M3FN>
})";
  PhaseForm form(text);
  const Kernel *kernel = kernelFor(text);
  ASSERT_TRUE(kernel);
  for (int64_t columns : {64, 101}) {
    Buffer x("x", DType::F32, {7, columns}), seed("seed", DType::I64, {}),
        ours("y", DType::F8E4M3FN, {7, columns}),
        theirs("y", DType::F8E4M3FN, {7, columns});
    std::vector<uint64_t> bits;
    Generator generator(4);
    for (int64_t i = 0; i < 7 * columns; ++i)
      bits.push_back(encode(DType::F32, 100 * generator.normal()));
    x.fill(bits);
    seed.fill({0x123456789abcdef});
    ASSERT_TRUE(
        kernel->run({{"x", x.ref()}, {"seed", seed.ref()}, {"y", ours.ref()}}));
    std::vector<uint64_t> compiled = ours.bits();
    std::vector<BufferView> views;
    for (Buffer *buffer : {&x, &seed, &theirs})
      views.push_back({buffer->ref().data, buffer->shape(), {}});
    llvm::Error error = interpret(form.program(), views, nullptr);
    ASSERT_FALSE(error) << llvm::toString(std::move(error));
    EXPECT_EQ(compiled, theirs.bits());
  }
}
