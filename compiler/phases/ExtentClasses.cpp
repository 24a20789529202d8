//===- ExtentClasses.cpp - axes that must have one extent -----------------===//

#include "compiler/phases/ExtentClasses.h"

#include "dialects/norm/Norm.h"

#include "llvm/ADT/EquivalenceClasses.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

/// An axis of a tensor, or the dims of a kernel along one: both by an address
/// and a number.
using Node = std::pair<const void *, uintptr_t>;

static Node axisOf(Value tensor, unsigned axis) {
  return {tensor.getAsOpaquePointer(), axis};
}
static Node dimsOf(KernelOp kernel, DimsAttr dims) {
  return {kernel.getOperation(),
          reinterpret_cast<uintptr_t>(dims.getAsOpaquePointer())};
}

ExtentClasses::ExtentClasses(func::FuncOp func) {
  llvm::EquivalenceClasses<Node> classes;
  for (auto kernel : func.getBody().front().getOps<KernelOp>()) {
    auto join = [&](Value tensor, MapAttr map) {
      for (auto [axis, dims] : llvm::enumerate(map.getAxes()))
        if (!dims.empty())
          classes.unionSets(axisOf(tensor, axis), dimsOf(kernel, dims));
    };
    for (unsigned i = 0; i < kernel.getNumOperands(); ++i)
      join(kernel.getOperand(i), kernel.getInputMap(i));
    for (unsigned i = 0; i < kernel.getNumResults(); ++i)
      join(kernel.getResult(i), kernel.getOutputMap(i));
  }
  llvm::DenseMap<Node, ArgumentAxis> seen; // By the class's leader.
  for (BlockArgument argument : func.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    for (unsigned axis = 0; type && axis < type.getRank(); ++axis) {
      ArgumentAxis here{argument.getArgNumber(), axis};
      auto leader = classes.findLeader(axisOf(argument, axis));
      firsts[{here.argument, axis}] =
          leader == classes.member_end()
              ? here
              : seen.try_emplace(*leader, here).first->second;
    }
  }
}

ArgumentAxis ExtentClasses::first(unsigned argument, unsigned axis) const {
  return firsts.lookup({argument, axis});
}
