//===- rms_norm.cpp - declare a norm, compile it, call it -----------------===//

#include "normc/normc.h"

#include <cstdio>
#include <vector>

int main() {
  // Any number of rows of 8 elements.
  normc::NormSpec spec = normc::rmsNorm({.shape = {normc::kDynamic, 8}});
  normc::Result<normc::Kernel> kernel = normc::jit(spec);
  if (!kernel) {
    std::fprintf(stderr, "%s\n", kernel.error().message.c_str());
    return 1;
  }

  const std::vector<float> x = {1, 2,  3, 4,  5, 6,  7, 8, //
                                1, -1, 1, -1, 1, -1, 1, -1};
  const std::vector<float> scale(8, 1.0f);
  std::vector<float> y(x.size());
  using normc::DType, normc::TensorRef;
  normc::Status status = kernel->run(
      {{"x", TensorRef::contiguous(x.data(), DType::F32, {2, 8})},
       {"scale", TensorRef::contiguous(scale.data(), DType::F32, {8})},
       {"y", TensorRef::contiguous(y.data(), DType::F32, {2, 8})}});
  if (!status) {
    std::fprintf(stderr, "%s\n", status.error().message.c_str());
    return 1;
  }

  for (size_t i = 0; i < y.size(); ++i)
    std::printf("%7.4f%s", y[i], i % 8 == 7 ? "\n" : " ");
  return 0;
}
