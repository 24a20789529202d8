//===- MachineCode.cpp - from the LLVM dialect to bytes -------------------===//

#include "compiler/codegen/MachineCode.h"

#include "compiler/codegen/CFeatures.h"
#include "compiler/codegen/TargetInfo.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Target/LLVMIR/ModuleTranslation.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Pass.h"
#include "llvm/PassRegistry.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"

using namespace normc;

/// Tells LLVM how long SVE vectors are, so that it keeps ours in one of them.
static void setVectorLength(llvm::Module &module, const Target &target) {
  if (target.sveBits == 0)
    return;
  constexpr int64_t granule = 128; // SVE lengths are multiples of it.
  auto count = unsigned(target.sveBits / granule);
  for (llvm::Function &function : module)
    if (!function.isDeclaration())
      function.addFnAttr(llvm::Attribute::getWithVScaleRangeArgs(
          module.getContext(), count, count));
}

Result<MachineCode> MachineCode::translate(mlir::ModuleOp module,
                                           PreparedTarget &prepared) {
  const Target &target = prepared.target();
  MachineCode code;
  code.machine = prepared.borrowMachine();
  if (!code.machine)
    return Error{ErrorKind::Unsupported,
                 "this LLVM has no code generator for " + target.triple};
  mlir::Operation *source = module;
  if (target.kind == Target::Kind::Gpu)
    for (auto gpuModule : module.getOps<mlir::gpu::GPUModuleOp>())
      source = gpuModule;
  code.context = std::make_unique<llvm::LLVMContext>();
  code.module = mlir::translateModuleToLLVMIR(source, *code.context, "normc");
  if (!code.module)
    return Error{ErrorKind::Internal, "translation to LLVM IR failed"};
  code.module->setTargetTriple(llvm::Triple(target.triple));
  code.module->setDataLayout(code.machine->createDataLayout());
  setVectorLength(*code.module, target);
  return code;
}

std::string normc::getVersionSuffix(const Target &target) {
  std::string suffix = "_";
  for (char c : target.name)
    suffix += llvm::isAlnum(c) ? c : '_';
  return suffix;
}

Status MachineCode::add(const CodeVersion &version) {
  const Target &target = version.target.target();
  std::unique_ptr<llvm::Module> added =
      mlir::translateModuleToLLVMIR(version.module, *context, "normc");
  if (!added)
    return Error{ErrorKind::Internal, "translation to LLVM IR failed"};
  added->setTargetTriple(module->getTargetTriple());
  added->setDataLayout(module->getDataLayout());
  setVectorLength(*added, target);
  for (llvm::Function &function : *added) {
    if (function.isDeclaration())
      continue;
    function.setName(function.getName() + getVersionSuffix(target));
    // These make a subtarget of its own for the function.
    function.addFnAttr("target-cpu", target.cpu);
    if (!target.features.empty())
      function.addFnAttr("target-features", llvm::join(target.features, ","));
  }
  if (llvm::Linker::linkModules(*module, std::move(added)))
    return Error{ErrorKind::Internal, "versions can't be linked together"};
  return {};
}

Result<MachineCode>
MachineCode::translate(llvm::ArrayRef<CodeVersion> versions) {
  // Functions say themselves what they may use; the machine just has to be of
  // their architecture.
  const Target &base = versions.back().target.target();
  MachineCode code;
  code.machine = versions.back().target.borrowMachine();
  if (!code.machine)
    return Error{ErrorKind::Unsupported,
                 "this LLVM has no code generator for " + base.triple};
  code.context = std::make_unique<llvm::LLVMContext>();
  code.module = std::make_unique<llvm::Module>("normc", *code.context);
  code.module->setTargetTriple(llvm::Triple(base.triple));
  code.module->setDataLayout(code.machine->createDataLayout());
  for (const CodeVersion &version : versions)
    if (Status status = code.add(version); !status)
      return status.error();
  return code;
}

std::string MachineCode::llvmIr() const {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream, nullptr);
  return text;
}

namespace {

/// Runs the passes of a code generator, but for loop strength reduction on x86,
/// which took a third of its time: addresses are sums of terms already, from
/// the outermost loop's to the innermost's, with what is known last, and a
/// factor of 2, 4 or 8 is part of an instruction there.
class CodePasses final : public llvm::legacy::PassManagerBase {
public:
  explicit CodePasses(const llvm::TargetMachine &machine)
      : isX86(machine.getTargetTriple().isX86()) {}

  void add(llvm::Pass *pass) override {
    const llvm::PassInfo *info =
        llvm::PassRegistry::getPassRegistry()->getPassInfo(pass->getPassID());
    bool reducesLoops =
        info && llvm::is_contained({"canon-freeze", "loop-reduce"},
                                   info->getPassArgument());
    if (isX86 && reducesLoops)
      delete pass;
    else
      passes.add(pass);
  }

  void run(llvm::Module &module) { passes.run(module); }

private:
  llvm::legacy::PassManager passes;
  bool isX86;
};

} // namespace

Result<llvm::SmallVector<char, 0>> MachineCode::emit(bool assembly) const {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  CodePasses passes(*machine);
  if (machine->addPassesToEmitFile(passes, stream, nullptr,
                                   assembly
                                       ? llvm::CodeGenFileType::AssemblyFile
                                       : llvm::CodeGenFileType::ObjectFile))
    return Error{ErrorKind::Unsupported,
                 "this target has no object files; emit its assembly"};
  passes.run(*module);
  return bytes;
}

std::vector<std::string> normc::getRequiredFeatures(const Target &target) {
  std::vector<std::string> required;
  auto info = makeSubtargetInfo(target.triple, target.cpu, target.features);
  if (!info)
    return required;
  // The table also lists tuning flags, and features for others than kernels: a
  // machine without them is as good.
  std::vector<std::string_view> usable =
      listKernelFeatures(llvm::Triple(target.triple).getArchName().str());
  bool isGpu = target.kind == Target::Kind::Gpu;
  for (const llvm::SubtargetFeatureKV &feature :
       info->getEnabledProcessorFeatures())
    if (isGpu || llvm::is_contained(usable, std::string_view(feature.Key)))
      required.push_back(feature.Key);
  if (target.sveBits != 0)
    required.push_back("sve" + std::to_string(target.sveBits));
  llvm::sort(required);
  return required;
}
