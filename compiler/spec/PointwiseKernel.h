//===- PointwiseKernel.h - a kernel around a norm, op by op -----*- C++ -*-===//
//
// Builds the norm.kernel of a prologue or an epilogue: a scalar program over
// all points of x, whose operands live on x or on some of its axes.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_SPEC_POINTWISEKERNEL_H
#define NORMC_COMPILER_SPEC_POINTWISEKERNEL_H

#include "compiler/spec/SpecFacts.h"
#include "dialects/norm/Norm.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <memory>

namespace normc {

/// One kernel in the making. Its dims are x's axes, a grouped one as groups and
/// their elements, as norm-to-kernel names them.
class PointwiseKernel {
public:
  /// `outer` stands where the kernel is to be, and outlives this.
  PointwiseKernel(const SpecFacts &facts, mlir::ImplicitLocOpBuilder &outer);

  /// Where the scalar program grows.
  mlir::ImplicitLocOpBuilder b;

  /// What everything is computed in.
  mlir::Type getComputeType() const { return compute; }

  /// The element of a tensor of x's shape, or on some axes of x, as it is
  /// stored.
  mlir::Value load(mlir::Value tensor);
  mlir::Value load(mlir::Value tensor, llvm::ArrayRef<int64_t> axes,
                   bool perGroup = false);
  /// The same in the compute type.
  mlir::Value read(mlir::Value tensor);
  mlir::Value read(mlir::Value tensor, llvm::ArrayRef<int64_t> axes);

  /// The row-major number of this point of x, of type index.
  mlir::Value buildLinearIndex();
  mlir::Value buildConstant(double value);

  /// Adds an output of x's shape, of the element's type; returns its number.
  unsigned write(mlir::Value element);

  /// Makes the kernel; its outputs in the order of the writes. Last.
  norm::KernelOp finish();

private:
  mlir::ImplicitLocOpBuilder &outer;
  mlir::Type compute;
  llvm::SmallVector<mlir::StringAttr> names;
  llvm::SmallVector<int64_t> extents;
  llvm::SmallVector<norm::DimsAttr> axisDims; ///< Per axis of x.
  std::unique_ptr<mlir::Block> block;         ///< Until the kernel has it.
  llvm::SmallVector<mlir::Value> operands, results;
  llvm::SmallVector<mlir::Attribute> maps;
  llvm::SmallVector<int64_t> shape; ///< Of x.
};

} // namespace normc

#endif // NORMC_COMPILER_SPEC_POINTWISEKERNEL_H
