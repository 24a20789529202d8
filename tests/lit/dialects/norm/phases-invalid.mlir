// RUN: norm-opt %s -split-input-file -verify-diagnostics

// C1 of norm.program: argument names are different.
// expected-error @+1 {{expected different argument names, but "x" occurs again}}
norm.program @names inputs(%x "x" : !norm.view<4xf32>) outputs(%y "x" : !norm.view<4xf32>) {
}

// -----

// C1 of norm.program: arguments are views.
// expected-error @+1 {{expected arguments to be views, but got 'f32'}}
norm.program @argument_type inputs(%x "x" : f32) outputs() {
}

// -----

// C1 of norm.program, in generic form: one name per argument.
// expected-error @+1 {{expected one name per argument, but got 0 for 1}}
"norm.program"() <{sym_name = "nameless", arg_names = [], num_inputs = 0}> ({
^bb0(%x: !norm.view<4xf32>):
  %n = norm.size %x[0] : !norm.view<4xf32>
}) : () -> ()

// -----

// expected-error @+1 {{expected between 0 and 1 inputs, but got -1}}
"norm.program"() <{sym_name = "inputs", arg_names = ["x"], num_inputs = -1}> ({
^bb0(%x: !norm.view<4xf32>):
  %n = norm.size %x[0] : !norm.view<4xf32>
}) : () -> ()

// -----

// C2 of norm.program: only sizes, scratch, stages and index arithmetic.
norm.program @body inputs() outputs() {
  // expected-error @+1 {{is not allowed in a norm.program; expected norm.size, norm.scratch, norm.stage or index arithmetic}}
  %c = arith.constant 0.0 : f32
}

// -----

// C3 of norm.program: pairs.
// expected-error @+1 {{expected in_place to hold pairs (input, output)}}
norm.program @odd inputs(%x "x" : !norm.view<4xf32>) outputs(%y "y" : !norm.view<4xf32>)
    attributes {in_place = array<i64: 0>} {
}

// -----

// C3 of norm.program: of an input and an output.
// expected-error @+1 {{expected in_place to pair an input with an output of its type, but got (1, 0)}}
norm.program @pair inputs(%x "x" : !norm.view<4xf32>) outputs(%y "y" : !norm.view<4xf32>)
    attributes {in_place = array<i64: 1, 0>} {
}

// -----

// expected-error @+1 {{expected in_place to pair an input with an output of its type, but got (0, 2)}}
norm.program @pair_range inputs(%x "x" : !norm.view<4xf32>) outputs(%y "y" : !norm.view<4xf32>)
    attributes {in_place = array<i64: 0, 2>} {
}

// -----

// C3 of norm.program: of the same type.
// expected-error @+1 {{expected in_place to pair an input with an output of its type, but got (0, 1)}}
norm.program @pair_type inputs(%x "x" : !norm.view<4xf32>) outputs(%y "y" : !norm.view<4xf16>)
    attributes {in_place = array<i64: 0, 1>} {
}

// -----

// C4 of norm.program: one alignment per argument.
// expected-error @+1 {{expected one alignment per argument, but got 1 for 2}}
norm.program @alignments inputs(%x "x" : !norm.view<4xf32>) outputs(%y "y" : !norm.view<4xf32>)
    attributes {alignments = array<i64: 64>} {
}

// -----

// C4 of norm.program: powers of two.
// expected-error @+1 {{expected alignments to be powers of two, but got 0}}
norm.program @alignment inputs(%x "x" : !norm.view<4xf32>) outputs()
    attributes {alignments = array<i64: 0>} {
}

// -----

// C1 of norm.size: the axis is within rank.
norm.program @size inputs(%x "x" : !norm.view<4xf32>) outputs() {
  // expected-error @+1 {{expected an axis below the rank of '!norm.view<4xf32>', but got 1}}
  %n = norm.size %x[1] : !norm.view<4xf32>
}

// -----

norm.program @negative_axis inputs(%x "x" : !norm.view<4xf32>) outputs() {
  // expected-error @+1 {{expected an axis below the rank of '!norm.view<4xf32>', but got -1}}
  %n = norm.size %x[-1] : !norm.view<4xf32>
}

