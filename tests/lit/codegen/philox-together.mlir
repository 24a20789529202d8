// RUN: normc compile %s --emit=vector --target=x86-64-v4 | FileCheck %s

// Rounds wait for each other: the blocks of four vectors are made together.
// CHECK-LABEL: func.func @summed_stage0
// CHECK: scf.if
// CHECK: vector.bitcast %{{.*}} : vector<64xi64> to vector<128xi32>
// CHECK-COUNT-4: vector.shuffle %{{.*}} : vector<128xi32>, vector<128xi32>
// CHECK: scf.yield %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : vector<32xi32>
// CHECK-NOT: scf.if
// CHECK: llvm.load
func.func @summed(%x: tensor<?x4096xf32> {norm.name = "x"}, %seed: tensor<i64> {norm.name = "seed"})
    -> (tensor<?xf32> {norm.name = "y"}) {
  %y = norm.kernel dims(i = ?, j = 4096)
      ins(%e = %x by [[i], [j]] : tensor<?x4096xf32>, %s = %seed by [] : tensor<i64>)
      outs(by [[i]] : tensor<?xf32>) {
    %i = norm.index i
    %j = norm.index j
    %n = norm.extent j
    %r = arith.muli %i, %n : index
    %k = arith.addi %r, %j : index
    %zero = arith.constant 0 : i64
    %half = arith.constant 2147483648 : i32
    %none = arith.constant 0.0 : f32
    %w = norm.philox(%s, %zero, %k) : index
    %keep = arith.cmpi uge, %w, %half : i32
    %o = arith.select %keep, %e, %none : f32
    %sum = norm.reduce add %o over [j] : f32
    norm.yield %sum : f32
  }
  return %y : tensor<?xf32>
}
