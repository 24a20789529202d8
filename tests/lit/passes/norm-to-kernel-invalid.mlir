// RUN: norm-opt %s --norm-to-kernel -split-input-file -verify-diagnostics

// A constant of several values is data.
func.func @constant(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error@+1 {{expected a constant of one value for all elements, but got one of several; pass it as an argument}}
  %c = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %y = arith.addf %x, %c : tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

// Nothing but what is broadcast tells how many rows there are.
func.func @extent(%g: tensor<4xf32>, %n: index) -> tensor<?x4xf32> {
  %e = tensor.empty(%n) : tensor<?x4xf32>
  // expected-note@+1 {{broadcast here}}
  %b = linalg.broadcast ins(%g : tensor<4xf32>) outs(%e : tensor<?x4xf32>) dimensions = [0]
  // expected-error@+1 {{expected an operand that tells the extent of [i], but got only what is broadcast along it; in a norm.kernel, a broadcast is a map that leaves the dim out}}
  %y = norm.normalize rms %b over [1] epsilon 1.0e-6 : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// A result has to be written, and nothing tells how far.
func.func @result(%g: tensor<4xf32>, %n: index) -> tensor<?x4xf32> {
  %e = tensor.empty(%n) : tensor<?x4xf32>
  // expected-error@+1 {{expected a broadcast that a kernel reads, or static extents, but got 'tensor<?x4xf32>'}}
  %b = linalg.broadcast ins(%g : tensor<4xf32>) outs(%e : tensor<?x4xf32>) dimensions = [0]
  return %b : tensor<?x4xf32>
}

// -----

// Of two dynamic extents that are joined, nothing tells which is how large.
func.func @expand(%x: tensor<?xf32>, %a: index, %b: index) -> tensor<?x?xf32> {
  // expected-error@+1 {{expected at most one dynamic extent among the axes that an axis becomes, but got 2 in 'tensor<?x?xf32>'}}
  %y = tensor.expand_shape %x [[0, 1]] output_shape [%a, %b] : tensor<?xf32> into tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
