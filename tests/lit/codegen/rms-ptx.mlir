// RUN: normc compile %s --emit=asm --target=sm_90 | FileCheck %s

// The same phase form as on a CPU: rows in blocks of threads, 16 bytes a load
// and a store, no call to a device library.
// CHECK: .target sm_90
// CHECK-NOT: .extern
// CHECK: .visible .entry rms_stage0(
// CHECK: ld.global.v4.b32
// CHECK: shfl.sync.bfly.b32
// CHECK: bar.sync
// CHECK: sqrt.rn.f64
// CHECK: ld.global.v4.b32
// CHECK: st.global.v4.b32
// CHECK-NOT: {{(ld|st)\.global\.b16}}
// CHECK: ret;
func.func @rms(%x: tensor<?x4096xbf16> {norm.name = "x"}, %g: tensor<4096xbf16> {norm.name = "scale"})
    -> (tensor<?x4096xbf16> {norm.name = "y"}) {
  %y = norm.normalize rms %x over [1] epsilon 1.0e-6 scale %g on [1]
    : (tensor<?x4096xbf16>, tensor<4096xbf16>) -> tensor<?x4096xbf16>
  return %y : tensor<?x4096xbf16>
}
