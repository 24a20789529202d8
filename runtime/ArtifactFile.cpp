//===- ArtifactFile.cpp - artifacts as bytes and files --------------------===//

#include "normc/ArtifactFile.h"

#include "runtime/ArtifactPayload.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <exception>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

using namespace normc;

/// The first byte is no text, and the line ends show what has been converted.
static constexpr std::string_view kMagic("\x89NORMC\r\n", 8);
static constexpr std::string_view kVariantsMagic("\x89NORMV\r\n", 8);
static constexpr size_t kHeaderBytes = 32;
/// A claim of more is a defect: no kernel comes near it.
static constexpr uint64_t kMaxPayloadBytes = uint64_t(1) << 30;

//===----------------------------------------------------------------------===//
// Bytes
//===----------------------------------------------------------------------===//

static void appendNumber(std::string &bytes, uint64_t number) {
  for (int shift = 0; shift < 64; shift += 8)
    bytes.push_back(static_cast<char>(number >> shift));
}

static uint64_t readNumber(std::span<const char> bytes, size_t at) {
  uint64_t number = 0;
  for (size_t i = 8; i-- > 0;)
    number = number << 8 | static_cast<uint8_t>(bytes[at + i]);
  return number;
}

/// FNV-1a, 64 bits.
static uint64_t checksum(std::span<const char> bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  for (char byte : bytes)
    hash = (hash ^ static_cast<uint8_t>(byte)) * 0x100000001b3;
  return hash;
}

static Error invalid(const std::string &message) {
  return {ErrorKind::InvalidArgument, "artifact: " + message};
}

/// A header and what comes behind it.
static std::string pack(std::string_view magic, const std::string &payload) {
  std::string bytes(magic);
  appendNumber(bytes, Artifact::kFormatVersion);
  appendNumber(bytes, payload.size());
  appendNumber(bytes, checksum(payload));
  return bytes + payload;
}

std::string normc::serialize(const Artifact &artifact) {
  return pack(kMagic, encodePayload(artifact));
}

std::string normc::serialize(std::span<const Artifact> variants) {
  if (variants.size() == 1)
    return serialize(variants[0]);
  std::string payload;
  for (const Artifact &artifact : variants)
    payload += serialize(artifact);
  return pack(kVariantsMagic, payload);
}

static bool startsWith(std::span<const char> bytes, std::string_view magic) {
  return std::string_view(bytes.data(), bytes.size()).starts_with(magic);
}

bool normc::isArtifact(std::span<const char> bytes) {
  return startsWith(bytes, kMagic) || startsWith(bytes, kVariantsMagic);
}

/// Checks the header, and returns how many bytes come behind it.
static Result<uint64_t> readHeader(std::span<const char> bytes) {
  if (!isArtifact(bytes.first(std::min(bytes.size(), kHeaderBytes))))
    return invalid("expected a file that normc wrote, but its " +
                   std::to_string(bytes.size()) +
                   " bytes begin in another way");
  if (bytes.size() < kHeaderBytes)
    return invalid("expected a header of " + std::to_string(kHeaderBytes) +
                   " bytes, but got " + std::to_string(bytes.size()));
  if (uint64_t version = readNumber(bytes, 8);
      version != Artifact::kFormatVersion)
    return Error{ErrorKind::Environment,
                 "artifact: expected format version " +
                     std::to_string(Artifact::kFormatVersion) + ", but got " +
                     std::to_string(version)};
  uint64_t length = readNumber(bytes, 16);
  if (length > kMaxPayloadBytes)
    return invalid("expected at most " + std::to_string(kMaxPayloadBytes) +
                   " bytes, but the header says " + std::to_string(length));
  return length;
}

/// What comes behind the header, which says how much that is.
static Result<std::span<const char>> unpack(std::span<const char> bytes) {
  Result<uint64_t> length = readHeader(bytes);
  if (!length)
    return length.error();
  std::span<const char> payload = bytes.subspan(kHeaderBytes);
  if (payload.size() != *length)
    return invalid("expected " + std::to_string(*length) +
                   " bytes behind the header, but got " +
                   std::to_string(payload.size()));
  if (checksum(payload) != readNumber(bytes, 24))
    return invalid("expected bytes that match their checksum, but they are "
                   "damaged");
  return payload;
}

static Result<Artifact> deserializeUnguarded(std::span<const char> bytes) {
  Result<std::span<const char>> payload = unpack(bytes);
  if (!payload)
    return payload.error();
  if (!startsWith(bytes, kMagic))
    return invalid("expected one artifact, but got variants for several "
                   "machines");
  return decodePayload(*payload);
}

static Result<std::vector<Artifact>>
deserializeAllUnguarded(std::span<const char> bytes) {
  std::vector<Artifact> variants;
  std::span<const char> rest = bytes;
  if (startsWith(bytes, kVariantsMagic)) {
    Result<std::span<const char>> payload = unpack(bytes);
    if (!payload)
      return payload.error();
    rest = *payload;
    if (rest.empty())
      return invalid("expected at least 1 variant, but got 0");
  }
  do {
    std::span<const char> next = rest;
    if (Result<uint64_t> length = readHeader(rest);
        length && rest.data() != bytes.data())
      next =
          rest.first(std::min<uint64_t>(rest.size(), kHeaderBytes + *length));
    Result<Artifact> artifact = deserializeUnguarded(next);
    if (!artifact)
      return artifact.error();
    if (!variants.empty() && artifact->name != variants[0].name)
      return invalid("expected variants of '" + variants[0].name +
                     "', but got one of '" + artifact->name + "'");
    variants.push_back(*std::move(artifact));
    rest = rest.subspan(next.size());
  } while (!rest.empty());
  return variants;
}

