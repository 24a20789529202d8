//===- Fuse.cpp - norm-fuse -----------------------------------------------===//

#include "compiler/analysis/KernelCost.h"
#include "compiler/passes/Passes.h"
#include "compiler/passes/norm/KernelMerger.h"
#include "compiler/passes/norm/KernelParts.h"
#include "dialects/norm/Norm.h"

#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/FormatVariadic.h"

namespace normc {
#define GEN_PASS_DEF_NORMFUSE
#include "compiler/passes/Passes.h.inc"
} // namespace normc

using namespace mlir;
using namespace normc;
using namespace normc::norm;

/// Tensors that one stage visits side by side: the prefetchers of current cores
/// follow 16 to 32 streams, and four rows of a dozen fill a first-level cache
/// of 8 ways.
static constexpr unsigned kMostStreams = 12;

/// Up to this factor one kernel moves as many bytes as two: operands of a few
/// bytes do not decide. Then a tensor between the two does, which is memory
/// that a call asks the system for, and takes ten times as long to touch first
/// as to move. (A residual, RMSNorm and fp8 by blocks of 128, 8192x4096 f32,
/// takes 0.32 of the time without 134 MB in between, 0.17 on two threads; of
/// 4 MB that come from the allocator 0.77 and 0.6, with LayerNorm and blocks
/// of 32 1.4 and 0.6.)
static constexpr double kEqualBytes = 1.001;

namespace {

/// Two kernels that touch a tensor in common; the first stands before.
struct Neighbours {
  KernelOp first, second;
  bool isProducer; ///< The second reads a result of the first; else siblings.
};

/// Merges the kernels of one function.
class Fuser {
public:
  explicit Fuser(Block &block) : block(block) {}

  /// Merges neighbours until none are left that should be one kernel.
  void run();
  /// Says of the neighbours that are left what keeps them apart.
  void remark();

  unsigned numProducers = 0, numSiblings = 0;

private:
  bool step();
  SmallVector<Neighbours> listNeighbours(bool areProducers);
  bool step(ArrayRef<Neighbours> pairs);
  std::string tryMerge(Neighbours pair);
  std::string judge(Neighbours pair, KernelOp merged);
  const KernelCost &costOf(KernelOp kernel);
  void forget(KernelOp kernel);

  Block &block;
  llvm::DenseMap<Operation *, KernelCost> costs;
  /// Why two kernels stay apart.
  llvm::DenseMap<std::pair<Operation *, Operation *>, std::string> refused;
};

} // namespace

/// True if `to` needs a result of `from` that isn't handed over directly.
static bool reachesIndirectly(Operation *from, Operation *to) {
  SmallVector<Operation *> worklist;
  llvm::SmallPtrSet<Operation *, 16> seen;
  auto visit = [&](Operation *user) {
    if (user->isBeforeInBlock(to) && seen.insert(user).second)
      worklist.push_back(user);
  };
  for (Operation *user : from->getUsers())
    visit(user);
  while (!worklist.empty())
    for (Operation *user : worklist.pop_back_val()->getUsers()) {
      if (user == to)
        return true;
      visit(user);
    }
  return false;
}

/// True if two kernels read a tensor that has all dims of both.
static bool shareWhole(KernelOp first, KernelOp second) {
  auto isWhole = [](KernelOp kernel, unsigned input) {
    SpaceAttr space = kernel.getDims();
    MapAttr map = kernel.getInputMap(input);
    for (auto [name, extent] :
         llvm::zip_equal(space.getNames(), space.getExtents()))
      if (extent != 1 && !map.uses(name))
        return false;
    return true;
  };
  for (OpOperand &one : first->getOpOperands())
    for (OpOperand &other : second->getOpOperands())
      if (one.get() == other.get() &&
          isa<RankedTensorType>(one.get().getType()) &&
          isWhole(first, one.getOperandNumber()) &&
          isWhole(second, other.getOperandNumber()))
        return true;
  return false;
}

/// Producers and their consumers, or siblings.
SmallVector<Neighbours> Fuser::listNeighbours(bool areProducers) {
  SmallVector<Neighbours> pairs;
  SmallVector<KernelOp> kernels(block.getOps<KernelOp>());
  for (auto [i, second] : llvm::enumerate(kernels))
    for (KernelOp first : ArrayRef(kernels).take_front(i)) {
      bool isDirect =
          llvm::is_contained(first->getUsers(), second.getOperation());
      if (isDirect == areProducers &&
          (isDirect ||
           (shareWhole(first, second) && !reachesIndirectly(first, second))))
        pairs.push_back({first, second, isDirect});
    }
  return pairs;
}

const KernelCost &Fuser::costOf(KernelOp kernel) {
  auto [it, isNew] = costs.try_emplace(kernel);
  if (isNew)
    it->second = estimateCost(KernelStructure(kernel));
  return it->second;
}

