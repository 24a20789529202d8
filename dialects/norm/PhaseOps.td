//===- PhaseOps.td - level 3: programs, stages, phases ------*- tablegen -*-===//

#ifndef NORM_PHASE_OPS_TD
#define NORM_PHASE_OPS_TD

include "dialects/norm/NormAttrs.td"
include "dialects/norm/KernelOps.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"

def Norm_ProgramOp : Norm_Op<"program", [IsolatedFromAbove, Symbol, SingleBlock,
    NoTerminator]> {
  let summary = "the phase form: stages over views, in order";
  let description = [{
    One callable. Its arguments are views: first the inputs, then the outputs;
    each has a name that a caller uses. The body holds sizes and scratch, then
    stages, which run one after another.

    ```mlir
    norm.program @rms inputs(%x "x" : !norm.view<?x4096xf32>)
                      outputs(%y "y" : !norm.view<?x4096xf32>) {
      %n = norm.size %x[0] : !norm.view<?x4096xf32>
      norm.stage dims(i = %n, j = 4096) schedule #norm.schedule<...> {
        norm.instance {
          %ms = norm.phase over [j] {
            %xe = norm.load %x by [[i], [j]] : !norm.view<?x4096xf32>
            %sq = arith.mulf %xe, %xe : f32
            norm.contribute mean %sq : f32
          } : f32
          ...
        }
      }
    }
    ```

    `in_place = array<i64: 0, 1>` lists pairs (input, output), as positions
    among the arguments, that may share a buffer: every read of the input at a
    point precedes the write of that point.

    Constraints:
    * C1 one name per argument, all different; arguments are views.
    * C2 the body holds only `norm.size`, `norm.scratch`, `norm.stage` and
      `arith.constant`, `addi`, `muli`, `divui` and `ceildivui` on index; a size
      divided by a constant is a multiple of it, which is checked at a call.
    * C3 `in_place` pairs an input with an output of the same type.
    * C4 `alignments`, if present, has the alignment in bytes that each
      argument's base address has, a power of two.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrArrayAttr:$arg_names,
                       I64Attr:$num_inputs,
                       OptionalAttr<DenseI64ArrayAttr>:$alignments,
                       OptionalAttr<DenseI64ArrayAttr>:$in_place);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::Block *getBlock() { return &getBody().front(); }
    ::llvm::StringRef getArgName(unsigned i) {
      return ::llvm::cast<::mlir::StringAttr>(getArgNames()[i]).getValue();
    }
    bool isOutput(unsigned i) { return int64_t(i) >= int64_t(getNumInputs()); }
  }];
}

def Norm_SizeOp : Norm_Op<"size", [Pure]> {
  let summary = "the extent of a view's axis";
  let description = [{
    `%n = norm.size %x[0] : !norm.view<?x4096xf32>`. C1: the axis is within the
    view's rank.
  }];
  let arguments = (ins Norm_ViewType:$view, I64Attr:$axis);
  let results = (outs Index:$result);
  let assemblyFormat = "$view `[` $axis `]` attr-dict `:` qualified(type($view))";
  let hasVerifier = 1;
}

def Norm_ScratchOp : Norm_Op<"scratch", [HasParent<"ProgramOp">]> {
  let summary = "memory that lives for one call of the program";
  let description = [{
    `%p = norm.scratch(%k) : !norm.view<?x4096xf32>`, one size per `?`, in
    order. It is a part of the scratch buffer that a caller passes, aligned to
    64 bytes; its contents are undefined at first.

    `%l = norm.scratch local 4(%n) : !norm.view<?x4096xf32, strides [0, 1]>` is
    memory that each instance of a stage has for itself, on its worker's stack:
    one phase leaves values in it for a later one of the same instance. The axes
    of the parallel dims have the stride 0: whichever instance looks, it finds
    its own. Up to 4 instances may be at work at once.

    Constraints:
    * C1 as many sizes as `?`.
    * C2 the view is contiguous; of local memory, it is without the axes of
      stride 0, and their extents are static.
    * C3 what is local to a stage, for all instances at once, has at most 64 KB:
      threads of other people's have small stacks.
  }];
  let arguments = (ins Variadic<Index>:$sizes,
                       OptionalAttr<ConfinedAttr<I64Attr, [IntPositive]>>:$local);
  let results = (outs Norm_ViewType:$view);
  let assemblyFormat =
      "(`local` $local^)? `(` $sizes `)` attr-dict `:` qualified(type($view))";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The most bytes of a stage's local memory.
    static constexpr int64_t kLocalBytes = 64 << 10;
    bool isLocal() { return getLocal().has_value(); }
    /// Of local memory, the bytes that one instance has: a multiple of 64.
    int64_t getLocalBytes();
  }];
}

