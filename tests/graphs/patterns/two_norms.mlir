// Two norms of one input.
func.func @two_norms(%x: tensor<?x1000xbf16> {norm.name = "x"},
                     %g: tensor<1000xbf16> {norm.name = "scale1"},
                     %b: tensor<1000xbf16> {norm.name = "shift1"},
                     %k: tensor<1000xbf16> {norm.name = "scale2"},
                     %d: tensor<1000xbf16> {norm.name = "shift2"})
    -> (tensor<?x1000xbf16> {norm.name = "y1"}, tensor<?x1000xbf16> {norm.name = "y2"}) {
  %y = norm.normalize mean_variance %x over [1] epsilon 1.0e-05 scale %g on [1] shift %b on [1]
      : (tensor<?x1000xbf16>, tensor<1000xbf16>, tensor<1000xbf16>) -> tensor<?x1000xbf16>
  %z = norm.normalize mean_variance %x over [1] epsilon 1.0e-05 scale %k on [1] shift %d on [1]
      : (tensor<?x1000xbf16>, tensor<1000xbf16>, tensor<1000xbf16>) -> tensor<?x1000xbf16>
  return %y, %z : tensor<?x1000xbf16>, tensor<?x1000xbf16>
}
