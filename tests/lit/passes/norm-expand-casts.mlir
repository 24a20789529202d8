// RUN: norm-opt %s --norm-expand-casts | FileCheck %s --check-prefixes=CHECK,INT
// RUN: norm-opt %s --norm-expand-casts=hardware-f16 | FileCheck %s --check-prefixes=CHECK,HW
// RUN: norm-opt %s --norm-expand-casts=hardware-bf16 | FileCheck %s --check-prefix=BF16

// CHECK-LABEL: func.func @bf16_to_f32
// CHECK-SAME: (%[[X:.*]]: vector<8xbf16>)
func.func @bf16_to_f32(%x: vector<8xbf16>) -> vector<8xf32> {
  // CHECK: %[[BITS:.*]] = arith.bitcast %[[X]] : vector<8xbf16> to vector<8xi16>
  // CHECK: %[[WIDE:.*]] = arith.extui %[[BITS]] : vector<8xi16> to vector<8xi32>
  // CHECK: %[[HIGH:.*]] = arith.shli %[[WIDE]]
  // CHECK: %[[Y:.*]] = arith.bitcast %[[HIGH]] : vector<8xi32> to vector<8xf32>
  // CHECK: return %[[Y]]
  %y = arith.extf %x : vector<8xbf16> to vector<8xf32>
  return %y : vector<8xf32>
}

// Bits that come and go as integers never become bf16.
// CHECK-LABEL: func.func @integers_stay
// CHECK-NOT: bf16
// CHECK: return
func.func @integers_stay(%bits: vector<4xi16>) -> vector<4xi16> {
  %x = arith.bitcast %bits : vector<4xi16> to vector<4xbf16>
  %wide = arith.extf %x : vector<4xbf16> to vector<4xf32>
  %sum = arith.addf %wide, %wide : vector<4xf32>
  %y = arith.truncf %sum : vector<4xf32> to vector<4xbf16>
  %out = arith.bitcast %y : vector<4xbf16> to vector<4xi16>
  return %out : vector<4xi16>
}

// What was extended and lost its sign is not rounded in between; a sum is.
// CHECK-LABEL: func.func @held
// CHECK: %[[SIZE:.*]] = math.absf
// CHECK-NEXT: arith.addf %[[SIZE]], %[[SIZE]]
// CHECK: arith.shrui
// CHECK: return
func.func @held(%x: vector<4xbf16>) -> vector<4xf32> {
  %wide = arith.extf %x : vector<4xbf16> to vector<4xf32>
  %size = math.absf %wide : vector<4xf32>
  %0 = arith.truncf %size : vector<4xf32> to vector<4xbf16>
  %1 = arith.extf %0 : vector<4xbf16> to vector<4xf32>
  %sum = arith.addf %1, %1 : vector<4xf32>
  %2 = arith.truncf %sum : vector<4xf32> to vector<4xbf16>
  %3 = arith.extf %2 : vector<4xbf16> to vector<4xf32>
  return %3 : vector<4xf32>
}

// The upper halves of vectors are taken by a shuffle, since LLVM merges truncations
// with stores.
// CHECK-LABEL: func.func @upper_halves
// CHECK: %[[HALVES:.*]] = vector.bitcast %{{.*}} : vector<4xi32> to vector<8xi16>
// CHECK: vector.shuffle %[[HALVES]], %[[HALVES]] [1, 3, 5, 7]
// CHECK-NOT: arith.trunci
// CHECK: return
func.func @upper_halves(%x: vector<4xf32>) -> vector<4xbf16> {
  %y = arith.truncf %x : vector<4xf32> to vector<4xbf16>
  return %y : vector<4xbf16>
}

