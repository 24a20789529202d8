// RUN: norm-opt %s -split-input-file -verify-diagnostics

// C1, in generic form: one argument per operand.
func.func @arguments(%x: tensor<4xf32>) {
  // expected-error @+1 {{expected one body argument per input, but got 0 for 1}}
  %y = "norm.kernel"(%x) <{dims = #norm<space(i = 4)>, input_maps = [#norm<map[[i]]>], output_maps = [#norm<map[[i]]>]}> ({
    %c = arith.constant 0.0 : f32
    norm.yield %c : f32
  }) : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

// C1: of the operand's element type.
func.func @argument_type(%x: tensor<4xf32>) {
  // expected-error @+1 {{expected body argument 0 to be 'f32', but got 'f64'}}
  %y = "norm.kernel"(%x) <{dims = #norm<space(i = 4)>, input_maps = [#norm<map[[i]]>], output_maps = [#norm<map[[i]]>]}> ({
  ^bb0(%e: f64):
    %c = arith.constant 0.0 : f32
    norm.yield %c : f32
  }) : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

// C1: one block.
func.func @blocks() {
  // expected-error @+1 {{expects region #0 to have 0 or 1 blocks}}
  %y = "norm.kernel"() <{dims = #norm<space(i = 4)>, input_maps = [], output_maps = [#norm<map[[i]]>]}> ({
    %c = arith.constant 0.0 : f32
    norm.yield %c : f32
  ^bb1:
    %d = arith.constant 0.0 : f32
    norm.yield %d : f32
  }) : () -> tensor<4xf32>
  return
}

// -----

// C1: a block.
func.func @no_block() {
  // expected-error @+1 {{region with 1 blocks}}
  %y = norm.kernel dims(i = 4) ins() outs(by [[i]] : tensor<4xf32>) {
  }
  return
}

// -----

// C1: the block ends with a yield.
func.func @no_yield(%x: tensor<4xf32>) {
  // expected-error @+1 {{expected the body to end with norm.yield}}
  %y = norm.kernel dims(i = 4) ins(%e = %x by [[i]] : tensor<4xf32>)
      outs(by [[i]] : tensor<4xf32>) {
    llvm.unreachable
  }
  return
}

// -----

// C1: the block isn't empty.
func.func @empty_block(%x: tensor<4xf32>) {
  // expected-error @+1 {{expects a non-empty block}}
  norm.kernel dims(i = 4) ins(%e = %x by [[i]] : tensor<4xf32>) outs() {
  }
  return
}

// -----

// C1: operands are scalars, or tensors of scalars.
func.func @operand_type(%x: vector<4xf32>) {
  // expected-error @+1 {{expected input 0 to be a ranked tensor or a scalar, but got 'vector<4xf32>'}}
  norm.kernel dims(i = 4) ins(%e = %x by [[i]] : vector<4xf32>) outs() {
    norm.yield
  }
  return
}

// -----

func.func @unranked(%x: tensor<*xf32>) {
  // expected-error @+1 {{expected input 0 to be a ranked tensor or a scalar, but got 'tensor<*xf32>'}}
  norm.kernel dims(i = 4) ins(%e = %x by [[i]] : tensor<*xf32>) outs() {
    norm.yield
  }
  return
}

// -----

func.func @complex_elements(%x: tensor<4xcomplex<f32>>) {
  // expected-error @+1 {{expected input 0 to have integers or floats as elements, but got 'tensor<4xcomplex<f32>>'}}
  norm.kernel dims(i = 4) ins(%e = %x by [[i]] : tensor<4xcomplex<f32>>) outs() {
    norm.yield
  }
  return
}

// -----

// C1 of norm.yield: as many values as outputs.
func.func @yield_count(%x: tensor<4xf32>) {
  %y = norm.kernel dims(i = 4) ins(%e = %x by [[i]] : tensor<4xf32>)
      outs(by [[i]] : tensor<4xf32>) {
    // expected-error @+1 {{expected 1 values, one per output, but got 2}}
    norm.yield %e, %e : f32, f32
  }
  return
}

