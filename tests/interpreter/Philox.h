//===- Philox.h - Philox4x32-10, one block at a time ------------*- C++ -*-===//
//
// The random numbers of `norm.philox` by the definition: for the interpreter,
// and for tests of compiled code.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_INTERPRETER_PHILOX_H
#define NORMC_TESTS_INTERPRETER_PHILOX_H

#include <array>
#include <cstddef>
#include <cstdint>

namespace normc::interpreter {

/// The block of a counter of 128 bits under a key of 64, least significant
/// words first (Salmon et al., SC'11).
inline std::array<uint32_t, 4> philoxBlock(std::array<uint32_t, 4> counter,
                                           std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    uint64_t even = uint64_t(0xD2511F53) * counter[0];
    uint64_t odd = uint64_t(0xCD9E8D57) * counter[2];
    counter = {uint32_t(odd >> 32) ^ counter[1] ^ key[0], uint32_t(odd),
               uint32_t(even >> 32) ^ counter[3] ^ key[1], uint32_t(even)};
    key = {key[0] + 0x9E3779B9, key[1] + 0xBB67AE85};
  }
  return counter;
}

/// What norm.philox gives.
inline uint32_t philoxWord(uint64_t seed, uint64_t offset, uint64_t index) {
  uint64_t counter = offset + index / 4;
  return philoxBlock({uint32_t(counter), uint32_t(counter >> 32), 0, 0},
                     {uint32_t(seed), uint32_t(seed >> 32)})[index % 4];
}

} // namespace normc::interpreter

#endif // NORMC_TESTS_INTERPRETER_PHILOX_H
