// A kernel for the programs here: y = scale * x / rms(x) over rows of 100.
func.func @rms(%x: tensor<?x100xf32> {norm.name = "x"}, %g: tensor<100xf32> {norm.name = "scale"})
    -> (tensor<?x100xf32> {norm.name = "y"}) {
  %y = norm.normalize rms %x over [1] epsilon 1.0e-06 scale %g on [1]
    : (tensor<?x100xf32>, tensor<100xf32>) -> tensor<?x100xf32>
  return %y : tensor<?x100xf32>
}
