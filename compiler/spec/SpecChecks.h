//===- SpecChecks.h - what a spec may not be --------------------*- C++ -*-===//
//
// Refuses, by field and axis, the specs of which no IR could be built, or whose
// IR would be refused in words that are not the spec's. The verifiers do the
// rest.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_SPEC_SPECCHECKS_H
#define NORMC_COMPILER_SPEC_SPECCHECKS_H

#include "normc/NormSpec.h"

#include "mlir/IR/Location.h"
#include "llvm/Support/LogicalResult.h"

namespace normc {

/// Fails with a diagnostic at `loc`.
llvm::LogicalResult checkSpec(const NormSpec &spec, mlir::Location loc);

} // namespace normc

#endif // NORMC_COMPILER_SPEC_SPECCHECKS_H
