// RUN: norm-opt %s --norm-lower-to-gpu --cse -split-input-file -verify-diagnostics | FileCheck %s

// A block per row; a thread's vectors are 64 threads x 4 lanes apart; two warps
// meet in shared memory between two barriers.
// CHECK: gpu.module @rows_gpu
// CHECK: llvm.mlir.global internal @normc_warps_64() {addr_space = 3 : i32
// CHECK: gpu.func @rows_stage0(%{{.*}}: !llvm.ptr<1>, %{{.*}}: !llvm.ptr<1>, %{{.*}}: i64, %{{.*}}: !llvm.ptr<1>) kernel
// CHECK: gpu.thread_id x
// CHECK: gpu.block_id x
// CHECK: scf.for
// CHECK: llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr<1> -> vector<4xf32>
// CHECK-COUNT-10: gpu.shuffle xor
// CHECK: llvm.store
// CHECK: gpu.barrier
// CHECK: gpu.barrier
// CHECK: gpu.return
norm.program @rows inputs(%x "x" : !norm.view<?x1024xf32>) outputs(%m "m" : !norm.view<?xf32>) {
  %n = norm.size %x[0] : !norm.view<?x1024xf32>
  norm.stage dims(i = %n, j = 1024)
      schedule #norm.schedule<target = gpu, parallel = [i], lanes = [j], width = 4, threads = 64> {
    norm.instance {
      %sum = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x1024xf32>
        norm.contribute add %e : f32
      } : f32
      norm.store %sum, %m by [[i]] : !norm.view<?xf32>
    }
  }
}

// -----

norm.program @columns inputs(%x "x" : !norm.view<?x64xf32>) outputs(%m "m" : !norm.view<64xf32>) {
  %n = norm.size %x[0] : !norm.view<?x64xf32>
  // expected-error@+1 {{expected lanes along a reduced dim: kernels with parallel lanes are not lowered to a gpu yet}}
  norm.stage dims(i = %n, j = 64)
      schedule #norm.schedule<target = gpu, parallel = [j], lanes = [j], width = 4, threads = 64> {
    norm.instance {
      %sum = norm.phase over [i] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x64xf32>
        norm.contribute add %e : f32
      } : f32
      norm.store %sum, %m by [[j]] : !norm.view<64xf32>
    }
  }
}

// -----

norm.program @cpu inputs(%x "x" : !norm.view<4x64xf32>) outputs(%m "m" : !norm.view<4xf32>) {
  // expected-error@+1 {{expected a schedule for a gpu, but got one for cpu}}
  norm.stage dims(i = 4, j = 64)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4> {
    norm.instance {
      %sum = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<4x64xf32>
        norm.contribute add %e : f32
      } : f32
      norm.store %sum, %m by [[i]] : !norm.view<4xf32>
    }
  }
}

// -----

norm.program @local inputs(%x "x" : !norm.view<8x64xf32>) outputs(%y "y" : !norm.view<8x64xf32>) {
  // expected-error @+1 {{expected no local memory for a gpu, whose workers would not see what others wrote}}
  %own = norm.scratch local 1() : !norm.view<8x64xf32, strides [0, 1]>
  norm.stage dims(i = 8, j = 64)
      schedule #norm.schedule<target = gpu, parallel = [i], lanes = [j], width = 4, threads = 32> {
    norm.instance {
      norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<8x64xf32>
        norm.store %e, %own by [[i], [j]] : !norm.view<8x64xf32, strides [0, 1]>
      }
    }
  }
}