// -----

norm.program @size_of_scalar inputs(%x "x" : !norm.view<f32>) outputs() {
  // expected-error @+1 {{expected an axis below the rank of '!norm.view<f32>', but got 0}}
  %n = norm.size %x[0] : !norm.view<f32>
}

// -----

// C1 of norm.scratch: as many sizes as `?`.
norm.program @scratch inputs() outputs() {
  // expected-error @+1 {{expected 1 sizes, one per '?', but got 0}}
  %p = norm.scratch() : !norm.view<?x4xf32>
}

// -----

// C2 of norm.scratch: contiguous.
norm.program @scratch_strides inputs() outputs() {
  // expected-error @+1 {{expected a contiguous view, but got '!norm.view<4xf32, strides [1]>'}}
  %p = norm.scratch() : !norm.view<4xf32, strides [1]>
}

// -----

// C2 of norm.scratch: what is local says which axes all instances share.
norm.program @local_without_strides inputs() outputs() {
  // expected-error @+1 {{expected local memory to be contiguous and static but for axes of stride 0, but got '!norm.view<4x8xf32>'}}
  %p = norm.scratch local 1() : !norm.view<4x8xf32>
}

// -----

// C2 of norm.scratch: what an instance has is contiguous.
norm.program @local_gaps inputs() outputs() {
  // expected-error @+1 {{expected local memory to be contiguous and static but for axes of stride 0, but got '!norm.view<4x8xf32, strides [0, 2]>'}}
  %p = norm.scratch local 1() : !norm.view<4x8xf32, strides [0, 2]>
}

// -----

// C2 of norm.scratch: what an instance has is static.
norm.program @local_dynamic inputs(%x "x" : !norm.view<?xf32>) outputs() {
  %n = norm.size %x[0] : !norm.view<?xf32>
  // expected-error @+1 {{expected local memory to be contiguous and static but for axes of stride 0, but got '!norm.view<4x?xf32, strides [0, 1]>'}}
  %p = norm.scratch local 1(%n) : !norm.view<4x?xf32, strides [0, 1]>
}

// -----

// C3 of norm.scratch: 64 KB for all instances at once.
norm.program @local_large inputs() outputs() {
  // expected-error @+1 {{expected at most 65536 bytes of local memory, but got 5 times '!norm.view<4x4096xf32, strides [0, 1]>'}}
  %p = norm.scratch local 5() : !norm.view<4x4096xf32, strides [0, 1]>
}

// -----

// C5 of norm.stage: 64 KB for all that is local to it.
norm.program @local_in_all inputs() outputs() {
  %p = norm.scratch local 2() : !norm.view<4x4096xf32, strides [0, 1]>
  %q = norm.scratch local 3() : !norm.view<4x4096xf32, strides [0, 1]>
  // expected-error @+1 {{expected at most 65536 bytes of local memory in all, but got 81920}}
  norm.stage dims(i = 4, j = 4096) schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4> {
    norm.instance {
      norm.phase over [j] {
        %c = arith.constant 0.0 : f32
        norm.store %c, %p by [[i], [j]] : !norm.view<4x4096xf32, strides [0, 1]>
        norm.store %c, %q by [[i], [j]] : !norm.view<4x4096xf32, strides [0, 1]>
      }
    }
  }
}

// -----

norm.program @local_for_nobody inputs() outputs() {
  // expected-error @+1 {{attribute 'local' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  %p = norm.scratch local 0() : !norm.view<4x8xf32, strides [0, 1]>
}

// -----

// C1 of norm.stage: dims once.
norm.program @stage_dim_twice inputs() outputs() {
  // expected-error @+1 {{expected each dim once, but 'i' occurs again}}
  norm.stage dims(i = 1, i = 2) schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
    }
  }
}

// -----

// C1 of norm.stage, in generic form: one size per `?`.
norm.program @stage_sizes inputs() outputs() {
  // expected-error @+1 {{expected 1 sizes, one per '?', but got 0}}
  "norm.stage"() <{dims = #norm<space(i = ?)>, schedule = #norm.schedule<target = cpu, parallel = [i], lanes = []>}> ({
    norm.instance {
    }
  }) : () -> ()
}

