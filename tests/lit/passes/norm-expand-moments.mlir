// RUN: norm-opt %s --norm-expand-moments | FileCheck %s
// RUN: norm-opt %s --norm-expand-moments=shifted | FileCheck %s --check-prefix=SHIFTED

// Distances to a pivot are summed beside the values themselves; distances to the
// mean only where that is too far from the pivot.
// SHIFTED-LABEL: func.func @moments
// SHIFTED-DAG: %[[FEW:.*]] = arith.constant 32 : index
// SHIFTED-DAG: %[[INDEX:.*]] = norm.index j
// SHIFTED: %[[FIRST:.*]] = arith.cmpi ult, %[[INDEX]], %[[FEW]] : index
// SHIFTED: %[[SUM:.*]] = norm.reduce add %e0 over [j] where %[[FIRST]] : f32
// SHIFTED: %[[PIVOT:.*]] = arith.divf %[[SUM]], %{{.*}} : f32
// SHIFTED: %[[BOTH:.*]] = norm.reduce mean %{{.*}} over [j] : f64
// SHIFTED: %[[D:.*]] = arith.subf %e0, %[[PIVOT]] : f32
// SHIFTED: %[[DD:.*]] = arith.mulf %[[D]], %[[D]] : f32
// SHIFTED: %[[Q:.*]] = norm.reduce mean %[[DD]] over [j] : f32
// SHIFTED: %[[AWAY2:.*]] = arith.mulf %[[AWAY:.*]], %[[AWAY]] : f32
// SHIFTED: %[[NEAR:.*]] = arith.subf %[[Q]], %[[AWAY2]] : f32
// SHIFTED: %[[QUARTER:.*]] = arith.mulf %[[NEAR]], %{{.*}} : f32
// SHIFTED: %[[ISFAR:.*]] = arith.cmpf ugt, %[[AWAY2]], %[[QUARTER]] : f32
// SHIFTED: norm.reduce add %{{.*}} over [j] where %[[ISFAR]] : f32
// SHIFTED: arith.select %[[ISFAR]], %{{.*}}, %[[NEAR]] : f32

// CHECK-LABEL: func.func @moments
// CHECK: %[[COUNT:.*]] = arith.constant 6.400000e+01 : f32
// CHECK: %[[WIDE:.*]] = arith.extf %e0 : f32 to f64
// CHECK: %[[BOTH:.*]] = norm.reduce mean %[[WIDE]] over [j] : f64
// CHECK: %[[MEAN:.*]] = arith.truncf %[[BOTH]] : f64 to f32
// CHECK: %[[HIGH:.*]] = arith.extf %[[MEAN]] : f32 to f64
// CHECK: %[[REST:.*]] = arith.subf %[[BOTH]], %[[HIGH]] : f64
// CHECK: %[[DELTA:.*]] = arith.truncf %[[REST]] : f64 to f32
// CHECK: %[[D:.*]] = arith.subf %e0, %[[MEAN]] : f32
// CHECK: %[[DD:.*]] = arith.mulf %[[D]], %[[D]] : f32
// CHECK: %[[Q:.*]] = norm.reduce mean %[[DD]] over [j] : f32
// CHECK: %[[DELTA2:.*]] = arith.mulf %[[DELTA]], %[[DELTA]] : f32
// CHECK: %[[MAYBE:.*]] = arith.subf %[[Q]], %[[DELTA2]] : f32
// CHECK: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK: %[[VARIANCE:.*]] = arith.maximumf %[[MAYBE]], %[[ZERO]] : f32
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

// The mean of f64 values is corrected by the mean of the exact distances to it:
// the difference and its rounding error.
// CHECK-LABEL: func.func @double
// CHECK: %[[MEAN:.*]] = norm.reduce mean %e0 over [j] : f64
// CHECK: arith.subf %e0, %[[MEAN]] : f64
// CHECK-COUNT-2: norm.reduce mean %{{.*}} over [j] : f64
// CHECK: arith.addf
// CHECK: norm.reduce mean %{{.*}} over [j] : f64
func.func @double(%a: tensor<4x8xf64>) -> tensor<4xf64> {
  %r = norm.kernel dims(i = 4, j = 8)
      ins(%x = %a by [[i], [j]] : tensor<4x8xf64>) outs(by [[i]] : tensor<4xf64>) {
    %n, %m, %d, %m2 = norm.moments %x over [j] : f64
    norm.yield %m2 : f64
  }
  return %r : tensor<4xf64>
}

