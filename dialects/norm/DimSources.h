//===- DimSources.h - which operand axis tells a dim's extent ---*- C++ -*-===//
//
// A `?` dim of a kernel has no operand of its own: its extent is read off the
// operands' shapes. This finds from where.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_DIALECTS_NORM_DIMSOURCES_H
#define NORMC_DIALECTS_NORM_DIMSOURCES_H

#include "dialects/norm/Norm.h"

namespace normc::norm {

/// extent(dim) = extent of axis `axis` of input `input`, divided by the extents
/// of the `others` that are joined with it (all of them known before).
struct DimSource {
  unsigned dim;
  unsigned input;
  unsigned axis;
  llvm::SmallVector<unsigned> others;
};

/// One source for every `?` dim, in an order in which they can be resolved.
/// Dims that no operand tells are missing from the list.
llvm::SmallVector<DimSource> findDimSources(KernelOp kernel);

} // namespace normc::norm

#endif // NORMC_DIALECTS_NORM_DIMSOURCES_H
