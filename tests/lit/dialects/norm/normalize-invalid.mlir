// RUN: norm-opt %s -split-input-file -verify-diagnostics

// C1: at least one axis.
func.func @no_axis(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected at least one axis to normalize over}}
  %y = norm.normalize rms %x over [] epsilon 1.0e-06 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C1: axes are within rank.
func.func @axis_out_of_range(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected axes between 0 and 1, but got 2}}
  %y = norm.normalize rms %x over [2] epsilon 1.0e-06 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C1: no counting from the end.
func.func @negative_axis(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected axes between 0 and 1, but got -1}}
  %y = norm.normalize rms %x over [-1] epsilon 1.0e-06 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C1: no axis twice.
func.func @axis_twice(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected each axis once in axes, but 1 occurs again}}
  %y = norm.normalize rms %x over [1, 0, 1] epsilon 1.0e-06 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C1: a scalar has no axes.
func.func @scalar(%x: tensor<f32>) -> tensor<f32> {
  // expected-error @+1 {{expected no axes of a tensor of rank 0, but got 0}}
  %y = norm.normalize rms %x over [0] epsilon 1.0e-06 : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func @unranked(%x: tensor<*xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{operand #0 must be ranked tensor}}
  %y = norm.normalize rms %x over [0] epsilon 1.0e-06 : (tensor<*xf32>) -> tensor<*xf32>
  return %y : tensor<*xf32>
}

// -----

// C2: groups come with an axis.
func.func @groups_without_axis(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected groups and their axis together: groups G on A}}
  %y = norm.normalize rms %x over [1] groups 2 epsilon 1.0e-06 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C2: at least one group.
func.func @no_group(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected at least 1 group, but got 0}}
  %y = norm.normalize rms %x over [1] groups 0 on 1 epsilon 1.0e-06 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C2: no more groups than 32 bits count.
func.func @too_many_groups(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected at most 2147483647 groups, but got 99999999999999}}
  %y = norm.normalize rms %x over [1] groups 99999999999999 on 1 epsilon 1.0e-06 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C2: the group axis is reduced.
func.func @group_axis_kept(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected the group axis to be a reduced axis, but got 0}}
  %y = norm.normalize rms %x over [1] groups 2 on 0 epsilon 1.0e-06 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C2: groups divide the extent.
func.func @groups_do_not_divide(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected the number of groups to divide the extent 8 of axis 1, but got 3}}
  %y = norm.normalize rms %x over [1] groups 3 on 1 epsilon 1.0e-06 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C3: the scale's extents are those of its axes. (A tensor<4xf32> would
// broadcast along the wrong axis of a square input.)
func.func @scale_on_wrong_axis(%x: tensor<4x8xf32>, %g: tensor<4xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected extent 8 along axis 0 of scale, as along axis 1 of the input, but got 'tensor<4xf32>'}}
  %y = norm.normalize rms %x over [1] epsilon 1.0e-06 scale %g on [1]
    : (tensor<4x8xf32>, tensor<4xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C3: an extent of 1 doesn't broadcast.
func.func @shift_would_broadcast(%x: tensor<4x8xf32>, %b: tensor<1xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected extent 8 along axis 0 of shift, as along axis 1 of the input, but got 'tensor<1xf32>'}}
  %y = norm.normalize rms %x over [1] epsilon 1.0e-06 shift %b on [1]
    : (tensor<4x8xf32>, tensor<1xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C3: a static extent of the scale for a dynamic one of the input.
func.func @scale_of_dynamic_axis(%x: tensor<4x?xf32>, %g: tensor<8xf32>) -> tensor<4x?xf32> {
  // expected-error @+1 {{expected extent ? along axis 0 of scale, as along axis 1 of the input, but got 'tensor<8xf32>'}}
  %y = norm.normalize rms %x over [1] epsilon 1.0e-06 scale %g on [1]
    : (tensor<4x?xf32>, tensor<8xf32>) -> tensor<4x?xf32>
  return %y : tensor<4x?xf32>
}

// -----

// C3: one axis of the scale per listed axis.
func.func @scale_rank(%x: tensor<4x8xf32>, %g: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected scale to have rank 1, one axis per listed axis, but got 'tensor<4x8xf32>'}}
  %y = norm.normalize rms %x over [1] epsilon 1.0e-06 scale %g on [1]
    : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C3: the scale's axes are within rank.
