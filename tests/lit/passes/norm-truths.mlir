// RUN: norm-opt %s --norm-truths | FileCheck %s

// Two readers, one of which reads it twice.
// CHECK-LABEL: func.func @between
// CHECK: %[[P:.*]] = norm.kernel
// CHECK: outs(by {{\[\[}}i]] : tensor<?xi8>)
// CHECK: %[[C:.*]] = arith.cmpf
// CHECK: %[[BYTE:.*]] = arith.extui %[[C]] : i1 to i8
// CHECK: norm.yield %[[BYTE]] : i8
// CHECK: norm.kernel
// CHECK-SAME: {{$}}
// CHECK: ins(%[[B1:.*]] = %[[P]] by {{\[\[}}i]] : tensor<?xi8>, %[[B2:.*]] = %[[P]] by {{\[\[}}i]] : tensor<?xi8>,
// CHECK-DAG: %[[T1:.*]] = arith.trunci %[[B1]] : i8 to i1
// CHECK-DAG: %[[T2:.*]] = arith.trunci %[[B2]] : i8 to i1
// CHECK: arith.andi %[[T1]], %[[T2]] : i1
// CHECK: norm.kernel
// CHECK: arith.trunci
// CHECK: return
func.func @between(%x: tensor<?xf32>) -> (tensor<?xf32>, tensor<?xf32>) {
  %p = norm.kernel dims(i = ?) ins(%e = %x by [[i]] : tensor<?xf32>) outs(by [[i]] : tensor<?xi1>) {
    %zero = arith.constant 0.0 : f32
    %c = arith.cmpf ogt, %e, %zero : f32
    norm.yield %c : i1
  }
  %y = norm.kernel dims(i = ?)
      ins(%c = %p by [[i]] : tensor<?xi1>, %d = %p by [[i]] : tensor<?xi1>, %e = %x by [[i]] : tensor<?xf32>)
      outs(by [[i]] : tensor<?xf32>) {
    %zero = arith.constant 0.0 : f32
    %both = arith.andi %c, %d : i1
    %o = arith.select %both, %e, %zero : f32
    norm.yield %o : f32
  }
  %z = norm.kernel dims(i = ?)
      ins(%c = %p by [[i]] : tensor<?xi1>, %e = %x by [[i]] : tensor<?xf32>)
      outs(by [[i]] : tensor<?xf32>) {
    %one = arith.constant 1.0 : f32
    %o = arith.select %c, %one, %e : f32
    norm.yield %o : f32
  }
  return %y, %z : tensor<?xf32>, tensor<?xf32>
}

// CHECK-LABEL: func.func @returned
// CHECK-NOT: i8
// CHECK: return
func.func @returned(%x: tensor<?xf32>) -> tensor<?xi1> {
  %p = norm.kernel dims(i = ?) ins(%e = %x by [[i]] : tensor<?xf32>) outs(by [[i]] : tensor<?xi1>) {
    %zero = arith.constant 0.0 : f32
    %c = arith.cmpf ogt, %e, %zero : f32
    norm.yield %c : i1
  }
  return %p : tensor<?xi1>
}