void Fuser::forget(KernelOp kernel) {
  costs.erase(kernel);
  SmallVector<std::pair<Operation *, Operation *>> gone;
  for (auto &[pair, reason] : refused)
    if (pair.first == kernel || pair.second == kernel)
      gone.push_back(pair);
  for (auto pair : gone)
    refused.erase(pair);
}

/// True if each stage takes parts of what an instance of the one before takes,
/// as blocks of a row: what it needs of the row is its statistics, and the rest
/// of what lies between is computed again, not written. (A quantized norm by
/// blocks takes a third of the time, most of which went to fresh memory.)
static bool divideGroups(const KernelStructure &structure) {
  ArrayRef<StagePlan> stages = structure.stages();
  for (auto [before, after] : llvm::zip(stages, stages.drop_front()))
    if (before.parallel.empty() || !after.parallel.contains(before.parallel))
      return false;
  return true;
}

/// Empty where one kernel is better than two; else the reason.
std::string Fuser::judge(Neighbours pair, KernelOp merged) {
  const KernelCost &first = costOf(pair.first);
  KernelCost parts = costOf(pair.second);
  parts.bytes += first.bytes;
  parts.streams = std::max(parts.streams, first.streams);
  parts.stages += first.stages;
  KernelStructure structure(merged);
  KernelCost whole = estimateCost(structure);
  // P3: the cut between the two vanishes, and no other takes its place. It may
  // stay where it is between groups and parts of them.
  bool isCutLess = whole.stages < parts.stages;
  if (!isCutLess && !(whole.stages == parts.stages && pair.isProducer &&
                      divideGroups(structure)))
    return llvm::formatv(
        "expected one kernel of fewer than {0} stages, but got "
        "{1}, since collectives of one wait for the other's",
        parts.stages, whole.stages);
  bool dropsTensor = merged->getNumResults() <
                     pair.first->getNumResults() + pair.second->getNumResults();
  if (whole.bytes >= parts.bytes &&
      !(dropsTensor && whole.bytes <= kEqualBytes * parts.bytes))
    return llvm::formatv("expected one kernel to move fewer than {0:F0} bytes, "
                         "but got {1:F0}",
                         parts.bytes, whole.bytes);
  unsigned most = std::max(kMostStreams, parts.streams);
  if (whole.streams > most)
    return llvm::formatv(
        "expected at most {0} large tensors side by side in one "
        "kernel, but got {1}",
        most, whole.streams);
  return "";
}

/// Makes two kernels one; else the reason why not.
std::string Fuser::tryMerge(Neighbours pair) {
  if (pair.first.getSchedule() || pair.second.getSchedule())
    return "expected kernels whose schedules are not chosen yet, but got one "
           "that is";
  KernelMerger merger(pair.first, pair.second);
  KernelOp merged = merger.build(/*siblings=*/!pair.isProducer);
  if (!merged)
    return merger.getReason().str();
  if (std::string reason = judge(pair, merged); !reason.empty()) {
    merged.erase();
    return reason;
  }
  forget(pair.first);
  forget(pair.second);
  merger.commit();
  // Readers of the first kernel may stand before the merged one.
  sortTopologically(&block);
  mergeJoinedDims(merged);
  return "";
}

bool Fuser::step(ArrayRef<Neighbours> pairs) {
  for (const Neighbours &pair : pairs) {
    std::pair<Operation *, Operation *> key{pair.first, pair.second};
    if (refused.contains(key))
      continue;
    // What lies between may yet go into one of them: this is not for good.
    if (reachesIndirectly(pair.first, pair.second))
      continue;
    std::string reason = tryMerge(pair);
    if (reason.empty()) {
      ++(pair.isProducer ? numProducers : numSiblings);
      return true;
    }
    refused[key] = std::move(reason);
  }
  return false;
}

/// Producers and consumers first: what they drop is most.
bool Fuser::step() {
  return step(listNeighbours(/*areProducers=*/true)) ||
         step(listNeighbours(/*areProducers=*/false));
}

void Fuser::run() {
  while (step()) {
  }
}

void Fuser::remark() {
  SmallVector<Neighbours> pairs = listNeighbours(/*areProducers=*/true);
  llvm::append_range(pairs, listNeighbours(/*areProducers=*/false));
  for (Neighbours pair : pairs) {
    std::string reason = refused.lookup({pair.first, pair.second});
    if (reason.empty())
      reason = "expected nothing between the two, but another kernel reads of "
               "one and is read by the other";
    InFlightDiagnostic remark =
        emitRemark(pair.second.getLoc(), "stays apart: ") << reason;
    remark.attachNote(pair.first.getLoc())
        << (pair.isProducer ? "from the kernel that it reads"
                            : "from this other reader of a tensor");
  }
}

namespace {
struct NormFuse : normc::impl::NormFuseBase<NormFuse> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (!func.getBody().hasOneBlock())
      return;
    Fuser fuser(func.getBody().front());
    fuser.run();
    fuser.remark();
    numProducers += fuser.numProducers;
    numSiblings += fuser.numSiblings;
  }
};
} // namespace
