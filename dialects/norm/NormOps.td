//===- NormOps.td - every op of the norm dialect ------------*- tablegen -*-===//

#ifndef NORM_OPS_TD
#define NORM_OPS_TD

include "dialects/norm/NormalizeOp.td"
include "dialects/norm/KernelOps.td"
include "dialects/norm/PhaseOps.td"

#endif // NORM_OPS_TD
