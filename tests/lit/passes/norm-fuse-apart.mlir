// RUN: norm-opt %s --norm-fuse -split-input-file -verify-diagnostics | FileCheck %s

// Rows, then columns: the second stage waits for all of the first.
// CHECK-LABEL: func.func @rows_and_columns
// CHECK-COUNT-2: norm.kernel
func.func @rows_and_columns(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  // expected-note@+1 {{from the kernel that it reads}}
  %h = norm.kernel dims(i = ?, j = 64) ins(%e = %x by [[i], [j]] : tensor<?x64xf32>) outs(by [[i], [j]] : tensor<?x64xf32>) {
    %m = norm.reduce max %e over [j] : f32
    %d = arith.subf %e, %m : f32
    norm.yield %d : f32
  }
  // expected-remark@+1 {{stays apart: expected one kernel of fewer than 2 stages, but got 2, since collectives of one wait for the other's}}
  %y = norm.kernel dims(i = ?, j = 64) ins(%e = %h by [[i], [j]] : tensor<?x64xf32>) outs(by [[i], [j]] : tensor<?x64xf32>) {
    %m = norm.reduce max %e over [i] : f32
    %d = arith.subf %e, %m : f32
    norm.yield %d : f32
  }
  return %y : tensor<?x64xf32>
}

// -----

// Column sums are taken by columns, however; what is elementwise should not be.
// CHECK-LABEL: func.func @columns
// CHECK-COUNT-2: norm.kernel
func.func @columns(%x: tensor<4096x64xf32>) -> tensor<4096x64xf32> {
  // expected-note@+1 {{from the kernel that it reads}}
  %s = norm.kernel dims(i = 4096, j = 64) ins(%e = %x by [[i], [j]] : tensor<4096x64xf32>) outs(by [[j]] : tensor<64xf32>) {
    %m = norm.reduce max %e over [i] : f32
    norm.yield %m : f32
  }
  // 2.5 (x + s) for the first and x + s + y for the second one; and 2.5 (x + y).
  // expected-remark@+1 {{stays apart: expected one kernel to move fewer than 4719488 bytes, but got 5242880}}
  %y = norm.kernel dims(i = 4096, j = 64) ins(%e = %x by [[i], [j]] : tensor<4096x64xf32>, %se = %s by [[j]] : tensor<64xf32>) outs(by [[i], [j]] : tensor<4096x64xf32>) {
    %d = arith.subf %e, %se : f32
    norm.yield %d : f32
  }
  return %y : tensor<4096x64xf32>
}

// -----

// Extents that have no common refinement.
// CHECK-LABEL: func.func @factors
// CHECK-COUNT-2: norm.kernel
func.func @factors(%x: tensor<4x6xf32>) -> tensor<3x8xf32> {
  // expected-note@+1 {{from the kernel that it reads}}
  %h = norm.kernel dims(p = 4, b = 6) ins(%e = %x by [[p], [b]] : tensor<4x6xf32>) outs(by [[p, b]] : tensor<24xf32>) {
    %d = arith.negf %e : f32
    norm.yield %d : f32
  }
  // expected-remark@+1 {{stays apart: expected axis 0 of what both touch to be one set of dims, but got [p = 4, b = 6] and [r = 3, q = 8]}}
  %y = norm.kernel dims(r = 3, q = 8) ins(%e = %h by [[r, q]] : tensor<24xf32>) outs(by [[r], [q]] : tensor<3x8xf32>) {
    %d = arith.negf %e : f32
    norm.yield %d : f32
  }
  return %y : tensor<3x8xf32>
}

// -----

// Which of two dynamic extents is how large, a joined axis doesn't tell.
// CHECK-LABEL: func.func @dynamic
// CHECK-COUNT-2: norm.kernel
func.func @dynamic(%x: tensor<?x?xf32>, %z: tensor<?x?xf32>) -> tensor<?x?xf32> {
  // expected-note@+1 {{from the kernel that it reads}}
  %h = norm.kernel dims(p = ?, b = ?) ins(%e = %x by [[p], [b]] : tensor<?x?xf32>) outs(by [[p, b]] : tensor<?xf32>) {
    %d = arith.negf %e : f32
    norm.yield %d : f32
  }
  // expected-remark@+1 {{stays apart: expected axis 0 of what both touch to be one set of dims, but got [p = ?, b = ?] and [r = ?, q = ?]}}
  %y = norm.kernel dims(r = ?, q = ?) ins(%e = %h by [[r, q]] : tensor<?xf32>, %ze = %z by [[r], [q]] : tensor<?x?xf32>) outs(by [[r], [q]] : tensor<?x?xf32>) {
    %d = arith.addf %e, %ze : f32
    norm.yield %d : f32
  }
  return %y : tensor<?x?xf32>
}

