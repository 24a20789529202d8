// RUN: norm-opt %s -split-input-file -verify-diagnostics

// C1 of norm.philox: in a body.
func.func @philox_outside(%seed: i64) -> i32 {
  // expected-error @+1 {{expects parent op to be one of 'norm.kernel, norm.instance, norm.phase'}}
  %w = norm.philox(%seed, %seed, %seed) : i64
  return %w : i32
}

// -----

// C2 of norm.philox: the types of its operands.
func.func @philox_index(%x: tensor<4xi32>) {
  norm.kernel dims(i = 4) ins(%e = %x by [[i]] : tensor<4xi32>) outs() {
    %seed = arith.constant 1 : i64
    // expected-error @+1 {{operand #2 must be 64-bit signless integer or index, but got 'i32'}}
    %w = norm.philox(%seed, %seed, %e) : i32
    norm.yield
  }
  return
}

// -----

func.func @philox_seed(%s: i32) {
  norm.kernel dims(i = 4) ins(%e = %s by [] : i32) outs() {
    %i = norm.index i
    // expected-error @+1 {{operand #0 must be 64-bit signless integer, but got 'i32'}}
    %w = "norm.philox"(%e, %e, %i) : (i32, i32, index) -> i32
    norm.yield
  }
  return
}

// -----

// C7, and the space of norm.philox: that of its operands together.
func.func @philox_space(%s: i64) -> tensor<4xi32> {
  %y = norm.kernel dims(i = 4, j = 8) ins(%e = %s by [] : i64) outs(by [[i]] : tensor<4xi32>) {
    %j = norm.index j
    %w = norm.philox(%e, %e, %j) : index
    // expected-error @+1 {{expected value 0 to vary only over the dims of output 0, but it also varies over [j]}}
    norm.yield %w : i32
  }
  return %y : tensor<4xi32>
}
