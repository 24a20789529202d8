//===- Schedule.cpp - the choice of a stage's schedule --------------------===//

#include "compiler/schedule/Chooser.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

/// Every dim of the kernel that some loop of the stage visits.
DimSet Chooser::visitedDims() const {
  DimSet dims = stage.parallel;
  for (unsigned c : llvm::concat<const unsigned>(stage.complete, stage.partial))
    dims |= structure.collectives()[c].loop;
  for (unsigned o : stage.outputs)
    dims |= structure.outputs()[o].dims;
  return dims;
}

void Chooser::chooseLanes() {
  DimSet visited = visitedDims();
  for (unsigned dim : llvm::reverse(structure.memoryOrder())) {
    if (!visited.contains(dim))
      continue;
    if (lane < 0)
      lane = int(dim);
    if (extent(int(dim)) == 1)
      continue;
    lane = int(dim);
    break;
  }
  if (lane >= 0)
    because("lanes", "the innermost dim in memory that this stage visits");
}

/// Of a stage without collectives, the dim around the lanes' in memory, if some
/// operand has a vector for all of its points; else -1.
int Chooser::sharingDim() const {
  if (machine.kind == TargetKind::gpu || stage.hasCollectives() || lane < 0)
    return -1;
  int around = -1;
  for (unsigned dim : structure.memoryOrder()) {
    if (int(dim) == lane)
      break;
    if (stage.parallel.contains(dim) && extent(int(dim)) != 1)
      around = int(dim);
  }
  if (around < 0)
    return -1;
  ArrayRef<StringAttr> names = structure.space().getNames();
  KernelOp kernel = structure.kernel();
  bool isShared = llvm::any_of(kernel.getInputMaps(), [&](Attribute map) {
    return cast<MapAttr>(map).uses(names[lane]) &&
           !cast<MapAttr>(map).uses(names[around]);
  });
  return isShared ? around : -1;
}

/// Points of `dims` as far as their number is known.
int64_t Chooser::countPoints(DimSet dims) const {
  int64_t points = 1;
  for (unsigned dim = 0; dim < structure.space().size(); ++dim)
    if (int64_t size = extent(int(dim));
        dims.contains(dim) && !ShapedType::isDynamic(size))
      points = std::min(INT64_MAX / std::max<int64_t>(size, 1), points) * size;
  return points;
}

/// Without collectives every dim may be parallel; but an instance should be a
/// row, since where it lies costs divisions to find out; or some rows, which
/// share what all of them need.
DimSet Chooser::chooseParallel() {
  DimSet dims = stage.parallel;
  if (machine.kind == TargetKind::gpu || stage.hasCollectives() || lane < 0)
    return dims;
  constexpr int64_t enough = 1024; // Elements of a row.
  constexpr int64_t manyRows = 32; // Work for many threads.
  int64_t points = 1;
  int sharing = sharingDim();
  for (unsigned dim : llvm::reverse(structure.memoryOrder())) {
    if (!dims.contains(dim) || int(dim) == structure.blockDim())
      continue;
    bool isLast = (dims - DimSet::one(dim)).empty();
    bool isEnough =
        points >= enough &&
        (sharing < 0 || (!dims.contains(unsigned(sharing)) &&
                         countPoints(dims - DimSet::one(dim)) < manyRows));
    if (isEnough || isLast)
      break;
    dims = dims - DimSet::one(dim);
    int64_t size = extent(int(dim));
    points *= ShapedType::isDynamic(size) ? enough : std::max<int64_t>(size, 1);
  }
  because("parallel", "an instance is a row of about a thousand elements or "
                      "more");
  return dims;
}

/// The types of the results that the stage writes along the lanes.
SmallVector<Type> Chooser::writtenAlongLanes() const {
  KernelOp kernel = structure.kernel();
  SmallVector<Type> types;
  for (unsigned output : stage.outputs)
    if (lane >= 0 &&
        kernel.getOutputMap(output).uses(structure.space().getNames()[lane]))
      types.push_back(getElementTypeOrSelf(kernel.getResult(output).getType()));
  return types;
}

/// True where instances are columns, and all that is left of one is a value.
bool Chooser::reducesColumns() const {
  return lane >= 0 && parallel.contains(unsigned(lane)) &&
         stage.hasCollectives() &&
         llvm::all_of(stage.outputs, [&](unsigned output) {
           return parallel.contains(structure.outputs()[output].dims);
         });
}

