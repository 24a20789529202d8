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

static int32_t shapeSourceOf(Value value) {
  while (auto kernel = value.getDefiningOp<norm::KernelOp>()) {
    norm::MapAttr map =
        kernel.getOutputMap(cast<OpResult>(value).getResultNumber());
    auto found = llvm::find(kernel.getInputMaps(), Attribute(map));
    if (found == kernel.getInputMaps().end())
      return -1;
    value = kernel.getOperand(found - kernel.getInputMaps().begin());
  }
  return argumentOf(value);
}

std::vector<int32_t> normc::findShapeSources(ModuleOp module) {
  std::vector<int32_t> sources;
  module.walk([&](norm::NormalizeOp op) {
    sources.push_back(shapeSourceOf(op.getInput()));
  });
  return sources;
}

void normc::requireElements(Artifact &artifact, ArrayRef<int32_t> sources) {
  for (auto [norm, source] : llvm::zip_equal(artifact.norms, sources)) {
    if (norm.correction == 0 || source < 0)
      continue;
    const ArgumentFacts &input = artifact.arguments[source];
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
