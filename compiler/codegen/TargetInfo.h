//===- TargetInfo.h - LLVM's tables of processors ---------------*- C++ -*-===//
//
// Names and features are looked up here before LLVM sees them: an unknown one
// would abort the process.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_CODEGEN_TARGETINFO_H
#define NORMC_COMPILER_CODEGEN_TARGETINFO_H

#include "normc/Target.h"

#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"

#include <memory>

namespace normc {

/// LLVM's target for a triple, which is registered at the first call that asks
/// for it; null if it is none of X86, AArch64 and NVPTX. Thread safe.
const llvm::Target *findLlvmTarget(const std::string &triple);

/// LLVM's table for a processor, or null for an unknown triple.
std::unique_ptr<llvm::MCSubtargetInfo>
makeSubtargetInfo(const std::string &triple, const std::string &cpu,
                  const std::vector<std::string> &features);

/// Whether LLVM can take the target as it is: an InvalidSpec error says what
/// was expected. A target that `Target::native` or `Target::named` made passes.
Status validateTarget(const Target &target);

} // namespace normc

#endif // NORMC_COMPILER_CODEGEN_TARGETINFO_H
