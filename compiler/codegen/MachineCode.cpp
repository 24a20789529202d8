//===- MachineCode.cpp - from the LLVM dialect to bytes -------------------===//

#include "compiler/codegen/MachineCode.h"

#include "compiler/codegen/CFeatures.h"
#include "compiler/codegen/TargetInfo.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Target/LLVMIR/ModuleTranslation.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"

using namespace normc;

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
  return code;
}

std::string MachineCode::llvmIr() const {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream, nullptr);
  return text;
}

Result<llvm::SmallVector<char, 0>> MachineCode::emit(bool assembly) const {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
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
  bool isX86 = llvm::Triple(target.triple).isX86();
  std::vector<std::string_view> usable = listKernelFeatures();
  for (const llvm::SubtargetFeatureKV &feature :
       info->getEnabledProcessorFeatures())
    if (!isX86 || llvm::is_contained(usable, std::string_view(feature.Key)))
      required.push_back(feature.Key);
  llvm::sort(required);
  return required;
}
