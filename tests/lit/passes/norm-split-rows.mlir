// RUN: norm-opt %s --norm-split-rows -split-input-file | FileCheck %s

// RMSNorm of one row: sums of parts, their sum, what the row has in common, and
// elementwise code over parts.
// CHECK-LABEL: func.func @rms_norm
// CHECK: %[[P:.*]] = norm.kernel dims(i = 1, jo = 16, ji = 16384)
// CHECK-NEXT: ins(%{{.*}} = %arg0 by {{\[\[}}i], [jo, ji]] : tensor<1x262144xf32>)
// CHECK-NEXT: outs(by {{\[\[}}i], [jo]] : tensor<1x16xf32>)
// CHECK: norm.reduce mean %{{.*}} over [ji] : f32
// CHECK: %[[M:.*]] = norm.kernel dims(i = 1, jo = 16)
// CHECK-NEXT: ins(%{{.*}} = %[[P]] by {{\[\[}}i], [jo]]
// CHECK-NEXT: outs(by {{\[\[}}i]] : tensor<1xf32>)
// CHECK: norm.reduce mean %{{.*}} over [jo] : f32
// CHECK: %[[R:.*]] = norm.kernel dims(i = 1)
// CHECK-NEXT: ins(%{{.*}} = %[[M]] by {{\[\[}}i]]
// CHECK: math.rsqrt
// CHECK: %[[Y:.*]] = norm.kernel dims(i = 1, jo = 16, ji = 16384)
// CHECK-NEXT: ins(%{{.*}} = %arg0 by {{\[\[}}i], [jo, ji]] : tensor<1x262144xf32>, %{{.*}} = %arg1 by {{\[\[}}jo, ji]] : tensor<262144xf32>, %{{.*}} = %[[R]] by {{\[\[}}i]]
// CHECK-NOT: norm.reduce
// CHECK: return %[[Y]]
func.func @rms_norm(%x: tensor<1x262144xf32>, %scale: tensor<262144xf32>) -> tensor<1x262144xf32> {
  %y = norm.kernel dims(i = 1, j = 262144)
      ins(%xe = %x by [[i], [j]] : tensor<1x262144xf32>, %ge = %scale by [[j]] : tensor<262144xf32>)
      outs(by [[i], [j]] : tensor<1x262144xf32>) {
    %sq = arith.mulf %xe, %xe : f32
    %ms = norm.reduce mean %sq over [j] : f32
    %r = math.rsqrt %ms : f32
    %n = arith.mulf %xe, %r : f32
    %o = arith.mulf %n, %ge : f32
    norm.yield %o : f32
  }
  return %y : tensor<1x262144xf32>
}

// -----

// Moments of parts are merged by Chan; parts are the largest divisor that is a
// multiple of 64. Rows' statistics may be results.
// CHECK-LABEL: func.func @layer_norm
// CHECK: %[[P:.*]]:3 = norm.kernel dims(i = 4, jo = 6, ji = 16384)
// CHECK: %[[COUNT:.*]], %{{.*}}, %{{.*}}, %[[M2:.*]] = norm.moments %{{.*}} over [ji] : f32
// CHECK: arith.divf %[[M2]], %[[COUNT]] : f32
// CHECK: %[[M:.*]]:3 = norm.kernel dims(i = 4, jo = 6)
// CHECK: norm.reduce mean %{{.*}} over [jo] : f64
// CHECK: norm.reduce mean %{{.*}} over [jo] : f32
// CHECK: %[[S:.*]]:2 = norm.kernel dims(i = 4
// CHECK: math.rsqrt
// CHECK: %[[Y:.*]] = norm.kernel dims(i = 4, jo = 6, ji = 16384)
// CHECK-NOT: norm.moments
// CHECK: return %[[Y]], %[[S]]#1
func.func @layer_norm(%x: tensor<4x98304xf32>) -> (tensor<4x98304xf32>, tensor<4xf32>) {
  %y:2 = norm.kernel dims(i = 4, j = 98304)
      ins(%xe = %x by [[i], [j]] : tensor<4x98304xf32>)
      outs(by [[i], [j]] : tensor<4x98304xf32>, by [[i]] : tensor<4xf32>) {
    %count, %mean, %delta, %m2 = norm.moments %xe over [j] : f32
    %var = arith.divf %m2, %count : f32
    %r = math.rsqrt %var : f32
    %o = arith.mulf %xe, %r : f32
    norm.yield %o, %var : f32, f32
  }
  return %y#0, %y#1 : tensor<4x98304xf32>, tensor<4xf32>
}

