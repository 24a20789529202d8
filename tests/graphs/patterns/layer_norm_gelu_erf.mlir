// Residual, LayerNorm, GELU by erf, and a cast.
func.func @layer_norm_gelu_erf(%x: tensor<?x1000xbf16> {norm.name = "x"},
                               %r: tensor<?x1000xbf16> {norm.name = "residual"},
                               %g: tensor<1000xbf16> {norm.name = "scale"},
                               %b: tensor<1000xbf16> {norm.name = "shift"})
    -> (tensor<?x1000xf16> {norm.name = "y"}) {
  %h = arith.addf %x, %r : tensor<?x1000xbf16>
  %n = norm.normalize mean_variance %h over [1] epsilon 1.0e-05 scale %g on [1] shift %b on [1]
      : (tensor<?x1000xbf16>, tensor<1000xbf16>, tensor<1000xbf16>) -> tensor<?x1000xf32>
  %a = norm.kernel dims(i = ?, j = 1000)
      ins(%e = %n by [[i], [j]] : tensor<?x1000xf32>) outs(by [[i], [j]] : tensor<?x1000xf32>) {
    %half = arith.constant 0.5 : f32
    %one = arith.constant 1.0 : f32
    %root = arith.constant 0.70710678 : f32
    %t = arith.mulf %e, %root : f32
    %s = math.erf %t : f32
    %p = arith.addf %s, %one : f32
    %q = arith.mulf %e, %half : f32
    %o = arith.mulf %q, %p : f32
    norm.yield %o : f32
  }
  %y = arith.truncf %a : tensor<?x1000xf32> to tensor<?x1000xf16>
  return %y : tensor<?x1000xf16>
}
