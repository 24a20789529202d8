//===- CVersions.h - the choice of a version in C ---------------*- C++ -*-===//
//
// The part of a C header that asks what the machine can do, and that differs
// between versions of a kernel for several processors.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_CODEGEN_CVERSIONS_H
#define NORMC_COMPILER_CODEGEN_CVERSIONS_H

#include "normc/Artifact.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <string>

namespace normc {

/// One version of a kernel; no code is needed.
struct CVersion {
  std::string targetName;
  Artifact facts;
};

/// Statements that differ between versions, each line indented by two spaces:
/// `write` as it is for a single version, otherwise a switch over the variable
/// `version` with a case for each, which returns `otherwise` where no version
/// runs on the machine.
std::string
writePerVersion(llvm::ArrayRef<CVersion> versions, llvm::StringRef otherwise,
                llvm::function_ref<std::string(const CVersion &)> write);

/// The function NAME_supported, and for several versions NAME_version, which
/// asks the machine once, and NAME_version_name.
std::string writeVersionChoice(const std::string &name,
                               llvm::ArrayRef<CVersion> versions);

} // namespace normc

#endif // NORMC_COMPILER_CODEGEN_CVERSIONS_H
