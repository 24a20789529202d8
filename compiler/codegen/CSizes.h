//===- CSizes.h - sizes as C expressions ------------------------*- C++ -*-===//
//
// The part of a C header that computes sizes, with checks for overflow.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_CODEGEN_CSIZES_H
#define NORMC_COMPILER_CODEGEN_CSIZES_H

#include "normc/Artifact.h"

#include <string>

namespace normc {

/// Return codes and helper functions that every C header has, once in a
/// program's source however many headers it includes.
extern const char *const kCHelpers;

/// `size` as a C99 expression over the array `words`, which sets the int
/// `fault` where a value is negative or doesn't fit in 63 bits.
std::string writeCSize(const SizeExpr &size);

} // namespace normc

#endif // NORMC_COMPILER_CODEGEN_CSIZES_H
