//===- Names.h - arguments by name ------------------------------*- C++ -*-===//
//
// Puts a call's named tensors into the kernel's order.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_RUNTIME_NAMES_H
#define NORMC_RUNTIME_NAMES_H

#include "normc/Kernel.h"

namespace normc {

/// Sets `ordered`, which has room for one pointer per argument, to the tensors
/// in the kernel's order. A name that is unknown, missing or given twice is an
/// InvalidArgument error.
Status orderByName(const Artifact &artifact, std::span<const NamedTensor> args,
                   const TensorRef **ordered);

} // namespace normc

#endif // NORMC_RUNTIME_NAMES_H
