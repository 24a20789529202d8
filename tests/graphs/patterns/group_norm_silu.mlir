// GroupNorm of 8 groups and SiLU, channels last.
func.func @group_norm_silu(%x: tensor<?x49x1000xbf16> {norm.name = "x"},
                           %g: tensor<1000xbf16> {norm.name = "scale"},
                           %b: tensor<1000xbf16> {norm.name = "shift"})
    -> (tensor<?x49x1000xbf16> {norm.name = "y"}) {
  %n = norm.normalize mean_variance %x over [1, 2] groups 8 on 2 epsilon 1.0e-05
         scale %g on [2] shift %b on [2]
      : (tensor<?x49x1000xbf16>, tensor<1000xbf16>, tensor<1000xbf16>) -> tensor<?x49x1000xbf16>
  %y = norm.kernel dims(n = ?, s = 49, c = 1000)
      ins(%e = %n by [[n], [s], [c]] : tensor<?x49x1000xbf16>)
      outs(by [[n], [s], [c]] : tensor<?x49x1000xbf16>) {
    %one = arith.constant 1.0 : bf16
    %m = arith.negf %e : bf16
    %p = math.exp %m : bf16
    %d = arith.addf %p, %one : bf16
    %o = arith.divf %e, %d : bf16
    norm.yield %o : bf16
  }
  return %y : tensor<?x49x1000xbf16>
}
