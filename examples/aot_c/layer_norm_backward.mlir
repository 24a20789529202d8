// Sums over rows leave partial sums in scratch memory, which a second stage
// adds up.
func.func @layer_norm_backward(
    %x: tensor<?x?xf32> {norm.name = "x"}, %dy: tensor<?x?xf32> {norm.name = "dy"},
    %scale: tensor<?xf32> {norm.name = "scale"},
    %mean: tensor<?xf32> {norm.name = "mean"}, %rstd: tensor<?xf32> {norm.name = "rstd"})
    -> (tensor<?x?xf32> {norm.name = "dx"}, tensor<?xf32> {norm.name = "dscale"},
        tensor<?xf32> {norm.name = "dshift"}) {
  %dx, %dg, %db = norm.kernel dims(i = ?, j = ?)
      ins(%xe = %x by [[i], [j]] : tensor<?x?xf32>, %de = %dy by [[i], [j]] : tensor<?x?xf32>,
          %ge = %scale by [[j]] : tensor<?xf32>,
          %me = %mean by [[i]] : tensor<?xf32>, %re = %rstd by [[i]] : tensor<?xf32>)
      outs(by [[i], [j]] : tensor<?x?xf32>, by [[j]] : tensor<?xf32>, by [[j]] : tensor<?xf32>) {
    %c = arith.subf %xe, %me : f32
    %xh = arith.mulf %c, %re : f32
    %g = arith.mulf %de, %ge : f32
    %gx = arith.mulf %g, %xh : f32
    %m1 = norm.reduce mean %g over [j] : f32
    %m2 = norm.reduce mean %gx over [j] : f32
    %t = arith.mulf %xh, %m2 : f32
    %u = arith.subf %g, %m1 : f32
    %v = arith.subf %u, %t : f32
    %o = arith.mulf %v, %re : f32
    %p = arith.mulf %de, %xh : f32
    %sg = norm.reduce add %p over [i] : f32
    %sb = norm.reduce add %de over [i] : f32
    norm.yield %o, %sg, %sb : f32, f32, f32
  }
  return %dx, %dg, %db : tensor<?x?xf32>, tensor<?xf32>, tensor<?xf32>
}
