// RUN: norm-opt %s --norm-to-kernel -split-input-file | FileCheck %s

// The statistic of an RMS norm with epsilon inside the root. Squares of bf16 may
// leave the range of f32: where the sum did, it is taken again in f64. The rest is
// in f32, with one rounding at the end.
// CHECK-LABEL: func.func @rms
// CHECK: norm.kernel dims(i = ?, j = 64)
// CHECK-NEXT: ins(%[[X:.*]] = %arg0 by {{\[\[}}i], [j]] : tensor<?x64xbf16>, %[[G:.*]] = %arg1 by {{\[\[}}j]] : tensor<64xf32>)
// CHECK-NEXT: outs(by {{\[\[}}i], [j]] : tensor<?x64xbf16>)
// CHECK: %[[WIDE:.*]] = arith.extf %[[X]] : bf16 to f32
// CHECK: %[[SQUARE:.*]] = arith.mulf %[[WIDE]], %[[WIDE]] : f32
// CHECK: %[[FAST:.*]] = norm.reduce mean %[[SQUARE]] over [j] : f32
// CHECK: %[[LARGE:.*]] = arith.cmpf uge, %[[FAST]], %{{.*}} : f32
// CHECK: %[[DOUBLE:.*]] = arith.extf %[[WIDE]] : f32 to f64
// CHECK: %[[SQUARE64:.*]] = arith.mulf %[[DOUBLE]], %[[DOUBLE]] : f64
// CHECK: %[[SLOW:.*]] = norm.reduce mean %[[SQUARE64]] over [j] where %[[LARGE]] : f64
// CHECK: %[[FAST64:.*]] = arith.extf %[[FAST]] : f32 to f64
// CHECK: %[[MEAN:.*]] = arith.select %[[LARGE]], %[[SLOW]], %[[FAST64]] : f64
// CHECK: %[[EPS:.*]] = arith.constant 9.9999999999999995E-7 : f64
// CHECK: %[[ARGUMENT:.*]] = arith.addf %[[MEAN]], %[[EPS]] : f64
// CHECK: %[[ROOT:.*]] = math.rsqrt %[[ARGUMENT]] : f64
// CHECK: %[[RSTD:.*]] = arith.truncf %[[ROOT]] : f64 to f32
// CHECK: %[[N:.*]] = arith.mulf %[[WIDE]], %[[RSTD]] : f32
// CHECK: %[[Y:.*]] = arith.mulf %[[N]], %[[G]] : f32
// CHECK: %[[NARROW:.*]] = arith.truncf %[[Y]] : f32 to bf16
// CHECK: norm.yield %[[NARROW]] : bf16
func.func @rms(%x: tensor<?x64xbf16>, %g: tensor<64xf32>) -> tensor<?x64xbf16> {
  %y = norm.normalize rms %x over [1] epsilon 1.0e-6 scale %g on [1]
    : (tensor<?x64xbf16>, tensor<64xf32>) -> tensor<?x64xbf16>
  return %y : tensor<?x64xbf16>
}

// -----

// Beside an epsilon of nothing the smallest squares count, so that f64 it is.
// CHECK-LABEL: func.func @no_epsilon
// CHECK-NOT: norm.reduce {{.*}} : f32
// CHECK: norm.reduce mean {{.*}} : f64
func.func @no_epsilon(%x: tensor<?x64xbf16>) -> tensor<?x64xbf16> {
  %y = norm.normalize rms %x over [1] epsilon 0.0 : (tensor<?x64xbf16>) -> tensor<?x64xbf16>
  return %y : tensor<?x64xbf16>
}

// -----

