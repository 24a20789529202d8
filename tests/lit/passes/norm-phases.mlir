// RUN: norm-opt %s --norm-schedule --norm-phases -split-input-file | FileCheck %s

// Softmax: two dependent collectives make three phases; x may be overwritten.
// CHECK-LABEL: norm.program @softmax
// CHECK: in_place = array<i64: 0, 1>
// CHECK: %[[ROWS:.*]] = norm.size %arg0[0]
// CHECK: norm.stage dims(i = %[[ROWS]], j = 64)
// CHECK: norm.instance
// CHECK: %[[MAX:.*]] = norm.phase over [j] keeps(%arg0
// CHECK: norm.contribute max
// CHECK: %[[SUM:.*]] = norm.phase over [j] keeps(%[[OWN:[0-9]*]]
// CHECK: arith.subf %{{.*}}, %[[MAX]]
// CHECK: math.exp
// CHECK: norm.store %{{.*}}, %[[OWN]] by
// CHECK: norm.contribute add
// CHECK: norm.phase over [j] {
// CHECK: norm.load %[[OWN]] by
// CHECK: arith.divf %{{.*}}, %[[SUM]]
// CHECK: norm.store %{{.*}}, %arg1 by {{\[\[}}i], [j]]
func.func @softmax(%a: tensor<?x64xf32> {norm.name = "x"}) -> (tensor<?x64xf32> {norm.name = "y"}) {
  %y = norm.kernel dims(i = ?, j = 64) ins(%x = %a by [[i], [j]] : tensor<?x64xf32>)
      outs(by [[i], [j]] : tensor<?x64xf32>) {
    %m = norm.reduce max %x over [j] : f32
    %d = arith.subf %x, %m : f32
    %e = math.exp %d : f32
    %s = norm.reduce add %e over [j] : f32
    %o = arith.divf %e, %s : f32
    norm.yield %o : f32
  }
  return %y : tensor<?x64xf32>
}

// -----

// A sum over rows beside a mean of rows: partial sums per chunk, started by a
// phase outside the instance, and combined by a second stage.
// CHECK-LABEL: norm.program @columns
// CHECK: %[[CHUNKS:.*]] = arith.ceildivui
// CHECK: %[[PART:.*]] = norm.scratch(%[[CHUNKS]], %{{.*}}) : !norm.view<?x?xf32>
// CHECK: norm.stage dims(i = %{{.*}}, j = %{{.*}}, k = %[[CHUNKS]]) chunks k
// CHECK: norm.phase over [j] {
// CHECK: norm.store %{{.*}}, %[[PART]] by {{\[\[}}k], [j]]
// CHECK: norm.instance
// CHECK: norm.contribute mean
// CHECK: norm.accumulate add %{{.*}}, %[[PART]] by {{\[\[}}k], [j]]
// CHECK: norm.stage
// CHECK: %[[SUM:.*]] = norm.phase over [k]
// CHECK: norm.load %[[PART]] by {{\[\[}}k], [j]]
// CHECK: norm.store %[[SUM]], %arg2 by {{\[\[}}j]]
func.func @columns(%a: tensor<?x?xf32>) -> (tensor<?x?xf32>, tensor<?xf32>) {
  %r:2 = norm.kernel dims(i = ?, j = ?) ins(%x = %a by [[i], [j]] : tensor<?x?xf32>)
      outs(by [[i], [j]] : tensor<?x?xf32>, by [[j]] : tensor<?xf32>) {
    %m = norm.reduce mean %x over [j] : f32
    %d = arith.subf %x, %m : f32
    %s = norm.reduce add %d over [i] : f32
    norm.yield %d, %s : f32, f32
  }
  return %r#0, %r#1 : tensor<?x?xf32>, tensor<?xf32>
}

// -----

