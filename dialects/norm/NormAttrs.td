//===- NormAttrs.td - axis sets, maps, statistics, schedules -*- tablegen -*-===//

#ifndef NORM_ATTRS_TD
#define NORM_ATTRS_TD

include "dialects/norm/NormDialect.td"
include "mlir/IR/EnumAttr.td"

class Norm_Enum<string name, string summary, list<I32EnumCase> cases>
    : I32Enum<name, summary, cases> {
  let cppNamespace = "::normc::norm";
}

def Norm_ReduceKind : Norm_Enum<"ReduceKind", "how a collective combines", [
  I32EnumCase<"add", 0>, I32EnumCase<"mul", 1>, I32EnumCase<"max", 2>,
  I32EnumCase<"min", 3>, I32EnumCase<"mean", 4>]>;
def Norm_ReduceKindAttr : EnumAttr<Norm_Dialect, Norm_ReduceKind, "reduce_kind">;

def Norm_Statistic : Norm_Enum<"Statistic", "what an input is divided by", [
  I32EnumCase<"mean_variance", 0>, I32EnumCase<"rms", 1>, I32EnumCase<"l2", 2>,
  I32EnumCase<"lp", 3>, I32EnumCase<"max", 4>, I32EnumCase<"given", 5>,
  I32EnumCase<"none", 6>]>;
def Norm_StatisticAttr : EnumAttr<Norm_Dialect, Norm_Statistic, "statistic">;

def Norm_EpsilonPlacement : Norm_Enum<"EpsilonPlacement", "where epsilon enters", [
  I32EnumCase<"add", 0>, I32EnumCase<"after_root", 1>, I32EnumCase<"clamp", 2>]>;
def Norm_EpsilonPlacementAttr
    : EnumAttr<Norm_Dialect, Norm_EpsilonPlacement, "epsilon_placement">;

def Norm_Rounding : Norm_Enum<"Rounding", "where the affine part rounds", [
  I32EnumCase<"once", 0>, I32EnumCase<"normalized", 1>]>;
def Norm_RoundingAttr : EnumAttr<Norm_Dialect, Norm_Rounding, "rounding">;

def Norm_TargetKind : Norm_Enum<"TargetKind", "the kind of machine", [
  I32EnumCase<"cpu", 0>, I32EnumCase<"gpu", 1>]>;

class Norm_Attr<string name, string attrMnemonic> : AttrDef<Norm_Dialect, name> {
  let mnemonic = attrMnemonic;
}

def Norm_DimsAttr : Norm_Attr<"Dims", "dims"> {
  let summary = "a list of iteration dims by name: `[g, c]`";
  let parameters = (ins OptionalArrayRefParameter<"::mlir::StringAttr">:$names);
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    static DimsAttr get(::mlir::MLIRContext *context,
                        ::llvm::ArrayRef<::llvm::StringRef> names);
    bool contains(::mlir::StringAttr name) const {
      return ::llvm::is_contained(getNames(), name);
    }
    size_t size() const { return getNames().size(); }
    bool empty() const { return getNames().empty(); }
  }];
}

def Norm_MapAttr : Norm_Attr<"Map", "map"> {
  let summary = "per axis of an operand, the dims joined in it: `[[n], [g, c]]`";
  let description = [{
    An axis lists zero or more iteration dims, joined row-major: the index along
    `[g, c]` is `g * extent(c) + c`, and the index along `[]` is 0 (the axis has
    extent 1). A dim that a map leaves out is broadcast.
  }];
  let parameters = (ins OptionalArrayRefParameter<"::normc::norm::DimsAttr">:$axes);
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    size_t getRank() const { return getAxes().size(); }
    bool uses(::mlir::StringAttr dim) const;
  }];
}

def Norm_SpaceAttr : Norm_Attr<"Space", "space"> {
  let summary = "named dims and their extents: `(i = ?, j = 4096)`";
  let parameters = (ins OptionalArrayRefParameter<"::mlir::StringAttr">:$names,
                        OptionalArrayRefParameter<"int64_t">:$extents);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    size_t size() const { return getNames().size(); }
    /// The position of a dim, or -1.
    int64_t indexOf(::mlir::StringAttr name) const;
    bool contains(::mlir::StringAttr name) const { return indexOf(name) >= 0; }
    /// "i, j", for diagnostics.
    std::string listNames() const;
  }];
}

def Norm_ScheduleAttr : Norm_Attr<"Schedule", "schedule"> {
  let summary = "how one stage of a kernel runs on one kind of machine";
  let description = [{
    `parallel`: the dims whose points are independent instances. `lanes`: the
    dim (one, or none for scalar code) that a vector runs along, `width` lanes
    at a time. `unroll`: vectors per loop iteration; their contributions are
    added as a tree. `chunk`: instances per chunk, the unit of work that a
    thread takes (never dependent on the number of threads). `threads`: on a
    GPU, threads per instance. `resident`: bytes of cache per worker that the
    stage relies on for values that it reads again. `stream`: results of at
    least so many bytes are stored past the caches; 0 for never. `prefetch`: how
    many instances ahead the last phase fetches what the first will read; 0 for
    none. (Rows that are read while others are written are fetched at a distance
    of bytes, whatever number that is.)
    `rows`: so many instances go together; 1 for one after the other. Where
    both phases run along the lanes only, the last phase of so many runs side by
    side with the first phase of the next ones, so that memory reads and writes
    at once. Elsewhere they share what is loaded and computed for all of them
    (rows of pixels, planes of several images), or hide each other's waits
    (blocks with a scale of their own).
    `reasons` says why, per parameter, for people.

    ```mlir
    #norm.schedule<target = cpu, parallel = [i], lanes = [j], width = 16,
                   unroll = 8, chunk = 16, resident = 131072>
    ```
  }];
  let parameters = (ins
    EnumParameter<Norm_TargetKind>:$target,
    "::normc::norm::DimsAttr":$parallel,
    "::normc::norm::DimsAttr":$lanes,
    DefaultValuedParameter<"int64_t", "1">:$width,
    DefaultValuedParameter<"int64_t", "1">:$unroll,
    DefaultValuedParameter<"int64_t", "1">:$chunk,
    DefaultValuedParameter<"int64_t", "0">:$threads,
    DefaultValuedParameter<"int64_t", "0">:$resident,
    DefaultValuedParameter<"int64_t", "0">:$stream,
    DefaultValuedParameter<"int64_t", "0">:$prefetch,
    DefaultValuedParameter<"int64_t", "1">:$rows,
    OptionalParameter<"::mlir::DictionaryAttr">:$reasons);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

#endif // NORM_ATTRS_TD
