// RUN: norm-opt %s --norm-lower-to-cpu --cse --loop-invariant-code-motion --cse -split-input-file | FileCheck %s
// RUN: norm-opt %s --norm-lower-to-cpu=has-fma=false --cse -split-input-file | FileCheck %s --check-prefix=NOFMA
// RUN: norm-opt %s --norm-lower-to-cpu=has-bf16-dot --cse -split-input-file | FileCheck %s --check-prefix=DOT

// 40 elements in vectors of 4, two at a time: five blocks and no tail. Products
// are fused into the sum; the block total is carried in f64.
// CHECK-LABEL: func.func @rows_stage0(
// CHECK-SAME: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: i64, %{{.*}}: i64) -> i32
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
// CHECK: %[[START:.*]] = arith.select %{{.*}}, %{{.*}}, %[[HEAD]]
// CHECK: scf.while (%{{.*}} = %[[START]])
// CHECK: ^bb0(%[[AT:.*]]: i64):
// CHECK: %[[WHOLE:.*]] = arith.cmpi ule, %[[AT]], %c240_i64
// CHECK: scf.if %[[WHOLE]]
// CHECK: "llvm.intr.prefetch"
// CHECK-SAME: hint = 2
// CHECK: llvm.load {{.*}} -> vector<16xf32>
// CHECK: scf.if %[[LARGE]] {
// CHECK-NEXT: llvm.store {{.*}} {alignment = 64 : i64, nontemporal} : vector<16xf32>
// CHECK-NEXT: } else {
// CHECK-NEXT: llvm.store {{.*}} {alignment = 4 : i64} : vector<16xf32>
// CHECK: } else {
// CHECK: llvm.intr.masked.load
// CHECK: llvm.intr.masked.store
// CHECK: %[[ISHEAD:.*]] = arith.cmpi slt, %[[AT]], %c0_i64
// CHECK: arith.select %[[ISHEAD]], %[[HEAD]]
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
// holds, and there the condition is not asked again.
// CHECK-LABEL: func.func @guarded_stage0(
// CHECK: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK: %[[COND:.*]] = arith.cmpf ogt
// CHECK: scf.if %[[COND]] -> (f32)
// CHECK: scf.for
// CHECK-NOT: arith.select
// CHECK: llvm.load {{.*}} -> vector<4xf32>
// CHECK-NOT: arith.select
// CHECK: scf.yield
// CHECK: } else {
// CHECK: scf.yield %[[ZERO]] : f32
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

// -----

// A sum of the first 8 points visits no others, and is one tree: nothing is
// carried in f64.
// CHECK-LABEL: func.func @prefix_stage0(
// CHECK-NOT: f64
// CHECK-NOT: arith.select
// CHECK-COUNT-2: llvm.load {{.*}} -> vector<4xf32>
// CHECK-NOT: llvm.load {{.*}} -> vector<4xf32>
// CHECK: return
norm.program @prefix inputs(%x "x" : !norm.view<?x64xf32>) outputs(%m "m" : !norm.view<?xf32>) {
  %n = norm.size %x[0] : !norm.view<?x64xf32>
  norm.stage dims(i = %n, j = 64)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4, unroll = 4> {
    norm.instance {
      %some = arith.constant 8 : index
      %sum = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x64xf32>
        %j = norm.index j
        %isFirst = arith.cmpi ult, %j, %some : index
        %none = arith.constant 0.0 : f32
        %s = arith.select %isFirst, %e, %none : f32
        norm.contribute add %s : f32
      } : f32
      norm.store %sum, %m by [[i]] : !norm.view<?xf32>
    }
  }
}

// -----

// Both results of a phase go past the caches: rows begin where %h, of the wider
// elements, has whole vectors, and %y goes there where it has them in the same
// places.
// CHECK-LABEL: func.func @two_results_stage0(
// CHECK: %[[LARGE:.*]] = arith.cmpi uge
// CHECK: %[[SAME:.*]] = arith.cmpi eq
// CHECK: %[[BOTH:.*]] = arith.andi %{{.*}}, %[[SAME]]
// CHECK: %[[ALSO:.*]] = arith.andi %[[BOTH]], %[[LARGE]]
// CHECK: scf.if %[[ALSO]] {
// CHECK: llvm.arithmetic.fence
// CHECK-NEXT: llvm.store {{.*}} {alignment = 16 : i64, nontemporal} : vector<4xf32>
// CHECK: scf.if %[[LARGE]] {
// CHECK-NEXT: llvm.store {{.*}} {alignment = 64 : i64, nontemporal} : vector<16xf32>
norm.program @two_results inputs(%x "x" : !norm.view<?x256xf32>) outputs(%y "y" : !norm.view<?x256xi8>, %h "h" : !norm.view<?x256xf32>) {
  %n = norm.size %x[0] : !norm.view<?x256xf32>
  norm.stage dims(i = %n, j = 256)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 16, stream = 1048576> {
    norm.instance {
      norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x256xf32>
        %q = arith.fptosi %e : f32 to i8
        norm.store %q, %y by [[i], [j]] : !norm.view<?x256xi8>
        norm.store %e, %h by [[i], [j]] : !norm.view<?x256xf32>
      }
    }
  }
}

