//===- PresetFusion.h - what a preset computes with its norm ----*- C++ -*-===//
//
// From FusionOptions to the fields of a NormSpec.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_SPEC_PRESETFUSION_H
#define NORMC_COMPILER_SPEC_PRESETFUSION_H

#include "normc/Presets.h"

namespace normc {

/// Adds what `options` asks for to a preset's spec. An InvalidSpec error names
/// an option that qualifies what is not there.
Status applyFusion(const FusionOptions &options,
                   std::optional<DType> parameterDtype, NormSpec &spec);

/// Makes every stride of the fused operands and results dynamic.
void setAnyFusionStrides(NormSpec &spec);

} // namespace normc

#endif // NORMC_COMPILER_SPEC_PRESETFUSION_H
