//===- NormalizeOp.td - level 1: a declared norm ------------*- tablegen -*-===//

#ifndef NORM_NORMALIZE_OP_TD
#define NORM_NORMALIZE_OP_TD

include "dialects/norm/NormAttrs.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Norm_NormalizeOp : Norm_Op<"normalize", [Pure, AttrSizedOperandSegments]> {
  let summary = "a declared normalization of a tensor";
  let description = [{
    With R the reduced `axes`, n the number of elements of a group and E the
    mean over it:

    | statistic | x̂ (epsilon placement) |
    |---|---|
    | `mean_variance` | (x − E[x]) / √(E[(x − E[x])²] + ε) (`add`), … / (σ + ε) (`after_root`) |
    | `rms` | x / √(E[x²] + ε) (`add`), x / (√E[x²] + ε) (`after_root`) |
    | `l2` | x / √(Σx² + ε) (`add`), x / max(√Σx², ε) (`clamp`) |
    | `lp` | x / max((Σ\|x\|ᵖ)^(1/p), ε) (`clamp`) |
    | `max` | x / max(max\|x\|, ε) (`clamp`) |
    | `given` | (x − mean) / √(variance + ε) (`add`), … / (√variance + ε) (`after_root`), (x − mean) · rstd |
    | `none` | x, or tanh(α·x) with `tanh %alpha` |

    y = fma(x̂, scale + scale_offset, shift). Where ε = 0 and the statistic is
    exactly 0, x̂ = 0. Rounding `once` computes everything in the compute type
    (f64 for f64 inputs, else f32) and rounds at the end; `normalized` rounds x̂
    to the input's type, and scale and shift each to promote(input, parameter).

    `groups G on A` splits axis A, which must be reduced, into G groups: the
    statistic runs over the rest of A and the other reduced axes, per group.
    `partial f` takes the statistic over the first max(⌊f·D⌋, 1) of the D
    elements of the reduced axis, and applies it to all (Zhang and Sennrich,
    2019). `scale %g on [axes]` has exactly the extents of those axes of the
    input; with `per_group`, scale and shift have G elements along the grouped
    axis. Given statistics, and `saved ["mean", "variance", "rstd"]`, which adds
    results in the compute type, are shaped as the kept axes (with G in the
    place of a grouped axis).

    With a = (scale + scale_offset)·rstd, a `given` statistic gives
    fma(x − mean, a, shift), or `folded` fma(x, a, shift − mean·a): one operation
    per element. Rounding `normalized` rounds its x̂ like any other.

    ```mlir
    %y = norm.normalize rms %x over [1] epsilon 1.0e-06 scale %g on [1]
      : (tensor<?x4096xbf16>, tensor<4096xbf16>) -> tensor<?x4096xbf16>
    %z = norm.normalize mean_variance %x over [1, 2] groups 32 on 1
           epsilon 1.0e-05 scale %g on [1] shift %b on [1]
      : (tensor<8x320x4096xf32>, tensor<320xf32>, tensor<320xf32>) -> tensor<8x320x4096xf32>
    %w = norm.normalize given %x over [0, 2] mean %m variance %v
           epsilon 1.0e-05 scale %g on [1] shift %b on [1] folded
      : (tensor<?x64x?xf32>, tensor<64xf32>, tensor<64xf32>, tensor<64xf32>, tensor<64xf32>)
        -> tensor<?x64x?xf32>
    ```

    Constraints:
    * C1 `axes` are within the input's rank, and none occurs twice; at least one,
      but none with statistic `none`.
    * C2 `groups` comes with an axis, is ≥ 1, the axis is among `axes`, and a
      static extent of it is divisible by it.
    * C3 the extents of scale, shift and alpha are those of the axes that they
      are on (or the number of groups, `per_group`); those axes are within rank
      and not listed twice.
    * C4 the first result has the input's shape.
    * C5 epsilon is finite and not negative. It is there wherever something is
      divided by a root, which is always but with `none` and a given rstd.
      `clamp` goes with `l2`, `lp` and `max`, the last two of which take no
      other; `after_root` with `mean_variance`, `rms` and `given`.
    * C6 element types are f16, bf16, f32 or f64.
    * C7 saved results: each of "mean" and "variance" (only of `mean_variance`)
      and "rstd" (of every computed statistic) at most once, one result per
      name, in the compute type, shaped as the kept axes.
    * C8 `correction` is 0 or 1, and 1 only with `mean_variance` and groups of at
      least 2 elements.
    * C9 `scale_offset` is 0 or 1; it and `rounding` need a scale (`rounding` or a
      shift).
    * C10 `p` comes with `lp` and no other statistic, is finite and at least 1.
    * C11 `given` comes with either a variance or an rstd, and perhaps a mean,
      shaped as the kept axes; no other statistic comes with them. `folded`
      goes with `given` and rounding `once`.
    * C12 `tanh` goes with statistic `none`.
    * C13 `partial` is above 0 and at most 1, and goes with `rms` over one axis
      without groups.
    * C14 `per_group` goes with groups and a scale or shift on their axis.
  }];
  let arguments = (ins
    Norm_StatisticAttr:$statistic,
    AnyRankedTensor:$input,
    Optional<AnyRankedTensor>:$mean,
    Optional<AnyRankedTensor>:$variance,
    Optional<AnyRankedTensor>:$rstd,
    Optional<AnyRankedTensor>:$alpha,
    Optional<AnyRankedTensor>:$scale,
    Optional<AnyRankedTensor>:$shift,
    DenseI64ArrayAttr:$axes,
    OptionalAttr<F64Attr>:$epsilon,
    DefaultValuedAttr<Norm_EpsilonPlacementAttr, "EpsilonPlacement::add">:$placement,
    OptionalAttr<F64Attr>:$p,
    OptionalAttr<F64Attr>:$partial,
    OptionalAttr<I64Attr>:$groups,
    OptionalAttr<I64Attr>:$group_axis,
    UnitAttr:$per_group,
    OptionalAttr<DenseI64ArrayAttr>:$alpha_axes,
    OptionalAttr<DenseI64ArrayAttr>:$scale_axes,
    OptionalAttr<DenseI64ArrayAttr>:$shift_axes,
    DefaultValuedAttr<F64Attr, "0.0">:$scale_offset,
    DefaultValuedAttr<Norm_RoundingAttr, "Rounding::once">:$rounding,
    DefaultValuedAttr<I64Attr, "0">:$correction,
    UnitAttr:$folded,
    OptionalAttr<StrArrayAttr>:$saved);
  let results = (outs Variadic<AnyRankedTensor>:$outputs);
  let assemblyFormat = [{
    `` $statistic $input `over` $axes
    (`groups` $groups^)? (`on` $group_axis^)? (`per_group` $per_group^)?
    (`p` custom<Number>($p)^)? (`partial` custom<Number>($partial)^)?
    (`mean` $mean^)? (`variance` $variance^)? (`rstd` $rstd^)?
    (`tanh` $alpha^ `on` $alpha_axes)?
    (`epsilon` custom<Number>($epsilon)^)? (custom<Placement>($placement)^)?
    (`scale` $scale^ `on` $scale_axes (`offset` custom<Number>($scale_offset)^)?)?
    (`shift` $shift^ `on` $shift_axes)? (`folded` $folded^)?
    (`rounding` `` $rounding^)? (`correction` $correction^)? (`saved` $saved^)?
    attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::RankedTensorType getInputType() {
      return ::llvm::cast<::mlir::RankedTensorType>(getInput().getType());
    }
    /// f64 for f64 inputs, else f32.
    ::mlir::Type getComputeType();
    bool reduces(int64_t axis) { return ::llvm::is_contained(getAxes(), axis); }
    /// Whether the statistic is a collective over the input.
    bool computesStatistic() {
      return getStatistic() != Statistic::given && getStatistic() != Statistic::none;
    }
    /// The shape of a statistic: kept axes, and G for a grouped axis.
    ::llvm::SmallVector<int64_t> getStatisticShape();
  }];
}

#endif // NORM_NORMALIZE_OP_TD
