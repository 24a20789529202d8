// RUN: norm-opt %s --norm-split-reductions -split-input-file | FileCheck %s

// BatchNorm: tiles of 14 of 56 lines of an image, 196 KB, by distances to the mean of
// the first 16 points, and where that is far off, once more by distances to the
// tile's mean. All tiles are merged in one step; the last kernel is elementwise.
// CHECK-LABEL: func.func @batch_norm
// CHECK: %[[T:.*]]:3 = norm.kernel dims(n = 8, w = 56, c = 64, ho = 4, hi = 14)
// CHECK-NEXT: ins(%[[X:.*]] = %arg0 by {{\[\[}}n], [ho, hi], [w], [c]]
// CHECK-NEXT: outs(by {{\[\[}}n], [ho], [c]] : tensor<8x4x64xf32>
// CHECK-DAG: %[[W:.*]] = norm.index w
// CHECK-DAG: %[[MOST:.*]] = arith.constant 16 : index
// CHECK-DAG: %[[INW:.*]] = arith.cmpi ult, %[[W]], %[[MOST]] : index
// CHECK-DAG: %[[H:.*]] = norm.index hi
// CHECK-DAG: %[[ONE:.*]] = arith.constant 1 : index
// CHECK-DAG: %[[INH:.*]] = arith.cmpi ult, %[[H]], %[[ONE]] : index
// CHECK: %[[FIRST:.*]] = arith.andi %[[INW]], %[[INH]] : i1
// CHECK: %[[SUM:.*]] = norm.reduce add %[[X]] over [w, hi] where %[[FIRST]] : f32
// CHECK: %[[PIVOT:.*]] = arith.mulf %[[SUM]], %{{.*}} : f32
// CHECK: %[[WIDE:.*]] = arith.extf %[[X]] : f32 to f64
// CHECK: %[[MEAN:.*]] = norm.reduce mean %[[WIDE]] over [w, hi] : f64
// CHECK: %[[D:.*]] = arith.subf %[[X]], %[[PIVOT]] : f32
// CHECK: %[[DD:.*]] = arith.mulf %[[D]], %[[D]] : f32
// CHECK: norm.reduce mean %[[DD]] over [w, hi] : f32
// CHECK: %[[HIGH:.*]] = arith.truncf %[[MEAN]] : f64 to f32
// CHECK: %[[FAR:.*]] = arith.cmpf ugt, %[[AWAY:.*]], %{{.*}} : f64
// CHECK: %[[C:.*]] = arith.subf %[[X]], %[[HIGH]] : f32
// CHECK: %[[CC:.*]] = arith.mulf %[[C]], %[[C]] : f32
// CHECK: norm.reduce add %[[CC]] over [w, hi] where %[[FAR]] : f32
// CHECK: arith.select %[[FAR]]
// CHECK: %[[N:.*]]:3 = norm.kernel dims(n = 8, c = 64, ho = 4)
// CHECK-NEXT: ins(%{{.*}} = %[[T]]#0 by
// CHECK-NEXT: outs(by {{\[\[}}c]] : tensor<64xf32>
// CHECK: norm.reduce mean %{{.*}} over [ho, n] : f64
// CHECK: norm.reduce mean %{{.*}} over [ho, n] : f32
// CHECK: %[[U:.*]]:3 = norm.kernel dims(c = 64)
// CHECK-NEXT: ins(%{{.*}} = %[[N]]#0 by
// CHECK: math.rsqrt
// CHECK: %[[Y:.*]] = norm.kernel dims(n = 8, h = 56, w = 56, c = 64)
// CHECK-SAME: {{$}}
// CHECK-NEXT: ins(%{{.*}} = %arg0 by {{.*}}, %{{.*}} = %[[U]]#{{.}} by {{\[\[}}c]]
// CHECK-NOT: norm.reduce
// CHECK: return %[[Y]], %[[U]]#2
func.func @batch_norm(%x: tensor<8x56x56x64xf32>) -> (tensor<8x56x56x64xf32>, tensor<64xf32>) {
  %y:2 = norm.kernel dims(n = 8, h = 56, w = 56, c = 64)
      ins(%xe = %x by [[n], [h], [w], [c]] : tensor<8x56x56x64xf32>)
      outs(by [[n], [h], [w], [c]] : tensor<8x56x56x64xf32>, by [[c]] : tensor<64xf32>) {
    %count, %mean, %delta, %m2 = norm.moments %xe over [n, h, w] : f32
    %var = arith.divf %m2, %count : f32
    %r = math.rsqrt %var : f32
    %d = arith.subf %xe, %mean : f32
    %o = arith.mulf %d, %r : f32
    norm.yield %o, %var : f32, f32
  }
  return %y#0, %y#1 : tensor<8x56x56x64xf32>, tensor<64xf32>
}

