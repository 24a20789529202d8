// RUN: normc compile %s --emit=precision | FileCheck %s --check-prefix=BEFORE
// RUN: normc compile %s --emit=fused | FileCheck %s --check-prefix=AFTER

// Kernels that are equal become one, with all who read them; those that nobody
// reads vanish, and then those that only they read. What is left is one kernel. Two
// results that became one are two outputs of it.

// BEFORE-COUNT-6: norm.kernel
// BEFORE-NOT: norm.kernel

// AFTER: %[[F:.*]]:3 = norm.kernel
// AFTER: %[[SUM:.*]] = arith.addf
// AFTER: %[[PRODUCT:.*]] = arith.mulf %[[SUM]]
// AFTER: norm.yield %[[SUM]], %[[SUM]], %[[PRODUCT]]
// AFTER-NOT: norm.kernel
// AFTER: return %[[F]]#0, %[[F]]#1, %[[F]]#2
func.func @f(%x: tensor<4xf32> {norm.name = "x"}) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %a = arith.addf %x, %x : tensor<4xf32>
  %b = arith.addf %x, %x : tensor<4xf32>
  %c = arith.mulf %b, %x : tensor<4xf32>
  %dead = arith.subf %a, %x : tensor<4xf32>
  %deader = arith.subf %dead, %x : tensor<4xf32>
  %deadest = arith.divf %deader, %x : tensor<4xf32>
  return %a, %b, %c : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}
