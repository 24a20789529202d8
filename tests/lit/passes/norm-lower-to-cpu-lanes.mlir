// RUN: norm-opt %s --norm-lower-to-cpu=has-bf16-dot --cse -split-input-file | FileCheck %s
// RUN: norm-opt %s --norm-lower-to-cpu --cse -split-input-file | FileCheck %s --check-prefix=MEMORY

// Even elements are in one register, odd ones in another: widening is a shift and
// a mask. Sums over rows are so in memory too, and are added as they are; who adds
// up the chunks' writes them in the order of memory.
// CHECK-LABEL: func.func @column_sums_stage0(
// CHECK-NOT: arith.extf {{.*}}bf16
// CHECK: %[[X:.*]] = llvm.load {{.*}} -> vector<32xi16>
// CHECK: %[[PAIRS:.*]] = vector.bitcast %{{.*}} : vector<32xi16> to vector<16xi32>
// CHECK: %[[EVEN:.*]] = arith.shli %[[PAIRS]], %cst
// CHECK: %[[ODD:.*]] = arith.andi %[[PAIRS]], %cst
// CHECK: vector.shuffle %{{.*}}, %{{.*}} [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
// CHECK-NOT: vector.shuffle
// CHECK: %[[OLD:.*]] = llvm.load {{.*}} -> vector<32xf32>
// CHECK-NOT: vector.shuffle
// CHECK: %[[NEW:.*]] = arith.addf %[[OLD]]
// CHECK-NEXT: llvm.store %[[NEW]]
// CHECK: arith.shli
// CHECK: %[[ROUNDED:.*]] = arith.truncf {{.*}} : vector<32xf32> to vector<32xbf16>
// CHECK: %[[BITS:.*]] = arith.bitcast %[[ROUNDED]]
// CHECK: %[[Y:.*]] = vector.shuffle %[[BITS]], %[[BITS]] [0, 16, 1, 17, 2, 18,
// CHECK: llvm.store
// CHECK-LABEL: func.func @column_sums_stage1(
// CHECK: llvm.load {{.*}} -> vector<32xf32>
// CHECK-NOT: vector.shuffle
// CHECK: arith.truncf {{.*}} : vector<32xf64> to vector<32xf32>
// CHECK: vector.shuffle {{.*}} [0, 16, 1, 17, 2, 18,
// CHECK: llvm.store

// Other targets widen as they like.
// MEMORY-LABEL: func.func @column_sums_stage0(
// MEMORY-NOT: arith.shli
// MEMORY: arith.extf {{.*}} : vector<32xbf16> to vector<32xf32>
// MEMORY: return
norm.program @column_sums inputs(%x "x" : !norm.view<?x64xbf16>)
    outputs(%y "y" : !norm.view<?x64xbf16>, %s "s" : !norm.view<64xf32>) {
  %n = norm.size %x[0] : !norm.view<?x64xbf16>
  %c256 = arith.constant 256 : index
  %chunks = arith.ceildivui %n, %c256 : index
  %p = norm.scratch(%chunks) : !norm.view<?x64xf32>
  norm.stage dims(i = %n, j = 64, k = %chunks) chunks k non_empty [j]
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 32, chunk = 256> {
    norm.phase over [j] {
      %zero = arith.constant 0.0 : f32
      norm.store %zero, %p by [[k], [j]] : !norm.view<?x64xf32>
    }
    norm.instance {
      %sum = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x64xbf16>
        %w = arith.extf %e : bf16 to f32
        norm.accumulate add %w, %p by [[k], [j]] : !norm.view<?x64xf32>
        norm.contribute add %w : f32
      } : f32
      norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x64xbf16>
        %w = arith.extf %e : bf16 to f32
        %d = arith.subf %w, %sum : f32
        %h = arith.truncf %d : f32 to bf16
        norm.store %h, %y by [[i], [j]] : !norm.view<?x64xbf16>
      }
    }
  }
  norm.stage dims(j = 64, k = %chunks)
      schedule #norm.schedule<target = cpu, parallel = [j], lanes = [j], width = 32> {
    norm.instance {
      %total = norm.phase over [k] {
        %e = norm.load %p by [[k], [j]] : !norm.view<?x64xf32>
        norm.contribute add %e : f32
      } : f32
      norm.store %total, %s by [[j]] : !norm.view<64xf32>
    }
  }
}

