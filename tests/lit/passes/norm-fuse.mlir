// RUN: norm-opt %s --norm-fuse -split-input-file | FileCheck %s

// A producer goes into its consumer; what only that read is no longer written.
// Dims have the names of the kernel with collectives, and an operand of both is
// read once. Casts stay.
// CHECK-LABEL: func.func @chain
// CHECK: norm.kernel dims(i = ?, j = 64)
// CHECK-NEXT: ins(%[[X:.*]] = %arg0 by {{\[\[}}i], [j]] : tensor<?x64xbf16>)
// CHECK-NEXT: outs(by {{\[\[}}i], [j]] : tensor<?x64xbf16>)
// CHECK: %[[W:.*]] = arith.extf %[[X]]
// CHECK: %[[D:.*]] = arith.addf %[[W]], %[[W]] : f32
// CHECK: %[[H:.*]] = arith.truncf %[[D]] : f32 to bf16
// CHECK: %[[E:.*]] = arith.extf %[[H]] : bf16 to f32
// CHECK: %[[M:.*]] = norm.reduce mean %[[E]] over [j] : f32
// CHECK: %[[S:.*]] = arith.subf %[[W]], %[[M]] : f32
// CHECK: arith.truncf %[[S]]
// CHECK-NOT: norm.kernel
func.func @chain(%x: tensor<?x64xbf16>) -> tensor<?x64xbf16> {
  %h = norm.kernel dims(a = ?, b = 64) ins(%e = %x by [[a], [b]] : tensor<?x64xbf16>)
      outs(by [[a], [b]] : tensor<?x64xbf16>) {
    %w = arith.extf %e : bf16 to f32
    %d = arith.addf %w, %w : f32
    %t = arith.truncf %d : f32 to bf16
    norm.yield %t : bf16
  }
  %y = norm.kernel dims(i = ?, j = 64) ins(%he = %h by [[i], [j]] : tensor<?x64xbf16>, %xe = %x by [[i], [j]] : tensor<?x64xbf16>)
      outs(by [[i], [j]] : tensor<?x64xbf16>) {
    %w = arith.extf %he : bf16 to f32
    %m = norm.reduce mean %w over [j] : f32
    %v = arith.extf %xe : bf16 to f32
    %s = arith.subf %v, %m : f32
    %t = arith.truncf %s : f32 to bf16
    norm.yield %t : bf16
  }
  return %y : tensor<?x64xbf16>
}

// -----

// What others read stays a result; readers that stood before the merged kernel
// stand behind it. Here they go into it, too.
// CHECK-LABEL: func.func @several_readers
// CHECK: %[[F:.*]]:3 = norm.kernel dims(i = 4, j = 8)
// CHECK: %[[H:.*]] = arith.addf
// CHECK: %[[N:.*]] = arith.negf %[[H]]
// CHECK: %[[M:.*]] = norm.reduce max %[[H]] over [j]
// CHECK: norm.yield %[[M]], %[[H]], %[[N]]
// CHECK-NOT: norm.kernel
// CHECK: return %[[F]]#1, %[[F]]#2, %[[F]]#0
func.func @several_readers(%x: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4xf32>) {
  %h = norm.kernel dims(i = 4, j = 8) ins(%e = %x by [[i], [j]] : tensor<4x8xf32>) outs(by [[i], [j]] : tensor<4x8xf32>) {
    %s = arith.addf %e, %e : f32
    norm.yield %s : f32
  }
  %n = norm.kernel dims(i = 4, j = 8) ins(%e = %h by [[i], [j]] : tensor<4x8xf32>) outs(by [[i], [j]] : tensor<4x8xf32>) {
    %s = arith.negf %e : f32
    norm.yield %s : f32
  }
  %m = norm.kernel dims(i = 4, j = 8) ins(%e = %h by [[i], [j]] : tensor<4x8xf32>) outs(by [[i]] : tensor<4xf32>) {
    %s = norm.reduce max %e over [j] : f32
    norm.yield %s : f32
  }
  return %h, %n, %m : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4xf32>
}

