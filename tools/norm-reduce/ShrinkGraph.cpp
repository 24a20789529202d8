//===- ShrinkGraph.cpp - the reduction that graphs need -------------------===//

#include "ShrinkGraph.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Iterators.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Reducer/Tester.h"

using namespace mlir;

namespace {

/// One way to make a function smaller. Operations are counted in the order of a
/// walk, so that a step found in a module can be taken in its copy.
struct Step {
  unsigned op;
  unsigned result; ///< Of a function: the result that it returns no more.
  /// What stands for the result: an operand, or behind them an argument of the
  /// block. Nothing of a function.
  unsigned value = 0;
};

struct ShrinkGraph : PassWrapper<ShrinkGraph, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ShrinkGraph)

  ShrinkGraph() = default;
  ShrinkGraph(const ShrinkGraph &other) : PassWrapper(other) {}

  StringRef getArgument() const override { return "shrink-graph"; }
  StringRef getDescription() const override {
    return "Drop results of functions, and put operands in the place of "
           "results, one at a time, as long as the test finds the module "
           "interesting. (reduction-tree drops ranges of operations whatever "
           "uses them, which leaves no graph)";
  }

  void runOnOperation() override;

  Option<std::string> test{*this, "test",
                           llvm::cl::desc("The program that exits with "
                                          "something else than 0 if a file "
                                          "is interesting")};
  ListOption<std::string> testArgs{
      *this, "test-arg", llvm::cl::desc("Its arguments before the file")};
  Statistic numTaken{this, "steps-taken", "Number of steps taken"};
};

} // namespace

/// The values that could stand for a result of `op`, by number.
static SmallVector<Value> listStandIns(Operation *op) {
  SmallVector<Value> values(op->getOperands());
  llvm::append_range(values, op->getBlock()->getArguments());
  return values;
}

static SmallVector<Step> listSteps(ModuleOp module) {
  SmallVector<Step> steps;
  unsigned number = 0;
  module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    unsigned here = number++;
    if (auto function = dyn_cast<func::FuncOp>(op))
      for (unsigned i = 0;
           i < function.getNumResults() && function.getNumResults() > 1; ++i)
        steps.push_back({here, i});
    if (isa<ModuleOp, func::FuncOp>(op))
      return;
    for (OpResult result : op->getResults())
      for (auto [i, value] : llvm::enumerate(listStandIns(op)))
        if (value.getType() == result.getType() && !result.use_empty())
          steps.push_back({here, result.getResultNumber(), unsigned(i)});
  });
  return steps;
}

/// Erases what nothing uses, from the last operation to the first.
static void eraseDead(func::FuncOp function) {
  function.walk<WalkOrder::PostOrder, ReverseIterator>([](Operation *op) {
    if (isOpTriviallyDead(op))
      op->erase();
  });
  for (unsigned i = function.getNumArguments(); i-- > 0;)
    if (function.getArgument(i).use_empty())
      (void)function.eraseArgument(i);
}

static void take(const Step &step, ModuleOp module) {
  unsigned number = 0;
  Operation *found = nullptr;
  module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (number++ != step.op)
      return WalkResult::advance();
    found = op;
    return WalkResult::interrupt();
  });
  if (auto function = dyn_cast<func::FuncOp>(found)) {
    (void)function.eraseResult(step.result);
    function.getBody().front().getTerminator()->eraseOperand(step.result);
  } else {
    found->getResult(step.result)
        .replaceAllUsesWith(listStandIns(found)[step.value]);
  }
  for (auto function : module.getOps<func::FuncOp>())
    eraseDead(function);
}

void ShrinkGraph::runOnOperation() {
  ModuleOp module = getOperation();
  SmallVector<std::string> arguments(testArgs.begin(), testArgs.end());
  Tester tester(test, arguments);
  auto isInteresting = [&](ModuleOp candidate) {
    // A step may break what an operation demands; that is no graph.
    ScopedDiagnosticHandler quiet(&getContext(),
                                  [](Diagnostic &) { return success(); });
    return succeeded(verify(candidate)) &&
           tester.isInteresting(candidate).first ==
               Tester::Interestingness::True;
  };
  if (!isInteresting(module)) {
    module.emitError("expected a module that the test finds interesting");
    return signalPassFailure();
  }
  SmallVector<Step> steps = listSteps(module);
  for (size_t next = 0; next < steps.size();) {
    OwningOpRef<ModuleOp> candidate = module.clone();
    take(steps[next], *candidate);
    if (!isInteresting(*candidate)) {
      ++next;
      continue;
    }
    module.getBodyRegion().takeBody(candidate->getBodyRegion());
    ++numTaken;
    steps = listSteps(module); // From the start: others may work by now.
    next = 0;
  }
}

void registerShrinkGraph() { PassRegistration<ShrinkGraph>(); }
