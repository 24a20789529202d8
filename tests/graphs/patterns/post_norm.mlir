// Post-norm: y = norm(x + r).
func.func @post_norm(%x: tensor<?x1000xbf16> {norm.name = "x"},
                     %r: tensor<?x1000xbf16> {norm.name = "residual"},
                     %g: tensor<1000xbf16> {norm.name = "scale"},
                     %b: tensor<1000xbf16> {norm.name = "shift"})
    -> (tensor<?x1000xbf16> {norm.name = "y"}) {
  %h = arith.addf %x, %r : tensor<?x1000xbf16>
  %y = norm.normalize mean_variance %h over [1] epsilon 1.0e-05 scale %g on [1] shift %b on [1]
      : (tensor<?x1000xbf16>, tensor<1000xbf16>, tensor<1000xbf16>) -> tensor<?x1000xbf16>
  return %y : tensor<?x1000xbf16>
}
