// RUN: norm-opt %s --norm-lower-to-cpu --cse --loop-invariant-code-motion --cse -split-input-file | FileCheck %s
// RUN: norm-opt %s --norm-lower-to-cpu=has-fma=false --cse -split-input-file | FileCheck %s --check-prefix=NOFMA

// 40 elements in vectors of 4, two at a time: five blocks and no tail. Products
// are fused into the sum; the block total is carried in f64.
// CHECK-LABEL: func.func @rows_stage0(
// CHECK-SAME: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: i64, %{{.*}}: i64) -> i32
// CHECK: scf.for
// CHECK: arith.minsi
// CHECK: scf.for
// CHECK: %[[SUM:.*]] = scf.for {{.*}} -> (vector<4xf64>)
// CHECK: %[[A:.*]] = llvm.load {{.*}} -> vector<4xf32>
// CHECK: %[[B:.*]] = llvm.load {{.*}} -> vector<4xf32>
// CHECK: %[[SQUARE:.*]] = arith.mulf %[[A]], %[[A]] : vector<4xf32>
// CHECK: %[[BOTH:.*]] = math.fma %[[B]], %[[B]], %[[SQUARE]] : vector<4xf32>
// CHECK: %[[WIDE:.*]] = arith.extf %[[BOTH]] : vector<4xf32> to vector<4xf64>
// CHECK: arith.addf %{{.*}}, %[[WIDE]] : vector<4xf64>
// CHECK: vector.shuffle %[[SUM]], %[[SUM]] [0, 1]
// CHECK: %[[TOTAL:.*]] = vector.extract
// CHECK: %[[MEAN:.*]] = arith.divf %[[TOTAL]], %{{.*}} : f64
// CHECK: arith.truncf %[[MEAN]] : f64 to f32
// CHECK-NOT: llvm.intr.masked
// CHECK: return

// NOFMA-LABEL: func.func @rows_stage0(
// NOFMA-NOT: math.fma
norm.program @rows inputs(%x "x" : !norm.view<?x40xf32>) outputs(%m "m" : !norm.view<?xf32>) {
  %n = norm.size %x[0] : !norm.view<?x40xf32>
  norm.stage dims(i = %n, j = 40)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4, unroll = 2, chunk = 8> {
    norm.instance {
      %ms = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x40xf32>
        %sq = arith.mulf %e, %e : f32
        norm.contribute mean %sq : f32
      } : f32
      norm.store %ms, %m by [[i]] : !norm.view<?xf32>
    }
  }
}

// -----

// A tail of one element is masked, and its other lanes give the identity.
// CHECK-LABEL: func.func @tail_stage0(
// CHECK: %[[MASK:.*]] = arith.cmpi slt, %{{.*}} : vector<4xi32>
// CHECK: %[[E:.*]] = llvm.intr.masked.load %{{.*}}, %[[MASK]]
// CHECK: arith.select %[[MASK]], %[[E]], %{{.*}} : vector<4xi1>, vector<4xf32>
norm.program @tail inputs(%x "x" : !norm.view<?x9xf32>) outputs(%m "m" : !norm.view<?xf32>) {
  %n = norm.size %x[0] : !norm.view<?x9xf32>
  norm.stage dims(i = %n, j = 9)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4> {
    norm.instance {
      %max = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x9xf32>
        norm.contribute max %e : f32
      } : f32
      norm.store %max, %m by [[i]] : !norm.view<?xf32>
    }
  }
}

// -----

// A lane stride that isn't 1 gathers; f64 sums carry their error.
// CHECK-LABEL: func.func @strided_stage0(
// CHECK: scf.for {{.*}} -> (vector<4xf64>, vector<4xf64>)
// CHECK: llvm.intr.masked.gather
norm.program @strided inputs(%x "x" : !norm.view<?x64xf64, strides [?, ?]>) outputs(%m "m" : !norm.view<?xf64>) {
  %n = norm.size %x[0] : !norm.view<?x64xf64, strides [?, ?]>
  norm.stage dims(i = %n, j = 64)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4> {
    norm.instance {
      %sum = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x64xf64, strides [?, ?]>
        norm.contribute add %e : f64
      } : f64
      norm.store %sum, %m by [[i]] : !norm.view<?xf64>
    }
  }
}

// -----