// A grouped axis becomes two dims, joined in the operands' maps; the affine part
// is one fused multiply-add.
// CHECK-LABEL: func.func @group
// CHECK: norm.kernel dims(i = ?, j = 49, g = 8, c = 4)
// CHECK-NEXT: by {{\[\[}}i], [j], [g, c]] : tensor<?x49x32xf32>, %[[G:.*]] = %arg1 by {{\[\[}}g, c]] : tensor<32xf32>, %[[B:.*]] = %arg2 by {{\[\[}}g, c]]
// CHECK: %[[N:.*]], %[[MEAN:.*]], %[[DELTA:.*]], %[[M2:.*]] = norm.moments %{{.*}} over [j, c] : f32
// CHECK: %[[VARIANCE:.*]] = arith.divf %[[M2]], %[[N]] : f32
// CHECK: %[[LOST:.*]] = arith.mulf %[[DELTA]], %[[RSTD:.*]] : f32
// CHECK: %[[MOVED:.*]] = arith.negf %[[LOST]] : f32
// CHECK: %[[CENTRED:.*]] = arith.subf %{{.*}}, %[[MEAN]] : f32
// CHECK: math.fma %[[CENTRED]], %[[RSTD]], %[[MOVED]] : f32
// CHECK: math.fma %{{.*}}, %[[G]], %[[B]] : f32
func.func @group(%x: tensor<?x49x32xf32>, %g: tensor<32xf32>, %b: tensor<32xf32>) -> tensor<?x49x32xf32> {
  %y = norm.normalize mean_variance %x over [1, 2] groups 8 on 2 epsilon 1.0e-5
    scale %g on [2] shift %b on [2]
    : (tensor<?x49x32xf32>, tensor<32xf32>, tensor<32xf32>) -> tensor<?x49x32xf32>
  return %y : tensor<?x49x32xf32>
}

// -----

// Rounding after the normalization and after each of scale and shift.
// CHECK-LABEL: func.func @rounded
// CHECK: math.rsqrt
// CHECK: %[[N:.*]] = arith.mulf
// CHECK: %[[N16:.*]] = arith.truncf %[[N]] : f32 to f16
// CHECK: %[[NR:.*]] = arith.extf %[[N16]] : f16 to f32
// CHECK: %[[P:.*]] = arith.mulf %[[NR]], %{{.*}} : f32
// CHECK: %[[P16:.*]] = arith.truncf %[[P]] : f32 to f16
func.func @rounded(%x: tensor<4x64xf16>, %g: tensor<64xf16>) -> tensor<4x64xf16> {
  %y = norm.normalize rms %x over [1] epsilon 1.0e-6 scale %g on [1] rounding normalized
    : (tensor<4x64xf16>, tensor<64xf16>) -> tensor<4x64xf16>
  return %y : tensor<4x64xf16>
}

// -----

// With epsilon 0 a zero group gives zero; clamp bounds the norm from below; the
// compute type of f64 is f64.
// CHECK-LABEL: func.func @l2
// CHECK: %[[S:.*]] = norm.reduce add %{{.*}} over [j] : f64
// CHECK: %[[ROOT:.*]] = math.sqrt %[[S]] : f64
// CHECK: %[[EPS:.*]] = arith.constant 0.000000e+00 : f64
// CHECK: %[[CLAMPED:.*]] = arith.maximumf %[[ROOT]], %[[EPS]] : f64
// CHECK: %[[ISZERO:.*]] = arith.cmpf oeq, %[[ROOT]]
// CHECK: arith.select %[[ISZERO]]
func.func @l2(%x: tensor<4x64xf64>) -> tensor<4x64xf64> {
  %y = norm.normalize l2 %x over [1] epsilon 0.0 clamp : (tensor<4x64xf64>) -> tensor<4x64xf64>
  return %y : tensor<4x64xf64>
}

// -----

// An elementwise op on tensors is a kernel of one op.
// CHECK-LABEL: func.func @elementwise
// CHECK: norm.kernel dims(i0 = ?, i1 = 8)
// CHECK: %[[S:.*]] = arith.addf %e0, %e1 : bf16
// CHECK: norm.yield %[[S]] : bf16
func.func @elementwise(%a: tensor<?x8xbf16>, %b: tensor<?x8xbf16>) -> tensor<?x8xbf16> {
  %s = arith.addf %a, %b : tensor<?x8xbf16>
  return %s : tensor<?x8xbf16>
}

