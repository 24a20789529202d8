// RUN: normc compile %s --emit=asm --target=x86-64-v2 | FileCheck %s --check-prefixes=CHECK,V2
// RUN: normc compile %s --emit=asm --target=x86-64-v3 | FileCheck %s --check-prefixes=CHECK,V3
// RUN: normc compile %s --emit=asm --target=x86-64-v4 | FileCheck %s --check-prefixes=CHECK,V4

// RUN: normc compile %s --emit=asm --target=x86-64-v4 | FileCheck %s --check-prefix=STREAM
// Large results are really stored past the caches, and the next row is fetched.
// STREAM-DAG: vmovntps %zmm
// STREAM-DAG: prefetcht1

// The sum of squares in registers of the target's full width: fused multiply-adds
// where it has them, multiplies and adds where not; the total goes on in f64. The
// row length is no multiple of anything: the rest of it is masked or scalar, but
// the loop itself has no scalar product in it.

// CHECK-LABEL: rms_stage0:
// V2: mulps {{.*}}%xmm
// V2-NOT: mulss
// V2: addps {{.*}}%xmm
// V2: cvtps2pd
// V2: addpd {{.*}}%xmm
// V3: vmulps {{.*}}%ymm
// V3-NOT: {{vfmadd.*ss|vmulss}}
// V3: vfmadd{{[0-9]+}}ps {{.*}}%ymm
// V3: vcvtps2pd {{.*}}%ymm
// V3: vaddpd {{.*}}%ymm
// V4: vmulps {{.*}}%zmm
// V4-NOT: {{vfmadd.*ss|vmulss}}
// V4: vfmadd{{[0-9]+}}ps {{.*}}%zmm
// V4: vcvtps2pd {{.*}}%zmm
// V4: vaddpd {{.*}}%zmm
// No call to anything: math is expanded.
// CHECK-NOT: {{callq?}}
// CHECK: .size
func.func @rms(%x: tensor<?x4095xf32> {norm.name = "x"}, %g: tensor<4095xf32> {norm.name = "scale"})
    -> (tensor<?x4095xf32> {norm.name = "y"}) {
  %y = norm.normalize rms %x over [1] epsilon 1.0e-6 scale %g on [1]
    : (tensor<?x4095xf32>, tensor<4095xf32>) -> tensor<?x4095xf32>
  return %y : tensor<?x4095xf32>
}