/// Whether what the stage writes along the lanes, or reads where it writes
/// nothing along them or one value a column, has 16 bits an element, or 8: a
/// whole vector of 16 bits is two of what is computed. (One of 8 bits would be
/// four, and their bodies would take more registers than there are.)
bool Chooser::movesHalves() const {
  if (stage.outputs.empty() || isDouble() || lane < 0)
    return false;
  StringAttr name = structure.space().getNames()[lane];
  KernelOp kernel = structure.kernel();
  SmallVector<Type> moved;
  if (!reducesColumns())
    moved = writtenAlongLanes();
  if (moved.empty())
    for (auto [input, map] :
         llvm::zip_equal(kernel->getOperands(), kernel.getInputMaps()))
      if (cast<MapAttr>(map).uses(name))
        moved.push_back(input.getType());
  auto bitsOf = [](Type type) {
    return getElementTypeOrSelf(type).getIntOrFloatBitWidth();
  };
  // The long body of a quantized norm, with f32 operands of two registers each,
  // has some of its values in memory: with one each it takes 0.86 to 0.88 of
  // the time. From bf16, which is widened by pairs, it takes 1.02 to 1.2 times.
  auto isWide = [&](auto pair) {
    auto [operand, map] = pair;
    return cast<MapAttr>(map).uses(name) && bitsOf(operand.getType()) >= 32;
  };
  if (stage.hasCollectives() &&
      llvm::all_of(moved, [&](Type type) { return bitsOf(type) == 8; }) &&
      llvm::any_of(
          llvm::zip_equal(kernel->getOperands(), kernel.getInputMaps()),
          isWide))
    return false;
  return !moved.empty() &&
         llvm::all_of(moved, [&](Type type) { return bitsOf(type) <= 16; });
}

/// Whether there are random numbers: four lanes share a block, whose words have
/// 64 bits while they are made, and each round waits for the one before it. So
/// many blocks at a time as fill a register: 1.5 times as fast as half as many.
bool Chooser::drawsNumbers() const {
  return !isDouble() && lane >= 0 &&
         !structure.kernel().getBlock()->getOps<PhiloxOp>().empty();
}

/// Points that lie one after the other in every operand which has the lane dim,
/// and which one loop visits; of dynamic extent, if any of their dims is.
Chooser::Run Chooser::findRun() const {
  Run run{extent(lane), lane < 0 ? DimSet() : DimSet::one(unsigned(lane))};
  run.points = run.length;
  if (lane < 0 || parallel.contains(unsigned(lane)))
    return run;
  KernelOp kernel = structure.kernel();
  ArrayRef<StringAttr> names = structure.space().getNames();
  for (Value operand : kernel->getOperands())
    if (!getDeclaredStrides(operand).empty())
      return run;
  StringAttr inner = names[lane];
  bool isInside = false; // Of the lane dim, in memory.
  for (unsigned dim : llvm::reverse(structure.memoryOrder())) {
    isInside |= int(dim) == lane;
    if (!isInside || int(dim) == lane)
      continue;
    auto has = [&](Attribute map, StringAttr name) {
      return cast<MapAttr>(map).uses(name);
    };
    auto runsTogether = [&](Attribute map) {
      return has(map, names[dim]) == has(map, inner);
    };
    auto isWalked = [&](Attribute map) { // With one value a piece, too.
      return has(map, names[dim]) || !has(map, inner);
    };
    auto inputs = kernel.getInputMaps().getValue();
    auto outputs = kernel.getOutputMaps().getValue();
    if (parallel.contains(dim) || ShapedType::isDynamic(run.length) ||
        !llvm::all_of(inputs, isWalked) || !llvm::all_of(outputs, isWalked))
      break;
    int64_t size = extent(int(dim));
    bool isDynamic = ShapedType::isDynamic(size);
    run.points = isDynamic ? size : run.points * size;
    run.dims |= DimSet::one(dim);
    if (!llvm::all_of(inputs, runsTogether) ||
        !llvm::all_of(outputs, [&](Attribute map) {
          return runsTogether(map) || !has(map, inner);
        }))
      break;
    run.length = run.points;
  }
  return run;
}

