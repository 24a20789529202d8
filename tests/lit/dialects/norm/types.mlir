// RUN: norm-opt %s -split-input-file | norm-opt -split-input-file | FileCheck %s
// RUN: norm-opt %s -split-input-file -verify-diagnostics

// CHECK-LABEL: func.func private @views(
// CHECK-SAME: !norm.view<f32>, !norm.view<?x4096xbf16>, !norm.view<?x4096xbf16, strides [?, 1]>,
// CHECK-SAME: !norm.view<2x3xi8, strides [-3, 0]>, !norm.view<0x?xi16>)
func.func private @views(!norm.view<f32>, !norm.view<?x4096xbf16>,
                         !norm.view<?x4096xbf16, strides [?, 1]>,
                         !norm.view<2x3xi8, strides [-3, 0]>,
                         !norm.view<0x?xi16>)

// CHECK-LABEL: func.func private @attributes
// CHECK-SAME: a = #norm<dims[g, c]>, b = #norm<map{{\[\[}}n], [g, c], []]>, c = #norm<space(i = ?, j = 4096)>
// CHECK-SAME: d = #norm<dims[]>, e = #norm<map[]>, f = #norm<space()>
func.func private @attributes() attributes {
  a = #norm<dims[g, c]>, b = #norm<map[[n], [g, c], []]>,
  c = #norm<space(i = ?, j = 4096)>, d = #norm<dims[]>, e = #norm<map[]>,
  f = #norm<space()>}
