//===- CFeatures.h - features of a processor, asked for in C ----*- C++ -*-===//
//
// The part of a C header that tells whether a machine can run a kernel.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_CODEGEN_CFEATURES_H
#define NORMC_COMPILER_CODEGEN_CFEATURES_H

#include <string>
#include <string_view>
#include <vector>

namespace normc {

/// Helper functions that the tests call, once in a program's source.
extern const char *const kCCpuid;

/// LLVM's names of the features of x86-64 that code for a kernel can use; not
/// those of cryptography, of systems, and what every x86-64 has.
std::vector<std::string_view> listKernelFeatures();

/// A C expression for GCC and Clang on x86-64 that is true where the machine
/// has the features, named as LLVM does. Those that no kernel can use are not
/// asked for.
std::string writeCFeatureTest(const std::vector<std::string> &features);

} // namespace normc

#endif // NORMC_COMPILER_CODEGEN_CFEATURES_H