// Rows of 16-bit values: from zero, since their squares are exact. Not of columns,
// where the mean of one or the other would be far from it.
// SHIFTED-LABEL: func.func @halves
// SHIFTED-NOT: norm.index
// SHIFTED: norm.reduce mean %{{.*}} over [j] : f64
// SHIFTED: %[[SQUARE:.*]] = arith.mulf %[[V:.*]], %[[V]] : f32
// SHIFTED: norm.reduce mean %[[SQUARE]] over [j] : f32
// SHIFTED: norm.reduce add %{{.*}} over [j] where %{{.*}} : f32
// SHIFTED-LABEL: func.func @columns
// SHIFTED: %[[MEAN:.*]] = arith.truncf %{{.*}} : f64 to f32
// SHIFTED: arith.subf %{{.*}}, %[[MEAN]] : f32
// SHIFTED-NOT: where
func.func @halves(%a: tensor<?x64xbf16>) -> tensor<?xf32> {
  %r = norm.kernel dims(i = ?, j = 64)
      ins(%x = %a by [[i], [j]] : tensor<?x64xbf16>) outs(by [[i]] : tensor<?xf32>) {
    %v = arith.extf %x : bf16 to f32
    %n, %m, %d, %m2 = norm.moments %v over [j] : f32
    norm.yield %m2 : f32
  }
  return %r : tensor<?xf32>
}
func.func @columns(%a: tensor<64x?xbf16>) -> tensor<?xf32> {
  %r = norm.kernel dims(j = 64, i = ?)
      ins(%x = %a by [[j], [i]] : tensor<64x?xbf16>) outs(by [[i]] : tensor<?xf32>) {
    %v = arith.extf %x : bf16 to f32
    %n, %m, %d, %m2 = norm.moments %v over [j] : f32
    norm.yield %m2 : f32
  }
  return %r : tensor<?xf32>
}

// The first points of several dims: whole rows, a few of them, of the first
// image.
// SHIFTED-LABEL: func.func @images
// SHIFTED: %[[THREE:.*]] = arith.constant 3 : index
// SHIFTED: %[[ROW:.*]] = norm.index h
// SHIFTED: %[[ROWS:.*]] = arith.cmpi ult, %[[ROW]], %[[THREE]]
// SHIFTED: %[[ONE:.*]] = arith.constant 1 : index
// SHIFTED: %[[IMAGE:.*]] = norm.index n
// SHIFTED: %[[IMAGES:.*]] = arith.cmpi ult, %[[IMAGE]], %[[ONE]]
// SHIFTED: %[[FIRST:.*]] = arith.andi %[[ROWS]], %[[IMAGES]]
// SHIFTED: norm.reduce add %{{.*}} over [n, h, w] where %[[FIRST]] : f32
// SHIFTED: arith.constant 4.200000e+01 : f32
func.func @images(%a: tensor<64x4x14x14xf32>) -> tensor<4xf32> {
  %r = norm.kernel dims(n = 64, c = 4, h = 14, w = 14)
      ins(%v = %a by [[n], [c], [h], [w]] : tensor<64x4x14x14xf32>) outs(by [[c]] : tensor<4xf32>) {
    %n, %mean, %delta, %m2 = norm.moments %v over [n, h, w] : f32
    norm.yield %m2 : f32
  }
  return %r : tensor<4xf32>
}

// Small groups stay in the nearest cache for a second pass.
// SHIFTED-LABEL: func.func @small
// SHIFTED-NOT: norm.index
func.func @small(%a: tensor<?x8x7xf32>) -> tensor<?xf32> {
  %r = norm.kernel dims(i = ?, h = 8, w = 7)
      ins(%v = %a by [[i], [h], [w]] : tensor<?x8x7xf32>) outs(by [[i]] : tensor<?xf32>) {
    %n, %mean, %delta, %m2 = norm.moments %v over [h, w] : f32
    norm.yield %m2 : f32
  }
  return %r : tensor<?xf32>
}