// -----

// GroupNorm: channels are one dim but where groups are made of them; the
// elementwise kernel reads a group's values for each of its channels.
// CHECK-LABEL: func.func @group_norm
// CHECK: norm.kernel dims(n = 2, s = ?, g = 320)
// CHECK-NEXT: ins(%{{.*}} = %arg0 by {{\[\[}}n], [s], [g]] : tensor<2x?x320xf32>)
// CHECK-NEXT: outs(by {{\[\[}}n], [g]] : tensor<2x320xf32>
// CHECK: norm.reduce mean %{{.*}} over [s] : f64
// CHECK: norm.kernel dims(n = 2, g = 32, c = 10)
// CHECK-NEXT: ins(%{{.*}} by {{\[\[}}n], [g, c]] : tensor<2x320xf32>
// CHECK-NEXT: outs(by {{\[\[}}n], [g]] : tensor<2x32xf32>
// CHECK: norm.reduce mean %{{.*}} over [c] : f64
// CHECK: norm.kernel
// CHECK: outs(by {{\[\[}}n], [g, c]] : tensor<2x320xf32>
// CHECK: norm.extent s
// CHECK: norm.kernel dims(n = 2, s = ?, g = 320)
// CHECK-NOT: norm.reduce
// CHECK: return
func.func @group_norm(%x: tensor<2x?x320xf32>) -> tensor<2x?x320xf32> {
  %y = norm.kernel dims(n = 2, s = ?, g = 32, c = 10)
      ins(%xe = %x by [[n], [s], [g, c]] : tensor<2x?x320xf32>)
      outs(by [[n], [s], [g, c]] : tensor<2x?x320xf32>) {
    %count, %mean, %delta, %m2 = norm.moments %xe over [s, c] : f32
    %var = arith.divf %m2, %count : f32
    %r = math.rsqrt %var : f32
    %d = arith.subf %xe, %mean : f32
    %o = arith.mulf %d, %r : f32
    norm.yield %o : f32
  }
  return %y : tensor<2x?x320xf32>
}

// -----

// Tiles have about 160 KB: of 1024 channels two lines of 14 points; of 2048 all 49,
// of which 4 by 2 make the pivot. A prime number of points can't be cut.
// CHECK-LABEL: func.func @tiles
// CHECK: norm.kernel dims(n = 8, w = 14, c = 1024, ho = 7, hi = 2)
// CHECK: norm.kernel dims(n = 8, h = 7, w = 7, c = 2048)
// CHECK: arith.constant 4 : index
// CHECK: arith.constant 2 : index
// CHECK: norm.reduce add %{{.*}} over [w, h] where
// CHECK: norm.kernel dims(s = 10007, c = 1280)
// CHECK: norm.reduce add %{{.*}} over [s] where
// CHECK: return
func.func @tiles(%a: tensor<8x14x14x1024xf32>, %b: tensor<8x7x7x2048xf32>, %p: tensor<10007x1280xf32>)
    -> (tensor<8x1024xf32>, tensor<8x2048xf32>, tensor<1280xf32>) {
  %x = norm.kernel dims(n = 8, h = 14, w = 14, c = 1024) ins(%e = %a by [[n], [h], [w], [c]] : tensor<8x14x14x1024xf32>)
      outs(by [[n], [c]] : tensor<8x1024xf32>) {
    %n, %mean, %delta, %m2 = norm.moments %e over [h, w] : f32
    norm.yield %mean : f32
  }
  %y = norm.kernel dims(n = 8, h = 7, w = 7, c = 2048) ins(%e = %b by [[n], [h], [w], [c]] : tensor<8x7x7x2048xf32>)
      outs(by [[n], [c]] : tensor<8x2048xf32>) {
    %n, %mean, %delta, %m2 = norm.moments %e over [h, w] : f32
    norm.yield %mean : f32
  }
  %z = norm.kernel dims(s = 10007, c = 1280) ins(%e = %p by [[s], [c]] : tensor<10007x1280xf32>)
      outs(by [[c]] : tensor<1280xf32>) {
    %n, %mean, %delta, %m2 = norm.moments %e over [s] : f32
    norm.yield %mean : f32
  }
  return %x, %y, %z : tensor<8x1024xf32>, tensor<8x2048xf32>, tensor<1280xf32>
}

// -----

