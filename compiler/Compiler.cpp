//===- Compiler.cpp - from a spec or IR to an Artifact --------------------===//

#include "normc/Compiler.h"

#include "normc/ArtifactFile.h"

#include "compiler/Explain.h"
#include "compiler/Pipeline.h"
#include "compiler/Session.h"
#include "compiler/codegen/CHeader.h"
#include "compiler/codegen/DeclaredNorms.h"
#include "compiler/codegen/Facts.h"
#include "compiler/codegen/Image.h"
#include "compiler/codegen/MachineCode.h"
#include "compiler/codegen/PreparedTarget.h"
#include "compiler/spec/BuildModule.h"
#include "dialects/norm/Norm.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/STLExtras.h"

#include <chrono>

using namespace mlir;
using namespace normc;

static std::string print(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream);
  return text;
}

/// The lines of a text as comments of .mlir.
static std::string toComment(StringRef text) {
  std::string comment;
  for (StringRef line : llvm::split(text, '\n'))
    comment += ("// " + line + "\n").str();
  return comment;
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

/// Says how long each step takes, if someone wants to know.
class StepClock {
public:
  explicit StepClock(Timings *timings) : timings(timings) { restart(); }

  /// Ends a step; the next one begins with `restart`, or here.
  void end(std::string_view step) {
    if (timings)
      timings->push_back(
          {step,
           std::chrono::duration<double, std::milli>(now() - start).count()});
    restart();
  }
  void restart() { start = now(); }

private:
  using Time = std::chrono::steady_clock::time_point;
  static Time now() { return std::chrono::steady_clock::now(); }

  Timings *timings;
  Time start;
};

/// One compilation: a session, its module, and the facts taken on the way.
class Compilation {
public:
  Compilation(const Target &target, Timings *timings)
      : target(target), clock(timings) {}

  Status parse(std::string_view text, std::string_view sourceName);
  Status build(const NormSpec &spec);
  /// Runs the pipeline; at the phase form, collects the facts.
  Status run(Emit last, const StagePrinter &printer);
  Result<MachineCode> translate();
  Result<llvm::SmallVector<char, 0>> generate(const MachineCode &code,
                                              bool assembly);
  Result<Artifact> finish(const StagePrinter &printer);
  Result<std::string> emit(Emit stage);
  Result<Explanation> explain();
  /// The facts of what `run` has reached, without code, for a header; the
  /// entries have other names than those for other targets.
  CVersion describeVersion();
  ModuleOp getModule() { return *module; }
  /// After `parse` or `build`.
  PreparedTarget &getTarget() { return *prepared; }

private:
  Status prepareTarget();
  Status checkParsed();
  void describeTarget();

  const Target &target;
  std::shared_ptr<PreparedTarget> prepared; ///< Set by `parse` and `build`.
  StepClock clock;
  Session session;
  OwningOpRef<ModuleOp> module;
  Artifact artifact;
  std::vector<int32_t> shapeSources; ///< Of its norms.
};

} // namespace

Status Compilation::checkParsed() {
  if (!module)
    return session.takeError();
  if (Status status = checkModule(*module); !status)
    return status;
  // The pipeline turns the declarations into arithmetic.
  artifact.norms = collectDeclaredNorms(*module);
  shapeSources = findShapeSources(*module);
  return {};
}

Status Compilation::prepareTarget() {
  Result<std::shared_ptr<PreparedTarget>> found = PreparedTarget::of(target);
  if (!found)
    return found.error();
  prepared = *std::move(found);
  return {};
}

Status Compilation::parse(std::string_view text, std::string_view sourceName) {
  if (Status status = prepareTarget(); !status)
    return status;
  clock.restart();
  module = session.parse(text, sourceName);
  return checkParsed();
}

Status Compilation::build(const NormSpec &spec) {
  if (Status status = prepareTarget(); !status)
    return status;
  module = buildModule(spec, session.context());
  return checkParsed();
}