// -----

// A dim that the other kernel has as joined ones is split everywhere: in maps,
// under collectives, and where its coordinate or its extent is asked for.
// CHECK-LABEL: func.func @split
// CHECK: norm.kernel dims(i = ?, g = 4, c = 8)
// CHECK-NEXT: ins(%{{.*}} = %arg0 by {{\[\[}}i], [g, c]] : tensor<?x32xf32>, %{{.*}} = %arg1 by {{\[\[}}g, c]] : tensor<32xf32>, %{{.*}} = %arg2 by {{\[\[}}g]] : tensor<4xf32>)
// CHECK-DAG: %[[G:.*]] = norm.index g
// CHECK-DAG: %[[C:.*]] = norm.index c
// CHECK-DAG: %[[NC:.*]] = norm.extent c
// CHECK-DAG: %[[OUTER:.*]] = arith.muli %[[G]], %[[NC]] : index
// CHECK-DAG: arith.addi %[[OUTER]], %[[C]] : index
// CHECK-DAG: %[[NG:.*]] = norm.extent g
// CHECK-DAG: arith.muli %[[NG]], %[[NC]] : index
// CHECK: norm.reduce add %{{.*}} over [g, c] where
// CHECK-NOT: norm.kernel
func.func @split(%x: tensor<?x32xf32>, %b: tensor<32xf32>, %s: tensor<4xf32>) -> tensor<?x32xf32> {
  %h = norm.kernel dims(i = ?, j = 32) ins(%e = %x by [[i], [j]] : tensor<?x32xf32>, %be = %b by [[j]] : tensor<32xf32>)
      outs(by [[i], [j]] : tensor<?x32xf32>) {
    %at = norm.index j
    %n = norm.extent j
    %first = arith.cmpi ult, %at, %n : index
    %t = norm.reduce add %e over [j] where %first : f32
    %d = arith.subf %e, %t : f32
    %o = arith.mulf %d, %be : f32
    norm.yield %o : f32
  }
  %y = norm.kernel dims(n = ?, g = 4, c = 8) ins(%e = %h by [[n], [g, c]] : tensor<?x32xf32>, %se = %s by [[g]] : tensor<4xf32>)
      outs(by [[n], [g, c]] : tensor<?x32xf32>) {
    %o = arith.mulf %e, %se : f32
    norm.yield %o : f32
  }
  return %y : tensor<?x32xf32>
}

// -----

// Different joins have a common refinement where extents factor: 4 x 6 and 8 x 3
// are 4 x 2 x 3.
// CHECK-LABEL: func.func @refinement
// CHECK: norm.kernel dims(p = 4, [[B:.*]] = 2, q = 3)
// CHECK-NEXT: ins(%{{.*}} = %arg0 by {{\[\[}}p], {{\[}}[[B]], q]] : tensor<4x6xf32>, %{{.*}} = %arg1 by {{\[\[}}p, [[B]]]] : tensor<8xf32>)
// CHECK-NEXT: outs(by {{\[\[}}p, [[B]]], [q]] : tensor<8x3xf32>)
// CHECK: norm.reduce max %{{.*}} over {{\[}}[[B]], q]
func.func @refinement(%x: tensor<4x6xf32>, %s: tensor<8xf32>) -> tensor<8x3xf32> {
  %h = norm.kernel dims(p = 4, b = 6) ins(%e = %x by [[p], [b]] : tensor<4x6xf32>) outs(by [[p, b]] : tensor<24xf32>) {
    %m = norm.reduce max %e over [b] : f32
    %d = arith.subf %e, %m : f32
    norm.yield %d : f32
  }
  %y = norm.kernel dims(r = 8, q = 3) ins(%e = %h by [[r, q]] : tensor<24xf32>, %se = %s by [[r]] : tensor<8xf32>) outs(by [[r], [q]] : tensor<8x3xf32>) {
    %o = arith.mulf %e, %se : f32
    norm.yield %o : f32
  }
  return %y : tensor<8x3xf32>
}

// -----

