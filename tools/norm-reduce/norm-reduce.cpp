//===- norm-reduce.cpp - mlir-reduce with the norm dialect ----------------===//
//
// Makes a failing .mlir file smaller, as long as a script finds it interesting
// (exits with something else than 0). tests/graphs/reduce.py calls it for
// graphs that fail; `norm-reduce --help` has the rest.
//
//===----------------------------------------------------------------------===//

#include "ShrinkGraph.h"
#include "compiler/passes/Passes.h"
#include "dialects/norm/Norm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry.insert<normc::norm::NormDialect, mlir::arith::ArithDialect,
                  mlir::func::FuncDialect, mlir::linalg::LinalgDialect,
                  mlir::math::MathDialect, mlir::tensor::TensorDialect>();
  normc::registerPasses();
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  registerShrinkGraph();
  mlir::MLIRContext context(registry);
  return failed(mlir::mlirReduceMain(argc, argv, context));
}
