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

    y = fma(x̂, scale + scale_offset, shift). Where ε = 0 and the statistic is
    exactly 0, x̂ = 0. Rounding `once` computes everything in the compute type
    (f64 for f64 inputs, else f32) and rounds at the end; `normalized` rounds x̂
    to the input's type, and scale and shift each to promote(input, parameter).

    `groups G on A` splits axis A, which must be reduced, into G groups: the
    statistic runs over the rest of A and the other reduced axes, per group.
    `scale %g on [axes]` has exactly the extents of those axes of the input.
    `saved ["mean", "rstd"]` adds results in the compute type, shaped as the
    kept axes (with G in the place of a grouped axis).

    ```mlir
    %y = norm.normalize rms %x over [1] epsilon 1.000000e-06 scale %g on [1]
      : (tensor<?x4096xbf16>, tensor<4096xbf16>) -> tensor<?x4096xbf16>
    %z = norm.normalize mean_variance %x over [1, 2] groups 32 on 1
           epsilon 1.000000e-05 scale %g on [1] shift %b on [1]
      : (tensor<8x320x4096xf32>, tensor<320xf32>, tensor<320xf32>) -> tensor<8x320x4096xf32>
    ```

    Constraints:
    * C1 `axes` are within the input's rank, and none occurs twice; at least one.
    * C2 `groups` comes with an axis, is ≥ 1, the axis is among `axes`, and a
      static extent of it is divisible by it.
    * C3 the extents of scale and shift are those of the axes that they are on;
      those axes are within rank and not listed twice.
    * C4 the first result has the input's shape.
    * C5 epsilon is finite and not negative; `clamp` goes with `l2`, and
      `after_root` with `mean_variance` and `rms`.
    * C6 element types are f16, bf16, f32 or f64.
    * C7 saved results: each of "mean" (only of `mean_variance`) and "rstd" at
      most once, one result per name, in the compute type, shaped as the kept
      axes.
    * C8 `correction` is 0 or 1, and 1 only with `mean_variance` and groups of at
      least 2 elements.
    * C9 `scale_offset` is 0 or 1; it and `rounding` need a scale (`rounding` or a
      shift).
  }];
  let arguments = (ins
    Norm_StatisticAttr:$statistic,
    AnyRankedTensor:$input,
    Optional<AnyRankedTensor>:$scale,
    Optional<AnyRankedTensor>:$shift,
    DenseI64ArrayAttr:$axes,
    F64Attr:$epsilon,
    DefaultValuedAttr<Norm_EpsilonPlacementAttr, "EpsilonPlacement::add">:$placement,
    OptionalAttr<I64Attr>:$groups,
    OptionalAttr<I64Attr>:$group_axis,
    OptionalAttr<DenseI64ArrayAttr>:$scale_axes,
    OptionalAttr<DenseI64ArrayAttr>:$shift_axes,
    DefaultValuedAttr<F64Attr, "0.0">:$scale_offset,
    DefaultValuedAttr<Norm_RoundingAttr, "Rounding::once">:$rounding,
    DefaultValuedAttr<I64Attr, "0">:$correction,
    OptionalAttr<StrArrayAttr>:$saved);
  let results = (outs Variadic<AnyRankedTensor>:$outputs);
  let assemblyFormat = [{
    `` $statistic $input `over` $axes
    (`groups` $groups^)? (`on` $group_axis^)?
    `epsilon` $epsilon (custom<Placement>($placement)^)?
    (`scale` $scale^ `on` $scale_axes (`offset` $scale_offset^)?)?
    (`shift` $shift^ `on` $shift_axes)?
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
  }];
}

#endif // NORM_NORMALIZE_OP_TD
