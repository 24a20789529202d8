//===- CHeader.h - a C header for an object file ----------------*- C++ -*-===//
//
// Writes what a C or C++ program needs to call a kernel's object file with
// nothing but a C compiler and a linker: declarations, the checks of the facts,
// and a function that runs the stages in order.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_CODEGEN_CHEADER_H
#define NORMC_COMPILER_CODEGEN_CHEADER_H

#include "normc/Artifact.h"

#include <string>
#include <string_view>

namespace normc {

/// The header of the kernel with these facts (no code is needed), compiled for
/// `targetName`. With NAME the kernel's name as a C identifier, it has
///   int NAME(pointers in calling order, the extents and strides that a call
///            gives, void *scratch),
///   int64_t NAME_scratch_bytes(the same extents and strides) and
///   int NAME_supported(void).
/// An Internal error if the facts contradict each other.
Result<std::string> writeCHeader(const Artifact &artifact,
                                 std::string_view targetName);

} // namespace normc

#endif // NORMC_COMPILER_CODEGEN_CHEADER_H
