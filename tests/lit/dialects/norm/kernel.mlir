// RUN: norm-opt %s | norm-opt | FileCheck %s
// RUN: norm-opt %s -mlir-print-op-generic | norm-opt | FileCheck %s

// CHECK-LABEL: func.func @rms
// CHECK:      norm.kernel dims(i = ?, j = 4096)
// CHECK-NEXT:   ins(%[[X:.*]] = %{{.*}} by {{\[\[}}i], [j]] : tensor<?x4096xf32>, %[[G:.*]] = %{{.*}} by {{\[\[}}j]] : tensor<4096xf32>, %[[E:.*]] = %{{.*}} by [] : f32)
// CHECK-NEXT:   outs(by {{\[\[}}i], [j]] : tensor<?x4096xf32>) {
// CHECK-NEXT:   %[[SQ:.*]] = arith.mulf %[[X]], %[[X]] : f32
// CHECK-NEXT:   %[[MS:.*]] = norm.reduce mean %[[SQ]] over [j] : f32
// CHECK:        norm.yield %{{.*}} : f32
func.func @rms(%x: tensor<?x4096xf32>, %scale: tensor<4096xf32>, %eps: f32) -> tensor<?x4096xf32> {
  %y = norm.kernel dims(i = ?, j = 4096)
      ins(%xe = %x by [[i], [j]] : tensor<?x4096xf32>,
          %ge = %scale by [[j]] : tensor<4096xf32>, %ee = %eps by [] : f32)
      outs(by [[i], [j]] : tensor<?x4096xf32>) {
    %sq = arith.mulf %xe, %xe : f32
    %ms = norm.reduce mean %sq over [j] : f32
    %me = arith.addf %ms, %ee : f32
    %r = math.rsqrt %me : f32
    %n = arith.mulf %xe, %r : f32
    %o = arith.mulf %n, %ge : f32
    norm.yield %o : f32
  }
  return %y : tensor<?x4096xf32>
}

// Joined dims, a reduction along dims that are not adjacent, two outputs of
// different shapes, moments, and an axis of no dim.
// CHECK-LABEL: func.func @group_norm
// CHECK: norm.kernel dims(n = ?, s = ?, g = 32, c = 10)
// CHECK: by {{\[\[}}n], [s], [g, c]] : tensor<?x?x320xf16>
// CHECK: outs(by {{\[\[}}n], [s], [g, c]] : tensor<?x?x320xf16>, by {{\[\[}}n], [g], []] : tensor<?x32x1xf32>)
// CHECK: %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} = norm.moments %{{.*}} over [s, c] : f32
func.func @group_norm(%x: tensor<?x?x320xf16>) -> (tensor<?x?x320xf16>, tensor<?x32x1xf32>) {
  %y, %mean = norm.kernel dims(n = ?, s = ?, g = 32, c = 10)
      ins(%xe = %x by [[n], [s], [g, c]] : tensor<?x?x320xf16>)
      outs(by [[n], [s], [g, c]] : tensor<?x?x320xf16>,
           by [[n], [g], []] : tensor<?x32x1xf32>) {
    %v = arith.extf %xe : f16 to f32
    %n, %m, %d, %m2 = norm.moments %v over [s, c] : f32
    %var = arith.divf %m2, %n : f32
    %r = math.rsqrt %var : f32
    %a = arith.subf %v, %m : f32
    %b = arith.subf %a, %d : f32
    %o = arith.mulf %b, %r : f32
    %t = arith.truncf %o : f32 to f16
    norm.yield %t, %m : f16, f32
  }
  return %y, %mean : tensor<?x?x320xf16>, tensor<?x32x1xf32>
}

// Points left out by a predicate; the coordinate and the extent of a dim; every
// way to combine.
// CHECK-LABEL: func.func @predicates
// CHECK: %[[J:.*]] = norm.index j
// CHECK: %[[N:.*]] = norm.extent j
// CHECK: %[[P:.*]] = arith.cmpi ult, %[[J]]
// CHECK: norm.reduce add %{{.*}} over [j] where %[[P]] : f32
// CHECK: norm.reduce mul %{{.*}} over [j] : f32
// CHECK: norm.reduce max %{{.*}} over [j, i] : f32
// CHECK: norm.reduce min %{{.*}} over [j] {note = 1 : i64} : f32
// CHECK: norm.moments %{{.*}} over [j] where %[[P]] : f32
func.func @predicates(%x: tensor<4x7xf32>, %length: index) -> tensor<4xf32> {
  %y = norm.kernel dims(i = 4, j = 7)
      ins(%xe = %x by [[i], [j]] : tensor<4x7xf32>, %le = %length by [] : index)
      outs(by [[i]] : tensor<4xf32>) {
    %j = norm.index j
    %n = norm.extent j
    %p = arith.cmpi ult, %j, %le : index
    %a = norm.reduce add %xe over [j] where %p : f32
    %b = norm.reduce mul %xe over [j] : f32
    %c = norm.reduce max %xe over [j, i] : f32
    %d = norm.reduce min %xe over [j] {note = 1} : f32
    %count, %m, %delta, %m2 = norm.moments %xe over [j] where %p : f32
    %s = arith.addf %a, %b : f32
    %t = arith.addf %c, %d : f32
    %u = arith.addf %s, %t : f32
    %v = arith.addf %u, %m2 : f32
    norm.yield %v : f32
  }
  return %y : tensor<4xf32>
}