// Collectives with different results: a stage each, whose result waits in
// scratch until the last one, which needs both, reads it.
// CHECK-LABEL: norm.program @different
// CHECK: %[[KEPT:.*]] = norm.scratch(
// CHECK: norm.stage
// CHECK: %[[ROW:.*]] = norm.phase over [j]
// CHECK: norm.store %[[ROW]], %[[KEPT]] by {{\[\[}}i]]
// CHECK: norm.stage
// CHECK: norm.phase over [i]
// CHECK: norm.load %[[KEPT]] by {{\[\[}}i]]
func.func @different(%a: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %r = norm.kernel dims(i = ?, j = ?) ins(%x = %a by [[i], [j]] : tensor<?x?xf32>)
      outs(by [[i], [j]] : tensor<?x?xf32>) {
    %m = norm.reduce mean %x over [j] : f32
    %c = norm.reduce max %x over [i] : f32
    %d = arith.subf %x, %m : f32
    %e = arith.subf %d, %c : f32
    norm.yield %e : f32
  }
  return %r : tensor<?x?xf32>
}

// -----

// Joined dims: the extent of the unknown one is the quotient. Two kernels: what
// is between them is scratch.
// CHECK-LABEL: norm.program @joined
// CHECK: %[[C:.*]] = norm.size %arg0[1]
// CHECK: %[[EIGHT:.*]] = arith.constant 8 : index
// CHECK: %[[PER:.*]] = arith.divui %[[C]], %[[EIGHT]] : index
// CHECK: %[[BETWEEN:.*]] = norm.scratch(
// CHECK: norm.stage dims(i = %{{.*}}, g = 8, c = %[[PER]])
// CHECK: norm.store %{{.*}}, %[[BETWEEN]]
// CHECK: norm.stage
// CHECK: norm.load %[[BETWEEN]]
func.func @joined(%a: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %r = norm.kernel dims(i = ?, g = 8, c = ?) ins(%x = %a by [[i], [g, c]] : tensor<?x?xf32>)
      outs(by [[i], [g, c]] : tensor<?x?xf32>) {
    %m = norm.reduce mean %x over [c] : f32
    %d = arith.subf %x, %m : f32
    norm.yield %d : f32
  }
  %q = norm.kernel dims(i = ?, j = ?) ins(%x = %r by [[i], [j]] : tensor<?x?xf32>)
      outs(by [[i], [j]] : tensor<?x?xf32>) {
    %d = arith.addf %x, %x : f32
    norm.yield %d : f32
  }
  return %q : tensor<?x?xf32>
}

// -----

// A partial of what is uniform over a row keeps its predicate; a second stage
// of partials has chunks of its own.
// CHECK-LABEL: norm.program @selected
// CHECK: norm.stage dims(i = %{{.*}}, j = 8, k = %{{.*}}) chunks k non_empty [j]
// CHECK: %[[SUM:.*]] = norm.phase over [j]
// CHECK: %[[P:.*]] = arith.cmpf ogt, %[[SUM]], %{{.*}} : f32
// CHECK: %[[TERM:.*]] = arith.select %[[P]], %[[SUM]], %{{.*}} : f32
// CHECK: norm.accumulate add %[[TERM]], %{{.*}} by {{\[\[}}k]]
// CHECK: norm.stage
// CHECK: norm.phase over [k]
func.func @selected(%a: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<f32>) {
  %r:2 = norm.kernel dims(i = ?, j = 8) ins(%x = %a by [[i], [j]] : tensor<?x8xf32>)
      outs(by [[i], [j]] : tensor<?x8xf32>, by [] : tensor<f32>) {
    %zero = arith.constant 0.0 : f32
    %s = norm.reduce add %x over [j] : f32
    %p = arith.cmpf ogt, %s, %zero : f32
    %t = norm.reduce add %s over [i] where %p : f32
    %y = arith.subf %x, %s : f32
    norm.yield %y, %t : f32, f32
  }
  return %r#0, %r#1 : tensor<?x8xf32>, tensor<f32>
}

// -----