// -----

// One tensor read at two points of each row.
// CHECK-LABEL: func.func @twice
// CHECK-COUNT-2: norm.kernel
func.func @twice(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  // expected-note@+1 {{from the kernel that it reads}}
  %h = norm.kernel dims(i = 8, j = 8) ins(%e = %x by [[i], [j]] : tensor<8x8xf32>) outs(by [[i], [j]] : tensor<8x8xf32>) {
    %d = arith.negf %e : f32
    norm.yield %d : f32
  }
  // expected-remark@+1 {{stays apart: expected axis 0 of what both touch to be one set of dims, but got [i = 8] and [b = 8]}}
  %y = norm.kernel dims(a = 8, b = 8) ins(%e = %h by [[a], [b]] : tensor<8x8xf32>, %te = %h by [[b], [a]] : tensor<8x8xf32>) outs(by [[a], [b]] : tensor<8x8xf32>) {
    %d = arith.addf %e, %te : f32
    norm.yield %d : f32
  }
  return %y : tensor<8x8xf32>
}

// -----

// A kernel lies between: it reads of the first, and the second reads of it.
// CHECK-LABEL: func.func @between
// CHECK-COUNT-3: norm.kernel
func.func @between(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  // expected-note@+1 {{from the kernel that it reads}}
  %h = norm.kernel dims(i = ?, j = 64) ins(%e = %x by [[i], [j]] : tensor<?x64xf32>) outs(by [[i], [j]] : tensor<?x64xf32>) {
    %m = norm.reduce max %e over [j] : f32
    %d = arith.subf %e, %m : f32
    norm.yield %d : f32
  }
  // expected-remark@+2 {{stays apart: expected one kernel of fewer than 2 stages}}
  // expected-note@+1 {{from the kernel that it reads}}
  %s = norm.kernel dims(i = ?, j = 64) ins(%e = %h by [[i], [j]] : tensor<?x64xf32>) outs(by [[j]] : tensor<64xf32>) {
    %m = norm.reduce max %e over [i] : f32
    norm.yield %m : f32
  }
  // expected-remark@+2 {{stays apart: expected nothing between the two, but another kernel reads of one and is read by the other}}
  // expected-remark@+1 {{stays apart: expected one kernel of fewer than 2 stages}}
  %y = norm.kernel dims(i = ?, j = 64) ins(%e = %h by [[i], [j]] : tensor<?x64xf32>, %se = %s by [[j]] : tensor<64xf32>) outs(by [[i], [j]] : tensor<?x64xf32>) {
    %d = arith.subf %e, %se : f32
    %m = norm.reduce max %d over [j] : f32
    %o = arith.subf %d, %m : f32
    norm.yield %o : f32
  }
  return %y : tensor<?x64xf32>
}

// -----

// Readers of one tensor that run over more than that.
// CHECK-LABEL: func.func @siblings
// CHECK-COUNT-2: norm.kernel
func.func @siblings(%x: tensor<64x64xf32>) -> (tensor<64x64xf32>, tensor<64x64xf32>) {
  // expected-note@+1 {{from this other reader of a tensor}}
  %y = norm.kernel dims(i = 64, j = 64) ins(%e = %x by [[i], [j]] : tensor<64x64xf32>) outs(by [[i], [j]] : tensor<64x64xf32>) {
    %m = norm.reduce max %e over [j] : f32
    %d = arith.subf %e, %m : f32
    norm.yield %d : f32
  }
  // expected-remark@+1 {{stays apart: expected one kernel of fewer than 2 stages, but got 2}}
  %z = norm.kernel dims(i = 64, j = 64) ins(%e = %x by [[i], [j]] : tensor<64x64xf32>) outs(by [[i], [j]] : tensor<64x64xf32>) {
    %m = norm.reduce max %e over [i] : f32
    %d = arith.subf %e, %m : f32
    norm.yield %d : f32
  }
  return %y, %z : tensor<64x64xf32>, tensor<64x64xf32>
}

// -----