func.func @scale_axis_out_of_range(%x: tensor<4x8xf32>, %g: tensor<8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected scale axes between 0 and 1, but got 2}}
  %y = norm.normalize rms %x over [1] epsilon 1.0e-06 scale %g on [2]
    : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C3: no axis of the shift twice.
func.func @shift_axis_twice(%x: tensor<4x8xf32>, %b: tensor<8x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected each axis once in shift axes, but 1 occurs again}}
  %y = norm.normalize rms %x over [1] epsilon 1.0e-06 shift %b on [1, 1]
    : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C3, in generic form: axes without a scale, and a scale without axes.
func.func @scale_axes_alone(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected no axes of scale without a scale}}
  %y = "norm.normalize"(%x) <{statistic = #norm<statistic rms>, axes = array<i64: 1>, epsilon = 1.0e-06 : f64, scale_axes = array<i64: 1>, operandSegmentSizes = array<i32: 1, 0, 0, 0, 0, 0, 0>}> : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

func.func @scale_alone(%x: tensor<4x8xf32>, %g: tensor<8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected the axes that scale is on}}
  %y = "norm.normalize"(%x, %g) <{statistic = #norm<statistic rms>, axes = array<i64: 1>, epsilon = 1.0e-06 : f64, operandSegmentSizes = array<i32: 1, 0, 0, 0, 0, 1, 0>}> : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C4: the result has the input's shape.
func.func @result_shape(%x: tensor<4x8xf32>) -> tensor<4x?xf32> {
  // expected-error @+1 {{expected a result of the input's shape ('tensor<4x8xf32>'), but got 'tensor<4x?xf32>'}}
  %y = norm.normalize rms %x over [1] epsilon 1.0e-06 : (tensor<4x8xf32>) -> tensor<4x?xf32>
  return %y : tensor<4x?xf32>
}

// -----

// C4: there is a result.
func.func @no_result(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{expected 1 results (y and the saved ones), but got 0}}
  norm.normalize rms %x over [1] epsilon 1.0e-06 : (tensor<4x8xf32>) -> ()
  return
}

// -----

// C5: epsilon is not negative.
func.func @negative_epsilon(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected a finite epsilon of at least 0, but got -1.0}}
  %y = norm.normalize rms %x over [1] epsilon -1.0e-06 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C5: epsilon is finite.
func.func @infinite_epsilon(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected a finite epsilon of at least 0, but got}}
  %y = norm.normalize rms %x over [1] epsilon 0x7FF0000000000000 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C5: clamp goes with l2.
func.func @clamp_without_l2(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected epsilon placement add or after_root with statistic rms, but got clamp}}
  %y = norm.normalize rms %x over [1] epsilon 1.0e-06 clamp : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C5: after_root doesn't go with l2.
func.func @after_root_with_l2(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected epsilon placement add or clamp with statistic l2, but got after_root}}
  %y = norm.normalize l2 %x over [1] epsilon 1.0e-06 after_root : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C6: element types.
func.func @integers(%x: tensor<4x8xi32>) -> tensor<4x8xi32> {
  // expected-error @+1 {{expected element types f16, bf16, f32 or f64, but got 'i32'}}
  %y = norm.normalize rms %x over [1] epsilon 1.0e-06 : (tensor<4x8xi32>) -> tensor<4x8xi32>
  return %y : tensor<4x8xi32>
}

// -----