// A rounding to bf16 that stays f32 is a mask on the rounded bits.
// CHECK-LABEL: func.func @round_in_place
func.func @round_in_place(%x: vector<4xf32>) -> vector<4xf32> {
  // CHECK-DAG: %[[MASK:.*]] = arith.constant dense<-65536> : vector<4xi32>
  // CHECK-DAG: %[[ROUNDED:.*]] = arith.select {{.*}} : vector<4xi1>, vector<4xi32>
  // CHECK: %[[CUT:.*]] = arith.andi %[[ROUNDED]], %[[MASK]]
  // CHECK: %[[Y:.*]] = arith.bitcast %[[CUT]] : vector<4xi32> to vector<4xf32>
  // CHECK: return %[[Y]]
  %narrow = arith.truncf %x : vector<4xf32> to vector<4xbf16>
  %y = arith.extf %narrow : vector<4xbf16> to vector<4xf32>
  return %y : vector<4xf32>
}

// CHECK-LABEL: func.func @scalar_to_bf16
func.func @scalar_to_bf16(%x: f32) -> bf16 {
  // CHECK-NOT: arith.truncf
  // CHECK: arith.trunci {{.*}} : i32 to i16
  // CHECK-NEXT: arith.bitcast {{.*}} : i16 to bf16
  %y = arith.truncf %x : f32 to bf16
  return %y : bf16
}

// CHECK-LABEL: func.func @f16_to_f32
func.func @f16_to_f32(%x: vector<8xf16>) -> vector<8xf32> {
  // INT-NOT: arith.extf
  // HW: arith.extf %{{.*}} : vector<8xf16> to vector<8xf32>
  // CHECK: return
  %y = arith.extf %x : vector<8xf16> to vector<8xf32>
  return %y : vector<8xf32>
}

// CHECK-LABEL: func.func @f32_to_f16
func.func @f32_to_f16(%x: f32) -> f16 {
  // INT-NOT: arith.truncf
  // HW: arith.truncf %{{.*}} : f32 to f16
  // CHECK: return
  %y = arith.truncf %x : f32 to f16
  return %y : f16
}

// One rounding in all: the f32 on the way is rounded to odd.
// CHECK-LABEL: func.func @f64_to_f16
func.func @f64_to_f16(%x: vector<2xf64>) -> vector<2xf16> {
  // CHECK: %[[NEAR:.*]] = arith.truncf %{{.*}} : vector<2xf64> to vector<2xf32>
  // CHECK: arith.extf %[[NEAR]] : vector<2xf32> to vector<2xf64>
  // CHECK: %[[INEXACT:.*]] = arith.cmpf one
  // CHECK: %[[STEP:.*]] = arith.andi %{{.*}}, %[[INEXACT]]
  // CHECK: %[[ODD:.*]] = arith.select %[[STEP]]
  // CHECK: %[[SINGLE:.*]] = arith.bitcast %[[ODD]] : vector<2xi32> to vector<2xf32>
  // HW: arith.truncf %[[SINGLE]] : vector<2xf32> to vector<2xf16>
  // INT-NOT: vector<2xf32> to vector<2xf16>
  // CHECK: return
  %y = arith.truncf %x : vector<2xf64> to vector<2xf16>
  return %y : vector<2xf16>
}

// CHECK-LABEL: func.func @bf16_to_f64
func.func @bf16_to_f64(%x: bf16) -> f64 {
  // CHECK: %[[SINGLE:.*]] = arith.bitcast %{{.*}} : i32 to f32
  // CHECK: arith.extf %[[SINGLE]] : f32 to f64
  %y = arith.extf %x : bf16 to f64
  return %y : f64
}

// CHECK-LABEL: func.func @left_alone
func.func @left_alone(%x: vector<4xf32>, %y: vector<[4]xf32>, %z: f32)
    -> (vector<4xf64>, vector<[4]xbf16>, f8E4M3FNUZ) {
  // CHECK-NEXT: arith.extf %{{.*}} : vector<4xf32> to vector<4xf64>
  // CHECK-NEXT: arith.truncf %{{.*}} : vector<[4]xf32> to vector<[4]xbf16>
  // CHECK-NEXT: arith.truncf %{{.*}} : f32 to f8E4M3FNUZ
  %a = arith.extf %x : vector<4xf32> to vector<4xf64>
  %b = arith.truncf %y : vector<[4]xf32> to vector<[4]xbf16>
  %c = arith.truncf %z : f32 to f8E4M3FNUZ
  return %a, %b, %c : vector<4xf64>, vector<[4]xbf16>, f8E4M3FNUZ
}

