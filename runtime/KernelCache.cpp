//===- KernelCache.cpp - loaded kernels by what they were made of ---------===//

#include "normc/KernelCache.h"

#include "runtime/KernelState.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

using namespace normc;

namespace {

/// Threads beyond this number share a stripe with another one.
constexpr size_t kStripes = 16;

/// A thread's stripe, as long as it lives: one that the fewest other threads
/// have. Going round instead would soon pair the oldest thread with a new one,
/// and contention makes a look-up five times as long.
class StripeLease {
public:
  StripeLease() {
    for (size_t i = 1; i < kStripes; ++i)
      if (threads[i].load(std::memory_order_relaxed) <
          threads[index].load(std::memory_order_relaxed))
        index = i;
    threads[index].fetch_add(1, std::memory_order_relaxed);
  }
  ~StripeLease() { threads[index].fetch_sub(1, std::memory_order_relaxed); }
  StripeLease(const StripeLease &) = delete;
  StripeLease &operator=(const StripeLease &) = delete;

  size_t index = 0;

private:
  static inline std::array<std::atomic<int>, kStripes> threads{};
};

size_t stripeOfThread() {
  thread_local const StripeLease lease;
  return lease.index;
}

/// The same kernel with one reference count per stripe: threads that copy and
/// drop one kernel would otherwise pass its count's cache line around, which
/// takes longer than the rest of a look-up.
struct Entry {
  std::vector<Kernel> kernels;
  /// Twice the clock at the insertion; one more at a use.
  std::atomic<uint64_t> lastUse;

  Entry(const Kernel &kernel, uint64_t time) : lastUse(time) {
    kernels.reserve(kStripes);
    for (size_t i = 0; i < kStripes; ++i)
      kernels.push_back(KernelFactory::withOwnCount(kernel));
  }
};

/// So that a std::string_view finds a std::string.
struct KeyHash {
  using is_transparent = void;
  size_t operator()(std::string_view key) const {
    return std::hash<std::string_view>()(key);
  }
};

template <typename Value>
using KeyMap = std::unordered_map<std::string, Value, KeyHash, std::equal_to<>>;

/// A kernel that some thread is making.
struct Flight {
  std::thread::id maker = std::this_thread::get_id();
  std::condition_variable landed;
  std::optional<Result<Kernel>> result;
};

/// A reader holds the lock of its own stripe, and a writer the locks of all.
struct alignas(64) Stripe {
  mutable std::mutex mutex;
  uint64_t hits = 0;
};

class WriterLock {
public:
  explicit WriterLock(std::array<Stripe, kStripes> &stripes)
      : stripes(stripes) {
    for (Stripe &stripe : stripes)
      stripe.mutex.lock();
  }
  ~WriterLock() {
    for (Stripe &stripe : stripes)
      stripe.mutex.unlock();
  }
  WriterLock(const WriterLock &) = delete;
  WriterLock &operator=(const WriterLock &) = delete;

private:
  std::array<Stripe, kStripes> &stripes;
};

} // namespace

struct KernelCache::State {
  explicit State(size_t capacity) : capacity(capacity) {}

  std::optional<Result<Kernel>> find(std::string_view key);
  void insert(std::string_view key, const Kernel &kernel);
  Result<Kernel> getMissing(std::string_view key, MakeFunction make,
                            void *context);
  KeyMap<std::unique_ptr<Entry>>::iterator leastRecentlyUsed();

  const size_t capacity;
  std::array<Stripe, kStripes> stripes;
  // Read under one stripe's lock, changed under all of them.
  KeyMap<std::unique_ptr<Entry>> table;
  uint64_t clock = 0;

  /// Taken before the stripes.
  std::mutex flightMutex;
  // Under flightMutex.
  KeyMap<std::shared_ptr<Flight>> flights;
  uint64_t misses = 0, joins = 0, evictions = 0;
};

std::optional<Result<Kernel>> KernelCache::State::find(std::string_view key) {
  size_t index = stripeOfThread();
  Stripe &stripe = stripes[index];
  std::lock_guard<std::mutex> lock(stripe.mutex);
  auto found = table.find(key);
  if (found == table.end())
    return std::nullopt;
  ++stripe.hits;
  Entry &entry = *found->second;
  uint64_t now = 2 * clock + 1;
  if (entry.lastUse.load(std::memory_order_relaxed) != now)
    entry.lastUse.store(now, std::memory_order_relaxed);
  return entry.kernels[index];
}

