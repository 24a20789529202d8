// RUN: split-file %s %t
// RUN: normc compile %t/e4m3.mlir --emit=asm --target=x86-64-v2 | FileCheck %s --check-prefixes=CHECK,V2
// RUN: normc compile %t/e4m3.mlir --emit=asm --target=x86-64-v3 | FileCheck %s --check-prefixes=CHECK,V3
// RUN: normc compile %t/e4m3.mlir --emit=asm --target=x86-64-v4 | FileCheck %s --check-prefixes=CHECK,V4
// RUN: normc compile %t/e4m3.mlir --emit=asm --target=aarch64 | FileCheck %s --check-prefixes=CHECK,ARM
// RUN: normc compile %t/i8.mlir --emit=asm --target=x86-64-v2 | FileCheck %s --check-prefixes=CHECK,I8-V2
// RUN: normc compile %t/i8.mlir --emit=asm --target=x86-64-v3 | FileCheck %s --check-prefixes=CHECK,I8-V3
// RUN: normc compile %t/i8.mlir --emit=asm --target=x86-64-v4 | FileCheck %s --check-prefixes=CHECK,I8-V4
// RUN: normc compile %t/i8.mlir --emit=asm --target=aarch64 | FileCheck %s --check-prefixes=CHECK,I8-ARM
// RUN: sed -e 's/<?x/<8192x/g; s/i = ?/i = 8192/' %t/i8.mlir > %t/large.mlir
// RUN: normc compile %t/large.mlir --emit=asm --target=x86-64-v4 | FileCheck %s --check-prefixes=CHECK,LARGE
// RUN: normc compile %t/input.mlir --emit=asm --target=x86-64-v2 | FileCheck %s --check-prefixes=CHECK,IN-V2
// RUN: normc compile %t/input.mlir --emit=asm --target=x86-64-v4 | FileCheck %s --check-prefixes=CHECK,IN-V4

// Conversions to 8 bits in vectors of the target's width; what goes past the
// caches does so although it has a quarter of the size of what it is made of
// (LLVM forgets that where it merges a truncation with its store). No library
// call, and no scalar conversion.

// CHECK-LABEL: {{.*}}_stage0:
// CHECK-NOT: {{[[:space:]](call|bl)[[:space:]]|cvttss2si|roundss}}

// V2: psrld $20, %xmm
// V2: movntiq
// V3: vpsrld $20, %ymm
// V3: vmovntdq %xmm
// V4: vpsrld $20, %zmm
// V4: vpmovdb %zmm{{[0-9]+}}, %xmm
// V4: vmovntdq %ymm
// ARM: usra v{{[0-9]+}}.4s, v{{[0-9]+}}.4s, #20

// A rounded value is an integer by one addition, which leaves it in the low bits.
// I8-V2-NOT: cvttps2dq
// I8-V2: minps
// I8-V2: addps %xmm
// I8-V2: packssdw %xmm
// I8-V3-NOT: vcvttps2dq
// I8-V3: vminps
// I8-V3: vaddps %ymm
// I8-V3: vmovntdq %xmm
// I8-V4-NOT: vcvttps2dq
// I8-V4: vminps
// I8-V4: vaddps %zmm
// I8-V4: vpmovdb %zmm{{[0-9]+}}, %xmm
// I8-V4: vmovntdq %ymm
// I8-ARM-NOT: fcvtzs
// I8-ARM: fadd v{{[0-9]+}}.4s
// I8-ARM: xtn

// No choice between two stores is left where the size is known.
// LARGE-NOT: vpmovdb {{.*}}(
// LARGE: vmovntdq %ymm

// IN-V2: pslld $21, %xmm
// IN-V4: vcvtph2ps %ymm{{[0-9]+}}, %zmm
// CHECK-NOT: {{[[:space:]](call|bl)[[:space:]]|cvttss2si|roundss}}
// CHECK: .size

//--- e4m3.mlir
func.func @to_e4m3(%x: tensor<?x4096xf32> {norm.name = "x"}) -> (tensor<?x4096xf8E4M3FN> {norm.name = "y"}) {
  %y = norm.kernel dims(i = ?, j = 4096) ins(%e = %x by [[i], [j]] : tensor<?x4096xf32>)
      outs(by [[i], [j]] : tensor<?x4096xf8E4M3FN>) {
    %least = arith.constant -448.0 : f32
    %most = arith.constant 448.0 : f32
    %b = arith.maximumf %e, %least : f32
    %c = arith.minimumf %b, %most : f32
    %q = arith.truncf %c : f32 to f8E4M3FN
    norm.yield %q : f8E4M3FN
  }
  return %y : tensor<?x4096xf8E4M3FN>
}

//--- i8.mlir
func.func @to_i8(%x: tensor<?x4096xf32> {norm.name = "x"}) -> (tensor<?x4096xi8> {norm.name = "y"}) {
  %y = norm.kernel dims(i = ?, j = 4096) ins(%e = %x by [[i], [j]] : tensor<?x4096xf32>)
      outs(by [[i], [j]] : tensor<?x4096xi8>) {
    %least = arith.constant -127.0 : f32
    %most = arith.constant 127.0 : f32
    %zero = arith.constant 0.0 : f32
    %nan = arith.cmpf uno, %e, %e : f32
    %a = arith.select %nan, %zero, %e : f32
    %b = arith.maximumf %a, %least : f32
    %c = arith.minimumf %b, %most : f32
    %r = math.roundeven %c : f32
    %q = arith.fptosi %r : f32 to i8
    norm.yield %q : i8
  }
  return %y : tensor<?x4096xi8>
}

//--- input.mlir
func.func @from_e5m2(%x: tensor<?x4096xf8E5M2> {norm.name = "x"}) -> (tensor<?x4096xf32> {norm.name = "y"}) {
  %y = arith.extf %x : tensor<?x4096xf8E5M2> to tensor<?x4096xf32>
  return %y : tensor<?x4096xf32>
}
