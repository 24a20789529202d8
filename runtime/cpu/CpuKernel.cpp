//===- CpuKernel.cpp - object code loaded into this process ---------------===//

#include "runtime/cpu/CpuKernel.h"

#include "runtime/cpu/StageCode.h"

#include <llvm/ADT/StringMap.h>
#include <llvm/ExecutionEngine/Orc/ExecutionUtils.h>
#include <llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h>
#include <llvm/ExecutionEngine/Orc/SelfExecutorProcessControl.h>
#include <llvm/Object/ObjectFile.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/TargetParser/Triple.h>

#include <mutex>

using namespace normc;
namespace orc = llvm::orc;

namespace {

/// The process's one JIT linker. It has no compiler: artifacts are object code
/// already, so that no LLVM target has to be initialised either.
class Linker {
public:
  /// Never destroyed: kernels may outlive the objects of static duration.
  static llvm::Expected<Linker *> get();

  /// Links the object, and returns the library that holds it with one address
  /// per name. On an error nothing stays behind.
  llvm::Expected<orc::JITDylib *>
  link(llvm::MemoryBufferRef object, const std::vector<std::string> &names,
       std::vector<orc::ExecutorAddr> &addresses);
  void unlink(orc::JITDylib &library);

private:
  explicit Linker(std::unique_ptr<orc::ExecutorProcessControl> process);
  llvm::Error lookUp(orc::JITDylib &library,
                     const std::vector<std::string> &names,
                     std::vector<orc::ExecutorAddr> &addresses);
  llvm::Error withReports(llvm::Error error);

  /// One load at a time, so that what the session reports belongs to it.
  std::mutex mutex;
  std::string reports;
  uint64_t loads = 0;
  char globalPrefix;
  orc::ExecutionSession session;
  orc::ObjectLinkingLayer layer;
  orc::JITDylib &processSymbols;
};

/// Code of one kernel, unlinked with it.
class LinkedCode final : public StageCode {
public:
  LinkedCode(std::vector<Stage> stages, Linker &linker, orc::JITDylib &library)
      : StageCode(std::move(stages)), linker(linker), library(library) {}
  ~LinkedCode() override { linker.unlink(library); }

private:
  Linker &linker;
  orc::JITDylib &library;
};

} // namespace

static const llvm::Triple &processTriple() {
  static const auto *triple = new llvm::Triple(llvm::sys::getProcessTriple());
  return *triple;
}

//===----------------------------------------------------------------------===//
// Linker
//===----------------------------------------------------------------------===//

Linker::Linker(std::unique_ptr<orc::ExecutorProcessControl> process)
    : globalPrefix(processTriple().isOSBinFormatMachO() ? '_' : '\0'),
      session(std::move(process)), layer(session),
      processSymbols(session.createBareJITDylib("process")) {
  // The default reporter prints.
  session.setErrorReporter([this](llvm::Error error) {
    reports += (reports.empty() ? "" : "; ") + llvm::toString(std::move(error));
  });
}

llvm::Expected<Linker *> Linker::get() {
  static std::mutex mutex;
  static Linker *linker = nullptr;
  std::lock_guard lock(mutex);
  if (linker)
    return linker;
  // In place, since threads of our own would be the host's to know of.
  auto process = orc::SelfExecutorProcessControl::Create(
      nullptr, std::make_unique<orc::InPlaceTaskDispatcher>());
  if (!process)
    return process.takeError();
  auto *created = new Linker(std::move(*process));
  auto generator = orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
      created->globalPrefix);
  if (!generator) {
    llvm::consumeError(created->session.endSession());
    delete created;
    return generator.takeError();
  }
  created->processSymbols.addGenerator(std::move(*generator));
  linker = created;
  return linker;
}

/// Joins what the session has reported to the error that a look-up returned,
/// which alone only says that the look-up failed.
llvm::Error Linker::withReports(llvm::Error error) {
  if (reports.empty())
    return error;
  llvm::consumeError(std::move(error));
  return llvm::createStringError(reports);
}

llvm::Error Linker::lookUp(orc::JITDylib &library,
                           const std::vector<std::string> &names,
                           std::vector<orc::ExecutorAddr> &addresses) {
  for (const std::string &name : names) {
    std::string symbol = (globalPrefix ? "_" : "") + name;
    auto found = session.lookup({&library}, symbol);
    if (!found)
      return withReports(found.takeError());
    addresses.push_back(found->getAddress());
  }
  return llvm::Error::success();
}

