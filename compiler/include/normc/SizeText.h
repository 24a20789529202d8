//===- SizeText.h - sizes as formulas for people ----------------*- C++ -*-===//
//
// Writes a SizeExpr the way that people write arithmetic.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_SIZETEXT_H
#define NORMC_SIZETEXT_H

#include "normc/Artifact.h"

#include <span>
#include <string>

namespace normc {

/// `size` with the names of the words: "ceil(rows / 16) * 4", "align(n * 4,
/// 64)" for rounding up to a multiple; "?" if it is malformed.
std::string formatSize(const SizeExpr &size,
                       std::span<const std::string> words);

} // namespace normc

#endif // NORMC_SIZETEXT_H
