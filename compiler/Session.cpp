//===- Session.cpp - one compilation's context and diagnostics ------------===//

#include "compiler/Session.h"

#include "dialects/norm/Norm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"

#include <mutex>
#include <vector>

using namespace mlir;
using namespace normc;

namespace {

/// Contexts that no compilation uses now: a compilation in a new one takes 2 to
/// 3 ms longer, for the dialects that it loads. What a context has uniqued
/// (attributes, types, locations) stays in it, 1 to 2 KB of each compilation,
/// so it is dropped after as many as its loading is lost in.
class ContextPool {
public:
  static ContextPool &instance() {
    // Never destroyed: threads may still compile while the process ends.
    static ContextPool *pool = new ContextPool;
    return *pool;
  }

  PooledContext take() {
    {
      std::lock_guard<std::mutex> lock(mutex);
      if (!idle.empty()) {
        PooledContext pooled = std::move(idle.back());
        idle.pop_back();
        return pooled;
      }
    }
    DialectRegistry registry;
    registry.insert<norm::NormDialect, LLVM::LLVMDialect, NVVM::NVVMDialect,
                    arith::ArithDialect, cf::ControlFlowDialect,
                    func::FuncDialect, gpu::GPUDialect, linalg::LinalgDialect,
                    math::MathDialect, scf::SCFDialect, tensor::TensorDialect,
                    vector::VectorDialect>();
    registerBuiltinDialectTranslation(registry);
    registerLLVMDialectTranslation(registry);
    registerNVVMDialectTranslation(registry);
    registerGPUDialectTranslation(registry);
    return {std::make_unique<MLIRContext>(registry,
                                          MLIRContext::Threading::DISABLED)};
  }

  void give(PooledContext pooled) {
    constexpr int maxUses = 256;
    constexpr size_t maxIdle = 8; // As many threads compile without a new one.
    if (++pooled.uses >= maxUses)
      return;
    std::lock_guard<std::mutex> lock(mutex);
    if (idle.size() < maxIdle)
      idle.push_back(std::move(pooled));
  }

private:
  std::mutex mutex;
  std::vector<PooledContext> idle;
};

} // namespace

/// "file:line:column" of a location as far as it has one.
static std::string describe(Location location) {
  if (auto file = location->findInstanceOf<FileLineColLoc>())
    return (file.getFilename().getValue() + ":" + Twine(file.getLine()) + ":" +
            Twine(file.getColumn()) + ": ")
        .str();
  return "";
}

/// A diagnostic with its place, and a line for each of its notes.
static std::string tell(Diagnostic &diagnostic) {
  std::string text = describe(diagnostic.getLocation()) + diagnostic.str();
  for (Diagnostic &note : diagnostic.getNotes())
    (text += '\n')
        .append(describe(note.getLocation()))
        .append("note: ")
        .append(note.str());
  return text;
}

Session::Session() : pooled(ContextPool::instance().take()) {
  context().printOpOnDiagnostic(false);
  handler = std::make_unique<ScopedDiagnosticHandler>(
      &context(), [this](Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() == DiagnosticSeverity::Remark)
          remarks.push_back(tell(diagnostic));
        if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
          return success();
        diagnostics += diagnostics.empty() ? "" : "\n";
        diagnostics += tell(diagnostic);
        return success();
      });
}

Session::~Session() {
  handler.reset();
  ContextPool::instance().give(std::move(pooled));
}

/// The deepest nesting of brackets, about: strings and comments count, too.
static size_t nestingOf(StringRef text) {
  size_t depth = 0, deepest = 0;
  for (char c : text) {
    if (c == '(' || c == '[' || c == '{' || c == '<')
      deepest = std::max(deepest, ++depth);
    else if ((c == ')' || c == ']' || c == '}' || c == '>') && depth > 0)
      --depth;
  }
  return deepest;
}

OwningOpRef<ModuleOp> Session::parse(std::string_view text,
                                     std::string_view sourceName) {
  // The parser recurses, and would run out of stack.
  constexpr size_t limit = 1000;
  if (size_t nesting = nestingOf(text); nesting > limit) {
    emitError(UnknownLoc::get(&context()))
        << "expected brackets nested at most " << limit << " deep, but got "
        << nesting;
    return {};
  }
  ParserConfig config(&context());
  return parseSourceString<ModuleOp>(StringRef(text), config,
                                     StringRef(sourceName));
}

Error Session::takeError() {
  if (diagnostics.empty())
    return {ErrorKind::Internal, "compilation failed without a diagnostic"};
  Error error{ErrorKind::InvalidSpec, std::move(diagnostics)};
  diagnostics.clear();
  return error;
}
