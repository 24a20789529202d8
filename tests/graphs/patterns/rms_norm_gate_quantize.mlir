// Residual, bias, RMSNorm, a SiLU gate, quantization by rows to fp8, and the sum as
// a result.
func.func @rms_norm_gate_quantize(%x: tensor<?x1000xbf16> {norm.name = "x"},
                                  %r: tensor<?x1000xbf16> {norm.name = "residual"},
                                  %b: tensor<1000xbf16> {norm.name = "bias"},
                                  %g: tensor<1000xbf16> {norm.name = "scale"},
                                  %z: tensor<?x1000xf32> {norm.name = "gate"})
    -> (tensor<?x1000xbf16> {norm.name = "sum"}, tensor<?x1000xf8E4M3FN> {norm.name = "y"},
        tensor<?xf32> {norm.name = "steps"}) {
  %s = arith.addf %x, %r : tensor<?x1000xbf16>
  %h = norm.kernel dims(i = ?, j = 1000)
      ins(%se = %s by [[i], [j]] : tensor<?x1000xbf16>, %be = %b by [[j]] : tensor<1000xbf16>)
      outs(by [[i], [j]] : tensor<?x1000xbf16>) {
    %o = arith.addf %se, %be : bf16
    norm.yield %o : bf16
  }
  %n = norm.normalize rms %h over [1] epsilon 1.0e-06 scale %g on [1]
      : (tensor<?x1000xbf16>, tensor<1000xbf16>) -> tensor<?x1000xf32>
  %a = norm.kernel dims(i = ?, j = 1000)
      ins(%ze = %z by [[i], [j]] : tensor<?x1000xf32>) outs(by [[i], [j]] : tensor<?x1000xf32>) {
    %one = arith.constant 1.0 : f32
    %m = arith.negf %ze : f32
    %e = math.exp %m : f32
    %d = arith.addf %e, %one : f32
    %o = arith.divf %ze, %d : f32
    norm.yield %o : f32
  }
  %y = arith.mulf %n, %a : tensor<?x1000xf32>
  %q, %step = norm.kernel dims(i = ?, j = 1000)
      ins(%ye = %y by [[i], [j]] : tensor<?x1000xf32>)
      outs(by [[i], [j]] : tensor<?x1000xf8E4M3FN>, by [[i]] : tensor<?xf32>) {
    %most = arith.constant 448.0 : f32
    %least = arith.constant -448.0 : f32
    %tiny = arith.constant 4.3596542e-06 : f32
    %one = arith.constant 1.0 : f32
    %size = math.absf %ye : f32
    %absmax = norm.reduce max %size over [j] : f32
    %raw = arith.divf %absmax, %most : f32
    %scale = arith.maximumf %raw, %tiny : f32
    %inverse = arith.divf %one, %scale : f32
    %v = arith.mulf %ye, %inverse : f32
    %t = arith.minimumf %v, %most : f32
    %c = arith.maximumf %t, %least : f32
    %o = arith.truncf %c : f32 to f8E4M3FN
    norm.yield %o, %scale : f8E4M3FN, f32
  }
  return %h, %q, %step : tensor<?x1000xbf16>, tensor<?x1000xf8E4M3FN>, tensor<?xf32>
}
