//===- LowerPasses.td - the passes below the phase form -------------------===//
//
// Included by Passes.td.
//
//===----------------------------------------------------------------------===//

#ifndef NORMC_COMPILER_PASSES_LOWERPASSES_TD
#define NORMC_COMPILER_PASSES_LOWERPASSES_TD

include "mlir/Pass/PassBase.td"

def NormLowerToCpu : Pass<"norm-lower-to-cpu", "::mlir::ModuleOp"> {
  let summary = "Lower the phase form to vector code for a CPU";
  let description = [{
    Every stage becomes a function of the calling convention
    `i32 f(buffers, words, scratch, chunkBegin, chunkEnd)`: loops (`scf`) over
    chunks, instances and phases, whose bodies are widened along the lane dim to
    vectors of the schedule's width. Sums of `unroll` vectors are added as a
    tree and carried on in twice the precision; a tail is masked. Results of at
    least `stream` bytes are stored past the caches, from the first aligned
    vector on; the last phase of an instance fetches what the one `prefetch`
    ahead will read, or runs beside the first phase of the next `rows`, 1 KB
    further on in long ones. Others of an elementwise stage, `rows` rows of
    pixels or images, share what is the same for them, as blocks of 8-bit results
    hide each other's waits; sixteen short instances have a lane each between
    their phases. A phase whose contributions are all chosen by a condition of the
    instance, against the identity, runs only where it holds.

    Before:

    ```mlir
    %ms = norm.phase over [j] {
      %xe = norm.load %x by [[i], [j]] : !norm.view<?x64xf32>
      %sq = arith.mulf %xe, %xe : f32
      norm.contribute mean %sq : f32
    } : f32
    ```

    After:

    ```mlir
    %sum = scf.for %j = %c0 to %c64 step %c16 iter_args(%carry = %zero) -> vector<16xf64> {
      %p = llvm.getelementptr inbounds %row[%j] ...
      %v = llvm.load %p : vector<16xf32>
      %sq = arith.mulf %v, %v : vector<16xf32>
      %wide = arith.extf %sq : vector<16xf32> to vector<16xf64>
      %next = arith.addf %carry, %wide : vector<16xf64>
      scf.yield %next : vector<16xf64>
    }
    ```
  }];
  let options = [Option<"hasFma", "has-fma", "bool", "true",
                        "The target has fused multiply-add: sums of products "
                        "use it">,
                 Option<"hasBF16Dot", "has-bf16-dot", "bool", "false",
                        "The target has AVX512-BF16: sums of squares of bf16 "
                        "use its dot product">];
  let statistics = [Statistic<"numStages", "stages-lowered",
                              "Number of stages lowered">];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

def NormReuseLoads : Pass<"norm-reuse-loads", "::mlir::func::FuncOp"> {
  let summary = "Read what two phases read of a short row once";
  let description = [{
    Phases over a few vectors are straight code, one after the other, and the
    second one reads, and computes, what the first one did. What lies between is
    a store to another buffer or a prefetch, so that nobody sees that the loads
    are the same. They are: nothing writes an operand, or nothing reads a point of
    it after it was written in place. What is computed of the loads is then
    equal, too, and the next pass leaves one of it.

    Before:

    ```mlir
    %a = llvm.load %p : !llvm.ptr -> vector<32xi16>
    llvm.store %max, %q : f32, !llvm.ptr
    %b = llvm.load %p : !llvm.ptr -> vector<32xi16>
    ```

    After:

    ```mlir
    %a = llvm.load %p : !llvm.ptr -> vector<32xi16>
    llvm.store %max, %q : f32, !llvm.ptr
    // %a for %b
    ```
  }];
  let statistics = [Statistic<"numReused", "loads-reused",
                              "Number of loads that another one stands for">];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def NormBalancePipes : Pass<"norm-balance-pipes", "::mlir::func::FuncOp"> {
  let summary = "Spread additions over the pipes that multiply";
  let description = [{
    Processors with two pipes for adds and conversions and two for products
    leave the second two idle in loops that sum: LayerNorm of f32 adds,
    subtracts and converts 29 times per four vectors and multiplies 15 times. An
    add is also a fused multiply-add by 1 or -1, with the same result in every bit; in
    each innermost loop, as many adds become one as makes both kinds of pipes
    equally busy. The 1 stands behind a fence, or LLVM would see through it.

    Before:

    ```mlir
    scf.for ... {
      %d = arith.subf %x, %mean : vector<16xf32>
      %wide = arith.extf %x : vector<16xf32> to vector<16xf64>
      %next = arith.addf %carry, %wide : vector<16xf64>
    }
    ```

    After:

    ```mlir
    %minus = llvm.call_intrinsic "llvm.arithmetic.fence"(%cst) : (vector<16xf32>) -> vector<16xf32>
    %one = llvm.call_intrinsic "llvm.arithmetic.fence"(%cst_0) : (vector<16xf64>) -> vector<16xf64>
    scf.for ... {
      %d = math.fma %mean, %minus, %x : vector<16xf32>
      %wide = arith.extf %x : vector<16xf32> to vector<16xf64>
      %next = math.fma %carry, %one, %wide : vector<16xf64>
    }
    ```
  }];
  let statistics = [Statistic<"numFused", "adds-as-fma",
                              "Number of additions made multiply-adds">];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::math::MathDialect"];
}

def NormLowerToGpu : Pass<"norm-lower-to-gpu", "::mlir::ModuleOp"> {
  let summary = "Lower the phase form to a GPU kernel";
  let description = [{
    Every stage becomes a `gpu.func` in one `gpu.module`: one block of threads
    per instance, lanes dealt to threads `width` at a time, sums combined by
    shuffles and, across warps, through shared memory. It shares everything but
    that with `norm-lower-to-cpu`. So far it takes the phases of row kernels:
    a parallel lane dim and partial results are refused.

    Before: as for `norm-lower-to-cpu`. After:

    ```mlir
    gpu.func @rms_stage0(%x: !llvm.ptr<1>, ..., %n: i64) kernel {
      %t = gpu.thread_id x
      ...
      %v = llvm.load %p {alignment = 16} : !llvm.ptr<1> -> vector<8xi16>
      ...
      %other, %valid = gpu.shuffle xor %lo, %c16, %c32 : i32
    }
    ```
  }];
  let statistics = [Statistic<"numStages", "stages-lowered",
                              "Number of stages lowered">];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

def NormConvertToLlvm : Pass<"norm-convert-to-llvm"> {
  let summary = "Convert lowered code to the LLVM dialect in one step";
  let description = [{
    Upstream's conversion patterns for scf, cf, func, arith, math and vector (on
    a `gpu.module`, gpu to NVVM too), applied together: one walk instead of one per
    dialect, which at these sizes is most of what a conversion costs.

    Before:

    ```mlir
    %s = arith.addf %a, %b : vector<16xf32>
    ```

    After:

    ```mlir
    %s = llvm.fadd %a, %b : vector<16xf32>
    ```
  }];
  let statistics = [Statistic<"numOps", "ops-converted",
                              "Number of ops that the module held">];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect",
                           "::mlir::NVVM::NVVMDialect",
                           "::mlir::cf::ControlFlowDialect"];
}

#endif // NORMC_COMPILER_PASSES_LOWERPASSES_TD
