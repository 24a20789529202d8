// RUN: norm-opt %s --norm-lower-to-cpu --cse --loop-invariant-code-motion --cse -split-input-file | FileCheck %s

// Two rows at a time, and two more that are read meanwhile: the memory of four.
// With that of two, one row comes after the other.
// CHECK-LABEL: func.func @places_stage0(
// CHECK: %[[N:.*]] = arith.constant 4096 : i64
// CHECK: %[[OWN:.*]] = llvm.alloca %[[N]] x f32
// CHECK: scf.while {{.*}} : (i64, i64)
// CHECK: scf.if
// CHECK: %[[PLACE:.*]] = arith.andi %{{.*}}, %c3_i64 : i64
// CHECK: %[[FIRST:.*]] = arith.muli %[[PLACE]], %c1024_i64 {{.*}} : i64
// CHECK: math.tanh
// CHECK: %[[AT:.*]] = arith.addi %[[FIRST]], %{{.*}} : i64
// CHECK-NEXT: llvm.getelementptr inbounds %[[OWN]][%[[AT]]]
// CHECK-LABEL: func.func @too_few_places_stage0(
// CHECK-NOT: scf.while {{.*}} : (i64, i64)
// CHECK: return
norm.program @places inputs(%x "x" : !norm.view<8x1024xf32>) outputs(%y "y" : !norm.view<8x1024xf32>) {
  %own = norm.scratch local 4() : !norm.view<8x1024xf32, strides [0, 1]>
  norm.stage dims(i = 8, j = 1024)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4, rows = 2, stream = 1024> {
    norm.instance {
      %s = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<8x1024xf32>
        %t = math.tanh %e : f32
        norm.store %t, %own by [[i], [j]] : !norm.view<8x1024xf32, strides [0, 1]>
        norm.contribute add %t : f32
      } : f32
      norm.phase over [j] {
        %t = norm.load %own by [[i], [j]] : !norm.view<8x1024xf32, strides [0, 1]>
        %o = arith.mulf %t, %s : f32
        norm.store %o, %y by [[i], [j]] : !norm.view<8x1024xf32>
      }
    }
  }
}
norm.program @too_few_places inputs(%x "x" : !norm.view<8x1024xf32>) outputs(%y "y" : !norm.view<8x1024xf32>) {
  %own = norm.scratch local 2() : !norm.view<8x1024xf32, strides [0, 1]>
  norm.stage dims(i = 8, j = 1024)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4, rows = 2, stream = 1024> {
    norm.instance {
      %s = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<8x1024xf32>
        %t = math.tanh %e : f32
        norm.store %t, %own by [[i], [j]] : !norm.view<8x1024xf32, strides [0, 1]>
        norm.contribute add %t : f32
      } : f32
      norm.phase over [j] {
        %t = norm.load %own by [[i], [j]] : !norm.view<8x1024xf32, strides [0, 1]>
        %o = arith.mulf %t, %s : f32
        norm.store %o, %y by [[i], [j]] : !norm.view<8x1024xf32>
      }
    }
  }
}

// -----

