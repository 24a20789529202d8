// RUN: norm-opt %s --norm-lower-to-cpu --cse --loop-invariant-code-motion --cse -split-input-file | FileCheck %s

// Short instances go together, op by op: the second one's values are loaded before
// the first one's scale is known. What is left over goes one by one.
// CHECK-LABEL: func.func @instances_together_stage0(
// CHECK: scf.for %{{.*}} = %{{.*}} to %{{.*}} step %c2_i64
// CHECK-COUNT-4: llvm.load {{.*}} -> vector<4xf32>
// CHECK: arith.divf
// CHECK-COUNT-4: llvm.store {{.*}} : vector<4xf32>
// CHECK: scf.for %{{.*}} = %{{.*}} to %{{.*}} step %c1_i64
// CHECK-COUNT-2: llvm.load {{.*}} -> vector<4xf32>
// CHECK: arith.divf
// CHECK-COUNT-2: llvm.store {{.*}} : vector<4xf32>
norm.program @instances_together inputs(%x "x" : !norm.view<?x8xf32>) outputs(%y "y" : !norm.view<?x8xf32>) {
  %n = norm.size %x[0] : !norm.view<?x8xf32>
  norm.stage dims(i = %n, j = 8)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4, unroll = 2, rows = 2> {
    norm.instance {
      %max = norm.phase over [j] keeps(%x : !norm.view<?x8xf32>) {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x8xf32>
        norm.contribute max %e : f32
      } : f32
      %one = arith.constant 1.0 : f32
      %inverse = arith.divf %one, %max : f32
      norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x8xf32>
        %o = arith.mulf %e, %inverse : f32
        norm.store %o, %y by [[i], [j]] : !norm.view<?x8xf32>
      }
    }
  }
}

// -----

// Four images of three planes share what is loaded and blended for their planes;
// of 6 images two are alone.
// CHECK-LABEL: func.func @images_share_stage0(
// CHECK: scf.for
// CHECK-COUNT-2: llvm.load {{.*}} -> f32
// CHECK: arith.select {{.*}} : vector<4xi1>, vector<4xf32>
// CHECK-NOT: llvm.load {{.*}} -> f32
// CHECK-COUNT-4: llvm.load {{.*}} -> vector<4xf32>
// CHECK-NOT: llvm.load
// CHECK-COUNT-4: llvm.store {{.*}} : vector<4xf32>
// CHECK: scf.for
// CHECK: llvm.load {{.*}} -> vector<4xf32>
// CHECK-NEXT: arith.mulf
// CHECK: llvm.store {{.*}} : vector<4xf32>
// CHECK: return
norm.program @images_share inputs(%x "x" : !norm.view<6x4x5xf32>, %g "g" : !norm.view<4xf32>) outputs(%y "y" : !norm.view<6x4x5xf32>) {
  norm.stage dims(n = 6, c = 4, s = 5)
      schedule #norm.schedule<target = cpu, parallel = [n], lanes = [s], width = 4, chunk = 4, rows = 4> {
    norm.instance {
      norm.phase over [c, s] {
        %e = norm.load %x by [[n], [c], [s]] : !norm.view<6x4x5xf32>
        %s = norm.load %g by [[c]] : !norm.view<4xf32>
        %o = arith.mulf %e, %s : f32
        norm.store %o, %y by [[n], [c], [s]] : !norm.view<6x4x5xf32>
      }
    }
  }
}

// -----

// Blocks of two planes: the same block of four images goes together, and each image
// asks for its next block, eight instances further.
// CHECK-LABEL: func.func @blocks_share_stage0(
// CHECK: scf.for
// CHECK-COUNT-2: llvm.load {{.*}} -> f32
// CHECK-NOT: llvm.load {{.*}} -> f32
// CHECK-COUNT-4: llvm.load {{.*}} -> vector<4xf32>
// CHECK: "llvm.intr.prefetch"(%[[FIRST:[0-9]+]])
// CHECK-NOT: "llvm.intr.prefetch"(%[[FIRST]])
// CHECK: "llvm.intr.prefetch"(%[[SECOND:[0-9]+]])
// CHECK-NOT: "llvm.intr.prefetch"(%[[SECOND]])
// CHECK-COUNT-2: "llvm.intr.prefetch"
// CHECK: return
norm.program @blocks_share inputs(%x "x" : !norm.view<8x4x8xf32>, %g "g" : !norm.view<4xf32>) outputs(%y "y" : !norm.view<8x4x8xf32>) {
  norm.stage dims(o = 2, n = 8, i = 2, s = 8)
      schedule #norm.schedule<target = cpu, parallel = [o, n], lanes = [s], width = 4, chunk = 4, prefetch = 8, rows = 4> {
    norm.instance {
      norm.phase over [i, s] {
        %e = norm.load %x by [[n], [o, i], [s]] : !norm.view<8x4x8xf32>
        %s = norm.load %g by [[o, i]] : !norm.view<4xf32>
        %o = arith.mulf %e, %s : f32
        norm.store %o, %y by [[n], [o, i], [s]] : !norm.view<8x4x8xf32>
      }
    }
  }
}