// Widened values need no correction where results are narrow; f64 results near
// the mean would lose as many bits as x and its mean have in common.
// CHECK-LABEL: func.func @widened
// CHECK-COUNT-2: norm.reduce mean %{{.*}} over [j] : f64
// CHECK-NOT: norm.reduce
// CHECK: norm.yield
// CHECK: func.func @widened_results
// CHECK-COUNT-4: norm.reduce mean %{{.*}} over [j] : f64
// CHECK: norm.yield
func.func @widened(%a: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %r = norm.kernel dims(i = 4, j = 8)
      ins(%x = %a by [[i], [j]] : tensor<4x8xf32>) outs(by [[i], [j]] : tensor<4x8xf32>) {
    %w = arith.extf %x : f32 to f64
    %n, %m, %d, %m2 = norm.moments %w over [j] : f64
    %c = arith.subf %w, %m : f64
    %s = arith.subf %c, %d : f64
    %q = arith.mulf %s, %m2 : f64
    %y = arith.truncf %q : f64 to f32
    norm.yield %y : f32
  }
  return %r : tensor<4x8xf32>
}

func.func @widened_results(%a: tensor<4x8xf32>) -> tensor<4x8xf64> {
  %r = norm.kernel dims(i = 4, j = 8)
      ins(%x = %a by [[i], [j]] : tensor<4x8xf32>) outs(by [[i], [j]] : tensor<4x8xf64>) {
    %w = arith.extf %x : f32 to f64
    %n, %m, %d, %m2 = norm.moments %w over [j] : f64
    %c = arith.subf %w, %m : f64
    %s = arith.subf %c, %d : f64
    %y = arith.mulf %s, %m2 : f64
    norm.yield %y : f64
  }
  return %r : tensor<4x8xf64>
}

// Numbers of bf16 may be added to a few others in f32, which their two steps to
// f64 say; but where a result of f32 shows the last bits of the mean, they have
// one step. A saved mean shows only its own.
// CHECK-LABEL: func.func @narrow
// CHECK: %[[F32:.*]] = arith.extf %e0 : bf16 to f32
// CHECK: %[[F64:.*]] = arith.extf %[[F32]] : f32 to f64
// CHECK: norm.reduce mean %[[F64]] over [j] : f64
func.func @narrow(%a: tensor<?x64xbf16>) -> (tensor<?x64xbf16>, tensor<?xf32>) {
  %r:2 = norm.kernel dims(i = ?, j = 64)
      ins(%x = %a by [[i], [j]] : tensor<?x64xbf16>)
      outs(by [[i], [j]] : tensor<?x64xbf16>, by [[i]] : tensor<?xf32>) {
    %v = arith.extf %x : bf16 to f32
    %n, %m, %d, %m2 = norm.moments %v over [j] : f32
    %c = arith.subf %v, %m : f32
    %o = arith.truncf %c : f32 to bf16
    norm.yield %o, %m : bf16, f32
  }
  return %r#0, %r#1 : tensor<?x64xbf16>, tensor<?xf32>
}

// CHECK-LABEL: func.func @wide
// CHECK: %[[F64:.*]] = arith.extf %e0 : bf16 to f64
// CHECK: norm.reduce mean %[[F64]] over [j] : f64
func.func @wide(%a: tensor<?x64xbf16>) -> tensor<?x64xf32> {
  %r = norm.kernel dims(i = ?, j = 64)
      ins(%x = %a by [[i], [j]] : tensor<?x64xbf16>)
      outs(by [[i], [j]] : tensor<?x64xf32>) {
    %v = arith.extf %x : bf16 to f32
    %n, %m, %d, %m2 = norm.moments %v over [j] : f32
    %c = arith.subf %v, %m : f32
    norm.yield %c : f32
  }
  return %r : tensor<?x64xf32>
}

// A variance is not multiplied by the count and divided by it again.
// CHECK-LABEL: func.func @variance
// CHECK: %[[VARIANCE:.*]] = arith.maximumf
// CHECK-NOT: arith.divf
// CHECK: norm.yield %[[VARIANCE]]
func.func @variance(%a: tensor<4x8xf32>) -> tensor<4xf32> {
  %r = norm.kernel dims(i = 4, j = 8)
      ins(%x = %a by [[i], [j]] : tensor<4x8xf32>) outs(by [[i]] : tensor<4xf32>) {
    %n, %m, %d, %m2 = norm.moments %x over [j] : f32
    %v = arith.divf %m2, %n : f32
    norm.yield %v : f32
  }
  return %r : tensor<4xf32>
}
