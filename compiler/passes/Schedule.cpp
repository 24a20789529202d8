//===- Schedule.cpp - norm-schedule ---------------------------------------===//

#include "compiler/schedule/Schedule.h"
#include "compiler/passes/Passes.h"
#include "dialects/norm/Norm.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace normc {
#define GEN_PASS_DEF_NORMSCHEDULE
#include "compiler/passes/Passes.h.inc"
} // namespace normc

using namespace mlir;
using namespace normc;
using namespace normc::norm;

namespace {
struct NormSchedule : normc::impl::NormScheduleBase<NormSchedule> {
  using NormScheduleBase::NormScheduleBase;

  void runOnOperation() override {
    Machine machine;
    std::optional<TargetKind> kind = symbolizeTargetKind(targetKind);
    if (!kind) {
      getOperation().emitError()
          << "expected target cpu or gpu, but got " << targetKind;
      return signalPassFailure();
    }
    machine.kind = *kind;
    machine.vectorBits = vectorBits;
    machine.l2Bytes = l2Bytes;
    machine.llcBytes = llcBytes;
    getOperation().walk([&](KernelOp kernel) {
      if (kernel.getScheduleAttr())
        return;
      KernelStructure structure(kernel);
      SmallVector<Attribute> schedules;
      for (const StagePlan &stage : structure.stages())
        schedules.push_back(chooseSchedule(structure, stage, machine));
      numStages += schedules.size();
      kernel.setScheduleAttr(ArrayAttr::get(&getContext(), schedules));
    });
  }
};
} // namespace