// From 2^16 on is infinity; a NaN becomes 1.5 times that. What is added to the
// smallest normal number's power of two rounds to 2 places, and ends in the
// negated constant, 232.
// CHECK-LABEL: func.func @f32_to_f8E5M2
func.func @f32_to_f8E5M2(%x: vector<16xf32>) -> vector<16xf8E5M2> {
  // CHECK: %[[LIMIT:.*]] = arith.cmpf olt
  // CHECK: arith.select %[[LIMIT]]
  // CHECK: %[[NAN:.*]] = arith.constant dense<1203765248> : vector<16xi32>
  // CHECK-NEXT: arith.minui %{{.*}}, %[[NAN]] : vector<16xi32>
  // CHECK: %[[LEAST:.*]] = arith.constant dense<947912704> : vector<16xi32>
  // CHECK-NEXT: arith.maxui %{{.*}}, %[[LEAST]] : vector<16xi32>
  // CHECK: arith.constant dense<176161000> : vector<16xi32>
  // CHECK: arith.addf
  // CHECK-NOT: arith.truncf
  // CHECK: arith.trunci %{{.*}} : vector<16xi32> to vector<16xi8>
  // CHECK-NEXT: arith.bitcast %{{.*}} : vector<16xi8> to vector<16xf8E5M2>
  %y = arith.truncf %x : vector<16xf32> to vector<16xf8E5M2>
  return %y : vector<16xf8E5M2>
}

// f8E4M3FN has NaN where 480 would be, for what is beyond its numbers and for NaN:
// the limit is enough.
// CHECK-LABEL: func.func @f32_to_f8E4M3FN
func.func @f32_to_f8E4M3FN(%x: vector<16xf32>) -> vector<16xf8E4M3FN> {
  // CHECK: %[[NAN:.*]] = arith.constant dense<1139802112> : vector<16xi32>
  // CHECK-NEXT: arith.minui %{{.*}}, %[[NAN]] : vector<16xi32>
  // CHECK-NOT: arith.cmpf
  // CHECK: return
  %y = arith.truncf %x : vector<16xf32> to vector<16xf8E4M3FN>
  return %y : vector<16xf8E4M3FN>
}

// Every value is one of f16, or 1/256 of one.
// CHECK-LABEL: func.func @f8_to_f32
func.func @f8_to_f32(%x: vector<16xf8E5M2>, %y: vector<16xf8E4M3FN>) -> (vector<16xf32>, vector<16xf32>) {
  // INT-NOT: arith.extf
  // HW: %[[HALF:.*]] = arith.bitcast %{{.*}} : vector<16xi16> to vector<16xf16>
  // HW-NEXT: arith.extf %[[HALF]] : vector<16xf16> to vector<16xf32>
  // HW: arith.extf %{{.*}} : vector<16xf16> to vector<16xf32>
  // HW: arith.mulf
  // CHECK: return
  %a = arith.extf %x : vector<16xf8E5M2> to vector<16xf32>
  %b = arith.extf %y : vector<16xf8E4M3FN> to vector<16xf32>
  return %a, %b : vector<16xf32>, vector<16xf32>
}

// f16 is no stop for f64, and f32, which holds it, no second rounding.
// CHECK-LABEL: func.func @to_f8_through_f32
func.func @to_f8_through_f32(%x: f64, %h: f16) -> (f8E5M2, f8E4M3FN) {
  // CHECK: %[[NEAR:.*]] = arith.truncf %{{.*}} : f64 to f32
  // CHECK: arith.cmpf one
  // CHECK: arith.trunci %{{.*}} : i32 to i8
  // HW: arith.extf %{{.*}} : f16 to f32
  // CHECK: arith.trunci %{{.*}} : i32 to i8
  // CHECK: return
  %a = arith.truncf %x : f64 to f8E5M2
  %b = arith.truncf %h : f16 to f8E4M3FN
  return %a, %b : f8E5M2, f8E4M3FN
}

