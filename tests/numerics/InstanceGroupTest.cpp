//===- InstanceGroupTest.cpp - short instances, a lane each ---------------===//
//
// Planes of a few vectors go sixteen at a time, and images of such planes four
// at a time. The bits must be those of one after the other, also where a few of
// them take another way than the rest.
//
//===----------------------------------------------------------------------===//

#include "normc/Compiler.h"
#include "tests/numerics/Family.h"
#include "tests/numerics/Harness.h"

#include <cmath>
#include <limits>
#include <regex>

using namespace normc;
using namespace normc::numerics;

namespace {

/// A norm, a type, and the edge of a plane.
using Parameters = std::tuple<const char *, DType, int64_t>;

class InstanceGroupTest : public testing::TestWithParam<Parameters> {
protected:
  FamilyCase family(int64_t samples) const {
    auto [norm, dtype, edge] = GetParam();
    return {.member = familyMember(norm),
            .dtype = dtype,
            .parameterDtype = dtype,
            .shape = {samples, 32, edge, edge}};
  }
};

/// Values of some channels are far from zero, so large that squares of bf16
/// overflow, so small that dot products lose them, all the same, or no numbers.
Elements makeElements() {
  auto generator = std::make_shared<Generator>(7);
  return [generator](int64_t channel) -> long double {
    long double value = (int64_t(generator->next() % 4001) - 1900) / 512.0L;
    switch (channel) {
    case 3:
      return value + 100;
    case 7:
      return value * 0x1p-130L;
    case 12:
      return 2.5L;
    case 18:
      return std::numeric_limits<long double>::quiet_NaN();
    case 21:
      return value * 0x1p+100L;
    default:
      return value;
    }
  };
}

/// The scheduled text with other parameters.
std::string reschedule(const std::string &scheduled, const char *pattern,
                       const char *replacement) {
  EXPECT_TRUE(std::regex_search(scheduled, std::regex(pattern))) << scheduled;
  return std::regex_replace(scheduled, std::regex(pattern), replacement);
}

/// Expects the same bits from two texts, which are other code.
void expectSameBits(const FamilyCase &family, const std::string &one,
                    const std::string &other) {
  const Kernel *first = kernelFor(one), *second = kernelFor(other);
  ASSERT_TRUE(first && second);
  ASSERT_NE(first->artifact().image, second->artifact().image);
  for (bool isPlain : {true, false}) {
    Problem problem =
        makeFamilyProblem(family, 5, isPlain ? Elements() : makeElements());
    for (int64_t offset : {0, 3}) {
      Call before(problem, Placement::shifted(offset));
      Call after(problem, Placement::shifted(offset));
      ASSERT_TRUE(before.run(*first) && after.run(*second));
      if (isPlain)
        after.expectWithinBounds();
      EXPECT_TRUE(before.outputBits() == after.outputBits())
          << (isPlain ? "plain" : "special") << " values, off by " << offset;
    }
  }
}

std::string nameOf(const testing::TestParamInfo<Parameters> &info) {
  auto [norm, dtype, edge] = info.param;
  return std::string(norm) + "_" + toString(dtype) + "_" + std::to_string(edge);
}

} // namespace

TEST_P(InstanceGroupTest, TheBitsAreThoseOfOneInstanceAfterTheOther) {
  // Groups of all samples would be longer than those that go together.
  FamilyCase cases =
      family(familyMember(std::get<0>(GetParam())).reducesSamples ? 1 : 3);
  Result<std::string> scheduled = emit(familyText(cases, Flavour::Static),
                                       Emit::Scheduled, Target::native());
  ASSERT_TRUE(scheduled) << scheduled.error().message;
  // Chunks that are no multiple of a group have none.
  std::string together = reschedule(*scheduled, "chunk = \\d+", "chunk = 16");
  std::string single = reschedule(*scheduled, "chunk = \\d+", "chunk = 17");
  // Only groups keep anything on the stack.
  for (const std::string &text : {together, single}) {
    Result<std::string> code = emit(text, Emit::Llvm, Target::native());
    ASSERT_TRUE(code) << code.error().message;
    EXPECT_EQ(code->find(" alloca ") != std::string::npos, text == together);
  }
  expectSameBits(cases, together, single);
}

INSTANTIATE_TEST_SUITE_P(
    Numerics, InstanceGroupTest,
    testing::Combine(testing::Values("instance_norm", "batch_norm_training"),
                     testing::Values(DType::F32, DType::BF16, DType::F16),
                     // Less than two vectors, whole ones, and more.
                     testing::Values(5, 7, 8, 11)),
    nameOf);

using PieceRowsTest = InstanceGroupTest;

TEST_P(PieceRowsTest, TheBitsAreThoseOfOneImageAfterTheOther) {
  FamilyCase seven = family(7); // Four, and three that are left.
  Result<std::string> scheduled = emit(familyText(seven, Flavour::Static),
                                       Emit::Scheduled, Target::native());
  ASSERT_TRUE(scheduled) << scheduled.error().message;
  // Past the caches, and in them.
  for (const char *stream : {"stream = 1", "stream = 0"}) {
    std::string text = reschedule(*scheduled, "stream = \\d+", stream);
    expectSameBits(seven, text, reschedule(text, ", rows = 4", ""));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Numerics, PieceRowsTest,
    testing::Combine(testing::Values("batch_norm_unfolded",
                                     "batch_norm_inference"),
                     testing::Values(DType::F32, DType::BF16),
                     testing::Values(7, 14)),
    nameOf);
