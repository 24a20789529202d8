//===- Npy.h - arrays in NumPy's .npy files ---------------------*- C++ -*-===//
//
// Reads and writes one array per file: format versions 1, 2 and 3, C or Fortran
// order, little-endian f16, f32, f64, i8, i32 and i64, and bf16, f8E4M3FN and
// f8E5M2 as raw bytes.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TOOLS_NORMC_NPY_H
#define NORMC_TOOLS_NORMC_NPY_H

#include "Array.h"

#include "llvm/ADT/StringRef.h"

#include <string>

namespace normc::tool {

/// What every .npy file begins with.
inline constexpr llvm::StringLiteral kNpyMagic = "\x93NUMPY";

/// The array in the bytes of a .npy file. NumPy has no name for bf16, so a file
/// of two raw bytes per element (<V2, |V2) or of <u2 is taken as bf16 where
/// `dtype` asks for it, and one of single bytes (<V1, |V1, |u1) as f8E4M3FN or
/// f8E5M2 (which ml_dtypes calls <f1); any other type but `dtype`'s is refused,
/// as are big-endian data, objects, structures, ranks above `kMaxRank`, and a
/// file that is shorter or longer than its header says. `what` is what messages
/// call the array.
Result<Array> parseNpy(llvm::StringRef file, DType dtype,
                       const std::string &what);

/// The header of a .npy file of a row-major array, version 1; the elements
/// follow it.
std::string npyHeader(DType dtype, const Dims &shape);

} // namespace normc::tool

#endif // NORMC_TOOLS_NORMC_NPY_H