// -----

// One tensor as scale and as shift, on different axes: two operands.
// CHECK-LABEL: func.func @twice
// CHECK: %e1 = %arg1 by {{\[\[}}i]] : tensor<4xf32>, %e2 = %arg1 by {{\[\[}}j]] : tensor<4xf32>)
// CHECK: math.fma %{{.*}}, %e1, %e2 : f32
func.func @twice(%x: tensor<4x4xf32>, %g: tensor<4xf32>) -> tensor<4x4xf32> {
  %y = norm.normalize rms %x over [1] epsilon 1.0e-6 scale %g on [0] shift %g on [1]
    : (tensor<4x4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4x4xf32>
  return %y : tensor<4x4xf32>
}

// -----

// Given statistics, folded: per channel a = scale * rstd and shift - mean * a,
// per element one fused multiply-add.
// CHECK-LABEL: func.func @folded
// CHECK: ins(%[[X:[^ ]*]] = %arg0 by {{\[\[}}j0], [i], [j2]] : tensor<?x16x?xf32>, %[[M:[^ ]*]] = %arg1 by {{\[\[}}i]] : tensor<16xf32>, %[[V:[^ ]*]] = %arg2 by {{\[\[}}i]]
// CHECK: %[[RSTD:.*]] = math.rsqrt
// CHECK: %[[A:.*]] = arith.mulf %{{.*}}, %[[RSTD]] : f32
// CHECK: %[[MOVED:.*]] = arith.mulf %[[M]], %[[A]] : f32
// CHECK: %[[B:.*]] = arith.subf %{{.*}}, %[[MOVED]] : f32
// CHECK: math.fma %[[X]], %[[A]], %[[B]] : f32
func.func @folded(%x: tensor<?x16x?xf32>, %m: tensor<16xf32>, %v: tensor<16xf32>,
                  %g: tensor<16xf32>, %b: tensor<16xf32>) -> tensor<?x16x?xf32> {
  %y = norm.normalize given %x over [0, 2] mean %m variance %v epsilon 1.0e-5
    scale %g on [1] shift %b on [1] folded
    : (tensor<?x16x?xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>)
    -> tensor<?x16x?xf32>
  return %y : tensor<?x16x?xf32>
}

// -----

// Given statistics, not folded, with an rstd and nothing else: no root.
// CHECK-LABEL: func.func @given_rstd
// CHECK-NOT: math.rsqrt
// CHECK: arith.mulf %e0, %e1 : f32
func.func @given_rstd(%x: tensor<?x16xf32>, %r: tensor<?xf32>) -> tensor<?x16xf32> {
  %y = norm.normalize given %x over [1] rstd %r : (tensor<?x16xf32>, tensor<?xf32>) -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}

// -----

// The statistic of the first elements: a constant where the extent is static,
// else computed, and never none of them.
// CHECK-LABEL: func.func @partial
// CHECK: %[[J:.*]] = norm.index j
// CHECK: %[[K:.*]] = arith.constant 3 : index
// CHECK: %[[FIRST:.*]] = arith.cmpi slt, %[[J]], %[[K]] : index
// CHECK: norm.reduce mean %{{.*}} over [j] where %[[FIRST]] : f32
// CHECK: norm.extent j
// CHECK: arith.maxsi
func.func @partial(%x: tensor<4x10xf32>, %z: tensor<4x?xf32>) -> (tensor<4x10xf32>, tensor<4x?xf32>) {
  %y = norm.normalize rms %x over [1] partial 0.35 epsilon 1.0e-6 : (tensor<4x10xf32>) -> tensor<4x10xf32>
  %w = norm.normalize rms %z over [1] partial 0.35 epsilon 1.0e-6 : (tensor<4x?xf32>) -> tensor<4x?xf32>
  return %y, %w : tensor<4x10xf32>, tensor<4x?xf32>
}

// -----

// Powers are taken of |x| / max |x|, which leaves no type's range.
// CHECK-LABEL: func.func @lp
// CHECK: %[[ABS:.*]] = math.absf
// CHECK: %[[MAX:.*]] = norm.reduce max %[[ABS]] over [j] : f32
// CHECK: %[[UNIT:.*]] = arith.select
// CHECK: %[[UNIT2:.*]] = arith.select
// CHECK: %[[RATIO:.*]] = arith.divf %[[ABS]], %[[UNIT2]] : f32
// CHECK: %[[POWER:.*]] = math.powf %[[RATIO]]
// CHECK: norm.reduce add %[[POWER]] over [j] : f32
func.func @lp(%x: tensor<4x64xf32>) -> tensor<4x64xf32> {
  %y = norm.normalize lp %x over [1] p 3.0 epsilon 1.0e-12 clamp : (tensor<4x64xf32>) -> tensor<4x64xf32>
  return %y : tensor<4x64xf32>
}

// -----

// CHECK-LABEL: func.func @max
// CHECK: %[[ABS:.*]] = math.absf
// CHECK: %[[MAX:.*]] = norm.reduce max %[[ABS]] over [j] : f32
// CHECK: arith.maximumf %[[MAX]]
func.func @max(%x: tensor<4x64xf32>) -> tensor<4x64xf32> {
  %y = norm.normalize max %x over [1] epsilon 1.0e-12 clamp : (tensor<4x64xf32>) -> tensor<4x64xf32>
  return %y : tensor<4x64xf32>
}

// -----

// No statistic, no collective; alpha is a scalar.
// CHECK-LABEL: func.func @tanh
// CHECK: %e1 = %arg1 by [] : tensor<f32>
// CHECK: %[[SCALED:.*]] = arith.mulf %e1, %e0 : f32
// CHECK: %[[T:.*]] = math.tanh %[[SCALED]] : f32
// CHECK: math.fma %[[T]]
func.func @tanh(%x: tensor<4x64xf32>, %a: tensor<f32>, %g: tensor<64xf32>, %b: tensor<64xf32>) -> tensor<4x64xf32> {
  %y = norm.normalize none %x over [] tanh %a on [] scale %g on [1] shift %b on [1]
    : (tensor<4x64xf32>, tensor<f32>, tensor<64xf32>, tensor<64xf32>) -> tensor<4x64xf32>
  return %y : tensor<4x64xf32>
}

// -----

// A scale per group is on the dim of the groups alone.
// CHECK-LABEL: func.func @per_group
// CHECK: %e1 = %arg1 by {{\[\[}}g]] : tensor<8xf32>
func.func @per_group(%x: tensor<4x32x9xf32>, %g: tensor<8xf32>) -> tensor<4x32x9xf32> {
  %y = norm.normalize mean_variance %x over [1, 2] groups 8 on 1 per_group epsilon 1.0e-5 scale %g on [1]
    : (tensor<4x32x9xf32>, tensor<8xf32>) -> tensor<4x32x9xf32>
  return %y : tensor<4x32x9xf32>
}
// -----

// Reshapes copy by joined maps; axes of extent 1 have no dim.
// CHECK-LABEL: func.func @reshapes
// CHECK: norm.kernel dims(i0 = ?, i1 = 16, i3 = 8)
// CHECK-NEXT: ins(%[[E:.*]] = %arg0 by {{\[\[}}i0, i1], [i3]] : tensor<?x8xf32>)
// CHECK-NEXT: outs(by {{\[\[}}i0], [i1], [], [i3]] : tensor<?x16x1x8xf32>)
// CHECK: norm.yield %[[E]]
// CHECK: norm.kernel dims(i0 = ?, i1 = 16, i3 = 8)
// CHECK: outs(by {{\[\[}}i0], [i1, i3]] : tensor<?x128xf32>)
func.func @reshapes(%x: tensor<?x8xf32>, %n: index) -> tensor<?x128xf32> {
  %a = tensor.expand_shape %x [[0, 1], [2, 3]] output_shape [%n, 16, 1, 8] : tensor<?x8xf32> into tensor<?x16x1x8xf32>
  %b = tensor.collapse_shape %a [[0], [1, 2, 3]] : tensor<?x16x1x8xf32> into tensor<?x128xf32>
  return %b : tensor<?x128xf32>
}

// -----

// A broadcast is a map without its dims, also in kernels that were given; what it
// took to make it vanishes. A constant is one in the body.
// CHECK-LABEL: func.func @broadcast
// CHECK-NEXT: norm.kernel dims(i0 = ?, i1 = 8)
// CHECK-NEXT: ins(%[[X:.*]] = %arg0 by {{\[\[}}i0], [i1]] : tensor<?x8xf32>, %[[G:.*]] = %arg1 by {{\[\[}}i1]] : tensor<8xf32>)
// CHECK: arith.mulf %[[X]], %[[G]]
// CHECK: norm.kernel dims(i = ?, j = 8)
// CHECK-NEXT: ins(%[[M:.*]] = %{{.*}} by {{\[\[}}i], [j]] : tensor<?x8xf32>, %[[H:.*]] = %arg1 by {{\[\[}}j]] : tensor<8xf32>)
// CHECK-NEXT: outs
// CHECK-DAG: %[[HALF:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-DAG: %[[TWO:.*]] = arith.constant 2.000000e+00 : f32
// CHECK: math.fma %[[H]], %[[TWO]], %[[HALF]] : f32
func.func @broadcast(%x: tensor<?x8xf32>, %g: tensor<8xf32>) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %b = linalg.broadcast ins(%g : tensor<8xf32>) outs(%e : tensor<?x8xf32>) dimensions = [0]
  %m = arith.mulf %x, %b : tensor<?x8xf32>
  %half = arith.constant 0.5 : f32
  %s = tensor.splat %half[%n] : tensor<?x8xf32>
  %two = arith.constant dense<2.0> : tensor<8xf32>
  %y = norm.kernel dims(i = ?, j = 8) ins(%me = %m by [[i], [j]] : tensor<?x8xf32>, %be = %b by [[i], [j]] : tensor<?x8xf32>,
      %se = %s by [[i], [j]] : tensor<?x8xf32>, %te = %two by [[j]] : tensor<8xf32>) outs(by [[i], [j]] : tensor<?x8xf32>) {
    %f = math.fma %be, %te, %se : f32
    %o = arith.addf %f, %me : f32
    norm.yield %o : f32
  }
  return %y : tensor<?x8xf32>
}

