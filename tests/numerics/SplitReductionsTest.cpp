//===- SplitReductionsTest.cpp - statistics by tiles, and by blocks -------===//
//
// Statistics of channels that lie innermost in memory are taken by tiles of
// pixels, by distances to the mean of a tile's first ones, or where that is far
// from the tile's mean once more; those of short planes by blocks of channels,
// which pass through all stages before the next. The results keep to the
// contract's bounds wherever those pixels lie, and their bits don't depend on
// the number of threads.
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

using Parameters = std::tuple<const char *, DType>;

class StatisticsTest : public testing::TestWithParam<Parameters> {
protected:
  /// Judges the statistics, too, where the norm has them as results. `pixelOf`
  /// is that of an element of x.
  static void check(Image image, Arrangement arrangement,
                    std::vector<int64_t> shape, bool inBlocks,
                    int64_t (*pixelOf)(int64_t element)) {
    auto [name, dtype] = GetParam();
    FamilyCase norm{familyMember(name), arrangement, dtype, dtype,
                    std::move(shape)};
    Generator generator(5);
    int64_t element = 0;
    Problem problem = makeFamilyProblem(norm, 9, [&](int64_t channel) {
      return valueOf(image, pixelOf(element++), channel, generator.normal());
    });
    const Kernel *kernel = kernelFor(familyText(norm, Flavour::Static));
    Call call(problem);
    if (!kernel || !call.run(*kernel))
      return;
    EXPECT_GT(kernel->artifact().stages.size(), 2u) << "there are no tiles";
    EXPECT_TRUE(!inBlocks || kernel->artifact().stages[0].chunksPerBlock > 0);
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

class SplitReductionsTest : public StatisticsTest {
protected:
  static void check(Image image) {
    StatisticsTest::check(
        image, Arrangement::ChannelsLast, {3, kPixels, kChannels},
        /*inBlocks=*/false,
        [](int64_t element) { return element / kChannels % kPixels; });
  }
};

/// Two blocks of 128 channels or four of 64; the last numbers of a plane are
/// part of a vector.
class ChannelBlocksTest : public StatisticsTest {
protected:
  static constexpr int64_t kPlane = 49, kPlanes = 512, kSamples = 12;

  static void check(Image image) {
    StatisticsTest::check(image, Arrangement::Plain, {kSamples, kPlanes, 7, 7},
                          /*inBlocks=*/true, [](int64_t element) {
                            int64_t sample = element / (kPlane * kPlanes);
                            return sample * kPlane + element % kPlane;
                          });
  }
};

/// batch_norm_training_bf16
std::string nameOf(const testing::TestParamInfo<Parameters> &info) {
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

TEST_P(ChannelBlocksTest, Plain) { check(Image::Plain); }
TEST_P(ChannelBlocksTest, StartsElsewhere) { check(Image::StartsElsewhere); }
TEST_P(ChannelBlocksTest, HalfElsewhere) { check(Image::HalfElsewhere); }
TEST_P(ChannelBlocksTest, HasAnEdge) { check(Image::HasAnEdge); }
TEST_P(ChannelBlocksTest, FarFromZero) { check(Image::FarFromZero); }
TEST_P(ChannelBlocksTest, Constant) { check(Image::Constant); }

INSTANTIATE_TEST_SUITE_P(
    Numerics, SplitReductionsTest,
    testing::Combine(testing::Values("batch_norm_training", "group_norm",
                                     "instance_norm"),
                     testing::Values(DType::F32, DType::BF16, DType::F16)),
    nameOf);

INSTANTIATE_TEST_SUITE_P(
    Numerics, ChannelBlocksTest,
    testing::Combine(testing::Values("batch_norm_training"),
                     testing::Values(DType::F32, DType::BF16, DType::F16)),
    nameOf);
