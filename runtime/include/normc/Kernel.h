//===- Kernel.h - a loaded norm that can be called --------------*- C++ -*-===//
//
// Turns an Artifact into something callable: loads its code into the process,
// checks the arguments of every call against its facts, and runs it.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_KERNEL_H
#define NORMC_KERNEL_H

#include "normc/Artifact.h"
#include "normc/Executor.h"
#include "normc/Result.h"
#include "normc/Tensor.h"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>

namespace normc {

/// A tensor and the name of the argument that it is meant for.
struct NamedTensor {
  std::string_view name;
  TensorRef tensor;
};

/// A handle to loaded code. Copies share the code, which is unloaded with the
/// last of them. All const members may be called from any number of threads at
/// once. A moved-from Kernel may only be assigned to or destroyed.
///
/// A call first checks every argument against `artifact()`; one that is refused
/// (InvalidArgument) has read and written nothing. The buffers must not be
/// changed by others during the call.
class Kernel {
public:
  /// Copies the artifact's code into memory of this process that can be run.
  /// Fails with Environment when this machine can't run it (architecture, CPU
  /// feature, another format version, memory), with Unsupported for more
  /// arguments, words, stages or axes than this runtime takes, and with
  /// Internal when the artifact is malformed. What the code does is not
  /// checked: load artifacts only from whom you would take a program.
  static Result<Kernel> load(const Artifact &artifact);

  /// Loads the first of several artifacts of one norm that this machine can
  /// run, as `chooseVariant` finds it: put the most special one first.
  static Result<Kernel> load(std::span<const Artifact> variants);

  /// The artifact that this was loaded from. Valid as long as any copy of this
  /// kernel.
  const Artifact &artifact() const;

  /// Runs the kernel on `args`, one tensor per argument in `artifact()`'s
  /// order, and returns when it has ended. Scratch memory, if the kernel needs
  /// any, is kept per calling thread and reused, or allocated for the call; a
  /// failed allocation is an Environment error.
  Status run(std::span<const TensorRef> args,
             Executor &executor = defaultExecutor()) const;
  Status run(std::initializer_list<TensorRef> args,
             Executor &executor = defaultExecutor()) const;

  /// Runs the kernel on tensors given by argument name, in any order. Every
  /// argument must be given exactly once.
  Status run(std::span<const NamedTensor> args,
             Executor &executor = defaultExecutor()) const;
  Status run(std::initializer_list<NamedTensor> args,
             Executor &executor = defaultExecutor()) const;

  /// Runs the kernel with the caller's scratch memory: at least
  /// `scratchBytes(args)` bytes at an address that is a multiple of 64, apart
  /// from every argument. Its content is lost. Nothing is allocated.
  Status run(std::span<const TensorRef> args, std::span<std::byte> scratch,
             Executor &executor = defaultExecutor()) const;

  /// Bytes of scratch memory that a call with `args` needs. Checks `args` as
  /// `run` does.
  Result<int64_t> scratchBytes(std::span<const TensorRef> args) const;

private:
  struct State;
  friend struct KernelFactory;
  explicit Kernel(std::shared_ptr<const State> state);

  std::shared_ptr<const State> state;
};

/// The index of the first artifact whose architecture and CPU features this
/// machine has. Where it can run none, an Environment error says what the last
/// one lacks; no artifacts at all are an InvalidArgument. Thread safe.
Result<size_t> chooseVariant(std::span<const Artifact> variants);

} // namespace normc

#endif // NORMC_KERNEL_H