// -----

// Of six images, four that follow each other may belong to two blocks: one image
// after the other.
// CHECK-LABEL: func.func @blocks_alone_stage0(
// CHECK: llvm.load {{.*}} -> vector<4xf32>
// CHECK-NEXT: arith.mulf
// CHECK: return
norm.program @blocks_alone inputs(%x "x" : !norm.view<6x4x5xf32>, %g "g" : !norm.view<4xf32>) outputs(%y "y" : !norm.view<6x4x5xf32>) {
  norm.stage dims(o = 2, n = 6, i = 2, s = 5)
      schedule #norm.schedule<target = cpu, parallel = [o, n], lanes = [s], width = 4, chunk = 4, rows = 4> {
    norm.instance {
      norm.phase over [i, s] {
        %e = norm.load %x by [[n], [o, i], [s]] : !norm.view<6x4x5xf32>
        %s = norm.load %g by [[o, i]] : !norm.view<4xf32>
        %o = arith.mulf %e, %s : f32
        norm.store %o, %y by [[n], [o, i], [s]] : !norm.view<6x4x5xf32>
      }
    }
  }
}

// -----

// Sixteen short instances at a time: a loop leaves the sums of each in memory,
// the lanes of all are added as one tree and divided at once, and what the next
// phase needs of it waits in memory.
// CHECK-LABEL: func.func @together_stage0(
// CHECK: %[[MEANS:.*]] = llvm.alloca {{.*}} x f32 {alignment = 64 : i64}
// CHECK: scf.for
// CHECK: scf.for
// CHECK: llvm.store {{.*}} : vector<4xf64>
// CHECK-COUNT-16: llvm.load {{.*}} -> vector<4xf64>
// CHECK: %[[MEAN:.*]] = arith.divf {{.*}} : vector<16xf64>
// CHECK: %[[NARROW:.*]] = arith.truncf %[[MEAN]] : vector<16xf64> to vector<16xf32>
// CHECK: llvm.store %[[NARROW]], %[[MEANS]]
// CHECK: scf.for
// CHECK: llvm.getelementptr inbounds %[[MEANS]]
// CHECK: arith.subf
// CHECK: llvm.store {{.*}} : vector<4xf32>
// CHECK: return
norm.program @together inputs(%x "x" : !norm.view<?x16x8xf32>) outputs(%y "y" : !norm.view<?x16x8xf32>) {
  %n = norm.size %x[0] : !norm.view<?x16x8xf32>
  norm.stage dims(n = %n, c = 16, s = 8)
      schedule #norm.schedule<target = cpu, parallel = [n, c], lanes = [s], width = 4, chunk = 16> {
    norm.instance {
      %m = norm.phase over [s] {
        %e = norm.load %x by [[n], [c], [s]] : !norm.view<?x16x8xf32>
        %w = arith.extf %e : f32 to f64
        norm.contribute mean %w : f64
      } : f64
      %t = arith.truncf %m : f64 to f32
      norm.phase over [s] {
        %e = norm.load %x by [[n], [c], [s]] : !norm.view<?x16x8xf32>
        %o = arith.subf %e, %t : f32
        norm.store %o, %y by [[n], [c], [s]] : !norm.view<?x16x8xf32>
      }
    }
  }
}

// -----

