//===- FamilyTest.cpp - every preset against the oracle -------------------===//
//
// Every named norm, for every element type, arrangement and flavour, over a
// grid of group sizes: 1, primes, powers of two and their neighbours. Each case
// runs on few and on no samples, aligned and not, on one thread and on two, and
// in place where the kernel says that it may.
//
//===----------------------------------------------------------------------===//

#include "tests/numerics/Family.h"
#include "tests/numerics/Dtype.h"
#include "tests/numerics/Harness.h"

#include <tuple>

using namespace normc;
using namespace normc::numerics;

namespace {

using Parameters = std::tuple<size_t, DType, int64_t, Arrangement, Flavour>;

/// Strides of a tensor whose axes lie in reverse order, two elements apart and
/// with gaps between them.
std::vector<int64_t> reversedStrides(const std::vector<int64_t> &shape) {
  std::vector<int64_t> strides;
  int64_t step = 2;
  for (int64_t extent : shape) {
    strides.push_back(step);
    step = step * std::max<int64_t>(extent, 1) + 3;
  }
  return strides;
}

/// Row-major with padded rows, the first axis backwards.
std::vector<int64_t> backwardStrides(const std::vector<int64_t> &shape) {
  std::vector<int64_t> strides(shape.size());
  int64_t step = 1;
  for (size_t axis = shape.size(); axis-- > 0;) {
    strides[axis] = axis == 0 ? -step : step;
    step = step * std::max<int64_t>(shape[axis], 1) + 5;
  }
  return strides;
}

class FamilyTest : public testing::TestWithParam<Parameters> {
protected:
  FamilyTest()
      : member(family()[std::get<0>(GetParam())]),
        dtype(std::get<1>(GetParam())), size(std::get<2>(GetParam())),
        arrangement(std::get<3>(GetParam())), flavour(std::get<4>(GetParam())),
        // Both kinds of parameters occur for every type.
        parameterDtype(size % 2 ? computeType(dtype) : dtype) {}

  std::vector<int64_t> shapeOf(int64_t samples) const {
    return familyShape(member, arrangement, samples, size);
  }
  FamilyCase caseOf(int64_t samples) const {
    return {member, arrangement, dtype, parameterDtype, shapeOf(samples)};
  }
  Placement placement(const std::vector<int64_t> &shape) const {
    if (arrangement != Arrangement::Strided)
      return {};
    return {.inputs = {.strides = reversedStrides(shape)},
            .outputs = {.strides = backwardStrides(shape)}};
  }

  void check(const Kernel &kernel, int64_t samples) {
    std::vector<int64_t> shape = shapeOf(samples);
    SCOPED_TRACE(testing::PrintToString(shape));
    Problem problem = makeFamilyProblem(caseOf(samples), samples + 7);
    Call call(problem, placement(shape));
    if (!call.run(kernel))
      return;
    findings.merge(call.expectWithinBounds());
    OutputBits bits = call.outputBits();
    Placement shifted = placement(shape);
    shifted.inputs.offset = shifted.outputs.offset = shifted.others.offset = 1;
    Call again(problem, shifted);
    std::unique_ptr<Executor> twoThreads = makeThreadExecutor(2);
    if (again.run(kernel, *twoThreads)) {
      EXPECT_TRUE(again.outputBits() == bits)
          << "other bits on two threads, with buffers off by one element";
    }
    checkInPlace(kernel, problem, bits);
  }

  /// Runs with y in x's buffer. Whether that is allowed the kernel says; that
  /// it is for the norms of rows, the call sites of half of all engines assume.
  void checkInPlace(const Kernel &kernel, const Problem &problem,
                    const OutputBits &bits) {
    const Artifact &artifact = kernel.artifact();
    bool allowed = false;
    for (const InPlacePair &pair : artifact.inPlace)
      allowed |= artifact.arguments[pair.input].name == "x" &&
                 artifact.arguments[pair.output].name == "y";
    if (!allowed || arrangement == Arrangement::Strided)
      return;
    Call call(problem);
    std::vector<NamedTensor> arguments = call.arguments();
    for (NamedTensor &argument : arguments)
      if (argument.name == "y" || argument.name == "x") {
        argument.tensor = call.buffer("x").ref();
        argument.tensor.readOnly = false;
      }
    Status status = kernel.run(std::span<const NamedTensor>(arguments));
    ASSERT_TRUE(status) << status.error().message;
    EXPECT_TRUE(call.buffer("x").bits() == bits.front()) << "in place";
    ++ranInPlace;
  }

  const FamilyMember &member;
  DType dtype;
  int64_t size;
  Arrangement arrangement;
  Flavour flavour;
  DType parameterDtype;
  Comparison findings;
  int ranInPlace = 0;
};

/// layer_norm_bf16_257_plain_static
std::string nameOf(const testing::TestParamInfo<Parameters> &info) {
  auto [member, dtype, size, arrangement, flavour] = info.param;
  return family()[member].name + "_" + toString(dtype) + "_" +
         std::to_string(size) + "_" + toString(arrangement) + "_" +
         toString(flavour);
}

std::vector<size_t> members(bool channelsOnly) {
  std::vector<size_t> indices;
  for (size_t i = 0; i < family().size(); ++i)
    if (!channelsOnly || family()[i].hasChannels)
      indices.push_back(i);
  return indices;
}

const int64_t kSizes[] = {1, 17, 64, 127, 257, 1025};

} // namespace

TEST_P(FamilyTest, AgreesWithTheOracle) {
  constexpr int64_t samples = 5;
  const Kernel *kernel = kernelFor(familyText(caseOf(samples), flavour));
  if (!kernel)
    return;
  check(*kernel, samples);
  if (flavour != Flavour::Static) {
    check(*kernel, 1);
    if (!member.reducesSamples)
      check(*kernel, 0);
  }
  expectMostlyCorrectlyRounded(findings);
  bool isRow = !member.hasChannels && member.preset != "weight_norm";
  if (isRow && arrangement == Arrangement::Plain) {
    EXPECT_GT(ranInPlace, 0) << "rows can be normalized in place";
  }
}

INSTANTIATE_TEST_SUITE_P(
    Numerics, FamilyTest,
    testing::Combine(testing::ValuesIn(members(false)),
                     testing::ValuesIn(kAllDtypes), testing::ValuesIn(kSizes),
                     testing::Values(Arrangement::Plain, Arrangement::Strided),
                     testing::Values(Flavour::Static, Flavour::Inner,
                                     Flavour::Dynamic)),
    nameOf);

INSTANTIATE_TEST_SUITE_P(
    Channels, FamilyTest,
    testing::Combine(testing::ValuesIn(members(true)),
                     testing::ValuesIn(kAllDtypes), testing::ValuesIn(kSizes),
                     testing::Values(Arrangement::ChannelsLast),
                     testing::Values(Flavour::Static, Flavour::Inner,
                                     Flavour::Dynamic)),
    nameOf);
