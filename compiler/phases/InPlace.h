//===- InPlace.h - which outputs may share an input's buffer ----*- C++ -*-===//
//
// K8 of the design, read off the phase form: an output may overwrite an input
// where every read of a point comes before the write of that point.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_PHASES_INPLACE_H
#define NORMC_COMPILER_PHASES_INPLACE_H

#include "dialects/norm/Norm.h"

namespace normc {

/// True if argument `output` may have the buffer of argument `input`.
bool mayShareBuffer(norm::ProgramOp program, unsigned input, unsigned output);

/// Sets the program's `in_place` pairs.
void markInPlace(norm::ProgramOp program);

} // namespace normc

#endif // NORMC_COMPILER_PHASES_INPLACE_H
