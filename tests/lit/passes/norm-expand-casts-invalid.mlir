// RUN: norm-opt %s --norm-expand-casts -verify-diagnostics

func.func @rounding_mode(%x: f32) -> bf16 {
  // expected-error@+1 {{expected rounding mode to_nearest_even, but got toward_zero}}
  %y = arith.truncf %x toward_zero : f32 to bf16
  return %y : bf16
}
