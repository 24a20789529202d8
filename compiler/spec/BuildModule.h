//===- BuildModule.h - a NormSpec as IR -------------------------*- C++ -*-===//
//
// The front door's last step: the struct becomes one function with a
// `norm.normalize` and what stands around it.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_SPEC_BUILDMODULE_H
#define NORMC_COMPILER_SPEC_BUILDMODULE_H

#include "normc/NormSpec.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace normc {

/// Null, with a diagnostic on the context, where the spec is wrong.
mlir::OwningOpRef<mlir::ModuleOp> buildModule(const NormSpec &spec,
                                              mlir::MLIRContext &context);

} // namespace normc

#endif // NORMC_COMPILER_SPEC_BUILDMODULE_H