// -----

// What is made of broadcasts alone is computed before they are repeated: along
// the axes that all of them add.
// CHECK-LABEL: func.func @narrow
// CHECK: %[[S:.*]] = norm.kernel dims(i0 = 3, i2 = 8)
// CHECK-NEXT: ins(%{{.*}} = %arg1 by {{\[\[}}i2]] : tensor<8xf32>, %{{.*}} = %arg2 by {{\[\[}}i0]] : tensor<3xf32>)
// CHECK-NEXT: outs(by {{\[\[}}i0], [i2]] : tensor<3x8xf32>)
// CHECK: arith.addf
// CHECK: %[[T:.*]] = norm.kernel dims(i0 = 3, i2 = 8)
// CHECK-NEXT: ins(%{{.*}} = %[[S]] by
// CHECK-NEXT: outs(by {{\[\[}}i0], [i2]] : tensor<3x8xf16>)
// CHECK: norm.kernel dims(i0 = 3, i1 = 5, i2 = 8)
// CHECK-NEXT: ins(%{{.*}} = %arg0 by {{\[\[}}i0], [i1], [i2]] : tensor<3x5x8xf16>, %{{.*}} = %[[T]] by {{\[\[}}i0], [i2]] : tensor<3x8xf16>)
func.func @narrow(%x: tensor<3x5x8xf16>, %g: tensor<8xf32>, %h: tensor<3xf32>) -> tensor<3x5x8xf16> {
  %e = tensor.empty() : tensor<3x5x8xf32>
  %e2 = tensor.empty() : tensor<3x5xf32>
  %b = linalg.broadcast ins(%g : tensor<8xf32>) outs(%e : tensor<3x5x8xf32>) dimensions = [0, 1]
  %c = linalg.broadcast ins(%h : tensor<3xf32>) outs(%e2 : tensor<3x5xf32>) dimensions = [1]
  %d = linalg.broadcast ins(%c : tensor<3x5xf32>) outs(%e : tensor<3x5x8xf32>) dimensions = [2]
  %s = arith.addf %b, %d : tensor<3x5x8xf32>
  %t = arith.truncf %s : tensor<3x5x8xf32> to tensor<3x5x8xf16>
  %y = arith.mulf %x, %t : tensor<3x5x8xf16>
  return %y : tensor<3x5x8xf16>
}

