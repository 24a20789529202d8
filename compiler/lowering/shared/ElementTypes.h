//===- ElementTypes.h - what lies in memory ---------------------*- C++ -*-===//
//
// The element types of buffers, between the IR's types and the Artifact's, and
// the types in which code moves them.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_LOWERING_SHARED_ELEMENTTYPES_H
#define NORMC_COMPILER_LOWERING_SHARED_ELEMENTTYPES_H

#include "normc/Artifact.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <optional>

namespace normc {

/// The type of a buffer's elements; null for a number that is no DType.
mlir::Type toType(mlir::MLIRContext *context, DType dtype);
/// Its inverse; nothing for a type that buffers don't hold.
std::optional<DType> toDType(mlir::Type type);

/// Bytes of an element as it lies in memory.
inline int64_t bytesOf(mlir::Type element) {
  return (element.getIntOrFloatBitWidth() + 7) / 8;
}

/// Bytes of a cache line.
inline constexpr int64_t kLineBytes = 64;

/// The type in which elements move: floats below 32 bits as integers, so that
/// there are bits and no conversion of a target.
inline mlir::Type getStorageType(mlir::Type type) {
  unsigned width = type.getIntOrFloatBitWidth();
  return mlir::isa<mlir::FloatType>(type) && width < 32
             ? mlir::IntegerType::get(type.getContext(), width)
             : type;
}

/// `value` as bits of another type, or itself.
inline mlir::Value bitcastTo(mlir::ImplicitLocOpBuilder &b, mlir::Value value,
                             mlir::Type type) {
  return value.getType() == type
             ? value
             : mlir::arith::BitcastOp::create(b, type, value).getResult();
}

} // namespace normc

#endif // NORMC_COMPILER_LOWERING_SHARED_ELEMENTTYPES_H
