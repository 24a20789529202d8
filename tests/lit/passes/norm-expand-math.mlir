// RUN: norm-opt %s --norm-expand-math | FileCheck %s --check-prefixes=CHECK,FMA
// RUN: norm-opt %s --norm-expand-math=has-fma=false | FileCheck %s --check-prefixes=CHECK,NOFMA
// RUN: norm-opt %s --norm-expand-math=has-scale | FileCheck %s --check-prefix=SCALE
// RUN: norm-opt %s --norm-expand-math=has-lookup --cse | FileCheck %s --check-prefix=LOOKUP
// RUN: norm-opt %s --norm-expand-math="has-lookup has-scale" | FileCheck %s --check-prefix=BF16
// RUN: norm-opt %s --norm-expand-math=has-maximum=false | FileCheck %s --check-prefix=LIMIT

// Maxima and minima with a number are a comparison, true of NaN. Not with the zero
// that a zero of x might exceed, nor of two values.
// CHECK-LABEL: func.func @limits
// CHECK-NOT: arith.cmpf
// CHECK: return
// LIMIT-LABEL: func.func @limits
// LIMIT-SAME: %[[X:[^:]*]]: vector<8xf32>, %[[Y:[^:]*]]: vector<8xf32>
// LIMIT: %[[ABOVE:.*]] = arith.cmpf ugt, %[[X]], %[[ZERO:.*]] : vector<8xf32>
// LIMIT-NEXT: %[[A:.*]] = arith.select %[[ABOVE]], %[[X]], %[[ZERO]]
// LIMIT-NEXT: %[[BELOW:.*]] = arith.cmpf ult, %[[A]], %[[SIX:.*]] : vector<8xf32>
// LIMIT-NEXT: %[[B:.*]] = arith.select %[[BELOW]], %[[A]], %[[SIX]]
// LIMIT-NEXT: %[[C:.*]] = arith.maximumf %[[B]], %{{.*}} : vector<8xf32>
// LIMIT-NEXT: %[[D:.*]] = arith.minimumf %[[C]], %[[ZERO]] : vector<8xf32>
// LIMIT-NEXT: arith.maximumf %[[D]], %[[Y]] : vector<8xf32>
func.func @limits(%x: vector<8xf32>, %y: vector<8xf32>) -> vector<8xf32> {
  %zero = arith.constant dense<0.0> : vector<8xf32>
  %minusZero = arith.constant dense<-0.0> : vector<8xf32>
  %six = arith.constant dense<6.0> : vector<8xf32>
  %a = arith.maximumf %x, %zero : vector<8xf32>
  %b = arith.minimumf %a, %six : vector<8xf32>
  %c = arith.maximumf %b, %minusZero : vector<8xf32>
  %d = arith.minimumf %c, %zero : vector<8xf32>
  %e = arith.maximumf %d, %y : vector<8xf32>
  return %e : vector<8xf32>
}

// A vector of two registers is scaled by halves, which need no shifts.
// SCALE-LABEL: func.func @two_registers
// SCALE-NOT: arith.shli
// SCALE-COUNT-2: llvm.x86.avx512.mask.scalef.ps.512
// SCALE: return
func.func @two_registers(%x: vector<32xf32>) -> vector<32xf32> {
  %y = math.exp %x : vector<32xf32>
  return %y : vector<32xf32>
}

// A centre and six coefficients for each register; f64 has no table.
// LOOKUP-LABEL: func.func @by_pieces
// LOOKUP: math.fma
// LOOKUP-COUNT-7: llvm.x86.avx512.permvar.sf.512
// LOOKUP-NOT: permvar
// LOOKUP: arith.extf
// LOOKUP-NOT: permvar
// LOOKUP: return
func.func @by_pieces(%x: vector<16xf32>) -> (vector<16xf32>, vector<16xf64>) {
  %y = math.tanh %x : vector<16xf32>
  %w = arith.extf %y : vector<16xf32> to vector<16xf64>
  %z = math.erf %w : vector<16xf64>
  return %y, %z : vector<16xf32>, vector<16xf64>
}