// -----

// C2, in generic form: one map per operand and output.
func.func @maps(%x: tensor<4xf32>) {
  // expected-error @+1 {{expected one map per operand and output, but got 0 and 1 for 1 and 1}}
  %y = "norm.kernel"(%x) <{dims = #norm<space(i = 4)>, input_maps = [], output_maps = [#norm<map[[i]]>]}> ({
  ^bb0(%e: f32):
    norm.yield %e : f32
  }) : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

// C2: a map has as many axes as its tensor.
func.func @map_rank(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{expected one list of dims per axis of input 0 (rank 2), but got 1}}
  norm.kernel dims(i = 4) ins(%e = %x by [[i]] : tensor<4x8xf32>) outs() {
    norm.yield
  }
  return
}

// -----

// C2: none for a scalar.
func.func @map_of_scalar(%x: f32) {
  // expected-error @+1 {{expected one list of dims per axis of input 0 (rank 0), but got 1}}
  norm.kernel dims(i = 4) ins(%e = %x by [[i]] : f32) outs() {
    norm.yield
  }
  return
}

// -----

// C2: a map names dims of the kernel.
func.func @map_dim(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{expected the map of input 0 to use dims among (i, j), but axis 1 has 'k'}}
  norm.kernel dims(i = 4, j = 8) ins(%e = %x by [[i], [k]] : tensor<4x8xf32>) outs() {
    norm.yield
  }
  return
}

// -----

// C2: no dim twice, in one axis or in two.
func.func @map_dim_twice(%x: tensor<4x4xf32>) {
  // expected-error @+1 {{expected each dim once in the map of input 0, but 'i' occurs again}}
  norm.kernel dims(i = 4) ins(%e = %x by [[i], [i]] : tensor<4x4xf32>) outs() {
    norm.yield
  }
  return
}

// -----

func.func @map_dim_twice_in_axis(%x: tensor<16xf32>) {
  // expected-error @+1 {{expected each dim once in the map of output 0, but 'i' occurs again}}
  %y = norm.kernel dims(i = 4) ins() outs(by [[i, i]] : tensor<16xf32>) {
    %c = arith.constant 0.0 : f32
    norm.yield %c : f32
  }
  return
}

// -----

// C3: only arith, math and norm body ops.
func.func private @effect(f32) -> f32
func.func @call(%x: tensor<4xf32>) {
  norm.kernel dims(i = 4) ins(%e = %x by [[i]] : tensor<4xf32>) outs() {
    // expected-error @+1 {{is not allowed in a norm.kernel body; expected a scalar arith or math op, or a norm body op}}
    %c = func.call @effect(%e) : (f32) -> f32
    norm.yield
  }
  return
}

// -----

// C3: no nested kernels.
func.func @nested(%x: tensor<4xf32>) {
  norm.kernel dims(i = 4) ins(%e = %x by [[i]] : tensor<4xf32>) outs() {
    // expected-error @+1 {{is not allowed in a norm.kernel body}}
    norm.kernel dims() ins(%f = %e by [] : f32) outs() {
      norm.yield
    }
    norm.yield
  }
  return
}

// -----

// C3: only scalars.
func.func @tensor_in_body(%x: tensor<4xf32>) {
  norm.kernel dims(i = 4) ins(%e = %x by [[i]] : tensor<4xf32>) outs() {
    // expected-error @+1 {{expected a scalar result in a norm.kernel body, but got 'tensor<4xf32>'}}
    %c = arith.constant dense<0.0> : tensor<4xf32>
    norm.yield
  }
  return
}

// -----

// C3: nothing from outside.
func.func @captured(%x: tensor<4xf32>, %s: f32) {
  // expected-note @+1 {{required by region isolation constraints}}
  norm.kernel dims(i = 4) ins(%e = %x by [[i]] : tensor<4xf32>) outs() {
    // expected-error @+1 {{using value defined outside the region}}
    %c = arith.mulf %e, %s : f32
    norm.yield
  }
  return
}

// -----

