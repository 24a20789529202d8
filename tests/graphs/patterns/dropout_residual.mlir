// Dropout of one in ten before the residual is added, and LayerNorm: h = r +
// dropout(x). The random word of an element is that of its row-major number.
func.func @dropout_residual(%x: tensor<?x1000xbf16> {norm.name = "x"},
                            %r: tensor<?x1000xbf16> {norm.name = "residual"},
                            %seed: tensor<i64> {norm.name = "seed"},
                            %offset: tensor<i64> {norm.name = "offset"},
                            %g: tensor<1000xbf16> {norm.name = "scale"},
                            %b: tensor<1000xbf16> {norm.name = "shift"})
    -> (tensor<?x1000xbf16> {norm.name = "sum"}, tensor<?x1000xbf16> {norm.name = "y"}) {
  %d = norm.kernel dims(i = ?, j = 1000)
      ins(%e = %x by [[i], [j]] : tensor<?x1000xbf16>, %se = %seed by [] : tensor<i64>,
          %oe = %offset by [] : tensor<i64>)
      outs(by [[i], [j]] : tensor<?x1000xbf16>) {
    %zero = arith.constant 0.0 : bf16
    %factor = arith.constant 1.109375 : bf16
    %threshold = arith.constant 429496729 : i32
    %i = norm.index i
    %j = norm.index j
    %n = norm.extent j
    %row = arith.muli %i, %n : index
    %k = arith.addi %row, %j : index
    %word = norm.philox(%se, %oe, %k) : index
    %keep = arith.cmpi uge, %word, %threshold : i32
    %s = arith.mulf %e, %factor : bf16
    %o = arith.select %keep, %s, %zero : bf16
    norm.yield %o : bf16
  }
  %h = arith.addf %r, %d : tensor<?x1000xbf16>
  %y = norm.normalize mean_variance %h over [1] epsilon 1.0e-05 scale %g on [1] shift %b on [1]
      : (tensor<?x1000xbf16>, tensor<1000xbf16>, tensor<1000xbf16>) -> tensor<?x1000xbf16>
  return %h, %y : tensor<?x1000xbf16>, tensor<?x1000xbf16>
}
