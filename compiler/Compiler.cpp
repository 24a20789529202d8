//===- Compiler.cpp - from a spec or IR to an Artifact --------------------===//

#include "normc/Compiler.h"

#include "compiler/Pipeline.h"
#include "compiler/Session.h"
#include "compiler/codegen/Facts.h"
#include "compiler/codegen/Image.h"
#include "compiler/codegen/MachineCode.h"
#include "compiler/codegen/TargetInfo.h"
#include "compiler/spec/BuildModule.h"
#include "dialects/norm/Norm.h"
#include "normc/ArtifactFile.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <array>

using namespace mlir;
using namespace normc;

static constexpr std::array<std::pair<Emit, std::string_view>, 11> emitNames{{
    {Emit::Norm, "norm"},
    {Emit::Kernel, "kernel"},
    {Emit::Precision, "precision"},
    {Emit::Scheduled, "scheduled"},
    {Emit::Phases, "phases"},
    {Emit::Vector, "vector"},
    {Emit::LlvmDialect, "llvm-dialect"},
    {Emit::Llvm, "llvm"},
    {Emit::Assembly, "asm"},
    {Emit::Object, "obj"},
    {Emit::Artifact, "artifact"},
}};

std::string_view normc::toString(Emit stage) {
  for (auto [value, name] : emitNames)
    if (value == stage)
      return name;
  return "?";
}

Result<Emit> normc::parseEmit(std::string_view name) {
  std::string known;
  for (auto [value, candidate] : emitNames) {
    if (candidate == name)
      return value;
    known += (known.empty() ? "" : ", ") + std::string(candidate);
  }
  return Error{ErrorKind::InvalidSpec, "expected one of " + known +
                                           " to emit, but got '" +
                                           std::string(name) + "'"};
}

static std::string print(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream);
  return text;
}

/// One function, or one program, is what a module compiles to one Artifact.
static Status checkModule(ModuleOp module) {
  size_t count = 0;
  for (Operation &op : *module.getBody()) {
    if (!isa<func::FuncOp, norm::ProgramOp>(op))
      return Error{ErrorKind::InvalidSpec,
                   "expected one func.func or norm.program in the module, but "
                   "got " +
                       op.getName().getStringRef().str()};
    ++count;
  }
  if (count != 1)
    return Error{ErrorKind::InvalidSpec,
                 "expected one func.func or norm.program in the module, but "
                 "got " +
                     std::to_string(count)};
  return {};
}

namespace {

/// One compilation: a session, its module, and the facts taken on the way.
class Compilation {
public:
  explicit Compilation(const Target &target) : target(target) {}

  Status parse(std::string_view text, std::string_view sourceName) {
    if (Status status = validateTarget(target); !status)
      return status;
    module = session.parse(text, sourceName);
    return module ? checkModule(*module) : Status(session.takeError());
  }
  Status build(const NormSpec &spec) {
    if (Status status = validateTarget(target); !status)
      return status;
    module = buildModule(spec, session.context());
    return module ? Status() : Status(session.takeError());
  }

  /// Runs the pipeline; at the phase form, collects the facts.
  Status run(Emit last, const StagePrinter &printer) {
    Status facts;
    Emit reached = Emit::Norm;
    auto after = [&](Emit step, ModuleOp current) {
      reached = step;
      if (printer)
        printer(toString(step), print(current));
      if (step != Emit::Phases)
        return success();
      for (auto program : current.getOps<norm::ProgramOp>()) {
        Result<Artifact> collected = collectFacts(program);
        if (collected)
          artifact = *std::move(collected);
        else
          facts = collected.error();
      }
      return success(bool(facts));
    };
    if (succeeded(runPipeline(*module, target, last, after)) || !facts)
      return facts;
    Error error = session.takeError();
    // What passed every level's verifier and has vector code is ours to finish.
    if (reached >= Emit::Vector)
      error.kind = ErrorKind::Internal;
    return error;
  }

  Result<MachineCode> translate() {
    return MachineCode::translate(*module, target);
  }

  Result<Artifact> finish(const StagePrinter &printer);

  ModuleOp get() { return *module; }

private:
  const Target &target;
  Session session;
  OwningOpRef<ModuleOp> module;
  Artifact artifact;
};

} // namespace

Result<Artifact> Compilation::finish(const StagePrinter &printer) {
  if (target.kind == Target::Kind::Gpu)
    return Error{ErrorKind::Unsupported,
                 "kernels for a GPU can be emitted, but not yet run"};
  if (Status status = run(Emit::LlvmDialect, printer); !status)
    return status.error();
  Result<MachineCode> code = translate();
  if (!code)
    return code.error();
  if (printer)
    printer(toString(Emit::Llvm), code->llvmIr());
  auto object = code->emit(/*assembly=*/false);
  if (!object)
    return object.error();
  if (Status linked = setImage(artifact, {object->data(), object->size()});
      !linked)
    return linked.error();
  artifact.triple = target.triple;
  artifact.cpu = target.cpu;
  artifact.requiredFeatures = getRequiredFeatures(target);
  return std::move(artifact);
}

Result<std::string> normc::toMlir(const NormSpec &spec) {
  Session session;
  OwningOpRef<ModuleOp> module = buildModule(spec, session.context());
  if (!module)
    return session.takeError();
  // The function alone: what a person would have written.
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->getBody()->front().print(stream,
                                   OpPrintingFlags().printNameLocAsPrefix());
  return text + "\n";
}

Result<Artifact> normc::compile(std::string_view mlir, const Target &target,
                                std::string_view sourceName) {
  Compilation compilation(target);
  if (Status status = compilation.parse(mlir, sourceName); !status)
    return status.error();
  return compilation.finish(nullptr);
}

Result<Artifact> normc::compile(const NormSpec &spec, const Target &target) {
  Compilation compilation(target);
  if (Status status = compilation.build(spec); !status)
    return status.error();
  return compilation.finish(nullptr);
}

Result<Artifact> normc::compileVerbose(std::string_view mlir,
                                       const Target &target,
                                       const StagePrinter &printer) {
  Compilation compilation(target);
  if (Status status = compilation.parse(mlir, "<string>"); !status)
    return status.error();
  return compilation.finish(printer);
}

Result<std::string> normc::emit(std::string_view mlir, Emit stage,
                                const Target &target,
                                std::string_view sourceName) {
  Compilation compilation(target);
  if (Status status = compilation.parse(mlir, sourceName); !status)
    return status.error();
  if (stage == Emit::Artifact) {
    Result<Artifact> artifact = compilation.finish(nullptr);
    return artifact ? serialize(*artifact)
                    : Result<std::string>(artifact.error());
  }
  Emit last = std::min(stage, Emit::LlvmDialect);
  if (Status status = compilation.run(last, nullptr); !status)
    return status.error();
  if (stage <= Emit::LlvmDialect)
    return print(compilation.get()) + "\n";
  Result<MachineCode> code = compilation.translate();
  if (!code)
    return code.error();
  if (stage == Emit::Llvm)
    return code->llvmIr();
  auto bytes = code->emit(stage == Emit::Assembly);
  if (!bytes)
    return bytes.error();
  return std::string(bytes->begin(), bytes->end());
}