// Planes of 7x7: 32 channels of 32 samples are 196 KB, and 6272 bytes of a sample,
// whole cache lines. All that is done to them comes first: the kernels name the
// dim that counts blocks before the samples. One kernel takes the moments.
// CHECK-LABEL: func.func @channel_blocks
// CHECK: %[[M:.*]]:3 = norm.kernel dims(co = 64, n = 32, ci = 32, s = 49)
// CHECK-NEXT: ins(%[[X:.*]] = %arg0 by {{\[\[}}n], [co, ci], [s]]
// CHECK-NEXT: outs(by {{\[\[}}co], [ci]] : tensor<64x32xf32>
// CHECK: norm.moments %[[X]] over [n, s]
// CHECK: %[[U:.*]]:3 = norm.kernel dims(co = 64, ci = 32)
// CHECK: math.rsqrt
// CHECK: norm.kernel dims(co = 64, n = 32, ci = 32, s = 49)
// CHECK: outs(by {{\[\[}}n], [co, ci], [s]]
// CHECK-NOT: norm.moments
// CHECK: return
func.func @channel_blocks(%x: tensor<32x2048x49xf32>) -> (tensor<32x2048x49xf32>, tensor<2048xf32>) {
  %y:2 = norm.kernel dims(n = 32, c = 2048, s = 49)
      ins(%xe = %x by [[n], [c], [s]] : tensor<32x2048x49xf32>)
      outs(by [[n], [c], [s]] : tensor<32x2048x49xf32>, by [[c]] : tensor<2048xf32>) {
    %count, %mean, %delta, %m2 = norm.moments %xe over [n, s] : f32
    %var = arith.divf %m2, %count : f32
    %r = math.rsqrt %var : f32
    %d = arith.subf %xe, %mean : f32
    %o = arith.mulf %d, %r : f32
    norm.yield %o, %var : f32, f32
  }
  return %y#0, %y#1 : tensor<32x2048x49xf32>, tensor<2048xf32>
}

// -----

// No blocks: 127 channels have no divisor; 4096 samples leave room for one plane
// of each only; what a channel's number is part of can't be told by parts; and 400
// KB stay in the cache, in one kernel with planes of 28x28; of planes of 32x32 of
// 64 samples there is room for one, which is no block.
// CHECK-LABEL: func.func @no_blocks
// CHECK-NOT: co =
// CHECK: norm.kernel dims(n = 2, c = 64, s = 784)
// CHECK-NEXT: ins
// CHECK-NEXT: outs
// CHECK-NEXT: norm.moments
// CHECK-NOT: co =
// CHECK: norm.kernel dims(n = 64, c = 64, s = 1024)
// CHECK-NEXT: ins
// CHECK-NEXT: outs
// CHECK-NEXT: norm.moments
// CHECK-NOT: co =
// CHECK: return
func.func @no_blocks(%p: tensor<64x127x49xf32>, %m: tensor<4096x16x49xf32>, %i: tensor<32x2048x49xf32>, %l: tensor<2x64x784xf32>,
                     %o: tensor<64x64x1024xf32>)
    -> (tensor<127xf32>, tensor<16xf32>, tensor<2048xf32>, tensor<64xf32>, tensor<64xf32>) {
  %a = norm.kernel dims(n = 64, c = 127, s = 49) ins(%e = %p by [[n], [c], [s]] : tensor<64x127x49xf32>)
      outs(by [[c]] : tensor<127xf32>) {
    %n, %mean, %delta, %m2 = norm.moments %e over [n, s] : f32
    norm.yield %mean : f32
  }
  %b = norm.kernel dims(n = 4096, c = 16, s = 49) ins(%e = %m by [[n], [c], [s]] : tensor<4096x16x49xf32>)
      outs(by [[c]] : tensor<16xf32>) {
    %n, %mean, %delta, %m2 = norm.moments %e over [n, s] : f32
    norm.yield %mean : f32
  }
  %d = norm.kernel dims(n = 32, c = 2048, s = 49) ins(%e = %i by [[n], [c], [s]] : tensor<32x2048x49xf32>)
      outs(by [[c]] : tensor<2048xf32>) {
    %n, %mean, %delta, %m2 = norm.moments %e over [n, s] : f32
    %at = norm.index c
    %bits = arith.index_cast %at : index to i32
    %number = arith.sitofp %bits : i32 to f32
    %sum = arith.addf %mean, %number : f32
    norm.yield %sum : f32
  }
  %w = norm.kernel dims(n = 2, c = 64, s = 784) ins(%e = %l by [[n], [c], [s]] : tensor<2x64x784xf32>)
      outs(by [[c]] : tensor<64xf32>) {
    %n, %mean, %delta, %m2 = norm.moments %e over [n, s] : f32
    norm.yield %mean : f32
  }
  %v = norm.kernel dims(n = 64, c = 64, s = 1024) ins(%e = %o by [[n], [c], [s]] : tensor<64x64x1024xf32>)
      outs(by [[c]] : tensor<64xf32>) {
    %n, %mean, %delta, %m2 = norm.moments %e over [n, s] : f32
    norm.yield %mean : f32
  }
  return %a, %b, %d, %w, %v : tensor<127xf32>, tensor<16xf32>, tensor<2048xf32>, tensor<64xf32>, tensor<64xf32>
}