// Rows of two arguments that meet in a third kernel: they have one extent, which
// is read off the first, and what lies between has it, too.
// CHECK-LABEL: norm.program @meet
// CHECK: %[[ROWS:.*]] = norm.size %arg0[0]
// CHECK-NOT: norm.size
// CHECK: norm.scratch(%[[ROWS]])
// CHECK: norm.stage dims(i = %[[ROWS]], j = 8)
// CHECK-NOT: norm.size
// CHECK: norm.stage dims(k = %[[ROWS]], j = 8)
// CHECK-NOT: norm.size
// CHECK: norm.stage dims(m = %[[ROWS]], j = 8)
func.func @meet(%a: tensor<?x8xf32>, %b: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %x = norm.kernel dims(i = ?, j = 8) ins(%e = %a by [[i], [j]] : tensor<?x8xf32>)
      outs(by [[i], [j]] : tensor<?x8xf32>) {
    %d = arith.addf %e, %e : f32
    norm.yield %d : f32
  }
  %y = norm.kernel dims(k = ?, j = 8) ins(%e = %b by [[k], [j]] : tensor<?x8xf32>)
      outs(by [[k], [j]] : tensor<?x8xf32>) {
    %d = arith.mulf %e, %e : f32
    norm.yield %d : f32
  }
  %z = norm.kernel dims(m = ?, j = 8)
      ins(%e = %x by [[m], [j]] : tensor<?x8xf32>, %f = %y by [[m], [j]] : tensor<?x8xf32>)
      outs(by [[m], [j]] : tensor<?x8xf32>) {
    %d = arith.addf %e, %f : f32
    norm.yield %d : f32
  }
  return %z : tensor<?x8xf32>
}

// -----

// Also where rows are joined with a known dim on the way, and split again.
// CHECK-LABEL: norm.program @rejoined
// CHECK: %[[ROWS:.*]] = norm.size %arg0[1]
// CHECK-NOT: norm.size
// CHECK: norm.stage dims(i = 2, k = %[[ROWS]])
// CHECK-NOT: norm.size
// CHECK: norm.stage dims(i = 2, m = %{{.*}})
// CHECK-NOT: norm.size %arg1
func.func @rejoined(%a: tensor<2x?xf32>, %b: tensor<2x?xf32>) -> tensor<2x?xf32> {
  %x = norm.kernel dims(i = 2, k = ?) ins(%e = %b by [[i], [k]] : tensor<2x?xf32>)
      outs(by [[i, k]] : tensor<?xf32>) {
    %d = arith.addf %e, %e : f32
    norm.yield %d : f32
  }
  %y = norm.kernel dims(i = 2, m = ?) ins(%e = %x by [[i, m]] : tensor<?xf32>)
      outs(by [[i], [m]] : tensor<2x?xf32>) {
    %d = arith.mulf %e, %e : f32
    norm.yield %d : f32
  }
  %z = norm.kernel dims(i = 2, n = ?)
      ins(%e = %y by [[i], [n]] : tensor<2x?xf32>, %f = %a by [[i], [n]] : tensor<2x?xf32>)
      outs(by [[i], [n]] : tensor<2x?xf32>) {
    %d = arith.addf %e, %f : f32
    norm.yield %d : f32
  }
  return %z : tensor<2x?xf32>
}

// -----

// A result per row is written at the row's end, so that the mean may still wait
// for the phase that the maximum comes before: x is read three times, not four.
// CHECK-LABEL: norm.program @saved_mean
// CHECK: %[[MAX:.*]] = norm.phase over [j]
// CHECK: norm.contribute max %{{.*}} : f32
// CHECK: %[[SUMS:.*]]:2 = norm.phase over [j]
// CHECK: norm.contribute mean %{{.*}}, add %{{.*}} : f32, f32
// CHECK: norm.phase over [j]
// CHECK: norm.store %[[SUMS]]#0, %arg2 by {{\[\[}}i]]
func.func @saved_mean(%x: tensor<?x4096xf32>) -> (tensor<?x4096xf32>, tensor<?xf32>) {
  %y:2 = norm.kernel dims(i = ?, j = 4096) ins(%xe = %x by [[i], [j]] : tensor<?x4096xf32>)
      outs(by [[i], [j]] : tensor<?x4096xf32>, by [[i]] : tensor<?xf32>) {
    %max = norm.reduce max %xe over [j] : f32
    %mean = norm.reduce mean %xe over [j] : f32
    %d = arith.subf %xe, %max : f32
    %sum = norm.reduce add %d over [j] : f32
    %m = arith.mulf %mean, %sum : f32
    %o = arith.mulf %xe, %m : f32
    norm.yield %o, %mean : f32, f32
  }
  return %y#0, %y#1 : tensor<?x4096xf32>, tensor<?xf32>
}

// -----

