//===- Passes.td - the passes of normc ---------------------*- tablegen -*-===//
//
// In pipeline order (compiler/Pipeline.cpp), but for norm-results, which comes before
// norm-fuse, norm-truths behind it, and both once more before norm-schedule. The
// passes below the phase form are in LowerPasses.td, the two expansions in
// ExpandPasses.td. One .cpp per pass, of its name.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_PASSES_PASSES_TD
#define NORMC_COMPILER_PASSES_PASSES_TD

include "mlir/Pass/PassBase.td"

def NormToKernel : Pass<"norm-to-kernel", "::mlir::func::FuncOp"> {
  let summary = "Turn declared norms and tensor ops around them into kernels";
  let description = [{
    Writes every `norm.normalize` as a `norm.kernel` whose body is its formula
    in the compute type, and every elementwise `arith` or `math` op on tensors
    as a kernel of one op. `tensor.expand_shape` and `tensor.collapse_shape`
    become kernels that copy, with joined dims where axes are joined. What is
    broadcast (`linalg.broadcast`, `tensor.splat`, a constant of one value) is
    read as it is, by a map that leaves the new dims out, or becomes a constant
    of the body. Below this pass there are no named norms.

    Before:

    ```mlir
    %y = norm.normalize rms %x over [1] epsilon 1.0e-06 : (tensor<?x64xf32>) -> tensor<?x64xf32>
    ```

    After:

    ```mlir
    %y = norm.kernel dims(i = ?, j = 64) ins(%e0 = %x by [[i], [j]] : tensor<?x64xf32>)
        outs(by [[i], [j]] : tensor<?x64xf32>) {
      %eps = arith.constant 1.0e-06 : f32
      %sq = arith.mulf %e0, %e0 : f32
      %ms = norm.reduce mean %sq over [j] : f32
      %arg = arith.addf %ms, %eps : f32
      %rstd = math.rsqrt %arg : f32
      %n = arith.mulf %e0, %rstd : f32
      norm.yield %n : f32
    }
    ```
  }];
  let statistics = [
    Statistic<"numNorms", "norms-lowered", "Number of norm.normalize lowered">,
    Statistic<"numElementwise", "elementwise-lowered",
              "Number of elementwise ops turned into kernels">,
    Statistic<"numReshapes", "reshapes-lowered",
              "Number of reshapes turned into kernels">,
    Statistic<"numBroadcasts", "broadcasts-folded",
              "Number of reads of broadcasts and constants folded">];
  let dependentDialects = ["::normc::norm::NormDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect"];
}

