//===- ElementTypes.cpp - what lies in memory -----------------------------===//

#include "compiler/lowering/shared/ElementTypes.h"

using namespace mlir;
using namespace normc;

Type normc::toType(MLIRContext *context, DType dtype) {
  switch (dtype) {
  case DType::F16:
    return Float16Type::get(context);
  case DType::BF16:
    return BFloat16Type::get(context);
  case DType::F32:
    return Float32Type::get(context);
  case DType::F64:
    return Float64Type::get(context);
  case DType::F8E4M3FN:
    return Float8E4M3FNType::get(context);
  case DType::F8E5M2:
    return Float8E5M2Type::get(context);
  case DType::I8:
    return IntegerType::get(context, 8);
  case DType::I32:
    return IntegerType::get(context, 32);
  case DType::I64:
    return IntegerType::get(context, 64);
  }
  return {};
}

std::optional<DType> normc::toDType(Type type) {
  for (DType dtype : kDTypes)
    if (toType(type.getContext(), dtype) == type)
      return dtype;
  return std::nullopt;
}
