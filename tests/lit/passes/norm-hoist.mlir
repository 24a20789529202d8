// RUN: norm-opt %s --norm-hoist -split-input-file | FileCheck %s

// Per channel, beside channels-last data: a kernel of its own. One kernel for all
// values of the space; the loads that nothing needs any more stay operands.
// CHECK-LABEL: func.func @channels_last
// CHECK: %[[R:.*]]:2 = norm.kernel dims(c = 64)
// CHECK-NEXT: ins(%[[V:.*]] = %arg1 by {{\[\[}}c]] : tensor<64xf32>, %[[G:.*]] = %arg2 by {{\[\[}}c]] : tensor<64xf32>)
// CHECK-NEXT: outs(by {{\[\[}}c]] : tensor<64xf32>, by {{\[\[}}c]] : tensor<64xf32>)
// CHECK: %[[RSTD:.*]] = math.rsqrt %[[V]]
// CHECK: %[[A:.*]] = arith.mulf %[[G]], %[[RSTD]]
// CHECK: norm.yield %[[RSTD]], %[[A]]
// CHECK: norm.kernel dims(i = ?, c = 64)
// CHECK-SAME: {{$}}
// CHECK-NOT: math.rsqrt
// CHECK: return
func.func @channels_last(%x: tensor<?x64xf32>, %v: tensor<64xf32>, %g: tensor<64xf32>)
    -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %y:2 = norm.kernel dims(i = ?, c = 64)
      ins(%xe = %x by [[i], [c]] : tensor<?x64xf32>, %ve = %v by [[c]] : tensor<64xf32>,
          %ge = %g by [[c]] : tensor<64xf32>)
      outs(by [[i], [c]] : tensor<?x64xf32>, by [[i], [c]] : tensor<?x64xf32>) {
    %r = math.rsqrt %ve : f32
    %a = arith.mulf %ge, %r : f32
    %o = arith.mulf %xe, %a : f32
    %p = arith.mulf %xe, %r : f32
    norm.yield %o, %p : f32, f32
  }
  return %y#0, %y#1 : tensor<?x64xf32>, tensor<?x64xf32>
}

// -----

// Per row it is computed once as it is.
// CHECK-LABEL: func.func @rows
// CHECK-COUNT-1: norm.kernel
// CHECK-NOT: norm.kernel
func.func @rows(%x: tensor<?x64xf32>, %v: tensor<?xf32>) -> tensor<?x64xf32> {
  %y = norm.kernel dims(i = ?, c = 64)
      ins(%xe = %x by [[i], [c]] : tensor<?x64xf32>, %ve = %v by [[i]] : tensor<?xf32>)
      outs(by [[i], [c]] : tensor<?x64xf32>) {
    %r = math.rsqrt %ve : f32
    %o = arith.mulf %xe, %r : f32
    norm.yield %o : f32
  }
  return %y : tensor<?x64xf32>
}

// -----

// What is cheap, what is wide already, and what waits for a collective, stays.
// CHECK-LABEL: func.func @stays
// CHECK-COUNT-1: norm.kernel
// CHECK-NOT: norm.kernel
func.func @stays(%x: tensor<?x64xf32>, %v: tensor<64xf32>) -> tensor<?x64xf32> {
  %y = norm.kernel dims(i = ?, c = 64)
      ins(%xe = %x by [[i], [c]] : tensor<?x64xf32>, %ve = %v by [[c]] : tensor<64xf32>)
      outs(by [[i], [c]] : tensor<?x64xf32>) {
    %s = norm.reduce add %xe over [i] : f32
    %r = math.rsqrt %s : f32
    %t = math.tanh %xe : f32
    %d = arith.addf %ve, %ve : f32
    %p = arith.mulf %t, %r : f32
    %o = arith.mulf %p, %d : f32
    norm.yield %o : f32
  }
  return %y : tensor<?x64xf32>
}

// -----

// Values of two spaces: a kernel each.
// CHECK-LABEL: func.func @two_spaces
// CHECK: norm.kernel dims(c = 64)
// CHECK: math.rsqrt
// CHECK: norm.kernel dims(i = ?, c = 64)
// CHECK: arith.divf
// CHECK: norm.kernel dims(i = ?, s = 9, c = 64)
// CHECK-NOT: math.rsqrt
// CHECK-NOT: arith.divf
// CHECK: return
func.func @two_spaces(%x: tensor<?x9x64xf32>, %v: tensor<64xf32>, %m: tensor<?x64xf32>) -> tensor<?x9x64xf32> {
  %y = norm.kernel dims(i = ?, s = 9, c = 64)
      ins(%xe = %x by [[i], [s], [c]] : tensor<?x9x64xf32>, %ve = %v by [[c]] : tensor<64xf32>,
          %me = %m by [[i], [c]] : tensor<?x64xf32>)
      outs(by [[i], [s], [c]] : tensor<?x9x64xf32>) {
    %r = math.rsqrt %ve : f32
    %q = arith.divf %me, %r : f32
    %o = arith.mulf %xe, %q : f32
    norm.yield %o : f32
  }
  return %y : tensor<?x9x64xf32>
}

