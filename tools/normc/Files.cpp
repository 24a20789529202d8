//===- Files.cpp - files that appear whole or not at all ------------------===//

#include "Files.h"

#include "llvm/Support/Path.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <unistd.h>

using namespace normc;
using namespace normc::tool;
namespace fs = llvm::sys::fs;

static Error environment(const llvm::Twine &message, std::error_code code) {
  return {ErrorKind::Environment, (message + ": " + code.message()).str()};
}

static Error tooLarge(const std::string &path, uint64_t maxBytes) {
  return {ErrorKind::InvalidArgument,
          "expected '" + path + "' to have at most " +
              std::to_string(maxBytes >> 20) + " MiB, but it has more"};
}

/// Reads a pipe or a device, of which nobody knows the end.
static Result<std::unique_ptr<llvm::MemoryBuffer>>
readStream(fs::file_t file, const std::string &path, uint64_t maxBytes,
           llvm::StringRef magic) {
  constexpr size_t step = 1 << 16;
  llvm::SmallVector<char, 0> bytes;
  for (;;) {
    size_t size = bytes.size();
    if (size > maxBytes)
      return tooLarge(path, maxBytes);
    bytes.resize_for_overwrite(size + step);
    llvm::Expected<size_t> got =
        fs::readNativeFile(file, {bytes.data() + size, step});
    if (!got)
      return environment("cannot read '" + path + "'",
                         llvm::errorToErrorCode(got.takeError()));
    bytes.truncate(size + *got);
    llvm::StringRef text(bytes.data(), bytes.size());
    if (*got == 0 || !text.starts_with(magic.take_front(text.size())))
      return std::unique_ptr<llvm::MemoryBuffer>(
          std::make_unique<llvm::SmallVectorMemoryBuffer>(
              std::move(bytes), path, /*RequiresNullTerminator=*/false));
  }
}

static Result<std::unique_ptr<llvm::MemoryBuffer>>
readOpen(fs::file_t file, const std::string &path, uint64_t maxBytes,
         llvm::StringRef magic) {
  fs::file_status status;
  if (std::error_code code = fs::status(file, status))
    return environment("cannot read '" + path + "'", code);
  // Standard input may have been read in part.
  if (path == "-" || status.type() != fs::file_type::regular_file)
    return readStream(file, path, maxBytes, magic);
  if (status.getSize() > maxBytes)
    return tooLarge(path, maxBytes);
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> buffer =
      llvm::MemoryBuffer::getOpenFile(file, path, status.getSize(),
                                      /*RequiresNullTerminator=*/false);
  if (!buffer)
    return environment("cannot read '" + path + "'", buffer.getError());
  return std::move(*buffer);
}

Result<std::unique_ptr<llvm::MemoryBuffer>>
normc::tool::readFile(const std::string &path, std::optional<uint64_t> maxBytes,
                      llvm::StringRef magic) {
  uint64_t limit = maxBytes.value_or(uint64_t(sysconf(_SC_PHYS_PAGES)) *
                                     uint64_t(sysconf(_SC_PAGESIZE)));
  if (path == "-")
    return readOpen(fs::getStdinHandle(), path, limit, magic);
  llvm::Expected<fs::file_t> file = fs::openNativeFileForRead(path);
  if (!file)
    return environment("cannot read '" + path + "'",
                       llvm::errorToErrorCode(file.takeError()));
  auto buffer = readOpen(*file, path, limit, magic);
  (void)fs::closeFile(*file);
  return buffer;
}

/// `path` through the links of its folder, which tells names of one file that
/// doesn't exist yet; as it is where the folder doesn't exist either.
static std::string resolveFolder(const std::string &path) {
  llvm::StringRef folder = llvm::sys::path::parent_path(path);
  llvm::SmallString<128> resolved;
  if (fs::real_path(folder.empty() ? "." : folder, resolved))
    return path;
  llvm::sys::path::append(resolved, llvm::sys::path::filename(path));
  return resolved.str().str();
}

Status normc::tool::checkApart(const std::string &output,
                               llvm::ArrayRef<std::string> inputs) {
  if (output == "-")
    return {};
  for (const std::string &input : inputs) {
    // Also through links; an error means that one of them doesn't exist.
    bool isSame = false;
    if (input != "-" && (resolveFolder(input) == resolveFolder(output) ||
                         (!fs::equivalent(input, output, isSame) && isSame)))
      return Error{ErrorKind::InvalidArgument,
                   "expected an output file of its own, but '" + output +
                       "' is also '" + input + "'"};
  }
  return {};
}

/// Writes and flushes; a stream's error must not live until its destructor,
/// which would end the process.
static std::error_code writeParts(llvm::raw_fd_ostream &stream,
                                  llvm::ArrayRef<llvm::StringRef> parts) {
  for (llvm::StringRef part : parts)
    stream << part;
  stream.flush();
  std::error_code code = stream.error();
  stream.clear_error();
  return code;
}

/// Standard output, a device, a pipe: what takes bytes as they come.
static bool isStream(const std::string &path) {
  fs::file_status status;
  return path == "-" || (!fs::status(path, status) &&
                         status.type() != fs::file_type::regular_file &&
                         status.type() != fs::file_type::directory_file);
}

Status normc::tool::checkWritable(const std::string &path) {
  return isStream(path) ? Status() : OutputFiles().add(path, {});
}

Status OutputFiles::add(const std::string &path,
                        llvm::ArrayRef<llvm::StringRef> parts) {
  if (isStream(path)) {
    std::error_code code;
    llvm::raw_fd_ostream stream(path, code);
    if (!code)
      code = writeParts(stream, parts);
    return code ? Status(environment("cannot write '" + path + "'", code))
                : Status();
  }
  if (fs::is_directory(path))
    return environment("cannot write '" + path + "'",
                       std::make_error_code(std::errc::is_a_directory));

  llvm::Expected<fs::TempFile> temporary =
      fs::TempFile::create(path + ".%%%%%%.tmp");
  if (!temporary)
    return environment("cannot write '" + path + "'",
                       llvm::errorToErrorCode(temporary.takeError()));
  llvm::raw_fd_ostream stream(temporary->FD, /*shouldClose=*/false);
  std::error_code code = writeParts(stream, parts);
  pending.push_back({std::move(*temporary), path});
  return code ? Status(environment("cannot write '" + path + "'", code))
              : Status();
}

Status OutputFiles::commit() {
  while (!pending.empty()) {
    Pending file = std::move(pending.back());
    pending.pop_back();
    if (llvm::Error error = file.temporary.keep(file.path)) {
      llvm::consumeError(file.temporary.discard());
      return environment("cannot write '" + file.path + "'",
                         llvm::errorToErrorCode(std::move(error)));
    }
  }
  return {};
}

OutputFiles::~OutputFiles() {
  for (Pending &file : pending)
    llvm::consumeError(file.temporary.discard());
}
