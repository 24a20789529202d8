//===- BenchLibrary.cpp - what the comparison with rivals calls -----------===//

#include "tests/bench/BenchLibrary.h"

#include "normc/Executor.h"
#include "tests/bench/Control.h"
#include "tools/measure/StreamingCopy.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <pthread.h>
#include <sched.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

using namespace normc;
using Clock = std::chrono::steady_clock;

namespace {

/// An executor in both of its forms.
struct Pool {
  Executor *executor;
  normc_executor forC;
};

Executor &executorOf(const normc_executor *executor) {
  return *static_cast<Executor *>(executor->context);
}

/// oneTBB's threads without our helpers, a piece of work for each.
class OneTbb final : public Executor {
public:
  void parallelFor(int64_t count, void (*body)(void *, int64_t, int64_t),
                   void *context) override {
    tbb::parallel_for(
        tbb::blocked_range<int64_t>(0, count),
        [&](const tbb::blocked_range<int64_t> &range) {
          body(context, range.begin(), range.end());
        },
        tbb::simple_partitioner());
  }
  int concurrency() const override {
    return tbb::this_task_arena::max_concurrency();
  }
};

/// The pool whose threads the next loop finds awake.
const normc_executor *toWake = nullptr;

/// Returns when the pool's threads are awake, or after 5 ms.
void wake(const normc_executor *executor) {
  struct Meeting {
    int threads;
    Clock::time_point end = Clock::now() + std::chrono::milliseconds(5);
    std::atomic<int> present = 0;
  } meeting{executor->concurrency};
  executorOf(executor).parallelFor(
      meeting.threads,
      [](void *context, int64_t begin, int64_t end) {
        auto &meeting = *static_cast<Meeting *>(context);
        meeting.present += int(end - begin);
        while (meeting.present < meeting.threads &&
               Clock::now() < meeting.end) {
        }
      },
      &meeting);
}

/// Seconds per call of `repeats` calls; -1 where one gives false.
template <typename Call> double secondsOf(int64_t repeats, Call call) {
  if (toWake)
    wake(std::exchange(toWake, nullptr));
  auto start = Clock::now();
  for (int64_t i = 0; i < repeats; ++i)
    if (!call())
      return -1;
  return std::chrono::duration<double>(Clock::now() - start).count() /
         double(repeats);
}

bool pinTo(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  return pthread_setaffinity_np(pthread_self(), sizeof(set), &set) == 0;
}

/// One side of the ping-pong: waits for `wanted`, answers with the next number.
void answer(std::atomic<int> &ball, int wanted, int last) {
  for (; wanted <= last; wanted += 2) {
    while (ball.load(std::memory_order_acquire) != wanted) {
    }
    ball.store(wanted + 1, std::memory_order_release);
  }
}

} // namespace

const normc_executor *bench_executor(int threads) {
  static std::mutex mutex;
  static auto *pools = new std::map<int, Pool>;
  std::lock_guard lock(mutex);
  auto [at, isNew] = pools->try_emplace(threads);
  Pool &pool = at->second;
  if (isNew) {
    pool.executor = threads > 1 ? &defaultExecutor() : &serialExecutor();
    pool.forC.context = pool.executor;
    pool.forC.concurrency = pool.executor->concurrency();
    pool.forC.parallel_for = [](void *context, int64_t count, normc_body body,
                                void *bodyContext) {
      static_cast<Executor *>(context)->parallelFor(count, body, bodyContext);
    };
  }
  return &pool.forC;
}

const normc_executor *bench_tbb(void) {
  static OneTbb threads;
  static normc_executor pool = {nullptr, &threads, threads.concurrency()};
  return &pool;
}

double bench_kernel(const normc_kernel *kernel, const normc_tensor *tensors,
                    int32_t count, const normc_executor *executor,
                    int64_t repeats) {
  // What most callers say: all processors, to which the process is bound.
  const normc_executor *given =
      executor->concurrency > 1 ? nullptr : normc_serial_executor();
  return secondsOf(repeats, [&] {
    return normc_run(kernel, tensors, count, given) == NORMC_OK;
  });
}

double bench_copy(void *to, const void *from, int64_t bytes,
                  const normc_executor *executor, int64_t repeats) {
  return secondsOf(repeats, [&] {
    measure::streamingCopy(static_cast<std::byte *>(to),
                           static_cast<const std::byte *>(from), bytes,
                           executorOf(executor));
    return true;
  });
}

double bench_control_rms_norm(const float *x, const float *scale, float *y,
                              int64_t rows, int64_t n, float epsilon,
                              const normc_executor *executor, int64_t repeats) {
  return secondsOf(repeats, [&] {
    return bench::controlRmsNorm(x, scale, y, rows, n, epsilon,
                                 executorOf(executor));
  });
}

double bench_streams(void *const *data, const int64_t *elementBytes,
                     int32_t reads, int32_t writes, int64_t elements,
                     int64_t blocks, int readFirst,
                     const normc_executor *executor, int64_t repeats) {
  std::vector<bench::Stream> streams;
  for (int32_t i = 0; i < reads + writes; ++i)
    streams.push_back(
        {static_cast<std::byte *>(data[i]), elementBytes[i], i >= reads});
  return secondsOf(repeats, [&] {
    return bench::moveStreams(streams, elements, blocks,
                              bench::ReadFirst(readFirst),
                              executorOf(executor));
  });
}

double bench_dnnl(int (*execute)(const void *primitive, void *stream, int count,
                                 const void *arguments),
                  int (*wait)(void *stream), const void *primitive,
                  void *stream, int count, const void *arguments,
                  int64_t repeats) {
  return secondsOf(repeats, [&] {
    return execute(primitive, stream, count, arguments) == 0 &&
           wait(stream) == 0;
  });
}

void bench_wake(const normc_executor *executor) { toWake = executor; }

int bench_flush(const void *data, int64_t bytes) {
#if defined(__x86_64__)
  const char *at = static_cast<const char *>(data);
  for (int64_t i = 0; i < bytes; i += 64)
    _mm_clflush(at + i);
  _mm_mfence();
  return 0;
#else
  return -1;
#endif
}

double bench_core_latency(int first, int second) {
  constexpr int batches = 21, rounds = 500;
  std::vector<double> nanoseconds;
  std::atomic<int> ready = 0, failed = 0;
  alignas(64) std::atomic<int> ball = 0;
  // Each side meets the other before the first round: a thread that could not
  // be pinned still plays.
  auto meet = [&](int processor) {
    if (!pinTo(processor))
      failed = 1;
    ++ready;
    while (ready != 2) {
    }
  };
  std::thread other([&] {
    meet(second);
    answer(ball, 1, 2 * batches * rounds);
  });
  std::thread mine([&] {
    meet(first);
    for (int batch = 0; batch < batches; ++batch) {
      int begin = 2 * batch * rounds;
      auto start = Clock::now();
      answer(ball, begin, begin + 2 * (rounds - 1));
      while (ball.load(std::memory_order_acquire) != begin + 2 * rounds) {
      }
      std::chrono::duration<double, std::nano> took = Clock::now() - start;
      nanoseconds.push_back(took.count() / (2 * rounds));
    }
  });
  mine.join();
  other.join();
  std::nth_element(nanoseconds.begin(), nanoseconds.begin() + batches / 2,
                   nanoseconds.end());
  return failed ? -1 : nanoseconds[batches / 2];
}
