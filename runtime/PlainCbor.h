//===- PlainCbor.h - whether bytes are harmless CBOR ------------*- C++ -*-===//
//
// A check before a parser sees the bytes: nlohmann's follows every nested
// array, tag and piece of a string by a call of its own, so that a file of a
// few hundred kilobytes could exhaust the stack.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_RUNTIME_PLAINCBOR_H
#define NORMC_RUNTIME_PLAINCBOR_H

#include <span>

namespace normc {

/// Arrays and maps in one another, at most.
inline constexpr int kMaxCborDepth = 16;

/// Whether `bytes` are one CBOR item of known lengths and nothing behind it,
/// without tags, nested at most `kMaxCborDepth` deep.
bool isPlainCbor(std::span<const char> bytes);

} // namespace normc

#endif // NORMC_RUNTIME_PLAINCBOR_H
