// RMSNorm of the queries, 8 heads of 80, in the output of a projection that has
// keys and values behind them; and the attention's scale.
func.func @qk_norm(%q: tensor<?x8x80xbf16> {norm.name = "q", norm.strides = array<i64: 1920, 80, 1>},
                   %g: tensor<80xbf16> {norm.name = "scale"})
    -> (tensor<?x8x80xbf16> {norm.name = "y"}) {
  %n = norm.normalize rms %q over [2] epsilon 1.0e-06 scale %g on [2]
      : (tensor<?x8x80xbf16>, tensor<80xbf16>) -> tensor<?x8x80xbf16>
  %y = norm.kernel dims(t = ?, h = 8, d = 80)
      ins(%e = %n by [[t], [h], [d]] : tensor<?x8x80xbf16>)
      outs(by [[t], [h], [d]] : tensor<?x8x80xbf16>) {
    %s = arith.constant 0.111816406 : bf16
    %o = arith.mulf %e, %s : bf16
    norm.yield %o : bf16
  }
  return %y : tensor<?x8x80xbf16>
}