// What the first phase writes of two rows goes past the caches, where the first
// row begins at a multiple of a vector's size, while two others are written; not
// what a later phase reads again, nor rows that begin at different places.
// CHECK-LABEL: func.func @early_stage0(
// CHECK-SAME: %[[ARGS:[^:]*]]: !llvm.ptr
// CHECK: %[[BYTE:.*]] = llvm.ptrtoint
// CHECK: %[[PAST:.*]] = arith.subi %c0_i64, %[[BYTE]]
// CHECK: %[[OFF:.*]] = arith.remui %[[PAST]], %c16_i64
// CHECK: %[[ELEMENTS:.*]] = arith.divui %[[OFF]], %c4_i64
// CHECK: %[[LESS:.*]] = arith.minsi %[[ELEMENTS]], %c1024_i64
// CHECK: %[[WHOLE:.*]] = arith.cmpi eq, %[[LESS]], %c0_i64
// CHECK: scf.while {{.*}} : (i64, i64)
// CHECK: math.tanh
// CHECK: scf.if %[[WHOLE]] {
// CHECK-NEXT: llvm.store {{.*}} {alignment = 16 : i64, nontemporal} : vector<4xf32>
// CHECK-NEXT: } else {
// CHECK-NEXT: llvm.store {{.*}} {alignment = 4 : i64} : vector<4xf32>
// CHECK-LABEL: func.func @read_again_stage0(
// CHECK: math.tanh
// CHECK-NOT: nontemporal
// CHECK: llvm.store {{.*}} {alignment = 4 : i64} : vector<4xf32>
// CHECK-LABEL: func.func @padded_stage0(
// CHECK: math.tanh
// CHECK-NOT: scf.if
// CHECK: llvm.store {{.*}} {alignment = 4 : i64} : vector<4xf32>
norm.program @early inputs(%x "x" : !norm.view<8x1024xf32>) outputs(%h "h" : !norm.view<8x1024xf32>, %y "y" : !norm.view<8x1024xf32>) {
  norm.stage dims(i = 8, j = 1024)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4, rows = 2, stream = 1024> {
    norm.instance {
      %s = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<8x1024xf32>
        %t = math.tanh %e : f32
        norm.store %t, %h by [[i], [j]] : !norm.view<8x1024xf32>
        norm.contribute add %t : f32
      } : f32
      norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<8x1024xf32>
        %o = arith.mulf %e, %s : f32
        norm.store %o, %y by [[i], [j]] : !norm.view<8x1024xf32>
      }
    }
  }
}
norm.program @read_again inputs(%x "x" : !norm.view<8x1024xf32>) outputs(%h "h" : !norm.view<8x1024xf32>, %y "y" : !norm.view<8x1024xf32>) {
  norm.stage dims(i = 8, j = 1024)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4, rows = 2, stream = 1024> {
    norm.instance {
      %s = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<8x1024xf32>
        %t = math.tanh %e : f32
        norm.store %t, %h by [[i], [j]] : !norm.view<8x1024xf32>
        norm.contribute add %t : f32
      } : f32
      norm.phase over [j] {
        %t = norm.load %h by [[i], [j]] : !norm.view<8x1024xf32>
        %o = arith.mulf %t, %s : f32
        norm.store %o, %y by [[i], [j]] : !norm.view<8x1024xf32>
      }
    }
  }
}
norm.program @padded inputs(%x "x" : !norm.view<8x1024xf32>) outputs(%h "h" : !norm.view<8x1024xf32, strides [1025, 1]>, %y "y" : !norm.view<8x1024xf32>) {
  norm.stage dims(i = 8, j = 1024)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4, rows = 2, stream = 1024> {
    norm.instance {
      %s = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<8x1024xf32>
        %t = math.tanh %e : f32
        norm.store %t, %h by [[i], [j]] : !norm.view<8x1024xf32, strides [1025, 1]>
        norm.contribute add %t : f32
      } : f32
      norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<8x1024xf32>
        %o = arith.mulf %e, %s : f32
        norm.store %o, %y by [[i], [j]] : !norm.view<8x1024xf32>
      }
    }
  }
}

// -----

// Short rows, two side by side, which compute before either writes, or sixteen
// with a lane each: where there is memory for one, they come one after the other.
// CHECK-LABEL: func.func @two_places_stage0(
// CHECK: scf.for
// CHECK-COUNT-2: math.tanh
// CHECK: llvm.store %{{.*}} : vector<4xf32>, !llvm.ptr
// CHECK: return
// CHECK-LABEL: func.func @one_place_stage0(
// CHECK: scf.for
// CHECK-COUNT-1: math.tanh
// CHECK-NOT: math.tanh
// CHECK: return
// CHECK-LABEL: func.func @sixteen_places_stage0(
// CHECK: llvm.alloca %{{.*}} x vector<4xf64>
// CHECK: return
// CHECK-LABEL: func.func @fifteen_places_stage0(
// CHECK-NOT: llvm.alloca %{{.*}} x vector<4xf64>
// CHECK: return
norm.program @two_places inputs(%x "x" : !norm.view<8x4xf32>) outputs(%y "y" : !norm.view<8x4xf32>) {
  %own = norm.scratch local 2() : !norm.view<8x4xf32, strides [0, 1]>
  norm.stage dims(i = 8, j = 4)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4, unroll = 2, rows = 2> {
    norm.instance {
      %s = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<8x4xf32>
        %t = math.tanh %e : f32
        norm.store %t, %own by [[i], [j]] : !norm.view<8x4xf32, strides [0, 1]>
        norm.contribute add %t : f32
      } : f32
      norm.phase over [j] {
        %t = norm.load %own by [[i], [j]] : !norm.view<8x4xf32, strides [0, 1]>
        %o = arith.mulf %t, %s : f32
        norm.store %o, %y by [[i], [j]] : !norm.view<8x4xf32>
      }
    }
  }
}
norm.program @one_place inputs(%x "x" : !norm.view<8x4xf32>) outputs(%y "y" : !norm.view<8x4xf32>) {
  %own = norm.scratch local 1() : !norm.view<8x4xf32, strides [0, 1]>
  norm.stage dims(i = 8, j = 4)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4, unroll = 2, rows = 2> {
    norm.instance {
      %s = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<8x4xf32>
        %t = math.tanh %e : f32
        norm.store %t, %own by [[i], [j]] : !norm.view<8x4xf32, strides [0, 1]>
        norm.contribute add %t : f32
      } : f32
      norm.phase over [j] {
        %t = norm.load %own by [[i], [j]] : !norm.view<8x4xf32, strides [0, 1]>
        %o = arith.mulf %t, %s : f32
        norm.store %o, %y by [[i], [j]] : !norm.view<8x4xf32>
      }
    }
  }
}
norm.program @sixteen_places inputs(%x "x" : !norm.view<32x6xf32>) outputs(%y "y" : !norm.view<32x6xf32>) {
  %own = norm.scratch local 16() : !norm.view<32x6xf32, strides [0, 1]>
  norm.stage dims(i = 32, j = 6)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4, chunk = 16> {
    norm.instance {
      %s = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<32x6xf32>
        %t = math.tanh %e : f32
        norm.store %t, %own by [[i], [j]] : !norm.view<32x6xf32, strides [0, 1]>
        norm.contribute add %t : f32
      } : f32
      norm.phase over [j] {
        %t = norm.load %own by [[i], [j]] : !norm.view<32x6xf32, strides [0, 1]>
        %o = arith.mulf %t, %s : f32
        norm.store %o, %y by [[i], [j]] : !norm.view<32x6xf32>
      }
    }
  }
}
norm.program @fifteen_places inputs(%x "x" : !norm.view<32x6xf32>) outputs(%y "y" : !norm.view<32x6xf32>) {
  %own = norm.scratch local 15() : !norm.view<32x6xf32, strides [0, 1]>
  norm.stage dims(i = 32, j = 6)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4, chunk = 16> {
    norm.instance {
      %s = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<32x6xf32>
        %t = math.tanh %e : f32
        norm.store %t, %own by [[i], [j]] : !norm.view<32x6xf32, strides [0, 1]>
        norm.contribute add %t : f32
      } : f32
      norm.phase over [j] {
        %t = norm.load %own by [[i], [j]] : !norm.view<32x6xf32, strides [0, 1]>
        %o = arith.mulf %t, %s : f32
        norm.store %o, %y by [[i], [j]] : !norm.view<32x6xf32>
      }
    }
  }
}