// A kernel without inputs, one without outputs, one of a single point, one with
// a dim of extent 0, and attributes of somebody else.
// CHECK-LABEL: func.func @extremes
// CHECK: ins()
// CHECK: outs()
// CHECK: norm.kernel dims()
// CHECK: norm.kernel dims(i = 0)
// CHECK: attributes {note = "kept"}
func.func @extremes(%x: tensor<4xf32>, %p: tensor<f32>, %z: tensor<0xf32>)
    -> (tensor<4xi32>, tensor<f32>, tensor<0xf32>) {
  %a = norm.kernel dims(i = 4) ins() outs(by [[i]] : tensor<4xi32>) {
    %i = norm.index i
    %n = arith.index_cast %i : index to i32
    norm.yield %n : i32
  }
  norm.kernel dims(i = 4) ins(%e = %x by [[i]] : tensor<4xf32>) outs() {
    norm.yield
  }
  %b = norm.kernel dims() ins(%e = %p by [] : tensor<f32>)
      outs(by [] : tensor<f32>) {
    norm.yield %e : f32
  }
  %c = norm.kernel dims(i = 0) ins(%e = %z by [[i]] : tensor<0xf32>)
      outs(by [[i]] : tensor<0xf32>) attributes {note = "kept"} {
    norm.yield %e : f32
  }
  return %a, %b, %c : tensor<4xi32>, tensor<f32>, tensor<0xf32>
}

// A `?` dim that only a join tells.
// CHECK-LABEL: func.func @joined_extent
func.func @joined_extent(%x: tensor<?xf32>, %g: tensor<8xf32>) -> tensor<?xf32> {
  %y = norm.kernel dims(g = ?, c = 8)
      ins(%xe = %x by [[g, c]] : tensor<?xf32>, %ce = %g by [[c]] : tensor<8xf32>)
      outs(by [[g, c]] : tensor<?xf32>) {
    %o = arith.mulf %xe, %ce : f32
    norm.yield %o : f32
  }
  return %y : tensor<?xf32>
}

// CHECK-LABEL: func.func @scheduled
// CHECK: schedule [#norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 16, unroll = 8, chunk = 4, resident = 65536, reasons = {width = "zmm"}>] {
// CHECK: schedule [#norm.schedule<target = gpu, parallel = [i], lanes = [j], width = 8, threads = 256>, #norm.schedule<target = cpu, parallel = [], lanes = []>] {
func.func @scheduled(%x: tensor<8x64xf32>) -> (tensor<8x64xf32>, tensor<8x64xf32>) {
  %y = norm.kernel dims(i = 8, j = 64)
      ins(%xe = %x by [[i], [j]] : tensor<8x64xf32>)
      outs(by [[i], [j]] : tensor<8x64xf32>)
      schedule [#norm.schedule<target = cpu, parallel = [i], lanes = [j],
                width = 16, unroll = 8, chunk = 4, resident = 65536,
                reasons = {width = "zmm"}>] {
    norm.yield %xe : f32
  }
  %z = norm.kernel dims(i = 8, j = 64)
      ins(%xe = %x by [[i], [j]] : tensor<8x64xf32>)
      outs(by [[i], [j]] : tensor<8x64xf32>)
      schedule [#norm.schedule<target = gpu, parallel = [i], lanes = [j],
                width = 8, threads = 256>,
                #norm.schedule<target = cpu, parallel = [], lanes = []>] {
    norm.yield %xe : f32
  }
  return %y, %z : tensor<8x64xf32>, tensor<8x64xf32>
}

// Random bits of every point, by its row-major number; the elements of what they
// are for have 8 bits.
// CHECK-LABEL: func.func @random
// CHECK: %[[K:.*]] = arith.addi %{{.*}}, %{{.*}} : index
// CHECK: norm.philox(%[[S:.*]], %[[O:.*]], %[[K]]) : index
// CHECK: norm.philox(%[[S]], %[[O]], %[[S]]) {note = 1 : i64} : i64
// CHECK: norm.yield %{{.*}}, %{{.*}} : f8E4M3FN, i8
func.func @random(%x: tensor<4x?xf8E5M2>, %seed: tensor<i64>, %offset: i64) -> (tensor<4x?xf8E4M3FN>, tensor<4xi8>) {
  %y, %z = norm.kernel dims(i = 4, j = ?)
      ins(%xe = %x by [[i], [j]] : tensor<4x?xf8E5M2>, %s = %seed by [] : tensor<i64>, %o = %offset by [] : i64)
      outs(by [[i], [j]] : tensor<4x?xf8E4M3FN>, by [[i]] : tensor<4xi8>) {
    %i = norm.index i
    %j = norm.index j
    %n = norm.extent j
    %r = arith.muli %i, %n : index
    %k = arith.addi %r, %j : index
    %w = norm.philox(%s, %o, %k) : index
    %half = arith.constant 0x80000000 : i32
    %keep = arith.cmpi uge, %w, %half : i32
    %zero = arith.constant 0.0 : f32
    %wide = arith.extf %xe : f8E5M2 to f32
    %kept = arith.select %keep, %wide, %zero : f32
    %v = arith.truncf %kept : f32 to f8E4M3FN
    %all = norm.philox(%s, %o, %s) {note = 1} : i64
    %b = arith.trunci %all : i32 to i8
    norm.yield %v, %b : f8E4M3FN, i8
  }
  return %y, %z : tensor<4x?xf8E4M3FN>, tensor<4xi8>
}