// The sum of a residual is formed in both phases. It is written in the last, after
// which nobody reads the residual: the sum may take its buffer, or x's.
// CHECK-LABEL: norm.program @sum_in_place
// CHECK: in_place = array<i64: 0, 3, 1, 3>
// CHECK: norm.phase over [j]
// CHECK-NOT: norm.store
// CHECK: norm.contribute add
// CHECK: norm.phase over [j]
// CHECK: norm.store %{{.*}}, %arg2
// CHECK: norm.store %{{.*}}, %arg3
func.func @sum_in_place(%x: tensor<?x64xf32>, %r: tensor<?x64xf32>) -> (tensor<?x64xf16>, tensor<?x64xf32>) {
  %y:2 = norm.kernel dims(i = ?, j = 64)
      ins(%xe = %x by [[i], [j]] : tensor<?x64xf32>, %re = %r by [[i], [j]] : tensor<?x64xf32>)
      outs(by [[i], [j]] : tensor<?x64xf16>, by [[i], [j]] : tensor<?x64xf32>) {
    %h = arith.addf %xe, %re : f32
    %s = norm.reduce add %h over [j] : f32
    %o = arith.mulf %h, %s : f32
    %o16 = arith.truncf %o : f32 to f16
    norm.yield %o16, %h : f16, f32
  }
  return %y#0, %y#1 : tensor<?x64xf16>, tensor<?x64xf32>
}

// -----

// A costly output that has no room elsewhere is computed once: the phase that sums it writes it, and the last
// one reads it back. It may take x's buffer all the same.
// CHECK-LABEL: norm.program @tanh_kept
// CHECK: in_place = array<i64: 0, 2>
// CHECK: norm.phase over [j]
// CHECK-SAME: keeps(%arg2 :
// CHECK: math.tanh
// CHECK: norm.store %{{.*}}, %arg2
// CHECK: norm.contribute add
// CHECK: norm.phase over [j]
// CHECK-NOT: math.tanh
// CHECK: norm.load %arg2
// CHECK: norm.store %{{.*}}, %arg1
func.func @tanh_kept(%x: tensor<?x32768xf32>) -> (tensor<?x32768xf16>, tensor<?x32768xf32>) {
  %y:2 = norm.kernel dims(i = ?, j = 32768) ins(%xe = %x by [[i], [j]] : tensor<?x32768xf32>)
      outs(by [[i], [j]] : tensor<?x32768xf16>, by [[i], [j]] : tensor<?x32768xf32>) {
    %h = math.tanh %xe : f32
    %s = norm.reduce add %h over [j] : f32
    %o = arith.mulf %h, %s : f32
    %o16 = arith.truncf %o : f32 to f16
    norm.yield %o16, %h : f16, f32
  }
  return %y#0, %y#1 : tensor<?x32768xf16>, tensor<?x32768xf32>
}

// -----

// What no later phase computes is written where it is.
// CHECK-LABEL: norm.program @square_beside
// CHECK: norm.phase over [j]
// CHECK: norm.store %{{.*}}, %arg2
// CHECK: norm.contribute add
// CHECK: norm.phase over [j]
// CHECK: norm.store %{{.*}}, %arg1
func.func @square_beside(%x: tensor<?x64xf32>) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %y:2 = norm.kernel dims(i = ?, j = 64) ins(%xe = %x by [[i], [j]] : tensor<?x64xf32>)
      outs(by [[i], [j]] : tensor<?x64xf32>, by [[i], [j]] : tensor<?x64xf32>) {
    %q = arith.mulf %xe, %xe : f32
    %s = norm.reduce add %q over [j] : f32
    %o = arith.mulf %xe, %s : f32
    norm.yield %o, %q : f32, f32
  }
  return %y#0, %y#1 : tensor<?x64xf32>, tensor<?x64xf32>
}

// -----

