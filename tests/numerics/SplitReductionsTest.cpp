//===- SplitReductionsTest.cpp - channels-last statistics, by tiles -------===//
//
// Statistics of channels that lie innermost in memory are taken by tiles of
// pixels, by distances to the mean of a tile's first ones, or where that is far
// from the tile's mean once more. The results keep to the contract's bounds
// wherever those pixels lie, and their bits don't depend on the number of
// threads.
//
//===----------------------------------------------------------------------===//

#include "tests/numerics/Family.h"
#include "tests/numerics/Harness.h"

#include "normc/Executor.h"

using namespace normc;
using namespace normc::numerics;

namespace {

constexpr int64_t kPixels = 1024, kChannels = 84; // Three groups.

enum class Image {
  Plain, ///< Normal values.
  /// The first 16 of every 512 pixels, with which a tile of 512 or 1024 begins,
  /// are 1000 times as large as the rest, whose distances to them are all
  /// rounded alike.
  StartsElsewhere,
  /// Half of the pixels are so: the furthest that a pivot may be away.
  HalfElsewhere,
  HasAnEdge, ///< Normal values, some of them far from the others.
  FarFromZero,
  Constant,
};

long double valueOf(Image image, int64_t pixel, int64_t channel,
                    long double normal) {
  switch (image) {
  case Image::Plain:
    return normal;
  case Image::StartsElsewhere:
    return pixel % 512 < 16 ? 1000.3L : 0.1L * (channel + 1);
  case Image::HalfElsewhere:
    return pixel % 512 < 256 ? 1000.3L : 0.1L * (channel + 1);
  case Image::HasAnEdge:
    return normal - (pixel % 32 < 4 ? 7 : 0);
  case Image::FarFromZero:
    return normal + 1000;
  case Image::Constant:
    return 0.1L * (channel + 1);
  }
  return 0;
}

class SplitReductionsTest
    : public testing::TestWithParam<std::tuple<const char *, DType>> {
protected:
  /// Judges the statistics, too, where the norm has them as results.
  static void check(Image image) {
    auto [name, dtype] = GetParam();
    FamilyCase norm{familyMember(name),
                    Arrangement::ChannelsLast,
                    dtype,
                    dtype,
                    {3, kPixels, kChannels}};
    Generator generator(5);
    int64_t element = 0;
    Problem problem = makeFamilyProblem(norm, 9, [&](int64_t channel) {
      int64_t pixel = element++ / kChannels % kPixels;
      return valueOf(image, pixel, channel, generator.normal());
    });
    const Kernel *kernel = kernelFor(familyText(norm, Flavour::Static));
    Call call(problem);
    if (!kernel || !call.run(*kernel))
      return;
    EXPECT_GT(kernel->artifact().stages.size(), 2u) << "there are no tiles";
    call.expectWithinBounds();
    OutputBits serial = call.outputBits();
    for (int threads : {2, 3}) {
      std::unique_ptr<Executor> executor = makeThreadExecutor(threads);
      if (call.run(*kernel, *executor)) {
        EXPECT_TRUE(call.outputBits() == serial) << threads << " threads";
      }
    }
  }
};

/// batch_norm_training_bf16
std::string
nameOf(const testing::TestParamInfo<std::tuple<const char *, DType>> &info) {
  return std::string(std::get<0>(info.param)) + "_" +
         toString(std::get<1>(info.param));
}

} // namespace

TEST_P(SplitReductionsTest, Plain) { check(Image::Plain); }
TEST_P(SplitReductionsTest, StartsElsewhere) { check(Image::StartsElsewhere); }
TEST_P(SplitReductionsTest, HalfElsewhere) { check(Image::HalfElsewhere); }
TEST_P(SplitReductionsTest, HasAnEdge) { check(Image::HasAnEdge); }
TEST_P(SplitReductionsTest, FarFromZero) { check(Image::FarFromZero); }
TEST_P(SplitReductionsTest, Constant) { check(Image::Constant); }

INSTANTIATE_TEST_SUITE_P(
    Numerics, SplitReductionsTest,
    testing::Combine(testing::Values("batch_norm_training", "group_norm",
                                     "instance_norm"),
                     testing::Values(DType::F32, DType::BF16, DType::F16)),
    nameOf);
