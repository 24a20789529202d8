//===- CNames.h - names that a C program can say ----------------*- C++ -*-===//
//
// Symbols of machine code and identifiers of the C header, from the names of
// kernels and arguments, which may be any text.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_LOWERING_SHARED_CNAMES_H
#define NORMC_COMPILER_LOWERING_SHARED_CNAMES_H

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/StringSet.h"

#include <string>

namespace normc {

/// `name` as an identifier of C and C++: letters, digits and underscores, bytes
/// beyond ASCII as two hexadecimal digits. A keyword or a common macro gets an
/// underscore at its end.
std::string toCIdentifier(llvm::StringRef name);

/// The same for a function, which must also not be one of the C library.
std::string toCFunctionName(llvm::StringRef name);

/// Identifiers of one scope, each given once.
class CScope {
public:
  /// An identifier like `name` that this scope has not given before.
  std::string declare(llvm::StringRef name);

private:
  llvm::StringSet<> taken;
};

} // namespace normc

#endif // NORMC_COMPILER_LOWERING_SHARED_CNAMES_H
