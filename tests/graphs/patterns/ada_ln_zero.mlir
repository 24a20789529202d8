// AdaLN-Zero: h = r + gate x, y = norm(h) (1 + a) + b; both are results. The
// modulation is per sample: gate, a and b are [batch, channels].
func.func @ada_ln_zero(%x: tensor<?x9x1000xbf16> {norm.name = "x"},
                       %r: tensor<?x9x1000xbf16> {norm.name = "residual"},
                       %gate: tensor<?x1000xbf16> {norm.name = "gate"},
                       %a: tensor<?x1000xbf16> {norm.name = "scale"},
                       %b: tensor<?x1000xbf16> {norm.name = "shift"})
    -> (tensor<?x9x1000xbf16> {norm.name = "sum"}, tensor<?x9x1000xbf16> {norm.name = "y"}) {
  %t = norm.kernel dims(n = ?, s = 9, c = 1000)
      ins(%xe = %x by [[n], [s], [c]] : tensor<?x9x1000xbf16>,
          %ge = %gate by [[n], [c]] : tensor<?x1000xbf16>)
      outs(by [[n], [s], [c]] : tensor<?x9x1000xbf16>) {
    %o = arith.mulf %xe, %ge : bf16
    norm.yield %o : bf16
  }
  %h = arith.addf %r, %t : tensor<?x9x1000xbf16>
  %y = norm.normalize mean_variance %h over [2] epsilon 1.0e-06
         scale %a on [0, 2] offset 1.0 shift %b on [0, 2]
      : (tensor<?x9x1000xbf16>, tensor<?x1000xbf16>, tensor<?x1000xbf16>) -> tensor<?x9x1000xbf16>
  return %h, %y : tensor<?x9x1000xbf16>, tensor<?x9x1000xbf16>
}
