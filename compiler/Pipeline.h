//===- Pipeline.h - the way that every kernel goes --------------*- C++ -*-===//
//
// The compiler as a list of named steps, each a few passes.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_PIPELINE_H
#define NORMC_COMPILER_PIPELINE_H

#include "normc/Compiler.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"

#include <functional>
#include <vector>

namespace normc {

/// One step: what it is called once done, and the passes that do it.
struct PipelineStep {
  Emit emit;
  std::function<void(mlir::OpPassManager &)> addPasses;
};

/// The steps from a declared norm to the LLVM dialect, for a target.
std::vector<PipelineStep> getPipeline(const Target &target);

/// Runs the steps up to and including `last`, calling `after` (if any) behind
/// each. Fails with diagnostics on the context, or where `after` fails.
mlir::LogicalResult runPipeline(
    mlir::ModuleOp module, const Target &target, Emit last,
    const std::function<mlir::LogicalResult(Emit, mlir::ModuleOp)> &after);

} // namespace normc

#endif // NORMC_COMPILER_PIPELINE_H
