//===- LayoutTest.cpp - strides, guard pages and shared buffers -----------===//
//
// The same results from any layout: padded, interleaved, transposed, reversed
// and broadcast rows, channels first as strides, tensors that end where memory
// ends, and outputs in the place of inputs.
//
//===----------------------------------------------------------------------===//

#include "tests/numerics/Harness.h"

#include <memory>
#include <string>
#include <tuple>
#include <vector>

using namespace normc;
using namespace normc::numerics;

namespace {

using Strides = std::vector<int64_t>;
using Parameters = std::tuple<Extreme, DType>;

const Extreme kRowExtremes[] = {
    Extreme::RmsNorm, Extreme::LayerNorm,         Extreme::Softmax,
    Extreme::L2Norm,  Extreme::LayerNormBackward, Extreme::DynamicTanh};

std::string nameOf(const testing::TestParamInfo<Parameters> &info) {
  auto [extreme, dtype] = info.param;
  return std::string(toString(extreme)) + "_" + toString(dtype);
}

/// Runs `kernel` on every pair of strides, and expects the bits of the first.
void expectSameBits(const ExtremeProblem &problem, const Kernel &kernel,
                    const std::vector<std::pair<Strides, Strides>> &layouts) {
  OutputBits first;
  std::unique_ptr<Executor> twoThreads = makeThreadExecutor(2);
  for (const auto &[inputs, outputs] : layouts) {
    SCOPED_TRACE("input strides " + testing::PrintToString(inputs) +
                 ", output strides " + testing::PrintToString(outputs));
    Call call(problem, {.inputs = {.strides = inputs, .offset = 1},
                        .outputs = {.strides = outputs, .offset = 3}});
    if (!call.run(kernel, *twoThreads))
      return;
    if (first.empty()) {
      call.expectWithinBounds();
      first = call.outputBits();
    }
    EXPECT_TRUE(call.outputBits() == first) << "other bits than at first";
  }
}

class RowLayoutTest : public testing::TestWithParam<Parameters> {
protected:
  ExtremeProblem makeRows(int64_t rows, int64_t n) const {
    auto [extreme, dtype] = GetParam();
    return makeProblem(extreme, dtype, {rows, n}, 1, uint64_t(rows * n));
  }
};

} // namespace

TEST_P(RowLayoutTest, RowsMayBePadded) {
  for (Strides shape : {Strides{3, 7}, Strides{70, 257}}) {
    int64_t n = shape[1];
    ExtremeProblem problem = makeRows(shape[0], n);
    for (Flavour flavour : {Flavour::Inner, Flavour::Dynamic})
      if (const Kernel *kernel =
              kernelFor(textOf(problem, flavour, {kAny, 1}, {kAny, 1})))
        expectSameBits(problem, *kernel,
                       {{{n, 1}, {n, 1}},
                        {{n + 5, 1}, {n + 1, 1}},
                        {{n, 1}, {n + 64, 1}},
                        {{-n, 1}, {-n - 3, 1}}});
    if (const Kernel *kernel =
            kernelFor(textOf(problem, Flavour::Inner, {n + 9, 1}, {n + 2, 1})))
      expectSameBits(problem, *kernel, {{{n + 9, 1}, {n + 2, 1}}});
  }
}

TEST_P(RowLayoutTest, ElementsMayBeApart) {
  for (Strides shape : {Strides{3, 7}, Strides{70, 257}}) {
    int64_t rows = shape[0], n = shape[1];
    ExtremeProblem problem = makeRows(rows, n);
    for (Flavour flavour : {Flavour::Static, Flavour::Inner, Flavour::Dynamic})
      if (const Kernel *kernel =
              kernelFor(textOf(problem, flavour, {kAny, kAny}, {kAny, kAny})))
        expectSameBits(problem, *kernel,
                       {{{n, 1}, {n, 1}},
                        {{3 * n + 2, 3}, {2 * n, 2}},
                        {{1, rows}, {n, 1}},
                        {{1, rows + 1}, {1, rows + 3}},
                        {{n, -1}, {-2 * n - 1, -2}}});
    if (const Kernel *kernel =
            kernelFor(textOf(problem, Flavour::Static, {1, rows}, {1, rows})))
      expectSameBits(problem, *kernel, {{{1, rows}, {1, rows}}});
  }
}

TEST_P(RowLayoutTest, InputRowsMayBeBroadcast) {
  ExtremeProblem problem = makeRows(5, 257);
  for (const char *name : {"x", "dy"}) {
    if (std::string(name) == "dy" &&
        problem.extreme != Extreme::LayerNormBackward)
      continue;
    std::vector<long double> &values = problem.input(name).tensor.values;
    for (size_t i = 257; i < values.size(); ++i)
      values[i] = values[i - 257];
  }
  solve(problem);
  if (const Kernel *kernel =
          kernelFor(textOf(problem, Flavour::Inner, {kAny, 1}, {kAny, 1})))
    expectSameBits(problem, *kernel,
                   {{{257, 1}, {257, 1}}, {{0, 1}, {300, 1}}});
}