// -----

// C2 of norm.stage: the schedule names dims of the stage.
norm.program @schedule_dim inputs() outputs() {
  // expected-error @+1 {{expected the schedule to name dims among (i), but got 'j'}}
  norm.stage dims(i = 1) schedule #norm.schedule<target = cpu, parallel = [], lanes = [j]> {
    norm.instance {
    }
  }
}

// -----

// C2 of norm.stage: the chunk dim is a dim of the stage.
norm.program @chunk_dim inputs() outputs() {
  // expected-error @+1 {{expected the chunk dim to be a dim of the stage that is not parallel, but got 'k'}}
  norm.stage dims(i = 1) chunks k schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
    }
  }
}

// -----

norm.program @parallel_chunk_dim inputs() outputs() {
  // expected-error @+1 {{expected the chunk dim to be a dim of the stage that is not parallel, but got 'i'}}
  norm.stage dims(i = 1) chunks i schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
    }
  }
}

// -----

// C2 of norm.stage: `lanes` at most one.
norm.program @lanes inputs() outputs() {
  // expected-error @+2 {{expected at most one lane dim, but got 2}}
  norm.stage dims(i = 1, j = 1)
      schedule #norm.schedule<target = cpu, parallel = [], lanes = [i, j]> {
    norm.instance {
    }
  }
}

// -----

// C3 of norm.stage: an instance at the end.
norm.program @no_instance inputs() outputs() {
  // expected-error @+1 {{expected the stage to end with its norm.instance}}
  norm.stage dims(i = 1) schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    %c = arith.constant 0.0 : f32
  }
}

// -----

// C3 of norm.stage: one instance.
norm.program @instances inputs() outputs() {
  norm.stage dims(i = 1) schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    // expected-error @+1 {{is not allowed in a norm.stage; expected phases and then one norm.instance}}
    norm.instance {
    }
    norm.instance {
    }
  }
}

// -----

// C3 of norm.stage: phases outside the instance need `chunks`.
norm.program @phase_without_chunks inputs() outputs() {
  norm.stage dims(i = 1, j = 1) schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    // expected-error @+1 {{expected what is outside the instance to have no results, in a stage with chunks}}
    norm.phase over [j] {
    }
    norm.instance {
    }
  }
}

// -----

// C3 of norm.stage: a store outside the instance needs `chunks`.
norm.program @store_without_chunks inputs() outputs(%y "y" : !norm.view<f32>) {
  norm.stage dims(i = 1) schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    %c = arith.constant 0.0 : f32
    // expected-error @+1 {{expected what is outside the instance to have no results, in a stage with chunks}}
    norm.store %c, %y by [] : !norm.view<f32>
    norm.instance {
    }
  }
}

// -----

// C3 of norm.stage: and contribute nothing.
norm.program @phase_contributes inputs() outputs() {
  norm.stage dims(i = 1, j = 1, k = 1) chunks k
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    // expected-error @+1 {{expected what is outside the instance to have no results, in a stage with chunks}}
    %r = norm.phase over [j] {
      %c = arith.constant 0.0 : f32
      norm.contribute add %c : f32
    } : f32
    norm.instance {
    }
  }
}

// -----

// C1 of norm.instance: phases, scalar arithmetic, norm ops of one point.
norm.program @instance_body inputs() outputs() {
  norm.stage dims(i = 1) schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
      // expected-error @+1 {{is not allowed in a norm.instance; expected phases, scalar arithmetic, or a norm op of one point}}
      func.call @f() : () -> ()
    }
  }
}

// -----

norm.program @vector_in_instance inputs() outputs() {
  norm.stage dims(i = 1) schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
      // expected-error @+1 {{is not allowed in a norm.instance}}
      %c = arith.constant dense<0.0> : vector<4xf32>
    }
  }
}

// -----

// C1 of norm.phase: at least one dim.
norm.program @phase_over_nothing inputs() outputs() {
  norm.stage dims(i = 1) schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
      // expected-error @+1 {{expected at least one dim to run over}}
      norm.phase over [] {
      }
    }
  }
}

// -----

