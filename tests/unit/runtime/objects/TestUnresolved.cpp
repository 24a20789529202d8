//===- TestUnresolved.cpp - code that can't be linked ---------------------===//
//
// Refers to a function that exists nowhere.
//
//===----------------------------------------------------------------------===//

#include <cstdint>

extern "C" int32_t normc_test_missing_function(void *const *buffers);

extern "C" int32_t calls_missing(void *const *buffers, const int64_t *, void *,
                                 int64_t, int64_t) {
  return normc_test_missing_function(buffers);
}
