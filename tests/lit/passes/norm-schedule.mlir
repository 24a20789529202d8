// RUN: norm-opt %s --norm-schedule -split-input-file | FileCheck %s
// RUN: norm-opt %s --norm-schedule=vector-bits=256 -split-input-file | FileCheck %s --check-prefix=AVX2
// RUN: norm-opt %s --norm-schedule=target=gpu -split-input-file | FileCheck %s --check-prefix=GPU
// RUN: not norm-opt %s --norm-schedule=target=tpu -split-input-file 2>&1 | FileCheck %s --check-prefix=BAD
// BAD: expected target cpu or gpu, but got tpu

// Rows: instances are rows, lanes run along them. Where 16-bit values are read,
// and nothing is written along the lanes, a whole vector of them is two of what
// they are computed in.
// CHECK-LABEL: func.func @rows
// CHECK: schedule [#norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 32, unroll = 4, chunk = {{[0-9]+}}, resident = 524288,
// AVX2-LABEL: func.func @rows
// AVX2: parallel = [i], lanes = [j], width = 16, unroll = 4
// A thread loads 16 bytes of the bf16 operand.
// GPU-LABEL: func.func @rows
// GPU: target = gpu, parallel = [i], lanes = [j], width = 8, threads = 128
func.func @rows(%a: tensor<?x4096xbf16>) -> tensor<?xf32> {
  %r = norm.kernel dims(i = ?, j = 4096) ins(%x = %a by [[i], [j]] : tensor<?x4096xbf16>)
      outs(by [[i]] : tensor<?xf32>) {
    %w = arith.extf %x : bf16 to f32
    %s = norm.reduce mean %w over [j] : f32
    norm.yield %s : f32
  }
  return %r : tensor<?xf32>
}

// -----

// A short dim bounds the width; unrolling stops at what it holds.
// CHECK-LABEL: func.func @short
// CHECK: lanes = [j], width = 8, chunk
func.func @short(%a: tensor<?x7xf32>) -> tensor<?xf32> {
  %r = norm.kernel dims(i = ?, j = 7) ins(%x = %a by [[i], [j]] : tensor<?x7xf32>)
      outs(by [[i]] : tensor<?xf32>) {
    %s = norm.reduce mean %x over [j] : f32
    norm.yield %s : f32
  }
  return %r : tensor<?xf32>
}

// -----

// Columns alone: lanes run along the columns, which are the instances.
// CHECK-LABEL: func.func @columns
// CHECK: parallel = [j], lanes = [j], width = 16, unroll = 8
func.func @columns(%a: tensor<?x?xf32>) -> tensor<?xf32> {
  %r = norm.kernel dims(i = ?, j = ?) ins(%x = %a by [[i], [j]] : tensor<?x?xf32>)
      outs(by [[j]] : tensor<?xf32>) {
    %s = norm.reduce add %x over [i] : f32
    norm.yield %s : f32
  }
  return %r : tensor<?xf32>
}

// -----

// Rows that wait for their mean, and column sums: partial sums of 256 rows, and
// a stage that combines them. f64 halves the width, and carries every vector.
// CHECK-LABEL: func.func @both
// CHECK: schedule [#norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 8, chunk = 256,
// CHECK-SAME: #norm.schedule<target = cpu, parallel = [j], lanes = [j], width = 8, chunk
func.func @both(%a: tensor<?x?xf64>) -> (tensor<?x?xf64>, tensor<?xf64>) {
  %r:2 = norm.kernel dims(i = ?, j = ?) ins(%x = %a by [[i], [j]] : tensor<?x?xf64>)
      outs(by [[i], [j]] : tensor<?x?xf64>, by [[j]] : tensor<?xf64>) {
    %m = norm.reduce mean %x over [j] : f64
    %d = arith.subf %x, %m : f64
    %s = norm.reduce add %d over [i] : f64
    norm.yield %d, %s : f64, f64
  }
  return %r#0, %r#1 : tensor<?x?xf64>, tensor<?xf64>
}

// -----

