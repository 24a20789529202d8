// Weight standardization: every filter of a convolution gets mean 0 and
// variance 1 before it is used:
//
//     y = (w - mean) / sqrt(variance + 1e-5)   over [in, height, width]
//
// Source: Qiao et al., "Micro-batch training with batch-channel normalization
// and weight standardization", 2019, equations 7 to 9.
// norm.moments gives the mean as the sum of two numbers, since one of f32 is too
// coarse for values far from 0, and the centred sum of squares.

func.func @weight_standardization(%w: tensor<?x?x?x?xf32> {norm.name = "w"})
    -> (tensor<?x?x?x?xf32> {norm.name = "y"}) {
  %y = norm.kernel dims(o = ?, i = ?, h = ?, k = ?)
      ins(%e = %w by [[o], [i], [h], [k]] : tensor<?x?x?x?xf32>)
      outs(by [[o], [i], [h], [k]] : tensor<?x?x?x?xf32>) {
    %epsilon = arith.constant 1.0e-05 : f32
    %count, %mean, %delta, %m2 = norm.moments %e over [i, h, k] : f32
    %variance = arith.divf %m2, %count : f32
    %inside = arith.addf %variance, %epsilon : f32
    %rstd = math.rsqrt %inside : f32
    %near = arith.subf %e, %mean : f32
    %centred = arith.subf %near, %delta : f32
    %o_ = arith.mulf %centred, %rstd : f32
    norm.yield %o_ : f32
  }
  return %y : tensor<?x?x?x?xf32>
}
