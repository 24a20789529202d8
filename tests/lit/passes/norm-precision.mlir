// RUN: norm-opt %s --norm-precision | FileCheck %s

// Arithmetic on bf16 rounds after every op; a collective combines in f32 and
// rounds its result; wide ops, casts and selects stay as they are.
// CHECK-LABEL: func.func @narrow
// CHECK: %[[A:.*]] = arith.extf %e0 : bf16 to f32
// CHECK: %[[B:.*]] = arith.extf %e1 : bf16 to f32
// CHECK: %[[S32:.*]] = arith.addf %[[A]], %[[B]] : f32
// CHECK: %[[S:.*]] = arith.truncf %[[S32]] : f32 to bf16
// CHECK: %[[W:.*]] = arith.extf %[[S]] : bf16 to f32
// CHECK: %[[M32:.*]] = norm.reduce mean %[[W]] over [j] : f32
// CHECK: %[[M:.*]] = arith.truncf %[[M32]] : f32 to bf16
// CHECK: arith.cmpf ogt, %{{.*}}, %{{.*}} : f32
// CHECK: arith.select %{{.*}}, %[[S]], %[[M]] : bf16
func.func @narrow(%a: tensor<4x8xbf16>, %b: tensor<4x8xbf16>) -> tensor<4x8xbf16> {
  %y = norm.kernel dims(i = 4, j = 8)
      ins(%x = %a by [[i], [j]] : tensor<4x8xbf16>, %z = %b by [[i], [j]] : tensor<4x8xbf16>)
      outs(by [[i], [j]] : tensor<4x8xbf16>) {
    %s = arith.addf %x, %z : bf16
    %m = norm.reduce mean %s over [j] : bf16
    %c = arith.cmpf ogt, %s, %m : bf16
    %r = arith.select %c, %s, %m : bf16
    norm.yield %r : bf16
  }
  return %y : tensor<4x8xbf16>
}

// CHECK-LABEL: func.func @wide
// CHECK-NOT: arith.extf
// CHECK: return
func.func @wide(%a: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %y = norm.kernel dims(i = 4, j = 8)
      ins(%x = %a by [[i], [j]] : tensor<4x8xf32>) outs(by [[i], [j]] : tensor<4x8xf32>) {
    %s = arith.addf %x, %x : f32
    norm.yield %s : f32
  }
  return %y : tensor<4x8xf32>
}

// So it is with floats of 8 bits, and integers stay integers.
// CHECK-LABEL: func.func @eight_bits
// CHECK: %[[A:.*]] = arith.extf %e0 : f8E4M3FN to f32
// CHECK: %[[S32:.*]] = arith.mulf %[[A]], %{{.*}} : f32
// CHECK: arith.truncf %[[S32]] : f32 to f8E4M3FN
// CHECK: %[[B:.*]] = arith.extf %{{.*}} : f8E4M3FN to f32
// CHECK-NEXT: arith.fptosi %[[B]] : f32 to i8
// CHECK: %[[F:.*]] = arith.sitofp %e1 : i8 to f32
// CHECK-NEXT: arith.truncf %[[F]] : f32 to f8E5M2
func.func @eight_bits(%a: tensor<4xf8E4M3FN>, %b: tensor<4xi8>) -> (tensor<4xi8>, tensor<4xf8E5M2>) {
  %y, %z = norm.kernel dims(i = 4)
      ins(%x = %a by [[i]] : tensor<4xf8E4M3FN>, %n = %b by [[i]] : tensor<4xi8>)
      outs(by [[i]] : tensor<4xi8>, by [[i]] : tensor<4xf8E5M2>) {
    %s = arith.mulf %x, %x : f8E4M3FN
    %r = arith.fptosi %s : f8E4M3FN to i8
    %f = arith.sitofp %n : i8 to f8E5M2
    norm.yield %r, %f : i8, f8E5M2
  }
  return %y, %z : tensor<4xi8>, tensor<4xf8E5M2>
}
