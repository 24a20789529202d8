//===- CHeader.h - a C header for an object file ----------------*- C++ -*-===//
//
// Writes what a C or C++ program needs to call a kernel's object file with
// nothing but a C compiler and a linker: declarations, the checks of the facts,
// and a function that runs the stages in order.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_CODEGEN_CHEADER_H
#define NORMC_COMPILER_CODEGEN_CHEADER_H

#include "compiler/codegen/CVersions.h"
#include "normc/Artifact.h"

#include <string>

namespace normc {

/// The header of the kernel with these facts in one version or several, of one
/// architecture and most special first, whose stages have different names. With
/// NAME the kernel's name as a C identifier, it has
///   int NAME(pointers in calling order, the extents and strides that a call
///            gives, void *scratch),
///   int64_t NAME_scratch_bytes(the same extents and strides),
///   int NAME_supported(void)
/// and for several versions int NAME_version(void), const char
/// *NAME_version_name(void). An Internal error if the facts contradict each
/// other or the versions take different calls.
Result<std::string> writeCHeader(llvm::ArrayRef<CVersion> versions);

} // namespace normc

#endif // NORMC_COMPILER_CODEGEN_CHEADER_H
