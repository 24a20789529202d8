// RUN: norm-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{expected a scalar element type, but got 'vector<4xf32>'}}
func.func private @element(!norm.view<4xvector<4xf32>>)

// -----

// expected-error @+1 {{expected one stride per axis, but got 1 strides for rank 2}}
func.func private @strides(!norm.view<4x8xf32, strides [1]>)

// -----

// expected-error @+1 {{expected fewer than 2^63 elements, but the static extents have more}}
func.func private @huge(!norm.view<4611686018427387904x?x4xf32>)

// -----

// expected-error @+1 {{expected width to be a power of two up to 64, but got 3}}
func.func private @width() attributes {a = #norm.schedule<target = cpu, parallel = [], lanes = [j], width = 3>}

// -----

// expected-error @+1 {{expected width 1 without a lane dim, but got 8}}
func.func private @lanes() attributes {a = #norm.schedule<target = cpu, parallel = [], lanes = [], width = 8>}

// -----

// expected-error @+1 {{expected unroll to be a power of two up to 16, but got 32}}
func.func private @unroll() attributes {a = #norm.schedule<target = cpu, parallel = [], lanes = [], unroll = 32>}

// -----

// expected-error @+1 {{expected a chunk of at least 1, but got 0}}
func.func private @chunk() attributes {a = #norm.schedule<target = cpu, parallel = [], lanes = [], chunk = 0>}

// -----

// expected-error @+1 {{expected no threads on a cpu, but got 32}}
func.func private @cpu() attributes {a = #norm.schedule<target = cpu, parallel = [], lanes = [], threads = 32>}

// -----

// expected-error @+1 {{expected threads to be a power of two from 32 to 1024 on a gpu, but got 0}}
func.func private @gpu() attributes {a = #norm.schedule<target = gpu, parallel = [], lanes = []>}

// -----

// expected-error @+1 {{expected resident bytes of at least 0, but got -1}}
func.func private @resident() attributes {a = #norm.schedule<target = cpu, parallel = [], lanes = [], resident = -1>}

// -----

// expected-error @+1 {{expected stream bytes of at least 0, but got -1}}
func.func private @stream() attributes {a = #norm.schedule<target = cpu, parallel = [], lanes = [], stream = -1>}

// -----

// expected-error @+1 {{expected to prefetch at least 0 instances ahead, but got -2}}
func.func private @prefetch() attributes {a = #norm.schedule<target = cpu, parallel = [], lanes = [], prefetch = -2>}

// -----

// expected-error @+1 {{expected no stream, no prefetch and one row at a time on a gpu}}
func.func private @gpu_stream() attributes {a = #norm.schedule<target = gpu, parallel = [], lanes = [], threads = 32, stream = 1>}

// -----

// expected-error @+1 {{expected each parallel dim once, but 'i' occurs again}}
func.func private @parallel() attributes {a = #norm.schedule<target = cpu, parallel = [i, i], lanes = []>}

// -----

// expected-error @+1 {{expected ']'}}
func.func private @dims() attributes {a = #norm<dims[i j]>}

// -----

// expected-error @+1 {{expected '['}}
func.func private @map() attributes {a = #norm<map[i]>}

// -----

// expected-error @+1 {{expected integer value}}
func.func private @space() attributes {a = #norm<space(i = x)>}

// -----

// expected-error @+1 {{integer value too large}}
func.func private @extent() attributes {a = #norm<space(i = 99999999999999999999)>}

// -----

// expected-error @+1 {{expected norm.name, norm.strides or norm.alignment, but got norm.stride}}
func.func private @misspelt(tensor<4xf32> {norm.stride = array<i64: 1>})

// -----

// expected-error @+1 {{expected norm.alignment to be an integer, but got "x"}}
func.func private @alignment(tensor<4xf32> {norm.alignment = "x"})

// -----

// expected-error @+1 {{expected norm.name to be a string, but got 4 : i64}}
func.func private @named() -> (tensor<4xf32> {norm.name = 4})