// One and a bf16 have no subnormal sum.
// BF16-LABEL: func.func @never_subnormal
// BF16-NOT: scf.if
// BF16: return
func.func @never_subnormal(%x: vector<32xbf16>) -> vector<32xbf16> {
  %c = arith.constant 1.0 : bf16
  %one = arith.extf %c : bf16 to f32
  %ones = vector.broadcast %one : f32 to vector<32xf32>
  %wide = arith.extf %x : vector<32xbf16> to vector<32xf32>
  %sum = arith.addf %wide, %ones : vector<32xf32>
  %y = arith.truncf %sum : vector<32xf32> to vector<32xbf16>
  return %y : vector<32xbf16>
}

// 32 lanes go through the hardware's conversion, but where any is subnormal.
// BF16-LABEL: func.func @whole_vectors
func.func @whole_vectors(%x: vector<32xf32>, %b: vector<32xbf16>) -> (vector<32xbf16>, vector<32xf32>) {
  // BF16: llvm.call_intrinsic "llvm.x86.avx512.fpclass.ps.512"
  // BF16: llvm.call_intrinsic "llvm.x86.avx512.fpclass.ps.512"
  // BF16: %[[ANY:.*]] = arith.cmpi ne
  // BF16: scf.if %[[ANY]]
  // BF16: arith.shrui
  // BF16: } else {
  // BF16-NEXT: llvm.call_intrinsic "llvm.x86.avx512bf16.cvtne2ps2bf16.512"
  %y = arith.truncf %x : vector<32xf32> to vector<32xbf16>
  // BF16: %[[WORDS:.*]] = vector.shuffle %{{.*}}, %{{.*}} [32, 0, 32, 1, 32, 2,
  // BF16: vector.bitcast %[[WORDS]] : vector<64xi16> to vector<32xi32>
  %z = arith.extf %b : vector<32xbf16> to vector<32xf32>
  return %y, %z : vector<32xbf16>, vector<32xf32>
}

// -----

// A number that is rounded and becomes 8 bits is added to 1.5 2^23; one that is
// rounded only, or cut, or becomes more bits, is left alone.
// CHECK-LABEL: func.func @rounded
// CHECK: %[[MAGIC:.*]] = arith.constant dense<0x4B400000> : vector<8xf32>
// CHECK: %[[SUM:.*]] = arith.addf %arg0, %[[MAGIC]] : vector<8xf32>
// CHECK: %[[BITS:.*]] = arith.bitcast %[[SUM]] : vector<8xf32> to vector<8xi32>
// CHECK: %[[LOW:.*]] = arith.trunci %[[BITS]] : vector<8xi32> to vector<8xi8>
// CHECK: arith.fptosi %arg0 : vector<8xf32> to vector<8xi8>
// CHECK: arith.fptosi %{{.*}} : vector<8xf32> to vector<8xi32>
func.func @rounded(%x: vector<8xf32>) -> (vector<8xi8>, vector<8xi8>, vector<8xi32>) {
  %r = math.roundeven %x : vector<8xf32>
  %i = arith.fptosi %r : vector<8xf32> to vector<8xi8>
  %cut = arith.fptosi %x : vector<8xf32> to vector<8xi8>
  %wide = arith.fptosi %r : vector<8xf32> to vector<8xi32>
  return %i, %cut, %wide : vector<8xi8>, vector<8xi8>, vector<8xi32>
}

