//===- CallTest.cpp - good and bad calls of compiled kernels --------------===//
//
// What a compiled kernel's facts refuse, by the words of the refusal, and that
// a refused call writes nothing; and that threads don't change bits.
//
//===----------------------------------------------------------------------===//

#include "tests/numerics/Harness.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace normc;
using namespace normc::numerics;

namespace {

using Arguments = std::vector<NamedTensor>;

TensorRef &tensorOf(Arguments &arguments, std::string_view name) {
  return std::find_if(arguments.begin(), arguments.end(),
                      [&](NamedTensor &each) { return each.name == name; })
      ->tensor;
}

class BadCallTest : public testing::Test {
protected:
  /// Expects a call of `problem`'s kernel with changed arguments to be refused
  /// in these words, with no byte written.
  void expectRefused(const ExtremeProblem &problem, const std::string &text,
                     const std::string &words,
                     const std::function<void(Arguments &)> &change) {
    SCOPED_TRACE(words);
    const Kernel *kernel = kernelFor(text);
    if (!kernel)
      return;
    Call call(problem);
    Arguments arguments = call.arguments();
    change(arguments);
    Status status = kernel->run(std::span<const NamedTensor>(arguments));
    ASSERT_FALSE(status) << "the call was accepted";
    EXPECT_EQ(status.error().kind, ErrorKind::InvalidArgument);
    EXPECT_NE(status.error().message.find(words), std::string::npos)
        << status.error().message;
    for (const Expected &output : problem.outputs)
      EXPECT_TRUE(call.buffer(output.name).isUnchanged()) << output.name;
    for (const Values &input : problem.inputs)
      EXPECT_TRUE(call.buffer(input.name).isUnchanged()) << input.name;
  }

  void expectRefused(const std::string &words,
                     const std::function<void(Arguments &)> &change) {
    expectRefused(rows, textOf(rows, Flavour::Inner), words, change);
  }

  ExtremeProblem rows =
      makeProblem(Extreme::RmsNorm, DType::F32, {5, 257}, 1, 3);
  ExtremeProblem backward =
      makeProblem(Extreme::LayerNormBackward, DType::BF16, {5, 257}, 1, 3);
};

} // namespace

TEST_F(BadCallTest, NullPointers) {
  for (std::string name : {"x", "scale", "y"})
    expectRefused("argument '" + name +
                      "': expected a buffer, but got a null pointer",
                  [&](Arguments &arguments) {
                    tensorOf(arguments, name).data = nullptr;
                  });
}

TEST_F(BadCallTest, WrongExtents) {
  expectRefused(
      "argument 'x': expected extent 257 along axis 1, but got 256",
      [](Arguments &arguments) { tensorOf(arguments, "x").shape[1] = 256; });
  expectRefused(
      "argument 'scale': expected extent 257 along axis 0, but got 1",
      [](Arguments &arguments) { tensorOf(arguments, "scale").shape[0] = 1; });
  expectRefused(
      "argument 'y': expected extent 5 along axis 0, but got 4",
      [](Arguments &arguments) { tensorOf(arguments, "y").shape[0] = 4; });
  expectRefused("argument 'y': expected rank 2, but got 1",
                [](Arguments &arguments) {
                  TensorRef &y = tensorOf(arguments, "y");
                  y.shape = {5};
                  y.strides = {257};
                });
}

TEST_F(BadCallTest, WrongStrides) {
  expectRefused(
      "argument 'x': expected stride 257 along axis 0, but got 256",
      [](Arguments &arguments) { tensorOf(arguments, "x").strides[0] = 256; });
  expectRefused(
      "argument 'y': expected stride 1 along axis 1, but got 2",
      [](Arguments &arguments) { tensorOf(arguments, "y").strides[1] = 2; });
  expectRefused(
      rows, textOf(rows, Flavour::Inner, {kAny, 1}, {kAny, 1}),
      "argument 'y': expected a stride other than 0 along axis 0 of "
      "an output",
      [](Arguments &arguments) { tensorOf(arguments, "y").strides[0] = 0; });
}

TEST_F(BadCallTest, WrongTypes) {
  expectRefused("argument 'x': expected element type f32, but got f16",
                [](Arguments &arguments) {
                  tensorOf(arguments, "x").dtype = DType::F16;
                });
  expectRefused(
      "argument 'y': expected a writable buffer",
      [](Arguments &arguments) { tensorOf(arguments, "y").readOnly = true; });
}

TEST_F(BadCallTest, WrongNames) {
  expectRefused("'gamma'",
                [](Arguments &arguments) { arguments[1].name = "gamma"; });
  expectRefused("'scale'", [](Arguments &arguments) {
    arguments.erase(arguments.begin() + 1);
  });
  expectRefused(
      "'x'", [](Arguments &arguments) { arguments.push_back(arguments[0]); });
}

