//===- Shapes.h - how large a call's tensors are ----------------*- C++ -*-===//
//
// People give arrays for inputs, or shapes for what has dynamic extents; all
// other extents and strides follow from the artifact's facts.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_TOOLS_NORMC_SHAPES_H
#define NORMC_TOOLS_NORMC_SHAPES_H

#include "Options.h"

#include "normc/Artifact.h"
#include "normc/Result.h"
#include "normc/Tensor.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace normc::tool {

/// The shape of every argument of `artifact`. `given` has a tensor at the
/// position of each argument whose shape is known, and nothing at the others'.
/// An InvalidArgument error names a tensor of another rank, or an axis whose
/// extent nothing tells, with the --shape that would.
Result<std::vector<Dims>>
computeShapes(const Artifact &artifact,
              std::span<const std::optional<TensorRef>> given);

/// The arguments that --shape gives, as tensors without memory, at their
/// positions. An InvalidArgument error names the argument that is nearest to a
/// misspelt one, or an extent that differs from a static one.
Result<std::vector<std::optional<TensorRef>>>
placeShapes(const Artifact &artifact, const std::vector<ShapeBinding> &shapes);

/// Whether a call could have these shapes: an InvalidArgument error names an
/// extent that disagrees with another, or that groups don't divide. A call
/// checks them itself; this is for those who only talk about one.
Status checkShapes(const Artifact &artifact, std::span<const Dims> shapes);

/// The words of a call with these shapes. Those that are strides are 0.
std::vector<int64_t> extentWords(const Artifact &artifact,
                                 std::span<const Dims> shapes);

/// Strides in elements that the kernel takes: those that it asks for, and
/// where it takes any, such that axes are in order and leave no gap.
Result<Dims> chooseStrides(const ArgumentFacts &facts, const Dims &shape,
                           std::span<const int64_t> words);

/// "8x4096"; with `?` for dynamic extents.
std::string describeShape(const Dims &shape);
std::string describeShape(const ArgumentFacts &facts);

/// The bytes of all arguments, each once: what a kernel has to move.
int64_t mandatoryBytes(const Artifact &artifact, std::span<const Dims> shapes);

/// Of a kernel that is to be timed; InvalidArgument where no result has an
/// element, so that there is nothing to do.
Result<int64_t> timedBytes(const Artifact &artifact,
                           std::span<const Dims> shapes);

} // namespace normc::tool

#endif // NORMC_TOOLS_NORMC_SHAPES_H