// -----

// Without sums over rows, too. The mask of a tail is that of memory for what is
// loaded and stored, and is put in order for what is summed.
// CHECK-LABEL: func.func @tails_stage0(
// CHECK: arith.shli
// CHECK: %[[MASK:.*]] = arith.cmpi slt, {{.*}} : vector<32xi32>
// CHECK: llvm.intr.masked.load %{{.*}}, %[[MASK]]
// CHECK: %[[SPLIT:.*]] = vector.shuffle %[[MASK]], %[[MASK]] [0, 2, 4, 6,
// CHECK: arith.select %[[SPLIT]]
// CHECK: llvm.intr.masked.store %{{.*}}, %{{.*}}, %[[MASK]]
// MEMORY-LABEL: func.func @tails_stage0(
norm.program @tails inputs(%x "x" : !norm.view<?x72xbf16>)
    outputs(%y "y" : !norm.view<?x72xbf16>) {
  %n = norm.size %x[0] : !norm.view<?x72xbf16>
  norm.stage dims(i = %n, j = 72) non_empty [j]
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 32> {
    norm.instance {
      %sum = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x72xbf16>
        %w = arith.extf %e : bf16 to f32
        norm.contribute add %w : f32
      } : f32
      norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x72xbf16>
        %w = arith.extf %e : bf16 to f32
        %d = arith.subf %w, %sum : f32
        %h = arith.truncf %d : f32 to bf16
        norm.store %h, %y by [[i], [j]] : !norm.view<?x72xbf16>
      }
    }
  }
}

// -----

// Vectors side by side are rounded together, and then stored, but for a tail.
// CHECK-LABEL: func.func @together_stage0(
// CHECK: scf.for
// CHECK: arith.truncf
// CHECK-NEXT: arith.truncf
// CHECK: llvm.store
// CHECK-NOT: arith.truncf
// CHECK: llvm.store
// CHECK: arith.truncf
// CHECK: llvm.intr.masked.store
// CHECK: return
// MEMORY-LABEL: func.func @together_stage0(
// MEMORY: arith.truncf
// MEMORY-NOT: arith.truncf
// MEMORY: llvm.store
// MEMORY: arith.truncf
// MEMORY: return
norm.program @together inputs(%x "x" : !norm.view<?x136xbf16>)
    outputs(%y "y" : !norm.view<?x136xbf16>) {
  %n = norm.size %x[0] : !norm.view<?x136xbf16>
  norm.stage dims(i = %n, j = 136) non_empty [j]
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 32, unroll = 2> {
    norm.instance {
      %sum = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x136xbf16>
        %w = arith.extf %e : bf16 to f32
        %d = arith.addf %w, %w : f32
        %h = arith.truncf %d : f32 to bf16
        norm.store %h, %y by [[i], [j]] : !norm.view<?x136xbf16>
        norm.contribute max %w : f32
      } : f32
    }
  }
}

// -----

// What is rounded in between goes through the order of memory and back, once.
// CHECK-LABEL: func.func @rounded_stage0(
// CHECK: %[[ONCE:.*]] = arith.truncf {{.*}} : vector<32xf32> to vector<32xbf16>
// CHECK: %[[BITS:.*]] = arith.bitcast %[[ONCE]]
// CHECK: vector.shuffle %[[BITS]], %[[BITS]] [0, 16, 1, 17, 2, 18,
// CHECK: arith.shli
norm.program @rounded inputs(%x "x" : !norm.view<?x64xbf16>, %r "r" : !norm.view<?x64xbf16>)
    outputs(%y "y" : !norm.view<?x64xbf16>) {
  %n = norm.size %x[0] : !norm.view<?x64xbf16>
  norm.stage dims(i = %n, j = 64) non_empty [j]
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 32> {
    norm.instance {
      %sum = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x64xbf16>
        %f = norm.load %r by [[i], [j]] : !norm.view<?x64xbf16>
        %w = arith.extf %e : bf16 to f32
        %v = arith.extf %f : bf16 to f32
        %a = arith.addf %w, %v : f32
        %h = arith.truncf %a : f32 to bf16
        %g = arith.extf %h : bf16 to f32
        %m = arith.mulf %g, %w : f32
        %q = arith.addf %m, %v : f32
        norm.contribute add %q : f32
      } : f32
      norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x64xbf16>
        %w = arith.extf %e : bf16 to f32
        %d = arith.subf %w, %sum : f32
        %h = arith.truncf %d : f32 to bf16
        norm.store %h, %y by [[i], [j]] : !norm.view<?x64xbf16>
      }
    }
  }
}

