//===- Norm.h - the norm dialect in C++ -------------------------*- C++ -*-===//
//
// Everything that the norm dialect generates: include this to build, match or
// print norm IR.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_DIALECTS_NORM_NORM_H
#define NORMC_DIALECTS_NORM_NORM_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/norm/NormDialect.h.inc"
#include "dialects/norm/NormEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/norm/NormAttrs.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/norm/NormTypes.h.inc"

namespace normc::norm {
class ContributeOp;
class InstanceOp;
class KernelOp;
class StageOp;

/// Names of the function argument and result attributes that carry the calling
/// convention: the argument's name (string), its strides in elements
/// (array<i64>, kDynamic for "given at the call"), and the alignment in bytes
/// that its base address has (i64).
inline constexpr llvm::StringLiteral kNameAttr = "norm.name";
inline constexpr llvm::StringLiteral kStridesAttr = "norm.strides";
inline constexpr llvm::StringLiteral kAlignmentAttr = "norm.alignment";
} // namespace normc::norm

#define GET_OP_CLASSES
#include "dialects/norm/NormOps.h.inc"

#endif // NORMC_DIALECTS_NORM_NORM_H
