//===- Files.h - files that appear whole or not at all ----------*- C++ -*-===//
//
// Reads a whole file, and writes several so that a failure leaves none behind.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TOOLS_NORMC_FILES_H
#define NORMC_TOOLS_NORMC_FILES_H

#include "normc/Result.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace normc::tool {

/// More than this is no norm that someone wrote, but a device or a mistake.
inline constexpr uint64_t kMaxSourceBytes = uint64_t(64) << 20;

/// The bytes of a file, or of standard input for "-". An Environment error
/// names the file and the reason; a file of more than `maxBytes` (by default
/// what the machine has of memory) is an InvalidArgument. A pipe or a device
/// that does not begin with `magic` is not read to its end: the caller will
/// refuse what there is.
Result<std::unique_ptr<llvm::MemoryBuffer>>
readFile(const std::string &path,
         std::optional<uint64_t> maxBytes = std::nullopt,
         llvm::StringRef magic = "");

/// An InvalidArgument error if `output` names the same file as one of `inputs`:
/// writing it would destroy what was read.
Status checkApart(const std::string &output,
                  llvm::ArrayRef<std::string> inputs);

/// Asks before long work whether `OutputFiles::add` could write `path`: an
/// Environment error if not. What is no regular file is not opened, since a
/// pipe would end by that.
Status checkWritable(const std::string &path);

/// Files to be written: each is complete under another name before the first
/// takes its own. Those that were never committed are deleted.
class OutputFiles {
public:
  OutputFiles() = default;
  OutputFiles(const OutputFiles &) = delete;
  OutputFiles &operator=(const OutputFiles &) = delete;
  ~OutputFiles();

  /// Writes `parts`, one after the other, to a file beside `path`. What is no
  /// regular file ("-" for standard output, a device, a pipe) is written at
  /// once. Fails with Environment.
  Status add(const std::string &path, llvm::ArrayRef<llvm::StringRef> parts);

  /// Gives every file its name.
  Status commit();

private:
  struct Pending {
    llvm::sys::fs::TempFile temporary;
    std::string path;
  };
  std::vector<Pending> pending;
};

} // namespace normc::tool

#endif // NORMC_TOOLS_NORMC_FILES_H