// Roundings by the instruction that follow each other take one test: whether any
// result is zero, as it makes subnormals, and only then whether any was one.
// BF16-LABEL: func.func @together
// BF16-COUNT-2: cvtne2ps2bf16
// BF16: %[[A:.*]] = arith.cmpi ne, {{.*}} : vector<32xi16>
// BF16: %[[B:.*]] = arith.cmpi ne, {{.*}} : vector<32xi16>
// BF16: arith.andi %[[A]], %[[B]] : vector<32xi1>
// BF16: scf.if
// BF16-COUNT-4: fpclass
// BF16: scf.if
// BF16-COUNT-4: arith.shrui {{.*}} : vector<16xi32>
// BF16-NOT: fpclass
// BF16-NOT: cvtne2ps2bf16
// BF16: return
func.func @together(%x: vector<32xf32>, %y: vector<32xf32>) -> (vector<32xbf16>, vector<32xbf16>) {
  %a = arith.truncf %x : vector<32xf32> to vector<32xbf16>
  %b = arith.truncf %y : vector<32xf32> to vector<32xbf16>
  return %a, %b : vector<32xbf16>, vector<32xbf16>
}

// With something in between each has its own.
// BF16-LABEL: func.func @apart
// BF16-COUNT-2: fpclass
// BF16: scf.if
// BF16: arith.addf
// BF16-COUNT-2: fpclass
// BF16: scf.if
// BF16: return
func.func @apart(%x: vector<32xf32>, %y: vector<32xf32>) -> (vector<32xbf16>, vector<32xbf16>) {
  %a = arith.truncf %x : vector<32xf32> to vector<32xbf16>
  %sum = arith.addf %x, %y : vector<32xf32>
  %b = arith.truncf %sum : vector<32xf32> to vector<32xbf16>
  return %a, %b : vector<32xbf16>, vector<32xbf16>
}

// Words moved up, or masked, are bf16 as they are: nothing is rounded.
// CHECK-LABEL: func.func @upper_words
// CHECK: %[[X:.*]] = vector.shuffle
// CHECK-NEXT: %[[SIZE:.*]] = math.absf %[[X]]
// CHECK-NEXT: return %[[SIZE]]
func.func @upper_words(%pairs: vector<4xi32>) -> vector<8xf32> {
  %c16 = arith.constant dense<16> : vector<4xi32>
  %high = arith.constant dense<0xffff0000> : vector<4xi32>
  %evenBits = arith.shli %pairs, %c16 : vector<4xi32>
  %oddBits = arith.andi %pairs, %high : vector<4xi32>
  %even = arith.bitcast %evenBits : vector<4xi32> to vector<4xf32>
  %odd = arith.bitcast %oddBits : vector<4xi32> to vector<4xf32>
  %x = vector.shuffle %even, %odd [0, 1, 2, 3, 4, 5, 6, 7] : vector<4xf32>, vector<4xf32>
  %size = math.absf %x : vector<8xf32>
  %0 = arith.truncf %size : vector<8xf32> to vector<8xbf16>
  %1 = arith.extf %0 : vector<8xbf16> to vector<8xf32>
  return %1 : vector<8xf32>
}

// One bit less, and they aren't.
// CHECK-LABEL: func.func @not_upper_words
// CHECK: arith.bitcast
// CHECK: arith.shrui
// CHECK: return
func.func @not_upper_words(%bits: vector<4xi32>) -> vector<4xf32> {
  %c15 = arith.constant dense<15> : vector<4xi32>
  %shifted = arith.shli %bits, %c15 : vector<4xi32>
  %x = arith.bitcast %shifted : vector<4xi32> to vector<4xf32>
  %0 = arith.truncf %x : vector<4xf32> to vector<4xbf16>
  %1 = arith.extf %0 : vector<4xbf16> to vector<4xf32>
  return %1 : vector<4xf32>
}

