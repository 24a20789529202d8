//===- normc.h - declare a norm, get a kernel -------------------*- C++ -*-===//
//
// The whole public surface: compiler and runtime. This is the one header that
// sees both; the two sides know each other only through Artifact.h.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_NORMC_H
#define NORMC_NORMC_H

#include "normc/Compiler.h"
#include "normc/Kernel.h"

namespace normc {

/// Compiles a declared norm for this or another CPU and loads it.
inline Result<Kernel> jit(const NormSpec &spec,
                          const Target &target = Target::native()) {
  Result<Artifact> artifact = compile(spec, target);
  return artifact ? Kernel::load(*artifact) : Result<Kernel>(artifact.error());
}

/// The same from .mlir text.
inline Result<Kernel> jit(std::string_view mlir,
                          const Target &target = Target::native()) {
  Result<Artifact> artifact = compile(mlir, target);
  return artifact ? Kernel::load(*artifact) : Result<Kernel>(artifact.error());
}

} // namespace normc

#endif // NORMC_NORMC_H
