//===- MachineCode.h - from the LLVM dialect to bytes -----------*- C++ -*-===//
//
// LLVM's part: IR, assembly, objects, PTX.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_CODEGEN_MACHINECODE_H
#define NORMC_COMPILER_CODEGEN_MACHINECODE_H

#include "compiler/codegen/PreparedTarget.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

#include <memory>
#include <string>
#include <vector>

namespace llvm {
class TargetMachine;
}

namespace normc {

/// A module of the LLVM dialect and the CPU that it was lowered for.
struct CodeVersion {
  mlir::ModuleOp module;
  PreparedTarget &target;
};

/// What is put behind the names of functions where there are versions for
/// several targets: "_x86_64_v3".
std::string getVersionSuffix(const Target &target);

/// One module of LLVM IR with its context.
class MachineCode {
public:
  /// Translates a module of the LLVM dialect (for a GPU, its gpu.module).
  static Result<MachineCode> translate(mlir::ModuleOp module,
                                       PreparedTarget &prepared);

  /// Several versions of one kernel as one module, each function compiled for
  /// its target and named with its suffix. All targets have one architecture.
  static Result<MachineCode> translate(llvm::ArrayRef<CodeVersion> versions);

  std::string llvmIr() const;
  /// Assembly (PTX for a GPU) as text, or an object file's bytes.
  Result<llvm::SmallVector<char, 0>> emit(bool assembly) const;

private:
  Status add(const CodeVersion &version);

  std::unique_ptr<llvm::LLVMContext> context;
  std::unique_ptr<llvm::Module> module;
  std::shared_ptr<llvm::TargetMachine> machine;
};

} // namespace normc

#endif // NORMC_COMPILER_CODEGEN_MACHINECODE_H
