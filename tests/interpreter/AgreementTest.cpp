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