// A schedule is for the kernel that it stands on.
// CHECK-LABEL: func.func @scheduled
// CHECK-COUNT-2: norm.kernel
func.func @scheduled(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  // expected-note@+1 {{from the kernel that it reads}}
  %h = norm.kernel dims(i = ?, j = 64) ins(%e = %x by [[i], [j]] : tensor<?x64xf32>) outs(by [[i], [j]] : tensor<?x64xf32>)
      schedule [#norm.schedule<target = cpu, parallel = [i], lanes = [j]>] {
    %d = arith.negf %e : f32
    norm.yield %d : f32
  }
  // expected-remark@+1 {{stays apart: expected kernels whose schedules are not chosen yet, but got one that is}}
  %y = norm.kernel dims(i = ?, j = 64) ins(%e = %h by [[i], [j]] : tensor<?x64xf32>) outs(by [[i], [j]] : tensor<?x64xf32>) {
    %d = arith.negf %e : f32
    norm.yield %d : f32
  }
  return %y : tensor<?x64xf32>
}

// -----

// A collective over nothing but a dim of extent 1 would lose it.
// CHECK-LABEL: func.func @over_one
// CHECK-COUNT-2: norm.kernel
func.func @over_one(%x: tensor<4x1xf32>) -> tensor<4xf32> {
  // expected-note@+1 {{from the kernel that it reads}}
  %h = norm.kernel dims(i = 4, u = 1) ins(%e = %x by [[i], [u]] : tensor<4x1xf32>) outs(by [[i], [u]] : tensor<4x1xf32>) {
    %m = norm.reduce max %e over [u] : f32
    %d = arith.addf %e, %m : f32
    norm.yield %d : f32
  }
  // expected-remark@+1 {{stays apart: expected a collective over more than one point, but its dims have extent 1}}
  %y = norm.kernel dims(i = 4) ins(%e = %h by [[i], []] : tensor<4x1xf32>) outs(by [[i]] : tensor<4xf32>) {
    %d = arith.negf %e : f32
    norm.yield %d : f32
  }
  return %y : tensor<4xf32>
}

// -----

// More tensors side by side than prefetchers follow.
// CHECK-LABEL: func.func @streams
// CHECK-COUNT-2: norm.kernel
func.func @streams(%a: tensor<?xf32>, %b: tensor<?xf32>, %c: tensor<?xf32>, %d: tensor<?xf32>, %e: tensor<?xf32>, %f: tensor<?xf32>,
    %g: tensor<?xf32>, %h: tensor<?xf32>, %i: tensor<?xf32>, %j: tensor<?xf32>, %k: tensor<?xf32>, %l: tensor<?xf32>) -> tensor<?xf32> {
  // expected-note@+1 {{from the kernel that it reads}}
  %s = norm.kernel dims(n = ?) ins(%p = %a by [[n]] : tensor<?xf32>, %q = %b by [[n]] : tensor<?xf32>, %r = %c by [[n]] : tensor<?xf32>,
      %t = %d by [[n]] : tensor<?xf32>, %u = %e by [[n]] : tensor<?xf32>, %v = %f by [[n]] : tensor<?xf32>) outs(by [[n]] : tensor<?xf32>) {
    %0 = arith.addf %p, %q : f32
    %1 = arith.addf %r, %t : f32
    %2 = arith.addf %u, %v : f32
    %3 = arith.addf %0, %1 : f32
    %4 = arith.addf %2, %3 : f32
    norm.yield %4 : f32
  }
  // expected-remark@+1 {{stays apart: expected at most 12 large tensors side by side in one kernel, but got 13}}
  %y = norm.kernel dims(n = ?) ins(%p = %g by [[n]] : tensor<?xf32>, %q = %h by [[n]] : tensor<?xf32>, %r = %i by [[n]] : tensor<?xf32>,
      %t = %j by [[n]] : tensor<?xf32>, %u = %k by [[n]] : tensor<?xf32>, %v = %l by [[n]] : tensor<?xf32>, %w = %s by [[n]] : tensor<?xf32>) outs(by [[n]] : tensor<?xf32>) {
    %0 = arith.addf %p, %q : f32
    %1 = arith.addf %r, %t : f32
    %2 = arith.addf %u, %v : f32
    %3 = arith.addf %0, %1 : f32
    %4 = arith.addf %2, %3 : f32
    %5 = arith.addf %4, %w : f32
    norm.yield %5 : f32
  }
  return %y : tensor<?xf32>
}