TEST_P(RowLayoutTest, NothingBeyondTheEndIsTouched) {
  for (Strides shape : {Strides{3, 7}, Strides{5, 257}, Strides{2, 4095}}) {
    ExtremeProblem problem = makeRows(shape[0], shape[1]);
    Layout atEnd{.endsAtGuardPage = true};
    for (Flavour flavour : {Flavour::Inner, Flavour::Dynamic})
      if (const Kernel *kernel = kernelFor(textOf(problem, flavour))) {
        Call call(problem, {atEnd, atEnd, atEnd});
        if (call.run(*kernel))
          call.expectWithinBounds();
      }
  }
}

INSTANTIATE_TEST_SUITE_P(Numerics, RowLayoutTest,
                         testing::Combine(testing::ValuesIn(kRowExtremes),
                                          testing::ValuesIn(kAllDtypes)),
                         nameOf);

namespace {

class ChannelLayoutTest : public testing::TestWithParam<Parameters> {};

/// [samples, channels, positions] as strides of a shape in `extreme`'s order.
Strides channelsFirst(Extreme extreme, const Strides &shape, int64_t padding) {
  bool isLast = extreme == Extreme::GroupNorm;
  int64_t positions = shape[isLast ? 1 : 2] + padding;
  int64_t sample = positions * shape[isLast ? 2 : 1];
  return isLast ? Strides{sample, 1, positions} : Strides{sample, positions, 1};
}
Strides channelsLast(Extreme extreme, const Strides &shape, int64_t padding) {
  bool isLast = extreme == Extreme::GroupNorm;
  int64_t channels = shape[isLast ? 2 : 1] + padding;
  int64_t sample = channels * shape[isLast ? 1 : 2];
  return isLast ? Strides{sample, channels, 1} : Strides{sample, 1, channels};
}

} // namespace

TEST_P(ChannelLayoutTest, ChannelsMayBeFirstOrLast) {
  auto [extreme, dtype] = GetParam();
  bool isLast = extreme == Extreme::GroupNorm;
  Strides shape = isLast ? Strides{3, 37, 24} : Strides{3, 24, 37};
  ExtremeProblem problem = makeProblem(extreme, dtype, shape, 4, 11);
  Strides first = channelsFirst(extreme, shape, 0),
          last = channelsLast(extreme, shape, 0);
  // Strides known at compile time.
  for (const auto &[inputs, outputs] :
       {std::pair{first, first}, {last, last}, {first, last}, {last, first}})
    if (const Kernel *kernel =
            kernelFor(textOf(problem, Flavour::Static, inputs, outputs)))
      expectSameBits(problem, *kernel, {{inputs, outputs}});
  // Strides given at the call, the innermost known or not.
  Strides anyLast = isLast ? Strides{kAny, kAny, 1} : Strides{kAny, 1, kAny};
  Strides anyFirst = isLast ? Strides{kAny, 1, kAny} : Strides{kAny, kAny, 1};
  Strides any = {kAny, kAny, kAny};
  for (Flavour flavour : {Flavour::Static, Flavour::Inner, Flavour::Dynamic}) {
    if (const Kernel *kernel =
            kernelFor(textOf(problem, flavour, anyLast, anyLast)))
      expectSameBits(problem, *kernel,
                     {{last, last}, {channelsLast(extreme, shape, 3), last}});
    if (const Kernel *kernel =
            kernelFor(textOf(problem, flavour, anyFirst, anyFirst)))
      expectSameBits(
          problem, *kernel,
          {{first, first}, {channelsFirst(extreme, shape, 3), first}});
    if (const Kernel *kernel = kernelFor(textOf(problem, flavour, any, any)))
      expectSameBits(problem, *kernel,
                     {{last, last}, {first, last}, {last, first}});
  }
}

INSTANTIATE_TEST_SUITE_P(
    Numerics, ChannelLayoutTest,
    testing::Combine(testing::Values(Extreme::GroupNorm,
                                     Extreme::GroupNormChannelsFirst,
                                     Extreme::SwitchableNorm),
                     testing::ValuesIn(kAllDtypes)),
    nameOf);

TEST(InPlaceTest, RmsNormMayWriteOverItsInput) {
  for (DType dtype : kAllDtypes)
    for (Strides shape : {Strides{3, 7}, Strides{70, 4095}, Strides{1, 65539}})
      for (Flavour flavour : {Flavour::Inner, Flavour::Dynamic}) {
        SCOPED_TRACE(std::string(toString(dtype)) + " " + toString(flavour) +
                     testing::PrintToString(shape));
        ExtremeProblem problem =
            makeProblem(Extreme::RmsNorm, dtype, shape, 1, 5);
        const Kernel *kernel = kernelFor(textOf(problem, flavour));
        if (!kernel)
          continue;
        Call apart(problem), shared(problem);
        if (!apart.run(*kernel))
          continue;
        TensorRef x = shared.buffer("x").ref();
        Status status = kernel->run(
            {{"x", x}, {"scale", shared.buffer("scale").ref()}, {"y", x}});
        ASSERT_TRUE(status) << status.error().message;
        EXPECT_TRUE(shared.buffer("x").bits() == apart.buffer("y").bits());
        EXPECT_TRUE(shared.buffer("x").areGapsUnchanged());
      }
}
