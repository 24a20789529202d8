// RUN: normc compile %s --emit=asm --target=x86-64-v3 | FileCheck %s --check-prefixes=CHECK,X86
// RUN: normc compile %s --emit=asm --target=x86-64-v4 | FileCheck %s --check-prefixes=CHECK,X86
// RUN: normc compile %s --emit=asm --target=aarch64 | FileCheck %s --check-prefixes=CHECK,ARM
// RUN: normc compile %s --emit=vector --target=x86-64-v4 | FileCheck %s --check-prefix=VECTOR

// A product of two 32-bit numbers is one instruction, where LLVM sees that the
// upper halves of its factors are zero; the masks that say so take none.
// CHECK-LABEL: random_stage0:
// X86: vpmuludq
// X86-NOT: {{vpmullq|imul}}
// ARM: umull v{{[0-9]+}}.2d, v{{[0-9]+}}.2s
// CHECK: .size

// Lanes that begin at a multiple of four share blocks: a register's 8 of them for
// 32 lanes. Keys are made outside, where loops leave them behind.
// VECTOR-LABEL: func.func @random_stage0
// VECTOR-COUNT-20: vector.broadcast %{{.*}} : i64 to vector<8xi64>
// VECTOR: scf.while
// VECTOR: scf.if
// VECTOR: arith.muli %{{.*}} : vector<8xi64>
// VECTOR-NOT: arith.muli %{{.*}} : vector<32xi64>
// VECTOR: vector.shuffle %{{.*}}, %{{.*}} [0, 8, 2, 10, 4, 12, 6, 14, 1, 9, 3, 11, 5, 13, 7, 15] : vector<8xi64>, vector<8xi64>
// VECTOR: vector.bitcast %{{.*}} : vector<16xi64> to vector<32xi32>
// VECTOR: } else {
// VECTOR: arith.muli %{{.*}} : vector<32xi64>
func.func @random(%x: tensor<?x4096xf32> {norm.name = "x"}, %seed: tensor<i64> {norm.name = "seed"})
    -> (tensor<?x4096xi32> {norm.name = "y"}) {
  %y = norm.kernel dims(i = ?, j = 4096)
      ins(%e = %x by [[i], [j]] : tensor<?x4096xf32>, %s = %seed by [] : tensor<i64>)
      outs(by [[i], [j]] : tensor<?x4096xi32>) {
    %i = norm.index i
    %j = norm.index j
    %n = norm.extent j
    %r = arith.muli %i, %n : index
    %k = arith.addi %r, %j : index
    %zero = arith.constant 0 : i64
    %w = norm.philox(%s, %zero, %k) : index
    norm.yield %w : i32
  }
  return %y : tensor<?x4096xi32>
}
