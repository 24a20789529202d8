//===- RandomFill.h - arrays of random numbers ------------------*- C++ -*-===//
//
// Normal numbers from a seed, the same at any number of threads.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TOOLS_NORMC_RANDOMFILL_H
#define NORMC_TOOLS_NORMC_RANDOMFILL_H

#include "Array.h"

#include "normc/Executor.h"

#include <cstdint>
#include <string_view>

namespace normc::tool {

/// Fills a row-major array with numbers of mean 0 and variance 1 that depend on
/// the seed and on `name` only; `isPositive` takes 0.5 and their absolute value
/// instead, for variances. Integers are 32 times those, rounded. Arrays with
/// gaps are filled through, gaps included.
void fillRandom(Array &array, uint64_t seed, std::string_view name,
                bool isPositive, Executor &executor);

} // namespace normc::tool

#endif // NORMC_TOOLS_NORMC_RANDOMFILL_H
