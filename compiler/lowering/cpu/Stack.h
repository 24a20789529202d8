//===- Stack.h - memory on a function's stack -------------------*- C++ -*-===//
//
// What CPU code keeps in memory between its loops.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_LOWERING_CPU_STACK_H
#define NORMC_COMPILER_LOWERING_CPU_STACK_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace normc {

/// The stack of the function around a builder's place.
class Stack {
public:
  explicit Stack(mlir::ImplicitLocOpBuilder &b);
  /// Memory for `count` elements, aligned for the widest vector, for as long as
  /// the function runs. The builder may be in a loop that is not yet in place.
  mlir::Value allocate(mlir::Type element, int64_t count);

private:
  mlir::ImplicitLocOpBuilder &b;
  mlir::Block *entry;
};

/// The address of element `number` (i64).
mlir::Value addressOnStack(mlir::ImplicitLocOpBuilder &b, mlir::Value base,
                           mlir::Type element, mlir::Value number);

} // namespace normc

#endif // NORMC_COMPILER_LOWERING_CPU_STACK_H
