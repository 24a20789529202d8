//===- KernelCache.h - loaded kernels by what they were made of -*- C++ -*-===//
//
// Keeps kernels that were made once, so that asking for one again takes a
// look-up and no compilation. Knows nothing of what makes them: a key is bytes,
// and the caller says how to make what is missing.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_KERNELCACHE_H
#define NORMC_KERNELCACHE_H

#include "normc/Kernel.h"
#include "normc/Result.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>

namespace normc {

/// A bounded table of kernels. All members may be called from any number of
/// threads at once; look-ups of up to 16 threads share no memory that any of
/// them writes. It must outlive the calls, not the kernels: those that it drops
/// live on in their copies.
class KernelCache {
public:
  /// A LayerNorm's kernel takes 10 KB: its code, once as data and once as pages
  /// that run, and its facts.
  static constexpr size_t kDefaultCapacity = 1024;

  /// What has happened since the cache was made.
  struct Statistics {
    uint64_t hits = 0;      ///< Kernels that were there.
    uint64_t misses = 0;    ///< Calls of a `make`.
    uint64_t joins = 0;     ///< Waits for what another thread was making.
    uint64_t evictions = 0; ///< Kernels dropped to make room.
    size_t kernels = 0;     ///< Kernels held now.
  };

  /// Holds at most `capacity` kernels; at 0 it keeps none, and only sees to it
  /// that equal ones are not made at the same time. To make room the least
  /// recently used kernel goes (uses between two insertions count as equally
  /// recent, so that a look-up seldom writes).
  explicit KernelCache(size_t capacity = kDefaultCapacity);
  ~KernelCache();
  KernelCache(const KernelCache &) = delete;
  KernelCache &operator=(const KernelCache &) = delete;

  /// The kernel of `key`. Where there is none, calls `make`, a function object
  /// that returns a Result<Kernel>, on this thread, and keeps what it returns.
  /// Threads that ask for a key which another thread is making wait for it and
  /// get the same kernel, or the same error. An error is not kept: who asks
  /// after that tries again. Inside `make` the cache may be used, as long as no
  /// keys wait for each other in a circle; a thread that asks for the very key
  /// it is making gets one made anew, since it would wait for itself. A `make`
  /// that throws is an Environment error.
  template <typename Make>
  Result<Kernel> getOrMake(std::string_view key, Make &&make) {
    return get(
        key,
        [](void *context) -> Result<Kernel> {
          return (*static_cast<std::remove_reference_t<Make> *>(context))();
        },
        const_cast<void *>(static_cast<const void *>(std::addressof(make))));
  }

  /// Drops all kernels. One that is being made now is kept when it is there.
  void clear();

  /// A moment's picture: other threads may be counting.
  Statistics statistics() const;

private:
  using MakeFunction = Result<Kernel> (*)(void *context);
  Result<Kernel> get(std::string_view key, MakeFunction make, void *context);

  struct State;
  std::unique_ptr<State> state;
};

/// The cache of this process. Lives as long as the process.
KernelCache &defaultKernelCache();

} // namespace normc

#endif // NORMC_KERNELCACHE_H