// Dims that nothing tells apart any more are one again.
// CHECK-LABEL: func.func @there_and_back
// CHECK: norm.kernel dims(i = 64, k = 8)
// CHECK-NEXT: ins(%{{.*}} = %arg0 by {{\[\[}}i], [k]] : tensor<64x8xf32>)
// CHECK-NEXT: outs(by {{\[\[}}i], [k]] : tensor<64x8xf32>)
// CHECK: norm.reduce max %{{.*}} over [i] : f32
// CHECK-NOT: norm.kernel
func.func @there_and_back(%x: tensor<64x8xf32>) -> tensor<64x8xf32> {
  %h = norm.kernel dims(b = 4, t = 16, d = 8) ins(%e = %x by [[b, t], [d]] : tensor<64x8xf32>) outs(by [[b], [t], [d]] : tensor<4x16x8xf32>) {
    norm.yield %e : f32
  }
  %y = norm.kernel dims(i = 4, j = 16, k = 8) ins(%e = %h by [[i], [j], [k]] : tensor<4x16x8xf32>) outs(by [[i, j], [k]] : tensor<64x8xf32>) {
    %m = norm.reduce max %e over [i, j] : f32
    %d = arith.subf %e, %m : f32
    norm.yield %d : f32
  }
  return %y : tensor<64x8xf32>
}

// -----

// A dim of extent 1 that the other kernel writes as none vanishes; an extent that
// one of them knows is known.
// CHECK-LABEL: func.func @one
// CHECK: norm.kernel dims(i = 4, j = 8)
// CHECK-NEXT: ins(%{{.*}} = %arg0 by {{\[\[}}i], [], [j]] : tensor<4x1x8xf32>)
// CHECK-NEXT: outs(by {{\[\[}}i], [j]] : tensor<?x8xf32>)
func.func @one(%x: tensor<4x1x8xf32>) -> tensor<?x8xf32> {
  %h = norm.kernel dims(i = 4, u = 1, j = 8) ins(%e = %x by [[i], [u], [j]] : tensor<4x1x8xf32>) outs(by [[i], [u], [j]] : tensor<?x1x8xf32>) {
    %d = arith.negf %e : f32
    norm.yield %d : f32
  }
  %y = norm.kernel dims(i = ?, j = 8) ins(%e = %h by [[i], [], [j]] : tensor<?x1x8xf32>) outs(by [[i], [j]] : tensor<?x8xf32>) {
    %m = norm.reduce max %e over [j] : f32
    %d = arith.subf %e, %m : f32
    norm.yield %d : f32
  }
  return %y : tensor<?x8xf32>
}

// -----

// Two readers of one tensor: what both compute is computed once.
// CHECK-LABEL: func.func @siblings
// CHECK: %[[F:.*]]:2 = norm.kernel dims(k = ?, l = 64)
// CHECK-NEXT: ins(%{{.*}} = %arg0 by {{\[\[}}k], [l]] : tensor<?x64xf32>, %[[G:.*]] = %arg1 by {{\[\[}}l]] : tensor<64xf32>, %[[H:.*]] = %arg2 by {{\[\[}}l]] : tensor<64xf32>)
// CHECK: %[[M:.*]] = norm.reduce mean
// CHECK-NOT: norm.reduce
// CHECK: %[[A:.*]] = arith.mulf %[[M]], %[[G]]
// CHECK: %[[B:.*]] = arith.mulf %[[M]], %[[H]]
// CHECK: norm.yield %[[A]], %[[B]]
// CHECK-NOT: norm.kernel
func.func @siblings(%x: tensor<?x64xf32>, %g: tensor<64xf32>, %h: tensor<64xf32>) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %y = norm.kernel dims(i = ?, j = 64) ins(%e = %x by [[i], [j]] : tensor<?x64xf32>, %ge = %g by [[j]] : tensor<64xf32>) outs(by [[i], [j]] : tensor<?x64xf32>) {
    %m = norm.reduce mean %e over [j] : f32
    %o = arith.mulf %m, %ge : f32
    norm.yield %o : f32
  }
  %z = norm.kernel dims(k = ?, l = 64) ins(%e = %x by [[k], [l]] : tensor<?x64xf32>, %he = %h by [[l]] : tensor<64xf32>) outs(by [[k], [l]] : tensor<?x64xf32>) {
    %m = norm.reduce mean %e over [l] : f32
    %o = arith.mulf %m, %he : f32
    norm.yield %o : f32
  }
  return %y, %z : tensor<?x64xf32>, tensor<?x64xf32>
}

