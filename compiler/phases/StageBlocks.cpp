//===- StageBlocks.cpp - stages that run block by block -------------------===//

#include "compiler/phases/StageBlocks.h"

#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Support/MathExtras.h"

#include <optional>

using namespace mlir;
using namespace normc;
using namespace normc::norm;

namespace {

/// One load, store or accumulation.
struct Access {
  Value view;
  MapAttr map;
  bool writes = false;
};

/// A stage at the end of a program, seen as work on samples.
struct Sampled {
  StageOp stage;
  StringAttr dim;        ///< The outermost parallel one: a point is a sample.
  int64_t instances = 1; ///< Of a sample.
  SmallVector<Access> accesses;
};

} // namespace

static SmallVector<Access> accessesOf(StageOp stage) {
  SmallVector<Access> accesses;
  stage.walk([&](Operation *op) {
    if (auto load = dyn_cast<LoadOp>(op))
      accesses.push_back({load.getView(), load.getMap(), false});
    else if (auto store = dyn_cast<StoreOp>(op))
      accesses.push_back({store.getView(), store.getMap(), true});
    else if (auto accumulate = dyn_cast<AccumulateOp>(op))
      accesses.push_back({accumulate.getView(), accumulate.getMap(), true});
  });
  return accesses;
}

/// Null where the instances of a sample can't be told, or chunks must stay.
static std::optional<Sampled> sample(StageOp stage) {
  ScheduleAttr schedule = stage.getSchedule();
  ArrayRef<StringAttr> parallel = schedule.getParallel().getNames();
  if (schedule.getTarget() != TargetKind::cpu || stage.getChunkDimAttr() ||
      parallel.empty() || schedule.getLanes().contains(parallel.front()))
    return {};
  Sampled sampled{stage, parallel.front(), 1, accessesOf(stage)};
  for (StringAttr name : parallel.drop_front()) {
    int64_t extent =
        stage.getDims().getExtents()[stage.getDims().indexOf(name)];
    if (ShapedType::isDynamic(extent) || extent == 0)
      return {};
    if (schedule.getLanes().contains(name))
      extent = llvm::divideCeil(extent, schedule.getWidth());
    sampled.instances *= extent;
  }
  return sampled;
}

static bool haveAsManySamples(Sampled &one, Sampled &other) {
  unsigned i = one.stage.getDims().indexOf(one.dim);
  unsigned k = other.stage.getDims().indexOf(other.dim);
  int64_t extent = one.stage.getDims().getExtents()[i];
  return extent == other.stage.getDims().getExtents()[k] && extent != 1 &&
         one.stage.getSizeOf(i) == other.stage.getSizeOf(k);
}

/// The axis along which samples follow each other, if there is one.
static std::optional<size_t> findSampleAxis(const Access &access,
                                            const Sampled &stage) {
  for (auto [number, axis] : llvm::enumerate(access.map.getAxes()))
    if (!axis.empty() && axis.getNames().front() == stage.dim)
      return number;
  return {};
}

/// Elements of a sample that an access visits; many where that is unknown.
static int64_t countElements(const Access &access, Sampled stage) {
  constexpr int64_t many = int64_t(1) << 36;
  SpaceAttr space = stage.stage.getDims();
  int64_t count = 1;
  for (auto [name, extent] :
       llvm::zip_equal(space.getNames(), space.getExtents())) {
    if (name == stage.dim || !access.map.uses(name))
      continue;
    if (extent == 0)
      return 0;
    count = ShapedType::isDynamic(extent) || extent > many / count
                ? many
                : count * extent;
  }
  return count;
}

/// True if no sample reads or overwrites what belongs to another one: all that
/// is written, and what may share its memory, is one part per sample along the
/// same axis in every stage. (One that reads what another has written
/// transposed has a part of all samples.)
static bool areApart(ProgramOp program, ArrayRef<Sampled> stages) {
  llvm::EquivalenceClasses<Value> shared;
  ArrayRef<int64_t> pairs = program.getInPlace().value_or(ArrayRef<int64_t>());
  for (size_t i = 0; i + 1 < pairs.size(); i += 2)
    shared.unionSets(program.getBlock()->getArgument(pairs[i + 1]),
                     program.getBlock()->getArgument(pairs[i]));
  llvm::SmallDenseMap<Value, size_t, 8> written;
  for (bool isWrite : {true, false})
    for (const Sampled &stage : stages)
      for (const Access &access : stage.accesses) {
        Value memory = shared.getOrInsertLeaderValue(access.view);
        if (access.writes != isWrite || (!isWrite && !written.contains(memory)))
          continue;
        std::optional<size_t> axis = findSampleAxis(access, stage);
        if (!axis || written.try_emplace(memory, *axis).first->second != *axis)
          return false;
      }
  return true;
}

