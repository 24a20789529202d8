// BatchNorm at inference, residual and ReLU, channels last.
func.func @batch_norm_relu(%x: tensor<?x49x1000xbf16> {norm.name = "x"},
                           %r: tensor<?x49x1000xbf16> {norm.name = "residual"},
                           %m: tensor<1000xf32> {norm.name = "mean"},
                           %v: tensor<1000xf32> {norm.name = "variance", graph.positive},
                           %g: tensor<1000xbf16> {norm.name = "scale"},
                           %b: tensor<1000xbf16> {norm.name = "shift"})
    -> (tensor<?x49x1000xbf16> {norm.name = "y"}) {
  %n = norm.normalize given %x over [0, 1] mean %m variance %v epsilon 1.0e-05
         scale %g on [2] shift %b on [2] folded
      : (tensor<?x49x1000xbf16>, tensor<1000xf32>, tensor<1000xf32>, tensor<1000xbf16>, tensor<1000xbf16>)
        -> tensor<?x49x1000xbf16>
  %s = arith.addf %n, %r : tensor<?x49x1000xbf16>
  %y = norm.kernel dims(n = ?, s = 49, c = 1000)
      ins(%e = %s by [[n], [s], [c]] : tensor<?x49x1000xbf16>)
      outs(by [[n], [s], [c]] : tensor<?x49x1000xbf16>) {
    %zero = arith.constant 0.0 : bf16
    %o = arith.maximumf %e, %zero : bf16
    norm.yield %o : bf16
  }
  return %y : tensor<?x49x1000xbf16>
}
