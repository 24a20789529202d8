// Switchable normalization: the mean and the variance are mixtures of those of
// the instance, the layer and the batch, by weights that are learned:
//
//     y = scale (x - mean) / sqrt(variance + 1e-5) + shift
//     mean = sum over k of u[k] mean[k],   variance = sum over k of v[k] variance[k]
//
// Source: Luo et al., "Differentiable learning-to-normalize via switchable
// normalization", 2019, equations 3 to 5; u and v are the softmaxes of its
// lambdas. k counts the three statistics: a dim of its own, along which each
// point selects one.

func.func @switchable_norm(
    %x: tensor<?x?x?xf32> {norm.name = "x"},
    %u: tensor<3xf32> {norm.name = "mean_weights"},
    %v: tensor<3xf32> {norm.name = "variance_weights"},
    %scale: tensor<?xf32> {norm.name = "scale"},
    %shift: tensor<?xf32> {norm.name = "shift"})
    -> (tensor<?x?x?xf32> {norm.name = "y"}) {
  %y = norm.kernel dims(n = ?, c = ?, s = ?, k = 3)
      ins(%e = %x by [[n], [c], [s]] : tensor<?x?x?xf32>,
          %ue = %u by [[k]] : tensor<3xf32>, %ve = %v by [[k]] : tensor<3xf32>,
          %g = %scale by [[c]] : tensor<?xf32>, %b = %shift by [[c]] : tensor<?xf32>)
      outs(by [[n], [c], [s]] : tensor<?x?x?xf32>) {
    %epsilon = arith.constant 1.0e-05 : f32
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %k = norm.index k
    %is_i = arith.cmpi eq, %k, %c0 : index
    %is_l = arith.cmpi eq, %k, %c1 : index

    %ni, %hi, %li, %m2i = norm.moments %e over [s] : f32        // instance
    %nl, %hl, %ll, %m2l = norm.moments %e over [c, s] : f32     // layer
    %nb, %hb, %lb, %m2b = norm.moments %e over [n, s] : f32     // batch
    %vi = arith.divf %m2i, %ni : f32
    %vl = arith.divf %m2l, %nl : f32
    %vb = arith.divf %m2b, %nb : f32

    %mlb = arith.select %is_l, %hl, %hb : f32
    %m = arith.select %is_i, %hi, %mlb : f32
    %um = arith.mulf %ue, %m : f32
    %mean = norm.reduce add %um over [k] : f32
    %vlb = arith.select %is_l, %vl, %vb : f32
    %vk = arith.select %is_i, %vi, %vlb : f32
    %vv = arith.mulf %ve, %vk : f32
    %variance = norm.reduce add %vv over [k] : f32

    %inside = arith.addf %variance, %epsilon : f32
    %rstd = math.rsqrt %inside : f32
    %centred = arith.subf %e, %mean : f32
    %xhat = arith.mulf %centred, %rstd : f32
    %o = math.fma %xhat, %g, %b : f32
    norm.yield %o : f32
  }
  return %y : tensor<?x?x?xf32>
}