// What is joined, taken apart and joined again has the extent that it had.
// CHECK-LABEL: norm.program @regrouped
// CHECK: %[[W:.*]] = norm.size %arg0[0]
// CHECK: %[[I:.*]] = arith.divui %[[W]], %{{.*}} : index
// CHECK-NOT: arith.muli
// CHECK-NOT: arith.divui
// CHECK: norm.scratch(%[[W]]) : !norm.view<?xf32>
// CHECK-NOT: arith.muli
func.func @regrouped(%x: tensor<?xf32> {norm.name = "x"}) -> (tensor<?xf32> {norm.name = "y"}) {
  %a = norm.kernel dims(i = ?, j = 33) ins(%e = %x by [[i, j]] : tensor<?xf32>) outs(by [[i, j]] : tensor<?xf32>)
      schedule [#norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 8>] {
    norm.yield %e : f32
  }
  %y = norm.kernel dims(i = ?, j = 33) ins(%e = %a by [[i, j]] : tensor<?xf32>) outs(by [[i, j]] : tensor<?xf32>)
      schedule [#norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 8>] {
    norm.yield %e : f32
  }
  return %y : tensor<?xf32>
}

// -----

// A block's scale waits for the row's root: the row's stage leaves the root, not
// the sum that each block would make it of again.
// CHECK-LABEL: norm.program @blocks
// CHECK: %[[LEFT:.*]] = norm.scratch(%{{.*}}) : !norm.view<?xf32>
// CHECK-NOT: norm.scratch
// CHECK: %[[ROOT:.*]] = math.rsqrt
// CHECK: norm.store %[[ROOT]], %[[LEFT]] by {{\[\[}}i]]
// CHECK: norm.stage
// CHECK: norm.load %[[LEFT]] by {{\[\[}}i]]
// CHECK-NOT: math.rsqrt
func.func @blocks(%x: tensor<?x4096xf32>) -> tensor<?x4096xi8> {
  %y = norm.kernel dims(i = ?, b = 64, k = 64) ins(%e = %x by [[i], [b, k]] : tensor<?x4096xf32>)
      outs(by [[i], [b, k]] : tensor<?x4096xi8>) {
    %sq = arith.mulf %e, %e : f32
    %ms = norm.reduce mean %sq over [b, k] : f32
    %r = math.rsqrt %ms : f32
    %n = arith.mulf %e, %r : f32
    %a = math.absf %n : f32
    %m = norm.reduce max %a over [k] : f32
    %d = arith.divf %n, %m : f32
    %q = arith.fptosi %d : f32 to i8
    norm.yield %q : i8
  }
  return %y : tensor<?x4096xi8>
}

// -----

// But not more values than there are sums: of two roots of one sum, the sum.
// CHECK-LABEL: norm.program @two_roots
// CHECK: %[[LEFT:.*]] = norm.scratch(%{{.*}}) : !norm.view<?xf32>
// CHECK-NOT: norm.scratch
// CHECK: %[[SUM:.*]] = norm.phase
// CHECK: norm.store %[[SUM]], %[[LEFT]] by {{\[\[}}i]]
// CHECK: norm.stage
// CHECK: math.rsqrt
func.func @two_roots(%x: tensor<?x4096xf32>) -> tensor<?x4096xf32> {
  %y = norm.kernel dims(i = ?, b = 64, k = 64) ins(%e = %x by [[i], [b, k]] : tensor<?x4096xf32>)
      outs(by [[i], [b, k]] : tensor<?x4096xf32>) {
    %sq = arith.mulf %e, %e : f32
    %ms = norm.reduce mean %sq over [b, k] : f32
    %r = math.rsqrt %ms : f32
    %s = math.sqrt %ms : f32
    %n = arith.mulf %e, %r : f32
    %t = arith.addf %n, %s : f32
    %m = norm.reduce max %t over [k] : f32
    %d = arith.divf %n, %m : f32
    norm.yield %d : f32
  }
  return %y : tensor<?x4096xf32>
}

// -----

