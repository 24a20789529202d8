//===- CountDriver.cpp - calls of kernels, for counting instructions ------===//
//
// Reads lines from standard input: the file of an artifact, and the shape of
// each of its arguments, such as `rms.norm 8x4096 4096 8x4096`. Calls the
// kernel on the calling thread, once to get ready and once in `countedCall`,
// which callgrind watches (instructions.py). Every element is 1.5: no kernel
// branches on values.
//
//===----------------------------------------------------------------------===//

#include "normc/runtime.h"

#include <cstdint>
#include <cstdio>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

/// The exit code where this machine can't run a kernel.
static constexpr int kSkipped = 77;

namespace {

/// A line's tensors and the memory behind them.
struct Call {
  normc_kernel *kernel = nullptr;
  std::vector<normc_tensor> tensors;
  std::vector<std::unique_ptr<std::byte[]>> memory;

  ~Call() { normc_free(kernel); }
};

} // namespace

extern "C" __attribute__((noinline)) int countedCall(const Call &call) {
  return normc_run(call.kernel, call.tensors.data(),
                   int32_t(call.tensors.size()), normc_serial_executor());
}

static int fail(const std::string &line, const std::string &why) {
  std::fprintf(stderr, "%s: %s\n", line.c_str(), why.c_str());
  return 1;
}

/// A contiguous tensor of memory that begins at a cache line.
static normc_tensor makeTensor(Call &call, int32_t dtype,
                               const std::string &shape) {
  normc_tensor tensor = {};
  tensor.dtype = dtype;
  std::istringstream extents(shape);
  for (std::string extent; std::getline(extents, extent, 'x');)
    tensor.shape[tensor.rank++] = std::stoll(extent);
  int64_t count = 1;
  for (int32_t axis = tensor.rank; axis-- > 0;) {
    tensor.strides[axis] = count;
    count *= tensor.shape[axis];
  }
  size_t bytes = size_t(count) * (dtype == NORMC_F32 ? 4 : 2), space = bytes;
  space += 64;
  call.memory.push_back(std::make_unique<std::byte[]>(space));
  void *data = call.memory.back().get();
  tensor.data = std::align(64, bytes, data, space);
  for (int64_t i = 0; i < count; ++i)
    if (dtype == NORMC_F32) // With a variance, and a mean near zero.
      static_cast<float *>(tensor.data)[i] = i % 2 ? -1.5f : 1.5f;
    else
      static_cast<uint16_t *>(tensor.data)[i] = i % 2 ? 0xBFC0 : 0x3FC0; // bf16
  return tensor;
}

/// The program's exit code.
static int run(const std::string &line) {
  std::istringstream words(line);
  std::string file, shape;
  words >> file;
  Call call;
  normc_status loaded = normc_load_file(file.c_str(), &call.kernel);
  if (loaded != NORMC_OK) {
    fail(line, normc_last_error());
    return loaded == NORMC_ENVIRONMENT ? kSkipped : 1;
  }
  while (words >> shape) {
    normc_argument argument;
    auto index = int32_t(call.tensors.size());
    if (normc_get_argument(call.kernel, index, &argument) != NORMC_OK)
      return fail(line, normc_last_error());
    call.tensors.push_back(makeTensor(call, argument.dtype, shape));
  }
  // The first call allocates scratch memory and binds symbols.
  if (normc_run(call.kernel, call.tensors.data(), int32_t(call.tensors.size()),
                normc_serial_executor()) != NORMC_OK ||
      countedCall(call) != NORMC_OK)
    return fail(line, normc_last_error());
  return 0;
}

int main() {
  int code = 0;
  for (std::string line; code == 0 && std::getline(std::cin, line);)
    code = run(line);
  return code;
}
