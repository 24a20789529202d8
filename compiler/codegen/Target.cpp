//===- Target.cpp - the machine that code is made for ---------------------===//

#include "normc/Target.h"

#include "compiler/codegen/TargetInfo.h"
#include "normc/Suggest.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/AArch64TargetParser.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

#include <fstream>
#include <unistd.h>

#if defined(__aarch64__) && defined(__linux__)
#include <sys/prctl.h>
#endif

using namespace normc;

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
    // Vectors of 128 bits are NEON's, beside SVE of any length.
    target.vectorBits = std::max<int64_t>(target.sveBits, 128);
    target.hasFma = true;
    target.hasHalfConversion = true;
  }
}

/// The length of this machine's SVE vectors where code can be made for it; 0
/// where there is none.
static int64_t readSveBits() {
#if defined(__aarch64__) && defined(__linux__)
  int length = prctl(PR_SVE_GET_VL);
  int64_t bits = length < 0 ? 0 : int64_t(length & PR_SVE_VL_LEN_MASK) * 8;
  return bits == 256 || bits == 512 ? bits : 0;
#else
  return 0;
#endif
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
    target.sveBits = readSveBits();
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
static constexpr std::string_view kLevelNames[] = {
    "x86-64-v2", "x86-64-v3",      "x86-64-v4",
    "aarch64",   "aarch64+sve256", "aarch64+sve512",
};
static constexpr char kX86Triple[] = "x86_64-unknown-linux-gnu";
static constexpr char kArmTriple[] = "aarch64-unknown-linux-gnu";

/// LLVM's name of what has nothing beyond Armv8.0-A.
static constexpr char kArmBaseline[] = "generic";

/// Processors whose SVE vectors are longer than NEON's: their makers say how
/// long. Of all others code takes any length.
static constexpr struct {
  std::string_view name;
  int64_t bits;
} kSveLengths[] = {
    {"a64fx", 512}, {"fujitsu-monaka", 256}, {"neoverse-v1", 256}};

/// LLVM's names of the processors of x86, old ones included.
static std::vector<std::string> listX86() {
  std::vector<std::string> names;
  if (auto info = makeSubtargetInfo(kX86Triple, "", {}))
    for (const llvm::SubtargetSubTypeKV &entry :
         info->getAllProcessorDescriptions())
      names.push_back(entry.Key);
  return names;
}

/// LLVM's names of the processors of AArch64, with second names (apple-m1).
static std::vector<std::string> listArm() {
  llvm::SmallVector<llvm::StringRef> known;
  llvm::AArch64::fillValidCPUArchList(known);
  std::vector<std::string> names;
  for (llvm::StringRef name : known)
    if (name != kArmBaseline)
      names.push_back(name.str());
  return names;
}

std::vector<std::string> Target::names() {
  std::vector<std::string> names{"native"};
  names.insert(names.end(), std::begin(kLevelNames), std::end(kLevelNames));
  names.insert(names.end(), std::begin(kGpuNames), std::end(kGpuNames));
  std::vector<std::string> processors = listX86();
  for (std::string &name : listArm())
    processors.push_back(std::move(name));
  llvm::sort(processors);
  for (const std::string &processor : processors)
    if (!llvm::is_contained(names, processor) && named(processor))
      names.push_back(processor);
  return names;
}

static Error makeUnknownError(std::string_view name) {
  std::vector<std::string> known{"native"};
  known.insert(known.end(), std::begin(kGpuNames), std::end(kGpuNames));
  known.insert(known.end(), std::begin(kLevelNames), std::end(kLevelNames));
  for (const auto &list : {listX86(), listArm()})
    known.insert(known.end(), list.begin(), list.end());
  std::vector<std::string_view> names(known.begin(), known.end());
  return {ErrorKind::InvalidSpec,
          "expected native, sm_80, sm_86, sm_89, sm_90, x86-64-v2, x86-64-v3, "
          "x86-64-v4, aarch64 or a processor of x86-64 or AArch64 as target, "
          "but got '" +
              std::string(name) + "'" + suggest(name, names)};
}

static Result<Target> makeX86(std::string_view name) {
  Target target;
  target.name = name;
  target.triple = kX86Triple;
  target.cpu = name;
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

/// A processor of AArch64; `suffix` is what stands behind a '+' of the name.
static Result<Target> makeArm(std::string_view name, std::string_view processor,
                              llvm::StringRef suffix) {
  Target target;
  target.name = name;
  target.triple = kArmTriple;
  target.cpu = processor == "aarch64"
                   ? kArmBaseline
                   : llvm::AArch64::resolveCPUAlias(processor).str();
  for (auto [known, bits] : kSveLengths)
    if (processor == known)
      target.sveBits = bits;
  if (!suffix.empty()) {
    target.features.push_back("+sve");
    bool hasLength = suffix.consume_front("sve") &&
                     !suffix.consumeInteger(10, target.sveBits);
    if (!hasLength || !suffix.empty() ||
        (target.sveBits != 256 && target.sveBits != 512))
      return Error{ErrorKind::InvalidSpec,
                   "expected +sve256 or +sve512 behind the name of a processor "
                   "of AArch64, but got '" +
                       std::string(name) + "'"};
  }
  describeCpu(target);
  return target;
}

Result<Target> Target::named(std::string_view name) {
  if (name == "native")
    return native();
  if (llvm::is_contained(kGpuNames, name))
    return makeGpu(name);
  auto [processor, suffix] = llvm::StringRef(name).split('+');
  bool hasSuffix = name.find('+') != std::string_view::npos;
  if (!hasSuffix && !name.empty() && llvm::is_contained(listX86(), name))
    return makeX86(name);
  if (processor == "aarch64" || llvm::is_contained(listArm(), processor))
    return makeArm(name, processor, hasSuffix && suffix.empty() ? "+" : suffix);
  return makeUnknownError(name);
}

Result<std::vector<Target>> Target::namedList(std::string_view names) {
  std::vector<Target> targets;
  for (llvm::StringRef name : llvm::split(llvm::StringRef(names), ',')) {
    Result<Target> target = named(name);
    if (!target)
      return target.error();
    targets.push_back(*std::move(target));
  }
  return targets;
}

Result<std::vector<Target>>
normc::orderVersions(std::span<const Target> targets) {
  auto invalid = [](const std::string &what) {
    return Error{ErrorKind::InvalidSpec, "targets: expected " + what};
  };
  if (targets.empty())
    return invalid("at least one, but got none");
  using Version = std::pair<std::vector<std::string>, const Target *>;
  std::vector<Version> versions;
  llvm::Triple first(targets[0].triple);
  for (const Target &target : targets) {
    if (Status status = validateTarget(target); !status)
      return status.error();
    if (target.kind != Target::Kind::Cpu)
      return invalid("processors, but '" + target.name + "' is a GPU");
    if (llvm::Triple(target.triple).getArch() != first.getArch())
      return invalid("processors of one architecture, but '" + targets[0].name +
                     "' is of " + first.getArchName().str() + " and '" +
                     target.name + "' is not");
    versions.push_back({getRequiredFeatures(target), &target});
    for (const Version &other : llvm::drop_end(versions))
      if (other.first == versions.back().first)
        return invalid("processors that a machine can tell apart, but '" +
                       other.second->name + "' and '" + target.name +
                       "' require the same features");
  }
  llvm::stable_sort(versions, [](const Version &a, const Version &b) {
    return a.first.size() > b.first.size();
  });
  std::vector<Target> ordered;
  for (const Version &version : versions)
    ordered.push_back(*version.second);
  return ordered;
}
