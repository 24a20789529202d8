// What each stage of the pipeline shows; the details are the passes' tests.
// RUN: normc compile %s --emit=norm | FileCheck %s --check-prefix=NORM
// RUN: normc compile %s --emit=kernel | FileCheck %s --check-prefix=KERNEL
// RUN: normc compile %s --emit=precision | FileCheck %s --check-prefix=PRECISION
// RUN: normc compile %s --emit=scheduled --target=x86-64-v3 | FileCheck %s --check-prefix=SCHEDULED
// RUN: normc compile %s --emit=phases --target=x86-64-v3 | FileCheck %s --check-prefix=PHASES
// RUN: normc compile %s --emit=vector --target=x86-64-v3 | FileCheck %s --check-prefix=VECTOR
// RUN: normc compile %s --emit=llvm-dialect --target=x86-64-v3 | FileCheck %s --check-prefix=DIALECT
// RUN: normc compile %s --emit=llvm --target=x86-64-v3 | FileCheck %s --check-prefix=LLVM
// RUN: normc compile %s --emit=asm --target=x86-64-v3 | FileCheck %s --check-prefix=ASM

// Standard input, an output file, and an object.
// RUN: normc compile - --emit=norm < %s | FileCheck %s --check-prefix=NORM
// RUN: rm -rf %t && mkdir %t
// RUN: normc compile %s --emit=kernel -o %t/out.mlir | count 0
// RUN: FileCheck %s --check-prefix=KERNEL --input-file=%t/out.mlir
// RUN: normc compile %s --emit obj --target x86-64-v3 -o %t/out.o
// RUN: llvm-objdump --syms %t/out.o | FileCheck %s --check-prefix=OBJECT
// RUN: normc compile %s --emit artifact --target x86-64-v3 -o %t/out.norm
// RUN: FileCheck %s --check-prefix=ARTIFACT --input-file=%t/out.norm
// RUN: ls %t | count 3

// What a stage prints, norm-opt and normc read again.
// RUN: normc compile %s --emit=phases | norm-opt | FileCheck %s --check-prefix=PHASES
// RUN: normc compile %s --emit=kernel | normc compile - --emit=phases | FileCheck %s --check-prefix=PHASES

// NORM: func.func @rms
// NORM: norm.normalize rms
// KERNEL: norm.kernel dims(
// KERNEL: norm.reduce mean
// PRECISION: norm.kernel
// PRECISION: arith.extf
// PRECISION: arith.truncf
// SCHEDULED: schedule [#norm.schedule<target = cpu
// PHASES: norm.program @rms inputs(%{{.*}} "x" : !norm.view<?x64xbf16>)
// PHASES: norm.stage
// PHASES: norm.phase
// VECTOR: vector<16xf32>
// DIALECT: llvm.func @
// LLVM: define {{.*}}i32 @
// ASM: {{vfmadd|vmulps}}
// ARTIFACT: NORMC
// ARTIFACT: rms_stage0
// OBJECT: g {{.*}}F .text
func.func @rms(%x: tensor<?x64xbf16> {norm.name = "x"}) -> (tensor<?x64xbf16> {norm.name = "y"}) {
  %y = norm.normalize rms %x over [1] epsilon 1.0e-06 : (tensor<?x64xbf16>) -> tensor<?x64xbf16>
  return %y : tensor<?x64xbf16>
}
