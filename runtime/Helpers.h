//===- Helpers.h - threads that stay awake between calls --------*- C++ -*-===//
//
// Threads that wait for the next call of a kernel for some microseconds after
// the last one, so that small calls can use them.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_RUNTIME_HELPERS_H
#define NORMC_RUNTIME_HELPERS_H

#include <cstdint>
#include <memory>

namespace normc {

/// Why oneTBB's own loops are not enough: waking a thread takes time of the
/// caller's, and more until it comes (docs/rationale.md). oneTBB's threads
/// sleep when a loop of less than that has ended, so that they take no part in
/// the next one either; and in a virtual machine Linux may wake them on the
/// caller's own processor, where they wait for the next tick, 4 ms later.
/// Safe to use from any number of threads, one of which gets the helpers.
class Helpers {
public:
  using Body = void (*)(void *context, int64_t begin, int64_t end);
  /// Whether the work may be worth waking threads for. What takes some
  /// microseconds isn't, until several such calls have followed one another. Of
  /// other work in many pieces some is done alone, to see what is left.
  enum class Work { Small, Large };

  /// For loops of at most `threads` threads, the calling one included.
  explicit Helpers(int threads);
  /// Ends the helpers' threads, and does not wait for them.
  ~Helpers();
  Helpers(const Helpers &) = delete;
  Helpers &operator=(const Helpers &) = delete;

  /// Calls `body(context, begin, end)` for ranges that cover [0, count) exactly
  /// once, on the calling thread and on at most `threads` - 1 helpers, and
  /// returns when all calls have returned. Each thread begins with its own part
  /// of the range, the same one in each call that finds it awake, whose data is
  /// then in its cache. Returns false, and has done nothing, where another call
  /// has the helpers, which may be one that this call is inside of, and in a
  /// process that was forked off since.
  bool run(int64_t count, Body body, void *context, int threads, Work work);

private:
  class Crew;
  std::shared_ptr<Crew> crew; ///< Helpers keep it, too.
};

} // namespace normc

#endif // NORMC_RUNTIME_HELPERS_H