// Lanes that are instances: no horizontal sum, and a masked block at the end.
// CHECK-LABEL: func.func @columns_stage0(
// CHECK: arith.cmpi sge
// CHECK: scf.if
// CHECK: llvm.load {{.*}} -> vector<4xf32>
// CHECK-NOT: vector.extract
// CHECK: llvm.store
// CHECK: else
// CHECK: llvm.intr.masked.load
// CHECK: llvm.intr.masked.store
norm.program @columns inputs(%x "x" : !norm.view<?x?xf32>) outputs(%m "m" : !norm.view<?xf32>) {
  %r = norm.size %x[0] : !norm.view<?x?xf32>
  %c = norm.size %x[1] : !norm.view<?x?xf32>
  norm.stage dims(i = %r, j = %c)
      schedule #norm.schedule<target = cpu, parallel = [j], lanes = [j], width = 4> {
    norm.instance {
      %sum = norm.phase over [i] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x?xf32>
        norm.contribute add %e : f32
      } : f32
      norm.store %sum, %m by [[j]] : !norm.view<?xf32>
    }
  }
}

// -----

// A large result goes past the caches: from the first address that is a multiple
// of a vector on, with the elements before it and the rest masked. What the next
// row will read is asked for meanwhile, and a fence ends the stage.
// CHECK-LABEL: func.func @stream_stage0(
// CHECK: %[[LARGE:.*]] = arith.cmpi uge
// CHECK: llvm.ptrtoint
// CHECK: %[[HEAD:.*]] = arith.select %[[LARGE]]
// CHECK: arith.cmpi sgt, %[[HEAD]]
// CHECK: scf.if
// CHECK: llvm.intr.masked.store
// CHECK: scf.for %{{.*}} = %[[HEAD]]
// CHECK: "llvm.intr.prefetch"
// CHECK-SAME: hint = 2
// CHECK: llvm.load {{.*}} -> vector<16xf32>
// CHECK: scf.if %[[LARGE]] {
// CHECK-NEXT: llvm.store {{.*}} {alignment = 64 : i64, nontemporal} : vector<16xf32>
// CHECK-NEXT: } else {
// CHECK-NEXT: llvm.store {{.*}} {alignment = 4 : i64} : vector<16xf32>
// CHECK: llvm.intr.masked.store
// CHECK: llvm.fence seq_cst
norm.program @stream inputs(%x "x" : !norm.view<?x256xf32>) outputs(%y "y" : !norm.view<?x256xf32>) {
  %n = norm.size %x[0] : !norm.view<?x256xf32>
  norm.stage dims(i = %n, j = 256)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 16, stream = 1048576, prefetch = 1> {
    norm.instance {
      norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x256xf32>
        norm.store %e, %y by [[i], [j]] : !norm.view<?x256xf32>
      }
    }
  }
}

// -----

// A sum that is chosen by one condition for the whole row is only taken where it
// holds, and there the condition is not asked again. It is not worth vector code.
// CHECK-LABEL: func.func @guarded_stage0(
// CHECK: %[[COND:.*]] = arith.cmpf ogt
// CHECK: scf.if %[[COND]] -> (f64
// CHECK: scf.for
// CHECK-NOT: arith.select
// CHECK: llvm.load {{.*}} -> f32
// CHECK-NOT: arith.select
// CHECK: scf.yield
// CHECK: } else {
norm.program @guarded inputs(%x "x" : !norm.view<?x64xf32>, %c "c" : !norm.view<?xf32>) outputs(%m "m" : !norm.view<?xf32>) {
  %n = norm.size %x[0] : !norm.view<?x64xf32>
  norm.stage dims(i = %n, j = 64)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4, unroll = 4> {
    norm.instance {
      %limit = norm.load %c by [[i]] : !norm.view<?xf32>
      %zero = arith.constant 0.0 : f32
      %isPositive = arith.cmpf ogt, %limit, %zero : f32
      %sum = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x64xf32>
        %none = arith.constant 0.0 : f32
        %s = arith.select %isPositive, %e, %none : f32
        norm.contribute add %s : f32
      } : f32
      norm.store %sum, %m by [[i]] : !norm.view<?xf32>
    }
  }
}

// -----

// A sum whose other choice is no identity is taken in any case.
// CHECK-LABEL: func.func @chosen_stage0(
// CHECK-NOT: scf.if
// CHECK: arith.select
// CHECK-NOT: scf.if
// CHECK: return
norm.program @chosen inputs(%x "x" : !norm.view<?x64xf32>, %c "c" : !norm.view<?xf32>) outputs(%m "m" : !norm.view<?xf32>) {
  %n = norm.size %x[0] : !norm.view<?x64xf32>
  norm.stage dims(i = %n, j = 64)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4, unroll = 4> {
    norm.instance {
      %limit = norm.load %c by [[i]] : !norm.view<?xf32>
      %zero = arith.constant 0.0 : f32
      %isPositive = arith.cmpf ogt, %limit, %zero : f32
      %sum = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x64xf32>
        %five = arith.constant 5.0 : f32
        %s = arith.select %isPositive, %e, %five : f32
        norm.contribute add %s : f32
      } : f32
      norm.store %sum, %m by [[i]] : !norm.view<?xf32>
    }
  }
}
