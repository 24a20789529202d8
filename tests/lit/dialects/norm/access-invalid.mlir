// RUN: norm-opt %s -split-input-file -verify-diagnostics

// C1 of norm.contribute, in generic form: one kind per value.
norm.program @kinds inputs() outputs() {
  norm.stage dims(i = 1, j = 1) schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
      %r = norm.phase over [j] {
        %c = arith.constant 0.0 : f32
        // expected-error @+1 {{expected one kind per value, but got 0 for 1}}
        "norm.contribute"(%c) <{kinds = []}> : (f32) -> ()
      } : f32
    }
  }
}

// -----

norm.program @kind inputs() outputs() {
  norm.stage dims(i = 1, j = 1) schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
      %r = norm.phase over [j] {
        %c = arith.constant 0.0 : f32
        // expected-error @+1 {{expected add, mul, max, min or mean, but got median}}
        norm.contribute median %c : f32
      } : f32
    }
  }
}

// -----

// C1 of norm.load: one list of dims per axis.
norm.program @load_rank inputs(%x "x" : !norm.view<4x8xf32>) outputs() {
  norm.stage dims(i = 4) schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
      // expected-error @+1 {{expected one list of dims per axis of '!norm.view<4x8xf32>', but got 1}}
      %e = norm.load %x by [[i]] : !norm.view<4x8xf32>
    }
  }
}

// -----

// C1 of norm.load: dims that are fixed here.
norm.program @load_dim inputs(%x "x" : !norm.view<4x8xf32>) outputs() {
  norm.stage dims(i = 4, j = 8) schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
      // expected-error @+1 {{expected dims that are fixed here, [i], but got 'j'}}
      %e = norm.load %x by [[i], [j]] : !norm.view<4x8xf32>
    }
  }
}

// -----

// Outside the instance, the parallel dims aren't fixed.
norm.program @load_outside_instance inputs(%x "x" : !norm.view<4x8xf32>) outputs() {
  norm.stage dims(i = 4, j = 8, k = 1) chunks k
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.phase over [j] {
      // expected-error @+1 {{expected dims that are fixed here, [j, k], but got 'i'}}
      %e = norm.load %x by [[i], [j]] : !norm.view<4x8xf32>
    }
    norm.instance {
    }
  }
}

// -----

// C1 of norm.load, in generic form: of the view's element type.
norm.program @load_type inputs(%x "x" : !norm.view<4xf32>) outputs() {
  norm.stage dims(i = 4) schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
      // expected-error @+1 {{expected 'f32', but got 'f64'}}
      %e = "norm.load"(%x) <{map = #norm<map[[i]]>}> : (!norm.view<4xf32>) -> f64
    }
  }
}

// -----

// C1 of norm.load: static extents agree.
norm.program @load_extent inputs(%x "x" : !norm.view<5xf32>) outputs() {
  norm.stage dims(i = 4) schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
      // expected-error @+1 {{expected axis 0 of '!norm.view<5xf32>' to have extent 4, as its dims say}}
      %e = norm.load %x by [[i]] : !norm.view<5xf32>
    }
  }
}

// -----

norm.program @load_dim_twice inputs(%x "x" : !norm.view<4x4xf32>) outputs() {
  norm.stage dims(i = 4) schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
      // expected-error @+1 {{expected each dim once, but 'i' occurs again}}
      %e = norm.load %x by [[i], [i]] : !norm.view<4x4xf32>
    }
  }
}

// -----

norm.program @load_outside inputs(%x "x" : !norm.view<4xf32>) outputs() {
  // expected-error @+1 {{expects parent op to be one of 'norm.instance, norm.phase'}}
  %e = norm.load %x by [] : !norm.view<4xf32>
}

// -----

// C1 of norm.store.
norm.program @store_dim inputs() outputs(%y "y" : !norm.view<4xf32>) {
  norm.stage dims(i = 4) schedule #norm.schedule<target = cpu, parallel = [], lanes = []> {
    norm.instance {
      %c = arith.constant 0.0 : f32
      // expected-error @+1 {{expected dims that are fixed here, [], but got 'i'}}
      norm.store %c, %y by [[i]] : !norm.view<4xf32>
    }
  }
}

// -----

// C1 of norm.store, in generic form: the value has the view's element type.
norm.program @store_type inputs() outputs(%y "y" : !norm.view<4xf32>) {
  norm.stage dims(i = 4) schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
      %c = arith.constant 0.0 : f64
      // expected-error @+1 {{expected 'f32', but got 'f64'}}
      "norm.store"(%c, %y) <{map = #norm<map[[i]]>}> : (f64, !norm.view<4xf32>) -> ()
    }
  }
}

