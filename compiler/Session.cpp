//===- Session.cpp - one compilation's context and diagnostics ------------===//

#include "compiler/Session.h"

#include "dialects/norm/Norm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
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

/// Contexts that no compilation uses now: making one costs milliseconds. What a
/// context has uniqued stays in it, so it is dropped after some use.
class ContextPool {
public:
  static ContextPool &instance() {
    static ContextPool pool;
    return pool;
  }

  std::unique_ptr<MLIRContext> take() {
    {
      std::lock_guard<std::mutex> lock(mutex);
      if (!idle.empty()) {
        Entry entry = std::move(idle.back());
        idle.pop_back();
        uses[entry.context.get()] = entry.uses + 1;
        return std::move(entry.context);
      }
    }
    DialectRegistry registry;
    registry.insert<norm::NormDialect, LLVM::LLVMDialect, NVVM::NVVMDialect,
                    arith::ArithDialect, cf::ControlFlowDialect,
                    func::FuncDialect, gpu::GPUDialect, math::MathDialect,
                    scf::SCFDialect, vector::VectorDialect>();
    registerBuiltinDialectTranslation(registry);
    registerLLVMDialectTranslation(registry);
    registerNVVMDialectTranslation(registry);
    registerGPUDialectTranslation(registry);
    return std::make_unique<MLIRContext>(registry,
                                         MLIRContext::Threading::DISABLED);
  }

  void give(std::unique_ptr<MLIRContext> context) {
    constexpr unsigned maxUses = 256;
    constexpr size_t maxIdle = 8;
    std::lock_guard<std::mutex> lock(mutex);
    unsigned count = uses[context.get()];
    uses.erase(context.get());
    if (count < maxUses && idle.size() < maxIdle)
      idle.push_back({std::move(context), count});
  }

private:
  struct Entry {
    std::unique_ptr<MLIRContext> context;
    unsigned uses;
  };
  std::mutex mutex;
  std::vector<Entry> idle;
  llvm::DenseMap<MLIRContext *, unsigned> uses;
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

Session::Session() : ctx(ContextPool::instance().take()) {
  ctx->printOpOnDiagnostic(false);
  handler = std::make_unique<ScopedDiagnosticHandler>(
      ctx.get(), [this](Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
          return success();
        diagnostics += diagnostics.empty() ? "" : "\n";
        diagnostics += describe(diagnostic.getLocation()) + diagnostic.str();
        for (Diagnostic &note : diagnostic.getNotes())
          diagnostics +=
              "\n" + describe(note.getLocation()) + "note: " + note.str();
        return success();
      });
}

Session::~Session() {
  handler.reset();
  ContextPool::instance().give(std::move(ctx));
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
    emitError(UnknownLoc::get(ctx.get()))
        << "expected brackets nested at most " << limit << " deep, but got "
        << nesting;
    return {};
  }
  ParserConfig config(ctx.get());
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
