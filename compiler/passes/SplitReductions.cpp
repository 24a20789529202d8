//===- SplitReductions.cpp - norm-split-reductions ------------------------===//

#include "compiler/analysis/KernelStructure.h"
#include "compiler/passes/Passes.h"
#include "compiler/passes/norm/ChannelBlocks.h"
#include "compiler/passes/norm/KernelParts.h"
#include "compiler/passes/norm/TileStatistics.h"
#include "dialects/norm/Norm.h"
#include "dialects/norm/Spaces.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace normc {
#define GEN_PASS_DEF_NORMSPLITREDUCTIONS
#include "compiler/passes/Passes.h.inc"
} // namespace normc

using namespace mlir;
using namespace normc;
using namespace normc::norm;

namespace {

/// Moments of groups that all have as many points: the mean in two parts, and
/// the mean square of the distances to it. One tensor each, or one scalar.
struct Triple {
  Value mean, delta, variance;
};

/// Takes the moments of one kernel apart.
class Splitter {
public:
  Splitter(KernelOp kernel, int64_t minBytes)
      : kernel(kernel), minBytes(minBytes), spaces(kernel),
        b(kernel.getLoc(), kernel) {}

  /// False, and nothing changed, where the kernel is better left whole.
  bool run();

private:
  bool findMoments();
  bool findDims();
  void findRuns(ArrayRef<unsigned> order);
  int64_t countRun();
  bool staysInCache();
  bool isWorthIt();
  SmallVector<BlockArgument> readArguments();
  int64_t pointBytes();
  int64_t findBlock();
  void cutTile();
  void splitDim(StringAttr dim, int64_t inner);
  MapAttr withParts(MapAttr map) const;
  MapAttr tileMap() const;
  Value meanOfTile(Value value);
  std::optional<TilePrefix> findPrefix() const;
  Triple buildTriple(llvm::function_ref<SmallVector<Value>(Value point)> fill);
  Triple buildTiles();
  Triple buildGroups();
  Triple mergeTiles(const Triple &tiles, ArrayRef<StringAttr> over);
  Triple mergeAll(Triple tiles);
  void useMoments(const Triple &group);

  DimsAttr dimsOf(ArrayRef<StringAttr> names) const {
    return DimsAttr::get(kernel.getContext(), names);
  }

  mutable KernelOp kernel;
  int64_t minBytes;
  KernelSpaces spaces;
  ImplicitLocOpBuilder b;
  MomentsOp moments;
  DimExtents extents; ///< Of all dims, and of the parts of those that are cut.
  llvm::DenseMap<StringAttr, SmallVector<StringAttr>> parts;
  /// The dims of the innermost axis in memory; some are kept.
  SmallVector<StringAttr> channels;
  /// The other dims, from the outermost in memory, and which are reduced.
  SmallVector<StringAttr> rows;
  /// Dims of a tile, no longer among `rows`; the innermost first.
  SmallVector<StringAttr> tile;
  bool isInColumns = false; ///< Vectors run across tiles.
  bool isInBlocks = false;  ///< A block of channels stays in the cache.
};

} // namespace

/// The one collective that everything else waits for. Others may follow it
/// where it says so: they run hardly ever.
bool Splitter::findMoments() {
  for (Operation &op : *kernel.getBlock()) {
    if (!isCollective(&op))
      continue;
    auto found = dyn_cast<MomentsOp>(op);
    if (found && !found.getPredicate()) {
      if (moments || !found.getValue().getType().isF32())
        return false;
      moments = found;
      continue;
    }
    Value predicate =
        found ? found.getPredicate() : cast<ReduceOp>(op).getPredicate();
    if (!moments || !predicate ||
        !spaces.of(moments.getM2()).contains(spaces.of(predicate)))
      return false;
  }
  if (!moments)
    return false;
  return llvm::none_of(sliceOf(*kernel.getBlock(), moments.getValue()),
                       [](Operation *op) {
                         return isCollective(op) || isa<IndexOp, ExtentOp>(op);
                       });
}