// A tanh that a sum and a result need is computed once: 2 instances at a time
// leave it for their last phases.
// CHECK-LABEL: norm.program @function
// CHECK: %[[OWN:.*]] = norm.scratch local 2(%{{.*}}) : !norm.view<?x64xf32, strides [0, 1]>
// CHECK: norm.phase over [j]
// CHECK-NOT: math.tanh
// CHECK: norm.phase over [j] keeps
// CHECK: %[[T:.*]] = math.tanh
// CHECK: norm.store %[[T]], %[[OWN]] by {{\[\[}}i], [j]]
// CHECK-NOT: math.tanh
// CHECK: norm.load %[[OWN]] by {{\[\[}}i], [j]]
// CHECK-NOT: math.tanh
// Two blocks of rows have theirs at once where the first phase computes it.
// CHECK-LABEL: norm.program @at_first
// CHECK: norm.scratch local 4(%{{.*}}) : !norm.view<?x64xf32, strides [0, 1]>
// What does not fit is computed twice.
// CHECK-LABEL: norm.program @too_long
// CHECK-NOT: norm.scratch
// CHECK: math.tanh
// CHECK: math.tanh
func.func @function(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %y = norm.kernel dims(i = ?, j = 64) ins(%e = %x by [[i], [j]] : tensor<?x64xf32>)
      outs(by [[i], [j]] : tensor<?x64xf32>)
      schedule [#norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 8, rows = 2>] {
    %m = norm.reduce max %e over [j] : f32
    %d = arith.subf %e, %m : f32
    %t = math.tanh %d : f32
    %s = norm.reduce add %t over [j] : f32
    %o = arith.mulf %t, %s : f32
    norm.yield %o : f32
  }
  return %y : tensor<?x64xf32>
}
func.func @at_first(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %y = norm.kernel dims(i = ?, j = 64) ins(%e = %x by [[i], [j]] : tensor<?x64xf32>)
      outs(by [[i], [j]] : tensor<?x64xf32>)
      schedule [#norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 8, rows = 2>] {
    %t = math.tanh %e : f32
    %s = norm.reduce add %t over [j] : f32
    %o = arith.mulf %t, %s : f32
    norm.yield %o : f32
  }
  return %y : tensor<?x64xf32>
}
func.func @too_long(%x: tensor<?x32768xf32>) -> tensor<?x32768xf32> {
  %y = norm.kernel dims(i = ?, j = 32768) ins(%e = %x by [[i], [j]] : tensor<?x32768xf32>)
      outs(by [[i], [j]] : tensor<?x32768xf32>)
      schedule [#norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 8>] {
    %t = math.tanh %e : f32
    %s = norm.reduce add %t over [j] : f32
    %o = arith.mulf %t, %s : f32
    norm.yield %o : f32
  }
  return %y : tensor<?x32768xf32>
}

// -----

// A sample of nothing takes no bytes, however long the axis behind it is.
// CHECK-LABEL: norm.program @nothing
// CHECK: norm.stage dims(i = 2, j = 0, k = 3)
func.func @nothing(%x: tensor<2x0x3xf32>) -> tensor<2x0x3xf32> {
  %y = norm.kernel dims(i = 2, j = 0, k = 3)
      ins(%e = %x by [[i], [j], [k]] : tensor<2x0x3xf32>)
      outs(by [[i], [j], [k]] : tensor<2x0x3xf32>)
      schedule [#norm.schedule<target = cpu, parallel = [i], lanes = [k], width = 8>] {
    %n = arith.negf %e : f32
    norm.yield %n : f32
  }
  return %y : tensor<2x0x3xf32>
}

// -----

// Samples of the second stage, planes of all images, are none of the first one's,
// which are images, though there are as many: the second waits for all of the
// first. So its chunks stay as they are.
// CHECK-LABEL: norm.program @other_samples
// CHECK: schedule #norm.schedule<{{.*}}parallel = [k, j], {{.*}}chunk = 7,
func.func @other_samples(%x: tensor<2x2x1024xf32>) -> (tensor<2x2x1024xf32>, tensor<2x1024xf32>) {
  %y:2 = norm.kernel dims(i = 2, k = 2, j = 1024)
      ins(%e = %x by [[i], [k], [j]] : tensor<2x2x1024xf32>)
      outs(by [[i], [k], [j]] : tensor<2x2x1024xf32>, by [[k], [j]] : tensor<2x1024xf32>)
      schedule [#norm.schedule<target = cpu, parallel = [i, k], lanes = [j], width = 8, resident = 524288>,
                #norm.schedule<target = cpu, parallel = [k, j], lanes = [j], width = 8, chunk = 7, resident = 524288>] {
    %m = norm.reduce max %e over [j] : f32
    %d = arith.subf %e, %m : f32
    %s = norm.reduce max %d over [i] : f32
    norm.yield %d, %s : f32, f32
  }
  return %y#0, %y#1 : tensor<2x2x1024xf32>, tensor<2x1024xf32>
}