// -----

// Two rows are written while the next two are read: sums that are under way and
// what a row leaves for its last phase wait in memory, 4 rows of each. %g is
// loaded once for both rows. Where there are not two and two, rows come one after
// the other, by the code that also ends each row. Of fewer than eight rows one is
// written while one is read. A read past the end of its row is announced in the
// block after: two rows on, which follow each other. What is written is 1 KB, 256
// elements, further on than what is read.
// CHECK-LABEL: func.func @pipelined_stage0(
// CHECK-DAG: llvm.alloca %{{.*}} x vector<4xf64> {alignment = 64 : i64}
// CHECK-DAG: llvm.alloca %{{.*}} x f32 {alignment = 64 : i64}
// CHECK: %[[LARGE:.*]] = arith.cmpi uge
// CHECK: %[[FEW:.*]] = arith.cmpi slt, %{{.*}}, %c8_i64 : i64
// CHECK: %[[BLOCK:.*]] = arith.select %[[FEW]], %c1_i64, %c2_i64 : i64
// CHECK: scf.while
// CHECK: arith.minsi {{.*}}%[[BLOCK]]
// CHECK: scf.if {{.*}} -> (i64)
// CHECK: scf.for
// CHECK: %[[PAST:.*]] = arith.cmpi sge, %[[AHEAD:[0-9]+]], %[[END:[0-9]+]]
// CHECK: %[[BACK:.*]] = arith.subi %[[AHEAD]], %[[END]] : i64
// CHECK: arith.select %[[PAST]], %[[BACK]], %[[AHEAD]] : i64
// CHECK: %[[ON:.*]] = arith.select %[[PAST]], %[[BLOCK]], %c0_i64 : i64
// CHECK: arith.muli %[[ON]], %c2048_i64
// CHECK: %[[APART:.*]] = arith.addi %{{.*}}, %c256_i64
// CHECK: %[[OVER:.*]] = arith.cmpi sge, %[[APART]], %[[END]]
// CHECK: %[[FIRST:.*]] = arith.subi %[[APART]], %[[END]] : i64
// CHECK: %[[PLACE:.*]] = arith.select %[[OVER]], %[[FIRST]], %[[APART]] : i64
// CHECK: %[[WRITTEN:.*]] = arith.addi %{{.*}}, %[[PLACE]]
// CHECK: llvm.getelementptr inbounds %{{.*}}[%[[WRITTEN]]]
// CHECK: llvm.load {{.*}} -> vector<4xf32>
// CHECK: scf.for
// CHECK: llvm.load {{.*}} -> vector<4xf64>
// CHECK: "llvm.intr.prefetch"
// CHECK: llvm.load {{.*}} -> vector<4xf32>
// CHECK: scf.if %[[LARGE]]
// CHECK: llvm.store {{.*}} {alignment = 16 : i64, nontemporal} : vector<4xf32>
// CHECK: llvm.store {{.*}} : vector<4xf64>
// CHECK: scf.for
// CHECK: llvm.intr.masked.store
// CHECK: scf.for
// CHECK: llvm.load {{.*}} -> vector<4xf64>
// CHECK: llvm.fence
norm.program @pipelined inputs(%x "x" : !norm.view<?x2048xf32>, %g "g" : !norm.view<2048xf32>) outputs(%y "y" : !norm.view<?x2048xf32>) {
  %n = norm.size %x[0] : !norm.view<?x2048xf32>
  norm.stage dims(i = %n, j = 2048)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4, unroll = 2, stream = 1048576, prefetch = 1, rows = 2> {
    norm.instance {
      %sum = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x2048xf32>
        norm.contribute add %e : f32
      } : f32
      norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x2048xf32>
        %s = norm.load %g by [[j]] : !norm.view<2048xf32>
        %d = arith.subf %e, %sum : f32
        %o = arith.mulf %d, %s : f32
        norm.store %o, %y by [[i], [j]] : !norm.view<?x2048xf32>
      }
    }
  }
}

