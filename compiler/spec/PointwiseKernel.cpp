//===- PointwiseKernel.cpp - a kernel around a norm, op by op -------------===//

#include "compiler/spec/PointwiseKernel.h"

#include "compiler/lowering/shared/ElementTypes.h"
#include "compiler/passes/norm/RoundedAffine.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace normc;
using namespace normc::norm;

/// Whether a grouped axis can be told as two dims. Where it can't, the norm's
/// verifier says why.
static bool isSplit(const NormSpec &spec, int64_t axis) {
  if (!spec.groups || spec.groupAxis != axis || *spec.groups < 1)
    return false;
  int64_t extent = spec.shape[axis];
  return extent == kDynamic || extent % *spec.groups == 0;
}

PointwiseKernel::PointwiseKernel(const SpecFacts &facts,
                                 ImplicitLocOpBuilder &outer)
    : b(outer), outer(outer),
      compute(toType(outer.getContext(), facts.computeDtype())),
      block(std::make_unique<Block>()),
      shape(facts.spec.shape.begin(), facts.spec.shape.end()) {
  b.setInsertionPointToEnd(block.get());
  for (auto [axis, extent] : llvm::enumerate(shape)) {
    SmallVector<StringAttr> dims;
    auto add = [&](const char *letter, int64_t count) {
      dims.push_back(b.getStringAttr(letter + Twine(axis)));
      extents.push_back(count);
    };
    if (isSplit(facts.spec, axis)) {
      int64_t groups = *facts.spec.groups;
      add("g", groups);
      add("c", extent == kDynamic ? extent : extent / groups);
    } else {
      add("i", extent);
    }
    llvm::append_range(names, dims);
    axisDims.push_back(DimsAttr::get(b.getContext(), dims));
  }
}

Value PointwiseKernel::load(Value tensor, ArrayRef<int64_t> axes,
                            bool perGroup) {
  SmallVector<DimsAttr> lists;
  for (int64_t axis : axes) {
    DimsAttr dims = axisDims[axis];
    lists.push_back(
        perGroup && dims.size() == 2
            ? DimsAttr::get(b.getContext(), dims.getNames().take_front())
            : dims);
  }
  operands.push_back(tensor);
  maps.push_back(MapAttr::get(b.getContext(), lists));
  return block->addArgument(getElementTypeOrSelf(tensor.getType()),
                            outer.getLoc());
}

Value PointwiseKernel::load(Value tensor) {
  return load(tensor,
              llvm::to_vector(llvm::seq<int64_t>(0, int64_t(shape.size()))));
}

Value PointwiseKernel::read(Value tensor, ArrayRef<int64_t> axes) {
  return castFloat(b, load(tensor, axes), compute);
}

Value PointwiseKernel::read(Value tensor) {
  return castFloat(b, load(tensor), compute);
}

Value PointwiseKernel::buildLinearIndex() {
  Value number;
  for (StringAttr name : names) {
    Value index = IndexOp::create(b, b.getIndexType(), name);
    if (number) {
      Value extent = ExtentOp::create(b, b.getIndexType(), name);
      number = arith::MulIOp::create(b, number, extent);
      number = arith::AddIOp::create(b, number, index);
    } else {
      number = index;
    }
  }
  return number;
}

Value PointwiseKernel::buildConstant(double value) {
  return arith::ConstantOp::create(b, b.getFloatAttr(compute, value));
}

unsigned PointwiseKernel::write(Value element) {
  results.push_back(element);
  return results.size() - 1;
}

KernelOp PointwiseKernel::finish() {
  YieldOp::create(b, results);
  SmallVector<Type> types;
  for (Value result : results)
    types.push_back(RankedTensorType::get(shape, result.getType()));
  SmallVector<Attribute> outputMaps(results.size(),
                                    MapAttr::get(b.getContext(), axisDims));
  auto kernel = KernelOp::create(
      outer, types, operands, SpaceAttr::get(b.getContext(), names, extents),
      b.getArrayAttr(maps), b.getArrayAttr(outputMaps), ArrayAttr());
  kernel.getBody().push_back(block.release());
  return kernel;
}
