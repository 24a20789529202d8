//===- Image.h - an object file as one piece of code ------------*- C++ -*-===//
//
// Links a relocatable object into a flat image: bytes that run at any address
// of a page, so that a runtime loads them by copying, without a linker.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_CODEGEN_IMAGE_H
#define NORMC_COMPILER_CODEGEN_IMAGE_H

#include "normc/Artifact.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <string>
#include <vector>

namespace normc {

/// Code and its constants, to be placed at any multiple of 4096 bytes.
struct Image {
  std::vector<char> bytes;
  /// Where each of the entries asked for begins in `bytes`.
  std::vector<int64_t> offsets;
};

/// Links the sections that the functions `entries` of a relocatable object
/// reach; the rest (unwind tables, sections of other functions) is left out.
/// The bytes do not depend on `base`, the address that the link assumes. Thread
/// safe.
///
/// All errors are Internal: an object that can't be read, an entry that it
/// lacks, a symbol that it doesn't define, data that is written, and a
/// reference that would need the address that the image is loaded at.
Result<Image> linkImage(llvm::StringRef object,
                        llvm::ArrayRef<std::string> entries,
                        uint64_t base = uint64_t(1) << 20);

/// Sets `artifact.image` and the offsets of its stages from an object that
/// defines their entries.
Status setImage(Artifact &artifact, llvm::StringRef object);

} // namespace normc

#endif // NORMC_COMPILER_CODEGEN_IMAGE_H
