// Sandwich: y = x + norm(tanh(norm(x))), over the same rows.
func.func @sandwich(%x: tensor<?x1000xbf16> {norm.name = "x"},
                    %g: tensor<1000xbf16> {norm.name = "scale1"},
                    %k: tensor<1000xbf16> {norm.name = "scale2"})
    -> (tensor<?x1000xbf16> {norm.name = "y"}) {
  %n = norm.normalize rms %x over [1] epsilon 1.0e-06 scale %g on [1]
      : (tensor<?x1000xbf16>, tensor<1000xbf16>) -> tensor<?x1000xbf16>
  %a = math.tanh %n : tensor<?x1000xbf16>
  %m = norm.normalize rms %a over [1] epsilon 1.0e-06 scale %k on [1]
      : (tensor<?x1000xbf16>, tensor<1000xbf16>) -> tensor<?x1000xbf16>
  %y = arith.addf %x, %m : tensor<?x1000xbf16>
  return %y : tensor<?x1000xbf16>
}
