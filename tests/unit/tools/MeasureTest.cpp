//===- MeasureTest.cpp - a kernel's speed beside a copy's -----------------===//

#include "tools/measure/Measure.h"
#include "tools/measure/StreamingCopy.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <thread>

using namespace normc;
using namespace normc::measure;

TEST(MeasureTest, SpreadOfSamples) {
  Spread spread = Spread::of({5, 1, 4, 2, 3});
  EXPECT_EQ(spread.low, 2);
  EXPECT_EQ(spread.median, 3);
  EXPECT_EQ(spread.high, 4);
  EXPECT_EQ(Spread::of({7}).median, 7);
  EXPECT_EQ(Spread::of({}).median, 0);
}

TEST(MeasureTest, KernelAndCopyTakeTurns) {
  int calls = 0;
  auto kernel = [&] {
    ++calls;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  };
  Effort effort{.minRounds = 4, .maxRounds = 4, .seconds = 0};
  Result<Comparison> measured =
      compareWithCopy(kernel, 1 << 20, serialExecutor(), effort);
  ASSERT_TRUE(measured) << measured.error().message;
  EXPECT_EQ(measured->rounds, 4);
  EXPECT_EQ(calls, 6); // Once to warm up, once to see how long it takes.
  EXPECT_GE(measured->kernelSeconds.low, 2e-3);
  EXPECT_GE(measured->kernelSeconds.high, measured->kernelSeconds.low);
  EXPECT_GT(measured->copySeconds.median, 0);
  EXPECT_DOUBLE_EQ(measured->kernelRate,
                   1e-9 * (1 << 20) / measured->kernelSeconds.median);
  EXPECT_DOUBLE_EQ(measured->ratio(),
                   measured->kernelRate / measured->copyRate);
}

TEST(MeasureTest, ShortCallsAreRepeated) {
  int calls = 0;
  Effort effort{.minRounds = 2, .maxRounds = 2, .seconds = 0};
  ASSERT_TRUE(compareWithCopy([&] { ++calls; }, 64, serialExecutor(), effort));
  EXPECT_GT(calls, 100);
}

TEST(MeasureTest, TheCopyAlone) {
  Effort effort{.minRounds = 2, .maxRounds = 2, .seconds = 0};
  Result<Comparison> measured = timeCopy(1 << 20, serialExecutor(), effort);
  ASSERT_TRUE(measured);
  EXPECT_GT(measured->copyRate, 0);
  EXPECT_EQ(measured->kernelRate, 0);
}

TEST(MeasureTest, NoMemoryForTheCopy) {
  Result<Comparison> measured =
      timeCopy(int64_t(1) << 60, serialExecutor(), {});
  ASSERT_FALSE(measured);
  EXPECT_EQ(measured.error().kind, ErrorKind::Environment);
  EXPECT_NE(measured.error().message.find("bytes of memory to copy"),
            std::string::npos);
}

TEST(MeasureTest, StreamingCopyCopiesEveryByte) {
  // Several chunks, and a rest that is no whole cache line.
  constexpr int64_t bytes = (int64_t(5) << 20) / 2 + 37;
  struct Free {
    void operator()(std::byte *memory) const { std::free(memory); }
  };
  auto make = [] {
    return std::unique_ptr<std::byte[], Free>(static_cast<std::byte *>(
        std::aligned_alloc(64, (bytes + 64) / 64 * 64)));
  };
  auto from = make(), to = make();
  for (int64_t i = 0; i < bytes; ++i) {
    from[i] = std::byte(i * 7 + i / 256);
    to[i] = std::byte(0);
  }
  to[bytes] = std::byte(42);
  streamingCopy(to.get(), from.get(), bytes, defaultExecutor());
  EXPECT_TRUE(std::equal(from.get(), from.get() + bytes, to.get()));
  EXPECT_EQ(to[bytes], std::byte(42));
}
