//===- CpuKernel.cpp - machine code in this process -----------------------===//

#include "runtime/cpu/CpuKernel.h"

#include "runtime/cpu/CpuFeatures.h"
#include "runtime/cpu/StageCode.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <sys/mman.h>

using namespace normc;

namespace {

/// Pages that hold an image; unmapped by the destructor.
class CodeMapping {
public:
  CodeMapping() = default;
  CodeMapping(CodeMapping &&other) noexcept
      : address(std::exchange(other.address, nullptr)), size(other.size) {}
  CodeMapping &operator=(CodeMapping &&) = delete;
  ~CodeMapping() {
    if (address)
      munmap(address, size);
  }

  /// Never writable and executable at once, which hardened systems refuse. An
  /// error is the system's.
  std::error_code fill(const std::vector<char> &image) {
    size = image.size();
    void *pages = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
      return {errno, std::generic_category()};
    address = static_cast<char *>(pages);
    std::memcpy(address, image.data(), size);
    if (mprotect(address, size, PROT_READ | PROT_EXEC) != 0)
      return {errno, std::generic_category()};
    __builtin___clear_cache(address, address + size);
    return {};
  }

  StageEntry entry(int64_t offset) const {
    return reinterpret_cast<StageEntry>(address + offset);
  }

private:
  char *address = nullptr;
  size_t size = 0;
};

/// Code of one kernel, unmapped with it.
class MappedCode final : public StageCode {
public:
  MappedCode(std::vector<Stage> stages, CodeMapping mapping)
      : StageCode(std::move(stages)), mapping(std::move(mapping)) {}

private:
  CodeMapping mapping;
};

} // namespace

static Error environment(const Artifact &artifact, const std::string &message) {
  return {ErrorKind::Environment,
          "artifact '" + artifact.name + "': " + message};
}

/// Whether the triple's code can be called from here: the architecture, and the
/// calling convention that goes with the system.
static Status checkTriple(const Artifact &artifact) {
  std::string_view triple = artifact.triple;
  std::string_view architecture = triple.substr(0, triple.find('-'));
  if (architecture != hostArchitecture())
    return environment(artifact, "expected a machine of architecture '" +
                                     std::string(architecture) +
                                     "', but this is '" +
                                     std::string(hostArchitecture()) + "'");
  for (std::string_view system : {"-windows", "-uefi", "-cygwin"})
    if (triple.find(system) != std::string_view::npos)
      return environment(artifact,
                         "expected a system that calls functions as '" +
                             artifact.triple + "' does, but this one doesn't");
  return {};
}

/// "'a', 'b'", with `name` added.
static void append(std::string &names, const std::string &name) {
  names += (names.empty() ? "'" : ", '") + name + "'";
}

static Status checkFeatures(const Artifact &artifact) {
  std::string missing, unknown;
  for (const std::string &feature : artifact.requiredFeatures) {
    std::optional<bool> has = hasCpuFeature(feature);
    if (!has)
      append(unknown, feature);
    else if (!*has)
      append(missing, feature);
  }
  if (!missing.empty())
    return environment(artifact, "expected a CPU with the features " + missing +
                                     ", but this one lacks them");
  if (!unknown.empty())
    return environment(artifact, "expected CPU features that this version of "
                                 "normc knows, but got " +
                                     unknown);
  return {};
}

Status normc::checkMachine(const Artifact &artifact) {
  if (Status status = checkTriple(artifact); !status)
    return status;
  return checkFeatures(artifact);
}

Result<std::unique_ptr<const CodeHandle>>
normc::loadCpuCode(const Artifact &artifact) {
  if (Status status = checkMachine(artifact); !status)
    return status.error();
  CodeMapping mapping;
  if (std::error_code code = mapping.fill(artifact.image))
    return environment(
        artifact,
        "expected " + std::to_string(artifact.image.size()) +
            " bytes of memory to run code in, but got: " + code.message());
  std::vector<Stage> stages;
  for (const StageFacts &stage : artifact.stages)
    stages.push_back({stage.entry, mapping.entry(stage.offset),
                      stage.chunksPerBlock});
  return std::unique_ptr<const CodeHandle>(
      std::make_unique<MappedCode>(std::move(stages), std::move(mapping)));
}