// Registers are looked up one by one; a scalar's coefficient is an element.
// LOOKUP-LABEL: func.func @other_lanes
// LOOKUP-COUNT-14: llvm.x86.avx512.permvar.sf.512
// LOOKUP-NOT: permvar
// LOOKUP-COUNT-7: vector.extract %{{.*}}[%{{.*}}] : f32 from vector<16xf32>
// LOOKUP: return
func.func @other_lanes(%x: vector<32xf32>, %y: f32) -> (vector<32xf32>, f32) {
  %0 = math.erf %x : vector<32xf32>
  %1 = math.erf %y : f32
  return %0, %1 : vector<32xf32>, f32
}

// Powers of 2^(1/16) are one table.
// LOOKUP-LABEL: func.func @by_sixteenths
// LOOKUP-COUNT-1: llvm.x86.avx512.permvar.sf.512
// LOOKUP-NOT: permvar
// LOOKUP: return
func.func @by_sixteenths(%x: vector<16xf32>) -> vector<16xf32> {
  %y = math.exp %x : vector<16xf32>
  return %y : vector<16xf32>
}

// From bf16 to bf16 nothing is clamped, and coefficients are three.
// BF16-LABEL: func.func @of_bf16
// BF16-NOT: arith.cmpf
// BF16-COUNT-2: llvm.x86.avx512.mask.reduce.ps.512
// BF16-NOT: arith.cmpf
// BF16-COUNT-2: llvm.x86.avx512.mask.scalef.ps.512
// BF16: arith.cmpf
// BF16-COUNT-6: llvm.x86.avx512.permvar.sf.512
// BF16-NOT: permvar
// BF16: return
func.func @of_bf16(%x: vector<32xbf16>) -> vector<32xbf16> {
  %w = arith.extf %x : vector<32xbf16> to vector<32xf32>
  %m = arith.negf %w : vector<32xf32>
  %e = math.exp %m : vector<32xf32>
  %r = arith.truncf %e : vector<32xf32> to vector<32xbf16>
  %s = arith.extf %r : vector<32xbf16> to vector<32xf32>
  %t = math.tanh %s : vector<32xf32>
  %y = arith.truncf %t : vector<32xf32> to vector<32xbf16>
  return %y : vector<32xbf16>
}

// Of a sum, or with a result that stays f32, they are as exact as of any f32.
// BF16-LABEL: func.func @not_of_bf16
// BF16-COUNT-14: llvm.x86.avx512.permvar.sf.512
// BF16: return
func.func @not_of_bf16(%x: vector<16xbf16>) -> (vector<16xbf16>, vector<16xf32>) {
  %w = arith.extf %x : vector<16xbf16> to vector<16xf32>
  %sum = arith.addf %w, %w : vector<16xf32>
  %0 = math.tanh %sum : vector<16xf32>
  %1 = arith.truncf %0 : vector<16xf32> to vector<16xbf16>
  %2 = math.tanh %w : vector<16xf32>
  %3 = arith.truncf %2 : vector<16xf32> to vector<16xbf16>
  %4 = arith.extf %3 : vector<16xbf16> to vector<16xf32>
  %5 = arith.addf %2, %4 : vector<16xf32>
  return %1, %5 : vector<16xbf16>, vector<16xf32>
}

// CHECK-LABEL: func.func @exp
// CHECK-SAME: (%[[X:.*]]: vector<8xf32>)
func.func @exp(%x: vector<8xf32>) -> vector<8xf32> {
  // The argument is clamped by selects that let a NaN through.
  // CHECK: %[[HIGH:.*]] = arith.constant dense<8.900000e+01>
  // CHECK: %[[ABOVE:.*]] = arith.cmpf ogt, %[[X]], %[[HIGH]]
  // CHECK: arith.select %[[ABOVE]], %[[HIGH]], %[[X]]
  // FMA: math.fma
  // NOFMA-NOT: math.fma
  // The power of two comes in two factors.
  // CHECK: %[[FIRST:.*]] = arith.bitcast %{{.*}} : vector<8xi32> to vector<8xf32>
  // CHECK: %[[PART:.*]] = arith.mulf %{{.*}}, %[[FIRST]]
  // CHECK: %[[SECOND:.*]] = arith.bitcast %{{.*}} : vector<8xi32> to vector<8xf32>
  // CHECK: %[[Y:.*]] = arith.mulf %[[PART]], %[[SECOND]]
  // CHECK: return %[[Y]]
  %y = math.exp %x : vector<8xf32>
  return %y : vector<8xf32>
}