// The elementwise stage takes its images from the last one to the first: the sums
// before it have left the end of x in the caches.
// CHECK-LABEL: func.func @backward_stage0(
// CHECK-NOT: arith.subi %c31_i64
// CHECK: return
// CHECK-LABEL: func.func @backward_stage1(
// CHECK: scf.for %[[NUMBER:.*]] = %
// CHECK: %[[LAST:.*]] = arith.subi %c31_i64, %[[NUMBER]] : i64
// CHECK: arith.muli %[[LAST]], %
// CHECK: return
norm.program @backward inputs(%x "x" : !norm.view<32x9x64xf32>) outputs(%y "y" : !norm.view<32x9x64xf32>) {
  %sums = norm.scratch() : !norm.view<64xf32>
  norm.stage dims(n = 32, i = 9, j = 64)
      schedule #norm.schedule<target = cpu, parallel = [j], lanes = [j], width = 4, unroll = 4> {
    norm.instance {
      %sum = norm.phase over [n, i] {
        %e = norm.load %x by [[n], [i], [j]] : !norm.view<32x9x64xf32>
        norm.contribute add %e : f32
      } : f32
      norm.store %sum, %sums by [[j]] : !norm.view<64xf32>
    }
  }
  norm.stage dims(n = 32, i = 9, j = 64)
      schedule #norm.schedule<target = cpu, parallel = [n], lanes = [j], width = 4, rows = 4> {
    norm.instance {
      norm.phase over [i, j] {
        %e = norm.load %x by [[n], [i], [j]] : !norm.view<32x9x64xf32>
        %s = norm.load %sums by [[j]] : !norm.view<64xf32>
        %o = arith.mulf %e, %s : f32
        norm.store %o, %y by [[n], [i], [j]] : !norm.view<32x9x64xf32>
      }
    }
  }
}

// -----

// What is fetched ahead is so by the last phase that always runs; the one behind
// it has a condition.
// CHECK-LABEL: func.func @seldom_stage0(
// CHECK: scf.for
// CHECK: scf.for
// CHECK: "llvm.intr.prefetch"
// CHECK: scf.if
// CHECK-NOT: "llvm.intr.prefetch"
// CHECK: return
norm.program @seldom inputs(%x "x" : !norm.view<8x96x64xf32>) outputs(%m "m" : !norm.view<8x64xf32>) {
  norm.stage dims(n = 8, i = 96, j = 64)
      schedule #norm.schedule<target = cpu, parallel = [n, j], lanes = [j], width = 4, unroll = 4, prefetch = 1> {
    norm.instance {
      %limit = arith.constant 1.0 : f32
      %none = arith.constant 0.0 : f32
      %sum = norm.phase over [i] {
        %e = norm.load %x by [[n], [i], [j]] : !norm.view<8x96x64xf32>
        norm.contribute add %e : f32
      } : f32
      %isLarge = arith.cmpf ugt, %sum, %limit : f32
      %again = norm.phase over [i] {
        %e = norm.load %x by [[n], [i], [j]] : !norm.view<8x96x64xf32>
        %d = arith.subf %e, %sum : f32
        %s = arith.select %isLarge, %d, %none : f32
        norm.contribute add %s : f32
      } : f32
      norm.store %again, %m by [[n], [j]] : !norm.view<8x64xf32>
    }
  }
}

// -----

// Planes of a channel lie apart in memory: the sum asks for the next channel's, and so
// does what follows it.
// CHECK-LABEL: func.func @apart_stage0(
// CHECK: "llvm.intr.prefetch"
// CHECK: arith.addf
// CHECK: "llvm.intr.prefetch"
// CHECK: arith.subf
// CHECK: return
norm.program @apart inputs(%x "x" : !norm.view<8x96x64xf32>) outputs(%y "y" : !norm.view<8x96x64xf32>) {
  norm.stage dims(n = 8, i = 96, j = 64)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4, unroll = 4, resident = 2048, prefetch = 1> {
    norm.instance {
      %sum = norm.phase over [n, j] {
        %e = norm.load %x by [[n], [i], [j]] : !norm.view<8x96x64xf32>
        norm.contribute add %e : f32
      } : f32
      norm.phase over [n, j] {
        %e = norm.load %x by [[n], [i], [j]] : !norm.view<8x96x64xf32>
        %d = arith.subf %e, %sum : f32
        norm.store %d, %y by [[n], [i], [j]] : !norm.view<8x96x64xf32>
      }
    }
  }
}

// -----