KeyMap<std::unique_ptr<Entry>>::iterator
KernelCache::State::leastRecentlyUsed() {
  return std::min_element(
      table.begin(), table.end(), [](const auto &a, const auto &b) {
        return a.second->lastUse.load(std::memory_order_relaxed) <
               b.second->lastUse.load(std::memory_order_relaxed);
      });
}

void KernelCache::State::insert(std::string_view key, const Kernel &kernel) {
  if (capacity == 0)
    return;
  // Readers wait as long as the lock is held: what is costly, such as unmapping
  // the dropped kernel's code, comes before it or after.
  KeyMap<std::unique_ptr<Entry>> fresh;
  fresh.emplace(key, std::make_unique<Entry>(kernel, 2 * (clock + 1)));
  KeyMap<std::unique_ptr<Entry>>::node_type dropped;
  WriterLock lock(stripes);
  table.reserve(std::min(table.size() + 1, capacity));
  if (table.size() >= capacity) {
    dropped = table.extract(leastRecentlyUsed());
    ++evictions;
  }
  ++clock;
  table.insert(fresh.extract(fresh.begin()));
}

/// What `make` returns, whatever it throws.
static Result<Kernel> callMake(Result<Kernel> (*make)(void *), void *context) {
  try {
    return make(context);
  } catch (const std::bad_alloc &) {
    return Error{ErrorKind::Environment, "out of memory"};
  } catch (...) {
    return Error{ErrorKind::Environment,
                 "expected a kernel, but what makes it threw an exception"};
  }
}

Result<Kernel> KernelCache::State::getMissing(std::string_view key,
                                              MakeFunction make,
                                              void *context) {
  std::unique_lock<std::mutex> lock(flightMutex);
  // It may have landed in the meantime.
  if (std::optional<Result<Kernel>> found = find(key))
    return *std::move(found);
  if (auto running = flights.find(key); running != flights.end()) {
    std::shared_ptr<Flight> flight = running->second;
    if (flight->maker == std::this_thread::get_id()) {
      ++misses;
      lock.unlock();
      return callMake(make, context);
    }
    ++joins;
    flight->landed.wait(lock, [&] { return flight->result.has_value(); });
    return *flight->result;
  }
  auto flight = std::make_shared<Flight>();
  flights.emplace(key, flight);
  ++misses;
  lock.unlock();
  Result<Kernel> made = callMake(make, context);
  lock.lock();
  try {
    if (made)
      insert(key, *made);
  } catch (const std::bad_alloc &) {
    // Not kept, then.
  }
  flights.erase(flights.find(key));
  flight->result.emplace(std::move(made));
  flight->landed.notify_all();
  return *flight->result;
}

KernelCache::KernelCache(size_t capacity)
    : state(std::make_unique<State>(capacity)) {}

KernelCache::~KernelCache() = default;

Result<Kernel> KernelCache::get(std::string_view key, MakeFunction make,
                                void *context) {
  try {
    if (std::optional<Result<Kernel>> found = state->find(key))
      return *std::move(found);
    return state->getMissing(key, make, context);
  } catch (const std::exception &) {
    return Error{ErrorKind::Environment, "out of memory"};
  }
}

void KernelCache::clear() {
  KeyMap<std::unique_ptr<Entry>> dropped;
  std::lock_guard<std::mutex> lock(state->flightMutex);
  WriterLock writer(state->stripes);
  state->table.swap(dropped);
}

KernelCache::Statistics KernelCache::statistics() const {
  Statistics statistics;
  std::lock_guard<std::mutex> lock(state->flightMutex);
  statistics.misses = state->misses;
  statistics.joins = state->joins;
  statistics.evictions = state->evictions;
  // The table changes only under flightMutex.
  statistics.kernels = state->table.size();
  for (const Stripe &stripe : state->stripes) {
    std::lock_guard<std::mutex> stripeLock(stripe.mutex);
    statistics.hits += stripe.hits;
  }
  return statistics;
}

KernelCache &normc::defaultKernelCache() {
  // Never destroyed, as the executors.
  static KernelCache *cache = new KernelCache;
  return *cache;
}