// CHECK-LABEL: func.func @rsqrt
// CHECK-SAME: (%[[X:.*]]: f64)
func.func @rsqrt(%x: f64) -> f64 {
  // CHECK-DAG: %[[ONE:.*]] = arith.constant 1.000000e+00 : f64
  // CHECK-DAG: %[[ROOT:.*]] = math.sqrt %[[X]] : f64
  // CHECK: arith.divf %[[ONE]], %[[ROOT]] : f64
  %y = math.rsqrt %x : f64
  return %y : f64
}

// CHECK-LABEL: func.func @every_function
// CHECK-NOT: math.{{erf|exp|log|powf|tanh}}
// CHECK: return
func.func @every_function(%x: vector<4xf64>, %y: f32)
    -> (vector<4xf64>, f32) {
  %0 = math.exp2 %x : vector<4xf64>
  %1 = math.expm1 %0 : vector<4xf64>
  %2 = math.log %1 : vector<4xf64>
  %3 = math.log1p %2 : vector<4xf64>
  %4 = math.tanh %3 : vector<4xf64>
  %5 = math.erf %4 : vector<4xf64>
  %6 = math.powf %5, %x : vector<4xf64>
  %7 = math.powf %y, %y : f32
  return %6, %7 : vector<4xf64>, f32
}

// An fma in f32 is exact in f64 but for its sum.
// CHECK-LABEL: func.func @fma
func.func @fma(%x: vector<4xf32>) -> vector<4xf32> {
  // FMA: math.fma {{.*}} : vector<4xf32>
  // NOFMA-NOT: math.fma
  // NOFMA: arith.mulf {{.*}} : vector<4xf64>
  // NOFMA: arith.truncf {{.*}} : vector<4xf64> to vector<4xf32>
  // CHECK: return
  %y = math.fma %x, %x, %x : vector<4xf32>
  return %y : vector<4xf32>
}

// LLVM takes the sign from before a rounding, and then calls a function to round
// f64 to f16.
// CHECK-LABEL: func.func @copysign
func.func @copysign(%x: vector<4xf32>, %d: f64) -> (vector<4xf32>, f16) {
  // CHECK: %[[BELOW:.*]] = arith.constant dense<2147483647> : vector<4xi32>
  // CHECK: %[[M:.*]] = arith.andi {{.*}}, %[[BELOW]] : vector<4xi32>
  // CHECK: %[[TOP:.*]] = arith.constant dense<-2147483648> : vector<4xi32>
  // CHECK: %[[S:.*]] = arith.andi {{.*}}, %[[TOP]] : vector<4xi32>
  // CHECK: %[[J:.*]] = arith.ori %[[M]], %[[S]] : vector<4xi32>
  // CHECK: arith.bitcast %[[J]] : vector<4xi32> to vector<4xf32>
  // CHECK: arith.ori {{.*}} : i32
  // CHECK-NOT: math.copysign
  // CHECK: return
  %0 = math.copysign %x, %x : vector<4xf32>
  %1 = arith.truncf %d : f64 to f32
  %2 = math.tanh %1 : f32
  %3 = arith.truncf %2 : f32 to f16
  return %0, %3 : vector<4xf32>, f16
}

// What targets have themselves, and what is not on floats.
// CHECK-LABEL: func.func @kept
func.func @kept(%x: vector<4xf32>, %h: f16, %i: i32) -> (vector<4xf32>, f16, i32) {
  // CHECK-NEXT: math.sqrt
  // CHECK-NEXT: math.absf
  // CHECK-NEXT: math.floor
  // CHECK-NEXT: math.roundeven
  // CHECK-NEXT: math.absf {{.*}} : f16
  // CHECK-NEXT: math.ctlz
  // CHECK-NEXT: return
  %0 = math.sqrt %x : vector<4xf32>
  %1 = math.absf %0 : vector<4xf32>
  %3 = math.floor %1 : vector<4xf32>
  %4 = math.roundeven %3 : vector<4xf32>
  %5 = math.absf %h : f16
  %6 = math.ctlz %i : i32
  return %4, %5, %6 : vector<4xf32>, f16, i32
}

// CHECK-LABEL: gpu.func @inside_gpu_func
gpu.module @kernels {
  gpu.func @inside_gpu_func(%x: f32, %out: memref<1xf32>) kernel {
    // CHECK-NOT: math.log
    %y = math.log %x : f32
    %c0 = arith.constant 0 : index
    // CHECK: memref.store
    memref.store %y, %out[%c0] : memref<1xf32>
    gpu.return
  }
}