// -----

// Rows that add to sums over rows: each is two blocks of vectors, 16 elements, behind
// the row before. All that a vector takes is loaded before anything is stored.
// CHECK-LABEL: func.func @column_sums_stage0(
// CHECK: scf.while
// CHECK: scf.if {{.*}} -> (i64)
// CHECK: scf.for
// CHECK: scf.for
// CHECK: %[[DISTANCE:.*]] = arith.muli %{{.*}}, %c16_i64
// CHECK: %[[PLACE:.*]] = arith.subi %{{.*}}, %[[DISTANCE]]
// CHECK: %[[INSIDE:.*]] = arith.cmpi ult, %[[PLACE]]
// CHECK: scf.if %[[INSIDE]]
// CHECK: llvm.load {{.*}} -> vector<4xf32>
// CHECK: %[[TOTAL:.*]] = llvm.load {{.*}} -> vector<4xf32>
// CHECK: llvm.load {{.*}} -> vector<4xf32>
// CHECK: "llvm.intr.prefetch"
// CHECK: %[[SUM:.*]] = math.fma %{{.*}}, %{{.*}}, %[[TOTAL]]
// CHECK: llvm.store %[[SUM]]
// CHECK: nontemporal
// CHECK: llvm.fence
norm.program @column_sums inputs(%x "x" : !norm.view<?x2048xf32>) outputs(%y "y" : !norm.view<?x2048xf32>) {
  %n = norm.size %x[0] : !norm.view<?x2048xf32>
  %c256 = arith.constant 256 : index
  %chunks = arith.ceildivui %n, %c256 : index
  %p = norm.scratch(%chunks) : !norm.view<?x2048xf32>
  norm.stage dims(i = %n, j = 2048, k = %chunks) chunks k non_empty [j]
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4, unroll = 2, chunk = 256, stream = 1048576, prefetch = 1, rows = 2> {
    norm.phase over [j] {
      %zero = arith.constant 0.0 : f32
      norm.store %zero, %p by [[k], [j]] : !norm.view<?x2048xf32>
    }
    norm.instance {
      %sum = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x2048xf32>
        %q = arith.mulf %e, %e : f32
        norm.accumulate add %q, %p by [[k], [j]] : !norm.view<?x2048xf32>
        norm.contribute add %e : f32
      } : f32
      norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x2048xf32>
        %d = arith.subf %e, %sum : f32
        norm.store %d, %y by [[i], [j]] : !norm.view<?x2048xf32>
      }
    }
  }
}

// -----

// Short rows are taken one after the other: sums stay in registers, and what rows
// have in common and takes more than a load is computed once, if there are two
// times two rows, and kept on the stack. Reads are announced 8 KB on, which is 32
// rows, wherever those lie.
// CHECK-LABEL: func.func @in_turn_stage0(
// CHECK: %[[TABLE:.*]] = llvm.alloca %c1024_i64 x f32 {alignment = 64 : i64}
// CHECK: %[[LARGE:.*]] = arith.cmpi uge
// CHECK: %[[ENOUGH:.*]] = arith.cmpi sge, %{{.*}}, %c4_i64
// CHECK: scf.if %[[ENOUGH]]
// CHECK: scf.for
// CHECK-COUNT-2: arith.extf {{.*}} : vector<4xf16> to vector<4xf32>
// CHECK: llvm.getelementptr inbounds %[[TABLE]]
// CHECK: llvm.store %{{.*}}, %{{.*}} : vector<4xf32>
// CHECK: scf.while
// CHECK: scf.if {{.*}} -> (i64)
// CHECK: scf.for
// CHECK: llvm.load {{.*}} -> vector<4xf64>
// CHECK: %[[LIES:.*]] = arith.muli %{{.*}}, %c192_i64
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> (vector<4xf64>)
// CHECK: llvm.getelementptr inbounds %[[TABLE]]
// CHECK: %[[AT:.*]] = arith.addi %[[LIES]], %
// CHECK: %[[HERE:.*]] = llvm.getelementptr %{{.*}}[%[[AT]]]
// CHECK: %[[THERE:.*]] = llvm.getelementptr %[[HERE]][6144]
// CHECK: "llvm.intr.prefetch"(%[[THERE]])
// CHECK: scf.if %[[LARGE]]
// CHECK: scf.yield {{.*}} : vector<4xf64>
// CHECK: llvm.store {{.*}} : vector<4xf64>
// CHECK: llvm.fence
norm.program @in_turn inputs(%x "x" : !norm.view<?x64xf32, strides [192, 1]>, %g "g" : !norm.view<64xf16>) outputs(%y "y" : !norm.view<?x64xf32>) {
  %n = norm.size %x[0] : !norm.view<?x64xf32, strides [192, 1]>
  norm.stage dims(i = %n, j = 64)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4, unroll = 2, stream = 1048576, prefetch = 1, rows = 2> {
    norm.instance {
      %sum = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x64xf32, strides [192, 1]>
        norm.contribute add %e : f32
      } : f32
      norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x64xf32, strides [192, 1]>
        %narrow = norm.load %g by [[j]] : !norm.view<64xf16>
        %s = arith.extf %narrow : f16 to f32
        %d = arith.subf %e, %sum : f32
        %o = arith.mulf %d, %s : f32
        norm.store %o, %y by [[i], [j]] : !norm.view<?x64xf32>
      }
    }
  }
}

