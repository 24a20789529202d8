//===- CApi.cpp - normc's runtime for C -----------------------------------===//

#include "normc/ArtifactFile.h"
#include "normc/Kernel.h"
#include "normc/runtime.h"

#include <exception>
#include <string>
#include <vector>

using namespace normc;

struct normc_kernel {
  Kernel kernel;
};

static_assert(NORMC_MAX_RANK == kMaxRank);
static_assert(int(NORMC_F16) == int(DType::F16) &&
              int(NORMC_BF16) == int(DType::BF16) &&
              int(NORMC_F32) == int(DType::F32) &&
              int(NORMC_F64) == int(DType::F64) &&
              int(NORMC_F8E4M3FN) == int(DType::F8E4M3FN) &&
              int(NORMC_F8E5M2) == int(DType::F8E5M2) &&
              int(NORMC_I8) == int(DType::I8) &&
              int(NORMC_I32) == int(DType::I32) &&
              int(NORMC_I64) == int(DType::I64));

namespace {

/// A caller's pool.
class CallbackExecutor final : public Executor {
public:
  explicit CallbackExecutor(const normc_executor &pool) : pool(pool) {}

  void parallelFor(int64_t count,
                   void (*body)(void *context, int64_t begin, int64_t end),
                   void *context) override {
    pool.parallel_for(pool.context, count, body, context);
  }
  int concurrency() const override { return pool.concurrency; }

private:
  const normc_executor &pool;
};

} // namespace

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

static normc_status statusOf(ErrorKind kind) {
  switch (kind) {
  case ErrorKind::InvalidSpec:
    return NORMC_INVALID_SPEC;
  case ErrorKind::InvalidArgument:
    return NORMC_INVALID_ARGUMENT;
  case ErrorKind::Unsupported:
    return NORMC_UNSUPPORTED;
  case ErrorKind::Environment:
    return NORMC_ENVIRONMENT;
  case ErrorKind::Internal:
    break;
  }
  return NORMC_INTERNAL;
}

static std::string &lastError() {
  thread_local std::string message;
  return message;
}

static Error invalid(const std::string &message) {
  return {ErrorKind::InvalidArgument, message};
}