// -----

// C1 of norm.accumulate.
norm.program @accumulate_dim inputs() outputs(%y "y" : !norm.view<4xf32>) {
  norm.stage dims(i = 4) schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
      %c = arith.constant 0.0 : f32
      // expected-error @+1 {{expected dims that are fixed here, [i], but got 'q'}}
      norm.accumulate add %c, %y by [[q]] : !norm.view<4xf32>
    }
  }
}

// -----

// C2 of norm.accumulate: not `mean`.
norm.program @accumulate_mean inputs() outputs(%y "y" : !norm.view<4xf32>) {
  norm.stage dims(i = 4) schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
      %c = arith.constant 0.0 : f32
      // expected-error @+1 {{expected add, mul, max or min, but got mean}}
      norm.accumulate mean %c, %y by [[i]] : !norm.view<4xf32>
    }
  }
}

// -----

norm.program @accumulate_kind inputs() outputs(%y "y" : !norm.view<4xf32>) {
  norm.stage dims(i = 4) schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
      %c = arith.constant 0.0 : f32
      // expected-error @+1 {{expected add, mul, max or min, but got xor}}
      norm.accumulate xor %c, %y by [[i]] : !norm.view<4xf32>
    }
  }
}

// -----

norm.program @load_not_a_view inputs(%x "x" : !norm.view<4xf32>) outputs() {
  norm.stage dims(i = 4) schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
      // expected-error @+1 {{invalid kind of type specified}}
      %e = norm.load %x by [[i]] : tensor<4xf32>
    }
  }
}

// -----

// C2 of norm.store: each element is written once.
norm.program @store_lacks_dim inputs() outputs(%y "y" : !norm.view<4xf32>) {
  norm.stage dims(i = 4, j = 8) schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
      norm.phase over [j] {
        %c = arith.constant 0.0 : f32
        // expected-error @+1 {{expected a map that uses every dim that is fixed here, but it lacks [j]}}
        norm.store %c, %y by [[i]] : !norm.view<4xf32>
      }
    }
  }
}

// -----

// C2 of norm.store: the map uses every dim that is fixed.
norm.program @lost inputs(%x "x" : !norm.view<4x8xf32>) outputs(%y "y" : !norm.view<4xf32>) {
  norm.stage dims(i = 4, j = 8)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4> {
    norm.instance {
      norm.phase over [j] {
        %e = norm.load %x by [[i], [j]] : !norm.view<4x8xf32>
        // expected-error @+1 {{expected a map that uses every dim that is fixed here, but it lacks [j]}}
        norm.store %e, %y by [[i]] : !norm.view<4xf32>
      }
    }
  }
}

// -----

// C1: the dims of a static axis are static.
norm.program @unknown inputs(%x "x" : !norm.view<?xf32>, %z "z" : !norm.view<5xf32>) outputs(%y "y" : !norm.view<?xf32>) {
  %n = norm.size %x[0] : !norm.view<?xf32>
  norm.stage dims(i = %n)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
      // expected-error @+1 {{expected the dims of axis 0 of '!norm.view<5xf32>' to be static, as its extent is, but 'i' is not}}
      %e = norm.load %z by [[i]] : !norm.view<5xf32>
      norm.store %e, %y by [[i]] : !norm.view<?xf32>
    }
  }
}

// -----

// C3 of norm.store: an input is not written.
norm.program @input inputs(%x "x" : !norm.view<4xf32>) outputs(%y "y" : !norm.view<4xf32>) {
  norm.stage dims(i = 4)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
      %e = norm.load %x by [[i]] : !norm.view<4xf32>
      // expected-error @+1 {{expected to write an output or scratch, but "x" is an input}}
      norm.store %e, %x by [[i]] : !norm.view<4xf32>
    }
  }
}

// -----

// C3 of norm.accumulate: nor is it added to.
norm.program @input inputs(%x "x" : !norm.view<4xf32>) outputs(%y "y" : !norm.view<4xf32>) {
  norm.stage dims(i = 4)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
      %e = norm.load %x by [[i]] : !norm.view<4xf32>
      // expected-error @+1 {{expected to write an output or scratch, but "x" is an input}}
      norm.accumulate add %e, %x by [[i]] : !norm.view<4xf32>
    }
  }
}

// -----

// C4 of norm.stage: non_empty names dims.
norm.program @names inputs(%x "x" : !norm.view<4xf32>) outputs(%y "y" : !norm.view<4xf32>) {
  // expected-error @+1 {{expected non_empty to name dims among (i), but got 'z'}}
  norm.stage dims(i = 4) non_empty [z]
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = []> {
    norm.instance {
    }
  }
}