// A whole vector of 16-bit results is two of what they are computed in.
// CHECK-LABEL: func.func @halves
// CHECK: schedule [#norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 32, unroll = 4,
// CHECK-SAME: stream = 4194304, prefetch = 1
func.func @halves(%a: tensor<?x4096xbf16>) -> tensor<?x4096xbf16> {
  %r = norm.kernel dims(i = ?, j = 4096) ins(%x = %a by [[i], [j]] : tensor<?x4096xbf16>)
      outs(by [[i], [j]] : tensor<?x4096xbf16>) {
    %w = arith.extf %x : bf16 to f32
    %s = norm.reduce mean %w over [j] : f32
    %d = arith.subf %w, %s : f32
    %y = arith.truncf %d : f32 to bf16
    norm.yield %y : bf16
  }
  return %r : tensor<?x4096xbf16>
}

// -----

// Without collectives an instance is still a row of some length, not a vector:
// finding out where it lies costs divisions.
// CHECK-LABEL: func.func @elementwise
// CHECK: schedule [#norm.schedule<target = cpu, parallel = [n, c], lanes = [w], width = 16,
// CHECK-SAME: stream = {{[1-9]}}
// CHECK-NOT: prefetch =
func.func @elementwise(%a: tensor<?x16x56x56xf32>) -> tensor<?x16x56x56xf32> {
  %r = norm.kernel dims(n = ?, c = 16, h = 56, w = 56)
      ins(%x = %a by [[n], [c], [h], [w]] : tensor<?x16x56x56xf32>)
      outs(by [[n], [c], [h], [w]] : tensor<?x16x56x56xf32>) {
    %d = arith.mulf %x, %x : f32
    norm.yield %d : f32
  }
  return %r : tensor<?x16x56x56xf32>
}

// -----

// The outer part of channels, named first, counts blocks: each passes all of the
// samples before the next, which are fetched meanwhile.
// CHECK-LABEL: func.func @channel_blocks
// CHECK: schedule [#norm.schedule<target = cpu, parallel = [co, ci], lanes = [s],
// CHECK-SAME: prefetch = 32
// CHECK: schedule [#norm.schedule<target = cpu, parallel = [co, n], lanes = [s],
// CHECK-SAME: prefetch = 32, rows = 4
func.func @channel_blocks(%x: tensor<32x2048x49xf32>) -> (tensor<64x32xf32>, tensor<32x2048x49xf32>) {
  %m = norm.kernel dims(co = 64, n = 32, ci = 32, s = 49)
      ins(%xe = %x by [[n], [co, ci], [s]] : tensor<32x2048x49xf32>)
      outs(by [[co], [ci]] : tensor<64x32xf32>) {
    %sum = norm.reduce add %xe over [n, s] : f32
    norm.yield %sum : f32
  }
  %y = norm.kernel dims(co = 64, n = 32, ci = 32, s = 49)
      ins(%xe = %x by [[n], [co, ci], [s]] : tensor<32x2048x49xf32>, %me = %m by [[co], [ci]] : tensor<64x32xf32>)
      outs(by [[n], [co, ci], [s]] : tensor<32x2048x49xf32>) {
    %d = arith.subf %xe, %me : f32
    norm.yield %d : f32
  }
  return %m, %y : tensor<64x32xf32>, tensor<32x2048x49xf32>
}

// -----

// A schedule that is already there stays.
// CHECK-LABEL: func.func @kept
// CHECK: schedule [#norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4, unroll = 2>]
func.func @kept(%a: tensor<?x64xf32>) -> tensor<?xf32> {
  %r = norm.kernel dims(i = ?, j = 64) ins(%x = %a by [[i], [j]] : tensor<?x64xf32>)
      outs(by [[i]] : tensor<?xf32>)
      schedule [#norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4, unroll = 2>] {
    %s = norm.reduce mean %x over [j] : f32
    norm.yield %s : f32
  }
  return %r : tensor<?xf32>
}

// -----