// C6: of parameters too.
func.func @integer_scale(%x: tensor<4x8xf32>, %g: tensor<8xi8>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected element types f16, bf16, f32 or f64, but got 'i8'}}
  %y = norm.normalize rms %x over [1] epsilon 1.0e-06 scale %g on [1] : (tensor<4x8xf32>, tensor<8xi8>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C7: one result per name.
func.func @saved_count(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected 2 results (y and the saved ones), but got 1}}
  %y = norm.normalize rms %x over [1] epsilon 1.0e-06 saved ["rstd"] : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C7: an RMS has no mean.
func.func @saved_mean_of_rms(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected saved results of statistic rms among [rstd], but got "mean"}}
  %y, %m = norm.normalize rms %x over [1] epsilon 1.0e-06 saved ["mean"] : (tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
  return %y : tensor<4x8xf32>
}

// -----

// C7: names are known.
func.func @saved_variance(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected saved results of statistic mean_variance among [mean, variance, rstd], but got "median"}}
  %y, %m = norm.normalize mean_variance %x over [1] epsilon 1.0e-06 saved ["median"] : (tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
  return %y : tensor<4x8xf32>
}

// -----

// C7: each name once.
func.func @saved_twice(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected each saved result once, but "rstd" occurs again}}
  %y, %m, %r = norm.normalize rms %x over [1] epsilon 1.0e-06 saved ["rstd", "rstd"] : (tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>, tensor<4xf32>)
  return %y : tensor<4x8xf32>
}

// -----

// C7: in the compute type.
func.func @saved_type(%x: tensor<4x8xbf16>) -> tensor<4x8xbf16> {
  // expected-error @+1 {{expected saved "rstd" to be 'tensor<4xf32>', but got 'tensor<4xbf16>'}}
  %y, %r = norm.normalize rms %x over [1] epsilon 1.0e-06 saved ["rstd"] : (tensor<4x8xbf16>) -> (tensor<4x8xbf16>, tensor<4xbf16>)
  return %y : tensor<4x8xbf16>
}

// -----

// C7: shaped as the kept axes, with G in the place of a grouped axis.
func.func @saved_shape(%x: tensor<4x8x3xf64>) -> tensor<4x8x3xf64> {
  // expected-error @+1 {{expected saved "rstd" to be 'tensor<4x2xf64>', but got 'tensor<4xf64>'}}
  %y, %r = norm.normalize rms %x over [1, 2] groups 2 on 1 epsilon 1.0e-06 saved ["rstd"] : (tensor<4x8x3xf64>) -> (tensor<4x8x3xf64>, tensor<4xf64>)
  return %y : tensor<4x8x3xf64>
}

// -----

// C8: correction is 0 or 1.
func.func @correction(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected correction 0 or 1, but got 2}}
  %y = norm.normalize mean_variance %x over [1] epsilon 1.0e-06 correction 2 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C8: 1 only with mean_variance.
func.func @correction_of_rms(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected correction 1 only with statistic mean_variance, but got rms}}
  %y = norm.normalize rms %x over [1] epsilon 1.0e-06 correction 1 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C9, in generic form: the assembly has no place for an offset without a scale.
func.func @offset_without_scale(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected a scale where there is a scale offset}}
  %y = "norm.normalize"(%x) <{statistic = #norm<statistic rms>, axes = array<i64: 1>, epsilon = 1.0e-06 : f64, scale_offset = 1.0 : f64, operandSegmentSizes = array<i32: 1, 0, 0, 0, 0, 0, 0>}> : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C9: nothing to round.
func.func @rounding_without_parameters(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected a scale or a shift where rounding is normalized, but got neither}}
  %y = norm.normalize rms %x over [1] epsilon 1.0e-06 rounding normalized : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// Missing attributes in generic form.
func.func @no_attributes(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{requires attribute 'axes'}}
  %y = "norm.normalize"(%x) <{operandSegmentSizes = array<i32: 1, 0, 0, 0, 0, 0, 0>}> : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

