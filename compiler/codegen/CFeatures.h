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

/// Helper functions that the tests for an architecture call, once in a
/// program's source.
const char *getCFeatureHelpers(std::string_view architecture);

/// LLVM's names of the features of x86_64 or aarch64 that code for a kernel can
/// use; not those of cryptography, of systems, and what every x86-64 has. Of
/// SVE's lengths, which LLVM has no names for, sve256 and sve512.
std::vector<std::string_view> listKernelFeatures(std::string_view architecture);

/// The condition of C's preprocessor under which the tests compile.
std::string_view getCFeatureGuard(std::string_view architecture);

/// A C expression for GCC and Clang that is true where a machine of the
/// architecture has the features, named as LLVM does. Those that no kernel can
/// use are not asked for.
std::string writeCFeatureTest(std::string_view architecture,
                              const std::vector<std::string> &features);

} // namespace normc

#endif // NORMC_COMPILER_CODEGEN_CFEATURES_H
