//===- Explain.cpp - a program in plain words -----------------------------===//

#include "compiler/Explain.h"

#include "compiler/codegen/Facts.h"
#include "compiler/lowering/shared/WordLayout.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

using Names = std::vector<std::string>;

static void addOnce(Names &names, std::string name) {
  if (!llvm::is_contained(names, name))
    names.push_back(std::move(name));
}

static Names toNames(DimsAttr dims) {
  Names names;
  for (StringAttr name : dims.getNames())
    names.push_back(name.str());
  return names;
}

/// An argument's name, or the number of a scratch buffer or a local one.
static std::string nameOf(ProgramOp program, Value view) {
  if (auto argument = dyn_cast<BlockArgument>(view))
    return program.getArgName(argument.getArgNumber()).str();
  bool isLocal = view.getDefiningOp<ScratchOp>().isLocal();
  unsigned number = 0;
  for (auto scratch : program.getBlock()->getOps<ScratchOp>()) {
    if (scratch.getView() == view)
      break;
    number += scratch.isLocal() == isLocal;
  }
  return (isLocal ? "local " : "scratch ") + std::to_string(number);
}

/// Notes what one op of a phase does with views.
static void addAccess(ProgramOp program, Operation *op,
                      Explanation::Phase &phase) {
  llvm::TypeSwitch<Operation *>(op)
      .Case<LoadOp>([&](LoadOp load) {
        addOnce(phase.reads, nameOf(program, load.getView()));
      })
      .Case<StoreOp>([&](StoreOp store) {
        addOnce(phase.writes, nameOf(program, store.getView()));
      })
      .Case<AccumulateOp>([&](AccumulateOp accumulate) {
        addOnce(phase.accumulates, nameOf(program, accumulate.getView()));
      });
}

static Explanation::Phase explainPhase(ProgramOp program, PhaseOp op) {
  Explanation::Phase phase;
  phase.over = toNames(op.getOver());
  phase.perChunk = isa<StageOp>(op->getParentOp());
  for (Value view : op.getKeeps())
    addOnce(phase.keeps, nameOf(program, view));
  for (Operation &inner : *op.getBlock())
    addAccess(program, &inner, phase);
  ContributeOp contribute = op.getContribute();
  for (unsigned i = 0; i < contribute.getValues().size(); ++i)
    phase.combines.push_back(stringifyReduceKind(contribute.getKind(i)).str());
  return phase;
}

/// The loops of a block, with what lies between them as phases without a loop.
static void addPhases(ProgramOp program, Block &block,
                      std::vector<Explanation::Phase> &phases) {
  Explanation::Phase between;
  between.perChunk = isa<StageOp>(block.getParentOp());
  auto flush = [&] {
    if (!between.writes.empty() || !between.accumulates.empty())
      phases.push_back(between);
    between.writes.clear();
    between.accumulates.clear();
    between.reads.clear();
  };
  for (Operation &op : block) {
    if (auto phase = dyn_cast<PhaseOp>(op)) {
      flush();
      phases.push_back(explainPhase(program, phase));
    } else if (auto instance = dyn_cast<InstanceOp>(op)) {
      flush();
      addPhases(program, *instance.getBlock(), phases);
    } else {
      addAccess(program, &op, between);
    }
  }
  flush();
}

static Explanation::Stage explainStage(ProgramOp program, StageOp op,
                                       unsigned index,
                                       const std::vector<SizeExpr> &extents) {
  Explanation::Stage stage;
  stage.entry = getStageEntry(program, index);
  for (auto [name, extent] : llvm::zip(op.getDims().getNames(), extents))
    stage.dims.emplace_back(name.str(), extent);
  ScheduleAttr schedule = op.getSchedule();
  stage.parallel = toNames(schedule.getParallel());
  if (!schedule.getLanes().empty())
    stage.lanes = schedule.getLanes().getNames()[0].str();
  stage.width = schedule.getWidth();
  stage.unroll = schedule.getUnroll();
  stage.chunk = schedule.getChunk();
  stage.threads = schedule.getThreads();
  stage.resident = schedule.getResident();
  stage.stream = schedule.getStream();
  stage.prefetch = schedule.getPrefetch();
  stage.rows = schedule.getRows();
  if (DictionaryAttr reasons = schedule.getReasons())
    for (NamedAttribute reason : reasons)
      if (auto text = dyn_cast<StringAttr>(reason.getValue()))
        stage.reasons.emplace_back(reason.getName().str(), text.str());
  addPhases(program, *op.getBlock(), stage.phases);
  return stage;
}

std::vector<Explanation::Stage> normc::explainStages(ProgramOp program) {
  std::vector<std::vector<SizeExpr>> extents = collectStageExtents(program);
  std::vector<Explanation::Stage> stages;
  for (auto stage : program.getBlock()->getOps<StageOp>()) {
    unsigned index = stages.size();
    stages.push_back(explainStage(program, stage, index, extents[index]));
  }
  return stages;
}
