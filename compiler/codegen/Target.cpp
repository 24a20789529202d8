//===- Target.cpp - the machine that code is made for ---------------------===//

#include "normc/Target.h"

#include "compiler/codegen/TargetInfo.h"
#include "normc/Suggest.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

#include <fstream>
#include <mutex>
#include <unistd.h>

using namespace normc;

void normc::initializeTargets() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
  });
}

const llvm::Target *normc::findLlvmTarget(const std::string &triple) {
  initializeTargets();
  std::string error;
  return llvm::TargetRegistry::lookupTarget(llvm::Triple(triple), error);
}

std::unique_ptr<llvm::MCSubtargetInfo>
normc::makeSubtargetInfo(const std::string &triple, const std::string &cpu,
                         const std::vector<std::string> &features) {
  const llvm::Target *target = findLlvmTarget(triple);
  if (!target)
    return nullptr;
  return std::unique_ptr<llvm::MCSubtargetInfo>(target->createMCSubtargetInfo(
      llvm::Triple(triple), cpu, llvm::join(features, ",")));
}

/// Fills in what follows from the processor's features.
static void describeCpu(Target &target) {
  auto info = makeSubtargetInfo(target.triple, target.cpu, target.features);
  if (!info)
    return;
  llvm::Triple triple(target.triple);
  auto has = [&](const char *feature) {
    return info->checkFeatures(std::string("+") + feature);
  };
  if (triple.isX86()) {
    target.vectorBits = has("avx512f") ? 512 : has("avx2") ? 256 : 128;
    target.hasFma = has("fma");
    target.hasHalfConversion = has("f16c");
    target.hasBF16 = has("avx512bf16") && has("avx512bw") && has("avx512dq");
  } else {
    target.vectorBits = 128;
    target.hasFma = true;
    target.hasHalfConversion = true;
  }
}

/// What one core can reach; 0 where the system doesn't say. (sysconf says 320
/// MB of a virtual machine's share of 32 MB.)
static int64_t readLastLevelCache() {
  std::ifstream file("/sys/devices/system/cpu/cpu0/cache/index3/size");
  int64_t kibibytes = 0;
  char unit = 0;
  return file >> kibibytes >> unit && unit == 'K' ? kibibytes * 1024 : 0;
}

Target Target::native() {
  static const Target cached = [] {
    Target target;
    target.name = "native";
    target.triple = llvm::sys::getProcessTriple();
    target.cpu = llvm::sys::getHostCPUName().str();
    for (const auto &feature : llvm::sys::getHostCPUFeatures())
      target.features.push_back((feature.second ? "+" : "-") +
                                feature.first().str());
    llvm::sort(target.features);
    describeCpu(target);
    if (long bytes = sysconf(_SC_LEVEL2_CACHE_SIZE); bytes > 0)
      target.l2Bytes = bytes;
    if (int64_t bytes = readLastLevelCache(); bytes > 0)
      target.llcBytes = bytes;
    return target;
  }();
  return cached;
}

static Target makeGpu(std::string_view name) {
  Target target;
  target.kind = Target::Kind::Gpu;
  target.name = name;
  target.triple = "nvptx64-nvidia-cuda";
  target.cpu = name;
  // The oldest PTX version that has all of these processors.
  target.features = {"+ptx80"};
  target.vectorBits = 128;
  target.hasFma = true;
  target.hasHalfConversion = true;
  return target;
}

static constexpr std::string_view kGpuNames[] = {"sm_80", "sm_86", "sm_89",
                                                 "sm_90"};
static constexpr char kCpuTriple[] = "x86_64-unknown-linux-gnu";

/// LLVM's names of the processors of the x86 family, old ones included.
static std::vector<std::string> listProcessors() {
  std::vector<std::string> names;
  if (auto info = makeSubtargetInfo(kCpuTriple, "x86-64", {}))
    for (const llvm::SubtargetSubTypeKV &entry :
         info->getAllProcessorDescriptions())
      names.push_back(entry.Key);
  llvm::sort(names);
  return names;
}

