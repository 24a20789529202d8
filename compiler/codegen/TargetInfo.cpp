//===- TargetInfo.cpp - LLVM's tables of processors -----------------------===//

#include "compiler/codegen/TargetInfo.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Triple.h"

#include <mutex>

using namespace normc;

/// Registers what is used: a program that compiles for its own machine pays
/// for no other's.
static void initializeTarget(const llvm::Triple &triple) {
  static std::once_flag x86, aarch64, nvptx;
  if (triple.isX86())
    std::call_once(x86, [] {
      LLVMInitializeX86TargetInfo();
      LLVMInitializeX86Target();
      LLVMInitializeX86TargetMC();
      LLVMInitializeX86AsmPrinter();
      LLVMInitializeX86AsmParser();
    });
  else if (triple.isAArch64())
    std::call_once(aarch64, [] {
      LLVMInitializeAArch64TargetInfo();
      LLVMInitializeAArch64Target();
      LLVMInitializeAArch64TargetMC();
      LLVMInitializeAArch64AsmPrinter();
    });
  else if (triple.isNVPTX())
    std::call_once(nvptx, [] {
      LLVMInitializeNVPTXTargetInfo();
      LLVMInitializeNVPTXTarget();
      LLVMInitializeNVPTXTargetMC();
      LLVMInitializeNVPTXAsmPrinter();
    });
}

const llvm::Target *normc::findLlvmTarget(const std::string &triple) {
  // LLVM's registry is a list without a lock.
  static std::mutex mutex;
  std::lock_guard<std::mutex> lock(mutex);
  initializeTarget(llvm::Triple(triple));
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

/// One feature: "+name" or "-name", of a name that LLVM knows.
static bool isKnownFeature(const llvm::MCSubtargetInfo &info,
                           const std::string &feature) {
  if (feature.size() < 2 || (feature[0] != '+' && feature[0] != '-'))
    return false;
  return llvm::any_of(info.getAllProcessorFeatures(), [&](const auto &known) {
    return feature.substr(1) == known.Key;
  });
}

static Error invalid(const std::string &what) {
  return {ErrorKind::InvalidSpec, "target: expected " + what};
}

/// The triple, and vectors that its registers can hold.
static Status validateMachine(const Target &target) {
  llvm::Triple triple(target.triple);
  // By the name that the runtime knows, too; arm64 is another.
  bool isArm = triple.getArchName() == "aarch64";
  if (target.kind == Target::Kind::Gpu) {
    if (!triple.isNVPTX())
      return invalid("an nvptx64 triple, but got '" + target.triple + "'");
  } else if (triple.getArch() != llvm::Triple::x86_64 &&
             !(isArm && triple.isOSBinFormatELF())) {
    return invalid("an x86_64 triple or an aarch64 one with ELF objects, but "
                   "got '" +
                   target.triple + "'");
  }
  int64_t bits = target.vectorBits;
  if (bits != 128 && bits != 256 && bits != 512)
    return invalid("vectors of 128, 256 or 512 bits, but got " +
                   std::to_string(bits));
  if (target.sveBits != 0 && (!isArm || target.sveBits < 256))
    return invalid("an SVE length of 256 or 512 bits on AArch64 and of 0 "
                   "elsewhere, but got " +
                   std::to_string(target.sveBits));
  if (isArm && bits != std::max<int64_t>(target.sveBits, 128))
    return invalid("vectors of the SVE length, and of 128 bits without one, "
                   "but got " +
                   std::to_string(bits));
  return {};
}

/// Features without which there is no code for the architecture.
static Status validateBaseline(const Target &target) {
  if (target.kind == Target::Kind::Gpu)
    return {};
  auto info = makeSubtargetInfo(target.triple, target.cpu, target.features);
  auto has = [&](const char *features) {
    return info->checkFeatures(features);
  };
  std::string but = ", but '" + target.cpu + "' with these features is none";
  if (llvm::Triple(target.triple).isX86())
    return has("+64bit") && has("+sse4.1")
               ? Status()
               : invalid("a 64-bit processor with SSE4.1" + but);
  if (!has("+fp-armv8") || !has("+neon"))
    return invalid("a processor with NEON" + but);
  if (target.sveBits != 0 && !has("+sve"))
    return invalid("a processor with SVE" + but);
  return {};
}

Status normc::validateTarget(const Target &target) {
  if (Status status = validateMachine(target); !status)
    return status;
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
  return validateBaseline(target);
}
