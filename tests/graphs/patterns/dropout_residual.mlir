// Dropout before the residual is added, and LayerNorm: h = r + dropout(x). What
// is kept comes as an operand, positive where it is, as long as there are no
// random numbers.
func.func @dropout_residual(%x: tensor<?x1000xbf16> {norm.name = "x"},
                            %keep: tensor<?x1000xbf16> {norm.name = "keep"},
                            %r: tensor<?x1000xbf16> {norm.name = "residual"},
                            %g: tensor<1000xbf16> {norm.name = "scale"},
                            %b: tensor<1000xbf16> {norm.name = "shift"})
    -> (tensor<?x1000xbf16> {norm.name = "sum"}, tensor<?x1000xbf16> {norm.name = "y"}) {
  %d = norm.kernel dims(i = ?, j = 1000)
      ins(%e = %x by [[i], [j]] : tensor<?x1000xbf16>, %k = %keep by [[i], [j]] : tensor<?x1000xbf16>)
      outs(by [[i], [j]] : tensor<?x1000xbf16>) {
    %zero = arith.constant 0.0 : bf16
    %factor = arith.constant 1.109375 : bf16
    %p = arith.cmpf ogt, %k, %zero : bf16
    %s = arith.mulf %e, %factor : bf16
    %o = arith.select %p, %s, %zero : bf16
    norm.yield %o : bf16
  }
  %h = arith.addf %r, %d : tensor<?x1000xbf16>
  %y = norm.normalize mean_variance %h over [1] epsilon 1.0e-05 scale %g on [1] shift %b on [1]
      : (tensor<?x1000xbf16>, tensor<1000xbf16>, tensor<1000xbf16>) -> tensor<?x1000xbf16>
  return %h, %y : tensor<?x1000xbf16>, tensor<?x1000xbf16>
}
