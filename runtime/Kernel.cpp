//===- Kernel.cpp - calls of a loaded norm --------------------------------===//

#include "normc/Kernel.h"

#include "runtime/Checks.h"
#include "runtime/KernelState.h"
#include "runtime/Names.h"
#include "runtime/Scratch.h"

#include <algorithm>
#include <exception>
#include <limits>
#include <string>

using namespace normc;

Kernel::Kernel(std::shared_ptr<const State> state) : state(std::move(state)) {}

const Artifact &Kernel::artifact() const { return state->artifact; }

/// Runs `call`. What it can throw is std::bad_alloc, from the making of a
/// message; the error that stands for it needs no allocation.
template <typename Callable> static auto guarded(Callable call) {
  try {
    return call();
  } catch (const std::exception &) {
    return decltype(call())(Error{ErrorKind::Environment, "out of memory"});
  }
}

//===----------------------------------------------------------------------===//
// Before the launch
//===----------------------------------------------------------------------===//

static Status order(const Artifact &artifact, std::span<const TensorRef> args,
                    const TensorRef **ordered) {
  if (Status status = checkCount(artifact, args.size()); !status)
    return status;
  for (const TensorRef &tensor : args)
    *ordered++ = &tensor;
  return {};
}

static Status order(const Artifact &artifact, std::span<const NamedTensor> args,
                    const TensorRef **ordered) {
  return orderByName(artifact, args, ordered);
}

/// Puts the arguments in order and checks them: by the plan, and where that
/// does not accept them by checkCall, which does or says why not.
template <typename Arg>
static Status prepare(const Artifact &artifact, const CallPlan &plan,
                      std::span<const Arg> args, CallFrame &frame) {
  const TensorRef *storage[kMaxArguments];
  if (Status status = order(artifact, args, storage); !status)
    return status;
  const std::span<const TensorRef *const> ordered(storage,
                                                  artifact.arguments.size());
  if (plan.accepts(ordered, frame))
    return {};
  return checkCall(artifact, ordered, frame);
}

//===----------------------------------------------------------------------===//
// The launch
//===----------------------------------------------------------------------===//

/// The bytes of all arguments and of scratch memory.
static int64_t bytesOf(const Artifact &artifact, const CallFrame &frame) {
  auto bytes = static_cast<uint64_t>(frame.scratchBytes);
  for (size_t i = 0; i < artifact.arguments.size(); ++i)
    bytes += frame.rangeEnd[i] - frame.rangeBegin[i];
  return static_cast<int64_t>(
      std::min(bytes, uint64_t(std::numeric_limits<int64_t>::max())));
}

static Status launch(const Artifact &artifact, const CodeHandle &code,
                     const CallFrame &frame, void *scratch,
                     Executor &executor) {
  return code.launch(
      {.buffers = frame.buffers,
       .words = frame.words,
       .scratch = scratch,
       .chunkCounts = {frame.chunkCounts, artifact.stages.size()},
       .bytes = bytesOf(artifact, frame),
       .executor = executor});
}

template <typename Arg>
static Status runWithOwnScratch(const Artifact &artifact, const CallPlan &plan,
                                const CodeHandle &code,
                                std::span<const Arg> args, Executor &executor) {
  CallFrame frame;
  if (Status status = prepare(artifact, plan, args, frame); !status)
    return status;
  ScratchLease lease;
  if (frame.scratchBytes > 0 && !lease.acquire(frame.scratchBytes))
    return Error{ErrorKind::Environment,
                 "expected " + std::to_string(frame.scratchBytes) +
                     " bytes of scratch memory, but their allocation failed"};
  return launch(artifact, code, frame, lease.data(), executor);
}

Status Kernel::run(std::span<const TensorRef> args, Executor &executor) const {
  return guarded([&]() -> Status {
    return runWithOwnScratch(state->artifact, state->plan, *state->code, args,
                             executor);
  });
}

Status Kernel::run(std::span<const NamedTensor> args,
                   Executor &executor) const {
  return guarded([&]() -> Status {
    return runWithOwnScratch(state->artifact, state->plan, *state->code, args,
                             executor);
  });
}

Status Kernel::run(std::span<const TensorRef> args,
                   std::span<std::byte> scratch, Executor &executor) const {
  return guarded([&]() -> Status {
    CallFrame frame;
    if (Status status = prepare(state->artifact, state->plan, args, frame);
        !status)
      return status;
    if (Status status = checkScratch(state->artifact, scratch, frame); !status)
      return status;
    return launch(state->artifact, *state->code, frame, scratch.data(),
                  executor);
  });
}

Status Kernel::run(std::initializer_list<TensorRef> args,
                   Executor &executor) const {
  return run(std::span(args.begin(), args.size()), executor);
}

Status Kernel::run(std::initializer_list<NamedTensor> args,
                   Executor &executor) const {
  return run(std::span(args.begin(), args.size()), executor);
}

Result<int64_t> Kernel::scratchBytes(std::span<const TensorRef> args) const {
  return guarded([&]() -> Result<int64_t> {
    CallFrame frame;
    if (Status status = prepare(state->artifact, state->plan, args, frame);
        !status)
      return status.error();
    return frame.scratchBytes;
  });
}