// -----

// CHECK-LABEL: func.func @results_of_f32_stage0(
// CHECK-NOT: arith.shli
norm.program @results_of_f32 inputs(%x "x" : !norm.view<?x64xbf16>)
    outputs(%y "y" : !norm.view<?x64xf32>) {
  %n = norm.size %x[0] : !norm.view<?x64xbf16>
  norm.stage dims(i = %n, j = 64) non_empty [j]
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 32> {
    norm.instance {
      %sum = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x64xbf16>
        %w = arith.extf %e : bf16 to f32
        norm.contribute add %w : f32
      } : f32
      norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x64xbf16>
        %w = arith.extf %e : bf16 to f32
        %d = arith.subf %w, %sum : f32
        norm.store %d, %y by [[i], [j]] : !norm.view<?x64xf32>
      }
    }
  }
}

// -----

// Images of fewer points than four vectors have lanes of two in most vectors.
// CHECK-LABEL: func.func @short_pieces_stage0(
// CHECK-NOT: arith.shli {{.*}} : vector<16xi32>
// CHECK: return
norm.program @short_pieces inputs(%x "x" : !norm.view<?x8x7x7xbf16>, %g "g" : !norm.view<8xbf16>)
    outputs(%y "y" : !norm.view<?x8x7x7xbf16>) {
  %n = norm.size %x[0] : !norm.view<?x8x7x7xbf16>
  norm.stage dims(i = %n, c = 8, h = 7, w = 7) non_empty [c, h, w]
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [w], width = 32> {
    norm.instance {
      %sum = norm.phase over [c, h, w] {
        %e = norm.load %x by [[i], [c], [h], [w]] : !norm.view<?x8x7x7xbf16>
        %v = arith.extf %e : bf16 to f32
        norm.contribute add %v : f32
      } : f32
      norm.phase over [c, h, w] {
        %e = norm.load %x by [[i], [c], [h], [w]] : !norm.view<?x8x7x7xbf16>
        %v = arith.extf %e : bf16 to f32
        %s = norm.load %g by [[c]] : !norm.view<8xbf16>
        %t = arith.extf %s : bf16 to f32
        %d = arith.mulf %v, %t : f32
        %o = arith.subf %d, %sum : f32
        %h = arith.truncf %o : f32 to bf16
        norm.store %h, %y by [[i], [c], [h], [w]] : !norm.view<?x8x7x7xbf16>
      }
    }
  }
}

// -----

// Nothing is gained where f32 values would have to be put in order. Rows with sums
// that are not whole vectors, numbers of lanes, and a scratch that a stage of other
// vectors reads need the order of memory.
// CHECK-LABEL: func.func @parts_of_vectors_stage0(
// CHECK-NOT: arith.shli
norm.program @parts_of_vectors inputs(%x "x" : !norm.view<?x72xbf16>)
    outputs(%y "y" : !norm.view<?x72xbf16>) {
  %n = norm.size %x[0] : !norm.view<?x72xbf16>
  %c256 = arith.constant 256 : index
  %chunks = arith.ceildivui %n, %c256 : index
  %p = norm.scratch(%chunks) : !norm.view<?x72xf32>
  norm.stage dims(i = %n, j = 72, k = %chunks) chunks k non_empty [j]
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 32, chunk = 256> {
    norm.instance {
      %sum = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x72xbf16>
        %w = arith.extf %e : bf16 to f32
        norm.accumulate add %w, %p by [[k], [j]] : !norm.view<?x72xf32>
        norm.contribute add %w : f32
      } : f32
      norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x72xbf16>
        %w = arith.extf %e : bf16 to f32
        %d = arith.subf %w, %sum : f32
        %h = arith.truncf %d : f32 to bf16
        norm.store %h, %y by [[i], [j]] : !norm.view<?x72xbf16>
      }
    }
  }
}

// -----

