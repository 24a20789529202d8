//===- OutputShapes.h - how large a kernel's outputs are --------*- C++ -*-===//
//
// A caller of `normc run` gives arrays for the inputs only; the extents of the
// outputs follow from the artifact's facts.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TOOLS_NORMC_OUTPUTSHAPES_H
#define NORMC_TOOLS_NORMC_OUTPUTSHAPES_H

#include "normc/Artifact.h"
#include "normc/Result.h"
#include "normc/Tensor.h"

#include <optional>
#include <span>
#include <vector>

namespace normc::tool {

/// The shape of every argument of `artifact`. `inputs` has the tensors of the
/// inputs at their positions, and nothing at the outputs'. An InvalidArgument
/// error names an input of another rank, or an output axis that no input tells
/// the extent of.
Result<std::vector<Dims>>
computeShapes(const Artifact &artifact,
              std::span<const std::optional<TensorRef>> inputs);

} // namespace normc::tool

#endif // NORMC_TOOLS_NORMC_OUTPUTSHAPES_H
