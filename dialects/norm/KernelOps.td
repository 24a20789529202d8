//===- KernelOps.td - level 2: kernels and collectives ------*- tablegen -*-===//

#ifndef NORM_KERNEL_OPS_TD
#define NORM_KERNEL_OPS_TD

include "dialects/norm/NormAttrs.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Norm_ReduceKinds : TypedArrayAttrBase<Norm_ReduceKindAttr, "reduce kinds">;
def Norm_MapArray : TypedArrayAttrBase<Norm_MapAttr, "operand maps">;
def Norm_ScheduleArray : TypedArrayAttrBase<Norm_ScheduleAttr, "one schedule per stage">;

def Norm_KernelOp : Norm_Op<"kernel", [Pure, IsolatedFromAbove, SingleBlock,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmBlockArgumentNames"]>]> {
  let summary = "a per-element program over named dims, with collectives";
  let description = [{
    For every point of the space `dims`, the body computes scalars from the
    operands' elements at that point; a collective gives each point the
    aggregate of its group. All values are evaluated in order, each at every
    point of its space; then all outputs are written (design: K1–K8).

    Every value has a *space*, the dims it varies over: a block argument those
    of its map; `norm.index d` {d}; an op the union of its operands'; a
    collective over R its operand's (and predicate's) without R. A value is
    computed once per point of its space.

    A dim's extent is static, or `?`: then it is read off the operands' shapes.

    y = scale · x · rsqrt(mean(x² over the row) + ε):

    ```mlir
    %y = norm.kernel dims(i = ?, j = 4096)
        ins(%xe = %x by [[i], [j]] : tensor<?x4096xf32>,
            %ge = %scale by [[j]] : tensor<4096xf32>)
        outs(by [[i], [j]] : tensor<?x4096xf32>) {
      %eps = arith.constant 1.0e-06 : f32
      %sq = arith.mulf %xe, %xe : f32
      %ms = norm.reduce mean %sq over [j] : f32
      %me = arith.addf %ms, %eps : f32
      %r = math.rsqrt %me : f32
      %n = arith.mulf %xe, %r : f32
      %o = arith.mulf %n, %ge : f32
      norm.yield %o : f32
    }
    ```

    Results are values, so there is no destination to initialise: every element
    of an output is written (C7), and what shares a buffer with what is a fact of
    the calling convention, not of the kernel.

    Constraints:
    * C1 one block, one argument per operand, of its element type (a scalar
      operand's own type); no nested regions.
    * C2 one map per operand and per output; a map has as many axes as its
      tensor (none for a scalar), names dims of the kernel, and no dim twice.
      Elements are integers or floats. Those that lie in memory, of arguments and
      of what one kernel leaves to another, are f16, bf16, f32, f64, f8E4M3FN,
      f8E5M2, i8, i32 or i64 (which the lowering checks).
    * C3 the body holds only scalar `arith` and `math` ops without side effects
      and the `norm` body ops, and no integer division; casts carry no fastmath
      flags and round to nearest even.
    * C4 the dims of a static axis are static, and their product is its extent;
      an axis `[]` has extent 1.
    * C5 a `?` dim is found from some operand axis: alone, or joined with static
      dims.
    * C6 at most 32 dims, extents ≥ 0.
    * C7 a yielded value's space lies within its output's dims; types agree.
    * C8 schedules, if present, name only dims of the kernel.
  }];
  let arguments = (ins
    Variadic<AnyType>:$inputs,
    Norm_SpaceAttr:$dims,
    Norm_MapArray:$input_maps,
    Norm_MapArray:$output_maps,
    OptionalAttr<Norm_ScheduleArray>:$schedule);
  let results = (outs Variadic<AnyRankedTensor>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::Block *getBlock() { return &getBody().front(); }
    MapAttr getInputMap(unsigned i) {
      return ::llvm::cast<MapAttr>(getInputMaps()[i]);
    }
    MapAttr getOutputMap(unsigned i) {
      return ::llvm::cast<MapAttr>(getOutputMaps()[i]);
    }
  }];
}