// -----

// What rows have in common is computed for each of them where it is neither f32 nor
// f64, which alone have places; constants have none either.
// CHECK-LABEL: func.func @no_table_stage0(
// CHECK-NOT: llvm.alloca %c1024_i64
// CHECK: scf.while
// CHECK: arith.truncf {{.*}} : vector<4xf32> to vector<4xbf16>
// CHECK: llvm.fence
norm.program @no_table inputs(%x "x" : !norm.view<?x64xf32>, %g "g" : !norm.view<64xf16>) outputs(%y "y" : !norm.view<?x64xf32>) {
  %n = norm.size %x[0] : !norm.view<?x64xf32>
  norm.stage dims(i = %n, j = 64)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4, unroll = 2, stream = 1048576, prefetch = 1, rows = 2> {
    norm.instance {
      %sum = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x64xf32>
        norm.contribute add %e : f32
      } : f32
      norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x64xf32>
        %narrow = norm.load %g by [[j]] : !norm.view<64xf16>
        %wide = arith.extf %narrow : f16 to f32
        %two = arith.constant 2.0 : f32
        %coarse = arith.truncf %wide : f32 to bf16
        %back = arith.extf %e : f32 to f64
        %spare = arith.truncf %back : f64 to f32
        %fine = arith.truncf %spare : f32 to bf16
        %product = arith.mulf %coarse, %fine : bf16
        %again = arith.extf %product : bf16 to f32
        %s = arith.mulf %again, %two : f32
        %d = arith.subf %e, %sum : f32
        %o = arith.mulf %d, %s : f32
        norm.store %o, %y by [[i], [j]] : !norm.view<?x64xf32>
      }
    }
  }
}


// -----

// Values of bf16 and their squares are summed by dot products, in two chains each;
// where the sum is so small that subnormals count, once more without them.
// DOT-LABEL: func.func @dots_stage0(
// DOT: scf.for {{.*}} -> (vector<8xf64>, vector<8xf64>)
// DOT: dpbf16ps.512"(%{{.*}}, %[[V:.*]], %[[V]])
// DOT-COUNT-3: dpbf16ps.512"(
// DOT: arith.addf %{{.*}}, %{{.*}} : vector<16xf32>
// DOT: %[[ONES:.*]] = arith.constant dense<1.000000e+00> : vector<32xbf16>
// DOT-COUNT-4: dpbf16ps.512"(%{{.*}}, %{{.*}}, %[[ONES]])
// DOT: arith.cmpf ole
// DOT: scf.if
// DOT-NOT: dpbf16ps
// DOT: arith.mulf {{.*}} : vector<32xf32>
// CHECK-LABEL: func.func @dots_stage0(
// CHECK-NOT: dpbf16ps
norm.program @dots inputs(%x "x" : !norm.view<?x1024xbf16>) outputs(%m "m" : !norm.view<?xf32>, %s "s" : !norm.view<?xf64>) {
  %n = norm.size %x[0] : !norm.view<?x1024xbf16>
  norm.stage dims(i = %n, j = 1024)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 32, unroll = 4> {
    norm.instance {
      %ms, %sum = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x1024xbf16>
        %w = arith.extf %e : bf16 to f32
        %sq = arith.mulf %w, %w : f32
        %wide = arith.extf %w : f32 to f64
        norm.contribute mean %sq, add %wide : f32, f64
      } : f32, f64
      norm.store %ms, %m by [[i]] : !norm.view<?xf32>
      norm.store %sum, %s by [[i]] : !norm.view<?xf64>
    }
  }
}

