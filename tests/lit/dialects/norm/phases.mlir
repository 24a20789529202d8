// RUN: norm-opt %s | norm-opt | FileCheck %s
// RUN: norm-opt %s -mlir-print-op-generic | norm-opt | FileCheck %s

// CHECK-LABEL: norm.program @rms inputs(%{{.*}} "x" : !norm.view<?x4096xf32>)
// CHECK-NEXT:    outputs(%{{.*}} "y" : !norm.view<?x4096xf32, strides [?, 1]>) attributes {in_place = array<i64>} {
// CHECK-NEXT:  %[[N:.*]] = norm.size %{{.*}}[0] : !norm.view<?x4096xf32>
// CHECK-NEXT:  norm.stage dims(i = %[[N]], j = 4096)
// CHECK-NEXT:    schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 8> {
// CHECK-NEXT:    norm.instance {
// CHECK-NEXT:      %[[MS:.*]] = norm.phase over [j] keeps(%{{.*}} : !norm.view<?x4096xf32>) {
// CHECK-NEXT:        %[[X:.*]] = norm.load %{{.*}} by {{\[\[}}i], [j]] : !norm.view<?x4096xf32>
// CHECK-NEXT:        %[[SQ:.*]] = arith.mulf %[[X]], %[[X]] : f32
// CHECK-NEXT:        norm.contribute mean %[[SQ]] : f32
// CHECK-NEXT:      } : f32
// CHECK-NEXT:      %{{.*}} = math.rsqrt %[[MS]] : f32
// CHECK-NEXT:      norm.phase over [j] {
// CHECK:             norm.store %{{.*}}, %{{.*}} by {{\[\[}}i], [j]] : !norm.view<?x4096xf32, strides [?, 1]>
// CHECK-NEXT:      }
// CHECK-NEXT:    }
norm.program @rms inputs(%x "x" : !norm.view<?x4096xf32>)
                  outputs(%y "y" : !norm.view<?x4096xf32, strides [?, 1]>)
                  attributes {in_place = array<i64>} {
  %n = norm.size %x[0] : !norm.view<?x4096xf32>
  norm.stage dims(i = %n, j = 4096)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 8> {
    norm.instance {
      %ms = norm.phase over [j] keeps(%x : !norm.view<?x4096xf32>) {
        %xe = norm.load %x by [[i], [j]] : !norm.view<?x4096xf32>
        %sq = arith.mulf %xe, %xe : f32
        norm.contribute mean %sq : f32
      } : f32
      %r = math.rsqrt %ms : f32
      norm.phase over [j] {
        %xe = norm.load %x by [[i], [j]] : !norm.view<?x4096xf32>
        %o = arith.mulf %xe, %r : f32
        norm.store %o, %y by [[i], [j]] : !norm.view<?x4096xf32, strides [?, 1]>
      }
    }
  }
}

// Column sums: partial results per chunk in scratch, combined by a later stage.
// CHECK-LABEL: norm.program @columns
// CHECK: attributes {alignments = array<i64: 64, 64>} {
// CHECK: %[[C:.*]] = arith.ceildivui
// CHECK: %[[P:.*]] = norm.scratch(%[[C]]) : !norm.view<?x64xf32>
// CHECK: norm.stage dims(i = %{{.*}}, j = 64, k = %[[C]]) chunks k non_empty [i, j]
// CHECK: norm.store %{{.*}}, %[[P]] by {{\[\[}}k], [j]] : !norm.view<?x64xf32>
// CHECK: norm.accumulate add %{{.*}}, %[[P]] by {{\[\[}}k], [j]] : !norm.view<?x64xf32>
// CHECK: norm.stage dims(j = 64, k = %[[C]])
// CHECK: norm.contribute add %{{.*}}, max %{{.*}} : f32, f32
// CHECK-NEXT: } : f32, f32
norm.program @columns inputs(%x "x" : !norm.view<?x64xf32>)
                      outputs(%s "sum" : !norm.view<64xf32>)
                      attributes {alignments = array<i64: 64, 64>} {
  %n = norm.size %x[0] : !norm.view<?x64xf32>
  %c16 = arith.constant 16 : index
  %chunks = arith.ceildivui %n, %c16 : index
  %part = norm.scratch(%chunks) : !norm.view<?x64xf32>
  norm.stage dims(i = %n, j = 64, k = %chunks) chunks k non_empty [i, j]
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 8, chunk = 16> {
    norm.phase over [j] {
      %zero = arith.constant 0.0 : f32
      norm.store %zero, %part by [[k], [j]] : !norm.view<?x64xf32>
    }
    norm.instance {
      norm.phase over [j] {
        %xe = norm.load %x by [[i], [j]] : !norm.view<?x64xf32>
        norm.accumulate add %xe, %part by [[k], [j]] : !norm.view<?x64xf32>
      }
    }
  }
  norm.stage dims(j = 64, k = %chunks)
      schedule #norm.schedule<target = cpu, parallel = [j], lanes = []> {
    norm.instance {
      %j = norm.index j
      %extent = norm.extent k
      %sum, %max = norm.phase over [k] {
        %pe = norm.load %part by [[k], [j]] : !norm.view<?x64xf32>
        norm.contribute add %pe, max %pe : f32, f32
      } : f32, f32
      norm.store %sum, %s by [[j]] : !norm.view<64xf32>
    }
  }
}

// Each instance leaves values for its next phase, in memory of its own.
// CHECK-LABEL: norm.program @local
// CHECK: %[[L:.*]] = norm.scratch local 2(%{{.*}}) : !norm.view<?x64xf32, strides [0, 1]>
// CHECK: norm.store %{{.*}}, %[[L]] by {{\[\[}}i], [j]] : !norm.view<?x64xf32, strides [0, 1]>
// CHECK: norm.load %[[L]] by {{\[\[}}i], [j]] : !norm.view<?x64xf32, strides [0, 1]>
norm.program @local inputs(%x "x" : !norm.view<?x64xf32>) outputs(%y "y" : !norm.view<?x64xf32>) {
  %n = norm.size %x[0] : !norm.view<?x64xf32>
  %l = norm.scratch local 2(%n) : !norm.view<?x64xf32, strides [0, 1]>
  norm.stage dims(i = %n, j = 64)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 8> {
    norm.instance {
      %m = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x64xf32>
        %t = math.tanh %e : f32
        norm.store %t, %l by [[i], [j]] : !norm.view<?x64xf32, strides [0, 1]>
        norm.contribute max %t : f32
      } : f32
      norm.phase over [j] {
        %t = norm.load %l by [[i], [j]] : !norm.view<?x64xf32, strides [0, 1]>
        %d = arith.divf %t, %m : f32
        norm.store %d, %y by [[i], [j]] : !norm.view<?x64xf32>
      }
    }
  }
}

// No arguments, a scratch of static size, and an instance that does nothing.
// CHECK-LABEL: norm.program @nothing inputs()
// CHECK-NEXT: outputs() {
// CHECK: norm.scratch() : !norm.view<4xf32>
// CHECK: norm.stage dims() non_empty []
norm.program @nothing inputs() outputs() {
  %p = norm.scratch() : !norm.view<4xf32>
  norm.stage dims() non_empty [] schedule #norm.schedule<target = gpu, parallel = [], lanes = [], threads = 32> {
    norm.instance {
    }
  }
}
// CHECK-LABEL: norm.program @empty
norm.program @empty inputs() outputs() {
}