TEST_F(BadCallTest, Overlap) {
  expectRefused("argument 'y': expected memory apart from argument 'x' or "
                "exactly its address, shape and strides, but got memory that "
                "overlaps it",
                [](Arguments &arguments) {
                  TensorRef &y = tensorOf(arguments, "y");
                  y.data =
                      static_cast<float *>(tensorOf(arguments, "x").data) + 1;
                });
  expectRefused("argument 'y': expected memory apart from argument 'scale'",
                [](Arguments &arguments) {
                  tensorOf(arguments, "y").data =
                      tensorOf(arguments, "scale").data;
                });
  expectRefused(backward, textOf(backward, Flavour::Inner),
                "argument 'dbeta': expected memory apart from argument "
                "'dgamma'",
                [](Arguments &arguments) {
                  tensorOf(arguments, "dbeta").data =
                      tensorOf(arguments, "dgamma").data;
                });
}

TEST_F(BadCallTest, NothingToReduce) {
  ExtremeProblem empty =
      makeProblem(Extreme::RmsNorm, DType::F32, {5, 0}, 1, 3);
  expectRefused(empty, textOf(empty, Flavour::Dynamic),
                "expected an extent of at least 1 along axis 1, which a "
                "statistic is taken over, but got 0",
                [](Arguments &) {});
}

TEST_F(BadCallTest, GroupsThatDontDivide) {
  ExtremeProblem groups =
      makeProblem(Extreme::GroupNorm, DType::F32, {2, 5, 8}, 4, 3);
  expectRefused(groups, textOf(groups, Flavour::Dynamic),
                "to be divisible by 4, but got 6", [](Arguments &arguments) {
                  for (std::string name : {"x", "y"}) {
                    TensorRef &tensor = tensorOf(arguments, name);
                    tensor.shape[2] = 6;
                    tensor.strides = TensorRef::rowMajorStrides(tensor.shape);
                  }
                  for (std::string name : {"scale", "shift"})
                    tensorOf(arguments, name).shape[0] = 6;
                });
}

TEST(ExecutorTest, ThreadsDontChangeBits) {
  for (Extreme extreme : {Extreme::RmsNorm, Extreme::Softmax,
                          Extreme::LayerNormBackward, Extreme::GroupNorm})
    for (DType dtype : {DType::F32, DType::BF16}) {
      SCOPED_TRACE(std::string(toString(extreme)) + " " + toString(dtype));
      bool isRows = extreme != Extreme::GroupNorm;
      ExtremeProblem problem =
          makeProblem(extreme, dtype,
                      isRows ? std::vector<int64_t>{1037, 300}
                             : std::vector<int64_t>{5, 123, 64},
                      8, 9);
      const Kernel *kernel = kernelFor(textOf(problem, Flavour::Dynamic));
      if (!kernel)
        continue;
      Call call(problem);
      if (!call.run(*kernel))
        continue;
      OutputBits serial = call.outputBits();
      call.expectSameBitsByThreads(*kernel);
      if (call.run(*kernel, defaultExecutor())) {
        EXPECT_TRUE(call.outputBits() == serial) << "default executor";
      }
    }
}

TEST(ExecutorTest, OneKernelServesManyCallersAtOnce) {
  ExtremeProblem problem =
      makeProblem(Extreme::LayerNormBackward, DType::F32, {600, 257}, 1, 13);
  const Kernel *kernel = kernelFor(textOf(problem, Flavour::Dynamic));
  ASSERT_TRUE(kernel);
  Call reference(problem);
  ASSERT_TRUE(reference.run(*kernel));
  const OutputBits expected = reference.outputBits();
  constexpr int callers = 32;
  std::vector<Call> calls;
  for (int caller = 0; caller < callers; ++caller)
    calls.emplace_back(problem); // With buffers of its own.
  std::vector<char> succeeded(callers, true);
  std::vector<std::thread> threads;
  for (int caller = 0; caller < callers; ++caller) {
    threads.emplace_back([&, caller] {
      for (int i = 0; i < 5; ++i)
        succeeded[caller] &=
            bool(calls[caller].tryRun(*kernel, defaultExecutor()));
    });
  }
  for (std::thread &thread : threads)
    thread.join();
  for (int caller = 0; caller < callers; ++caller) {
    EXPECT_TRUE(succeeded[caller]) << "caller " << caller;
    EXPECT_TRUE(calls[caller].outputBits() == expected) << "caller " << caller;
  }
}
