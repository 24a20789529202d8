//===- ScheduleEdit.h - the schedules of a text, as numbers -----*- C++ -*-===//
//
// Reads and changes the numbers of the schedules in .mlir text, for whoever
// searches for better ones than the compiler chose. What `emit` prints at
// Emit::Scheduled is such a text, and all that compiles takes it again.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_SCHEDULEEDIT_H
#define NORMC_SCHEDULEEDIT_H

#include "normc/Result.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace normc {

/// One number of one stage's schedule.
struct ScheduleParameter {
  /// Stages are counted from 0 through all kernels with a schedule, in order.
  size_t stage = 0;
  std::string name; ///< width, unroll, chunk, ...: those of #norm.schedule.
  int64_t value = 0;
  /// The largest value that keeps the bounds on rounding errors that norms
  /// promise; less than `value` only in a schedule written by hand.
  int64_t most = 0;
  /// Whether another value sums in another order. Where it does not, results
  /// keep their bits.
  bool changesRounding = false;
};

/// A new value for one number.
struct ScheduleChange {
  size_t stage = 0;
  std::string name;
  int64_t value = 0;
  /// What the schedule says about it from then on, for people; may be empty.
  std::string reason;
};

/// The numbers that schedules on a CPU have (width, unroll, chunk, resident,
/// stream, prefetch, rows), or on a GPU (width, unroll, threads), of every
/// stage. Empty where no kernel of the text has a schedule. `sourceName` is
/// what diagnostics call the text. Thread safe. Errors: InvalidSpec with the
/// place in the text.
Result<std::vector<ScheduleParameter>>
listSchedules(std::string_view mlir, std::string_view sourceName = "<string>");

/// The text with these changes, one after the other. Thread safe. Errors:
/// InvalidSpec for a text that does not parse, a stage or parameter that it
/// does not have, and a value that #norm.schedule does not take.
Result<std::string> changeSchedules(std::string_view mlir,
                                    std::span<const ScheduleChange> changes,
                                    std::string_view sourceName = "<string>");

} // namespace normc

#endif // NORMC_SCHEDULEEDIT_H