def Norm_StageOp : Norm_Op<"stage", [HasParent<"ProgramOp">, SingleBlock,
    NoTerminator, NoRegionArguments]> {
  let summary = "one launch: independent instances, in ordered chunks";
  let description = [{
    The points of the schedule's `parallel` dims are cut, in row-major order,
    into chunks of `chunk` instances, which run in any order on any thread. Along
    a lane dim that is itself parallel, which then comes last, an instance is a
    block of `width` points. The body holds phases and stores, which run once per
    chunk, before its instances, and then one `norm.instance`. `chunks k` names
    the chunk's number as a dim: what is stored by it is a partial result that a
    later stage combines. `non_empty [j]` lists dims of which a call may not have
    none: a mean of nothing has no value.

    ```mlir
    norm.stage dims(i = %n, j = 4096, k = %c) chunks k schedule #norm.schedule<...> {
      norm.phase over [j] { ... norm.store %zero, %part by [[k], [j]] ... }
      norm.instance { ... norm.accumulate add %v, %part by [[k], [j]] ... }
    }
    ```

    Constraints:
    * C1 dims are at most 32, named once each; one size per `?`.
    * C2 the schedule names only dims of the stage; `lanes` at most one; the
      chunk dim is a dim of the stage, and not parallel.
    * C3 the body is phases and stores, and then exactly one instance; what is
      outside the instance needs `chunks`, and contributes nothing.
    * C4 `non_empty` names dims of the stage.
    * C5 the local memory that it uses has at most 64 KB.
  }];
  let arguments = (ins Variadic<Index>:$sizes, Norm_SpaceAttr:$dims,
                       OptionalAttr<StrAttr>:$chunk_dim,
                       OptionalAttr<Norm_DimsAttr>:$non_empty,
                       Norm_ScheduleAttr:$schedule);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::Block *getBlock() { return &getBody().front(); }
    /// The size operand of a `?` dim; null for a static one.
    ::mlir::Value getSizeOf(unsigned dim);
    /// Position of the (one) lane dim, or -1.
    int64_t getLaneDim();
    InstanceOp getInstance();
  }];
}

def Norm_InstanceOp : Norm_Op<"instance", [HasParent<"StageOp">, SingleBlock,
    NoTerminator, NoRegionArguments]> {
  let summary = "what runs once per point of a stage's parallel dims";
  let description = [{
    Holds phases, and plain arithmetic between them on values that are uniform
    over the instance. A load or store here has a map within the parallel dims.
    C1: the body is phases, scalar `arith` and `math`, `norm.index`,
    `norm.extent`, `norm.philox`, `norm.load`, `norm.store` and
    `norm.accumulate`.
  }];
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "attr-dict-with-keyword $body";
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::Block *getBlock() { return &getBody().front(); }
  }];
}