/// Nothing but a failed allocation is thrown by `call`.
template <typename Callable> static auto guarded(Callable call) {
  try {
    return call();
  } catch (const std::exception &) {
    return decltype(call())(Error{ErrorKind::Environment, "out of memory"});
  }
}

Result<Artifact> normc::deserialize(std::span<const char> bytes) {
  return guarded([&] { return deserializeUnguarded(bytes); });
}

Result<std::vector<Artifact>>
normc::deserializeVariants(std::span<const char> bytes) {
  return guarded([&] { return deserializeAllUnguarded(bytes); });
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

namespace {

/// A descriptor, closed by the destructor.
class File {
public:
  File(const std::string &path, int flags)
      : descriptor(open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
  File(const File &) = delete;
  File &operator=(const File &) = delete;
  ~File() { (void)close(); }

  bool isOpen() const { return descriptor >= 0; }

  /// Appends up to `count` bytes to `bytes`: fewer at the end of the file.
  bool read(std::string &bytes, uint64_t count) {
    char buffer[65536];
    while (count > 0) {
      ssize_t got =
          ::read(descriptor, buffer, std::min<uint64_t>(count, sizeof(buffer)));
      if (got < 0 && errno == EINTR)
        continue;
      if (got <= 0)
        return got == 0;
      bytes.append(buffer, static_cast<size_t>(got));
      count -= static_cast<uint64_t>(got);
    }
    return true;
  }

  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t done = ::write(descriptor, bytes.data(), bytes.size());
      if (done < 0 && errno == EINTR)
        continue;
      if (done < 0)
        return false;
      bytes.remove_prefix(static_cast<size_t>(done));
    }
    return true;
  }

  /// False where what was written is lost after all.
  bool close() {
    int closing = std::exchange(descriptor, -1);
    return closing < 0 || ::close(closing) == 0;
  }

private:
  int descriptor;
};

} // namespace

/// What errno says of a file.
static Error systemError(const char *action, const std::string &path) {
  return {ErrorKind::Environment,
          std::string("cannot ") + action + " '" + path +
              "': " + std::generic_category().message(errno)};
}

/// Writes a new file beside `path` and returns its name; errno on a failure.
static Status writeBeside(const std::string &path, std::string_view bytes,
                          std::string &temporary) {
  static std::atomic<unsigned> next{0};
  // A name may be left over from a process that was killed.
  for (int attempt = 0; attempt < 100; ++attempt) {
    temporary = path + "." + std::to_string(getpid()) + "-" +
                std::to_string(next++) + ".tmp";
    File file(temporary, O_WRONLY | O_CREAT | O_EXCL);
    if (!file.isOpen() && errno == EEXIST)
      continue;
    if (!file.isOpen())
      return systemError("write", path);
    if (file.write(bytes) && file.close())
      return {};
    Error error = systemError("write", path);
    unlink(temporary.c_str());
    return error;
  }
  return systemError("write", path);
}

static Status saveUnguarded(std::string_view bytes, const std::string &path) {
  // Not flushed to the disk: what a crash cuts off, the checksum finds.
  std::string temporary;
  if (Status status = writeBeside(path, bytes, temporary); !status)
    return status;
  if (rename(temporary.c_str(), path.c_str()) == 0)
    return {};
  Error error = systemError("write", path);
  unlink(temporary.c_str());
  return error;
}

Status normc::saveArtifact(const Artifact &artifact, const std::string &path) {
  return guarded([&] { return saveUnguarded(serialize(artifact), path); });
}

Status normc::saveVariants(std::span<const Artifact> variants,
                           const std::string &path) {
  return guarded([&] { return saveUnguarded(serialize(variants), path); });
}

/// Reads a file for `parse`, whose errors then name it.
template <typename T>
static Result<T> loadUnguarded(const std::string &path,
                               Result<T> parse(std::span<const char>)) {
  File file(path, O_RDONLY);
  std::string bytes;
  if (!file.isOpen() || !file.read(bytes, kHeaderBytes))
    return systemError("read", path);
  Result<uint64_t> length = readHeader(bytes);
  // A byte more, so that one too many is seen.
  if (length && !file.read(bytes, *length + 1))
    return systemError("read", path);
  Result<T> parsed = parse(bytes);
  if (!parsed)
    return Error{parsed.error().kind,
                 "'" + path + "': " + parsed.error().message};
  return parsed;
}

Result<Artifact> normc::loadArtifact(const std::string &path) {
  return guarded([&] { return loadUnguarded(path, deserializeUnguarded); });
}

Result<std::vector<Artifact>> normc::loadVariants(const std::string &path) {
  return guarded([&] { return loadUnguarded(path, deserializeAllUnguarded); });
}