// Of f32, values that are written in 8 bits take one register each, and not two
// as those of bf16 do: their bodies are long.
// CHECK-LABEL: func.func @eight_bits_of_f32
// CHECK: lanes = [j], width = 16, unroll = 4
// AVX2-LABEL: func.func @eight_bits_of_f32
// AVX2: lanes = [j], width = 8, unroll = 4
func.func @eight_bits_of_f32(%x: tensor<?x4096xf32>) -> tensor<?x4096xf8E5M2> {
  %y = norm.kernel dims(i = ?, j = 4096) ins(%e = %x by [[i], [j]] : tensor<?x4096xf32>)
      outs(by [[i], [j]] : tensor<?x4096xf8E5M2>) {
    %m = norm.reduce max %e over [j] : f32
    %d = arith.divf %e, %m : f32
    %s = norm.reduce max %d over [j] : f32
    %f = arith.divf %d, %s : f32
    %q = arith.truncf %f : f32 to f8E5M2
    norm.yield %q : f8E5M2
  }
  return %y : tensor<?x4096xf8E5M2>
}

// -----

// CHECK-LABEL: func.func @eight_bits_of_bf16
// CHECK: lanes = [j], width = 32, unroll = 4
func.func @eight_bits_of_bf16(%x: tensor<?x4096xbf16>) -> tensor<?x4096xf8E5M2> {
  %y = norm.kernel dims(i = ?, j = 4096) ins(%e = %x by [[i], [j]] : tensor<?x4096xbf16>)
      outs(by [[i], [j]] : tensor<?x4096xf8E5M2>) {
    %w = arith.extf %e : bf16 to f32
    %m = norm.reduce max %w over [j] : f32
    %d = arith.divf %w, %m : f32
    %q = arith.truncf %d : f32 to f8E5M2
    norm.yield %q : f8E5M2
  }
  return %y : tensor<?x4096xf8E5M2>
}

// -----

// Rows that share their scale go four at a time: an instance is a whole image
// where there are many, else a row of them, as long as it takes.
// CHECK-LABEL: func.func @shared
// CHECK: schedule [#norm.schedule<target = cpu, parallel = [n], lanes = [c], width = 16, {{.*}}rows = 4,
// CHECK-LABEL: func.func @shared_by_few
// CHECK: schedule [#norm.schedule<target = cpu, parallel = [n, h], lanes = [c], width = 16, {{.*}}rows = 4,
func.func @shared(%a: tensor<32x14x14x1024xf32>, %s: tensor<1024xf32>) -> tensor<32x14x14x1024xf32> {
  %r = norm.kernel dims(n = 32, h = 14, w = 14, c = 1024)
      ins(%x = %a by [[n], [h], [w], [c]] : tensor<32x14x14x1024xf32>, %g = %s by [[c]] : tensor<1024xf32>)
      outs(by [[n], [h], [w], [c]] : tensor<32x14x14x1024xf32>) {
    %y = arith.mulf %x, %g : f32
    norm.yield %y : f32
  }
  return %r : tensor<32x14x14x1024xf32>
}
func.func @shared_by_few(%a: tensor<2x14x14x1024xf32>, %s: tensor<1024xf32>) -> tensor<2x14x14x1024xf32> {
  %r = norm.kernel dims(n = 2, h = 14, w = 14, c = 1024)
      ins(%x = %a by [[n], [h], [w], [c]] : tensor<2x14x14x1024xf32>, %g = %s by [[c]] : tensor<1024xf32>)
      outs(by [[n], [h], [w], [c]] : tensor<2x14x14x1024xf32>) {
    %y = arith.mulf %x, %g : f32
    norm.yield %y : f32
  }
  return %r : tensor<2x14x14x1024xf32>
}

// -----

// Blocks with a scale of their own are straight code, two of them at a time, and
// need no prefetch.
// CHECK-LABEL: func.func @blocks
// CHECK: parallel = [i, b], lanes = [k], width = 32, unroll = 2, {{.*}}resident = {{[0-9]+}}, rows = 2,
func.func @blocks(%x: tensor<?x4096xbf16>) -> tensor<?x4096xi8> {
  %y = norm.kernel dims(i = ?, b = 64, k = 64) ins(%e = %x by [[i], [b, k]] : tensor<?x4096xbf16>)
      outs(by [[i], [b, k]] : tensor<?x4096xi8>) {
    %w = arith.extf %e : bf16 to f32
    %a = math.absf %w : f32
    %m = norm.reduce max %a over [k] : f32
    %d = arith.divf %w, %m : f32
    %q = arith.fptosi %d : f32 to i8
    norm.yield %q : i8
  }
  return %y : tensor<?x4096xi8>
}