/// Channels lie innermost, and vectors run along them; or runs of their points
/// are short.
bool Splitter::findDims() {
  SpaceAttr space = kernel.getDims();
  for (auto [name, extent] :
       llvm::zip_equal(space.getNames(), space.getExtents()))
    extents.insert({name, extent});
  KernelStructure structure(kernel);
  ArrayRef<unsigned> order = structure.memoryOrder();
  DimSet values = spaces.of(moments.getValue());
  if (order.empty() || int64_t(space.size()) != llvm::popcount(values.raw()))
    return false;
  StringAttr innermost = space.getNames()[order.back()];
  DimsAttr over = moments.getOver();
  auto isKept = [&](StringAttr name) {
    return !over.contains(name) && extents.lookup(name) != 1;
  };
  for (Attribute map : kernel.getInputMaps())
    for (DimsAttr axis : cast<MapAttr>(map).getAxes())
      if (channels.empty() && axis.contains(innermost))
        llvm::append_range(channels, axis.getNames());
  isInBlocks = structure.blockDim() >= 0;
  bool hasRows = llvm::none_of(channels, isKept);
  if (hasRows) {
    channels.clear();
    findRuns(order);
  }
  for (unsigned dim : order)
    if (StringAttr name = space.getNames()[dim];
        !llvm::is_contained(channels, name) && !llvm::is_contained(tile, name))
      rows.insert(int(dim) == structure.blockDim() ? rows.begin() : rows.end(),
                  name);
  return !channels.empty() && llvm::any_of(rows, [&](StringAttr name) {
    return over.contains(name);
  });
}

/// Where a channel's points lie innermost, but in runs so short and far apart
/// that memory is slow, a run is a tile, or channels make blocks.
void Splitter::findRuns(ArrayRef<unsigned> order) {
  constexpr int64_t mostBytes = 4 << 10;
  int64_t bytes = 4;
  for (unsigned dim : llvm::reverse(order)) {
    StringAttr name = kernel.getDims().getNames()[dim];
    int64_t extent = extents.lookup(name);
    if (!moments.getOver().contains(name) && extent != 1) {
      channels.push_back(name);
      return;
    }
    if (ShapedType::isDynamic(extent) || bytes * extent > mostBytes)
      return;
    bytes *= extent;
    tile.push_back(name);
  }
}

/// Points of what `findRuns` found.
int64_t Splitter::countRun() {
  int64_t run = 1;
  for (StringAttr dim : tile)
    run *= extents.lookup(dim);
  return run;
}

/// What of the kernel's arguments the moments depend on.
SmallVector<BlockArgument> Splitter::readArguments() {
  Value value = moments.getValue();
  llvm::SetVector<Operation *> slice = sliceOf(*kernel.getBlock(), value);
  SmallVector<BlockArgument> read;
  for (BlockArgument argument : kernel.getBlock()->getArguments())
    if (argument == value ||
        llvm::any_of(argument.getUsers(),
                     [&](Operation *user) { return slice.contains(user); }))
      read.push_back(argument);
  return read;
}

/// Bytes that are read for one point of the moments, where each has its own.
int64_t Splitter::pointBytes() {
  int64_t bytes = 0;
  for (BlockArgument argument : readArguments())
    if (kernel.getInputMap(argument.getArgNumber()).uses(channels.back()))
      bytes += llvm::divideCeil(argument.getType().getIntOrFloatBitWidth(), 8);
  return bytes;
}

/// Groups of whole cache lines, two at least in f32, which stay in the
/// second-level cache from the mean to the result. Then memory is read once,
/// and not twice: 1.1 to 2.5 times as fast. Shorter runs, or such as share
/// lines with their neighbours, take up to 1.5 times as long as tiles do, and
/// runs of 16-bit values whose rows are one or two vectors, three times.
bool Splitter::staysInCache() {
  constexpr int64_t wholeLines = 32, longRun = 128;
  int64_t run = 1, bytes = 4;
  for (StringAttr dim : moments.getOver().getNames()) {
    int64_t extent = extents.lookup(dim);
    if (ShapedType::isDynamic(extent) || extent >= minBytes)
      return false;
    bytes = std::min(minBytes, bytes * extent);
    if (llvm::is_contained(channels, dim))
      run *= extent;
  }
  bool isInnermost =
      !channels.empty() && moments.getOver().contains(channels.back());
  return isInnermost && run % wholeLines == 0 && bytes < minBytes &&
         (pointBytes() >= 4 || run >= longRun);
}

/// Small data stays in the second-level cache, whatever the order.
bool Splitter::isWorthIt() {
  if (staysInCache())
    return false;
  int64_t bytes = 4;
  for (auto [name, extent] : extents) {
    if (ShapedType::isDynamic(extent))
      return true;
    bytes = std::min(minBytes, bytes * std::min(minBytes, extent));
  }
  return bytes >= minBytes;
}

/// Channels of a block, or 0.
int64_t Splitter::findBlock() {
  auto ops = llvm::map_to_vector(*kernel.getBlock(),
                                 [](Operation &op) { return &op; });
  if (isInColumns || channels.size() != 1 ||
      namedDims(ops).contains(channels[0]))
    return 0;
  SmallVector<int64_t> samples;
  for (StringAttr dim : rows) {
    if (!moments.getOver().contains(dim))
      return 0;
    samples.push_back(extents.lookup(dim));
  }
  return findChannelBlock(extents.lookup(channels[0]), countRun(), samples,
                          pointBytes());
}

