// RUN: norm-opt %s | norm-opt | FileCheck %s
// RUN: norm-opt %s -mlir-print-op-generic | norm-opt | FileCheck %s

// CHECK-LABEL: func.func @rms
// CHECK: norm.normalize rms %{{.*}} over [1] epsilon 1.0e-06 scale %{{.*}} on [1] :
// CHECK-SAME: (tensor<?x4096xbf16>, tensor<4096xbf16>) -> tensor<?x4096xbf16>
func.func @rms(%x: tensor<?x4096xbf16>, %g: tensor<4096xbf16>) -> tensor<?x4096xbf16> {
  %y = norm.normalize rms %x over [1] epsilon 1.0e-06 scale %g on [1]
    : (tensor<?x4096xbf16>, tensor<4096xbf16>) -> tensor<?x4096xbf16>
  return %y : tensor<?x4096xbf16>
}

// CHECK-LABEL: func.func @group_norm
// CHECK: norm.normalize mean_variance %{{.*}} over [1, 2] groups 32 on 1 epsilon 1.0e-05 scale %{{.*}} on [1] shift %{{.*}} on [1] :
func.func @group_norm(%x: tensor<8x320x4096xf32>, %g: tensor<320xf32>,
                      %b: tensor<320xf32>) -> tensor<8x320x4096xf32> {
  %y = norm.normalize mean_variance %x over [1, 2] groups 32 on 1
         epsilon 1.0e-05 scale %g on [1] shift %b on [1]
    : (tensor<8x320x4096xf32>, tensor<320xf32>, tensor<320xf32>) -> tensor<8x320x4096xf32>
  return %y : tensor<8x320x4096xf32>
}

// Every optional part at once.
// CHECK-LABEL: func.func @everything
// CHECK: %{{.*}}:3 = norm.normalize mean_variance %{{.*}} over [2, 0] groups 4 on 2
// CHECK-SAME: epsilon 0.0e+00 after_root scale %{{.*}} on [2] offset 1.0e+00 shift %{{.*}} on [2]
// CHECK-SAME: rounding normalized correction 1 saved ["rstd", "mean"] {note = "kept"} :
func.func @everything(%x: tensor<3x5x8xf16>, %g: tensor<8xf64>, %b: tensor<8xbf16>)
    -> (tensor<3x5x8xf32>, tensor<5x4xf32>, tensor<5x4xf32>) {
  %y, %r, %m = norm.normalize mean_variance %x over [2, 0] groups 4 on 2
         epsilon 0.0 after_root scale %g on [2] offset 1.0 shift %b on [2]
         rounding normalized correction 1 saved ["rstd", "mean"] {note = "kept"}
    : (tensor<3x5x8xf16>, tensor<8xf64>, tensor<8xbf16>)
    -> (tensor<3x5x8xf32>, tensor<5x4xf32>, tensor<5x4xf32>)
  return %y, %r, %m : tensor<3x5x8xf32>, tensor<5x4xf32>, tensor<5x4xf32>
}

// CHECK-LABEL: func.func @l2
// CHECK: norm.normalize l2 %{{.*}} over [0] epsilon {{.*}} clamp :
// CHECK: norm.normalize l2 %{{.*}} over [0] epsilon {{[^ ]*}} shift
func.func @l2(%x: tensor<?xf64>, %b: tensor<?xf64>) -> (tensor<?xf64>, tensor<?xf64>) {
  %y = norm.normalize l2 %x over [0] epsilon 1.0e-12 clamp
    : (tensor<?xf64>) -> tensor<?xf64>
  %z = norm.normalize l2 %x over [0] epsilon 1.0e-12 add shift %b on [0]
    : (tensor<?xf64>, tensor<?xf64>) -> tensor<?xf64>
  return %y, %z : tensor<?xf64>, tensor<?xf64>
}

