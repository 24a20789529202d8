//===- Measure.cpp - a kernel's speed beside a copy's ---------------------===//

#include "tools/measure/Measure.h"

#include "tools/measure/StreamingCopy.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>

using namespace normc;
using namespace normc::measure;

namespace {

double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

/// Times one thing, as often per sample as it takes to see the clock move.
class Stopwatch {
public:
  explicit Stopwatch(std::function<void()> call) : call(std::move(call)) {
    this->call(); // First touches, caches, threads.
    double once = sample();
    constexpr double enough = 1e-3;
    if (once < enough)
      repeats = int(std::clamp(enough / std::max(once, 1e-9), 1.0, 1e5));
  }

  double sample() {
    auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < repeats; ++i)
      call();
    return secondsSince(start) / repeats;
  }

private:
  std::function<void()> call;
  int repeats = 1;
};

/// The copy's buffers.
class Copy {
public:
  /// Both halves of the traffic, in whole cache lines.
  explicit Copy(int64_t bytes)
      : half(std::max<int64_t>((bytes / 2 + 63) / 64 * 64, 64)), from(make()),
        to(make()) {}

  bool isAllocated() const { return from && to; }
  void run(Executor &executor) const {
    streamingCopy(to.get(), from.get(), half, executor);
  }

private:
  struct Free {
    void operator()(std::byte *memory) const { std::free(memory); }
  };
  using Memory = std::unique_ptr<std::byte[], Free>;

  Memory make() const {
    Memory memory(static_cast<std::byte *>(std::aligned_alloc(64, half)));
    if (memory)
      std::memset(memory.get(), 1, half); // Else all pages are the zero page.
    return memory;
  }

  int64_t half;
  Memory from, to;
};

} // namespace

Spread Spread::of(std::vector<double> samples) {
  if (samples.empty())
    return {};
  std::sort(samples.begin(), samples.end());
  size_t last = samples.size() - 1;
  return {samples[last / 4], samples[samples.size() / 2],
          samples[last - last / 4]};
}

static Result<Comparison> measureRounds(const std::function<void()> *kernel,
                                        int64_t bytes, Executor &executor,
                                        const Effort &effort) {
  Copy copy(bytes);
  if (!copy.isAllocated())
    return Error{ErrorKind::Environment,
                 "expected " + std::to_string(bytes) +
                     " bytes of memory to copy, but their allocation failed"};
  Stopwatch copyWatch([&] { copy.run(executor); });
  Stopwatch kernelWatch(kernel ? *kernel : [] {});
  std::vector<double> copies, kernels;
  auto start = std::chrono::steady_clock::now();
  for (int round = 0; round < effort.maxRounds; ++round) {
    if (round >= effort.minRounds && secondsSince(start) > effort.seconds)
      break;
    copies.push_back(copyWatch.sample());
    if (kernel)
      kernels.push_back(kernelWatch.sample());
  }
  Comparison result;
  result.rounds = int(copies.size());
  result.copySeconds = Spread::of(std::move(copies));
  result.kernelSeconds = Spread::of(std::move(kernels));
  if (result.copySeconds.median > 0)
    result.copyRate = 1e-9 * double(bytes) / result.copySeconds.median;
  if (result.kernelSeconds.median > 0)
    result.kernelRate = 1e-9 * double(bytes) / result.kernelSeconds.median;
  return result;
}

Result<Comparison>
normc::measure::compareWithCopy(const std::function<void()> &kernel,
                                int64_t bytes, Executor &executor,
                                const Effort &effort) {
  return measureRounds(&kernel, bytes, executor, effort);
}

Result<Comparison> normc::measure::timeCopy(int64_t bytes, Executor &executor,
                                            const Effort &effort) {
  return measureRounds(nullptr, bytes, executor, effort);
}