// -----

// A norm of a norm over the same rows, and the input again.
// CHECK-LABEL: func.func @sandwich
// CHECK-COUNT-1: norm.kernel
// CHECK: norm.moments %{{.*}} over [j]
// CHECK: norm.moments %{{.*}} over [j]
// CHECK-NOT: norm.kernel
func.func @sandwich(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %y = norm.kernel dims(i = ?, j = 64) ins(%e = %x by [[i], [j]] : tensor<?x64xf32>) outs(by [[i], [j]] : tensor<?x64xf32>) {
    %n, %mean, %delta, %m2 = norm.moments %e over [j] : f32
    %o = arith.divf %e, %m2 : f32
    norm.yield %o : f32
  }
  %z = norm.kernel dims(i = ?, j = 64) ins(%e = %y by [[i], [j]] : tensor<?x64xf32>, %xe = %x by [[i], [j]] : tensor<?x64xf32>) outs(by [[i], [j]] : tensor<?x64xf32>) {
    %n, %mean, %delta, %m2 = norm.moments %e over [j] : f32
    %o = arith.divf %e, %m2 : f32
    %s = arith.addf %o, %xe : f32
    norm.yield %s : f32
  }
  return %z : tensor<?x64xf32>
}

// -----

// An operand that nothing reads, but that tells an extent, stays.
// CHECK-LABEL: func.func @extent
// CHECK: norm.kernel dims(i = ?, j = 8)
// CHECK-NEXT: ins(%{{.*}} = %arg1 by {{\[\[}}j]] : tensor<8xf32>, %{{.*}} = %arg0 by {{\[\[}}i], [j]] : tensor<?x8xf32>)
func.func @extent(%x: tensor<?x8xf32>, %g: tensor<8xf32>) -> tensor<?x8xf32> {
  %h = norm.kernel dims(i = ?, j = 8) ins(%e = %x by [[i], [j]] : tensor<?x8xf32>, %ge = %g by [[j]] : tensor<8xf32>) outs(by [[i], [j]] : tensor<?x8xf32>) {
    norm.yield %ge : f32
  }
  %y = norm.kernel dims(i = ?, j = 8) ins(%e = %h by [[i], [j]] : tensor<?x8xf32>) outs(by [[i], [j]] : tensor<?x8xf32>) {
    %d = arith.negf %e : f32
    norm.yield %d : f32
  }
  return %y : tensor<?x8xf32>
}

// -----

// Two splits of one axis into as many groups: their elements are as many, too,
// though nothing says how many.
// CHECK-LABEL: func.func @dynamic_groups
// CHECK: norm.kernel dims(g = 8, c = ?)
// CHECK-NOT: norm.kernel
func.func @dynamic_groups(%x: tensor<?xf32>) -> tensor<?xf32> {
  %h = norm.kernel dims(g1 = 8, c1 = ?) ins(%e = %x by [[g1, c1]] : tensor<?xf32>)
      outs(by [[g1, c1]] : tensor<?xf32>) {
    %d = arith.addf %e, %e : f32
    norm.yield %d : f32
  }
  %y = norm.kernel dims(g = 8, c = ?) ins(%e = %h by [[g, c]] : tensor<?xf32>)
      outs(by [[g, c]] : tensor<?xf32>) {
    %m = norm.reduce mean %e over [c] : f32
    %s = arith.subf %e, %m : f32
    norm.yield %s : f32
  }
  return %y : tensor<?xf32>
}

// -----