/// `dim` becomes blocks of `inner` points.
void Splitter::splitDim(StringAttr dim, int64_t inner) {
  auto part = [&](const char *suffix) {
    return b.getStringAttr(dim.getValue() + suffix);
  };
  StringAttr outer = part("o"), within = part("i");
  extents[outer] = extents.lookup(dim) / inner;
  extents[within] = inner;
  parts[dim] = {outer, within};
  *llvm::find(rows, dim) = outer;
  tile.push_back(within);
}

/// Innermost reduced dims, the last of which may be cut.
void Splitter::cutTile() {
  SmallVector<int64_t> across;
  for (StringAttr dim : channels)
    across.push_back(extents.lookup(dim));
  int64_t wanted = wantedTilePoints(pointBytes(), across), points = 1;
  DimsAttr over = moments.getOver();
  auto reduced = llvm::to_vector(llvm::make_filter_range(
      llvm::reverse(rows), [&](StringAttr dim) { return over.contains(dim); }));
  for (StringAttr dim : reduced) {
    int64_t extent = extents.lookup(dim);
    bool isDynamic = ShapedType::isDynamic(extent);
    int64_t part = isDynamic ? extent : nearestDivisor(extent, points, wanted);
    bool isBetterWithout = part == 1 && extent != 1;
    if (isBetterWithout && !tile.empty())
      return;
    if (part != extent && !isBetterWithout)
      return splitDim(dim, part);
    llvm::erase(rows, dim);
    tile.push_back(dim);
    points *= isDynamic ? wanted : extent;
    if (points >= wanted)
      return;
  }
}

MapAttr Splitter::withParts(MapAttr map) const {
  for (auto &[dim, both] : parts)
    map = replaceDim(map, dim, both);
  return map;
}

/// One axis per dim that is no channel's, then one for channels.
MapAttr Splitter::tileMap() const {
  SmallVector<DimsAttr> axes;
  for (StringAttr row : rows)
    axes.push_back(dimsOf(row));
  if (!channels.empty())
    axes.push_back(dimsOf(channels));
  return MapAttr::get(kernel.getContext(), axes);
}

/// The mean over a tile: a sum of f32 in f64 by their number, so that of equal
/// numbers it is that number, and their variance 0.
Value Splitter::meanOfTile(Value value) {
  return ReduceOp::create(b, value.getType(), ReduceKind::mean, value,
                          dimsOf(tile), Value());
}

/// The first points of a tile of known size in columns.
std::optional<TilePrefix> Splitter::findPrefix() const {
  SmallVector<std::pair<StringAttr, int64_t>> dims;
  for (StringAttr dim : tile)
    dims.emplace_back(dim, extents.lookup(dim));
  return isInColumns ? findTilePrefix(dims) : std::nullopt;
}

/// Three results of a kernel of its own, for each point of the tiles' map:
/// what `fill` makes of the value that moments are taken of.
Triple
Splitter::buildTriple(llvm::function_ref<SmallVector<Value>(Value)> fill) {
  Value value = moments.getValue();
  llvm::SetVector<Operation *> slice = sliceOf(*kernel.getBlock(), value);
  KernelInputs inputs;
  SmallVector<BlockArgument> read = readArguments();
  for (BlockArgument argument : read) {
    unsigned number = argument.getArgNumber();
    inputs.add(kernel.getOperand(number),
               withParts(kernel.getInputMap(number)));
  }
  auto fillBody = [&](ValueRange arguments) {
    IRMapping mapping;
    for (auto [from, to] : llvm::zip_equal(read, arguments))
      mapping.map(from, to);
    for (Operation *op : slice)
      b.clone(*op, mapping);
    return fill(mapping.lookup(value));
  };
  SmallVector<MapAttr> maps(3, tileMap());
  SmallVector<Type> types(3, b.getF32Type());
  KernelOp made = makeKernel(b, extents, inputs, maps, types, fillBody);
  mergeJoinedDims(made);
  return {made.getResult(0), made.getResult(1), made.getResult(2)};
}

/// The moments of every tile, one column of it after the other.
Triple Splitter::buildTiles() {
  bool isExact = showsMean(kernel, moments.getOver());
  return buildTriple([&](Value point) {
    if (std::optional<TilePrefix> prefix = findPrefix())
      return buildShiftedTileMoments(b, point, isExact, dimsOf(tile), *prefix);
    return buildTileMoments(b, point, isExact,
                            [&](Value of) { return meanOfTile(of); });
  });
}