// -----

// What dot products take may itself be an extension, which is emitted.
// DOT-LABEL: func.func @dots_of_bytes_stage0(
// DOT: %[[V:.*]] = arith.extf {{.*}} : vector<32xf8E5M2> to vector<32xbf16>
// DOT: dpbf16ps.512"(%{{.*}}, %[[V]], %[[V]])
norm.program @dots_of_bytes inputs(%x "x" : !norm.view<?x1024xf8E5M2>) outputs(%m "m" : !norm.view<?xf32>, %s "s" : !norm.view<?xf64>) {
  %n = norm.size %x[0] : !norm.view<?x1024xf8E5M2>
  norm.stage dims(i = %n, j = 1024)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 32, unroll = 4> {
    norm.instance {
      %ms, %sum = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x1024xf8E5M2>
        %b = arith.extf %e : f8E5M2 to bf16
        %w = arith.extf %b : bf16 to f32
        %sq = arith.mulf %w, %w : f32
        %wide = arith.extf %w : f32 to f64
        norm.contribute mean %sq, add %wide : f32, f64
      } : f32, f64
      norm.store %ms, %m by [[i]] : !norm.view<?xf32>
      norm.store %sum, %s by [[i]] : !norm.view<?xf64>
    }
  }
}

// -----

// Four rows, one of each quarter, share what is loaded for their columns; all
// loads come before the stores. Of 9 rows the last is alone.
// CHECK-LABEL: func.func @rows_share_stage0(
// CHECK: scf.for
// CHECK: scf.for
// CHECK-COUNT-5: llvm.load {{.*}} -> vector<4xf32>
// CHECK-NOT: llvm.load
// CHECK-COUNT-4: llvm.store {{.*}} : vector<4xf32>
// CHECK: scf.for
// CHECK-COUNT-2: llvm.load {{.*}} -> vector<4xf32>
// CHECK-NOT: llvm.load
// CHECK: llvm.store {{.*}} : vector<4xf32>
// CHECK: return
norm.program @rows_share inputs(%x "x" : !norm.view<?x9x64xf32>, %g "g" : !norm.view<64xf32>) outputs(%y "y" : !norm.view<?x9x64xf32>) {
  %n = norm.size %x[0] : !norm.view<?x9x64xf32>
  norm.stage dims(n = %n, i = 9, j = 64)
      schedule #norm.schedule<target = cpu, parallel = [n], lanes = [j], width = 4, rows = 4> {
    norm.instance {
      norm.phase over [i, j] {
        %e = norm.load %x by [[n], [i], [j]] : !norm.view<?x9x64xf32>
        %s = norm.load %g by [[j]] : !norm.view<64xf32>
        %o = arith.mulf %e, %s : f32
        norm.store %o, %y by [[n], [i], [j]] : !norm.view<?x9x64xf32>
      }
    }
  }
}

// -----

// Of columns, too, a sum of the first points visits no others: two of five rows,
// three columns each.
// CHECK-LABEL: func.func @column_prefix_stage0(
// CHECK-NOT: arith.select
// CHECK: scf.for
// CHECK: scf.for %{{.*}} = %{{.*}} to %c2_i64 step
// CHECK-COUNT-3: llvm.load {{.*}} -> vector<4xf32>
// CHECK-NOT: llvm.load
// CHECK-NOT: arith.select
// CHECK: return
norm.program @column_prefix inputs(%x "x" : !norm.view<5x3x64xf32>) outputs(%m "m" : !norm.view<64xf32>) {
  norm.stage dims(i = 5, k = 3, j = 64)
      schedule #norm.schedule<target = cpu, parallel = [j], lanes = [j], width = 4, unroll = 4> {
    norm.instance {
      %some = arith.constant 2 : index
      %sum = norm.phase over [i, k] {
        %e = norm.load %x by [[i], [k], [j]] : !norm.view<5x3x64xf32>
        %i = norm.index i
        %isFirst = arith.cmpi ult, %i, %some : index
        %none = arith.constant 0.0 : f32
        %s = arith.select %isFirst, %e, %none : f32
        norm.contribute add %s : f32
      } : f32
      norm.store %sum, %m by [[j]] : !norm.view<64xf32>
    }
  }
}