// A scale along a kept axis, and one along two axes in another order.
// CHECK-LABEL: func.func @parameter_axes
// CHECK: scale %{{.*}} on [0] :
// CHECK: scale %{{.*}} on [1, 0] :
func.func @parameter_axes(%x: tensor<3x5xf32>, %g: tensor<3xf32>, %h: tensor<5x3xf32>)
    -> (tensor<3x5xf32>, tensor<3x5xf32>) {
  %y = norm.normalize rms %x over [1] epsilon 1.0e-06 scale %g on [0]
    : (tensor<3x5xf32>, tensor<3xf32>) -> tensor<3x5xf32>
  %z = norm.normalize rms %x over [1] epsilon 1.0e-06 scale %h on [1, 0]
    : (tensor<3x5xf32>, tensor<5x3xf32>) -> tensor<3x5xf32>
  return %y, %z : tensor<3x5xf32>, tensor<3x5xf32>
}

// CHECK-LABEL: func.func @no_elements
func.func @no_elements(%x: tensor<0x0xf32>) -> tensor<0x0xf32> {
  %y = norm.normalize rms %x over [1] epsilon 1.0e-06
    : (tensor<0x0xf32>) -> tensor<0x0xf32>
  return %y : tensor<0x0xf32>
}

// Statistics that are operands, in both forms.
// CHECK-LABEL: func.func @given
// CHECK: norm.normalize given %{{.*}} over [0, 2] mean %{{.*}} variance %{{.*}} epsilon 1.0e-05 scale %{{.*}} on [1] shift %{{.*}} on [1] folded :
// CHECK: norm.normalize given %{{.*}} over [0, 2] rstd %{{.*}} : (
func.func @given(%x: tensor<?x16x?xf32>, %c: tensor<16xf32>) -> (tensor<?x16x?xf32>, tensor<?x16x?xf32>) {
  %y = norm.normalize given %x over [0, 2] mean %c variance %c epsilon 1.0e-5
    scale %c on [1] shift %c on [1] folded
    : (tensor<?x16x?xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>)
    -> tensor<?x16x?xf32>
  %z = norm.normalize given %x over [0, 2] rstd %c : (tensor<?x16x?xf32>, tensor<16xf32>) -> tensor<?x16x?xf32>
  return %y, %z : tensor<?x16x?xf32>, tensor<?x16x?xf32>
}

// CHECK-LABEL: func.func @statistics
// CHECK: norm.normalize lp %{{.*}} over [1] p 2.5e+00 epsilon 1.0e-12 clamp :
// CHECK: norm.normalize max %{{.*}} over [1] epsilon 0.0e+00 clamp :
// CHECK: norm.normalize rms %{{.*}} over [1] partial 1.25e-01 epsilon 1.0e-06 :
// CHECK: norm.normalize none %{{.*}} over [] tanh %{{.*}} on [] :
func.func @statistics(%x: tensor<4x8xf32>, %a: tensor<f32>)
    -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) {
  %p = norm.normalize lp %x over [1] p 2.5 epsilon 1.0e-12 clamp : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %m = norm.normalize max %x over [1] epsilon 0.0 clamp : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %f = norm.normalize rms %x over [1] partial 0.125 epsilon 1.0e-6 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %t = norm.normalize none %x over [] tanh %a on [] : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xf32>
  return %p, %m, %f, %t : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>
}

// CHECK-LABEL: func.func @per_group
// CHECK: groups 8 on 1 per_group epsilon 1.0e-05 scale %{{.*}} on [1] saved ["variance"] :
func.func @per_group(%x: tensor<4x32x9xf32>, %g: tensor<8xf32>) -> (tensor<4x32x9xf32>, tensor<4x8xf32>) {
  %y:2 = norm.normalize mean_variance %x over [1, 2] groups 8 on 1 per_group epsilon 1.0e-5 scale %g on [1] saved ["variance"]
    : (tensor<4x32x9xf32>, tensor<8xf32>) -> (tensor<4x32x9xf32>, tensor<4x8xf32>)
  return %y#0, %y#1 : tensor<4x32x9xf32>, tensor<4x8xf32>
}