llvm::Expected<orc::JITDylib *>
Linker::link(llvm::MemoryBufferRef object,
             const std::vector<std::string> &names,
             std::vector<orc::ExecutorAddr> &addresses) {
  std::lock_guard lock(mutex);
  reports.clear();
  orc::JITDylib &library =
      session.createBareJITDylib("kernel-" + std::to_string(loads++));
  library.addToLinkOrder(processSymbols);
  llvm::Error error =
      layer.add(library, llvm::MemoryBuffer::getMemBuffer(
                             object, /*RequiresNullTerminator=*/false));
  if (!error)
    error = lookUp(library, names, addresses);
  if (error) {
    llvm::consumeError(session.removeJITDylib(library));
    return error;
  }
  return &library;
}

void Linker::unlink(orc::JITDylib &library) {
  std::lock_guard lock(mutex);
  llvm::consumeError(session.removeJITDylib(library));
}

//===----------------------------------------------------------------------===//
// Whether this machine is the artifact's
//===----------------------------------------------------------------------===//

static Error fail(const Artifact &artifact, ErrorKind kind,
                  const std::string &message) {
  return {kind, "artifact '" + artifact.name + "': " + message};
}

static Error internal(const Artifact &artifact, const std::string &expected,
                      llvm::Error got) {
  return fail(artifact, ErrorKind::Internal,
              "expected " + expected +
                  ", but got: " + llvm::toString(std::move(got)));
}

static Status checkMachine(const Artifact &artifact) {
  llvm::Triple triple(artifact.triple);
  const llvm::Triple &host = processTriple();
  if (triple.getArch() != host.getArch())
    return fail(artifact, ErrorKind::Environment,
                "expected a machine of architecture '" +
                    triple.getArchName().str() + "', but got '" +
                    host.getArchName().str() + "'");
  if (triple.getObjectFormat() != host.getObjectFormat())
    return fail(artifact, ErrorKind::Environment,
                "expected a system that loads objects of '" + triple.str() +
                    "', but got '" + host.str() + "'");
  static const auto *features =
      new llvm::StringMap<bool>(llvm::sys::getHostCPUFeatures());
  for (const std::string &feature : artifact.requiredFeatures)
    if (!features->lookup(feature))
      return fail(artifact, ErrorKind::Environment,
                  "expected a CPU with feature '" + feature + "', but '" +
                      llvm::sys::getHostCPUName().str() + "' lacks it");
  return {};
}

/// Looks at the object itself: the linker would take another machine's.
static Status checkObject(const Artifact &artifact,
                          llvm::MemoryBufferRef buffer) {
  auto object = llvm::object::ObjectFile::createObjectFile(buffer);
  if (!object)
    return internal(artifact, "an object file", object.takeError());
  const llvm::Triple &host = processTriple();
  if (!(*object)->isRelocatableObject() ||
      (*object)->getArch() != host.getArch() ||
      (*object)->getTripleObjectFormat() != host.getObjectFormat())
    return fail(artifact, ErrorKind::Internal,
                "expected a relocatable object for '" + host.str() +
                    "', but got " + (*object)->getFileFormatName().str());
  return {};
}

Result<std::unique_ptr<const CodeHandle>>
normc::loadCpuCode(const Artifact &artifact) {
  if (Status status = checkMachine(artifact); !status)
    return status.error();
  llvm::MemoryBufferRef object(
      llvm::StringRef(artifact.object.data(), artifact.object.size()),
      artifact.name);
  if (Status status = checkObject(artifact, object); !status)
    return status.error();

  auto linker = Linker::get();
  if (!linker)
    return fail(artifact, ErrorKind::Environment,
                "expected a JIT linker, but got: " +
                    llvm::toString(linker.takeError()));
  std::vector<std::string> names;
  for (const StageFacts &stage : artifact.stages)
    names.push_back(stage.entry);
  std::vector<orc::ExecutorAddr> addresses;
  auto library = (*linker)->link(object, names, addresses);
  if (!library)
    return internal(artifact, "object code that links", library.takeError());

  std::vector<Stage> stages;
  for (size_t i = 0; i < names.size(); ++i)
    stages.push_back({names[i], addresses[i].toPtr<StageEntry>()});
  return std::unique_ptr<const CodeHandle>(
      std::make_unique<LinkedCode>(std::move(stages), **linker, **library));
}
