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
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace normc {

/// Where in the pipeline to stop and print; in pipeline order.
enum class Emit {
  Norm,        ///< The declaration, as parsed.
  Kernel,      ///< After norm-to-kernel.
  Precision,   ///< After norm-precision.
  Fused,       ///< Neighbours merged into one kernel; unused ones are gone.
  Scheduled,   ///< Split, moments expanded; after norm-schedule.
  Phases,      ///< The phase form.
  Vector,      ///< Vector code of the target: scf, vector, arith.
  LlvmDialect, ///< MLIR's LLVM dialect.
  Llvm,        ///< LLVM IR.
  Assembly,    ///< Target assembly, or PTX.
  Object,      ///< A relocatable object file.
  Header,      ///< A C header for the object file.
  Artifact,    ///< What the runtime loads; see ArtifactFile.h.
};

/// What a stage is called and what it shows.
struct EmitInfo {
  Emit stage;
  std::string_view name;        ///< norm, kernel, ...
  std::string_view description; ///< Half a line for people.
};
/// Every stage, in pipeline order.
std::span<const EmitInfo> listEmits();

/// What the text at a stage of the pipeline is called: norm, kernel, ...
std::string_view toString(Emit stage);
/// The stage of that name, or an InvalidSpec error that lists the names.
Result<Emit> parseEmit(std::string_view name);

/// How long one step of a compilation took.
struct StepTime {
  std::string_view step; ///< norm (parsing), kernel, ..., llvm, codegen.
  double milliseconds = 0;
};
/// The steps of one compilation, in the order in which they ran.
using Timings = std::vector<StepTime>;

/// The declaration as .mlir text; an InvalidSpec error says what is wrong.
Result<std::string> toMlir(const NormSpec &spec);

/// Compiles .mlir text that holds one function (of norm ops on tensors) or one
/// norm.program. `sourceName` is what diagnostics call the text. Thread safe.
/// Appends to `timings`, if given, what each step took. Errors: InvalidSpec
/// with the place in the text, Unsupported, Internal.
Result<Artifact> compile(std::string_view mlir, const Target &target,
                         std::string_view sourceName = "<string>",
                         Timings *timings = nullptr);

/// Compiles a declared norm. Thread safe.
Result<Artifact> compile(const NormSpec &spec, const Target &target);

/// The text (or the bytes, for Object and Artifact) after a stage of the
/// pipeline. Fused ends with comments that say what stays apart, and why.
/// `timings` and errors as with `compile`.
Result<std::string> emit(std::string_view mlir, Emit stage,
                         const Target &target,
                         std::string_view sourceName = "<string>",
                         Timings *timings = nullptr);

/// `compile` for several targets, as `orderVersions` takes them; what comes out
/// is in its order, and `Kernel::load` takes the first that a machine can run.
Result<std::vector<Artifact>> compile(std::string_view mlir,
                                      std::span<const Target> targets,
                                      std::string_view sourceName = "<string>",
                                      Timings *timings = nullptr);

/// `emit` for several targets, as `orderVersions` takes them: code in which
/// each entry has a version for each target, with the target's name behind its
/// own, a header that chooses among them, or an artifact of variants. For
/// earlier stages than Llvm there must be one target (InvalidSpec).
Result<std::string> emit(std::string_view mlir, Emit stage,
                         std::span<const Target> targets,
                         std::string_view sourceName = "<string>",
                         Timings *timings = nullptr);

/// Called after every stage of the pipeline with its name and its IR as text.
using StagePrinter =
    std::function<void(std::string_view stage, std::string_view ir)>;

/// `compile`, showing the IR after every stage.
Result<Artifact> compileVerbose(std::string_view mlir, const Target &target,
                                const StagePrinter &print);

/// What the compiler decided about a kernel, for people.
struct Explanation {
  /// One loop nest.
  struct Phase {
    std::vector<std::string> over;  ///< Dims, outermost first; none: no loop.
    bool perChunk = false;          ///< Once per chunk, else once per instance.
    std::vector<std::string> reads; ///< Arguments, or "scratch 0", ...
    std::vector<std::string> keeps; ///< Those that are read again, from cache.
    std::vector<std::string> writes;
    std::vector<std::string> accumulates; ///< Written by partial sums.
    std::vector<std::string> combines;    ///< mean, add, max, ...: collectives.
  };
  /// One launch.
  struct Stage {
    std::string entry; ///< The function's name.
    std::vector<std::pair<std::string, SizeExpr>> dims;
    std::vector<std::string> parallel; ///< Dims whose points are instances.
    std::string lanes;                 ///< Dim along a vector; empty: scalar.
    int64_t width = 1, unroll = 1, chunk = 1;
    int64_t threads = 0;  ///< Per instance, on a GPU.
    int64_t resident = 0; ///< Bytes of cache per worker that are relied on.
    int64_t stream = 0;   ///< Bytes of a result from which stores pass caches.
    int64_t prefetch = 0; ///< Instances ahead that are fetched.
    int64_t rows = 1;     ///< Instances whose phases run side by side.
    /// Why, by parameter: ("width", "512-bit vectors of 32-bit values").
    std::vector<std::pair<std::string, std::string>> reasons;
    std::vector<Phase> phases;
  };

  Artifact facts; ///< Without code.
  std::vector<Stage> stages;
  /// What was not fused, and why: the place of the second of two kernels, the
  /// reason, and a line with the place of the first.
  std::vector<std::string> apart;
};

/// Compiles up to the phase form and tells what was decided. Thread safe.
/// Errors as with `compile`.
Result<Explanation> explain(std::string_view mlir, const Target &target,
                            std::string_view sourceName = "<string>");

} // namespace normc

#endif // NORMC_COMPILER_H
