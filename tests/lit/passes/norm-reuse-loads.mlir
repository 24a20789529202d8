// RUN: norm-opt %s --norm-reuse-loads --split-input-file | FileCheck %s

// What two phases read of one row is loaded once, whatever is stored to other
// buffers meanwhile.
// CHECK-LABEL: func.func @row
// CHECK: %[[X:.*]] = llvm.load %{{.*}} : !llvm.ptr -> vector<32xi16>
// CHECK-NOT: vector<32xi16>
// CHECK: "llvm.intr.prefetch"
// CHECK: llvm.store
// CHECK-NEXT: return %[[X]], %[[X]]
func.func @row(%buffers: !llvm.ptr, %step: f32) -> (vector<32xi16>, vector<32xi16>) {
  %out = llvm.getelementptr %buffers[1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
  %x = llvm.load %buffers : !llvm.ptr -> !llvm.ptr
  %y = llvm.load %out : !llvm.ptr -> !llvm.ptr
  %p = llvm.getelementptr %x[64] : (!llvm.ptr) -> !llvm.ptr, i16
  %a = llvm.load %p : !llvm.ptr -> vector<32xi16>
  "llvm.intr.prefetch"(%p) <{cache = 1 : i32, hint = 2 : i32, rw = 0 : i32}> : (!llvm.ptr) -> ()
  llvm.store %step, %y : f32, !llvm.ptr
  %b = llvm.load %p : !llvm.ptr -> vector<32xi16>
  return %a, %b : vector<32xi16>, vector<32xi16>
}

// -----

// A buffer that is written is read again, and so are scratch and another type.
// CHECK-LABEL: func.func @written
// CHECK-COUNT-2: llvm.load %{{.*}} : !llvm.ptr -> f32
// CHECK: llvm.load %{{.*}} : !llvm.ptr -> i32
// CHECK-COUNT-2: llvm.load %{{.*}} : !llvm.ptr -> f64
func.func @written(%buffers: !llvm.ptr, %scratch: !llvm.ptr, %step: f32, %n: f64) -> (f32, f32, i32, f64, f64) {
  %y = llvm.load %buffers : !llvm.ptr -> !llvm.ptr
  %a = llvm.load %y : !llvm.ptr -> f32
  llvm.store %step, %y : f32, !llvm.ptr
  %b = llvm.load %y : !llvm.ptr -> f32
  %c = llvm.load %y : !llvm.ptr -> i32
  %d = llvm.load %scratch : !llvm.ptr -> f64
  llvm.store %n, %scratch : f64, !llvm.ptr
  %e = llvm.load %scratch : !llvm.ptr -> f64
  return %a, %b, %c, %d, %e : f32, f32, i32, f64, f64
}

// -----

// A load stands for those of the blocks inside, but not for those behind them.
// CHECK-LABEL: func.func @inside
// CHECK: %[[A:.*]] = llvm.load %{{.*}} : !llvm.ptr -> f32
// CHECK-NEXT: scf.if
// CHECK-NEXT: llvm.load %{{.*}} : !llvm.ptr -> f64
// CHECK-NEXT: scf.yield %[[A]]
// CHECK: llvm.load %{{.*}} : !llvm.ptr -> f64
func.func @inside(%buffers: !llvm.ptr, %c: i1) -> (f32, f64) {
  %x = llvm.load %buffers : !llvm.ptr -> !llvm.ptr
  %a = llvm.load %x : !llvm.ptr -> f32
  %r:2 = scf.if %c -> (f32, f64) {
    %b = llvm.load %x : !llvm.ptr -> f32
    %d = llvm.load %x : !llvm.ptr -> f64
    scf.yield %b, %d : f32, f64
  } else {
    %z = arith.constant 0.0 : f64
    scf.yield %a, %z : f32, f64
  }
  %e = llvm.load %x : !llvm.ptr -> f64
  %s = arith.addf %r#1, %e : f64
  return %r#0, %s : f32, f64
}
