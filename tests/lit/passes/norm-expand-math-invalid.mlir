// RUN: norm-opt %s --norm-expand-math=has-fma=false -split-input-file -verify-diagnostics

func.func @no_expansion(%x: vector<4xf32>) -> vector<4xf32> {
  // expected-error@+1 {{no vector expansion of math.sin; expected one of math.erf, math.exp, math.exp2, math.expm1, math.fma, math.log, math.log1p, math.powf, math.rsqrt, math.tanh, or an operation that targets have themselves, such as math.sqrt}}
  %y = math.sin %x : vector<4xf32>
  return %y : vector<4xf32>
}

// -----

func.func @two_results(%x: f32) -> f32 {
  // expected-error@+1 {{no vector expansion of math.sincos; expected one of}}
  %y, %z = math.sincos %x : f32
  return %y : f32
}

// -----

func.func @narrow(%x: vector<4xf16>) -> vector<4xf16> {
  // expected-error@+1 {{no vector expansion of math.exp on 'vector<4xf16>'; expected f32, f64 or a fixed vector of them}}
  %y = math.exp %x : vector<4xf16>
  return %y : vector<4xf16>
}

// -----

func.func @scalable(%x: vector<[4]xf32>) -> vector<[4]xf32> {
  // expected-error@+1 {{no vector expansion of math.tanh on 'vector<[4]xf32>'; expected f32, f64 or a fixed vector of them}}
  %y = math.tanh %x : vector<[4]xf32>
  return %y : vector<[4]xf32>
}

// -----

func.func @narrow_fma(%x: bf16) -> bf16 {
  // expected-error@+1 {{no vector expansion of math.fma on 'bf16'; expected f32, f64 or a fixed vector of them}}
  %y = math.fma %x, %x, %x : bf16
  return %y : bf16
}