// C3: casts carry no fastmath flags.
func.func @fast_cast(%x: tensor<4xf32>) {
  norm.kernel dims(i = 4) ins(%e = %x by [[i]] : tensor<4xf32>) outs() {
    // expected-error @+1 {{expected a cast without fastmath flags: they let roundings disappear}}
    %c = arith.truncf %e fastmath<contract> : f32 to bf16
    norm.yield
  }
  return
}

// -----

// C4: an axis' extent is the product of its dims'.
func.func @extent(%x: tensor<4x9xf32>) {
  // expected-error @+1 {{expected axis 1 of input 0 to have extent 8, as its dims say, but got 9}}
  norm.kernel dims(i = 4, j = 8) ins(%e = %x by [[i], [j]] : tensor<4x9xf32>) outs() {
    norm.yield
  }
  return
}

// -----

func.func @joined_extent() {
  // expected-error @+1 {{expected axis 0 of output 0 to have extent 32, as its dims say, but got 33}}
  %y = norm.kernel dims(g = 4, c = 8) ins() outs(by [[g, c]] : tensor<33xf32>) {
    %c = arith.constant 0.0 : f32
    norm.yield %c : f32
  }
  return
}

// -----

// C4: the dims of a static axis are static.
func.func @joined_dynamic_extent(%x: tensor<33xf32>) {
  // expected-error @+1 {{expected the dims of axis 0 of input 0 to be static, as its extent 33 is, but 'g' is not}}
  norm.kernel dims(g = ?, c = 8) ins(%e = %x by [[g, c]] : tensor<33xf32>) outs() {
    norm.yield
  }
  return
}

// -----

func.func @joined_with_nothing(%x: tensor<33xf32>) {
  // expected-error @+1 {{expected the dims of axis 0 of input 0 to be static, as its extent 33 is, but 'g' is not}}
  norm.kernel dims(g = ?, c = 0) ins(%e = %x by [[g, c]] : tensor<33xf32>) outs() {
    norm.yield
  }
  return
}

// -----

// C4: an axis of no dim has extent 1.
func.func @no_dim(%x: tensor<4x2xf32>) {
  // expected-error @+1 {{expected axis 1 of input 0 to have extent 1, as its dims say, but got 2}}
  norm.kernel dims(i = 4) ins(%e = %x by [[i], []] : tensor<4x2xf32>) outs() {
    norm.yield
  }
  return
}

// -----

// C4: products stay below 2^63.
func.func @huge(%x: tensor<?xf32>) {
  // expected-error @+1 {{expected the extents joined in axis 0 of input 0 to have a product below 2^63}}
  norm.kernel dims(g = 4611686018427387904, c = 4)
      ins(%e = %x by [[g, c]] : tensor<?xf32>) outs() {
    norm.yield
  }
  return
}

// -----

// C5: an output doesn't tell the extent of a dim.
func.func @extent_of_output(%x: tensor<4xf32>) {
  // expected-error @+1 {{expected an input that tells the extent of dim 'j', but none has it alone or joined with known dims}}
  %y = norm.kernel dims(i = 4, j = ?) ins(%e = %x by [[i]] : tensor<4xf32>)
      outs(by [[i], [j]] : tensor<4x?xf32>) {
    norm.yield %e : f32
  }
  return
}

// -----

// C5: nor does a join of two unknown ones.
func.func @unknown_join(%x: tensor<?xf32>) {
  // expected-error @+1 {{expected an input that tells the extent of dim 'g'}}
  norm.kernel dims(g = ?, c = ?) ins(%e = %x by [[g, c]] : tensor<?xf32>) outs() {
    norm.yield
  }
  return
}

// -----

// C5: nor one with another `?` dim, though that is told.
func.func @dynamic_join(%x: tensor<?xf32>, %g: tensor<?xf32>) {
  // expected-error @+1 {{expected an input that tells the extent of dim 'c'}}
  norm.kernel dims(g = ?, c = ?)
      ins(%e = %x by [[g, c]] : tensor<?xf32>, %f = %g by [[g]] : tensor<?xf32>) outs() {
    norm.yield
  }
  return
}

