//===- normc.h - declare a norm, get a kernel -------------------*- C++ -*-===//
//
// The whole public surface: compiler and runtime. This is the one header that
// sees both; the two sides know each other only through Artifact.h.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_NORMC_H
#define NORMC_NORMC_H

#include "normc/CacheKey.h"
#include "normc/Compiler.h"
#include "normc/Kernel.h"
#include "normc/KernelCache.h"

namespace normc {

/// Compiles, past all caches, and loads. `source` is a NormSpec or .mlir text.
template <typename Source>
Result<Kernel> compileAndLoad(const Source &source, const Target &target) {
  Result<Artifact> artifact = compile(source, target);
  return artifact ? Kernel::load(*artifact) : Result<Kernel>(artifact.error());
}

/// The kernel of a declared norm for this CPU, or one like it: from `cache`, or
/// compiled, loaded and kept there. Threads that ask for the same kernel at
/// once compile it once. For the target by key a kernel that is there takes
/// under 0.1 µs. Errors as those of `compile` and `Kernel::load`; they are not
/// kept.
inline Result<Kernel> jit(const NormSpec &spec,
                          const TargetKey &target = TargetKey::native(),
                          KernelCache &cache = defaultKernelCache()) {
  return cache.getOrMake(CacheKey(spec, target).bytes(),
                         [&] { return compileAndLoad(spec, target.target()); });
}

/// The same for a target that may change from call to call: all its fields are
/// compared each time.
inline Result<Kernel> jit(const NormSpec &spec, const Target &target,
                          KernelCache &cache = defaultKernelCache()) {
  return cache.getOrMake(CacheKey(spec, target).bytes(),
                         [&] { return compileAndLoad(spec, target); });
}

/// The same from .mlir text; a kernel is found by its characters.
inline Result<Kernel> jit(std::string_view mlir,
                          const TargetKey &target = TargetKey::native(),
                          KernelCache &cache = defaultKernelCache()) {
  return cache.getOrMake(CacheKey(mlir, target).bytes(),
                         [&] { return compileAndLoad(mlir, target.target()); });
}

inline Result<Kernel> jit(std::string_view mlir, const Target &target,
                          KernelCache &cache = defaultKernelCache()) {
  return cache.getOrMake(CacheKey(mlir, target).bytes(),
                         [&] { return compileAndLoad(mlir, target); });
}

} // namespace normc

#endif // NORMC_NORMC_H
