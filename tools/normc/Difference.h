//===- Difference.h - whether rounding explains it --------------*- C++ -*-===//
//
// Compares what two variants of one kernel computed.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TOOLS_NORMC_DIFFERENCE_H
#define NORMC_TOOLS_NORMC_DIFFERENCE_H

#include "Array.h"

#include <string>

namespace normc::tool {

/// How equal results must be.
enum class Sameness {
  Bits, ///< All of them.
  /// As sums in another order leave them: 32 units in the last place of the
  /// largest result (of f32 for narrower types), which is where terms that
  /// cancel have their errors. Types of 8 and 16 bits: or one unit in the last
  /// place of the element itself, and at most one element in 64, and 4 more,
  /// may differ (sums are exact enough that few results lie between two
  /// values). i32 and i64: all bits.
  Rounding,
};

/// The first element of `got` that is not as in `expected`, or how many there
/// are, for a message: "expected 1.5 at (0, 3), but got 2". Empty where the two
/// are the same. Both are of the same element type and shape. NaNs are equal.
std::string findDifference(const Array &expected, const Array &got,
                           Sameness sameness);

} // namespace normc::tool

#endif // NORMC_TOOLS_NORMC_DIFFERENCE_H