/// Those of groups, at once.
Triple Splitter::buildGroups() {
  llvm::erase_if(
      rows, [&](StringAttr dim) { return moments.getOver().contains(dim); });
  return buildTriple([&](Value point) -> SmallVector<Value> {
    auto whole = MomentsOp::create(b, moments->getResultTypes(), point,
                                   moments.getOver(), Value());
    Value variance = arith::DivFOp::create(b, whole.getM2(), whole.getCount());
    return {whole.getMean(), whole.getDelta(), variance};
  });
}

/// The moments of tiles that are one but for `over` (Chan): means of means, and
/// of squares of what they are apart.
Triple Splitter::mergeTiles(const Triple &tiles, ArrayRef<StringAttr> over) {
  KernelInputs inputs;
  for (Value part : {tiles.mean, tiles.delta, tiles.variance})
    inputs.add(part, tileMap());
  auto fill = [&](ValueRange arguments) -> SmallVector<Value> {
    return buildMergedMoments(b, arguments, dimsOf(over));
  };
  for (StringAttr dim : over) {
    llvm::erase(rows, dim);
    llvm::erase(channels, dim);
  }
  SmallVector<MapAttr> maps(3, tileMap());
  SmallVector<Type> types(3, b.getF32Type());
  KernelOp merged = makeKernel(b, extents, inputs, maps, types, fill);
  mergeJoinedDims(merged);
  return {merged.getResult(0), merged.getResult(1), merged.getResult(2)};
}

/// From tiles to groups, in steps: columns of many tiles would be as slow as
/// columns of many rows.
Triple Splitter::mergeAll(Triple tiles) {
  DimsAttr over = moments.getOver();
  auto isReduced = [&](StringAttr dim) {
    return over.contains(dim) || !extents.contains(dim) ||
           !kernel.getDims().contains(dim);
  };
  constexpr int64_t enough = 32; // Tiles to a step.
  SmallVector<StringAttr> left, step;
  llvm::copy_if(rows, std::back_inserter(left), isReduced);
  int64_t points = 1;
  while (!left.empty()) {
    step.push_back(left.pop_back_val());
    int64_t extent = extents.lookup(step.back());
    points = ShapedType::isDynamic(extent) ? enough : points * extent;
    if (points < enough && !left.empty())
      continue;
    tiles = mergeTiles(tiles, step);
    step.clear();
    points = 1;
  }
  SmallVector<StringAttr> within;
  llvm::copy_if(channels, std::back_inserter(within), isReduced);
  return within.empty() ? tiles : mergeTiles(tiles, within);
}

/// The kernel reads the moments of its groups.
void Splitter::useMoments(const Triple &group) {
  b.setInsertionPoint(moments);
  auto argument = [&](Value tensor) -> Value {
    return addInput(kernel, tensor, tileMap());
  };
  Value mean = argument(group.mean), delta = argument(group.delta);
  Value variance = argument(group.variance);
  replaceMoments(b, moments, mean, delta, variance);
}

bool Splitter::run() {
  constexpr int64_t mostRun = 768; // Of a longer one memory is fast.
  if (!findMoments() || !findDims() || !isWorthIt())
    return false;
  isInColumns = tile.empty();
  isInBlocks &= !isInColumns;
  if (int64_t block = findBlock()) {
    cutChannelBlocks(kernel, channels[0], block);
    return Splitter(kernel, minBytes).run();
  }
  if (!isInColumns && !isInBlocks && countRun() > mostRun)
    return false;
  SmallVector<StringAttr> perChannel = channels;
  if (isInColumns)
    cutTile();
  Triple group = isInBlocks ? buildGroups() : mergeAll(buildTiles());
  useMoments(group);
  SmallVector<DimsAttr> axes;
  for (StringAttr row : rows)
    axes.push_back(dimsOf(row));
  axes.push_back(dimsOf(perChannel));
  b.setInsertionPoint(kernel);
  KernelOp last =
      cutElementwise(b, kernel, tileMap(),
                     MapAttr::get(kernel.getContext(), axes), /*count=*/3);
  if (last)
    mergeJoinedDims(last);
  return true;
}

namespace {
struct NormSplitReductions
    : normc::impl::NormSplitReductionsBase<NormSplitReductions> {
  using NormSplitReductionsBase::NormSplitReductionsBase;

  void runOnOperation() override {
    SmallVector<KernelOp> kernels(getOperation().getBody().getOps<KernelOp>());
    for (KernelOp kernel : kernels)
      if (!kernel.getSchedule() && Splitter(kernel, minBytes).run())
        ++numSplit;
  }
};
} // namespace