// What bf16 holds still does when it is limited to a range of bf16: its rounding
// is its upper half. Limits that bf16 does not hold are rounded.
// CHECK-LABEL: func.func @limited
// CHECK: %[[MOST:.*]] = arith.minimumf
// CHECK-NEXT: %[[BITS:.*]] = arith.bitcast %[[MOST]]
// CHECK-NEXT: %[[HALVES:.*]] = vector.bitcast %[[BITS]]
// CHECK-NEXT: %[[UPPER:.*]] = vector.shuffle %[[HALVES]], %[[HALVES]] [1, 3, 5, 7]
// CHECK-NEXT: arith.bitcast %[[UPPER]]
// CHECK-NEXT: arith.maximumf
// CHECK: arith.cmpf uno
// CHECK: return
// BF16-LABEL: func.func @limited_lanes
// BF16-NOT: cvtne2ps2bf16
// BF16-NOT: scf.if
// BF16: return
func.func @limited(%x: vector<4xbf16>, %y: vector<4xbf16>, %on: vector<4xi1>) -> (vector<4xbf16>, vector<4xbf16>) {
  %zero = arith.constant dense<0.0> : vector<4xf32>
  %six = arith.constant dense<6.0> : vector<4xf32>
  %tenth = arith.constant dense<0.1> : vector<4xf32>
  %xw = arith.extf %x : vector<4xbf16> to vector<4xf32>
  %yw = arith.extf %y : vector<4xbf16> to vector<4xf32>
  %one = arith.select %on, %xw, %yw : vector<4xi1>, vector<4xf32>
  %a = arith.maximumf %one, %zero : vector<4xf32>
  %b = arith.minimumf %a, %six : vector<4xf32>
  %0 = arith.truncf %b : vector<4xf32> to vector<4xbf16>
  %c = arith.maximumf %one, %tenth : vector<4xf32>
  %1 = arith.truncf %c : vector<4xf32> to vector<4xbf16>
  return %0, %1 : vector<4xbf16>, vector<4xbf16>
}
func.func @limited_lanes(%x: vector<32xbf16>) -> vector<32xbf16> {
  %zero = arith.constant 0.0 : bf16
  %wide = arith.extf %zero : bf16 to f32
  %zeros = vector.broadcast %wide : f32 to vector<32xf32>
  %xw = arith.extf %x : vector<32xbf16> to vector<32xf32>
  %a = arith.maximumf %xw, %zeros : vector<32xf32>
  %0 = arith.truncf %a : vector<32xf32> to vector<32xbf16>
  return %0 : vector<32xbf16>
}

