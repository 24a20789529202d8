//===- ExtentClasses.h - axes that must have one extent ---------*- C++ -*-===//
//
// Kernels say which axes of their operands and results have the same extent, by
// the dims that lie along them. Over a whole function that makes classes of
// axes, of which a program reads one only; the others are checked at a call.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_PHASES_EXTENTCLASSES_H
#define NORMC_COMPILER_PHASES_EXTENTCLASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

namespace normc {

/// An axis of an argument of the function.
struct ArgumentAxis {
  unsigned argument;
  unsigned axis;
};

class ExtentClasses {
public:
  /// `func` holds kernels. It is not referred to afterwards.
  explicit ExtentClasses(mlir::func::FuncOp func);

  /// The first axis, in the order of arguments, of the class of this one.
  ArgumentAxis first(unsigned argument, unsigned axis) const;

private:
  llvm::DenseMap<std::pair<unsigned, unsigned>, ArgumentAxis> firsts;
};

} // namespace normc

#endif // NORMC_COMPILER_PHASES_EXTENTCLASSES_H
