// Rows and row length are given at the call.
func.func @layer_norm(%x: tensor<?x?xbf16> {norm.name = "x"}, %g: tensor<?xbf16> {norm.name = "scale"},
                      %b: tensor<?xbf16> {norm.name = "shift"})
    -> (tensor<?x?xbf16> {norm.name = "y"}) {
  %y = norm.normalize mean_variance %x over [1] epsilon 1.0e-05 scale %g on [1] shift %b on [1]
    : (tensor<?x?xbf16>, tensor<?xbf16>, tensor<?xbf16>) -> tensor<?x?xbf16>
  return %y : tensor<?x?xbf16>
}