// Each of a chain of values is looked at once, however often it is used.
// CHECK-LABEL: func.func @network
// CHECK-COUNT-40: arith.maximumf
// CHECK-NOT: arith.cmpf
// CHECK: return
func.func @network(%x: bf16, %y: bf16) -> bf16 {
  %a0 = arith.extf %x : bf16 to f32
  %b0 = arith.extf %y : bf16 to f32
  %a1 = arith.maximumf %a0, %b0 : f32
  %b1 = arith.minimumf %a0, %b0 : f32
  %a2 = arith.maximumf %a1, %b1 : f32
  %b2 = arith.minimumf %a1, %b1 : f32
  %a3 = arith.maximumf %a2, %b2 : f32
  %b3 = arith.minimumf %a2, %b2 : f32
  %a4 = arith.maximumf %a3, %b3 : f32
  %b4 = arith.minimumf %a3, %b3 : f32
  %a5 = arith.maximumf %a4, %b4 : f32
  %b5 = arith.minimumf %a4, %b4 : f32
  %a6 = arith.maximumf %a5, %b5 : f32
  %b6 = arith.minimumf %a5, %b5 : f32
  %a7 = arith.maximumf %a6, %b6 : f32
  %b7 = arith.minimumf %a6, %b6 : f32
  %a8 = arith.maximumf %a7, %b7 : f32
  %b8 = arith.minimumf %a7, %b7 : f32
  %a9 = arith.maximumf %a8, %b8 : f32
  %b9 = arith.minimumf %a8, %b8 : f32
  %a10 = arith.maximumf %a9, %b9 : f32
  %b10 = arith.minimumf %a9, %b9 : f32
  %a11 = arith.maximumf %a10, %b10 : f32
  %b11 = arith.minimumf %a10, %b10 : f32
  %a12 = arith.maximumf %a11, %b11 : f32
  %b12 = arith.minimumf %a11, %b11 : f32
  %a13 = arith.maximumf %a12, %b12 : f32
  %b13 = arith.minimumf %a12, %b12 : f32
  %a14 = arith.maximumf %a13, %b13 : f32
  %b14 = arith.minimumf %a13, %b13 : f32
  %a15 = arith.maximumf %a14, %b14 : f32
  %b15 = arith.minimumf %a14, %b14 : f32
  %a16 = arith.maximumf %a15, %b15 : f32
  %b16 = arith.minimumf %a15, %b15 : f32
  %a17 = arith.maximumf %a16, %b16 : f32
  %b17 = arith.minimumf %a16, %b16 : f32
  %a18 = arith.maximumf %a17, %b17 : f32
  %b18 = arith.minimumf %a17, %b17 : f32
  %a19 = arith.maximumf %a18, %b18 : f32
  %b19 = arith.minimumf %a18, %b18 : f32
  %a20 = arith.maximumf %a19, %b19 : f32
  %b20 = arith.minimumf %a19, %b19 : f32
  %a21 = arith.maximumf %a20, %b20 : f32
  %b21 = arith.minimumf %a20, %b20 : f32
  %a22 = arith.maximumf %a21, %b21 : f32
  %b22 = arith.minimumf %a21, %b21 : f32
  %a23 = arith.maximumf %a22, %b22 : f32
  %b23 = arith.minimumf %a22, %b22 : f32
  %a24 = arith.maximumf %a23, %b23 : f32
  %b24 = arith.minimumf %a23, %b23 : f32
  %a25 = arith.maximumf %a24, %b24 : f32
  %b25 = arith.minimumf %a24, %b24 : f32
  %a26 = arith.maximumf %a25, %b25 : f32
  %b26 = arith.minimumf %a25, %b25 : f32
  %a27 = arith.maximumf %a26, %b26 : f32
  %b27 = arith.minimumf %a26, %b26 : f32
  %a28 = arith.maximumf %a27, %b27 : f32
  %b28 = arith.minimumf %a27, %b27 : f32
  %a29 = arith.maximumf %a28, %b28 : f32
  %b29 = arith.minimumf %a28, %b28 : f32
  %a30 = arith.maximumf %a29, %b29 : f32
  %b30 = arith.minimumf %a29, %b29 : f32
  %a31 = arith.maximumf %a30, %b30 : f32
  %b31 = arith.minimumf %a30, %b30 : f32
  %a32 = arith.maximumf %a31, %b31 : f32
  %b32 = arith.minimumf %a31, %b31 : f32
  %a33 = arith.maximumf %a32, %b32 : f32
  %b33 = arith.minimumf %a32, %b32 : f32
  %a34 = arith.maximumf %a33, %b33 : f32
  %b34 = arith.minimumf %a33, %b33 : f32
  %a35 = arith.maximumf %a34, %b34 : f32
  %b35 = arith.minimumf %a34, %b34 : f32
  %a36 = arith.maximumf %a35, %b35 : f32
  %b36 = arith.minimumf %a35, %b35 : f32
  %a37 = arith.maximumf %a36, %b36 : f32
  %b37 = arith.minimumf %a36, %b36 : f32
  %a38 = arith.maximumf %a37, %b37 : f32
  %b38 = arith.minimumf %a37, %b37 : f32
  %a39 = arith.maximumf %a38, %b38 : f32
  %b39 = arith.minimumf %a38, %b38 : f32
  %a40 = arith.maximumf %a39, %b39 : f32
  %b40 = arith.minimumf %a39, %b39 : f32
  %sum = arith.minimumf %a40, %b40 : f32
  %0 = arith.truncf %sum : f32 to bf16
  return %0 : bf16
}