// -----

// Of the next row's vectors of two cache lines, both lines are asked for.
// CHECK-LABEL: func.func @two_lines_stage0(
// CHECK: scf.for
// CHECK: %[[AHEAD:.*]] = llvm.getelementptr %{{.*}}[256]
// CHECK-NEXT: "llvm.intr.prefetch"(%[[AHEAD]])
// CHECK-NEXT: %[[NEXT:.*]] = llvm.getelementptr %[[AHEAD]][64] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK-NEXT: "llvm.intr.prefetch"(%[[NEXT]])
// CHECK-NOT: prefetch
// CHECK: return
norm.program @two_lines inputs(%x "x" : !norm.view<?x256xf32>) outputs(%y "y" : !norm.view<?x256xf32>) {
  %n = norm.size %x[0] : !norm.view<?x256xf32>
  norm.stage dims(i = %n, j = 256)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 32, prefetch = 1> {
    norm.instance {
      norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x256xf32>
        norm.store %e, %y by [[i], [j]] : !norm.view<?x256xf32>
      }
    }
  }
}

// -----

// Two rows are written while two are read. What is read is fetched earlier
// only where the schedule says so.
// CHECK-LABEL: func.func @fetched_stage0(
// CHECK: scf.while {{.*}} : (i64, i64)
// CHECK: "llvm.intr.prefetch"
// CHECK-LABEL: func.func @not_fetched_stage0(
// CHECK: scf.while {{.*}} : (i64, i64)
// CHECK-NOT: "llvm.intr.prefetch"
// CHECK: return
norm.program @fetched inputs(%x "x" : !norm.view<?x256xf32>) outputs(%y "y" : !norm.view<?x256xf32>) {
  %n = norm.size %x[0] : !norm.view<?x256xf32>
  norm.stage dims(i = %n, j = 256)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 16, stream = 65536, prefetch = 1, rows = 2> {
    norm.instance {
      %s = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x256xf32>
        norm.contribute add %e : f32
      } : f32
      norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x256xf32>
        %o = arith.mulf %e, %s : f32
        norm.store %o, %y by [[i], [j]] : !norm.view<?x256xf32>
      }
    }
  }
}
norm.program @not_fetched inputs(%x "x" : !norm.view<?x256xf32>) outputs(%y "y" : !norm.view<?x256xf32>) {
  %n = norm.size %x[0] : !norm.view<?x256xf32>
  norm.stage dims(i = %n, j = 256)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 16, stream = 65536, rows = 2> {
    norm.instance {
      %s = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x256xf32>
        norm.contribute add %e : f32
      } : f32
      norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x256xf32>
        %o = arith.mulf %e, %s : f32
        norm.store %o, %y by [[i], [j]] : !norm.view<?x256xf32>
      }
    }
  }
}