func.func @no_operand() {
  // expected-error @+1 {{expected 1 or more operands, but found 0}}
  "norm.normalize"() <{statistic = #norm<statistic rms>, axes = array<i64: 1>, epsilon = 1.0e-06 : f64, operandSegmentSizes = array<i32: 1, 0, 0, 0, 0, 0, 0>}> : () -> ()
  return
}

// -----

func.func @unknown_statistic(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+2 {{failed to parse Norm_StatisticAttr}}
  // expected-error @+1 {{expected one of [mean_variance, rms, l2, lp, max, given, none] for what an input is divided by, got: median}}
  %y = norm.normalize median %x over [1] epsilon 1.0e-06 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C8: a corrected variance needs two elements.
func.func @correction_of_one(%x: tensor<4x1xf32>) -> tensor<4x1xf32> {
  // expected-error @+1 {{expected groups of at least 2 elements with correction 1, but got 1}}
  %y = norm.normalize mean_variance %x over [1] epsilon 1.0e-5 correction 1 : (tensor<4x1xf32>) -> tensor<4x1xf32>
  return %y : tensor<4x1xf32>
}

// -----

// C9: an offset is 0 or 1.
func.func @half_offset(%x: tensor<4x8xf32>, %g: tensor<8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected a scale offset of 0 or 1, but got 5.000000e-01}}
  %y = norm.normalize rms %x over [1] epsilon 1.0e-5 scale %g on [1] offset 0.5 : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C1: nothing is reduced without a statistic.
func.func @axes_of_none(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected no axes to normalize over with statistic none}}
  %y = norm.normalize none %x over [1] : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C5: epsilon where something is divided by a root.
func.func @no_epsilon(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected an epsilon with statistic rms}}
  %y = norm.normalize rms %x over [1] : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C5: no epsilon where nothing is.
func.func @epsilon_of_none(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected no epsilon with statistic none}}
  %y = norm.normalize none %x over [] epsilon 1.0e-6 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C5: a given rstd has its epsilon inside.
func.func @epsilon_of_rstd(%x: tensor<4x8xf32>, %m: tensor<4xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected no epsilon with a given rstd}}
  %y = norm.normalize given %x over [1] rstd %m epsilon 1.0e-6 : (tensor<4x8xf32>, tensor<4xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C5: norms of order p are clamped.
func.func @lp_added(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected epsilon placement clamp with statistic lp, but got add}}
  %y = norm.normalize lp %x over [1] p 3.0 epsilon 1.0e-6 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C5: given statistics aren't clamped.
func.func @given_clamp(%x: tensor<4x8xf32>, %m: tensor<4xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected epsilon placement add or after_root with statistic given, but got clamp}}
  %y = norm.normalize given %x over [1] variance %m epsilon 1.0e-6 clamp : (tensor<4x8xf32>, tensor<4xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C7: variance is of mean_variance.
func.func @saved_variance_of_rms(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected saved results of statistic rms among [rstd], but got "variance"}}
  %y, %v = norm.normalize rms %x over [1] epsilon 1.0e-6 saved ["variance"] : (tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4xf32>)
  return %y : tensor<4x8xf32>
}

// -----

// C10: lp has a p.
func.func @lp_without_p(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected a p with statistic lp}}
  %y = norm.normalize lp %x over [1] epsilon 1.0e-12 clamp : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C10: only lp has a p.
func.func @p_of_l2(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected no p with statistic l2}}
  %y = norm.normalize l2 %x over [1] p 3.0 epsilon 1.0e-12 clamp : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C10: below 1 it is no norm.
func.func @p_too_small(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected a finite p of at least 1, but got 5.000000e-01}}
  %y = norm.normalize lp %x over [1] p 0.5 epsilon 1.0e-12 clamp : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C11: a variance or an rstd.
