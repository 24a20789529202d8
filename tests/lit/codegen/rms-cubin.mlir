// REQUIRES: ptxas
// RUN: normc compile %s --emit=asm --target=sm_90 -o %t.ptx
// RUN: %ptxas -arch=sm_90 -v %t.ptx -o %t.cubin 2>&1 | FileCheck %s

// Spills would be the whole cost of the kernel several times over.
// CHECK: 0 bytes spill stores, 0 bytes spill loads
func.func @rms(%x: tensor<?x4096xf32> {norm.name = "x"}, %g: tensor<4096xf32> {norm.name = "scale"})
    -> (tensor<?x4096xf32> {norm.name = "y"}) {
  %y = norm.normalize rms %x over [1] epsilon 1.0e-6 scale %g on [1]
    : (tensor<?x4096xf32>, tensor<4096xf32>) -> tensor<?x4096xf32>
  return %y : tensor<?x4096xf32>
}