// -----

// Planes of 7x7 are pieces of a row, which all images give the same values: four
// images go together, and a chunk has as many.
// CHECK-LABEL: func.func @shared_pieces
// CHECK: schedule [#norm.schedule<target = cpu, parallel = [n], lanes = [s], width = 16, chunk = 4, {{.*}}rows = 4,
// With a value for each plane of each image, or so few images, they don't.
// CHECK-LABEL: func.func @own_pieces
// CHECK: schedule [#norm.schedule<target = cpu, parallel = [n], lanes = [s], width = 16,
// CHECK-NOT: rows =
// CHECK-LABEL: func.func @pieces_of_one
func.func @shared_pieces(%a: tensor<32x2048x49xf32>, %s: tensor<2048xf32>) -> tensor<32x2048x49xf32> {
  %r = norm.kernel dims(n = 32, c = 2048, s = 49)
      ins(%x = %a by [[n], [c], [s]] : tensor<32x2048x49xf32>, %g = %s by [[c]] : tensor<2048xf32>)
      outs(by [[n], [c], [s]] : tensor<32x2048x49xf32>) {
    %y = arith.mulf %x, %g : f32
    norm.yield %y : f32
  }
  return %r : tensor<32x2048x49xf32>
}
func.func @own_pieces(%a: tensor<32x2048x49xf32>, %s: tensor<32x2048xf32>) -> tensor<32x2048x49xf32> {
  %r = norm.kernel dims(n = 32, c = 2048, s = 49)
      ins(%x = %a by [[n], [c], [s]] : tensor<32x2048x49xf32>, %g = %s by [[n], [c]] : tensor<32x2048xf32>)
      outs(by [[n], [c], [s]] : tensor<32x2048x49xf32>) {
    %y = arith.mulf %x, %g : f32
    norm.yield %y : f32
  }
  return %r : tensor<32x2048x49xf32>
}
func.func @pieces_of_one(%a: tensor<1x2048x49xf32>, %s: tensor<2048xf32>) -> tensor<1x2048x49xf32> {
  %r = norm.kernel dims(n = 1, c = 2048, s = 49)
      ins(%x = %a by [[n], [c], [s]] : tensor<1x2048x49xf32>, %g = %s by [[c]] : tensor<2048xf32>)
      outs(by [[n], [c], [s]] : tensor<1x2048x49xf32>) {
    %y = arith.mulf %x, %g : f32
    norm.yield %y : f32
  }
  return %r : tensor<1x2048x49xf32>
}

// -----

// Columns of which one value is left are as wide as what is read.
// CHECK-LABEL: func.func @columns_of_halves
// CHECK: schedule [#norm.schedule<target = cpu, parallel = [n, c], lanes = [c], width = 32, unroll = 8,
func.func @columns_of_halves(%a: tensor<32x49x1024xbf16>) -> tensor<32x1024xf32> {
  %r = norm.kernel dims(n = 32, s = 49, c = 1024) ins(%x = %a by [[n], [s], [c]] : tensor<32x49x1024xbf16>)
      outs(by [[n], [c]] : tensor<32x1024xf32>) {
    %w = arith.extf %x : bf16 to f32
    %s = norm.reduce mean %w over [s] : f32
    norm.yield %s : f32
  }
  return %r : tensor<32x1024xf32>
}

// -----

// Short instances have chunks of whole groups of sixteen.
// CHECK-LABEL: func.func @short
// CHECK: schedule [#norm.schedule<target = cpu, parallel = [n, c], lanes = [s], {{.*}}chunk = 640,
func.func @short(%a: tensor<32x2048x49xbf16>) -> tensor<32x2048xf32> {
  %r = norm.kernel dims(n = 32, c = 2048, s = 49) ins(%x = %a by [[n], [c], [s]] : tensor<32x2048x49xbf16>)
      outs(by [[n], [c]] : tensor<32x2048xf32>) {
    %w = arith.extf %x : bf16 to f32
    %m = norm.reduce mean %w over [s] : f32
    norm.yield %m : f32
  }
  return %r : tensor<32x2048xf32>
}

