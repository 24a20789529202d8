// RUN: normc compile %s --emit=asm --target=aarch64 | FileCheck %s --check-prefixes=CHECK,NEON
// RUN: normc compile %s --emit=asm --target=neoverse-v1 | FileCheck %s --check-prefixes=CHECK,SVE

// f16 is converted by the hardware, bf16 by integer code: bfcvt would be another
// feature, and there is none in the other direction.
// CHECK-LABEL: half_stage0:
// NEON: fcvtl v{{[0-9]+}}.4s, v{{[0-9]+}}.4h
// NEON: fcvtn v{{[0-9]+}}.4h, v{{[0-9]+}}.4s
// SVE: fcvt z{{[0-9]+}}.s, p{{[0-9]+}}/m, z{{[0-9]+}}.h
// SVE: fcvt z{{[0-9]+}}.h, p{{[0-9]+}}/m, z{{[0-9]+}}.s
// CHECK-NOT: {{bl[[:space:]]|bfcvt}}
// CHECK: .size
func.func @half(%x: tensor<?x67xf16> {norm.name = "x"}, %b: tensor<67xbf16> {norm.name = "scale"})
    -> (tensor<?x67xf16> {norm.name = "y"}, tensor<?x67xbf16> {norm.name = "z"}) {
  %w = arith.extf %x : tensor<?x67xf16> to tensor<?x67xf32>
  %s = arith.extf %b : tensor<67xbf16> to tensor<67xf32>
  %n = norm.normalize rms %w over [1] epsilon 0.0 scale %s on [1]
    : (tensor<?x67xf32>, tensor<67xf32>) -> tensor<?x67xf32>
  %y = arith.truncf %n : tensor<?x67xf32> to tensor<?x67xf16>
  %z = arith.truncf %n : tensor<?x67xf32> to tensor<?x67xbf16>
  return %y, %z : tensor<?x67xf16>, tensor<?x67xbf16>
}