Status Compilation::run(Emit last, const StagePrinter &printer) {
  Status facts;
  Emit reached = Emit::Norm;
  auto after = [&](Emit step, ModuleOp current) {
    reached = step;
    if (step == Emit::Phases)
      for (auto program : current.getOps<norm::ProgramOp>()) {
        Result<Artifact> collected = collectFacts(program);
        if (!collected) {
          facts = collected.error();
          continue;
        }
        if (collected->stages.empty()) {
          facts = Error{ErrorKind::InvalidSpec,
                        "expected '" + collected->name +
                            "' to compute a result, but it computes none"};
          continue;
        }
        collected->norms = std::move(artifact.norms);
        artifact = *std::move(collected);
        requireElements(artifact, shapeSources);
      }
    clock.end(toString(step));
    if (printer)
      printer(toString(step), print(current));
    clock.restart();
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

Result<MachineCode> Compilation::translate() {
  Result<MachineCode> code = MachineCode::translate(*module, *prepared);
  clock.end(toString(Emit::Llvm));
  return code;
}

Result<llvm::SmallVector<char, 0>>
Compilation::generate(const MachineCode &code, bool assembly) {
  clock.restart();
  auto bytes = code.emit(assembly);
  clock.end("codegen");
  return bytes;
}

void Compilation::describeTarget() {
  artifact.triple = target.triple;
  artifact.cpu = target.cpu;
  artifact.requiredFeatures = prepared->requiredFeatures();
}

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
  auto object = generate(*code, /*assembly=*/false);
  if (!object)
    return object.error();
  if (Status linked = setImage(artifact, {object->data(), object->size()});
      !linked)
    return linked.error();
  describeTarget();
  return std::move(artifact);
}

Result<std::string> Compilation::emit(Emit stage) {
  if (stage == Emit::Header && target.kind == Target::Kind::Gpu)
    return Error{ErrorKind::Unsupported,
                 "a C header goes with an object file, and a GPU has none; "
                 "emit its assembly"};
  // Refused here, since LLVM prints before it refuses.
  if (stage == Emit::Object && target.kind == Target::Kind::Gpu)
    return Error{ErrorKind::Unsupported,
                 "a GPU has no object files; emit its assembly"};
  if (stage == Emit::Artifact) {
    Result<Artifact> whole = finish(nullptr);
    return whole ? serialize(*whole) : Result<std::string>(whole.error());
  }
  if (Status status = run(std::min(stage, Emit::LlvmDialect), nullptr); !status)
    return status.error();
  if (stage <= Emit::LlvmDialect) {
    std::string text = print(*module) + "\n";
    if (stage == Emit::Fused)
      for (const std::string &remark : session.takeRemarks())
        text += toComment(remark);
    return text;
  }
  if (stage == Emit::Header) {
    describeTarget();
    return writeCHeader(CVersion{target.name, artifact});
  }
  Result<MachineCode> code = translate();
  if (!code)
    return code.error();
  if (stage == Emit::Llvm)
    return code->llvmIr();
  auto bytes = generate(*code, stage == Emit::Assembly);
  if (!bytes)
    return bytes.error();
  return std::string(bytes->begin(), bytes->end());
}

CVersion Compilation::describeVersion() {
  describeTarget();
  for (StageFacts &stage : artifact.stages)
    stage.entry += getVersionSuffix(target);
  return {target.name, std::move(artifact)};
}

Result<Explanation> Compilation::explain() {
  if (Status status = run(Emit::Phases, nullptr); !status)
    return status.error();
  describeTarget();
  Explanation explanation{std::move(artifact), {}, session.takeRemarks()};
  for (auto program : module->getOps<norm::ProgramOp>())
    explanation.stages = explainStages(program);
  return explanation;
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
                                std::string_view sourceName, Timings *timings) {
  Compilation compilation(target, timings);
  if (Status status = compilation.parse(mlir, sourceName); !status)
    return status.error();
  return compilation.finish(nullptr);
}

Result<Artifact> normc::compile(const NormSpec &spec, const Target &target) {
  Compilation compilation(target, nullptr);
  if (Status status = compilation.build(spec); !status)
    return status.error();
  return compilation.finish(nullptr);
}

Result<Artifact> normc::compileVerbose(std::string_view mlir,
                                       const Target &target,
                                       const StagePrinter &printer) {
  Compilation compilation(target, nullptr);
  if (Status status = compilation.parse(mlir, "<string>"); !status)
    return status.error();
  return compilation.finish(printer);
}

Result<std::string> normc::emit(std::string_view mlir, Emit stage,
                                const Target &target,
                                std::string_view sourceName, Timings *timings) {
  Compilation compilation(target, timings);
  if (Status status = compilation.parse(mlir, sourceName); !status)
    return status.error();
  return compilation.emit(stage);
}

//===----------------------------------------------------------------------===//
// Several targets
//===----------------------------------------------------------------------===//

namespace {

/// A compilation for each of several targets, most special first.
class Versions {
public:
  explicit Versions(Timings *timings) : timings(timings) {}

  Status parse(std::string_view mlir, llvm::ArrayRef<Target> given,
               std::string_view sourceName);
  Result<std::vector<Artifact>> finish();
  Result<std::string> emit(Emit stage);

private:
  Result<std::string> emitHeader();
  Result<std::string> emitCode(Emit stage);

  Timings *timings;
  std::vector<Target> targets; ///< Compilations refer to them.
  std::vector<std::unique_ptr<Compilation>> all;
};

} // namespace

Status Versions::parse(std::string_view mlir, llvm::ArrayRef<Target> given,
                       std::string_view sourceName) {
  Result<std::vector<Target>> ordered = orderVersions(given);
  if (!ordered)
    return ordered.error();
  targets = *std::move(ordered);
  for (const Target &target : targets) {
    all.push_back(std::make_unique<Compilation>(target, timings));
    if (Status status = all.back()->parse(mlir, sourceName); !status)
      return status;
  }
  return {};
}

Result<std::vector<Artifact>> Versions::finish() {
  std::vector<Artifact> artifacts;
  for (auto &each : all) {
    Result<Artifact> artifact = each->finish(nullptr);
    if (!artifact)
      return artifact.error();
    artifacts.push_back(*std::move(artifact));
  }
  return artifacts;
}

Result<std::string> Versions::emitHeader() {
  std::vector<CVersion> versions;
  for (auto &each : all) {
    if (Status status = each->run(Emit::LlvmDialect, nullptr); !status)
      return status.error();
    versions.push_back(each->describeVersion());
  }
  return writeCHeader(versions);
}

Result<std::string> Versions::emitCode(Emit stage) {
  std::vector<CodeVersion> versions;
  for (auto &each : all) {
    if (Status status = each->run(Emit::LlvmDialect, nullptr); !status)
      return status.error();
    versions.push_back({each->getModule(), each->getTarget()});
  }
  StepClock clock(timings);
  Result<MachineCode> code = MachineCode::translate(versions);
  if (!code)
    return code.error();
  clock.end(toString(Emit::Llvm));
  if (stage == Emit::Llvm)
    return code->llvmIr();
  auto bytes = code->emit(stage == Emit::Assembly);
  if (!bytes)
    return bytes.error();
  clock.end("codegen");
  return std::string(bytes->begin(), bytes->end());
}

Result<std::string> Versions::emit(Emit stage) {
  if (stage == Emit::Artifact) {
    Result<std::vector<Artifact>> artifacts = finish();
    return artifacts ? serialize(std::span<const Artifact>(*artifacts))
                     : Result<std::string>(artifacts.error());
  }
  return stage == Emit::Header ? emitHeader() : emitCode(stage);
}

Result<std::vector<Artifact>> normc::compile(std::string_view mlir,
                                             std::span<const Target> targets,
                                             std::string_view sourceName,
                                             Timings *timings) {
  Versions versions(timings);
  if (Status status = versions.parse(mlir, targets, sourceName); !status)
    return status.error();
  return versions.finish();
}

Result<std::string> normc::emit(std::string_view mlir, Emit stage,
                                std::span<const Target> targets,
                                std::string_view sourceName, Timings *timings) {
  if (targets.size() == 1)
    return emit(mlir, stage, targets[0], sourceName, timings);
  if (stage < Emit::Llvm)
    return Error{ErrorKind::InvalidSpec, "expected one target to emit '" +
                                             std::string(toString(stage)) +
                                             "', but got " +
                                             std::to_string(targets.size())};
  Versions versions(timings);
  if (Status status = versions.parse(mlir, targets, sourceName); !status)
    return status.error();
  return versions.emit(stage);
}

Result<Explanation> normc::explain(std::string_view mlir, const Target &target,
                                   std::string_view sourceName) {
  Compilation compilation(target, nullptr);
  if (Status status = compilation.parse(mlir, sourceName); !status)
    return status.error();
  return compilation.explain();
}
