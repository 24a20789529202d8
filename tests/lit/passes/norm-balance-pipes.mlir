// RUN: norm-opt %s --norm-balance-pipes --split-input-file | FileCheck %s

// Of four adds and no product, two become products: no more.
// CHECK-LABEL: func.func @sums
// CHECK-SAME: (%[[X:.*]]: vector<16xf32>, %[[M:.*]]: vector<16xf32>, %{{.*}}: index)
// CHECK-DAG: %[[C1:.*]] = arith.constant dense<1.000000e+00> : vector<16xf32>
// CHECK-DAG: %[[ONE:.*]] = llvm.call_intrinsic "llvm.arithmetic.fence"(%[[C1]]) : (vector<16xf32>) -> vector<16xf32>
// CHECK-DAG: %[[C2:.*]] = arith.constant dense<-1.000000e+00> : vector<16xf32>
// CHECK-DAG: %[[MINUS:.*]] = llvm.call_intrinsic "llvm.arithmetic.fence"(%[[C2]]) : (vector<16xf32>) -> vector<16xf32>
// CHECK: scf.for {{.*}} iter_args(%[[CARRY:.*]] = %[[X]])
// CHECK: %[[D:.*]] = math.fma %[[M]], %[[MINUS]], %[[CARRY]] : vector<16xf32>
// CHECK: %[[E:.*]] = math.fma %[[D]], %[[ONE]], %[[M]] : vector<16xf32>
// CHECK: arith.addf
// CHECK: arith.subf
// CHECK: scf.yield
func.func @sums(%x: vector<16xf32>, %m: vector<16xf32>, %n: index) -> vector<16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%carry = %x) -> vector<16xf32> {
    %d = arith.subf %carry, %m : vector<16xf32>
    %e = arith.addf %d, %m : vector<16xf32>
    %f = arith.addf %e, %x : vector<16xf32>
    %g = arith.subf %f, %carry : vector<16xf32>
    scf.yield %g : vector<16xf32>
  }
  return %r : vector<16xf32>
}

// -----

// Conversions count twice, in the pipes that add; sums of f64 have a 1 of their
// own.
// CHECK-LABEL: func.func @conversion
// CHECK: llvm.call_intrinsic "llvm.arithmetic.fence"(%{{.*}}) : (vector<8xf64>) -> vector<8xf64>
// CHECK: arith.extf
// CHECK: math.fma
// CHECK-NOT: arith.addf
func.func @conversion(%x: vector<8xf32>, %s: vector<8xf64>, %n: index) -> vector<8xf64> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%carry = %s) -> vector<8xf64> {
    %wide = arith.extf %x : vector<8xf32> to vector<8xf64>
    %next = arith.addf %carry, %wide : vector<8xf64>
    scf.yield %next : vector<8xf64>
  }
  return %r : vector<8xf64>
}

// -----

// What is balanced stays; so do scalars, and what is not in an innermost loop.
// CHECK-LABEL: func.func @balanced
// CHECK-NOT: math.fma
func.func @balanced(%x: vector<16xf32>, %y: f32, %n: index) -> (vector<16xf32>, f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %before = arith.addf %x, %x : vector<16xf32>
  %after = arith.addf %before, %x : vector<16xf32>
  %r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%v = %after, %s = %y) -> (vector<16xf32>, f32) {
    %p = arith.mulf %v, %v : vector<16xf32>
    %q = arith.addf %p, %x : vector<16xf32>
    %t = arith.addf %s, %y : f32
    %u = arith.addf %t, %y : f32
    scf.yield %q, %u : vector<16xf32>, f32
  }
  %a = arith.addf %r#0, %x : vector<16xf32>
  %b = arith.addf %a, %x : vector<16xf32>
  return %b, %r#1 : vector<16xf32>, f32
}

// -----

// Minima are adds' neighbours, masks, lookups and divisions not: there are as
// many of both kinds, and the add stays.
// CHECK-LABEL: func.func @neighbours
// CHECK-NOT: math.fma
func.func @neighbours(%x: vector<16xf32>, %m: vector<16xf32>, %n: index) -> vector<16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%carry = %x) -> vector<16xf32> {
    %above = arith.cmpf ogt, %carry, %m : vector<16xf32>
    %least = arith.select %above, %m, %carry : vector<16xi1>, vector<16xf32>
    %below = arith.cmpf olt, %least, %x : vector<16xf32>
    %other = arith.select %below, %x, %m : vector<16xi1>, vector<16xf32>
    %bits = arith.bitcast %other : vector<16xf32> to vector<16xi32>
    %entry = llvm.call_intrinsic "llvm.x86.avx512.permvar.sf.512"(%x, %bits) : (vector<16xf32>, vector<16xi32>) -> vector<16xf32>
    %next = arith.addf %entry, %least : vector<16xf32>
    scf.yield %next : vector<16xf32>
  }
  return %r : vector<16xf32>
}

// -----

// VSCALEFPS takes two turns of the pipes that add.
// CHECK-LABEL: func.func @scaled
// CHECK: math.fma
// CHECK-NOT: arith.addf
func.func @scaled(%x: vector<16xf32>, %n: index) -> vector<16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %all = arith.constant -1 : i16
  %mode = arith.constant 4 : i32
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%carry = %x) -> vector<16xf32> {
    %y = llvm.call_intrinsic "llvm.x86.avx512.mask.scalef.ps.512"(%carry, %x, %x, %all, %mode) : (vector<16xf32>, vector<16xf32>, vector<16xf32>, i16, i32) -> vector<16xf32>
    %next = arith.addf %y, %x : vector<16xf32>
    scf.yield %next : vector<16xf32>
  }
  return %r : vector<16xf32>
}
