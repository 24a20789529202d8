// RUN: norm-opt %s --norm-convert-to-llvm | FileCheck %s

// Everything that the CPU lowering leaves, in one conversion.
// CHECK-LABEL: llvm.func @f(
// CHECK-NOT: scf.
// CHECK-NOT: arith.
// CHECK: llvm.cond_br
// CHECK: llvm.fadd %{{.*}}, %{{.*}} : vector<4xf32>
// CHECK: llvm.intr.fma
// CHECK: llvm.return
func.func @f(%n: i64, %v: vector<4xf32>) -> vector<4xf32> {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %sum = scf.for %i = %zero to %n step %one iter_args(%s = %v) -> (vector<4xf32>) : i64 {
    %t = arith.addf %s, %v : vector<4xf32>
    %u = math.fma %t, %v, %v : vector<4xf32>
    scf.yield %u : vector<4xf32>
  }
  return %sum : vector<4xf32>
}
