//===- dlpack.h - tensors of other frameworks -------------------*- C++ -*-===//
//
// Shows a DLPack tensor (DLTensor, the exchange format of PyTorch, JAX, NumPy
// and others) to a kernel, without a copy. Does not include <dlpack/dlpack.h>:
// any version of it will do, and so will a struct of the same fields.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_DLPACK_H
#define NORMC_DLPACK_H

#include "normc/Result.h"
#include "normc/Tensor.h"

#include <cstdint>
#include <string>

namespace normc {

/// The element type that DLPack's code, bits and lanes mean; an InvalidArgument
/// error where kernels have no such type.
inline Result<DType> dtypeFromDLPack(int code, int bits, int lanes) {
  // DLDataTypeCode: kDLFloat is 2, kDLBfloat is 4.
  constexpr int kFloat = 2, kBfloat = 4;
  if (lanes == 1 && code == kFloat && bits == 16)
    return DType::F16;
  if (lanes == 1 && code == kFloat && bits == 32)
    return DType::F32;
  if (lanes == 1 && code == kFloat && bits == 64)
    return DType::F64;
  if (lanes == 1 && code == kBfloat && bits == 16)
    return DType::BF16;
  return Error{ErrorKind::InvalidArgument,
               "expected a DLPack type of float 16, 32 or 64 or bfloat 16, but "
               "got code " +
                   std::to_string(code) + ", " + std::to_string(bits) +
                   " bits, " + std::to_string(lanes) + " lanes"};
}

/// A view of a `DLTensor` in host memory, which must outlive it and stays the
/// owner. `readOnly`: the producer forbids writing (DLPack 1.0 says so beside
/// the tensor, in its flags). Errors are InvalidArgument: another device, type
/// or rank than kernels take.
template <typename Tensor>
Result<TensorRef> fromDLPack(const Tensor &tensor, bool readOnly = false) {
  auto invalid = [](const std::string &message) {
    return Error{ErrorKind::InvalidArgument, message};
  };
  constexpr int kCpu = 1; // DLDeviceType.
  if (int device = static_cast<int>(tensor.device.device_type); device != kCpu)
    return invalid("expected a DLPack tensor on the CPU (device 1), but got "
                   "device " +
                   std::to_string(device));
  Result<DType> dtype =
      dtypeFromDLPack(tensor.dtype.code, tensor.dtype.bits, tensor.dtype.lanes);
  if (!dtype)
    return dtype.error();
  if (tensor.ndim < 0 || tensor.ndim > kMaxRank)
    return invalid("expected a DLPack tensor of rank 0 to " +
                   std::to_string(kMaxRank) + ", but got " +
                   std::to_string(tensor.ndim));
  auto rank = static_cast<size_t>(tensor.ndim);
  if (rank > 0 && !tensor.shape)
    return invalid("expected a DLPack tensor with a shape, but got null");
  TensorRef ref;
  ref.dtype = *dtype;
  ref.readOnly = readOnly;
  ref.shape = Dims(std::span<const int64_t>(tensor.shape, rank));
  // No strides mean row-major.
  ref.strides = tensor.strides
                    ? Dims(std::span<const int64_t>(tensor.strides, rank))
                    : TensorRef::rowMajorStrides(ref.shape);
  if (tensor.data)
    ref.data = static_cast<char *>(tensor.data) + tensor.byte_offset;
  return ref;
}

} // namespace normc

#endif // NORMC_DLPACK_H
