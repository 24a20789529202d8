// Softmax over the last axis, shifted by the row's maximum so that no power
// overflows:
//
//     y = exp(x - m) / sum(exp(x - m)),   m = max(x) over the row
//
// Source: Bridle, "Probabilistic interpretation of feedforward classification
// network outputs", 1990; the shift is folklore.

func.func @softmax(%x: tensor<?x?xf32> {norm.name = "x"})
    -> (tensor<?x?xf32> {norm.name = "y"}) {
  %y = norm.kernel dims(i = ?, j = ?)
      ins(%e = %x by [[i], [j]] : tensor<?x?xf32>)
      outs(by [[i], [j]] : tensor<?x?xf32>) {
    %max = norm.reduce max %e over [j] : f32   // one value per row, as is %sum
    %below = arith.subf %e, %max : f32
    %power = math.exp %below : f32
    %sum = norm.reduce add %power over [j] : f32
    %o = arith.divf %power, %sum : f32
    norm.yield %o : f32
  }
  return %y : tensor<?x?xf32>
}