// C1 of norm.phase: dims of the stage.
norm.program @phase_dim inputs() outputs() {
  norm.stage dims(i = 1) schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
      // expected-error @+1 {{expected dims of the stage that are neither parallel nor the chunk dim, but got 'j'}}
      norm.phase over [j] {
      }
    }
  }
}

// -----

// C1 of norm.phase: not parallel.
norm.program @parallel_phase_dim inputs() outputs() {
  norm.stage dims(i = 1) schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
      // expected-error @+1 {{expected dims of the stage that are neither parallel nor the chunk dim, but got 'i'}}
      norm.phase over [i] {
      }
    }
  }
}

// -----

// C1 of norm.phase: not the chunk dim.
norm.program @phase_over_chunks inputs() outputs() {
  norm.stage dims(i = 1, k = 1) chunks k
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
      // expected-error @+1 {{expected dims of the stage that are neither parallel nor the chunk dim, but got 'k'}}
      norm.phase over [k] {
      }
    }
  }
}

// -----

// C1 of norm.phase: none twice.
norm.program @phase_dim_twice inputs() outputs() {
  norm.stage dims(i = 1, j = 1) schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
      // expected-error @+1 {{expected each dim once, but 'j' occurs again}}
      norm.phase over [j, j] {
      }
    }
  }
}

// -----

// C1 of norm.phase: the lane dim comes last.
norm.program @lane_dim inputs() outputs() {
  norm.stage dims(j = 1, l = 1) schedule #norm.schedule<target = cpu, parallel = [], lanes = [l]> {
    norm.instance {
      // expected-error @+1 {{expected the lane dim 'l' to come last}}
      norm.phase over [l, j] {
      }
    }
  }
}

// -----

// C2 of norm.phase: as many results as contributions.
norm.program @results inputs() outputs() {
  norm.stage dims(i = 1, j = 1) schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
      // expected-error @+1 {{expected one result per contribution, of its type, but got 0 for 1}}
      norm.phase over [j] {
        %c = arith.constant 0.0 : f32
        norm.contribute add %c : f32
      }
    }
  }
}

// -----

// C2 of norm.phase: of their types.
norm.program @result_types inputs() outputs() {
  norm.stage dims(i = 1, j = 1) schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
      // expected-error @+1 {{expected one result per contribution, of its type, but got 1 for 1}}
      %r = norm.phase over [j] {
        %c = arith.constant 0.0 : f32
        norm.contribute add %c : f32
      } : f64
    }
  }
}

// -----

// C3 of norm.phase: the body is straight-line scalar code.
norm.program @phase_body inputs() outputs() {
  norm.stage dims(i = 1, j = 1) schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
      norm.phase over [j] {
        // expected-error @+1 {{is not allowed in a norm.phase; expected scalar arithmetic or a norm op of one point}}
        func.call @f() : () -> ()
      }
    }
  }
}

// -----

// Missing attributes in generic form.
norm.program @no_schedule inputs() outputs() {
  // expected-error @+1 {{requires attribute 'dims'}}
  "norm.stage"() <{}> ({
    norm.instance {
    }
  }) : () -> ()
}

// -----

// expected-error @+1 {{requires attribute 'arg_names'}}
"norm.program"() <{}> ({
^bb0:
}) : () -> ()

// -----

// An instance without a region.
norm.program @no_region inputs() outputs() {
  norm.stage dims(i = 4) schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    // expected-error @+1 {{requires one region}}
    "norm.instance"() : () -> ()
  }
}

// -----

// A phase that ends with something else.
norm.program @terminator inputs() outputs() {
  norm.stage dims(i = 4, j = 8) schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
      // expected-error @+1 {{expects regions to end with 'norm.contribute', found 'llvm.unreachable'}}
      norm.phase over [j] { // expected-note {{the absence of terminator implies 'norm.contribute'}}
        llvm.unreachable
      }
    }
  }
}

// -----

// C4 of norm.stage: `non_empty` names dims of the stage.
norm.program @non_empty inputs() outputs() {
  // expected-error @+1 {{expected non_empty to name dims among (i), but got 'j'}}
  norm.stage dims(i = 1) non_empty [j] schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
    }
  }
}