// -----

// Rows of two streams go by fours, rows of four by twos, and rows that are read
// from two tensors: of bf16 short ones, too, which would go by eights. Functions
// take longer than what a set of a cache costs.
// CHECK-LABEL: func.func @streams
// CHECK: schedule [#norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 16, {{.*}}rows = 4, {{.*}}}>]
// CHECK: schedule [#norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 16, {{.*}}rows = 2, {{.*}}several streams
// CHECK-LABEL: func.func @residuals
// CHECK: schedule [#norm.schedule<{{.*}}rows = 8, {{.*}}widened once
// CHECK: schedule [#norm.schedule<{{.*}}rows = 2, {{.*}}several streams
// CHECK: schedule [#norm.schedule<{{.*}}rows = 8, {{.*}}widened once
func.func @streams(%x: tensor<?x4096xf32>, %r: tensor<?x4096xf32>, %g: tensor<4096xf32>)
    -> (tensor<?x4096xf32>, tensor<?x4096xf32>, tensor<?x4096xf32>) {
  %a = norm.kernel dims(i = ?, j = 4096) ins(%xe = %x by [[i], [j]] : tensor<?x4096xf32>, %ge = %g by [[j]] : tensor<4096xf32>)
      outs(by [[i], [j]] : tensor<?x4096xf32>) {
    %sq = arith.mulf %xe, %xe : f32
    %ms = norm.reduce mean %sq over [j] : f32
    %s = math.rsqrt %ms : f32
    %n = arith.mulf %xe, %s : f32
    %o = arith.mulf %n, %ge : f32
    norm.yield %o : f32
  }
  %b:2 = norm.kernel dims(i = ?, j = 4096)
      ins(%xe = %x by [[i], [j]] : tensor<?x4096xf32>, %re = %r by [[i], [j]] : tensor<?x4096xf32>, %ge = %g by [[j]] : tensor<4096xf32>)
      outs(by [[i], [j]] : tensor<?x4096xf32>, by [[i], [j]] : tensor<?x4096xf32>) {
    %h = arith.addf %xe, %re : f32
    %sq = arith.mulf %h, %h : f32
    %ms = norm.reduce mean %sq over [j] : f32
    %s = math.rsqrt %ms : f32
    %n = arith.mulf %h, %s : f32
    %o = arith.mulf %n, %ge : f32
    norm.yield %o, %h : f32, f32
  }
  return %a, %b#0, %b#1 : tensor<?x4096xf32>, tensor<?x4096xf32>, tensor<?x4096xf32>
}
func.func @residuals(%x: tensor<?x1024xbf16>, %r: tensor<?x1024xbf16>, %g: tensor<1024xf32>)
    -> (tensor<?x1024xbf16>, tensor<?x1024xbf16>, tensor<?x1024xbf16>) {
  %a = norm.kernel dims(i = ?, j = 1024) ins(%xe = %x by [[i], [j]] : tensor<?x1024xbf16>, %ge = %g by [[j]] : tensor<1024xf32>)
      outs(by [[i], [j]] : tensor<?x1024xbf16>) {
    %h = arith.extf %xe : bf16 to f32
    %m = norm.reduce mean %h over [j] : f32
    %o = arith.mulf %m, %ge : f32
    %y = arith.truncf %o : f32 to bf16
    norm.yield %y : bf16
  }
  %b = norm.kernel dims(i = ?, j = 1024)
      ins(%xe = %x by [[i], [j]] : tensor<?x1024xbf16>, %re = %r by [[i], [j]] : tensor<?x1024xbf16>, %ge = %g by [[j]] : tensor<1024xf32>)
      outs(by [[i], [j]] : tensor<?x1024xbf16>) {
    %xw = arith.extf %xe : bf16 to f32
    %rw = arith.extf %re : bf16 to f32
    %h = arith.addf %xw, %rw : f32
    %m = norm.reduce mean %h over [j] : f32
    %o = arith.mulf %m, %ge : f32
    %y = arith.truncf %o : f32 to bf16
    norm.yield %y : bf16
  }
  %c = norm.kernel dims(i = ?, j = 1024)
      ins(%xe = %x by [[i], [j]] : tensor<?x1024xbf16>, %re = %r by [[i], [j]] : tensor<?x1024xbf16>, %ge = %g by [[j]] : tensor<1024xf32>)
      outs(by [[i], [j]] : tensor<?x1024xbf16>) {
    %xw = arith.extf %xe : bf16 to f32
    %rw = arith.extf %re : bf16 to f32
    %h = arith.addf %xw, %rw : f32
    %t = math.tanh %h : f32
    %m = norm.reduce mean %t over [j] : f32
    %o = arith.mulf %m, %ge : f32
    %y = arith.truncf %o : f32 to bf16
    norm.yield %y : bf16
  }
  return %a, %b, %c : tensor<?x1024xbf16>, tensor<?x1024xbf16>, tensor<?x1024xbf16>
}