std::vector<std::string> Target::names() {
  std::vector<std::string> names{"native", "x86-64-v2", "x86-64-v3",
                                 "x86-64-v4"};
  names.insert(names.end(), std::begin(kGpuNames), std::end(kGpuNames));
  for (const std::string &processor : listProcessors())
    if (!llvm::is_contained(names, processor) && named(processor))
      names.push_back(processor);
  return names;
}

Result<Target> Target::named(std::string_view name) {
  if (name == "native")
    return native();
  for (std::string_view gpu : kGpuNames)
    if (name == gpu)
      return makeGpu(gpu);
  Target target;
  target.name = name;
  target.triple = kCpuTriple;
  target.cpu = name;
  std::vector<std::string> known = listProcessors();
  if (known.empty())
    return Error{ErrorKind::Internal, "LLVM was built without x86-64"};
  if (name.empty() || !llvm::is_contained(known, name)) {
    known.insert(known.begin(), std::begin(kGpuNames), std::end(kGpuNames));
    known.insert(known.begin(), "native");
    std::vector<std::string_view> names(known.begin(), known.end());
    return Error{ErrorKind::InvalidSpec,
                 "expected native, sm_80, sm_86, sm_89, sm_90, x86-64-v2, "
                 "x86-64-v3, x86-64-v4 or a processor of x86-64 as target, but "
                 "got '" +
                     std::string(name) + "'" + suggest(name, names)};
  }
  auto cpu = makeSubtargetInfo(target.triple, target.cpu, {});
  if (!cpu->checkFeatures("+64bit"))
    return Error{ErrorKind::Unsupported, "expected a 64-bit processor, but '" +
                                             std::string(name) + "' is not"};
  if (!cpu->checkFeatures("+sse4.1"))
    return Error{ErrorKind::Unsupported,
                 "expected a processor of at least x86-64-v2, but '" +
                     std::string(name) + "' lacks SSE4.1"};
  describeCpu(target);
  return target;
}

/// One feature: "+name" or "-name", of a name that LLVM knows.
static bool isKnownFeature(const llvm::MCSubtargetInfo &info,
                           const std::string &feature) {
  if (feature.size() < 2 || (feature[0] != '+' && feature[0] != '-'))
    return false;
  return llvm::any_of(info.getAllProcessorFeatures(), [&](const auto &known) {
    return feature.substr(1) == known.Key;
  });
}

Status normc::validateTarget(const Target &target) {
  auto invalid = [&](const std::string &what) {
    return Error{ErrorKind::InvalidSpec, "target: expected " + what};
  };
  llvm::Triple triple(target.triple);
  bool isGpu = target.kind == Target::Kind::Gpu;
  bool isKnown =
      isGpu ? triple.isNVPTX() : triple.getArch() == llvm::Triple::x86_64;
  if (!isKnown)
    return invalid(std::string(isGpu ? "an nvptx64" : "an x86_64") +
                   " triple, but got '" + target.triple + "'");
  if (target.vectorBits != 128 && target.vectorBits != 256 &&
      target.vectorBits != 512)
    return invalid("vectors of 128, 256 or 512 bits, but got " +
                   std::to_string(target.vectorBits));
  for (int64_t bytes : {target.l2Bytes, target.llcBytes})
    if (bytes < 1)
      return invalid("a positive cache size, but got " + std::to_string(bytes));
  // The names first: LLVM prints about those that it doesn't know.
  auto base = makeSubtargetInfo(target.triple, "", {});
  if (!base || !base->isCPUStringValid(target.cpu))
    return invalid("a processor that LLVM knows, but got '" + target.cpu + "'");
  for (const std::string &feature : target.features)
    if (!isKnownFeature(*base, feature))
      return invalid("features as +name or -name, but got '" + feature + "'");
  auto info = makeSubtargetInfo(target.triple, target.cpu, target.features);
  if (!isGpu &&
      (!info->checkFeatures("+64bit") || !info->checkFeatures("+sse4.1")))
    return invalid("a 64-bit processor with SSE4.1, but '" + target.cpu +
                   "' with these features is none");
  return {};
}
