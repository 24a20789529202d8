//===- own_thread_pool.cpp - a host program with its own threads ----------===//
//
// A program that has a thread pool gives it to normc as an Executor: kernels
// then run on its threads and start none of their own. What comes out is the
// same to the bit on one thread, on the pool, and from several host threads at
// once, sums across all rows included: work is cut by shape, never by the
// number of threads.
//
//===----------------------------------------------------------------------===//

#include "examples/check.h"
#include "normc/normc.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

using namespace example;
using normc::DType, normc::TensorRef;
using Floats = std::vector<float>;

namespace {

/// A small thread pool. The calling thread works, too: so a call makes progress
/// even where all workers are busy, or where it comes from one of them.
class ThreadPool : public normc::Executor {
public:
  explicit ThreadPool(int workers) {
    for (int i = 0; i < workers; ++i)
      threads.emplace_back([this] { work(); });
  }
  ~ThreadPool() override {
    {
      std::lock_guard lock(mutex);
      isEnding = true;
    }
    wake.notify_all();
    for (std::thread &thread : threads)
      thread.join();
  }

  int concurrency() const override { return int(threads.size()) + 1; }

  /// How many chunks of work it has run so far.
  int64_t chunksRun() const { return chunkCount; }

  void parallelFor(int64_t count, void (*body)(void *, int64_t, int64_t),
                   void *context) override {
    // Owned by all who may still look at it when the last chunk is done.
    auto job = std::make_shared<Job>();
    job->count = count;
    job->body = body;
    job->context = context;
    {
      std::lock_guard lock(mutex);
      for (size_t i = 0; i < threads.size() && int64_t(i) + 1 < count; ++i)
        jobs.push_back(job);
    }
    wake.notify_all();
    chunkCount += count;
    job->help();
    for (int64_t done = job->done; done < count; done = job->done)
      job->done.wait(done);
  }

private:
  /// One call of parallelFor; whoever helps takes chunk after chunk.
  struct Job {
    int64_t count = 0;
    void (*body)(void *, int64_t, int64_t) = nullptr;
    void *context = nullptr;
    std::atomic<int64_t> next = 0, done = 0;

    void help() {
      for (int64_t i = next++; i < count; i = next++) {
        body(context, i, i + 1);
        if (++done == count)
          done.notify_all();
      }
    }
  };

  void work() {
    for (;;) {
      std::unique_lock lock(mutex);
      wake.wait(lock, [this] { return isEnding || !jobs.empty(); });
      if (jobs.empty())
        return;
      std::shared_ptr<Job> job = std::move(jobs.front());
      jobs.pop_front();
      lock.unlock();
      job->help();
    }
  }

  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::shared_ptr<Job>> jobs; ///< One entry per helper wanted.
  bool isEnding = false;
  std::atomic<int64_t> chunkCount = 0;
  std::vector<std::thread> threads;
};

/// BatchNorm of [N, positions, C]: its statistics are sums across all rows,
/// which many chunks take part in.
constexpr int64_t kSamples = 16, kPositions = 300, kChannels = 50;
constexpr int64_t kRows = kSamples * kPositions;

struct Result {
  Floats y = Floats(kRows * kChannels), mean = Floats(kChannels),
         variance = Floats(kChannels);
  bool operator==(const Result &) const = default;
};

} // namespace

static Result run(const normc::Kernel &kernel, const Floats &x,
                  const Floats &scale, const Floats &shift,
                  normc::Executor &executor) {
  Result result;
  const normc::Dims shape = {kSamples, kPositions, kChannels};
  auto perChannel = [](auto &values) {
    return TensorRef::contiguous(values.data(), DType::F32, {kChannels});
  };
  orFail(kernel.run(
      {{"x", TensorRef::contiguous(x.data(), DType::F32, shape)},
       {"scale", perChannel(scale)},
       {"shift", perChannel(shift)},
       {"y", TensorRef::contiguous(result.y.data(), DType::F32, shape)},
       {"mean", perChannel(result.mean)},
       {"variance", perChannel(result.variance)}},
      executor));
  return result;
}

static void checkResult(const Result &result, const Floats &x,
                        const Floats &scale, const Floats &shift) {
  std::vector<Expected> y(x.size()), means(kChannels), variances(kChannels);
  for (int64_t c = 0; c < kChannels; ++c) {
    double mean = 0, variance = 0, low = x[c], high = x[c];
    for (int64_t i = c; i < kRows * kChannels; i += kChannels) {
      mean += x[i] / double(kRows);
      low = std::min<double>(low, x[i]);
      high = std::max<double>(high, x[i]);
    }
    for (int64_t i = c; i < kRows * kChannels; i += kChannels)
      variance += (x[i] - mean) * (x[i] - mean) / kRows;
    // A mean is owed to 4 epsilon (max - min), a variance to 4 epsilon of
    // itself, beside half an ulp; epsilon is 2 u.
    means[c] = {mean, (high - low) / 2};
    variances[c] = {variance, variance / 2};
    for (int64_t i = c; i < kRows * kChannels; i += kChannels) {
      double scaled = (x[i] - mean) / std::sqrt(variance + 1e-5) * scale[c];
      y[i] = {scaled + shift[c], std::fabs(scaled) + std::fabs(shift[c])};
    }
  }
  check("y", result.y, y);
  check("mean", result.mean, means);
  check("variance", result.variance, variances);
}

int main() {
  const normc::Kernel kernel = orFail(normc::jit(normc::batchNormTraining(
      {.shape = {normc::kDynamic, normc::kDynamic, kChannels},
       .channelsLast = true})));
  const Floats x = numbers(kRows * kChannels, 3);
  const Floats scale = numbers(kChannels, 1, 0.2f), shift = numbers(kChannels);

  const Result onOne = run(kernel, x, scale, shift, normc::serialExecutor());
  checkResult(onOne, x, scale, shift);

  ThreadPool pool(3);
  if (run(kernel, x, scale, shift, pool) != onOne)
    fail("expected the same bits on the pool as on one thread");
  if (pool.chunksRun() == 0)
    fail("expected the kernel to run its chunks on the pool");
  std::printf("the same bits on a pool of 3 and the caller, in %td chunks\n",
              ptrdiff_t(pool.chunksRun()));

  // Host threads share the kernel and the pool; both are made for it.
  std::atomic<int> different = 0;
  std::vector<std::thread> hosts;
  for (int host = 0; host < 4; ++host)
    hosts.emplace_back([&] {
      for (int call = 0; call < 5; ++call)
        different += run(kernel, x, scale, shift, pool) != onOne;
    });
  for (std::thread &host : hosts)
    host.join();
  if (different)
    fail("expected the same bits in every call, but got others in " +
         std::to_string(different) + " of 20");
  std::printf("the same bits in 20 calls from 4 host threads at once\n");
  return 0;
}
