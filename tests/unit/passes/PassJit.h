//===- PassJit.h - runs a pass, then what it made ---------------*- C++ -*-===//
//
// Compiles one elementwise function with the passes under test and runs it on
// arrays. The process's own symbols are hidden from the code, so that a call
// into libm or the compiler's runtime fails the test instead of passing it.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TESTS_UNIT_PASSES_PASSJIT_H
#define NORMC_TESTS_UNIT_PASSES_PASSJIT_H

#include "mlir/Conversion/Passes.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <string>
#include <vector>

namespace normc::test {

inline bool hostHas(llvm::StringRef feature) {
  return llvm::sys::getHostCPUFeatures().lookup(feature);
}

/// out[i] = op(in0[i], in1[i], in2[i]) for one vector of `lanes` elements, or
/// for one scalar.
class PassJit {
public:
  using Function = void (*)(const void *, const void *, const void *, void *);
  using AddPasses = std::function<void(mlir::PassManager &)>;

  /// `body` defines %y of type OUT from %a, %b, %c of type IN; these two words
  /// stand for the shaped types. `hostCpu`: use all that this machine has;
  /// otherwise x86-64-v2 (on x86), which has neither fma nor F16C.
  PassJit(std::string body, const std::string &in, const std::string &out,
          int lanes, bool hostCpu, const AddPasses &addPasses) {
    mlir::DialectRegistry registry;
    registry.insert<mlir::arith::ArithDialect, mlir::func::FuncDialect,
                    mlir::LLVM::LLVMDialect, mlir::math::MathDialect,
                    mlir::scf::SCFDialect, mlir::vector::VectorDialect>();
    mlir::registerBuiltinDialectTranslation(registry);
    mlir::registerLLVMDialectTranslation(registry);
    mlir::MLIRContext context(registry);
    mlir::OwningOpRef<mlir::ModuleOp> module =
        mlir::parseSourceString<mlir::ModuleOp>(
            text(std::move(body), shaped(in, lanes), shaped(out, lanes)),
            &context);
    if (!module)
      return;
    mlir::PassManager passes(&context);
    addPasses(passes);
    passes.addPass(mlir::createSCFToControlFlowPass());
    passes.addPass(mlir::createConvertControlFlowToLLVMPass());
    passes.addPass(mlir::createConvertVectorToLLVMPass());
    passes.addPass(mlir::createArithToLLVMConversionPass());
    passes.addPass(mlir::createConvertMathToLLVMPass());
    passes.addPass(mlir::createConvertFuncToLLVMPass());
    passes.addPass(mlir::createReconcileUnrealizedCastsPass());
    if (failed(passes.run(*module)))
      return;
    link(*module, hostCpu);
  }

  /// Null where parsing, a pass or linking failed; the reason is on stderr.
  Function function = nullptr;

private:
  static std::string shaped(const std::string &element, int lanes) {
    if (lanes == 0)
      return element;
    return "vector<" + std::to_string(lanes) + "x" + element + ">";
  }

  static std::string text(std::string body, const std::string &in,
                          const std::string &out) {
    auto replaceAll = [&](const std::string &word, const std::string &by) {
      for (size_t at; (at = body.find(word)) != std::string::npos;)
        body.replace(at, word.size(), by);
    };
    replaceAll("IN", in);
    replaceAll("OUT", out);
    std::string load = " = llvm.load %p";
    std::string loads;
    for (auto [name, number] : {std::pair("%a", "0"), {"%b", "1"}, {"%c", "2"}})
      loads += name + load + number + " : !llvm.ptr -> " + in + "\n";
    return "func.func @f(%p0: !llvm.ptr, %p1: !llvm.ptr, %p2: !llvm.ptr, "
           "%q: !llvm.ptr) {\n" +
           loads + body + "\nllvm.store %y, %q : " + out +
           ", !llvm.ptr\nreturn }";
  }

  void link(mlir::ModuleOp module, bool hostCpu) {
    using namespace llvm;
    InitializeNativeTarget();
    InitializeNativeTargetAsmPrinter();
    auto context = std::make_unique<LLVMContext>();
    auto code = mlir::translateModuleToLLVMIR(module, *context);
    ExitOnError check("PassJit: ");
    auto machine = check(orc::JITTargetMachineBuilder::detectHost());
    if (!hostCpu && machine.getTargetTriple().isX86()) {
      machine = orc::JITTargetMachineBuilder(machine.getTargetTriple());
      machine.setCPU("x86-64-v2");
    }
    jit = check(orc::LLJITBuilder()
                    .setJITTargetMachineBuilder(machine)
                    .setLinkProcessSymbolsByDefault(false)
                    .setPlatformSetUp(orc::setUpInactivePlatform)
                    .create());
    code->setDataLayout(jit->getDataLayout());
    check(jit->addIRModule(
        orc::ThreadSafeModule(std::move(code), std::move(context))));
    if (auto symbol = jit->lookup("f"))
      function = symbol->toPtr<Function>();
    else
      logAllUnhandledErrors(symbol.takeError(), errs(), "PassJit: ");
  }

  std::unique_ptr<llvm::orc::LLJIT> jit;
};

inline constexpr int kLanes = 16;

/// Runs `jit` over arrays, whose sizes are multiples of kLanes.
template <typename Out, typename In>
std::vector<Out> run(const PassJit &jit, const std::vector<In> &a,
                     const std::vector<In> &b, const std::vector<In> &c) {
  alignas(64) In in[3][kLanes];
  alignas(64) Out out[kLanes];
  std::vector<Out> result(a.size());
  for (size_t i = 0; i + kLanes <= a.size(); i += kLanes) {
    std::copy_n(&a[i], kLanes, in[0]);
    std::copy_n(&b[i], kLanes, in[1]);
    std::copy_n(&c[i], kLanes, in[2]);
    jit.function(in[0], in[1], in[2], out);
    std::copy_n(out, kLanes, &result[i]);
  }
  return result;
}

template <typename Out, typename In>
std::vector<Out> run(const PassJit &jit, const std::vector<In> &a) {
  return run<Out>(jit, a, a, a);
}

template <typename T> void pad(std::vector<T> &v) {
  while (v.size() % kLanes)
    v.push_back(v.back());
}

/// Every `stride`-th bit pattern.
inline std::vector<float> f32Patterns(uint32_t stride) {
  std::vector<float> values;
  for (uint64_t p = 0; p <= UINT32_MAX; p += stride)
    values.push_back(std::bit_cast<float>(uint32_t(p)));
  pad(values);
  return values;
}

} // namespace normc::test

#endif // NORMC_TESTS_UNIT_PASSES_PASSJIT_H