// CHECK-LABEL: func.func @values_of_f32_stage0(
// CHECK-NOT: arith.shli
norm.program @values_of_f32 inputs(%x "x" : !norm.view<?x64xbf16>, %g "g" : !norm.view<64xf32>)
    outputs(%y "y" : !norm.view<?x64xbf16>) {
  %n = norm.size %x[0] : !norm.view<?x64xbf16>
  %c256 = arith.constant 256 : index
  %chunks = arith.ceildivui %n, %c256 : index
  %p = norm.scratch(%chunks) : !norm.view<?x64xf32>
  norm.stage dims(i = %n, j = 64, k = %chunks) chunks k non_empty [j]
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 32, chunk = 256> {
    norm.instance {
      %sum = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x64xbf16>
        %w = arith.extf %e : bf16 to f32
        norm.accumulate add %w, %p by [[k], [j]] : !norm.view<?x64xf32>
        norm.contribute add %w : f32
      } : f32
      norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x64xbf16>
        %w = arith.extf %e : bf16 to f32
        %d = arith.subf %w, %sum : f32
        %s = norm.load %g by [[j]] : !norm.view<64xf32>
        %m = arith.mulf %d, %s : f32
        %h = arith.truncf %m : f32 to bf16
        norm.store %h, %y by [[i], [j]] : !norm.view<?x64xbf16>
      }
    }
  }
}

// -----

// CHECK-LABEL: func.func @numbers_of_lanes_stage0(
// CHECK-NOT: arith.shli
norm.program @numbers_of_lanes inputs(%x "x" : !norm.view<?x64xbf16>)
    outputs(%y "y" : !norm.view<?x64xbf16>) {
  %n = norm.size %x[0] : !norm.view<?x64xbf16>
  %c256 = arith.constant 256 : index
  %chunks = arith.ceildivui %n, %c256 : index
  %p = norm.scratch(%chunks) : !norm.view<?x64xf32>
  norm.stage dims(i = %n, j = 64, k = %chunks) chunks k non_empty [j]
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 32, chunk = 256> {
    norm.instance {
      %sum = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x64xbf16>
        %w = arith.extf %e : bf16 to f32
        %j = norm.index j
        %ji = arith.index_cast %j : index to i32
        %jf = arith.sitofp %ji : i32 to f32
        norm.accumulate add %jf, %p by [[k], [j]] : !norm.view<?x64xf32>
        norm.contribute add %w : f32
      } : f32
      norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x64xbf16>
        %w = arith.extf %e : bf16 to f32
        %d = arith.subf %w, %sum : f32
        %h = arith.truncf %d : f32 to bf16
        norm.store %h, %y by [[i], [j]] : !norm.view<?x64xbf16>
      }
    }
  }
}

// -----

// CHECK-LABEL: func.func @other_vectors_stage0(
// CHECK-NOT: arith.shli
norm.program @other_vectors inputs(%x "x" : !norm.view<?x64xbf16>)
    outputs(%y "y" : !norm.view<?x64xbf16>, %s "s" : !norm.view<64xf32>) {
  %n = norm.size %x[0] : !norm.view<?x64xbf16>
  %c256 = arith.constant 256 : index
  %chunks = arith.ceildivui %n, %c256 : index
  %p = norm.scratch(%chunks) : !norm.view<?x64xf32>
  norm.stage dims(i = %n, j = 64, k = %chunks) chunks k non_empty [j]
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 32, chunk = 256> {
    norm.instance {
      %sum = norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x64xbf16>
        %w = arith.extf %e : bf16 to f32
        norm.accumulate add %w, %p by [[k], [j]] : !norm.view<?x64xf32>
        norm.contribute add %w : f32
      } : f32
      norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<?x64xbf16>
        %w = arith.extf %e : bf16 to f32
        %d = arith.subf %w, %sum : f32
        %h = arith.truncf %d : f32 to bf16
        norm.store %h, %y by [[i], [j]] : !norm.view<?x64xbf16>
      }
    }
  }
  norm.stage dims(j = 64, k = %chunks)
      schedule #norm.schedule<target = cpu, parallel = [j], lanes = [j], width = 16> {
    norm.instance {
      %total = norm.phase over [k] {
        %e = norm.load %p by [[k], [j]] : !norm.view<?x64xf32>
        norm.contribute add %e : f32
      } : f32
      norm.store %total, %s by [[j]] : !norm.view<64xf32>
    }
  }
}
