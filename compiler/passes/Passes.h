//===- Passes.h - normc's passes --------------------------------*- C++ -*-===//
//
// Creates and registers every pass of the compiler. What each does, with IR
// before and after, is in Passes.td.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_PASSES_PASSES_H
#define NORMC_COMPILER_PASSES_PASSES_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

#include <memory>
#include <string>

namespace normc {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/passes/Passes.h.inc"

/// Registers all of normc's passes, for tools that take a pass pipeline.
inline void registerPasses() { registerNormcPasses(); }

} // namespace normc

#endif // NORMC_COMPILER_PASSES_PASSES_H
