// Every extent is known: the C function takes pointers only.
func.func @rms_norm(%x: tensor<64x512xf32> {norm.name = "x"}, %g: tensor<512xf32> {norm.name = "scale"})
    -> (tensor<64x512xf32> {norm.name = "y"}) {
  %y = norm.normalize rms %x over [1] epsilon 1.0e-06 scale %g on [1]
    : (tensor<64x512xf32>, tensor<512xf32>) -> tensor<64x512xf32>
  return %y : tensor<64x512xf32>
}