// -----

// C4 of norm.store: instances don't look into each other's memory.
norm.program @of_others inputs() outputs() {
  %p = norm.scratch local 1() : !norm.view<4x8xf32, strides [1, 0]>
  norm.stage dims(i = 4, j = 8)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4> {
    norm.instance {
      norm.phase over [j] {
        %c = arith.constant 0.0 : f32
        // expected-error @+1 {{expected axis 0 of local memory to have no parallel dim, but got 'i'}}
        norm.store %c, %p by [[i], [j]] : !norm.view<4x8xf32, strides [1, 0]>
      }
    }
  }
}

// -----

// C4 of norm.load: what an instance has varies.
norm.program @same_for_all inputs() outputs() {
  %p = norm.scratch local 1() : !norm.view<4x8xf32, strides [0, 0]>
  norm.stage dims(i = 4, j = 8)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4> {
    norm.instance {
      norm.phase over [j] {
        // expected-error @+1 {{expected axis 1 of local memory to have parallel dims, but got 'j'}}
        %e = norm.load %p by [[i], [j]] : !norm.view<4x8xf32, strides [0, 0]>
      }
    }
  }
}

// -----

// C4: lanes that are instances have nothing of their own.
norm.program @parallel_lanes inputs() outputs() {
  %p = norm.scratch local 1() : !norm.view<8x4xf32, strides [0, 1]>
  norm.stage dims(i = 4, j = 8)
      schedule #norm.schedule<target = cpu, parallel = [j], lanes = [j], width = 4> {
    norm.instance {
      norm.phase over [i] {
        // expected-error @+1 {{expected no local memory where the lane dim 'j' is parallel}}
        %e = norm.load %p by [[j], [i]] : !norm.view<8x4xf32, strides [0, 1]>
      }
    }
  }
}

// -----

// C3 of norm.accumulate: a partial result is not one instance's.
norm.program @own_sum inputs() outputs() {
  %p = norm.scratch local 1() : !norm.view<4x8xf32, strides [0, 1]>
  norm.stage dims(i = 4, j = 8)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4> {
    norm.instance {
      norm.phase over [j] {
        %c = arith.constant 0.0 : f32
        // expected-error @+1 {{expected an output or scratch of the call, but got local memory}}
        norm.accumulate add %c, %p by [[i], [j]] : !norm.view<4x8xf32, strides [0, 1]>
      }
    }
  }
}

// -----

// C4 of norm.store: what is outside the instance has no memory of one.
norm.program @of_the_chunk inputs() outputs() {
  %p = norm.scratch local 1() : !norm.view<2x8xf32, strides [8, 1]>
  norm.stage dims(i = 8, j = 8, k = 2) chunks k
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4, chunk = 4> {
    norm.phase over [j] {
      %c = arith.constant 0.0 : f32
      // expected-error @+1 {{expected local memory to be used by an instance, but got a use outside}}
      norm.store %c, %p by [[k], [j]] : !norm.view<2x8xf32, strides [8, 1]>
    }
    norm.instance {
    }
  }
}

// -----

// C4 of norm.load: nothing outlives an instance, so that it finds what it has
// stored itself, not what another stage has.
norm.program @never_stored inputs() outputs() {
  %p = norm.scratch local 1() : !norm.view<4x8xf32, strides [0, 1]>
  norm.stage dims(i = 4, j = 8)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4> {
    norm.instance {
      norm.phase over [j] {
        %c = arith.constant 0.0 : f32
        norm.store %c, %p by [[i], [j]] : !norm.view<4x8xf32, strides [0, 1]>
      }
    }
  }
  norm.stage dims(i = 4, j = 8)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4> {
    norm.instance {
      norm.phase over [j] {
        // expected-error @+1 {{expected the instance to have stored to local memory before, but got no such store}}
        %e = norm.load %p by [[i], [j]] : !norm.view<4x8xf32, strides [0, 1]>
      }
    }
  }
}

// -----

// C4 of norm.load: not in a later phase.
norm.program @stored_later inputs() outputs() {
  %p = norm.scratch local 1() : !norm.view<4x8xf32, strides [0, 1]>
  norm.stage dims(i = 4, j = 8)
      schedule #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 4> {
    norm.instance {
      norm.phase over [j] {
        // expected-error @+1 {{expected the instance to have stored to local memory before, but got no such store}}
        %e = norm.load %p by [[i], [j]] : !norm.view<4x8xf32, strides [0, 1]>
        norm.store %e, %p by [[i], [j]] : !norm.view<4x8xf32, strides [0, 1]>
      }
    }
  }
}
