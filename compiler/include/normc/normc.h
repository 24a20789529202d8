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

#include <exception>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace normc {

//===----------------------------------------------------------------------===//
// One kernel
//===----------------------------------------------------------------------===//

/// Compiles, past all caches, and loads. `source` is a NormSpec or .mlir text.
template <typename Source>
Result<Kernel> compileAndLoad(const Source &source, const Target &target) {
  Result<Artifact> artifact = compile(source, target);
  return artifact ? Kernel::load(*artifact) : Result<Kernel>(artifact.error());
}

namespace detail {

/// `target` is what the key is made of, `machine` what is compiled for.
template <typename Source, typename KeyTarget>
Result<Kernel> findOrCompile(const Source &source, const KeyTarget &target,
                             const Target &machine, KernelCache &cache) {
  try {
    return cache.getOrMake(CacheKey(source, target).bytes(),
                           [&] { return compileAndLoad(source, machine); });
  } catch (const std::exception &) { // A large key needs memory.
    return Error{ErrorKind::Environment, "out of memory"};
  }
}

} // namespace detail

/// The kernel of a declared norm for this CPU, or one like it: from `cache`, or
/// compiled, loaded and kept there. Threads that ask for the same kernel at
/// once compile it once. A kernel that is there takes about 0.1 us. Errors as
/// those of `compile` and `Kernel::load`; they are not kept.
inline Result<Kernel> jit(const NormSpec &spec,
                          const TargetKey &target = TargetKey::native(),
                          KernelCache &cache = defaultKernelCache()) {
  return detail::findOrCompile(spec, target, target.target(), cache);
}

/// The same for a target that may change from call to call: all its fields are
/// compared each time.
inline Result<Kernel> jit(const NormSpec &spec, const Target &target,
                          KernelCache &cache = defaultKernelCache()) {
  return detail::findOrCompile(spec, target, target, cache);
}

/// The same from .mlir text; a kernel is found by its characters.
inline Result<Kernel> jit(std::string_view mlir,
                          const TargetKey &target = TargetKey::native(),
                          KernelCache &cache = defaultKernelCache()) {
  return detail::findOrCompile(mlir, target, target.target(), cache);
}

inline Result<Kernel> jit(std::string_view mlir, const Target &target,
                          KernelCache &cache = defaultKernelCache()) {
  return detail::findOrCompile(mlir, target, target, cache);
}

//===----------------------------------------------------------------------===//
// Many kernels at once
//===----------------------------------------------------------------------===//

namespace detail {

/// Calls `make(i)` for each i below `count` on the executor's threads, and
/// returns what the calls return, in order.
template <typename T, typename Make>
std::vector<Result<T>> makeAll(size_t count, Executor &executor, Make make) {
  struct Work {
    std::vector<Result<T>> results;
    Make make;
  } work{std::vector<Result<T>>(
             count, Error{ErrorKind::Internal,
                          "expected the executor to run every compilation, but "
                          "it left this one out"}),
         std::move(make)};
  auto body = [](void *context, int64_t begin, int64_t end) {
    auto &shared = *static_cast<Work *>(context);
    for (int64_t i = begin; i < end; ++i)
      shared.results[i] = shared.make(i);
  };
  try {
    if (count > 0)
      executor.parallelFor(int64_t(count), body, &work);
  } catch (...) {
    // Said by the results that it left out.
  }
  return std::move(work.results);
}

} // namespace detail

/// `jit` of every spec, on as many threads as the executor has; results in the
/// order of the specs. Equal specs are compiled once.
inline std::vector<Result<Kernel>>
jitAll(std::span<const NormSpec> specs,
       const TargetKey &target = TargetKey::native(),
       Executor &executor = defaultExecutor(),
       KernelCache &cache = defaultKernelCache()) {
  return detail::makeAll<Kernel>(specs.size(), executor, [&](int64_t i) {
    return jit(specs[i], target, cache);
  });
}

/// `compile` of every spec, on as many threads as the executor has; results in
/// the order of the specs.
inline std::vector<Result<Artifact>>
compileAll(std::span<const NormSpec> specs, const Target &target,
           Executor &executor = defaultExecutor()) {
  return detail::makeAll<Artifact>(specs.size(), executor, [&](int64_t i) {
    return compile(specs[i], target);
  });
}

} // namespace normc

#endif // NORMC_NORMC_H
