//===- Compiler.h - from a spec or IR to an Artifact ------------*- C++ -*-===//
//
// The compiler's public surface. It needs no MLIR header, and knows nothing of
// loading or running code: see Kernel.h for that, and normc.h for both at once.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_H
#define NORMC_COMPILER_H

#include "normc/Artifact.h"
#include "normc/NormSpec.h"
#include "normc/Presets.h"
#include "normc/Result.h"
#include "normc/Target.h"

#include <functional>
#include <string>
#include <string_view>

namespace normc {

/// Where in the pipeline to stop and print; in pipeline order.
enum class Emit {
  Norm,        ///< The declaration, as parsed.
  Kernel,      ///< After norm-to-kernel.
  Precision,   ///< After norm-precision and norm-expand-moments.
  Scheduled,   ///< After norm-schedule.
  Phases,      ///< The phase form.
  Vector,      ///< Vector code of the target: scf, vector, arith.
  LlvmDialect, ///< MLIR's LLVM dialect.
  Llvm,        ///< LLVM IR.
  Assembly,    ///< Target assembly, or PTX.
  Object,      ///< A relocatable object file.
  Artifact,    ///< What the runtime loads; see ArtifactFile.h.
};

/// What the text at a stage of the pipeline is called: norm, kernel, ...
std::string_view toString(Emit stage);
/// The stage of that name, or an InvalidSpec error that lists the names.
Result<Emit> parseEmit(std::string_view name);

/// The declaration as .mlir text; an InvalidSpec error says what is wrong.
Result<std::string> toMlir(const NormSpec &spec);

/// Compiles .mlir text that holds one function (of norm ops on tensors) or one
/// norm.program. `sourceName` is what diagnostics call the text. Thread safe.
/// Errors: InvalidSpec with the place in the text, Unsupported, Internal.
Result<Artifact> compile(std::string_view mlir, const Target &target,
                         std::string_view sourceName = "<string>");

/// Compiles a declared norm. Thread safe.
Result<Artifact> compile(const NormSpec &spec, const Target &target);

/// The text (or the bytes, for Object and Artifact) after a stage of the pipeline.
Result<std::string> emit(std::string_view mlir, Emit stage,
                         const Target &target,
                         std::string_view sourceName = "<string>");

/// Called after every stage of the pipeline with its name and its IR as text.
using StagePrinter =
    std::function<void(std::string_view stage, std::string_view ir)>;

/// `compile`, showing the IR after every stage.
Result<Artifact> compileVerbose(std::string_view mlir, const Target &target,
                                const StagePrinter &print);

} // namespace normc

#endif // NORMC_COMPILER_H
