//===- Helpers.cpp - threads that stay awake between calls ----------------===//

#include "runtime/Helpers.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif
#if defined(__linux__)
#include <pthread.h>
#include <sched.h>
#include <unistd.h>
#endif

using namespace normc;

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;

/// What waking costs is in docs/rationale.md; all times are of two threads.
/// So long a helper stays awake after a call.
static constexpr microseconds kLinger{50};
/// Calls that are less than `kLinger` apart, and took so long alone in all,
/// have cost as much as waking a thread would have.
static constexpr microseconds kPatience{30};
/// What is left to do, alone, that is worth waking a thread: a copy on two
/// threads, one of which sleeps, takes as long as on one at 150 us, and what
/// computes at 100.
static constexpr microseconds kWorthWaking{120};
/// So much is done before that is judged, of at least so many pieces: one piece
/// of fewer may be a good part of all, which nobody else could do meanwhile.
static constexpr microseconds kTrial{10};
static constexpr int64_t kTrialPieces = 32;

static void relax() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("isb");
#endif
}

static constexpr int kNone = -1; ///< No processor.

#if defined(__linux__)

namespace {
/// Where a thread may run.
class Processors {
public:
  Processors() {
    CPU_ZERO(&set);
    CPU_ZERO(&bound);
  }

  /// Those of this thread, and of the process's first: either may be bound.
  static Processors ofThis() {
    Processors own, first;
    sched_getaffinity(0, sizeof(own.set), &own.set);
    sched_getaffinity(getpid(), sizeof(first.set), &first.set);
    CPU_OR(&own.set, &own.set, &first.set);
    return own;
  }

  /// Lets a thread run on all of them but one, which may be none. Who has bound
  /// it since, has the last word on what they are; but where that is what the
  /// last call left it, nobody could tell.
  void bind(pid_t thread, int except) {
    cpu_set_t now;
    if (isBound && sched_getaffinity(thread, sizeof(now), &now) == 0 &&
        !CPU_EQUAL(&now, &bound))
      set = now;
    bound = set;
    if (except != kNone)
      CPU_CLR(except, &bound);
    if (CPU_COUNT(&bound) == 0)
      bound = set;
    isBound = sched_setaffinity(thread, sizeof(bound), &bound) == 0;
  }

private:
  cpu_set_t set, bound;
  bool isBound = false;
};
} // namespace

static int thisProcessor() { return sched_getcpu(); }
static pid_t thisThread() { return gettid(); }

/// How often this process was forked off another: it has none of its threads.
static std::atomic<int> forks = 0;
static void countForks() {
  static std::once_flag once;
  std::call_once(once,
                 [] { pthread_atfork(nullptr, nullptr, [] { ++forks; }); });
}

#else

namespace {
struct Processors {
  static Processors ofThis() { return {}; }
  void bind(int, int) {}
};
} // namespace

static int thisProcessor() { return kNone; }
static int thisThread() { return 0; }
static constexpr int forks = 0;
static void countForks() {}

#endif

namespace {

/// What a thread begins with; others take from it what it hasn't got to.
struct alignas(64) Part {
  std::atomic<int64_t> next = 0;
  int64_t end = 0;

  /// Half of what is left, or one; false where nothing is.
  bool take(int64_t &from, int64_t &to) {
    from = next.load(std::memory_order_relaxed);
    do {
      if (from >= end)
        return false;
      to = from + (end - from + 1) / 2;
    } while (!next.compare_exchange_weak(from, to, std::memory_order_relaxed));
    return true;
  }
};

/// A thread, and whether it sleeps. The caller's place has no thread.
struct alignas(64) Place {
  std::atomic<bool> isAwake = false; ///< Or about to be.
  std::atomic<uint32_t> call = 0;    ///< Another number is a call.
  bool isStarted = false;

  // The thread's own while it is awake, and its caller's while it sleeps.
  int threadId = 0;
  Processors processors;
  int avoided = kNone; ///< Of these, the one that it does not run on.

  void avoid(int processor) {
    if (avoided != processor)
      processors.bind(threadId, processor);
    avoided = processor;
  }
};

} // namespace

/// What the calling thread and the helpers share.
class Helpers::Crew : public std::enable_shared_from_this<Helpers::Crew> {
public:
  explicit Crew(int threads) : places(threads), parts(threads) {}

  bool enter() { return !isTaken.exchange(true, std::memory_order_acquire); }
  void leave() { isTaken.store(false, std::memory_order_release); }
  int size() const { return int(places.size()); }
  void dismiss();

  // By the thread that has entered.
  int countAwake(int threads) const;
  void wake(int threads);
  void share(int64_t begin, int64_t end, Body body, void *context, int threads);
  const int bornAt = forks;
  Clock::time_point lastEnd{};
  Clock::duration alone{}; ///< Since the last gap or waking.

private:
  void live(int number);
  bool awaitJob(uint64_t &seen) const;
  void help(int number);
  void work(int number);
  void callTo(Place &place) {
    place.call.fetch_add(1);
    place.call.notify_one();
  }

  std::atomic<bool> isTaken = false, isDismissed = false;
  std::vector<Place> places;
  std::atomic<int> caller = kNone; ///< The processor of who woke them.
  // The job: written while no helper is inside.
  std::vector<Part> parts;
  int sharing = 0; ///< Threads with a part.
  Body body = nullptr;
  void *context = nullptr;
  /// Odd while there is a job.
  alignas(64) std::atomic<uint64_t> generation = 0;
  alignas(64) std::atomic<int> inside = 0;
};

//===----------------------------------------------------------------------===//
// The helpers' side
//===----------------------------------------------------------------------===//