// -----

// Where one loop reads rows of two inputs of f32, it takes 128 bytes of each in
// turn, and not 256; not where it reads more than rows. Rows of bf16 that are
// several streams go by twos, whatever else they read; a single one, which reads
// nothing else, one after the other.
// CHECK-LABEL: func.func @turns(
// CHECK: norm.kernel
// CHECK: unroll = 2, {{.*}} rows = 2, reasons
// CHECK: norm.kernel
// CHECK: unroll = 4, {{.*}} rows = 2, reasons
// CHECK-LABEL: func.func @streams(
// CHECK: norm.kernel
// CHECK: prefetch = 1, rows = 2, reasons
// CHECK: norm.kernel
// CHECK: prefetch = 1, reasons
func.func @turns(%x: tensor<?x4096xf32>, %r: tensor<?x4096xf32>, %g: tensor<4096xf32>) -> (tensor<?x4096xf32>, tensor<?x4096xf32>) {
  %a = norm.kernel dims(i = ?, j = 4096)
      ins(%xe = %x by [[i], [j]] : tensor<?x4096xf32>, %re = %r by [[i], [j]] : tensor<?x4096xf32>, %ge = %g by [[j]] : tensor<4096xf32>)
      outs(by [[i], [j]] : tensor<?x4096xf32>) {
    %h = arith.addf %xe, %re : f32
    %m = norm.reduce mean %h over [j] : f32
    %d = arith.subf %h, %m : f32
    %o = arith.mulf %d, %ge : f32
    norm.yield %o : f32
  }
  %b = norm.kernel dims(i = ?, j = 4096)
      ins(%xe = %x by [[i], [j]] : tensor<?x4096xf32>, %re = %r by [[i], [j]] : tensor<?x4096xf32>, %ge = %g by [[j]] : tensor<4096xf32>)
      outs(by [[i], [j]] : tensor<?x4096xf32>) {
    %p = arith.mulf %re, %ge : f32
    %h = arith.addf %xe, %p : f32
    %m = norm.reduce mean %h over [j] : f32
    %o = arith.subf %h, %m : f32
    norm.yield %o : f32
  }
  return %a, %b : tensor<?x4096xf32>, tensor<?x4096xf32>
}
func.func @streams(%x: tensor<?x4096xbf16>, %r: tensor<?x4096xbf16>) -> (tensor<?x4096xbf16>, tensor<?x4096xbf16>) {
  %a = norm.kernel dims(i = ?, j = 4096)
      ins(%xe = %x by [[i], [j]] : tensor<?x4096xbf16>, %re = %r by [[i], [j]] : tensor<?x4096xbf16>)
      outs(by [[i], [j]] : tensor<?x4096xbf16>) {
    %xw = arith.extf %xe : bf16 to f32
    %rw = arith.extf %re : bf16 to f32
    %h = arith.addf %xw, %rw : f32
    %m = norm.reduce mean %h over [j] : f32
    %o = arith.subf %h, %m : f32
    %y = arith.truncf %o : f32 to bf16
    norm.yield %y : bf16
  }
  %b = norm.kernel dims(i = ?, j = 4096)
      ins(%xe = %x by [[i], [j]] : tensor<?x4096xbf16>)
      outs(by [[i], [j]] : tensor<?x4096xbf16>) {
    %xw = arith.extf %xe : bf16 to f32
    %m = norm.reduce mean %xw over [j] : f32
    %o = arith.subf %xw, %m : f32
    %y = arith.truncf %o : f32 to bf16
    norm.yield %y : bf16
  }
  return %a, %b : tensor<?x4096xbf16>, tensor<?x4096xbf16>
}