// -----

// Returned, a broadcast is written.
// CHECK-LABEL: func.func @written
// CHECK: %[[Z:.*]] = norm.kernel dims(i0 = 2)
// CHECK-NEXT: ins()
// CHECK: %[[C:.*]] = arith.constant 0.000000e+00 : f32
// CHECK: norm.yield %[[C]]
// CHECK: %[[B:.*]] = norm.kernel dims(i0 = 3, i1 = 2)
// CHECK-NEXT: ins(%{{.*}} = %arg0 by {{\[\[}}i1]] : tensor<2xf32>)
// CHECK: return %[[B]], %[[Z]]
func.func @written(%g: tensor<2xf32>) -> (tensor<3x2xf32>, tensor<2xf32>) {
  %z = arith.constant dense<0.0> : tensor<2xf32>
  %e = tensor.empty() : tensor<3x2xf32>
  %b = linalg.broadcast ins(%g : tensor<2xf32>) outs(%e : tensor<3x2xf32>) dimensions = [0]
  return %b, %z : tensor<3x2xf32>, tensor<2xf32>
}

// -----

// A sum of bf16 tensors is as large as they are, though it is f32: its squares
// leave the range of f32, and are summed again in f64 where they do.
// CHECK-LABEL: func.func @sum_of_bf16
// CHECK: norm.reduce mean %{{.*}} over [j] : f32
// CHECK: norm.reduce mean %{{.*}} over [j] where %{{.*}} : f64
func.func @sum_of_bf16(%x: tensor<?x64xbf16> {norm.name = "x"}, %r: tensor<?x64xbf16> {norm.name = "r"})
    -> (tensor<?x64xf32> {norm.name = "y"}) {
  %x32 = arith.extf %x : tensor<?x64xbf16> to tensor<?x64xf32>
  %r32 = arith.extf %r : tensor<?x64xbf16> to tensor<?x64xf32>
  %h = arith.addf %x32, %r32 : tensor<?x64xf32>
  %y = norm.normalize rms %h over [1] epsilon 1.0e-06 : (tensor<?x64xf32>) -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// -----

// What is bf16 along fewer dims is a factor or a term, not what is normalized.
// CHECK-LABEL: func.func @biased_by_bf16
// CHECK-NOT: f64
// CHECK: return
func.func @biased_by_bf16(%x: tensor<?x64xf32> {norm.name = "x"}, %b: tensor<64xbf16> {norm.name = "b"})
    -> (tensor<?x64xf32> {norm.name = "y"}) {
  %h = norm.kernel dims(i = ?, j = 64)
      ins(%e = %x by [[i], [j]] : tensor<?x64xf32>, %f = %b by [[j]] : tensor<64xbf16>)
      outs(by [[i], [j]] : tensor<?x64xf32>) {
    %w = arith.extf %f : bf16 to f32
    %s = arith.addf %e, %w : f32
    norm.yield %s : f32
  }
  %y = norm.normalize rms %h over [1] epsilon 1.0e-06 : (tensor<?x64xf32>) -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}
