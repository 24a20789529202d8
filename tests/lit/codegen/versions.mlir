// RUN: normc compile %s --emit=asm --target=x86-64-v2,x86-64-v4,x86-64-v3 | FileCheck %s --check-prefix=X86
// RUN: normc compile %s --emit=asm --target=aarch64,neoverse-v1 | FileCheck %s --check-prefix=ARM
// RUN: normc compile %s --emit=llvm --target=x86-64-v2,x86-64-v3 | FileCheck %s --check-prefix=LLVM

// Each version is what its target alone gets.
// RUN: rm -rf %t && mkdir %t
// RUN: normc compile %s --emit=obj --target=x86-64-v2,x86-64-v3,x86-64-v4 -o %t/all.o
// RUN: normc compile %s --emit=obj --target=x86-64-v2 -o %t/v2.o
// RUN: normc compile %s --emit=obj --target=x86-64-v4 -o %t/v4.o
// RUN: llvm-nm -j --extern-only %t/all.o | FileCheck %s --check-prefix=NAMES
// RUN: llvm-objdump -d --no-addresses --no-show-raw-insn --disassemble-symbols=rms_stage0 %t/v2.o | tail -n +7 | grep -v "rip\|<rms\|nop" > %t/v2
// RUN: llvm-objdump -d --no-addresses --no-show-raw-insn --disassemble-symbols=rms_stage0_x86_64_v2 %t/all.o | tail -n +7 | grep -v "rip\|<rms\|nop" > %t/all-v2
// RUN: diff %t/v2 %t/all-v2
// RUN: llvm-objdump -d --no-addresses --no-show-raw-insn --disassemble-symbols=rms_stage0 %t/v4.o | tail -n +7 | grep -v "rip\|<rms\|nop" > %t/v4
// RUN: llvm-objdump -d --no-addresses --no-show-raw-insn --disassemble-symbols=rms_stage0_x86_64_v4 %t/all.o | tail -n +7 | grep -v "rip\|<rms\|nop" > %t/all-v4
// RUN: diff %t/v4 %t/all-v4
// RUN: grep -c zmm %t/all-v4

// NAMES: rms_stage0_x86_64_v2
// NAMES-NEXT: rms_stage0_x86_64_v3
// NAMES-NEXT: rms_stage0_x86_64_v4
// NAMES-NOT: {{.}}

// X86-LABEL: rms_stage0_x86_64_v4:
// X86: vfmadd{{.*}}%zmm
// X86-LABEL: rms_stage0_x86_64_v3:
// X86-NOT: {{%zmm|%k1}}
// X86: vfmadd{{.*}}%ymm
// X86-LABEL: rms_stage0_x86_64_v2:
// X86-NOT: {{%ymm|vmulps}}
// X86: mulps {{.*}}%xmm
// X86: .size

// ARM-LABEL: rms_stage0_neoverse_v1:
// ARM: fmla z{{[0-9]+}}.s
// ARM-LABEL: rms_stage0_aarch64:
// ARM-NOT: {{[[:space:]]}}z{{[0-9]+}}
// ARM: fmla v{{[0-9]+}}.4s
// ARM: .size

// LLVM: define i32 @rms_stage0_x86_64_v3({{.*}}) #[[V3:[0-9]+]]
// LLVM: define i32 @rms_stage0_x86_64_v2({{.*}}) #[[V2:[0-9]+]]
// LLVM-DAG: attributes #[[V2]] = {{.*}}"target-cpu"="x86-64-v2"
// LLVM-DAG: attributes #[[V3]] = {{.*}}"target-cpu"="x86-64-v3"
func.func @rms(%x: tensor<?x4095xf32> {norm.name = "x"}) -> (tensor<?x4095xf32> {norm.name = "y"}) {
  %y = norm.normalize rms %x over [1] epsilon 1.0e-6 : (tensor<?x4095xf32>) -> tensor<?x4095xf32>
  return %y : tensor<?x4095xf32>
}