// -----

// Rows of f32 whose results are narrower are taken by vectors of two cache lines:
// two of them make 256 bytes; of bf16, whose vectors are a line each, four.
// CHECK-LABEL: func.func @narrower(
// CHECK: width = 32, unroll = 2, {{.*}} rows = 4, reasons
// CHECK-LABEL: func.func @as_narrow(
// CHECK: width = 32, unroll = 4, {{.*}} rows = 4, reasons
func.func @narrower(%x: tensor<?x4096xf32>, %g: tensor<4096xf32>) -> tensor<?x4096xbf16> {
  %a = norm.kernel dims(i = ?, j = 4096)
      ins(%xe = %x by [[i], [j]] : tensor<?x4096xf32>, %ge = %g by [[j]] : tensor<4096xf32>)
      outs(by [[i], [j]] : tensor<?x4096xbf16>) {
    %m = norm.reduce mean %xe over [j] : f32
    %d = arith.subf %xe, %m : f32
    %o = arith.mulf %d, %ge : f32
    %y = arith.truncf %o : f32 to bf16
    norm.yield %y : bf16
  }
  return %a : tensor<?x4096xbf16>
}
func.func @as_narrow(%x: tensor<?x4096xbf16>, %g: tensor<4096xf32>) -> tensor<?x4096xbf16> {
  %a = norm.kernel dims(i = ?, j = 4096)
      ins(%xe = %x by [[i], [j]] : tensor<?x4096xbf16>, %ge = %g by [[j]] : tensor<4096xf32>)
      outs(by [[i], [j]] : tensor<?x4096xbf16>) {
    %xw = arith.extf %xe : bf16 to f32
    %m = norm.reduce mean %xw over [j] : f32
    %d = arith.subf %xw, %m : f32
    %o = arith.mulf %d, %ge : f32
    %y = arith.truncf %o : f32 to bf16
    norm.yield %y : bf16
  }
  return %a : tensor<?x4096xbf16>
}

// -----

// Long rows that add to sums over rows are written by twos while the next two are
// read, of f32 256 bytes of each in turn.
// CHECK-LABEL: func.func @long_column_sums(
// CHECK: schedule [#norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 16, unroll = 4, chunk = 256, {{.*}} rows = 2, reasons
// CHECK-LABEL: func.func @long_column_sums_of_halves(
// CHECK: schedule [#norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 32, unroll = 4, chunk = 256, {{.*}} rows = 2, reasons
func.func @long_column_sums(%a: tensor<?x4096xf32>, %b: tensor<?xf32>, %c: tensor<4096xbf16>) -> (tensor<?x4096xf32>, tensor<4096xf32>) {
  %r:2 = norm.kernel dims(i = ?, j = 4096)
      ins(%x = %a by [[i], [j]] : tensor<?x4096xf32>, %rstd = %b by [[i]] : tensor<?xf32>, %g = %c by [[j]] : tensor<4096xbf16>)
      outs(by [[i], [j]] : tensor<?x4096xf32>, by [[j]] : tensor<4096xf32>) {
    %h = arith.mulf %x, %rstd : f32
    %v = arith.extf %g : bf16 to f32
    %k = arith.mulf %h, %v : f32
    %m = norm.reduce mean %k over [j] : f32
    %d = arith.subf %x, %m : f32
    %s = norm.reduce add %h over [i] : f32
    norm.yield %d, %s : f32, f32
  }
  return %r#0, %r#1 : tensor<?x4096xf32>, tensor<4096xf32>
}
func.func @long_column_sums_of_halves(%a: tensor<?x4096xbf16>, %b: tensor<?xf32>, %c: tensor<4096xbf16>) -> (tensor<?x4096xbf16>, tensor<4096xf32>) {
  %r:2 = norm.kernel dims(i = ?, j = 4096)
      ins(%x = %a by [[i], [j]] : tensor<?x4096xbf16>, %rstd = %b by [[i]] : tensor<?xf32>, %g = %c by [[j]] : tensor<4096xbf16>)
      outs(by [[i], [j]] : tensor<?x4096xbf16>, by [[j]] : tensor<4096xf32>) {
    %w = arith.extf %x : bf16 to f32
    %h = arith.mulf %w, %rstd : f32
    %v = arith.extf %g : bf16 to f32
    %k = arith.mulf %h, %v : f32
    %m = norm.reduce mean %k over [j] : f32
    %d = arith.subf %w, %m : f32
    %y = arith.truncf %d : f32 to bf16
    %s = norm.reduce add %h over [i] : f32
    norm.yield %y, %s : bf16, f32
  }
  return %r#0, %r#1 : tensor<?x4096xbf16>, tensor<4096xf32>
}