// -----

// C6: at most 32 dims.
func.func @dims() {
  // expected-error @+1 {{expected at most 32 dims, but got 33}}
  norm.kernel dims(d0 = 1, d1 = 1, d2 = 1, d3 = 1, d4 = 1, d5 = 1, d6 = 1, d7 = 1, d8 = 1, d9 = 1, d10 = 1, d11 = 1, d12 = 1, d13 = 1, d14 = 1, d15 = 1, d16 = 1, d17 = 1, d18 = 1, d19 = 1, d20 = 1, d21 = 1, d22 = 1, d23 = 1, d24 = 1, d25 = 1, d26 = 1, d27 = 1, d28 = 1, d29 = 1, d30 = 1, d31 = 1, d32 = 1) ins() outs() {
    norm.yield
  }
  return
}

// -----

// C6: extents are not negative.
func.func @negative_extent() {
  // expected-error @+1 {{expected a non-negative extent of dim 'i', but got -1}}
  norm.kernel dims(i = -1) ins() outs() {
    norm.yield
  }
  return
}

// -----

func.func @dim_twice() {
  // expected-error @+1 {{expected each dim once, but 'i' occurs again}}
  norm.kernel dims(i = 1, i = 2) ins() outs() {
    norm.yield
  }
  return
}

// -----

// C7: a yielded value varies only over its output's dims.
func.func @lost_dim(%x: tensor<4x8xf32>) {
  %y = norm.kernel dims(i = 4, j = 8) ins(%e = %x by [[i], [j]] : tensor<4x8xf32>)
      outs(by [[i]] : tensor<4xf32>) {
    %s = norm.reduce add %e over [i] : f32
    %v = arith.addf %s, %s : f32
    // expected-error @+1 {{expected value 0 to vary only over the dims of output 0, but it also varies over [j]}}
    norm.yield %v : f32
  }
  return
}

// -----

// C7: a coordinate varies over its dim, and a predicate makes its result vary.
func.func @lost_dim_of_predicate(%x: tensor<8xf32>, %p: tensor<4x8xi1>) {
  %y = norm.kernel dims(i = 4, j = 8)
      ins(%e = %x by [[j]] : tensor<8xf32>, %pe = %p by [[i], [j]] : tensor<4x8xi1>)
      outs(by [] : tensor<f32>) {
    %s = norm.reduce add %e over [j] where %pe : f32
    // expected-error @+1 {{expected value 0 to vary only over the dims of output 0, but it also varies over [i]}}
    norm.yield %s : f32
  }
  return
}

// -----

// C7: types agree.
func.func @yield_type(%x: tensor<4xf32>) {
  %y = norm.kernel dims(i = 4) ins(%e = %x by [[i]] : tensor<4xf32>)
      outs(by [[i]] : tensor<4xf16>) {
    // expected-error @+1 {{expected value 0 to be 'f16', but got 'f32'}}
    norm.yield %e : f32
  }
  return
}

// -----

// C8: schedules name dims of the kernel.
func.func @schedule_dim(%x: tensor<4xf32>) {
  // expected-error @+1 {{expected the schedule to name dims among (i), but got 'k'}}
  norm.kernel dims(i = 4) ins(%e = %x by [[i]] : tensor<4xf32>) outs()
      schedule [#norm.schedule<target = cpu, parallel = [k], lanes = []>] {
    norm.yield
  }
  return
}

// -----

func.func @schedule_type(%x: tensor<4xf32>) {
  // expected-error @+1 {{failed to satisfy constraint: one schedule per stage}}
  norm.kernel dims(i = 4) ins(%e = %x by [[i]] : tensor<4xf32>) outs()
      schedule [1] {
    norm.yield
  }
  return
}

// -----

// C1 of norm.reduce: at least one dim.
func.func @reduce_nothing(%x: tensor<4xf32>) {
  norm.kernel dims(i = 4) ins(%e = %x by [[i]] : tensor<4xf32>) outs() {
    // expected-error @+1 {{expected at least one dim to combine over}}
    %s = norm.reduce add %e over [] : f32
    norm.yield
  }
  return
}

