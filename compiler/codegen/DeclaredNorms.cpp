//===- DeclaredNorms.cpp - the norms that a source declares ---------------===//

#include "compiler/codegen/DeclaredNorms.h"

#include "dialects/norm/Norm.h"

using namespace mlir;
using namespace normc;

/// The function argument that `value` is, or -1 for what is computed.
static int32_t argumentOf(Value value) {
  auto argument = dyn_cast_or_null<BlockArgument>(value);
  return argument ? int32_t(argument.getArgNumber()) : -1;
}

std::vector<DeclaredNorm> normc::collectDeclaredNorms(ModuleOp module) {
  std::vector<DeclaredNorm> norms;
  module.walk([&](norm::NormalizeOp op) {
    DeclaredNorm declared;
    declared.statistic = stringifyStatistic(op.getStatistic()).str();
    if (op.getEpsilon())
      declared.epsilon = op.getEpsilon()->convertToDouble();
    declared.placement = stringifyEpsilonPlacement(op.getPlacement()).str();
    declared.input = argumentOf(op.getInput());
    declared.axes.assign(op.getAxes().begin(), op.getAxes().end());
    declared.mean = argumentOf(op.getMean());
    declared.variance = argumentOf(op.getVariance());
    declared.correction = op.getCorrection();
    if (op.getPartial())
      declared.partial = op.getPartial()->convertToDouble();
    declared.groups = op.getGroups().value_or(0);
    declared.groupAxis = op.getGroupAxis().value_or(0);
    norms.push_back(std::move(declared));
  });
  return norms;
}

void normc::requireElements(Artifact &artifact) {
  for (const DeclaredNorm &norm : artifact.norms) {
    if (norm.correction == 0 || norm.input < 0)
      continue;
    const ArgumentFacts &input = artifact.arguments[norm.input];
    SizeExpr elements = SizeExpr::constant(1);
    for (int64_t axis : norm.axes) {
      const SizeExpr &extent = input.axes[axis].extent;
      elements.steps.insert(elements.steps.end(), extent.steps.begin(),
                            extent.steps.end());
      elements.steps.push_back({SizeExpr::Op::Mul});
    }
    bool isGrouped = norm.groups > 0;
    artifact.minimums.push_back(
        {std::move(elements),
         (norm.correction + 1) * std::max<int64_t>(norm.groups, 1),
         std::string("number of elements of ") +
             (isGrouped ? "all groups" : "a group") + " of '" + input.name +
             "', whose variance is corrected,"});
  }
}
