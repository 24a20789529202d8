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
  // DLDataTypeCode: kDLInt, kDLFloat, kDLBfloat, kDLFloat8_e4m3fn and
  // kDLFloat8_e5m2 (the last two since DLPack 1.1).
  struct Known {
    int code, bits;
    DType dtype;
  };
  constexpr int kInt = 0, kFloat = 2, kBfloat = 4, kE4M3FN = 10, kE5M2 = 12;
  constexpr Known all[] = {
      {kFloat, 16, DType::F16},      {kBfloat, 16, DType::BF16},
      {kFloat, 32, DType::F32},      {kFloat, 64, DType::F64},
      {kE4M3FN, 8, DType::F8E4M3FN}, {kE5M2, 8, DType::F8E5M2},
      {kInt, 8, DType::I8},          {kInt, 32, DType::I32},
      {kInt, 64, DType::I64}};
  for (const Known &known : all)
    if (lanes == 1 && code == known.code && bits == known.bits)
      return known.dtype;
  return Error{
      ErrorKind::InvalidArgument,
      "expected a DLPack type of float 16, 32 or 64, bfloat 16, float8 "
      "e4m3fn or e5m2, or int 8, 32 or 64, but got code " +
          std::to_string(code) + ", " + std::to_string(bits) + " bits, " +
          std::to_string(lanes) + " lanes"};
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
