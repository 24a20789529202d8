//===- CpuFeatures.h - what this machine's CPU can do -----------*- C++ -*-===//
//
// Answers by the names that LLVM gives to features, without LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_RUNTIME_CPU_CPUFEATURES_H
#define NORMC_RUNTIME_CPU_CPUFEATURES_H

#include <optional>
#include <string_view>

namespace normc {

/// The architecture of this process as LLVM's triples begin: x86_64, aarch64.
std::string_view hostArchitecture();

/// Whether this CPU has a feature and the system lets programs use it; nothing
/// for a name that is unknown. Beside LLVM's names, sve256 and sve512 tell the
/// length in bits of SVE vectors of the calling thread, which a program may
/// change, but hardly any does. Thread safe.
std::optional<bool> hasCpuFeature(std::string_view name);

} // namespace normc

#endif // NORMC_RUNTIME_CPU_CPUFEATURES_H