// -----

// Short rows of bf16 that add to sums over rows go one after the other; the
// shortest are stored through the caches.
// CHECK-LABEL: func.func @column_sums_of_halves
// CHECK: schedule [#norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 32, unroll = 4, chunk = 256, resident = {{[0-9]+}}, stream = 4194304, prefetch = 1, reasons
// CHECK-LABEL: func.func @short_column_sums_of_halves
// CHECK: schedule [#norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 32, unroll = 4, chunk = 256, resident = {{[0-9]+}}, prefetch = 1, reasons
func.func @column_sums_of_halves(%a: tensor<?x1024xbf16>, %b: tensor<?xf32>) -> (tensor<?x1024xbf16>, tensor<1024xf32>) {
  %r:2 = norm.kernel dims(i = ?, j = 1024)
      ins(%x = %a by [[i], [j]] : tensor<?x1024xbf16>, %rstd = %b by [[i]] : tensor<?xf32>)
      outs(by [[i], [j]] : tensor<?x1024xbf16>, by [[j]] : tensor<1024xf32>) {
    %w = arith.extf %x : bf16 to f32
    %h = arith.mulf %w, %rstd : f32
    %m = norm.reduce mean %h over [j] : f32
    %d = arith.subf %w, %m : f32
    %y = arith.truncf %d : f32 to bf16
    %s = norm.reduce add %h over [i] : f32
    norm.yield %y, %s : bf16, f32
  }
  return %r#0, %r#1 : tensor<?x1024xbf16>, tensor<1024xf32>
}
func.func @short_column_sums_of_halves(%a: tensor<?x256xbf16>, %b: tensor<?xf32>) -> (tensor<?x256xbf16>, tensor<256xf32>) {
  %r:2 = norm.kernel dims(i = ?, j = 256)
      ins(%x = %a by [[i], [j]] : tensor<?x256xbf16>, %rstd = %b by [[i]] : tensor<?xf32>)
      outs(by [[i], [j]] : tensor<?x256xbf16>, by [[j]] : tensor<256xf32>) {
    %w = arith.extf %x : bf16 to f32
    %h = arith.mulf %w, %rstd : f32
    %m = norm.reduce mean %h over [j] : f32
    %d = arith.subf %w, %m : f32
    %y = arith.truncf %d : f32 to bf16
    %s = norm.reduce add %h over [i] : f32
    norm.yield %y, %s : bf16, f32
  }
  return %r#0, %r#1 : tensor<?x256xbf16>, tensor<256xf32>
}

// -----

// These rows end with a cache line, whatever else a row has: they may go past
// the caches.
// CHECK-LABEL: func.func @value_per_row
// CHECK: stream = 4194304
func.func @value_per_row(%a: tensor<?x64xf32>, %b: tensor<?xf32>) -> tensor<?x64xf32> {
  %r = norm.kernel dims(i = ?, j = 64)
      ins(%x = %a by [[i], [j]] : tensor<?x64xf32>, %v = %b by [[i]] : tensor<?xf32>)
      outs(by [[i], [j]] : tensor<?x64xf32>) {
    %y = arith.mulf %x, %v : f32
    norm.yield %y : f32
  }
  return %r : tensor<?x64xf32>
}
