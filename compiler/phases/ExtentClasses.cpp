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

namespace {
/// Dims joined in one axis, all but one of known extent.
struct Join {
  Node whole;
  Node open; ///< The one that isn't known.
  int64_t others;
};
} // namespace

/// Adds the join of `dims` to `joins`, if it is one.
static void addJoin(KernelOp kernel, DimsAttr dims,
                    SmallVectorImpl<Join> &joins) {
  SpaceAttr space = kernel.getDims();
  StringAttr open;
  int64_t others = 1;
  for (StringAttr name : dims.getNames()) {
    int64_t extent = space.getExtents()[space.indexOf(name)];
    if (!ShapedType::isDynamic(extent)) {
      others *= extent;
      continue;
    }
    if (open)
      return;
    open = name;
  }
  if (open && others != 0)
    joins.push_back({dimsOf(kernel, dims),
                     dimsOf(kernel, DimsAttr::get(kernel.getContext(),
                                                  ArrayRef<StringAttr>{open})),
                     others});
}

/// Equal products with equal known factors have equal open ones.
static void divideJoins(llvm::EquivalenceClasses<Node> &classes,
                        ArrayRef<Join> joins) {
  for (bool changed = true; changed;) {
    changed = false;
    llvm::DenseMap<std::pair<Node, int64_t>, Node> seen; // By the leader.
    for (const Join &join : joins) {
      Node leader = classes.getOrInsertLeaderValue(join.whole);
      auto [it, isNew] = seen.try_emplace({leader, join.others}, join.open);
      if (isNew || classes.isEquivalent(it->second, join.open))
        continue;
      classes.unionSets(it->second, join.open);
      changed = true;
    }
  }
}

ExtentClasses::ExtentClasses(func::FuncOp func) {
  llvm::EquivalenceClasses<Node> classes;
  SmallVector<Join> joins;
  for (auto kernel : func.getBody().front().getOps<KernelOp>()) {
    auto join = [&](Value tensor, MapAttr map) {
      for (auto [axis, dims] : llvm::enumerate(map.getAxes()))
        if (!dims.empty()) {
          classes.unionSets(axisOf(tensor, axis), dimsOf(kernel, dims));
          addJoin(kernel, dims, joins);
        }
    };
    for (unsigned i = 0; i < kernel.getNumOperands(); ++i)
      join(kernel.getOperand(i), kernel.getInputMap(i));
    for (unsigned i = 0; i < kernel.getNumResults(); ++i)
      join(kernel.getResult(i), kernel.getOutputMap(i));
  }
  divideJoins(classes, joins);
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