func.func @given_nothing(%x: tensor<4x8xf32>, %m: tensor<4xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected either a variance or an rstd with statistic given, but got none}}
  %y = norm.normalize given %x over [1] mean %m epsilon 1.0e-6 : (tensor<4x8xf32>, tensor<4xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C11: not both.
func.func @given_both(%x: tensor<4x8xf32>, %m: tensor<4xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected either a variance or an rstd with statistic given, but got both}}
  %y = norm.normalize given %x over [1] variance %m rstd %m epsilon 1.0e-6 : (tensor<4x8xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C11: only given statistics are operands.
func.func @mean_of_rms(%x: tensor<4x8xf32>, %m: tensor<4xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected no mean with statistic rms, only with given}}
  %y = norm.normalize rms %x over [1] mean %m epsilon 1.0e-6 : (tensor<4x8xf32>, tensor<4xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C11: statistics are shaped as the kept axes.
func.func @given_shape(%x: tensor<4x8xf32>, %m: tensor<4xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected variance to be 'tensor<8xf32>', shaped as the kept axes, but got 'tensor<4xf32>'}}
  %y = norm.normalize given %x over [0] variance %m epsilon 1.0e-6 : (tensor<4x8xf32>, tensor<4xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C11: only given statistics fold.
func.func @folded_rms(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected folded only with statistic given, but got rms}}
  %y = norm.normalize rms %x over [1] epsilon 1.0e-6 folded : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C11: a folded norm has no value to round first.
func.func @folded_normalized(%x: tensor<4x8xf32>, %m: tensor<4xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected rounding once where the statistic is folded, but got normalized}}
  %y = norm.normalize given %x over [1] variance %m epsilon 1.0e-6 scale %m on [0] folded rounding normalized : (tensor<4x8xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C12: tanh stands in for a statistic.
func.func @tanh_of_rms(%x: tensor<4x8xf32>, %a: tensor<f32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected tanh only with statistic none, but got rms}}
  %y = norm.normalize rms %x over [1] tanh %a on [] epsilon 1.0e-6 : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C3: alpha's shape.
func.func @alpha_shape(%x: tensor<4x8xf32>, %a: tensor<f32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected alpha to have rank 1, one axis per listed axis, but got 'tensor<f32>'}}
  %y = norm.normalize none %x over [] tanh %a on [1] : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C13: partial is of rms.
func.func @partial_l2(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected partial only with statistic rms over one axis without groups}}
  %y = norm.normalize l2 %x over [1] partial 0.5 epsilon 1.0e-12 clamp : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C13: over one axis.
func.func @partial_two_axes(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected partial only with statistic rms over one axis without groups}}
  %y = norm.normalize rms %x over [0, 1] partial 0.5 epsilon 1.0e-6 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C13: a part, not more than all.
func.func @partial_too_large(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected partial above 0 and at most 1, but got 1.500000e+00}}
  %y = norm.normalize rms %x over [1] partial 1.5 epsilon 1.0e-6 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C14: without groups there is nothing per group.
func.func @per_group_alone(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected groups where parameters are per_group}}
  %y = norm.normalize rms %x over [1] per_group epsilon 1.0e-6 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C14: something is on the groups' axis.
func.func @per_group_nothing(%x: tensor<4x8xf32>, %m: tensor<4xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected a scale or shift on the group axis 1 where parameters are per_group}}
  %y = norm.normalize rms %x over [1] groups 2 on 1 per_group epsilon 1.0e-6 scale %m on [0] : (tensor<4x8xf32>, tensor<4xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// C3: one element per group.
func.func @per_group_extent(%x: tensor<4x8xf32>, %m: tensor<8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{expected extent 2 along axis 0 of scale, one per group, but got 'tensor<8xf32>'}}
  %y = norm.normalize rms %x over [1] groups 2 on 1 per_group epsilon 1.0e-6 scale %m on [1] : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}
