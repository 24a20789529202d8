// RUN: norm-opt %s --norm-expand-moments | FileCheck %s

// CHECK-LABEL: func.func @moments
// CHECK: %[[COUNT:.*]] = arith.constant 6.400000e+01 : f32
// CHECK: %[[MEAN:.*]] = norm.reduce mean %e0 over [j] : f32
// CHECK: %[[D:.*]] = arith.subf %e0, %[[MEAN]] : f32
// CHECK: %[[DELTA:.*]] = norm.reduce mean %[[D]] over [j] : f32
// CHECK: %[[DD:.*]] = arith.mulf %[[D]], %[[D]] : f32
// CHECK: %[[Q:.*]] = norm.reduce mean %[[DD]] over [j] : f32
// CHECK: %[[DELTA2:.*]] = arith.mulf %[[DELTA]], %[[DELTA]] : f32
// CHECK: %[[VARIANCE:.*]] = arith.subf %[[Q]], %[[DELTA2]] : f32
// CHECK: %[[M2:.*]] = arith.mulf %[[VARIANCE]], %[[COUNT]] : f32
// CHECK: norm.yield %[[COUNT]], %[[MEAN]], %[[DELTA]], %[[M2]]
func.func @moments(%a: tensor<?x64xf32>) -> (tensor<?xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>) {
  %r:4 = norm.kernel dims(i = ?, j = 64)
      ins(%x = %a by [[i], [j]] : tensor<?x64xf32>)
      outs(by [[i]] : tensor<?xf32>, by [[i]] : tensor<?xf32>, by [[i]] : tensor<?xf32>, by [[i]] : tensor<?xf32>) {
    %n, %m, %d, %m2 = norm.moments %x over [j] : f32
    norm.yield %n, %m, %d, %m2 : f32, f32, f32, f32
  }
  return %r#0, %r#1, %r#2, %r#3 : tensor<?xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>
}

// A dynamic count comes from the extents, that of selected points from a sum,
// and a masked mean is a sum by that count.
// CHECK-LABEL: func.func @masked
// CHECK: %[[EXTENT:.*]] = norm.extent j
// CHECK: arith.sitofp
// CHECK: %[[SUM:.*]] = norm.reduce add %e0 over [j] where %[[P:.*]] : f32
// CHECK: %[[N:.*]] = norm.reduce add %{{.*}} over [j] where %[[P]] : f32
// CHECK: arith.divf %[[SUM]], %[[N]] : f32
func.func @masked(%a: tensor<?x?xf32>) -> (tensor<?xf32>, tensor<?xf32>) {
  %r:2 = norm.kernel dims(i = ?, j = ?)
      ins(%x = %a by [[i], [j]] : tensor<?x?xf32>)
      outs(by [[i]] : tensor<?xf32>, by [[i]] : tensor<?xf32>) {
    %zero = arith.constant 0.0 : f32
    %p = arith.cmpf ogt, %x, %zero : f32
    %n, %m, %d, %m2 = norm.moments %x over [j] : f32
    %mean = norm.reduce mean %x over [j] where %p : f32
    norm.yield %m2, %mean : f32, f32
  }
  return %r#0, %r#1 : tensor<?xf32>, tensor<?xf32>
}
