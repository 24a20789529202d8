//===- MachineCode.h - from the LLVM dialect to bytes -----------*- C++ -*-===//
//
// LLVM's part: IR, assembly, objects, PTX.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_CODEGEN_MACHINECODE_H
#define NORMC_COMPILER_CODEGEN_MACHINECODE_H

#include "compiler/codegen/PreparedTarget.h"

#include "mlir/IR/BuiltinOps.h"
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

/// One module of LLVM IR with its context.
class MachineCode {
public:
  /// Translates a module of the LLVM dialect (for a GPU, its gpu.module).
  static Result<MachineCode> translate(mlir::ModuleOp module,
                                       PreparedTarget &prepared);

  std::string llvmIr() const;
  /// Assembly (PTX for a GPU) as text, or an object file's bytes.
  Result<llvm::SmallVector<char, 0>> emit(bool assembly) const;

private:
  std::unique_ptr<llvm::LLVMContext> context;
  std::unique_ptr<llvm::Module> module;
  std::shared_ptr<llvm::TargetMachine> machine;
};

} // namespace normc

#endif // NORMC_COMPILER_CODEGEN_MACHINECODE_H