/// Bytes of a sample that more than one stage reads; 0 where they are unknown.
static int64_t sharedBytes(ArrayRef<Sampled> stages) {
  struct Reading {
    llvm::SmallPtrSet<Operation *, 4> stages;
    int64_t elements = 0;
  };
  llvm::SmallMapVector<Value, Reading, 8> readings;
  for (const Sampled &stage : stages)
    for (const Access &access : stage.accesses)
      if (isa<BlockArgument>(access.view) && !access.writes &&
          findSampleAxis(access, stage)) {
        Reading &reading = readings[access.view];
        reading.stages.insert(StageOp(stage.stage));
        reading.elements =
            std::max(reading.elements, countElements(access, stage));
      }
  int64_t total = 0;
  for (auto &[view, reading] : readings) {
    Type element = cast<ViewType>(view.getType()).getElementType();
    if (reading.stages.size() > 1)
      total += reading.elements *
               llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
  }
  return total;
}

/// What a block reads should still be there when it is read again: in a quarter
/// of the last level, where results of half as much go past it, or in half of
/// the second one.
static int64_t cacheBytes(ArrayRef<Sampled> stages) {
  int64_t bytes = 0;
  for (Sampled stage : stages) {
    ScheduleAttr schedule = stage.stage.getSchedule();
    int64_t stream = std::min(schedule.getStream(), INT64_MAX / 2);
    bytes = std::max({bytes, 2 * stream, schedule.getResident()});
  }
  return bytes;
}

SmallVector<int64_t> normc::findStageBlocks(ProgramOp program) {
  // Less is not worth the calls of its stages.
  constexpr int64_t leastBytes = int64_t(128) << 10;
  SmallVector<StageOp> all(program.getBlock()->getOps<StageOp>());
  SmallVector<int64_t> blocks(all.size(), 0);
  SmallVector<Sampled> stages;
  size_t first = all.size();
  for (; first > 0; --first) {
    std::optional<Sampled> next = sample(all[first - 1]);
    if (!next || (!stages.empty() && !haveAsManySamples(*next, stages.back())))
      break;
    stages.push_back(*next);
    if (!areApart(program, stages)) {
      stages.pop_back();
      break;
    }
  }
  int64_t bytes = sharedBytes(stages);
  if (bytes == 0 || bytes > cacheBytes(stages))
    return blocks;
  int64_t samples = llvm::divideCeil(leastBytes, bytes);
  for (Sampled &stage : llvm::reverse(stages))
    blocks[first++] = samples * stage.instances;
  return blocks;
}

SmallVector<bool> normc::findBackwardStages(ProgramOp program) {
  SmallVector<bool> backward;
  llvm::SmallPtrSet<Value, 8> wasRead;
  for (auto [stage, block] : llvm::zip_equal(
           program.getBlock()->getOps<StageOp>(), findStageBlocks(program))) {
    bool readsAgain = false, isElementwise = true;
    SmallVector<Value> reads;
    for (const Access &access : accessesOf(stage)) {
      if (access.writes || !isa<BlockArgument>(access.view))
        continue;
      readsAgain |= wasRead.contains(access.view);
      reads.push_back(access.view);
    }
    wasRead.insert(reads.begin(), reads.end());
    stage.walk([&](Operation *op) {
      auto contribute = dyn_cast<ContributeOp>(op);
      isElementwise &= !isa<AccumulateOp>(op) &&
                       !(contribute && !contribute.getValues().empty());
    });
    // Rows that go together make instances of many KB; between short ones the
    // processor would not know what comes next.
    bool isLong = stage.getSchedule().getRows() > 1;
    backward.push_back(block == 0 && readsAgain && isElementwise && isLong);
  }
  return backward;
}

void normc::fitChunksToBlocks(ProgramOp program) {
  SmallVector<int64_t> blocks = findStageBlocks(program);
  for (auto [stage, block] :
       llvm::zip_equal(program.getBlock()->getOps<StageOp>(), blocks)) {
    if (block == 0)
      continue;
    ScheduleAttr s = stage.getSchedule();
    // Rows that go together stay in one chunk.
    int64_t rows = block % s.getRows() == 0 ? s.getRows() : 1;
    int64_t chunk = std::max(std::min(s.getChunk(), block) / rows, int64_t(1));
    while (block / rows % chunk != 0)
      --chunk;
    chunk *= rows;
    stage.setScheduleAttr(ScheduleAttr::get(
        s.getContext(), s.getTarget(), s.getParallel(), s.getLanes(),
        s.getWidth(), s.getUnroll(), chunk, s.getThreads(), s.getResident(),
        s.getStream(), s.getPrefetch(), s.getRows(), s.getReasons()));
  }
}