/// Runs `call`, which gives a Status, and remembers its error.
template <typename Callable> static normc_status guarded(Callable call) {
  try {
    Status status = call();
    if (status)
      return NORMC_OK;
    lastError() = status.error().message;
    return statusOf(status.error().kind);
  } catch (const std::exception &) {
    lastError() = "out of memory"; // Short enough to need none.
    return NORMC_ENVIRONMENT;
  }
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

static Status convert(const normc_tensor &from, int32_t index, TensorRef &to) {
  if (from.rank < 0 || from.rank > NORMC_MAX_RANK)
    return invalid("argument " + std::to_string(index) +
                   ": expected a rank from 0 to " +
                   std::to_string(NORMC_MAX_RANK) + ", but got " +
                   std::to_string(from.rank));
  if (from.dtype < NORMC_F16 || from.dtype > NORMC_I64)
    return invalid("argument " + std::to_string(index) +
                   ": expected an element type, but got " +
                   std::to_string(from.dtype));
  auto rank = static_cast<size_t>(from.rank);
  to = {from.data, static_cast<DType>(from.dtype), from.read_only != 0,
        Dims(std::span(from.shape, rank)), Dims(std::span(from.strides, rank))};
  return {};
}

/// Calls `use` with the tensors as C++ sees them.
template <typename Callable>
static Status withTensors(const normc_kernel *kernel,
                          const normc_tensor *tensors, int32_t count,
                          Callable use) {
  if (!kernel || count < 0 || (count > 0 && !tensors))
    return invalid("expected a kernel and its tensors, but got null");
  const std::vector<ArgumentFacts> &arguments =
      kernel->kernel.artifact().arguments;
  if (static_cast<size_t>(count) != arguments.size())
    return invalid("expected " + std::to_string(arguments.size()) +
                   " tensors, but got " + std::to_string(count));
  // Room for the most arguments that a kernel can have would be 10 kB; so a
  // call allocates where it has more than most.
  constexpr size_t kInline = 12;
  TensorRef few[kInline];
  std::vector<TensorRef> many;
  std::span<TensorRef> refs(few, std::min(arguments.size(), kInline));
  if (arguments.size() > kInline) {
    many.resize(arguments.size());
    refs = many;
  }
  for (int32_t i = 0; i < count; ++i)
    if (Status status = convert(tensors[i], i, refs[i]); !status)
      return status;
  return use(std::span<const TensorRef>(refs));
}

/// Calls `use` with the executor that the caller chose.
template <typename Callable>
static Status withExecutor(const normc_executor *executor, Callable use) {
  if (!executor)
    return use(defaultExecutor());
  if (!executor->parallel_for || executor->concurrency < 1)
    return invalid("expected an executor with a function and a concurrency of "
                   "at least 1, but got none");
  CallbackExecutor pool(*executor);
  return use(pool);
}

//===----------------------------------------------------------------------===//
// The interface
//===----------------------------------------------------------------------===//

/// Loads the best of the variants that `read` gives.
template <typename Callable>
static normc_status load(normc_kernel **kernel, Callable read) {
  return guarded([&]() -> Status {
    if (!kernel)
      return invalid("expected a place for the kernel, but got null");
    *kernel = nullptr;
    Result<std::vector<Artifact>> variants = read();
    if (!variants)
      return variants.error();
    Result<Kernel> loaded = Kernel::load(std::span<const Artifact>(*variants));
    if (!loaded)
      return loaded.error();
    *kernel = new normc_kernel{*std::move(loaded)};
    return {};
  });
}

normc_status normc_load(const void *bytes, size_t size, normc_kernel **kernel) {
  return load(kernel, [&]() -> Result<std::vector<Artifact>> {
    if (!bytes && size > 0)
      return invalid("expected an artifact's bytes, but got null");
    return deserializeVariants({static_cast<const char *>(bytes), size});
  });
}

normc_status normc_load_file(const char *path, normc_kernel **kernel) {
  return load(kernel, [&]() -> Result<std::vector<Artifact>> {
    if (!path)
      return invalid("expected the path of an artifact, but got null");
    return loadVariants(path);
  });
}

void normc_free(normc_kernel *kernel) { delete kernel; }

const char *normc_name(const normc_kernel *kernel) {
  return kernel->kernel.artifact().name.c_str();
}

int32_t normc_argument_count(const normc_kernel *kernel) {
  return static_cast<int32_t>(kernel->kernel.artifact().arguments.size());
}

normc_status normc_get_argument(const normc_kernel *kernel, int32_t index,
                                normc_argument *argument) {
  return guarded([&]() -> Status {
    if (!kernel || !argument)
      return invalid("expected a kernel and a place for its argument, but got "
                     "null");
    int32_t count = normc_argument_count(kernel);
    if (index < 0 || index >= count)
      return invalid("expected an argument from 0 to " +
                     std::to_string(count - 1) + ", but got " +
                     std::to_string(index));
    const ArgumentFacts &facts = kernel->kernel.artifact().arguments[index];
    *argument = {facts.name.c_str(), static_cast<int32_t>(facts.dtype),
                 static_cast<int32_t>(facts.axes.size()), facts.isOutput,
                 facts.alignment};
    return {};
  });
}

normc_status normc_scratch_bytes(const normc_kernel *kernel,
                                 const normc_tensor *tensors, int32_t count,
                                 int64_t *bytes) {
  return guarded([&] {
    return withTensors(
        kernel, tensors, count, [&](std::span<const TensorRef> refs) -> Status {
          if (!bytes)
            return invalid("expected a place for the size, but "
                           "got null");
          Result<int64_t> size = kernel->kernel.scratchBytes(refs);
          if (!size)
            return size.error();
          *bytes = *size;
          return {};
        });
  });
}

normc_status normc_run(const normc_kernel *kernel, const normc_tensor *tensors,
                       int32_t count, const normc_executor *executor) {
  return guarded([&] {
    return withExecutor(executor, [&](Executor &pool) {
      return withTensors(kernel, tensors, count,
                         [&](std::span<const TensorRef> refs) {
                           return kernel->kernel.run(refs, pool);
                         });
    });
  });
}

normc_status normc_run_with_scratch(const normc_kernel *kernel,
                                    const normc_tensor *tensors, int32_t count,
                                    void *scratch, size_t scratchSize,
                                    const normc_executor *executor) {
  return guarded([&] {
    return withExecutor(executor, [&](Executor &pool) {
      return withTensors(kernel, tensors, count,
                         [&](std::span<const TensorRef> refs) {
                           std::span memory(static_cast<std::byte *>(scratch),
                                            scratch ? scratchSize : 0);
                           return kernel->kernel.run(refs, memory, pool);
                         });
    });
  });
}

const normc_executor *normc_serial_executor(void) {
  static const normc_executor serial = {
      [](void *, int64_t count, normc_body body, void *context) {
        body(context, 0, count);
      },
      nullptr, 1};
  return &serial;
}

const char *normc_last_error(void) { return lastError().c_str(); }

const char *normc_version(void) { return NORMC_VERSION; }

uint32_t normc_artifact_version(void) { return Artifact::kFormatVersion; }