def NormPrecision : Pass<"norm-precision", "::mlir::func::FuncOp"> {
  let summary = "Make every rounding of kernel bodies an explicit cast";
  let description = [{
    Arithmetic on floats of 8 and 16 bits rounds after every op. This computes
    it in f32 and writes the rounding as `arith.truncf`; collectives of narrow
    values combine in f32 and round their result. Afterwards only casts,
    constants, selects, loads and stores touch a narrow type, so no later pass
    can change a rounding without being seen to.

    Before:

    ```mlir
    %s = arith.addf %a, %b : bf16
    %m = norm.reduce mean %s over [j] : bf16
    ```

    After:

    ```mlir
    %a32 = arith.extf %a : bf16 to f32
    %b32 = arith.extf %b : bf16 to f32
    %s32 = arith.addf %a32, %b32 : f32
    %s = arith.truncf %s32 : f32 to bf16
    %w = arith.extf %s : bf16 to f32
    %m32 = norm.reduce mean %w over [j] : f32
    %m = arith.truncf %m32 : f32 to bf16
    ```
  }];
  let statistics = [Statistic<"numWidened", "ops-widened",
                              "Number of narrow ops computed in f32">];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def NormFuse : Pass<"norm-fuse", "::mlir::func::FuncOp"> {
  let summary = "Merge neighbouring kernels into one";
  let description = [{
    A kernel and one that reads its results, or two that read a tensor which has
    all of their dims, become one kernel: their bodies one behind the other, over
    one space. A dim that the other kernel has as several joined ones is split;
    tensors that both read are read once. What only the second one read is no
    longer written; what others read, too, stays a result. No rounding changes:
    only sums may be taken in another order.

    Two kernels become one only if

    * the dims along what lies between them are the same, or can be made so by
      splitting;
    * no third kernel lies between them;
    * the merged kernel has fewer stages than the two together: the cut between
      them vanishes, and no collective forces another one in its place. Where
      the second takes parts of the first one's groups, as blocks of rows, the
      cut may stay: statistics of the groups are all that is kept across it;
    * it moves fewer bytes: per stage, each operand once and each output once,
      2.5 times for a stage that walks columns, or that leaves all of the work
      to one thread; a `?` extent counts as 1024. As many are few enough where
      a tensor between the two vanishes;
    * no stage visits more than 12 tensors of the largest size side by side.

    Neighbours that stay apart get a remark with the reason. Kernels that carry
    a schedule stay as they are.

    Before:

    ```mlir
    %h = norm.kernel dims(i0 = ?, i1 = 64) ins(%xe = %x by [[i0], [i1]], %re = %r by [[i0], [i1]]) outs(by [[i0], [i1]]) {
      %s = arith.addf %xe, %re : f32
      norm.yield %s : f32
    }
    %y = norm.kernel dims(i = ?, g = 8, c = 8) ins(%he = %h by [[i], [g, c]]) outs(by [[i], [g, c]]) {
      %m = norm.reduce max %he over [c] : f32
      %d = arith.subf %he, %m : f32
      norm.yield %d : f32
    }
    ```

    After, where nothing else reads `%h`:

    ```mlir
    %y = norm.kernel dims(i = ?, g = 8, c = 8) ins(%xe = %x by [[i], [g, c]], %re = %r by [[i], [g, c]]) outs(by [[i], [g, c]]) {
      %s = arith.addf %xe, %re : f32
      %m = norm.reduce max %s over [c] : f32
      %d = arith.subf %s, %m : f32
      norm.yield %d : f32
    }
    ```
  }];
  let statistics = [
    Statistic<"numProducers", "producers-fused",
              "Number of kernels merged into one that reads their results">,
    Statistic<"numSiblings", "siblings-fused",
              "Number of kernels merged with one that reads the same tensor">];
}

def NormSplitReductions : Pass<"norm-split-reductions", "::mlir::func::FuncOp"> {
  let summary = "Take the moments of channels that lie innermost in memory by tiles";
  let description = [{
    Where vectors run along channels, one instance would walk all rows of a few
    of them: a cache line of every row, far apart, three times. This takes the
    `norm.moments` of tiles of about 160 KB instead, which are in the second-level
    cache before they are read, once: the variance from distances to the mean of a
    tile's first points, or where that is more than a standard deviation from the
    tile's mean, from distances to the latter. It
    merges tiles step by step (Chan, Golub and LeVeque: the mean of means,
    and of the variances and squares of what the means are apart, all tiles
    having as many points), and leaves of the kernel what is the same for a
    whole group, as one kernel, and elementwise code, as the last. Rows of known
    extent are cut by a divisor. Channels of a group that nothing tells apart
    become one dim. Groups that lie in whole cache lines and stay in the
    second-level cache are left whole: memory is then read once.

    Where channels have runs of up to 4 KB, in every sample, they are cut in blocks
    that stay in the second-level cache over all samples (f32 of 32x2048x7x7: 32
    channels, 200 KB). The kernels name the dim that counts blocks first, which
    makes `norm-schedule` and `norm-phases` pass one block after the other through
    all stages. A block's moments are those of whole groups. Where no divisor of
    the channels makes such a block, a run of up to 3 KB is a tile.

    Before:

    ```mlir
    %y = norm.kernel dims(n = 32, h = 56, w = 56, c = 256) ins(%xe = %x by [[n], [h], [w], [c]]) outs(by [[n], [h], [w], [c]]) {
      %count, %mean, %delta, %m2 = norm.moments %xe over [n, h, w] : f32
      %var = arith.divf %m2, %count : f32
      %o = "normalize"(%xe, %mean, %delta, %var)
      norm.yield %o : f32
    }
    ```

    After (types and the rounding of means to two parts left out):

    ```mlir
    %m, %d, %v = norm.kernel dims(n = 32, h = 56, w = 56, c = 256) ins(%xe = %x by [[n], [h], [w], [c]]) outs(by [[n], [h], [c]], ...) {
      %sum = norm.reduce add %xe over [w] where %isFirst : f32
      %pivot = arith.mulf %sum, %part : f32
      %mean = norm.reduce mean %xe over [w] : f64
      %square = norm.reduce mean %distanceToPivotSquared over [w] : f32
      ...
      %again = norm.reduce add %distanceToMeanSquared over [w] where %isFar : f32
      ...
    }
    %mh, %dh, %vh = norm.kernel dims(n = 32, h = 56, c = 256) ins(%me = %m by [[n], [h], [c]], ...) outs(by [[n], [c]], ...) { ... over [h] ... }
    %mn, %dn, %vn = norm.kernel dims(n = 32, c = 256) ins(%me = %mh by [[n], [c]], ...) outs(by [[c]], ...) { ... over [n] ... }
    %var = norm.kernel dims(c = 256) ins(%ve = %vn by [[c]]) outs(by [[c]]) { ... }
    %y = norm.kernel dims(n = 32, h = 56, w = 56, c = 256) ins(%xe = %x by [[n], [h], [w], [c]], %mean = %mn by [[c]], ...) outs(by [[n], [h], [w], [c]]) {
      %o = "normalize"(%xe, %mean, %delta, %var)
      norm.yield %o : f32
    }
    ```
  }];
  let options = [Option<"minBytes", "min-bytes", "int64_t", "262144",
                        "Kernels over less, as f32, stay whole">];
  let statistics = [Statistic<"numSplit", "kernels-split",
                              "Number of kernels taken apart">];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::normc::norm::NormDialect"];
}

def NormSplitRows : Pass<"norm-split-rows", "::mlir::func::FuncOp"> {
  let summary = "Take the statistics of few long rows by parts of a row";
  let description = [{
    A row is the work of one thread. Where rows are fewer than threads, and long,
    this takes the collectives of parts of a row instead, in one kernel, merges
    them, in a second (moments by Chan, Golub and LeVeque, all parts having as
    many points), and leaves of the kernel what is the same for a whole row, as
    one, and elementwise code over parts, as the last. Parts are the largest
    divisor of a row's length that is a multiple of 64, from 2048 to 16384: they
    depend on the shape alone, and so do the bits of results. They are not those
    of rows that are left whole, though: a row alone may differ in its last bits
    from the same row among many.

    Before:

    ```mlir
    %y = norm.kernel dims(i = 1, j = 262144) ins(%xe = %x by [[i], [j]]) outs(by [[i], [j]]) {
      %sq = arith.mulf %xe, %xe : f32
      %ms = norm.reduce mean %sq over [j] : f32
      %r = math.rsqrt %ms : f32
      %o = arith.mulf %xe, %r : f32
      norm.yield %o : f32
    }
    ```

    After (types left out):

    ```mlir
    %p = norm.kernel dims(i = 1, jo = 16, ji = 16384) ins(%xe = %x by [[i], [jo, ji]]) outs(by [[i], [jo]]) {
      %sq = arith.mulf %xe, %xe : f32
      %ms = norm.reduce mean %sq over [ji] : f32
      norm.yield %ms : f32
    }
    %m = norm.kernel dims(i = 1, jo = 16) ins(%pe = %p by [[i], [jo]]) outs(by [[i]]) {
      %ms = norm.reduce mean %pe over [jo] : f32
      norm.yield %ms : f32
    }
    %s = norm.kernel dims(i = 1) ins(%ms = %m by [[i]]) outs(by [[i]]) {
      %r = math.rsqrt %ms : f32
      norm.yield %r : f32
    }
    %y = norm.kernel dims(i = 1, jo = 16, ji = 16384) ins(%xe = %x by [[i], [jo, ji]], %r = %s by [[i]]) outs(by [[i], [jo, ji]]) {
      %o = arith.mulf %xe, %r : f32
      norm.yield %o : f32
    }
    ```
  }];
  let options = [
    Option<"minLength", "min-length", "int64_t", "65536",
           "Rows of fewer elements stay whole">,
    Option<"maxRows", "max-rows", "int64_t", "4", "More rows stay whole">];
  let statistics = [Statistic<"numSplit", "kernels-split",
                              "Number of kernels taken apart">];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::normc::norm::NormDialect"];
}

def NormExpandMoments : Pass<"norm-expand-moments", "::mlir::func::FuncOp"> {
  let summary = "Compute moments from distances";
  let description = [{
    Writes `norm.moments` as a mean in two parts, and then the mean of the
    squared distances to it: with E[v] = mean + delta, d = v − mean, the second
    moment is n · (E[d²] − delta²). Nothing cancels, since delta is of the size
    of a rounding error (Chan, Golub and LeVeque, 1983). The mean of f32 values
    is combined in f64, which holds both parts; that of f64 values is corrected
    by the mean of the exact distances to it. A mean with `where` becomes the sum
    of the selected points by their number.

    `shifted` saves rows a pass: distances are taken to a pivot p instead, the
    mean of the first 32 points or a few more, and the second moment is
    n · (E[(v − p)²] − (E[v] − p)²). Where E[v] is further from p than half a
    standard deviation, the distances to the mean are taken after all, by a sum
    whose `where` is that condition. For rows of 16-bit values, whose squares are
    exact in f32, p = 0.

    Before:

    ```mlir
    %n, %mean, %delta, %m2 = norm.moments %v over [j] : f32
    ```

    After:

    ```mlir
    %wide = arith.extf %v : f32 to f64
    %both = norm.reduce mean %wide over [j] : f64
    %mean = arith.truncf %both : f64 to f32
    %high = arith.extf %mean : f32 to f64
    %rest = arith.subf %both, %high : f64
    %delta = arith.truncf %rest : f64 to f32
    %d = arith.subf %v, %mean : f32
    %dd = arith.mulf %d, %d : f32
    %q = norm.reduce mean %dd over [j] : f32
    %delta2 = arith.mulf %delta, %delta : f32
    %var = arith.subf %q, %delta2 : f32
    %m2 = arith.mulf %var, %n : f32
    ```
  }];
  let options = [Option<"shifted", "shifted", "bool", "false",
                        "Take distances to a pivot where a row allows it">];
  let statistics = [Statistic<"numExpanded", "moments-expanded",
                              "Number of norm.moments expanded">];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def NormHoist : Pass<"norm-hoist", "::mlir::func::FuncOp"> {
  let summary = "Compute costly narrow values once";
  let description = [{
    A value is computed once per point of its space, but a loop over a wider
    space may have to compute it again on every turn: rstd per channel beside
    channels-last data, or of small images, all of which one loop walks. A value
    that takes a root, a quotient or a function, and that something wider uses,
    becomes the result of a kernel over its own space. Values behind collectives
    stay where they are. No rounding changes.

    Before:

    ```mlir
    %y = norm.kernel dims(i = ?, j = 64) ins(%xe = %x by [[i], [j]], %ve = %v by [[j]]) outs(by [[i], [j]]) {
      %r = math.rsqrt %ve : f32
      %o = arith.mulf %xe, %r : f32
      norm.yield %o : f32
    }
    ```

    After:

    ```mlir
    %rs = norm.kernel dims(j = 64) ins(%ve = %v by [[j]]) outs(by [[j]]) {
      %r = math.rsqrt %ve : f32
      norm.yield %r : f32
    }
    %y = norm.kernel dims(i = ?, j = 64) ins(%xe = %x by [[i], [j]], %ve = %v by [[j]], %re = %rs by [[j]]) outs(by [[i], [j]]) {
      %o = arith.mulf %xe, %re : f32
      norm.yield %o : f32
    }
    ```
  }];
  let statistics = [Statistic<"numHoisted", "values-hoisted",
                              "Number of values that became results">];
}

def NormTruths : Pass<"norm-truths", "::mlir::func::FuncOp"> {
  let summary = "Hand truths from kernel to kernel as bytes";
  let description = [{
    A comparison and what depends on it may stay apart, and memory has no bits:
    a tensor of i1 that one kernel writes and others read becomes one of i8, 0
    or 1. Results of the function keep their types.

    Before:

    ```mlir
    %p = norm.kernel dims(i = ?) ins(%e = %x by [[i]]) outs(by [[i]] : tensor<?xi1>) {
      %c = arith.cmpf ogt, %e, %zero : f32
      norm.yield %c : i1
    }
    %y = norm.kernel dims(i = ?) ins(%c = %p by [[i]], ...) outs(by [[i]]) {
      %o = arith.select %c, %e, %zero : f32
      norm.yield %o : f32
    }
    ```

    After:

    ```mlir
    %p = norm.kernel dims(i = ?) ins(%e = %x by [[i]]) outs(by [[i]] : tensor<?xi8>) {
      %c = arith.cmpf ogt, %e, %zero : f32
      %byte = arith.extui %c : i1 to i8
      norm.yield %byte : i8
    }
    %y = norm.kernel dims(i = ?) ins(%byte = %p by [[i]], ...) outs(by [[i]]) {
      %c = arith.trunci %byte : i8 to i1
      %o = arith.select %c, %e, %zero : f32
      norm.yield %o : f32
    }
    ```
  }];
  let statistics = [Statistic<"numBytes", "truths-stored",
                              "Number of tensors of i1 made tensors of i8">];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def NormResults : Pass<"norm-results", "::mlir::func::FuncOp"> {
  let summary = "Give every result of the function an output of its own";
  let description = [{
    Values that were different in the text may be one by now, and a result may be
    an argument. Each result of a program is a buffer that one store writes: what
    is returned twice becomes one more output of its kernel, and an argument is
    copied.

    Before:

    ```mlir
    %y = norm.kernel dims(i = ?) ins(%e = %x by [[i]]) outs(by [[i]]) {
      %o = arith.negf %e : f32
      norm.yield %o : f32
    }
    return %y, %y
    ```

    After:

    ```mlir
    %y:2 = norm.kernel dims(i = ?) ins(%e = %x by [[i]]) outs(by [[i]], by [[i]]) {
      %o = arith.negf %e : f32
      norm.yield %o, %o : f32, f32
    }
    return %y#0, %y#1
    ```
  }];
  let statistics = [Statistic<"numAdded", "outputs-added",
                              "Number of results given an output">];
  let dependentDialects = ["::normc::norm::NormDialect"];
}

def NormSchedule : Pass<"norm-schedule", "::mlir::func::FuncOp"> {
  let summary = "Choose a schedule for every stage of every kernel";
  let description = [{
    Asks `KernelStructure` for the stages that a kernel needs, and writes one
    `#norm.schedule` per stage on it: the lane dim, vector width, unrolling,
    chunk, streaming, prefetching and rows that suit the target, with the reasons. A
    stage without collectives leaves its inner dims to loops. The outer part of an
    axis which a kernel names before all other dims counts blocks: it is the
    outermost parallel dim, wherever it lies in memory, and the next block is
    fetched ahead. A kernel that carries a schedule keeps it.

    Before:

    ```mlir
    %y = norm.kernel dims(i = ?, j = 4096) ins(...) outs(...) { ... }
    ```

    After (x86-64-v4):

    ```mlir
    %y = norm.kernel dims(i = ?, j = 4096) ins(...) outs(...)
        schedule [#norm.schedule<target = cpu, parallel = [i], lanes = [j],
                  width = 16, unroll = 8, chunk = 2, resident = 524288,
                  stream = 4194304, prefetch = 1, rows = 4>] { ... }
    ```
  }];
  let options = [
    Option<"targetKind", "target", "std::string", "\"cpu\"",
           "The kind of machine: cpu or gpu">,
    Option<"vectorBits", "vector-bits", "int64_t", "512",
           "Width of a vector register in bits">,
    Option<"l2Bytes", "l2-bytes", "int64_t", "1048576",
           "Bytes of second-level cache per core">,
    Option<"llcBytes", "llc-bytes", "int64_t", "33554432",
           "Bytes of last-level cache, of all cores together">];
  let statistics = [Statistic<"numStages", "stages-scheduled",
                              "Number of stages given a schedule">];
  let dependentDialects = ["::normc::norm::NormDialect"];
}

def NormPhases : Pass<"norm-phases", "::mlir::ModuleOp"> {
  let summary = "Slice scheduled kernels into stages and phases";
  let description = [{
    Turns a function of scheduled kernels into a `norm.program`: arguments and
    results become views, results that only other kernels read become scratch,
    and each kernel becomes the stages of its plan. Within a stage there is one
    phase per (number of collectives waited for, dims), and values that are
    uniform over an instance are computed between phases. A value that several
    phases need is computed again from loads; a collective that a later stage
    needs is stored.

    Before:

    ```mlir
    func.func @rms(%x: tensor<?x64xf32> {norm.name = "x"}) -> (tensor<?x64xf32> {norm.name = "y"}) {
      %y = norm.kernel dims(i = ?, j = 64) ... schedule [...] { ... }
      return %y : tensor<?x64xf32>
    }
    ```

    After:

    ```mlir
    norm.program @rms inputs(%x "x" : !norm.view<?x64xf32>) outputs(%y "y" : !norm.view<?x64xf32>) {
      %n = norm.size %x[0] : !norm.view<?x64xf32>
      norm.stage dims(i = %n, j = 64) non_empty [j] schedule #norm.schedule<...> {
        norm.instance {
          %ms = norm.phase over [j] keeps(%x : !norm.view<?x64xf32>) { ... } : f32
          ...
          norm.phase over [j] { ... norm.store ... }
        }
      }
    }
    ```
  }];
  let statistics = [
    Statistic<"numStages", "stages", "Number of stages made">,
    Statistic<"numPhases", "phases", "Number of phases made">];
  let dependentDialects = ["::normc::norm::NormDialect",
                           "::mlir::arith::ArithDialect"];
}

include "compiler/passes/LowerPasses.td"
include "compiler/passes/ExpandPasses.td"

#endif // NORMC_COMPILER_PASSES_PASSES_TD