def Norm_YieldOp : Norm_Op<"yield", [Pure, Terminator, HasParent<"KernelOp">]> {
  let summary = "the values written to a kernel's outputs";
  let description = [{
    `norm.yield %y, %r : f32, f32`: the i-th value is written to output i, at
    every point of that output's map. C1: as many values as outputs (the
    kernel's C7 checks types and spaces).
  }];
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

class Norm_Collective<string mnemonic, list<Trait> traits = []>
    : Norm_Op<mnemonic, !listconcat(traits, [Pure, HasParent<"KernelOp">])>;

def Norm_ReduceOp : Norm_Collective<"reduce", [AllTypesMatch<["value", "result"]>]> {
  let summary = "a collective: combines a value over dims";
  let description = [{
    result = ⊕ of `value` over all points of the dims R `over`, the other
    coordinates of its space fixed; ⊕ is `add`, `mul`, `max`, `min`, or `mean`
    (Σ / number of points). A dim of R outside the value's space counts
    multiplicity: `add` of 1 over [j] is the extent of j. `max` and `min`
    propagate NaN. `where %p` leaves points out (their NaNs don't enter);
    `mean` then divides by the number of points selected.

    Accuracy of `add` and `mean`: the error does not grow with the number of
    points (sums of few terms as a tree in the value's type, carried on in
    twice the precision).

    ```mlir
    %s = norm.reduce add %v over [j] : f32
    %m = norm.reduce max %v over [s, c] where %valid : f32
    ```

    Constraints:
    * C1 `over` is not empty and names dims of the kernel, none twice.
    * C2 the value is f16, bf16, f32 or f64.
  }];
  let arguments = (ins Norm_ReduceKindAttr:$kind, AnyFloat:$value,
                       Norm_DimsAttr:$over, Optional<I1>:$predicate);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = [{
    `` $kind $value `over` $over (`where` $predicate^)? attr-dict `:` type($value)
  }];
  let hasVerifier = 1;
}

def Norm_MomentsOp : Norm_Collective<"moments", [
    AllTypesMatch<["value", "count", "mean", "delta", "m2"]>]> {
  let summary = "a collective: count, mean in two parts, centred second moment";
  let description = [{
    count = number of points (selected by `where`), mean + delta = E[v],
    m2 = Σ (v − E[v])² over the dims `over`. The mean comes in two parts because
    one number of the value's type is not enough: for a row of 1e5 ± 1e-2 in
    f32 it is off by as much as the row's spread. The normalized value is
    ((v − mean) − delta) · rstd, the variance m2 / count.

    How (two passes over resident data; tile-wise, merged by Chan; shifted) is
    the schedule's choice. E[v²] − E[v]² is not among the choices.

    ```mlir
    %n, %mean, %delta, %m2 = norm.moments %v over [j] : f32
    ```

    Constraints: C1 and C2 of `norm.reduce`.
  }];
  let arguments = (ins AnyFloat:$value, Norm_DimsAttr:$over,
                       Optional<I1>:$predicate);
  let results = (outs AnyFloat:$count, AnyFloat:$mean, AnyFloat:$delta,
                      AnyFloat:$m2);
  let assemblyFormat = [{
    $value `over` $over (`where` $predicate^)? attr-dict `:` type($value)
  }];
  let hasVerifier = 1;
}

class Norm_DimQuery<string mnemonic> : Norm_Op<mnemonic, [Pure]> {
  let arguments = (ins StrAttr:$dim);
  let results = (outs Index:$result);
  let assemblyFormat = "custom<DimName>($dim) attr-dict";
  let hasVerifier = 1;
}

def Norm_PhiloxOp : Norm_Op<"philox", [Pure,
    ParentOneOf<["KernelOp", "InstanceOp", "PhaseOp"]>]> {
  let summary = "32 random bits of this point: Philox4x32-10";
  let description = [{
    Word `index mod 4` of the block of four 32-bit words that Philox4x32-10
    (Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3,
    SC'11) makes of

        counter = (offset + index / 4) mod 2^64, the upper 64 bits of 128 being 0
        key     = seed

    all taken as unsigned numbers, least significant word first, as Random123
    has them: counter words c0, c1 are the lower and upper half of
    offset + index / 4, c2 = c3 = 0; key words k0, k1 those of the seed. A round
    is

        (c0, c1, c2, c3) <- (hi(0xCD9E8D57 c2) ^ c1 ^ k0, lo(0xCD9E8D57 c2),
                             hi(0xD2511F53 c0) ^ c3 ^ k1, lo(0xD2511F53 c0))

    of 10, between which k0 grows by 0x9E3779B9 and k1 by 0xBB67AE85.

    So the result depends on three numbers and on nothing else: where `index` is
    the row-major number of a point among the dims, computed from `norm.index` and
    `norm.extent`, it is independent of layout, schedule and target. n points use
    ceil(n / 4) counters: a next call starts at offset + that. (cuRAND and
    PyTorch give every thread a subsequence, in c2 and c3, so their streams
    differ from this one and depend on how threads are dealt out.)

    Dropout keeps a point where the word, unsigned, is at least floor(p 2^32):

    ```mlir
    %i = norm.index i
    %j = norm.index j
    %n = norm.extent j
    %row = arith.muli %i, %n : index
    %k = arith.addi %row, %j : index
    %word = norm.philox(%seed, %offset, %k) : index
    %keep = arith.cmpi uge, %word, %threshold : i32
    ```

    Constraints:
    * C1 it stands in the body of a kernel, or of an instance or a phase.
    * C2 seed and offset are i64, the index is i64 or index.
  }];
  let arguments = (ins I64:$seed, I64:$offset, AnyTypeOf<[I64, Index]>:$index);
  let results = (outs I32:$result);
  let assemblyFormat = [{
    `(` $seed `,` $offset `,` $index `)` attr-dict `:` type($index)
  }];
}

def Norm_IndexOp : Norm_DimQuery<"index"> {
  let summary = "this point's coordinate along a dim";
  let description = [{
    `%k = norm.index j` is the coordinate, from 0; its space is {j}.
    C1: `j` is a dim of the enclosing kernel or stage.
  }];
}

def Norm_ExtentOp : Norm_DimQuery<"extent"> {
  let summary = "the extent of a dim";
  let description = [{
    `%n = norm.extent j`, the same everywhere: its space is {}.
    C1: `j` is a dim of the enclosing kernel or stage.
  }];
}

#endif // NORM_KERNEL_OPS_TD
