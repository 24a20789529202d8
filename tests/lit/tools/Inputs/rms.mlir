func.func @rms(%x: tensor<?x4xf32> {norm.name = "x"}, %g: tensor<4xf32> {norm.name = "scale"})
    -> (tensor<?x4xf32> {norm.name = "y"}) {
  %y = norm.normalize rms %x over [1] epsilon 0.0 scale %g on [1]
    : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