def Norm_PhaseOp : Norm_Op<"phase", [ParentOneOf<["StageOp", "InstanceOp"]>,
    SingleBlockImplicitTerminator<"ContributeOp">, NoRegionArguments]> {
  let summary = "one loop nest with a straight-line scalar body";
  let description = [{
    Runs its body at every point of the dims `over` (outermost first), the
    instance's coordinates fixed. Its results are what `norm.contribute` says,
    combined over all points. `keeps(%x, ...)` names the views whose elements a
    later phase of the instance reads again, and which the stage therefore
    relies on staying in the cache (its `resident` bytes).

    ```mlir
    %ms = norm.phase over [j] keeps(%x : !norm.view<?x4096xf32>) {
      %xe = norm.load %x by [[i], [j]] : !norm.view<?x4096xf32>
      %sq = arith.mulf %xe, %xe : f32
      norm.contribute mean %sq : f32
    } : f32
    ```

    Constraints:
    * C1 `over` names dims of the stage, none parallel or the chunk dim, none
      twice, at least one; the lane dim, if it is among them, comes last.
    * C2 results agree with the contributions in number and type.
    * C3 the body is scalar `arith`, `math`, `norm.index`, `norm.extent`,
      `norm.philox`, `norm.load`, `norm.store` and `norm.accumulate`; no integer
      division.
  }];
  let arguments = (ins Variadic<Norm_ViewType>:$keeps, Norm_DimsAttr:$over);
  let results = (outs Variadic<AnyFloat>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    `over` $over (`keeps` `(` $keeps^ `:` qualified(type($keeps)) `)`)?
    attr-dict-with-keyword custom<PhaseBody>($body)
    (`:` type($results)^)?
  }];
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::Block *getBlock() { return &getBody().front(); }
    ContributeOp getContribute();
    StageOp getStage();
  }];
}

def Norm_ContributeOp : Norm_Op<"contribute", [Terminator, HasParent<"PhaseOp">]> {
  let summary = "what this point gives to the phase's results";
  let description = [{
    `norm.contribute mean %a, add %b : f32, f32`: the i-th value is combined
    over the phase's points in the i-th way; without values it may be left out.
    C1: one kind per value.
  }];
  let arguments = (ins Norm_ReduceKinds:$kinds, Variadic<AnyFloat>:$values);
  let builders = [OpBuilder<(ins)>];
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ReduceKind getKind(unsigned i) {
      return ::llvm::cast<ReduceKindAttr>(getKinds()[i]).getValue();
    }
  }];
}

def Norm_LoadOp : Norm_Op<"load", [ParentOneOf<["InstanceOp", "PhaseOp"]>]> {
  let summary = "the element of a view at this point";
  let description = [{
    `%e = norm.load %x by [[i], [j]] : !norm.view<?x4096xbf16>`, of the view's
    element type. C1: the map fits the view (as C2 and C4 of `norm.kernel`) and
    names dims that are fixed here: the stage's parallel dims, its chunk dim, and
    the phase's `over`.
  }];
  let arguments = (ins Norm_ViewType:$view, Norm_MapAttr:$map);
  let results = (outs AnyType:$result);
  let builders = [OpBuilder<(ins "::mlir::Value":$view, "MapAttr":$map)>];
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def Norm_StoreOp : Norm_Op<"store", [ParentOneOf<["StageOp", "InstanceOp", "PhaseOp"]>]> {
  let summary = "writes the element of a view at this point";
  let description = [{
    `norm.store %v, %y by [[i], [j]] : !norm.view<?x4096xbf16>`. C1: as
    `norm.load`; the value has the view's element type. C2: the map uses every
    dim that is fixed here, so that each element is written once; of the chunk
    dim only outside the instance. C3: the view is no input of the program.
    C4 (of all accesses): the axes of local scratch with stride 0 have parallel
    dims, and no others have; the lane dim is not parallel; an instance uses
    it, which has stored to it before it loads.
  }];
  let arguments = (ins AnyType:$value, Norm_ViewType:$view, Norm_MapAttr:$map);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def Norm_AccumulateOp : Norm_Op<"accumulate", [ParentOneOf<["InstanceOp", "PhaseOp"]>]> {
  let summary = "combines a value into the element of a view at this point";
  let description = [{
    `norm.accumulate add %v, %part by [[k], [j]] : !norm.view<?x4096xf32>`:
    view[...] = view[...] ⊕ v, in the order of the chunk's instances. This is
    how a chunk keeps a partial result of a collective that runs across
    instances. C1: as `norm.load`; C2: the kind is not `mean`;
    C3: the view is no input of the program, and not local.
  }];
  let arguments = (ins Norm_ReduceKindAttr:$kind, AnyFloat:$value,
                       Norm_ViewType:$view, Norm_MapAttr:$map);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

#endif // NORM_PHASE_OPS_TD