// -----

// A truth is handed on as bytes (by norm-truths). What memory doesn't hold stays.
// CHECK-LABEL: func.func @types
// CHECK: norm.kernel dims(c = 64)
// CHECK: outs(by {{\[\[}}c]] : tensor<64xi1>)
// CHECK: norm.kernel dims(i = 7, s = 9, c = 64)
// CHECK-NOT: arith.cmpf
// CHECK: math.rsqrt
// CHECK: arith.index_cast
// CHECK-NOT: norm.kernel
func.func @types(%x: tensor<7x9x64xf32>, %v: tensor<64xf32>) -> tensor<7x9x64xf32> {
  %y = norm.kernel dims(i = 7, s = 9, c = 64)
      ins(%xe = %x by [[i], [s], [c]] : tensor<7x9x64xf32>, %ve = %v by [[c]] : tensor<64xf32>)
      outs(by [[i], [s], [c]] : tensor<7x9x64xf32>) {
    %t = math.tanh %ve : f32
    %p = arith.cmpf ogt, %t, %ve : f32
    %r = math.rsqrt %ve : f32
    %n = arith.fptosi %r : f32 to i32
    %k = arith.index_cast %n : i32 to index
    %i = norm.index i
    %q = arith.cmpi slt, %i, %k : index
    %a = arith.select %p, %xe, %ve : f32
    %o = arith.select %q, %a, %xe : f32
    norm.yield %o : f32
  }
  return %y : tensor<7x9x64xf32>
}

// -----

// Per channel of many small images: one loop walks all channels of one.
// CHECK-LABEL: func.func @small_images
// CHECK: norm.kernel dims(c = 64)
// CHECK: math.rsqrt
// CHECK: norm.kernel dims(i = ?, c = 64, s = 49)
// CHECK-NOT: math.rsqrt
// CHECK: return
func.func @small_images(%x: tensor<?x64x49xf32>, %v: tensor<64xf32>) -> tensor<?x64x49xf32> {
  %y = norm.kernel dims(i = ?, c = 64, s = 49)
      ins(%xe = %x by [[i], [c], [s]] : tensor<?x64x49xf32>, %ve = %v by [[c]] : tensor<64xf32>)
      outs(by [[i], [c], [s]] : tensor<?x64x49xf32>) {
    %r = math.rsqrt %ve : f32
    %o = arith.mulf %xe, %r : f32
    norm.yield %o : f32
  }
  return %y : tensor<?x64x49xf32>
}

// -----

// The extent of `i` is not known to a kernel over `c`.
// CHECK-LABEL: func.func @extents
// CHECK: norm.kernel dims(i = ?, c = 64)
// CHECK: norm.extent i
// CHECK-NOT: norm.kernel
func.func @extents(%x: tensor<?x64xf32>, %v: tensor<64xf32>) -> tensor<?x64xf32> {
  %y = norm.kernel dims(i = ?, c = 64)
      ins(%xe = %x by [[i], [c]] : tensor<?x64xf32>, %ve = %v by [[c]] : tensor<64xf32>)
      outs(by [[i], [c]] : tensor<?x64xf32>) {
    %n = norm.extent i
    %k = arith.index_cast %n : index to i64
    %f = arith.sitofp %k : i64 to f32
    %q = arith.divf %ve, %f : f32
    %o = arith.mulf %xe, %q : f32
    norm.yield %o : f32
  }
  return %y : tensor<?x64xf32>
}

// -----

// A loop over a large image computes it once, before it begins.
// CHECK-LABEL: func.func @large_images
// CHECK-COUNT-1: norm.kernel
// CHECK-NOT: norm.kernel
func.func @large_images(%x: tensor<?x64x3136xf32>, %v: tensor<64xf32>) -> tensor<?x64x3136xf32> {
  %y = norm.kernel dims(i = ?, c = 64, s = 3136)
      ins(%xe = %x by [[i], [c], [s]] : tensor<?x64x3136xf32>, %ve = %v by [[c]] : tensor<64xf32>)
      outs(by [[i], [c], [s]] : tensor<?x64x3136xf32>) {
    %r = math.rsqrt %ve : f32
    %o = arith.mulf %xe, %r : f32
    norm.yield %o : f32
  }
  return %y : tensor<?x64x3136xf32>
}