int64_t Chooser::chooseWidth() {
  if (lane < 0)
    return 1;
  int64_t bits = isDouble() ? 64 : 32;
  int64_t width = machine.vectorBits / bits;
  if (machine.kind == TargetKind::gpu) {
    // 16 bytes of the narrowest operand: the widest load of a thread.
    int64_t narrowest = bits;
    for (Value operand : structure.kernel().getOperands())
      if (auto type = dyn_cast<RankedTensorType>(operand.getType()))
        narrowest = std::min<int64_t>(narrowest, type.getElementTypeBitWidth());
    width = 128 / narrowest;
  }
  bool isPair = machine.kind == TargetKind::cpu && takesPairs();
  if (isPair)
    width *= 2;
  int64_t size = machine.kind == TargetKind::cpu ? runLength() : extent(lane);
  if (!ShapedType::isDynamic(size) && size < width) {
    because("width", "no wider than the dim, " + Twine(size));
    return int64_t(llvm::bit_ceil(uint64_t(std::max<int64_t>(size, 1))));
  }
  because("width", machine.kind == TargetKind::gpu
                       ? "16 bytes of the narrowest operand per thread"
                       : Twine(machine.vectorBits) + "-bit vectors of " +
                             Twine(movesHalves() ? bits / 2 : bits) +
                             "-bit values" +
                             (drawsNumbers() ? ", two at a time, for as many "
                                               "random numbers at once"
                                             : ""));
  return width;
}

/// Bytes that one instance reads and writes, about; of `ownOnly`, those along
/// the lanes that no other instance does.
int64_t Chooser::instanceBytes(bool ownOnly) const {
  constexpr int64_t limit = int64_t(1) << 30; // Nothing larger matters here.
  auto extentOr = [&](unsigned dim) {
    constexpr int64_t assumed = kAssumedExtent;
    int64_t size = extent(int(dim));
    return ShapedType::isDynamic(size) ? assumed : size;
  };
  auto bytes = [&](Type type, MapAttr map) -> int64_t {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor)
      return 0;
    int64_t count = 1;
    DimSet all = toDimSet(structure.space(), map), dims = all - parallel;
    if (ownOnly && (all == dims || lane < 0 || !all.contains(unsigned(lane))))
      return 0;
    for (unsigned dim = 0; dim < structure.space().size(); ++dim)
      if (dims.contains(dim))
        count = std::min(limit, count * std::min(limit, extentOr(dim)));
    return count * ((tensor.getElementTypeBitWidth() + 7) / 8);
  };
  KernelOp kernel = structure.kernel();
  int64_t total = 0;
  for (unsigned i = 0; i < kernel.getNumOperands(); ++i)
    total += bytes(kernel.getOperand(i).getType(), kernel.getInputMap(i));
  for (unsigned o : stage.outputs)
    total += bytes(kernel.getResult(o).getType(), kernel.getOutputMap(o));
  return std::max<int64_t>(total, 1);
}

int64_t Chooser::chooseChunk(int64_t width) {
  // Along parallel lanes an instance is a block of `width` points.
  bool blocks = lane >= 0 && parallel.contains(unsigned(lane));
  if (!stage.partial.empty()) {
    because("chunk", "rows per partial sum: bounds the error of a partial, and "
                     "the traffic of partials to 0.5%");
    return blocks ? std::max<int64_t>(kPartialRows / width, 1) : kPartialRows;
  }
  // So that 8 rows of a few KB are work for several threads. A thread takes
  // many chunks at once, for 0.1 us; where it doesn't, neighbouring blocks of
  // columns should not be apart.
  const int64_t kilobytes = blocks ? 256 : 64;
  because("chunk", "about " + Twine(kilobytes) + " KB of work: microseconds");
  const int64_t chunkBytes = kilobytes << 10;
  int64_t points = std::clamp<int64_t>(chunkBytes / instanceBytes(), 1, 1024);
  if (takesInstancesTogether())
    return std::max(points / kInstancesTogether, int64_t(1)) *
           kInstancesTogether;
  return blocks ? std::max<int64_t>(points / width, 1) : points;
}

int64_t Chooser::chooseThreads(int64_t width) {
  int64_t size = extent(lane);
  because("threads", "a row to a block; 16 bytes per thread and step");
  if (ShapedType::isDynamic(size))
    return 256;
  uint64_t vectors = std::max<int64_t>(size / width, 1);
  return std::clamp<int64_t>(llvm::bit_floor(vectors), 32,
                             size > 16384 ? 256 : 128);
}

/// True where a phase comes after another: operands are read a second time.
bool Chooser::readsAgain() const {
  return !stage.complete.empty() || !stage.partial.empty();
}

/// True where an operand lacks a dim of the stage, as the parameters of rows
/// do: row after row reads the same.
bool Chooser::sharesOperands() const {
  DimSet visited;
  for (unsigned dim = 0; dim < structure.space().size(); ++dim)
    if (visitedDims().contains(dim) && extent(int(dim)) != 1)
      visited |= DimSet::one(dim);
  return llvm::any_of(structure.kernel().getInputMaps(), [&](Attribute map) {
    DimSet dims = toDimSet(structure.space(), cast<MapAttr>(map));
    return !dims.empty() && !dims.contains(visited);
  });
}