// -----

// C1 of norm.reduce: dims of the kernel.
func.func @reduce_dim(%x: tensor<4xf32>) {
  norm.kernel dims(i = 4) ins(%e = %x by [[i]] : tensor<4xf32>) outs() {
    // expected-error @+1 {{expected dims among (i), but got 'j'}}
    %s = norm.reduce add %e over [j] : f32
    norm.yield
  }
  return
}

// -----

// C1 of norm.reduce and norm.moments: none twice.
func.func @moments_dim_twice(%x: tensor<4xf32>) {
  norm.kernel dims(i = 4) ins(%e = %x by [[i]] : tensor<4xf32>) outs() {
    // expected-error @+1 {{expected each dim once, but 'i' occurs again}}
    %n, %m, %d, %m2 = norm.moments %e over [i, i] : f32
    norm.yield
  }
  return
}

// -----

// C2 of norm.reduce: types that combine.
func.func @reduce_type(%x: tensor<4xf8E4M3FN>) {
  norm.kernel dims(i = 4) ins(%e = %x by [[i]] : tensor<4xf8E4M3FN>) outs() {
    // expected-error @+1 {{expected f16, bf16, f32 or f64, but got 'f8E4M3FN'}}
    %s = norm.reduce add %e over [i] : f8E4M3FN
    norm.yield
  }
  return
}

// -----

func.func @reduce_kind(%x: tensor<4xf32>) {
  norm.kernel dims(i = 4) ins(%e = %x by [[i]] : tensor<4xf32>) outs() {
    // expected-error @+2 {{failed to parse Norm_ReduceKindAttr}}
    // expected-error @+1 {{expected one of [add, mul, max, min, mean] for how a collective combines, got: median}}
    %s = norm.reduce median %e over [i] : f32
    norm.yield
  }
  return
}

// -----

func.func @reduce_outside(%x: f32) {
  // expected-error @+1 {{expects parent op 'norm.kernel'}}
  %s = norm.reduce add %x over [i] : f32
  return
}

// -----

// C1 of norm.index: a dim of the kernel.
func.func @index(%x: tensor<4xf32>) {
  norm.kernel dims(i = 4) ins(%e = %x by [[i]] : tensor<4xf32>) outs() {
    // expected-error @+1 {{expected a dim among (i), but got 'j'}}
    %j = norm.index j
    norm.yield
  }
  return
}

// -----

// C1 of norm.extent: inside a kernel or stage.
func.func @extent_outside() {
  // expected-error @+1 {{expected to be inside a norm.kernel or norm.stage}}
  %n = norm.extent j
  return
}

// -----

// Missing attributes in generic form.
func.func @no_attributes() {
  // expected-error @+1 {{requires attribute 'dims'}}
  "norm.kernel"() <{}> ({
    norm.yield
  }) : () -> ()
  return
}

// -----

func.func @no_region() {
  // expected-error @+1 {{requires one region}}
  "norm.kernel"() <{dims = #norm<space()>, input_maps = [], output_maps = []}> : () -> ()
  return
}

// -----

// C3: no integer division.
func.func @division(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = norm.kernel dims(i = 4) ins(%e = %x by [[i]] : tensor<4xf32>)
      outs(by [[i]] : tensor<4xf32>) {
    %i = norm.index i
    // expected-error @+1 {{is not allowed in a norm.kernel body: the lanes that a mask leaves out would divide by zero}}
    %q = arith.divui %i, %i : index
    norm.yield %e : f32
  }
  return %y : tensor<4xf32>
}

// -----

// C5: a divisor is static.
func.func @two_unknown(%x: tensor<?xf32>, %b: tensor<?xf32>) {
  // expected-error @+1 {{expected an input that tells the extent of dim 'i', but none has it alone or joined with known dims}}
  norm.kernel dims(i = ?, b = ?) ins(%e = %x by [[i, b]] : tensor<?xf32>, %f = %b by [[b]] : tensor<?xf32>) outs() {
    norm.yield
  }
  return
}
