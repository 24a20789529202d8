// RUN: norm-opt %s --norm-phases -split-input-file -verify-diagnostics

func.func @unscheduled(%a: tensor<?x64xf32>) -> tensor<?xf32> {
  // expected-error@+1 {{expected a schedule (run norm-schedule first)}}
  %r = norm.kernel dims(i = ?, j = 64) ins(%x = %a by [[i], [j]] : tensor<?x64xf32>)
      outs(by [[i]] : tensor<?xf32>) {
    %s = norm.reduce mean %x over [j] : f32
    norm.yield %s : f32
  }
  return %r : tensor<?xf32>
}

// -----

func.func @parallel(%a: tensor<?x64xf32>) -> tensor<?xf32> {
  // expected-error@+1 {{expected stage 0 to be parallel over [i], as its collectives need, but the schedule says [j]}}
  %r = norm.kernel dims(i = ?, j = 64) ins(%x = %a by [[i], [j]] : tensor<?x64xf32>)
      outs(by [[i]] : tensor<?xf32>)
      schedule [#norm.schedule<target = cpu, parallel = [j], lanes = [j]>] {
    %s = norm.reduce mean %x over [j] : f32
    norm.yield %s : f32
  }
  return %r : tensor<?xf32>
}

// -----

func.func @count(%a: tensor<?x64xf32>) -> tensor<?xf32> {
  // expected-error@+1 {{expected one schedule per stage, 1, but got 2}}
  %r = norm.kernel dims(i = ?, j = 64) ins(%x = %a by [[i], [j]] : tensor<?x64xf32>)
      outs(by [[i]] : tensor<?xf32>)
      schedule [#norm.schedule<target = cpu, parallel = [i], lanes = [j]>,
                #norm.schedule<target = cpu, parallel = [i], lanes = [j]>] {
    %s = norm.reduce mean %x over [j] : f32
    norm.yield %s : f32
  }
  return %r : tensor<?xf32>
}

// -----

// expected-error@+1 {{expected norm.strides of argument 0 to be an array of 2 i64, one per axis}}
func.func @strides(%a: tensor<?x64xf32> {norm.strides = array<i64: 1>}) -> tensor<?x64xf32> {
  %r = norm.kernel dims(i = ?, j = 64) ins(%x = %a by [[i], [j]] : tensor<?x64xf32>)
      outs(by [[i], [j]] : tensor<?x64xf32>) {
    norm.yield %x : f32
  }
  return %r : tensor<?x64xf32>
}

// -----

// expected-error@+1 {{expected different names of arguments and results, but "x" occurs again}}
func.func @names(%a: tensor<4xf32> {norm.name = "x"}) -> (tensor<4xf32> {norm.name = "x"}) {
  %r = norm.kernel dims(i = 4) ins(%x = %a by [[i]] : tensor<4xf32>)
      outs(by [[i]] : tensor<4xf32>) {
    norm.yield %x : f32
  }
  return %r : tensor<4xf32>
}

// -----

func.func @passthrough(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{expected result 0 to be a kernel's, and returned once}}
  return %a : tensor<4xf32>
}

// -----

func.func @other(%a: tensor<4xf32>) -> tensor<2x2xf32> {
  // expected-error@+1 {{expected kernels and scalar constants in the function, but got tensor.expand_shape}}
  %r = tensor.expand_shape %a [[0, 1]] output_shape [2, 2] : tensor<4xf32> into tensor<2x2xf32>
  return %r : tensor<2x2xf32>
}

// -----

// What uses an empty tensor is the one that is not known.
func.func @matmul(%a: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %e = tensor.empty() : tensor<4x4xf32>
  // expected-error@+1 {{expected kernels and scalar constants in the function, but got linalg.matmul}}
  %r = linalg.matmul ins(%a, %a : tensor<4x4xf32>, tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %r : tensor<4x4xf32>
}

// -----

// expected-error@+1 {{expected result 0 to be a ranked tensor, but got 'memref<4xf32>'}}
func.func @buffer(%a: memref<4xf32>) -> memref<4xf32> {
  return %a : memref<4xf32>
}