// -----

// What is taken again where the first sum overflowed stays with the row.
// CHECK-LABEL: func.func @again
// CHECK: norm.kernel dims(i = 1, jo = 4, ji = 16384)
// CHECK-NOT: where
// CHECK: norm.kernel dims(i = 1, jo = 4)
// CHECK: norm.kernel dims(i = 1, j = 65536)
// CHECK-NEXT: ins(%{{.*}} = %arg0 by
// CHECK: norm.reduce add %{{.*}} over [j] where %{{.*}} : f64
// CHECK: norm.kernel dims(i = 1, jo = 4, ji = 16384)
func.func @again(%x: tensor<1x65536xf32>) -> tensor<1x65536xf32> {
  %y = norm.kernel dims(i = 1, j = 65536)
      ins(%xe = %x by [[i], [j]] : tensor<1x65536xf32>)
      outs(by [[i], [j]] : tensor<1x65536xf32>) {
    %sum = norm.reduce add %xe over [j] : f32
    %inf = arith.constant 0x7F800000 : f32
    %isInf = arith.cmpf uge, %sum, %inf : f32
    %wide = arith.extf %xe : f32 to f64
    %other = norm.reduce add %wide over [j] where %isInf : f64
    %narrow = arith.truncf %other : f64 to f32
    %s = arith.select %isInf, %narrow, %sum : f32
    %o = arith.mulf %xe, %s : f32
    norm.yield %o : f32
  }
  return %y : tensor<1x65536xf32>
}

// -----

// Left whole: many rows, rows of unknown number, short rows, rows without such a
// divisor, a collective that waits for another one, one over rows.
// CHECK-LABEL: func.func @whole
// CHECK-NOT: jo
func.func @whole(%many: tensor<5x65536xf32>, %any: tensor<?x65536xf32>, %short: tensor<1x32768xf32>,
                 %odd: tensor<1x65537xf32>, %row: tensor<2x65536xf32>)
    -> (tensor<5xf32>, tensor<?xf32>, tensor<1xf32>, tensor<1xf32>, tensor<2xf32>, tensor<65536xf32>) {
  %0 = norm.kernel dims(i = 5, j = 65536) ins(%e = %many by [[i], [j]] : tensor<5x65536xf32>) outs(by [[i]] : tensor<5xf32>) {
    %s = norm.reduce add %e over [j] : f32
    norm.yield %s : f32
  }
  %1 = norm.kernel dims(i = ?, j = 65536) ins(%e = %any by [[i], [j]] : tensor<?x65536xf32>) outs(by [[i]] : tensor<?xf32>) {
    %s = norm.reduce add %e over [j] : f32
    norm.yield %s : f32
  }
  %2 = norm.kernel dims(i = 1, j = 32768) ins(%e = %short by [[i], [j]] : tensor<1x32768xf32>) outs(by [[i]] : tensor<1xf32>) {
    %s = norm.reduce add %e over [j] : f32
    norm.yield %s : f32
  }
  %3 = norm.kernel dims(i = 1, j = 65537) ins(%e = %odd by [[i], [j]] : tensor<1x65537xf32>) outs(by [[i]] : tensor<1xf32>) {
    %s = norm.reduce add %e over [j] : f32
    norm.yield %s : f32
  }
  %4 = norm.kernel dims(i = 2, j = 65536) ins(%e = %row by [[i], [j]] : tensor<2x65536xf32>) outs(by [[i]] : tensor<2xf32>) {
    %max = norm.reduce max %e over [j] : f32
    %d = arith.subf %e, %max : f32
    %s = norm.reduce add %d over [j] : f32
    norm.yield %s : f32
  }
  %5 = norm.kernel dims(i = 2, j = 65536) ins(%e = %row by [[i], [j]] : tensor<2x65536xf32>) outs(by [[j]] : tensor<65536xf32>) {
    %s = norm.reduce add %e over [i] : f32
    norm.yield %s : f32
  }
  return %0, %1, %2, %3, %4, %5 : tensor<5xf32>, tensor<?xf32>, tensor<1xf32>, tensor<1xf32>, tensor<2xf32>, tensor<65536xf32>
}