int64_t Chooser::chooseStream() {
  if (stage.outputs.empty())
    return 0;
  // A plane of 7x7 has part of a cache line at both ends, which go through the
  // caches anyway. InstanceNorm f32 of 7x7: 31% of a copy through the caches,
  // 24% past them; of 14x14 57 and 50%.
  constexpr int64_t shortBytes = 1 << 10, line = 64;
  int64_t rowBytes = instanceBytes(/*ownOnly=*/true) / 2;
  if (isRow() && rowBytes < shortBytes && rowBytes % line != 0) {
    because("stream", "never: rows are short, and end within cache lines");
    return 0;
  }
  // Their instructions hide what a store through the caches costs: backward
  // LayerNorm of 256 takes 36 cycles for 32 values, on one core as on both at
  // once, and past the caches 40; RMSNorm 32 and 33.
  if (isRow() && rowBytes < shortBytes && !stage.partial.empty() &&
      movesHalves()) {
    because("stream", "never: short rows of bf16 that add to sums over rows "
                      "wait for instructions");
    return 0;
  }
  // A store that doesn't find its line in the caches reads it first. BatchNorm
  // inference over and over on the same f32, with 32 MB of cache: of 3.2 MB
  // 100% of a copy through the caches, 98% past them; of 4.8 MB 57 and 97%.
  because("stream", "more than an eighth of the last-level cache: nobody will "
                    "find it there");
  return machine.llcBytes / 8;
}

int64_t Chooser::choosePrefetch() {
  if (int block = structure.blockDim();
      block >= 0 && lane >= 0 && !parallel.contains(unsigned(lane))) {
    because("prefetch",
            "the next block of channels arrives, whatever is done to this one: "
            "BatchNorm f32 of 7x7 45% of a copy and not 30");
    return countPoints(parallel - DimSet::one(unsigned(block)));
  }
  // What comes after a block is the next line, which comes by itself.
  if (!readsAgain() || stage.outputs.empty() || lane < 0 || isBlock)
    return 0;
  if (parallel.contains(unsigned(lane))) {
    because("prefetch", "columns are read a line of every row at a time: the "
                        "next rows arrive meanwhile, one after the other");
    return 1;
  }
  because("prefetch", "reading and writing overlap: the next row arrives while "
                      "this one is written");
  return 1;
}

ScheduleAttr Chooser::choose() {
  chooseLanes();
  parallel = chooseParallel();
  int64_t width = chooseWidth();
  int64_t unroll = chooseUnroll(width);
  bool isCpu = machine.kind == TargetKind::cpu;
  isBlock = isCpu && findBlock(width, unroll);
  int64_t chunk = isCpu ? chooseChunk(width) : 1;
  int64_t threads = isCpu ? 0 : chooseThreads(width);
  int64_t resident = 0;
  if (isCpu && (readsAgain() || sharesOperands())) {
    resident = machine.l2Bytes / 2;
    because("resident", "half of L2: the other half is for what streams by");
  }
  int64_t stream = isCpu ? chooseStream() : 0;
  int64_t prefetch = isCpu ? choosePrefetch() : 0;
  int64_t rows = isCpu ? chooseRows(width) : 1;
  if (isCpu && rowsOfPieces(width) > 1) // A chunk has as many.
    chunk = llvm::alignTo(chunk, rows);
  // Blocks come first. A parallel lane dim comes last: its blocks are then
  // neighbours.
  SmallVector<StringAttr> outer, lanes;
  ArrayRef<StringAttr> names = structure.space().getNames();
  for (unsigned dim : structure.memoryOrder())
    if (parallel.contains(dim) && int(dim) != lane)
      outer.insert(int(dim) == structure.blockDim() ? outer.begin()
                                                    : outer.end(),
                   names[dim]);
  if (lane >= 0) {
    lanes.push_back(names[lane]);
    if (parallel.contains(unsigned(lane)))
      outer.push_back(names[lane]);
  }
  MLIRContext *context = builder.getContext();
  return ScheduleAttr::get(context, machine.kind, DimsAttr::get(context, outer),
                           DimsAttr::get(context, lanes), width, unroll, chunk,
                           threads, resident, stream, prefetch, rows,
                           reasons.getDictionary(context));
}

ScheduleAttr normc::chooseSchedule(const KernelStructure &structure,
                                   const StagePlan &stage,
                                   const Machine &machine) {
  return Chooser(structure, stage, machine).choose();
}
