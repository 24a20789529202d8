// Log-sum-exp of every row, the smooth maximum that a cross-entropy needs:
//
//     y = m + log(sum(exp(x - m))),   m = max(x) over the row
//
// Source: Blanchard, Higham and Higham, "Accurately computing the log-sum-exp
// and softmax functions", 2021, equation 1.3.
// The output lacks the dim j: only what no longer varies over it may be yielded
// there. (A row of nothing but -inf gives NaN; it has no maximum to shift by.)

func.func @log_sum_exp(%x: tensor<?x?xf32> {norm.name = "x"})
    -> (tensor<?xf32> {norm.name = "y"}) {
  %y = norm.kernel dims(i = ?, j = ?)
      ins(%e = %x by [[i], [j]] : tensor<?x?xf32>)
      outs(by [[i]] : tensor<?xf32>) {
    %max = norm.reduce max %e over [j] : f32
    %below = arith.subf %e, %max : f32
    %power = math.exp %below : f32
    %sum = norm.reduce add %power over [j] : f32
    %log = math.log %sum : f32
    %o = arith.addf %max, %log : f32
    norm.yield %o : f32
  }
  return %y : tensor<?xf32>
}