// -----

// Rows, channels first, and little data stay as they are.
// CHECK-LABEL: func.func @others
// CHECK-COUNT-3: norm.moments
// CHECK-NOT: norm.reduce
// CHECK: return
func.func @others(%x: tensor<?x4096xf32>, %p: tensor<8x64x3136xf32>, %s: tensor<8x64x16xf32>)
    -> (tensor<?xf32>, tensor<64xf32>, tensor<8x16xf32>) {
  %a = norm.kernel dims(i = ?, j = 4096) ins(%e = %x by [[i], [j]] : tensor<?x4096xf32>)
      outs(by [[i]] : tensor<?xf32>) {
    %n, %mean, %delta, %m2 = norm.moments %e over [j] : f32
    norm.yield %mean : f32
  }
  %b = norm.kernel dims(n = 8, c = 64, s = 3136) ins(%e = %p by [[n], [c], [s]] : tensor<8x64x3136xf32>)
      outs(by [[c]] : tensor<64xf32>) {
    %n, %mean, %delta, %m2 = norm.moments %e over [n, s] : f32
    norm.yield %mean : f32
  }
  %c = norm.kernel dims(n = 8, s = 64, c = 16) ins(%e = %s by [[n], [s], [c]] : tensor<8x64x16xf32>)
      outs(by [[n], [c]] : tensor<8x16xf32>) {
    %n, %mean, %delta, %m2 = norm.moments %e over [s] : f32
    norm.yield %mean : f32
  }
  return %a, %b, %c : tensor<?xf32>, tensor<64xf32>, tensor<8x16xf32>
}

// -----

// A group of 49 rows of 64 channels stays in the cache: 32 of them are one or two
// whole lines. With 60 channels a line belongs to two groups; and 1100 rows of 64
// are more than 256 KB.
// CHECK-LABEL: func.func @whole_lines
// CHECK: norm.kernel
// CHECK: norm.moments %{{.*}} over [s, c]
// CHECK-NOT: norm.moments
// CHECK: return
func.func @whole_lines(%x: tensor<?x49x2048xf32>, %z: tensor<?x49x1920xf32>, %l: tensor<?x1100x2048xf32>)
    -> (tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>) {
  %a = norm.kernel dims(n = ?, s = 49, g = 32, c = 64) ins(%e = %x by [[n], [s], [g, c]] : tensor<?x49x2048xf32>)
      outs(by [[n], [g]] : tensor<?x32xf32>) {
    %n, %mean, %delta, %m2 = norm.moments %e over [s, c] : f32
    norm.yield %mean : f32
  }
  %b = norm.kernel dims(n = ?, s = 49, g = 32, c = 60) ins(%e = %z by [[n], [s], [g, c]] : tensor<?x49x1920xf32>)
      outs(by [[n], [g]] : tensor<?x32xf32>) {
    %n, %mean, %delta, %m2 = norm.moments %e over [s, c] : f32
    norm.yield %mean : f32
  }
  %d = norm.kernel dims(n = ?, s = 1100, g = 32, c = 64) ins(%e = %l by [[n], [s], [g, c]] : tensor<?x1100x2048xf32>)
      outs(by [[n], [g]] : tensor<?x32xf32>) {
    %n, %mean, %delta, %m2 = norm.moments %e over [s, c] : f32
    norm.yield %mean : f32
  }
  return %a, %b, %d : tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>
}

// -----

// What is left of the kernel writes along i without reading along it: the operand
// that tells its extent stays.
// CHECK-LABEL: func.func @written_only
// CHECK: ins(%{{.*}} = %arg1 by {{\[\[}}c]] : tensor<2048xf32>, %{{.*}} = %arg0 by {{\[\[}}i], [c]] : tensor<?x2048xf32>)
// CHECK-NEXT: outs(by {{\[\[}}i], [c]] : tensor<?x2048xf32>)
func.func @written_only(%x: tensor<?x2048xf32>, %s: tensor<2048xf32>) -> (tensor<2048xf32>, tensor<?x2048xf32>) {
  %v, %y = norm.kernel dims(i = ?, c = 2048)
      ins(%xe = %x by [[i], [c]] : tensor<?x2048xf32>, %se = %s by [[c]] : tensor<2048xf32>)
      outs(by [[c]] : tensor<2048xf32>, by [[i], [c]] : tensor<?x2048xf32>) {
    %n, %mean, %delta, %m2 = norm.moments %xe over [i] : f32
    %var = arith.divf %m2, %n : f32
    norm.yield %var, %se : f32, f32
  }
  return %v, %y : tensor<2048xf32>, tensor<?x2048xf32>
}
