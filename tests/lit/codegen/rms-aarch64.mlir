// RUN: normc compile %s --emit=asm --target=aarch64 | FileCheck %s --check-prefixes=CHECK,NEON
// RUN: normc compile %s --emit=asm --target=neoverse-v1 | FileCheck %s --check-prefixes=CHECK,SVE
// RUN: normc compile %s --emit=asm --target=aarch64+sve256 | FileCheck %s --check-prefixes=CHECK,SVE
// RUN: normc compile %s --emit=asm --target=a64fx | FileCheck %s --check-prefixes=CHECK,SVE
// RUN: normc compile %s --emit=asm --target=neoverse-v2 | FileCheck %s --check-prefixes=CHECK,PARTS

// RUN: normc compile %s --emit=llvm --target=neoverse-v1 | FileCheck %s --check-prefix=V1
// RUN: normc compile %s --emit=llvm --target=a64fx | FileCheck %s --check-prefix=A64FX
// RUN: normc compile %s --emit=llvm --target=neoverse-v2 | FileCheck %s --check-prefix=ANY
// V1: vscale_range(2,2)
// A64FX: vscale_range(4,4)
// ANY-NOT: vscale_range

// As rms-x86.mlir: whole vectors in the loop, the total in f64, no call.
// CHECK-LABEL: rms_stage0:
// NEON: fmul v{{[0-9]+}}.4s
// NEON-NOT: {{fmadd|fmul s}}
// NEON: fmla v{{[0-9]+}}.4s
// NEON: fcvtl2 v{{[0-9]+}}.2d, v{{[0-9]+}}.4s
// NEON: fadd v{{[0-9]+}}.2d

// With SVE, unmasked whole vectors, and predicates for the rest of a row, which
// is loaded and stored as a vector.
// SVE: {{ldr z[0-9]+,|ld1w \{ z[0-9]+.s \}, p[0-9]+/z,}} [x{{[0-9]+}}, #{{-?[0-9]+}}, mul vl]
// SVE-NOT: {{fmadd|fmul s}}
// SVE: fmla z{{[0-9]+}}.s, p{{[0-9]+}}/m
// SVE: fcvt z{{[0-9]+}}.d, p{{[0-9]+}}/m, z{{[0-9]+}}.s
// SVE-DAG: ld1w { z{{[0-9]+}}.s }, p{{[0-9]+}}/z
// SVE-DAG: prfm pldl2keep
// SVE-DAG: stnt1w { z{{[0-9]+}}.s }
// SVE-DAG: st1w { z{{[0-9]+}}.s }, p{{[0-9]+}}
// SVE-NOT: {{[[:space:]]}}v{{[0-9]+}}.4s

// Vectors of 128 bits are NEON's, and SVE's predicates serve parts of them, at
// any length of SVE's vectors.
// PARTS: ptrue p{{[0-9]+}}.s, vl4
// PARTS: fmla v{{[0-9]+}}.4s
// PARTS: ld1w { z{{[0-9]+}}.s }, p{{[0-9]+}}/z
// PARTS-NOT: ptrue p{{[0-9]+}}.s{{$}}

// CHECK-NOT: {{bl[[:space:]]}}
// What went past the caches is in order behind this.
// CHECK: dmb ish
// CHECK: .size
func.func @rms(%x: tensor<?x4095xf32> {norm.name = "x"}, %g: tensor<4095xf32> {norm.name = "scale"})
    -> (tensor<?x4095xf32> {norm.name = "y"}) {
  %y = norm.normalize rms %x over [1] epsilon 1.0e-6 scale %g on [1]
    : (tensor<?x4095xf32>, tensor<4095xf32>) -> tensor<?x4095xf32>
  return %y : tensor<?x4095xf32>
}