// Blocks of a row wait for its sum, so the two stages stay; but the second one
// computes again what lies between, and nothing is written there.
// CHECK-LABEL: func.func @blocks_of_rows
// CHECK: norm.kernel dims(i = ?, b = 64, k = 32)
// CHECK: norm.reduce add {{.*}} over [b, k]
// CHECK: norm.reduce max {{.*}} over [k]
// CHECK-NOT: norm.kernel
// CHECK: return
func.func @blocks_of_rows(%x: tensor<?x2048xf32>) -> (tensor<?x2048xf32>, tensor<?x64xf32>) {
  %n = norm.kernel dims(i = ?, j = 2048) ins(%e = %x by [[i], [j]] : tensor<?x2048xf32>)
      outs(by [[i], [j]] : tensor<?x2048xf32>) {
    %s = norm.reduce add %e over [j] : f32
    %d = arith.divf %e, %s : f32
    norm.yield %d : f32
  }
  %y, %m = norm.kernel dims(i = ?, b = 64, k = 32) ins(%e = %n by [[i], [b, k]] : tensor<?x2048xf32>)
      outs(by [[i], [b, k]] : tensor<?x2048xf32>, by [[i], [b]] : tensor<?x64xf32>) {
    %s = norm.reduce max %e over [k] : f32
    %d = arith.divf %e, %s : f32
    norm.yield %d, %s : f32, f32
  }
  return %y, %m : tensor<?x2048xf32>, tensor<?x64xf32>
}

// -----

// One kernel reads both summands twice, two would write and read what lies
// between: as many bytes, but a tensor less.
// CHECK-LABEL: func.func @blocks_of_sums
// CHECK: norm.kernel dims(i = ?, b = 64, k = 32)
// CHECK-NOT: norm.kernel
// CHECK: return
func.func @blocks_of_sums(%x: tensor<?x2048xf32>, %r: tensor<?x2048xf32>) -> tensor<?x2048xf32> {
  %n = norm.kernel dims(i = ?, j = 2048) ins(%e = %x by [[i], [j]] : tensor<?x2048xf32>, %f = %r by [[i], [j]] : tensor<?x2048xf32>)
      outs(by [[i], [j]] : tensor<?x2048xf32>) {
    %h = arith.addf %e, %f : f32
    %s = norm.reduce add %h over [j] : f32
    %d = arith.divf %h, %s : f32
    norm.yield %d : f32
  }
  %y = norm.kernel dims(i = ?, b = 64, k = 32) ins(%e = %n by [[i], [b, k]] : tensor<?x2048xf32>)
      outs(by [[i], [b, k]] : tensor<?x2048xf32>) {
    %s = norm.reduce max %e over [k] : f32
    %d = arith.divf %e, %s : f32
    norm.yield %d : f32
  }
  return %y : tensor<?x2048xf32>
}

// -----

// The same where the norm is a result: no tensor less then.
// CHECK-LABEL: func.func @blocks_of_kept_norms
// CHECK-COUNT-2: norm.kernel
func.func @blocks_of_kept_norms(%x: tensor<?x2048xf32>, %r: tensor<?x2048xf32>) -> (tensor<?x2048xf32>, tensor<?x2048xf32>) {
  %n = norm.kernel dims(i = ?, j = 2048) ins(%e = %x by [[i], [j]] : tensor<?x2048xf32>, %f = %r by [[i], [j]] : tensor<?x2048xf32>)
      outs(by [[i], [j]] : tensor<?x2048xf32>) {
    %h = arith.addf %e, %f : f32
    %s = norm.reduce add %h over [j] : f32
    %d = arith.divf %h, %s : f32
    norm.yield %d : f32
  }
  %y = norm.kernel dims(i = ?, b = 64, k = 32) ins(%e = %n by [[i], [b, k]] : tensor<?x2048xf32>)
      outs(by [[i], [b, k]] : tensor<?x2048xf32>) {
    %s = norm.reduce max %e over [k] : f32
    %d = arith.divf %e, %s : f32
    norm.yield %d : f32
  }
  return %n, %y : tensor<?x2048xf32>, tensor<?x2048xf32>
}
