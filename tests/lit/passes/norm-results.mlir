// RUN: norm-opt %s --norm-results -split-input-file | FileCheck %s

// One more output for a value that is returned again; others keep their places.
// CHECK-LABEL: func.func @twice
// CHECK: %[[Y:.*]]:4 = norm.kernel dims(i = ?)
// CHECK: %[[N:.*]] = arith.negf
// CHECK: %[[A:.*]] = math.absf
// CHECK: norm.yield %[[N]], %[[A]], %[[N]], %[[N]] : f32, f32, f32, f32
// CHECK: return %[[Y]]#0, %[[Y]]#2, %[[Y]]#1, %[[Y]]#3
func.func @twice(%x: tensor<?xf32>)
    -> (tensor<?xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>) {
  %y:2 = norm.kernel dims(i = ?) ins(%e = %x by [[i]] : tensor<?xf32>)
      outs(by [[i]] : tensor<?xf32>, by [[i]] : tensor<?xf32>) {
    %n = arith.negf %e : f32
    %a = math.absf %e : f32
    norm.yield %n, %a : f32, f32
  }
  return %y#0, %y#0, %y#1, %y#0 : tensor<?xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>
}

// -----

// An argument is copied, as often as it is returned.
// CHECK-LABEL: func.func @arguments
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<?x4xbf16>
// CHECK: %[[A:.*]] = norm.kernel dims(i0 = ?, i1 = 4)
// CHECK-NEXT: ins(%[[E:.*]] = %[[X]] by {{\[\[}}i0], [i1]] : tensor<?x4xbf16>)
// CHECK-NEXT: outs(by {{\[\[}}i0], [i1]] : tensor<?x4xbf16>)
// CHECK-NEXT: norm.yield %[[E]] : bf16
// CHECK: %[[B:.*]] = norm.kernel
// CHECK: return %[[A]], %[[B]]
func.func @arguments(%x: tensor<?x4xbf16>) -> (tensor<?x4xbf16>, tensor<?x4xbf16>) {
  return %x, %x : tensor<?x4xbf16>, tensor<?x4xbf16>
}

// -----

// CHECK-LABEL: func.func @once
// CHECK: %[[Y:.*]] = norm.kernel
// CHECK: return %[[Y]] :
func.func @once(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = norm.kernel dims(i = 4) ins(%e = %x by [[i]] : tensor<4xf32>)
      outs(by [[i]] : tensor<4xf32>) {
    norm.yield %e : f32
  }
  return %y : tensor<4xf32>
}
