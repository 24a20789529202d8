// RUN: normc compile %s --emit=asm --target=x86-64-v2 | FileCheck %s
// RUN: normc compile %s --emit=asm --target=x86-64-v3 | FileCheck %s
// RUN: normc compile %s --emit=asm --target=x86-64-v4 | FileCheck %s
// RUN: normc compile %s --emit=asm --target=aarch64 | FileCheck %s --check-prefix=ARM

// A bf16 that is the same for all of a row calls nothing where targets can't
// round to it.
// CHECK-LABEL: row_mean_stage0:
// CHECK-NOT: {{call|truncsfbf2}}
// CHECK: ret
// ARM-LABEL: row_mean_stage0:
// ARM-NOT: {{[[:space:]]bl[[:space:]]|truncsfbf2}}
// ARM: ret
func.func @row_mean(%x: tensor<?x64xbf16> {norm.name = "x"}) -> (tensor<?x64xbf16> {norm.name = "y"}) {
  %y = norm.kernel dims(i = ?, j = 64)
      ins(%e = %x by [[i], [j]] : tensor<?x64xbf16>) outs(by [[i], [j]] : tensor<?x64xbf16>) {
    %w = arith.extf %e : bf16 to f32
    %m = norm.reduce mean %w over [j] : f32
    %o = arith.truncf %m : f32 to bf16
    norm.yield %o : bf16
  }
  return %y : tensor<?x64xbf16>
}