void Helpers::Crew::work(int number) {
  int64_t from, to;
  for (int i = 0; i < sharing; ++i) {
    Part &part = parts[(number + i) % sharing];
    while (part.take(from, to))
      body(context, from, to);
  }
}

/// False where none comes.
bool Helpers::Crew::awaitJob(uint64_t &seen) const {
  auto end = Clock::now() + kLinger;
  do {
    for (int i = 0; i < 64; ++i) {
      uint64_t now = generation.load(std::memory_order_relaxed);
      if (now != seen && now % 2 == 1) {
        seen = now;
        return true;
      }
      relax();
    }
    if (isDismissed.load(std::memory_order_relaxed))
      return false;
  } while (Clock::now() < end);
  return false;
}

/// Until nothing has come for a while.
void Helpers::Crew::help(int number) {
  uint64_t seen = 0;
  while (awaitJob(seen)) {
    inside.fetch_add(1);
    if (generation.load() == seen && number < sharing)
      work(number);
    inside.fetch_sub(1);
  }
}

/// A helper's life.
void Helpers::Crew::live(int number) {
  Place &place = places[number];
  place.threadId = thisThread();
  place.processors = Processors::ofThis();
  place.processors.bind(place.threadId, kNone);
  for (uint32_t answered = 0;;) {
    place.call.wait(answered);
    answered = place.call; // What comes later is another call.
    if (isDismissed)
      return;
    place.avoid(kNone);
    help(number);
    // The next call will come from where the last one did. This thread has the
    // time that moving it takes, and a caller has not.
    place.avoid(caller.load(std::memory_order_relaxed));
    if (generation.load() % 2 == 1) // A call that took it to be awake.
      help(number);
    place.isAwake = false;
  }
}

void Helpers::Crew::dismiss() {
  isDismissed = true;
  for (Place &place : places)
    callTo(place);
}

//===----------------------------------------------------------------------===//
// The caller's side
//===----------------------------------------------------------------------===//

int Helpers::Crew::countAwake(int threads) const {
  return int(std::count_if(
      places.begin() + 1, places.begin() + threads, [](const Place &place) {
        return place.isAwake.load(std::memory_order_relaxed);
      }));
}

void Helpers::Crew::wake(int threads) {
  const int here = thisProcessor();
  caller.store(here, std::memory_order_relaxed);
  for (int number = 1; number < threads; ++number) {
    Place &place = places[number];
    if (place.isAwake.exchange(true))
      continue;
    try {
      if (!place.isStarted)
        std::thread([crew = shared_from_this(), number] {
          crew->live(number);
        }).detach();
      else
        place.avoid(here);
      place.isStarted = true;
    } catch (const std::exception &) { // One less, then.
      place.isAwake = false;
      return;
    }
    callTo(place);
  }
}

void Helpers::Crew::share(int64_t begin, int64_t end, Body theBody,
                          void *theContext, int threads) {
  body = theBody;
  context = theContext;
  sharing = threads;
  int64_t each = (end - begin) / sharing, more = (end - begin) % sharing;
  for (int i = 0; i < sharing; ++i) {
    parts[i].next.store(begin, std::memory_order_relaxed);
    parts[i].end = begin += each + (i < more);
  }
  // In one order with what helpers do: either they see that the job is over, or
  // they are seen inside.
  generation.fetch_add(1);
  work(0);
  generation.fetch_add(1);
  for (int turns = 0; inside.load() != 0; ++turns) {
    relax();
    if (turns > 1000)
      std::this_thread::yield();
  }
}

Helpers::Helpers(int threads) {
  countForks();
  crew = std::make_shared<Crew>(std::max(threads, 1));
}

Helpers::~Helpers() { crew->dismiss(); }

/// Works alone on [0, count), up to `done`, until the rest turns out to be
/// worth waking threads for; false where it never does. What comes later may
/// take longer: an eighth of all is done at a time, at most.
static bool tryAlone(int64_t count, Helpers::Body body, void *context,
                     int64_t &done) {
  for (auto start = Clock::now(); done < count;) {
    int64_t step = std::min(std::max<int64_t>(done, 1), count / 8);
    int64_t end = std::min(count, done + step);
    body(context, done, end);
    done = end;
    Clock::duration spent = Clock::now() - start;
    std::chrono::duration<double> left =
        spent * (double(count - done) / double(done));
    if (spent >= kTrial && left > kWorthWaking)
      return true;
  }
  return false;
}

bool Helpers::run(int64_t count, Body body, void *context, int threads,
                  Work work) {
  if (count <= 0)
    return true;
  if (crew->bornAt != forks || !crew->enter())
    return false;
  int most =
      int(std::min<int64_t>(count, std::clamp(threads, 1, crew->size())));
  int awake = crew->countAwake(most);
  bool isLonely = awake < most - 1;
  int64_t done = 0;
  Clock::time_point begin;
  if (isLonely) {
    begin = Clock::now();
    if (begin - crew->lastEnd > kLinger)
      crew->alone = {};
    bool canTell = awake == 0 && count >= kTrialPieces && count > most;
    if (crew->alone > kPatience ||
        (work == Work::Large &&
         (!canTell || tryAlone(count, body, context, done)))) {
      crew->wake(most);
      awake = crew->countAwake(most);
      crew->alone = {};
    }
  }
  if (awake > 0)
    crew->share(done, count, body, context, most);
  else if (done < count)
    body(context, done, count);
  if (isLonely) {
    crew->lastEnd = Clock::now();
    crew->alone += crew->lastEnd - begin;
  }
  crew->leave();
  return true;
}
