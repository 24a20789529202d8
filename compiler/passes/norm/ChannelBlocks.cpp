//===- ChannelBlocks.cpp - channels that go through a norm together -------===//

#include "compiler/passes/norm/ChannelBlocks.h"

#include "compiler/passes/norm/KernelParts.h"

#include <algorithm>

using namespace mlir;
using namespace normc;
using namespace normc::norm;

int64_t normc::findChannelBlock(int64_t channels, int64_t run,
                                ArrayRef<int64_t> samples, int64_t pointBytes) {
  constexpr int64_t mostBytes = 256 << 10, leastPoints = 1024, line = 64;
  int64_t runBytes = run * pointBytes, bytes = runBytes;
  for (int64_t extent : samples) {
    if (ShapedType::isDynamic(extent))
      return 0;
    bytes = std::min(mostBytes + 1, bytes * std::min(mostBytes, extent));
  }
  if (ShapedType::isDynamic(channels) || bytes == 0 ||
      channels < 2 * mostBytes / bytes)
    return 0;
  for (int64_t size = std::min(channels, mostBytes / bytes);
       size > 1 && size * run >= leastPoints; --size)
    if (channels % size == 0 && size * runBytes % line == 0)
      return size;
  return 0;
}

void normc::cutChannelBlocks(KernelOp kernel, StringAttr channel,
                             int64_t size) {
  SpaceAttr whole = kernel.getDims();
  auto part = [&](const char *suffix) {
    return StringAttr::get(kernel.getContext(), channel.getValue() + suffix);
  };
  StringAttr outer = part("o"), inner = part("i");
  DimExtents extents;
  extents[outer] = whole.getExtents()[whole.indexOf(channel)] / size;
  extents[inner] = size;
  splitDim(kernel, channel, outer, inner, extents);
  SmallVector<StringAttr> names{outer};
  SmallVector<int64_t> sizes{extents.lookup(outer)};
  for (auto [name, extent] : llvm::zip_equal(kernel.getDims().getNames(),
                                             kernel.getDims().getExtents()))
    if (name != outer) {
      names.push_back(name);
      sizes.push_back(extent);
    }
  kernel.setDimsAttr(SpaceAttr::get(kernel.getContext(), names, sizes));
}