// Two channels don't stay in the cache: only what writes asks for the next one.
// CHECK-LABEL: func.func @large_stage0(
// CHECK-NOT: "llvm.intr.prefetch"
// CHECK: arith.addf
// CHECK: "llvm.intr.prefetch"
// CHECK: arith.subf
// CHECK: return
norm.program @large inputs(%x "x" : !norm.view<8x96x64xf32>) outputs(%y "y" : !norm.view<8x96x64xf32>) {
  norm.stage dims(n = 8, i = 96, j = 64)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4, unroll = 4, resident = 2047, prefetch = 1> {
    norm.instance {
      %sum = norm.phase over [n, j] {
        %e = norm.load %x by [[n], [i], [j]] : !norm.view<8x96x64xf32>
        norm.contribute add %e : f32
      } : f32
      norm.phase over [n, j] {
        %e = norm.load %x by [[n], [i], [j]] : !norm.view<8x96x64xf32>
        %d = arith.subf %e, %sum : f32
        norm.store %d, %y by [[n], [i], [j]] : !norm.view<8x96x64xf32>
      }
    }
  }
}

// -----

// A function in the middle: what the next instance reads is fetched meanwhile,
// and its values wait on the stack.
// CHECK-LABEL: func.func @middle_stage0(
// CHECK: %[[OWN:.*]] = llvm.alloca %{{.*}} x f32 {alignment = 64 : i64}
// CHECK: scf.for
// CHECK-NOT: "llvm.intr.prefetch"
// CHECK: scf.for
// CHECK: "llvm.intr.prefetch"
// CHECK: math.tanh
// CHECK: %[[AT:.*]] = llvm.getelementptr inbounds %[[OWN]]
// CHECK: llvm.store %{{.*}}, %[[AT]] {alignment = {{.*}}} : vector<4xf32>, !llvm.ptr
// CHECK: scf.for
// CHECK-NOT: "llvm.intr.prefetch"
// CHECK: return
norm.program @middle inputs(%x "x" : !norm.view<8x512xf32>) outputs(%y "y" : !norm.view<8x512xf32>) {
  %own = norm.scratch local 1() : !norm.view<8x512xf32, strides [0, 1]>
  norm.stage dims(i = 8, j = 512)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4, prefetch = 1> {
    norm.instance {
      %m = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<8x512xf32>
        norm.contribute max %e : f32
      } : f32
      %s = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<8x512xf32>
        %d = arith.subf %e, %m : f32
        %t = math.tanh %d : f32
        norm.store %t, %own by [[i], [j]] : !norm.view<8x512xf32, strides [0, 1]>
        norm.contribute add %t : f32
      } : f32
      norm.phase over [j] {
        %t = norm.load %own by [[i], [j]] : !norm.view<8x512xf32, strides [0, 1]>
        %o = arith.mulf %t, %s : f32
        norm.store %o, %y by [[i], [j]] : !norm.view<8x512xf32>
      }
    }
  }
}

// -----

// A stage has no memory for what another one keeps, but may know its sizes.
// CHECK-LABEL: func.func @size_of_others_stage0(
// CHECK: llvm.alloca
// CHECK-LABEL: func.func @size_of_others_stage1(
// CHECK-NOT: llvm.alloca
// CHECK: return
norm.program @size_of_others inputs(%x "x" : !norm.view<?x8xf32>) outputs(%y "y" : !norm.view<?x8xf32>, %z "z" : !norm.view<?x8xf32>) {
  %n = norm.size %x[0] : !norm.view<?x8xf32>
  %own = norm.scratch local 1(%n) : !norm.view<?x8xf32, strides [0, 1]>
  %m = norm.size %own[0] : !norm.view<?x8xf32, strides [0, 1]>
  norm.stage dims(i = %n, j = 8)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4> {
    norm.instance {
      norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x8xf32>
        norm.store %e, %own by [[i], [j]] : !norm.view<?x8xf32, strides [0, 1]>
        norm.store %e, %y by [[i], [j]] : !norm.view<?x8xf32>
      }
    }
  }
  norm.stage dims(i = %m, j = 8)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4> {
    norm.instance {
      norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x8xf32>
        norm.store %e, %z by [[i], [j]] : !norm.view<?x8xf32>
      }
    }
  }
}

// -----

// Rows of nothing, one written while the next is read: they have no size to
// divide by.
// CHECK-LABEL: func.func @empty_rows_stage0(
// CHECK: return
norm.program @empty_rows inputs(%x "x" : !norm.view<8x0xf32>) outputs(%y "y" : !norm.view<8x0xf32>) {
  norm.stage dims(i = 8, j = 0)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4, rows = 2, stream = 1> {
    norm.instance {
      %s = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<8x0xf32>
        norm.contribute max %e : f32
      } : f32
      norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<8x0xf32>
        %o = arith.mulf %e, %s : f32
        norm.store %o, %y by [[i], [j]] : !norm.view<8x0xf32>
      }
    }
  }
}
