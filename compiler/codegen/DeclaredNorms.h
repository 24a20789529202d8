//===- DeclaredNorms.h - the norms that a source declares -------*- C++ -*-===//
//
// Reads the declarations off a module before the pipeline turns them into
// arithmetic, for tools that judge the data that a norm is given.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_CODEGEN_DECLAREDNORMS_H
#define NORMC_COMPILER_CODEGEN_DECLAREDNORMS_H

#include "normc/Artifact.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/ArrayRef.h"

#include <vector>

namespace normc {

/// One entry per norm.normalize, in the order of the text. Arguments are
/// numbered as in the Artifact: those of the function come first.
std::vector<DeclaredNorm> collectDeclaredNorms(mlir::ModuleOp module);

/// Per norm, in the same order, the argument that tells the shape of what is
/// normalized: that itself, or one that a kernel before the norm reads point by
/// point; -1 where none does.
std::vector<int32_t> findShapeSources(mlir::ModuleOp module);

/// Adds a fact per norm of `artifact` that divides by one less than the number
/// of its elements: two at least. `sources` are those of its norms; where there
/// is none, no call can tell.
void requireElements(Artifact &artifact, llvm::ArrayRef<int32_t> sources);

} // namespace normc

#endif // NORMC_COMPILER_CODEGEN_DECLAREDNORMS_H
