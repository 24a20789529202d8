//===- KernelState.h - what the copies of a Kernel share --------*- C++ -*-===//
//
// Kernel's shared state, and how loaders make a Kernel of it.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_RUNTIME_KERNELSTATE_H
#define NORMC_RUNTIME_KERNELSTATE_H

#include "normc/Kernel.h"
#include "runtime/CallPlan.h"
#include "runtime/CodeHandle.h"

#include <memory>

namespace normc {

struct Kernel::State {
  Artifact artifact;
  CallPlan plan; ///< Of the artifact.
  std::unique_ptr<const CodeHandle> code;
};

struct KernelFactory {
  /// Joins an artifact that `validateArtifact` accepted with its loaded code.
  static Kernel make(Artifact artifact,
                     std::unique_ptr<const CodeHandle> code) {
    CallPlan plan(artifact);
    return Kernel(std::make_shared<const Kernel::State>(
        Kernel::State{std::move(artifact), std::move(plan), std::move(code)}));
  }

  /// The same kernel behind a reference count of its own: copies of the result
  /// don't touch the count of `kernel`, which lives as long as any of them.
  static Kernel withOwnCount(const Kernel &kernel) {
    auto holder =
        std::make_shared<std::shared_ptr<const Kernel::State>>(kernel.state);
    const Kernel::State *state = holder->get();
    return Kernel(
        std::shared_ptr<const Kernel::State>(std::move(holder), state));
  }
};

} // namespace normc

#endif // NORMC_RUNTIME_KERNELSTATE_H
